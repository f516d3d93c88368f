"""The step journal: recorded steps answer, the first unrecorded one runs.

Everything a workflow does to the outside goes through numbered steps. A segment starts the
workflow from its beginning each time; the journal lets it fast-forward over what was done before.
A workflow that asks for something else at the same place than last time is not deterministic, or
was changed under way: the case goes to a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from roadworthy.errors import Corrupt
from roadworthy.quantities import Cost, Id


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded call: ``name`` at ``ordinal`` with these arguments gave the payload ``result``."""

    case: Id
    run: int
    ordinal: int
    name: str
    arguments: str
    """Keyed digest of the arguments: equal for equal arguments, tells nothing without the subject's key."""
    result: Id
    segment: int
    attempts: int
    cost: Cost
    """Of all attempts, the interrupted ones at their reserved price."""
    recorded_at: datetime
    began_at: datetime | None = field(default=None, compare=False)
    """When the attempt that gave the result was opened; None for steps that wait for a person or hand an
    effect over, and for those recorded before it was noted. The store fills it in."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A step about to run: committed before it runs, so that an interrupted attempt is billed too."""

    case: Id
    run: int
    ordinal: int
    name: str
    arguments: str
    segment: int
    reserved: Cost
    opened_at: datetime


class Journal:
    """The recorded steps of one case, read in order by one segment."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = {step.ordinal: step for step in steps}
        self._next = 0
        self._last = max(self._steps, default=-1)

    @property
    def replaying(self) -> bool:
        """Recorded steps lie ahead."""
        return self._next <= self._last

    def turn(self, name: str, arguments: str) -> tuple[int, Step | None]:
        """The ordinal of this call, and its recorded step if there is one.

        Errors: ``Corrupt`` RW-CASE-010 if something else was recorded at this place.
        """
        ordinal = self._next
        self._next += 1
        step = self._steps.get(ordinal)
        if step is None:
            if self._next <= self._last:
                raise Corrupt(
                    "RW-CASE-011",
                    f"step {ordinal} is missing before recorded ones",
                    broken=[f"step {ordinal}"],
                    intact=f"steps 0 to {ordinal - 1}" if ordinal else "no step before it",
                )
            return ordinal, None
        if step.name != name or step.arguments != arguments:
            what = "other arguments" if step.name == name else f"`{name}`"
            raise Corrupt(
                "RW-CASE-010",
                f"step {ordinal} was recorded as `{step.name}`, the workflow now asks for {what}",
                broken=[f"step {ordinal} of case {step.case}"],
                intact=f"steps 0 to {ordinal - 1}" if ordinal else "no step before it",
                hint="a workflow depends only on its input and its steps: no clock, no randomness, no global state",
            )
        return ordinal, step

    def finish(self) -> None:
        """Errors: ``Corrupt`` RW-CASE-010 if the workflow ended before its recorded steps did."""
        left = [ordinal for ordinal in self._steps if ordinal >= self._next]
        if left:
            step = self._steps[min(left)]
            raise Corrupt(
                "RW-CASE-010",
                f"the workflow ended before step {step.ordinal} `{step.name}`, which was recorded",
                broken=[f"step {step.ordinal} of case {step.case}"],
                intact=f"steps 0 to {step.ordinal - 1}" if step.ordinal else "no step before it",
                hint="a workflow depends only on its input and its steps",
            )
