"""The door: the OpenAI wire as RSGI, for clients that know nothing of Roadworthy.

Source: the RSGI specification 1.5 of granian; the OpenAI API reference.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from roadworthy.data.personal.disguise import usual_classifier
from roadworthy.errors import InputProblem, NotFound, Problem, RoadworthyError, Unavailable
from roadworthy.gateway.asking import Answered, Asking
from roadworthy.gateway.cache import Cache
from roadworthy.gateway.events import Events, Malformed
from roadworthy.gateway.hiding import Hidden
from roadworthy.gateway.metrics import Metrics
from roadworthy.gateway.problems import Headers, as_event, fault, told
from roadworthy.gateway.relay import Flowing, Relay
from roadworthy.gateway.repeats import Repeats
from roadworthy.gateway.requests import LARGEST, Asked, read_request
from roadworthy.gateway.routes import Routes
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls.admission import Admission
from roadworthy.operate.modelcalls.callers import Caller
from roadworthy.operate.modelcalls.metering import Meter
from roadworthy.ports.upstream import Broken
from roadworthy.quantities import NANO, PAIRS, Id, new_id
from roadworthy.telemetry.exposition import CONTENT_TYPE
from roadworthy.usage import Level, Node, Wire, path_of

WIRES: Final = {
    "/v1/chat/completions": Wire.CHAT,
    "/v1/responses": Wire.RESPONSES,
    "/v1/embeddings": Wire.EMBEDDINGS,
}
CASE, COST, ROUTE, REQUEST, CACHE = (
    "x-roadworthy-case",
    "x-roadworthy-cost",
    "x-roadworthy-route",
    "x-request-id",
    "x-roadworthy-cache",
)
LONGEST_CASE: Final = 200
MOST_CASES: Final = 20_000
"""Cases whose reference and budgets are kept in memory."""
DRAIN_S: Final = 120.0
"""How long an answer is read to its end for a client that went away, so that its cost is known."""
_BEARER = "Bearer "
_TICK = timedelta(milliseconds=50)
_log = logging.getLogger("roadworthy.gateway")


class Door:
    """Answers requests. One per process; everything it needs is in memory or asked of other threads."""

    def __init__(self, deployment: Deployment, admission: Admission, meter: Meter) -> None:
        self._deployment = deployment
        self._admission = admission
        self._routes = Routes(admission)
        self._relay = Relay(deployment, admission, meter)
        self._cache = Cache()
        self._repeats = Repeats(deployment)
        self._metrics = Metrics(deployment)
        self._reference = lru_cache(maxsize=MOST_CASES)(deployment.case_reference)
        self._now = deployment.clock.now
        self._places: OrderedDict[tuple[str, str], _Place] = OrderedDict()
        self._number = int.from_bytes(deployment.entropy.bytes(10))
        self._prefix, self._prefix_until = "", datetime.min.replace(tzinfo=UTC)
        self._draining = False
        self._classifies = False
        self._under_way = 0

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """One request."""
        if scope.proto != "http":
            protocol.close(None)
            return
        self._under_way += 1
        asking: Asking | None = None
        try:
            wire = WIRES.get(scope.path)
            if wire is not None and scope.method == "POST":
                headers = scope.headers  # every look at them makes a copy
                asking = await self._asking(headers, protocol, wire)
                self._routes.route(asking)
                if asking.asked.stream:
                    await self._stream(protocol, asking)
                else:
                    await self._answer(headers, protocol, asking)
            else:
                await self._other(scope, protocol)
        except RoadworthyError as problem:
            status, headers, body = told(problem, retry_s=asking.retry_s if asking is not None else 0.0)
            self._send(protocol, status, headers + self._about(asking), body)
        except Exception:  # noqa: BLE001 - a mistake of ours is told in the shape of the wire too
            status, headers, body = fault()
            self._send(protocol, status, headers + self._about(asking), body)
        finally:
            self._under_way -= 1

    def drain(self) -> None:
        """Take no more calls; those under way are answered."""
        self._draining = True

    @property
    def under_way(self) -> int:
        """Requests that are being answered."""
        return self._under_way

    # ── who asks, and what ──

    async def _caller(self, headers: Any) -> Caller:
        token = _token(headers)
        caller = self._admission.caller(token)
        return caller if caller is not None else await asyncio.to_thread(self._admission.look_up, token)

    async def _asking(self, headers: Any, protocol: Any, wire: Wire) -> Asking:
        begun = time.monotonic()
        if self._draining:
            raise Unavailable("RW-CALL-009", "this gateway is going away", retry_is_safe=True)
        caller = self._admission.caller(_token(headers)) or await self._caller(headers)
        named = headers.get(CASE) or ""
        if not named and caller.needs_case:
            raise InputProblem(
                "RW-CALL-006",
                Problem(
                    f"calls say in `{CASE}` which case they are for, beyond the pilot",
                    place=CASE,
                    hint="send the external key of the case",
                ),
            )
        if len(named) > LONGEST_CASE or not named.isprintable():
            raise InputProblem(
                "RW-CALL-015",
                Problem(f"expected at most {LONGEST_CASE} printable characters", place=CASE),
            )
        told = headers.get("content-length") or ""
        if 0 < len(told) < 8 and told.isdecimal():
            body = bytes(await protocol())
        else:
            body = await _body(told, protocol)
        now = self._now()
        case, path = self._place(caller, named, now)
        hidden = None
        if caller.plan.personal == "pass":
            asked = read_request(wire, body)
        else:
            hidden, asked = await self._hidden(caller, wire, case, body)
            now = self._now()
        asking = Asking(caller, asked, case, path, begun, now, hidden)
        asking.request = self._new_id(now)
        asking.stopped = self._admission.stopped(now)
        if asking.stopped is None:
            await asyncio.to_thread(self._admission.why_stopped, caller)
            asking.at = self._now()
        return asking

    async def _hidden(
        self, caller: Caller, wire: Wire, case: str, body: bytes
    ) -> tuple[Hidden | None, Asked]:
        """What the request hid, and the request as a model may read it. What is wrong with it as a request is
        told before what is wrong with it for hiding."""
        hidden = Hidden.of(caller, case, self._reference)
        if hidden is None:
            return None, read_request(wire, body)
        if not self._classifies:
            read_request(wire, body)
            await asyncio.to_thread(usual_classifier)
            self._classifies = True
        try:
            body = hidden.hide(body)
        except InputProblem:
            read_request(wire, body)
            raise
        return hidden, read_request(wire, body)

    def _place(self, caller: Caller, named: str, now: datetime) -> tuple[str, tuple[Node, ...]]:
        """The reference of a case and the budgets of its calls; without a case the first is empty."""
        month, known = now.year * 100 + now.month, self._places.get((caller.key, named))
        if known is None or known.limits is not caller.limits or known.month != month:
            case = self._reference(caller.use_case, named) if named else ""
            told = f"{now.year}-{now.month:02d}"
            path = path_of(
                caller.use_case,
                month=told,
                unit=caller.unit,
                key=caller.key,
                case=case,
                limits=caller.limits,
            )
            known = self._places[caller.key, named] = _Place(month, caller.limits, case, path)
            if len(self._places) > MOST_CASES:
                self._places.popitem(last=False)
        return known.case, known.path

    def _new_id(self, now: datetime) -> Id:
        """An id that sorts by this moment, to a twentieth of a second: one process counts up from a number drawn by
        lot."""
        self._number = number = (self._number + 1) % (1 << 80)
        if not number & 1023 or now > self._prefix_until:
            # All but the last two characters stay the same for so long, and for a thousand numbers.
            self._prefix = new_id(now, number.to_bytes(10))[:-2]
            self._prefix_until = now + _TICK
        return Id(self._prefix + PAIRS[number & 1023])

    # ── answers ──

    async def _answer(self, headers: Any, protocol: Any, asking: Asking) -> None:
        repeated, replayed = headers.get("idempotency-key"), False
        if repeated:
            answered, replayed = await self._repeats.once(asking, repeated, lambda: self._whole(asking))
        else:
            answered = await self._whole(asking)
        told = self._about(asking)
        told.append(("content-type", answered.kind))
        if replayed:
            told.append(("idempotency-replayed", "true"))
        self._send(protocol, answered.status, told, answered.body)

    async def _whole(self, asking: Asking) -> Answered:
        place = self._cache.place(asking) if asking.caller.plan.cache == "exact" else None
        if place is not None and (kept := self._cache.get(place)) is not None:
            asking.reason = "cache"
            self._relay.record_cached(asking)
            return kept
        answered = await self._relay.whole(asking)
        if asking.hidden is not None:
            answered = Answered(answered.status, asking.hidden.restored(answered.body), answered.kind)
        if place is not None and answered.status == 200:
            self._cache.keep(place, answered, asking)
        return answered

    async def _stream(self, protocol: Any, asking: Asking) -> None:
        begun = await self._relay.begin(asking)
        if isinstance(begun, Answered):
            body = asking.hidden.restored(begun.body) if asking.hidden is not None else begun.body
            self._send(protocol, begun.status, [("content-type", begun.kind), *self._about(asking)], body)
            return
        headers: Headers = [
            ("content-type", "text/event-stream; charset=utf-8"),
            ("cache-control", "no-cache"),
            *self._about(asking),
        ]
        asked, attempt = asking.asked, begun.attempt
        events = Events(
            asked.wire, read=attempt.read, written=attempt.written, hide_usage=not asked.wants_usage
        )
        sink = _Sink(protocol.response_stream(200, headers))
        broke: RoadworthyError | None = None
        try:
            broke = await self._pass(begun, events, sink, asking)
        finally:
            # Whatever happened to the client or to us: what was held is settled.
            await self._relay.finish(asking, begun, events, left=sink.gone, broke=broke is not None)
        if broke is not None:
            await sink.send(as_event(broke))
            return
        await sink.send(f": {COST} {_told(asking.spent)}\n\n".encode() + events.ended)

    async def _pass(
        self, begun: Flowing, events: Events, sink: _Sink, asking: Asking
    ) -> RoadworthyError | None:
        """Send on what comes. What went wrong, where something did."""
        rewritten = asking.hidden.events(asking.asked.wire) if asking.hidden is not None else None
        loop = asyncio.get_running_loop()
        give_up_at = 0.0
        name = begun.attempt.served.name
        try:
            out = events.feed(begun.first)
            await sink.send(out if rewritten is None else rewritten.feed(out))
            async for piece in begun.pieces:
                out = events.feed(piece)
                if rewritten is not None:
                    out = rewritten.feed(out)
                if not sink.gone:
                    await sink.send(out)
                    continue
                give_up_at = give_up_at or loop.time() + DRAIN_S
                if loop.time() > give_up_at:
                    break
            rest = events.finish()
            await sink.send(rest if rewritten is None else rewritten.feed(rest) + rewritten.end())
        except Broken as broken:
            code = "RW-CALL-019" if broken.late else "RW-CALL-012"
            return Unavailable(code, f"`{name}` broke off: {broken.reason}", retry_is_safe=True)
        except Malformed as malformed:
            return Unavailable(
                "RW-CALL-013", f"the stream of `{name}` is malformed: {malformed}", retry_is_safe=True
            )
        return None

    def _about(self, asking: Asking | None) -> Headers:
        """What headers say about a call."""
        if asking is None:
            return []
        headers: Headers = [(REQUEST, asking.request)]
        if not asking.asked.stream:
            headers.append((COST, _told(asking.spent)))
        if asking.reason == "cache":
            headers.append((CACHE, "hit"))
        if asking.case:
            headers.append((CASE, asking.case))
        headers.append((ROUTE, f"{asking.model or '-'}; {asking.reason}"))
        return headers

    # ── everything else ──

    async def _other(self, scope: Any, protocol: Any) -> None:
        path, method = scope.path, scope.method
        if path == "/livez":
            self._send(protocol, 200, [("content-type", "text/plain")], b"ok")
        elif path == "/readyz":
            ready = not self._draining and await asyncio.to_thread(self._reads)
            self._send(
                protocol, 200 if ready else 503, [("content-type", "text/plain")], b"ok" if ready else b"no"
            )
        elif path == "/metrics" and method == "GET":
            page = await asyncio.to_thread(self._metrics.page, _token(scope.headers))
            self._send(protocol, 200, [("content-type", CONTENT_TYPE)], page)
        elif path in WIRES or not path.startswith("/v1/models") or method != "GET":
            raise NotFound(
                "RW-CALL-004",
                Problem(
                    f"nothing answers to {method} {path[:100]}",
                    hint="the wire is described in docs/gateway.md",
                ),
            )
        else:
            self._models(
                protocol, await self._caller(scope.headers), path.removeprefix("/v1/models").strip("/")
            )

    def _reads(self) -> bool:
        return not self._deployment.clearance.why_not("ready").startswith("no clearance")

    def _models(self, protocol: Any, caller: Caller, wanted: str) -> None:
        names = [*caller.names, *(f"task:{name}" for name in caller.tasks)]
        rows = [
            {"id": name, "object": "model", "created": 0, "owned_by": caller.use_case}
            for name in names
            if not wanted or wanted == name
        ]
        if wanted and not rows:
            raise InputProblem(
                "RW-CALL-005", Problem(f"the charter names no model `{wanted[:100]}`", place="model")
            )
        body = rows[0] if wanted else {"object": "list", "data": rows}
        self._send(protocol, 200, [("content-type", "application/json")], msgspec.json.encode(body))

    def _send(self, protocol: Any, status: int, headers: Headers, body: bytes) -> None:
        try:
            protocol.response_bytes(status, headers, body)
        except Exception as gone:  # noqa: BLE001 - the client is gone: there is nobody to tell
            _log.debug("an answer found no client: %s", type(gone).__name__)


class _Place(NamedTuple):
    """A case, and the budgets of its calls in one month under these limits."""

    month: int
    limits: Mapping[Level, int]
    case: str
    path: tuple[Node, ...]


class _Sink:
    """The client's end of a stream; once it is gone, everything sent there is dropped."""

    __slots__ = ("_transport", "gone")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.gone = False

    async def send(self, data: bytes) -> None:
        """Send, if there is something and somebody."""
        if not data or self.gone:
            return
        try:
            await self._transport.send_bytes(data)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the client gets no more of this answer
            _log.debug("a client left: %s", type(problem).__name__)
            self.gone = True


def _told(nano: int) -> str:
    """A cost as headers hold it: with all nine decimals."""
    return f"{nano // NANO}.{nano % NANO:09d} EUR"


def _token(headers: Any) -> str:
    held: str = headers.get("authorization") or ""
    if held[:7] == _BEARER:
        return held[7:].strip()
    return held[len(_BEARER) :].strip() if held[: len(_BEARER)].lower() == "bearer " else ""


async def _body(told_length: str, protocol: Any) -> bytes:
    """The body of a request, of any length. Errors: ``InputProblem`` RW-CALL-003 for one that is too large."""
    if len(told_length) < 12 and told_length.isdecimal() and int(told_length) <= LARGEST:
        return bytes(await protocol())
    parts, size = [], 0
    if not told_length:
        async for part in protocol:
            size += len(part)
            if size > LARGEST:
                break
            parts.append(bytes(part))
        else:
            return b"".join(parts)
    raise InputProblem("RW-CALL-003", Problem(f"a request holds at most {LARGEST:,} bytes"))
