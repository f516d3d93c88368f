"""One call to a model: attempts over the route, each reserved before it leaves and settled once it ended."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import msgspec

from roadworthy.errors import Refused, RoadworthyError, Unavailable
from roadworthy.gateway.answers import Told, read_answer
from roadworthy.gateway.asking import Answered, Asking
from roadworthy.gateway.events import Events
from roadworthy.gateway.routes import limit_of
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls.admission import Admission
from roadworthy.operate.modelcalls.callers import Served
from roadworthy.operate.modelcalls.metering import Meter, Reservation
from roadworthy.ports.upstream import Broken, Flow, Incoming, Outgoing
from roadworthy.quantities import Cost
from roadworthy.routing import Retries, retry_after
from roadworthy.routing.cascade import confidence
from roadworthy.usage import Call, Ending, Refusal, Tokens, Wire

LARGEST_ANSWER: Final = 32_000_000
LONGEST_WAIT_S: Final = 10.0
"""A server that asks to wait longer is not waited for: the client is told how long."""
PATHS: Final = {
    Wire.CHAT: "/chat/completions",
    Wire.RESPONSES: "/responses",
    Wire.EMBEDDINGS: "/embeddings",
}
_WORDS: Final = {Wire.RESPONSES: "max_output_tokens", Wire.EMBEDDINGS: ""}
_NOT_NOW: Final = frozenset({408, 409, 425, 429})
_OURS: Final = frozenset({401, 403, 404, 405, 407, 410, 421})
"""Statuses by which a model's server says that the charter or a secret is wrong, not the request."""
_NOTHING: Final = Tokens()


class Attempt(msgspec.Struct, eq=False):
    """One request to one model, with what is held for it."""

    served: Served
    reservation: Reservation
    outgoing: Outgoing
    read: int
    written: int
    amount: int
    settled: bool = False


class _Later:
    """Takes a reservation that is made by another thread; one that nobody waits for any more goes back."""

    __slots__ = ("_future", "_loop", "_meter")

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[object] | None = None

    def __call__(self, outcome: object) -> None:
        self._loop.call_soon_threadsafe(self._deliver, outcome)

    async def outcome(self) -> object:
        """What came of it. Asked for before the loop does anything else."""
        self._future = self._loop.create_future()
        return await self._future

    def _deliver(self, outcome: object) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(outcome)
        elif isinstance(outcome, Reservation):
            self._meter.cancel(outcome)


