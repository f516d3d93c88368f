"""A connector held to its contract: every answer is looked at, every break is noted, no secret comes through."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from roadworthy.casework.effect import Idempotency
from roadworthy.casework.toolstate import Hold, Look
from roadworthy.charter import Tool
from roadworthy.errors import InputProblem, Problem, Refused, RoadworthyError, Unavailable
from roadworthy.ports import Connector
from roadworthy.ports.tooling import BrokenAnswer, Check, Described, Secret

PROBE = "probe"


class Contracted:
    """The port ``Connector`` around another one.

    ``check``: what the charter promises of every answer. ``note`` is told of breaks. ``asks``: the read tool that
    answers for a key; an empty answer of it, or one whose ``found`` is false, says that nothing was felt.
    """

    def __init__(
        self,
        name: str,
        tool: Tool,
        inner: Connector,
        *,
        check: Check | None,
        note: Callable[[Look], object],
        secret: Secret | None = None,
        asks: Connector | None = None,
    ) -> None:
        self._name = name
        self._tool = tool
        self._inner = inner
        self._check = check
        self._note = note
        self._secret = secret
        self._asks = asks

    @property
    def idempotency(self) -> Idempotency:
        return Idempotency.LOOKUP if self._asks is not None else self._inner.idempotency

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Read. Errors: those of the tool; ``Refused`` RW-TOOL-008 and RW-TOOL-010 for a break, which is noted."""
        try:
            return self._held_to(self._inner.call(arguments))
        except BrokenAnswer as broken:
            self._tell(broken, how="call")
            raise self._refused(broken) from None

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Write. Errors: those of the tool; ``Unavailable`` for a break: RW-TOOL-009 before anything was sent (safe to
        try again: the effect is parked then), RW-TOOL-011 afterwards."""
        try:
            return self._held_to(self._inner.send(key, arguments))
        except BrokenAnswer as broken:
            self._tell(broken, how="call")
            raise self._waits(broken) from None

    def lookup(self, key: str) -> Mapping[str, object] | None:
        """What became of a key, by the tool that the charter names for that; None if it was never felt."""
        if self._asks is None:
            return self._inner.lookup(key)
        found = self._asks.call({"key": key})
        return found if found and found.get("found") is not False else None

    # ── being looked at ──

    @property
    def can_be_probed(self) -> bool:
        """Its definition can be compared, or it reads and its charter gives a sample call."""
        return isinstance(self._inner, Described) or self._sample is not None

    def look(self) -> Look:
        """Look at it now, without any effect. What it finds is not noted here."""
        how = "probe" if self._sample is not None else "definition"
        try:
            if not self.can_be_probed:
                return Look(answered=False, reason="it cannot be looked at without an effect", how="none")
            if isinstance(self._inner, Described):
                self._inner.require_approved()
            if self._sample is not None:
                self._held_to(self._inner.call(self._sample))
        except BrokenAnswer as broken:
            return Look(broken.hold, broken.reason, how)
        except InputProblem as problem:
            # The sample is declared beside the promise: a receiver that refuses it keeps neither.
            return Look(Hold.BROKEN, f"the sample call is refused: {problem.message}"[:500], how)
        except RoadworthyError as problem:
            return Look(answered=False, reason=problem.message[:500], how=how)
        return Look(how=how)

    @property
    def _sample(self) -> Mapping[str, object] | None:
        sample = self._tool.options.get(PROBE)
        return sample if isinstance(sample, Mapping) and not self._tool.writes else None

    def _held_to(self, answer: Mapping[str, object]) -> Mapping[str, object]:
        wrong = self._check(answer) if self._check is not None else ()
        if wrong:
            raise BrokenAnswer("; ".join(wrong))
        hidden: Mapping[str, object] = self._secret.hide(answer) if self._secret is not None else answer
        return hidden

    def _tell(self, broken: BrokenAnswer, *, how: str) -> None:
        self._note(Look(broken.hold, self._clean(broken.reason), how))

    def _clean(self, reason: str) -> str:
        return str(self._secret.hide(reason) if self._secret is not None else reason)[:500]

    def _refused(self, broken: BrokenAnswer) -> Refused:
        if broken.hold is Hold.CHANGED:
            return Refused(
                "RW-TOOL-008",
                f"`{self._name}` is not what a person approved",
                reasons=[self._clean(broken.reason)],
                may_overrule="builder",
                hint="read what changed, then `roadworthy tools approve` and a new release",
            )
        return Refused(
            "RW-TOOL-010",
            f"the answer of `{self._name}` is not what was promised",
            reasons=[self._clean(broken.reason)],
            may_overrule="nobody",
            hint="`roadworthy tools status` tells what is held back",
        )

    def _waits(self, broken: BrokenAnswer) -> Unavailable:
        """A write goes on waiting, and its effect is parked when it is looked at next."""
        if not broken.sent:
            return Unavailable(
                "RW-TOOL-009",
                f"`{self._name}` is held back: {self._clean(broken.reason)}",
                retry_is_safe=True,
                hint="`roadworthy tools status` tells what is held back",
            )
        return Unavailable(
            "RW-TOOL-011",
            f"`{self._name}` was asked, and its answer is not what was promised",
            retry_is_safe=False,
            hint="`roadworthy tools status` tells what is held back",
        )


def undeclared_lookup(name: str, tool: Tool, known: Mapping[str, Tool]) -> Problem | None:
    """Why the tool that answers for keys cannot; None where it can, or none is named."""
    if not tool.lookup:
        return None
    asked = known.get(tool.lookup)
    if asked is None or asked.writes or (asked.arguments and "key" not in asked.arguments):
        return Problem(f"`{tool.lookup}` is no read tool that takes `key`", f"tools.{name}.lookup")
    return None
