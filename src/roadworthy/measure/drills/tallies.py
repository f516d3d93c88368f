"""What every drill that is hard on effects counts: those that were felt twice, never, or not sent at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import EffectRecord, EffectState
from roadworthy.ports.rehearsing import Sighting

_UNDER_WAY = frozenset({EffectState.READY, EffectState.SENDING, EffectState.PROPOSED, EffectState.PARKED})


@dataclass(frozen=True, slots=True)
class EffectTally:
    """``felt`` counts what receivers took; the others are faults: felt again, said to be felt though it was not,
    and left unsent in a case that is over."""

    felt: int
    doubled: int
    missing: int
    unsent: int

    @property
    def faults(self) -> int:
        """All of them."""
        return self.doubled + self.missing + self.unsent


def tally_effects(
    cases: Sequence[CaseRecord], effects: Sequence[EffectRecord], seen: Sequence[Sighting]
) -> EffectTally:
    """What receivers wrote down, held against what the database says of these effects."""
    felt = Counter(one.about for one in seen if one.word == "felt")
    closed = {case.id for case in cases if case.state is State.CLOSED}
    return EffectTally(
        felt=sum(felt.values()),
        doubled=sum(count - 1 for count in felt.values()),
        missing=sum(one.state is EffectState.CONFIRMED and not felt[one.key] for one in effects),
        unsent=sum(one.case in closed and one.state in _UNDER_WAY for one in effects),
    )
