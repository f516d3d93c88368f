-- POST the body in a file (first argument) again and again, for so many cases in turn (second); print what was measured as one line of JSON.
local requests, cases, at = {}, 1, 0

function init(args)
  local file = io.open(args[1])
  local body = file:read("*a")
  file:close()
  cases = tonumber(args[2])
  for number = 1, cases do
    local headers = { ["content-type"] = "application/json" }
    for place = 3, #args, 2 do headers[args[place]] = args[place + 1] end
    headers["x-roadworthy-case"] = string.format("C-%04d", number)
    requests[number] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  at = at % cases + 1
  return requests[at]
end

function done(summary, latency, all)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
