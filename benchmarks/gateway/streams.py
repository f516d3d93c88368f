"""Two small programs of the benchmark: a model that streams its answers, and what asks for such streams.

``streams.py serve PORT`` answers POST on any path: 43 events one millisecond apart where the request says
``"stream": true``, else one document; below ``/slow`` that document comes after 300 ms. ``streams.py load`` asks
for streams over connections that stay open, and prints as its last line how many came whole, and how fast.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time

EVENTS = 43
GAP_S = 0.001
SLOW_S = 0.3
READ, WRITTEN = 296, 40
SAMPLED_EVERY = 25

_STREAMED = re.compile(rb'"stream"\s*:\s*true')


def document() -> bytes:
    """The whole answer: a chat completion of 706 bytes."""
    message = {"role": "assistant", "content": "", "refusal": None, "annotations": []}
    answer = {
        "id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "small",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": READ,
            "completion_tokens": WRITTEN,
            "total_tokens": READ + WRITTEN,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_1a2b3c4d5e",
    }
    said = "Your parcel left the depot this morning and arrives tomorrow before noon. "
    room = 706 - len(json.dumps(answer))
    message["content"] = (said * 4)[:room]
    found = json.dumps(answer).encode()
    assert len(found) == 706
    return found


def events() -> list[bytes]:
    """The stream: its role, forty words, its end, and its tokens; 13.1 kB with the end mark."""
    head = {
        "id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "small",
        "service_tier": "default",
        "system_fingerprint": "fp_1a2b3c4d5e",
        "obfuscation": "k3Yp0QwZx7Lm",
    }

    def event(delta: dict[str, str], finish: str | None = None) -> dict[str, object]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**head, "choices": [choice], "usage": None}

    usage = json.loads(document())["usage"]
    documents = [
        event({"role": "assistant", "content": ""}),
        *(event({"content": f" parcel{place}"}) for place in range(WRITTEN)),
        event({}, "stop"),
        {**head, "choices": [], "usage": usage},
    ]
    assert len(documents) == EVENTS
    return [f"data: {json.dumps(each)}\n\n".encode() for each in documents]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Model(asyncio.Protocol):
    """One connection to the upstream. All streams advance with one tick, so that a timer is not what is measured."""

    active: set[Model] = set()  # noqa: RUF012
    whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 706\r\n\r\n" + document()
    pieces = (*(_chunk(each) for each in events()), _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.buffer, self.place = b"", 0

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        if at >= 0:
            whole = end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self.buffer) < whole:
                return
        elif not self.buffer.endswith(b"0\r\n\r\n"):
            return
        request, self.buffer = self.buffer, b""
        if _STREAMED.search(request):
            self.transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            self.place = 0
            self.active.add(self)
        elif head.startswith(b"post /slow"):
            asyncio.get_running_loop().call_later(SLOW_S, self.transport.write, self.whole)
        else:
            self.transport.write(self.whole)

    def connection_lost(self, reason: Exception | None) -> None:
        self.active.discard(self)


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Model, "127.0.0.1", port, backlog=1024)
    last = len(Model.pieces) - 1
    async with server:
        while True:
            await asyncio.sleep(GAP_S)
            for one in tuple(Model.active):
                one.transport.write(Model.pieces[one.place])
                one.place += 1
                if one.place > last:
                    Model.active.discard(one)


class Asking(asyncio.Protocol):
    """One connection that asks for a stream, reads it to its end, and asks again until time is up."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._ask()

    def _ask(self) -> None:
        self.begun, self.first, self.tail, self.kept = time.perf_counter(), 0.0, b"", b""
        self.sampled = self.tally.asked % SAMPLED_EVERY == 0
        self.tally.asked += 1
        self.transport.write(self.tally.request)

    def data_received(self, data: bytes) -> None:
        if not self.first:
            self.first = time.perf_counter()
            if not data.startswith(b"HTTP/1.1 200"):
                self.tally.refused.append(data[:300].decode("latin-1"))
                self.transport.close()
                return
        if self.sampled:
            self.kept += data
        self.tail = (self.tail + data)[-64:]
        if not self.tail.endswith(b"\r\n0\r\n\r\n"):
            return
        now = time.perf_counter()
        if b"[DONE]" in self.tail:
            self.tally.took.append(now - self.begun)
            self.tally.first.append(self.first - self.begun)
        else:
            self.tally.broken += 1
        if self.sampled:
            self.tally.events.append(_events_of(self.kept))
        if now < self.tally.until:
            self._ask()
        else:
            self.transport.close()

    def connection_lost(self, reason: Exception | None) -> None:
        self.tally.open -= 1
        if not self.tail.endswith(b"\r\n0\r\n\r\n"):
            self.tally.broken += 1
        if not self.tally.open:
            self.tally.over.set()


class Tally:
    """What all connections counted together."""

    def __init__(self, request: bytes, connections: int, seconds: float) -> None:
        self.request, self.open = request, connections
        self.until = time.perf_counter() + seconds
        self.over = asyncio.Event()
        self.asked = self.broken = 0
        self.took: list[float] = []
        self.first: list[float] = []
        self.events: list[int] = []
        self.refused: list[str] = []


def _events_of(response: bytes) -> int:
    """Events of a chunked response that are JSON with `choices`."""
    rest, body = response.partition(b"\r\n\r\n")[2], b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        body, rest = body + rest[:length], rest[length + 2 :]
    lines = [line[5:].strip() for line in body.splitlines() if line.startswith(b"data:")]
    return sum("choices" in json.loads(line) for line in lines if line != b"[DONE]")


async def load(
    port: int, path: str, headers: dict[str, str], body: str, connections: int, seconds: float
) -> None:
    lines = [f"POST {path} HTTP/1.1", f"host: 127.0.0.1:{port}", "content-type: application/json",
             f"content-length: {len(body.encode())}", *(f"{k}: {v}" for k, v in headers.items()), "", ""]  # fmt: skip
    tally = Tally("\r\n".join(lines).encode() + body.encode(), connections, seconds)
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: Asking(tally), "127.0.0.1", port)
    await asyncio.wait_for(tally.over.wait(), seconds + 60)
    elapsed = time.perf_counter() - begun
    took, first = sorted(tally.took), sorted(tally.first)
    print(
        json.dumps(
            {
                "whole": len(took),
                "broken": tally.broken,
                "refused": tally.refused[:1],
                "per_s": len(took) / elapsed,
                "p50_ms": took[len(took) // 2] * 1e3 if took else None,
                "p99_ms": took[len(took) * 99 // 100] * 1e3 if took else None,
                "first_byte_p50_ms": first[len(first) // 2] * 1e3 if first else None,
                "events": min(tally.events, default=0),
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    doing = parser.add_subparsers(dest="doing", required=True)
    serving = doing.add_parser("serve")
    serving.add_argument("port", type=int)
    loading = doing.add_parser("load")
    loading.add_argument("port", type=int)
    loading.add_argument("path")
    loading.add_argument("connections", type=int)
    loading.add_argument("seconds", type=float)
    options = parser.parse_args()
    if options.doing == "serve":
        asyncio.run(serve(options.port))
    else:
        given = json.load(sys.stdin)
        asyncio.run(
            load(
                options.port,
                options.path,
                given["headers"],
                given["body"],
                options.connections,
                options.seconds,
            )
        )


if __name__ == "__main__":
    main()