class Relay:
    """Sends calls to models. Everything is reserved before it leaves, and settled exactly once."""

    def __init__(self, deployment: Deployment, admission: Admission, meter: Meter) -> None:
        self._deployment = deployment
        self._admission = admission
        self._meter = meter
        self._now = deployment.clock.now

    # ── attempts ──

    def _planned(self, asking: Asking, served: Served) -> tuple[Outgoing, int, int, int]:
        """What would be sent, and the most tokens read and written and the most money that it can cost."""
        asked = asking.asked
        wire, candidate = asked.wire, served.candidate
        limit, context = limit_of(asking, served), candidate.context
        # A model reads no more than its context holds.
        read = context if asked.elsewhere or 0 < context < asked.read else asked.read
        written = limit * asked.choices
        amount = candidate.most(read, written)
        assert amount is not None, "a route holds models with a price alone"
        plan, endpoint = served.plan, served.endpoint
        word = plan.limit if wire is Wire.CHAT else _WORDS[wire]
        body = asked.body(model=plan.model, written=limit, limit=word)
        return (
            Outgoing(endpoint.base + PATHS[wire], endpoint.headers, body, served.timeout_s),
            read,
            written,
            amount,
        )

    async def _reserve(self, asking: Asking, amount: int) -> Reservation:
        """Wait until the meter has asked the store."""
        later = _Later(self._meter)
        held: object = self._meter.reserve(asking.path, amount, later)
        if held is None:
            held = await later.outcome()
        if isinstance(held, Reservation):
            return held
        if isinstance(held, Refusal):
            raise Refused(
                "RW-CALL-008",
                f"the budget of this {held.node.level.replace('_', ' ')} has {Cost(max(0, held.left))} left, "
                f"and this call may cost {Cost(amount)}",
                reasons=[held.node.id],
                hint="ask for fewer tokens, or have the budget raised in the charter",
            )
        assert isinstance(held, RoadworthyError), (
            "a meter answers with a reservation, a refusal or an error"
        )
        raise held

    def settle(
        self, asking: Asking, attempt: Attempt, told: Told | None, *, ending: Ending, status: int
    ) -> None:
        """Charge an attempt: what the model said it used, else all that was held for it."""
        price, tokens = attempt.served.candidate.price, told.tokens if told is not None else None
        estimated = tokens is None or price is None
        cost = attempt.amount if tokens is None or price is None else price.nano(tokens)
        attempt.settled = True
        asking.spent += cost
        call = self._call(
            asking, attempt.served, told, ending=ending, status=status, reserved=attempt.amount, cost=cost,
            estimated=estimated,
        )  # fmt: skip
        self._meter.settle(attempt.reservation, call)

    def record_cached(self, asking: Asking) -> None:
        """A call that was answered from memory: a row that cost nothing."""
        call = self._call(
            asking,
            asking.order[0],
            None,
            ending=Ending.CACHED,
            status=200,
            reserved=0,
            cost=0,
            estimated=False,
        )
        self._meter.record(call)

    def _call(
        self,
        asking: Asking,
        served: Served,
        told: Told | None,
        *,
        ending: Ending,
        status: int,
        reserved: int,
        cost: int,
        estimated: bool,
    ) -> Call:
        """What the records keep of it. The first row of a request goes by the number that the client was told."""
        caller, tokens = asking.caller, told.tokens if told is not None else None
        call = Call(
            asking.request if asking.first else self._deployment.new_id(),
            self._now(),
            caller.use_case,
            caller.release,
            caller.stage._value_,  # as columns hold it
            caller.key,
            asking.case,
            "",
            asking.asked.wire,
            asking.task,
            served.name,
            ending,
            status,
            tokens or _NOTHING,
            estimated,
            reserved,
            cost,
            asking.attempts - asking.told,
            told.tool_calls if told is not None else 0,
            int((time.monotonic() - asking.begun) * 1000),
            served.price,
            asking.reason,
        )
        asking.first, asking.told = False, asking.attempts
        return call

    def _leave_nothing(self, asking: Asking, attempt: Attempt) -> None:
        """Whatever happened to an attempt, nothing stays reserved for it."""
        self.settle(asking, attempt, None, ending=Ending.FAILED, status=0)

    def _drop(self, asking: Asking, attempt: Attempt) -> None:
        """Nothing was sent, or nothing is billed for what was: what was held is free again."""
        attempt.settled = True
        self._meter.cancel(attempt.reservation)

    def _broke(self, asking: Asking, attempt: Attempt, broken: Broken) -> None:
        self._admission.failed(attempt.served)
        if broken.sent:
            self.settle(asking, attempt, None, ending=Ending.FAILED, status=0)
        else:
            self._drop(asking, attempt)
        code = "RW-CALL-019" if broken.late else "RW-CALL-012"
        message = f"`{attempt.served.name}` gave no answer: {broken.reason}"
        asking.last = Unavailable(code, message, retry_is_safe=True)

    def _refused(self, asking: Asking, attempt: Attempt, incoming: Incoming) -> Answered | None:
        """What becomes of an answer that is none. None: another attempt may help; ``last`` says what happened."""
        status, served = incoming.status, attempt.served
        told = read_answer(asking.asked.wire, incoming.body, read=attempt.read, written=attempt.written)
        if told is not None and told.tokens is not None:
            self.settle(asking, attempt, told, ending=Ending.FAILED, status=status)
        else:
            self._drop(asking, attempt)
        wait_s = retry_after(incoming.headers.get("retry-after"), self._deployment.now())
        if status in _NOT_NOW or status >= 500:
            self._admission.failed(served, asked_s=wait_s if status in {429, 503} else 0.0)
            asking.retry_s = wait_s
            asking.last = (
                Unavailable(
                    "RW-CALL-018", f"`{served.name}` takes no more requests now", retry_is_safe=True
                )
                if status == 429
                else Unavailable(
                    "RW-CALL-012", f"`{served.name}` answers with status {status}", retry_is_safe=True
                )
            )
            return None
        if status in _OURS or not 400 <= status < 500:
            self._admission.failed(served)
            asking.last = Unavailable(
                "RW-CALL-012",
                f"`{served.name}` refuses the gateway (status {status})",
                retry_is_safe=True,
                hint="who runs the gateway checks the model's address and secret",
            )
            return None
        self._admission.answered(served)
        return Answered(status, incoming.body, incoming.headers.get("content-type", "application/json"))

    async def _next(self, asking: Asking) -> Served | None:
        """Which model is asked in the next round, after a wait. None: no attempt is left, or no model to ask."""
        if asking.attempts >= asking.caller.plan.attempts:
            return None
        order, retries = asking.order, Retries(attempts=asking.caller.plan.attempts)
        wait_s = retries.wait_s(asking.attempts, chance=random.random(), asked_s=asking.retry_s)  # noqa: S311
        if not order or wait_s is None or wait_s > LONGEST_WAIT_S:
            return None
        await asyncio.sleep(wait_s)
        asking.turn = 0
        return self._turn(asking)

    def _turn(self, asking: Asking) -> Served | None:
        """The next model of this round that is not left alone just now. None: the round or the attempts are over."""
        while asking.turn < len(asking.order) and asking.attempts < asking.caller.plan.attempts:
            served = asking.order[asking.turn]
            asking.turn += 1
            if asking.attempts and len(asking.order) > 1 and self._admission.resting(served):
                continue
            asking.attempts += 1
            self._admission.asked(served)
            return served
        return None

    async def whole(self, asking: Asking) -> Answered:
        """A whole answer.

        Errors: ``Refused`` RW-CALL-008 where a budget does not hold it, ``Unavailable`` RW-CALL-012, 013,
        018 and 019 where no model answered.
        """
        threshold = self._threshold(asking) if asking.task else None
        best: Answered | None = None
        while (served := self._turn(asking) or await self._next(asking)) is not None:
            try:
                planned = self._planned(asking, served)
                held = self._meter.take(asking.path, planned[3]) or await self._reserve(asking, planned[3])
            except (Refused, Unavailable):
                if best is not None:
                    return best
                raise
            attempt = Attempt(served, held, *planned)
            try:
                incoming = await served.endpoint.upstream.post(attempt.outgoing, most=LARGEST_ANSWER)
                if incoming.status != 200:
                    if (refusal := self._refused(asking, attempt, incoming)) is not None:
                        return best or refusal
                    continue
                told = read_answer(
                    asking.asked.wire, incoming.body, read=attempt.read, written=attempt.written
                )
                if told is None:
                    self._malformed(asking, attempt)
                    continue
                self._admission.answered(served)
                self.settle(asking, attempt, told, ending=Ending.ANSWERED, status=200)
            except Broken as broken:
                self._broke(asking, attempt, broken)
                continue
            finally:
                if not attempt.settled:
                    self._leave_nothing(asking, attempt)
            asking.model = served.name
            best = Answered(200, incoming.body, "application/json")
            if (
                threshold is None
                or self._sure(asking, incoming.body) >= threshold
                or served is asking.order[-1]
            ):
                return best
            asking.reason = f"`{served.name}` was not sure enough"
        if best is not None:
            return best
        raise asking.last or Unavailable("RW-CALL-011", "no model may be asked now", retry_is_safe=True)

    def _malformed(self, asking: Asking, attempt: Attempt) -> None:
        self._admission.failed(attempt.served)
        self.settle(asking, attempt, None, ending=Ending.FAILED, status=200)
        asking.last = Unavailable(
            "RW-CALL-013", f"the answer of `{attempt.served.name}` is no JSON object", retry_is_safe=True
        )

    def _threshold(self, asking: Asking) -> float | None:
        promise = asking.caller.tasks.get(asking.task)
        return promise.escalate_below if promise is not None and len(asking.order) > 1 else None

    def _sure(self, asking: Asking, body: bytes) -> float:
        form = "text" if asking.asked.wire is Wire.RESPONSES else "response_format"
        return confidence(body, asked=asking.asked.fields.get(form))

    async def begin(self, asking: Asking) -> Flowing | Answered:
        """An answer as it comes, from the first model whose first piece arrived; or a refusal that is the
        client's to read. Whoever gets the stream ends it with ``finish``.

        Errors: as ``whole``.
        """
        while (served := self._turn(asking) or await self._next(asking)) is not None:
            planned = self._planned(asking, served)
            held = self._meter.take(asking.path, planned[3]) or await self._reserve(asking, planned[3])
            attempt = Attempt(served, held, *planned)
            stack = AsyncExitStack()
            flowing: Flowing | None = None
            try:
                flow = await stack.enter_async_context(served.endpoint.upstream.stream(attempt.outgoing))
                if flow.status != 200:
                    refusal = self._refused(asking, attempt, await _rest(flow))
                    if refusal is None:
                        continue
                    return refusal
                pieces = flow.chunks()
                first = await anext(pieces, b"")
                asking.model = served.name
                flowing = Flowing(attempt, flow, pieces, first, stack)
                stack = AsyncExitStack()  # it is the receiver's to close now
                return flowing
            except Broken as broken:
                if not attempt.settled:
                    self._broke(asking, attempt, broken)
            finally:
                await stack.aclose()
                if flowing is None and not attempt.settled:
                    self._leave_nothing(asking, attempt)
        raise asking.last or Unavailable("RW-CALL-011", "no model may be asked now", retry_is_safe=True)

    async def finish(
        self, asking: Asking, flowing: Flowing, events: Events, *, left: bool, broke: bool
    ) -> None:
        """End a stream that was begun, and charge it: what it said about usage, else all that was held."""
        attempt = flowing.attempt
        if broke:
            self._admission.failed(attempt.served)
        else:
            self._admission.answered(attempt.served)
        ending = Ending.FAILED if broke else Ending.LEFT if left else Ending.ANSWERED
        self.settle(
            asking,
            attempt,
            Told(events.tokens, events.tool_calls),
            ending=ending,
            status=flowing.flow.status,
        )
        await flowing.stack.aclose()


@dataclass(slots=True)
class Flowing:
    """A stream that was begun: its first piece, and those that follow."""

    attempt: Attempt
    flow: Flow
    pieces: AsyncIterator[bytes]
    first: bytes
    stack: AsyncExitStack


async def _rest(flow: Flow) -> Incoming:
    """The body of a refusal, as far as anybody reads one."""
    body = b""
    async for piece in flow.chunks():
        body += piece
        if len(body) > 100_000:
            break
    return Incoming(flow.status, flow.headers, body)
