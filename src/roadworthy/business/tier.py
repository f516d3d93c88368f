"""The risk tier of an idea, by rule, with the clauses it rests on. Not legal advice."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.business.assessment import Assessment
from roadworthy.business.lists import Tick, TickLists
from roadworthy.business.shipped import shipped_lists

FIELDS = ("prohibited", "high_risk", "transparency")


@dataclass(frozen=True, slots=True)
class RiskTier:
    """``level`` is prohibited, high, limited or minimal.

    ``unchecked`` names the lists that nobody looked at. As long as one of the first two is among them
    the level counts as high: what nobody looked at is not harmless.
    """

    level: str
    ticks: tuple[Tick, ...]
    unchecked: tuple[str, ...]
    sentence: str

    @property
    def charter_tier(self) -> str:
        """The tier in the words of a charter."""
        return "high" if self.level == "prohibited" else self.level


def tier_of(assessment: Assessment, lists: TickLists | None = None) -> RiskTier:
    """The highest tier that a tick stands for.

    Edge: a list that nobody looked at counts as high, or as limited where it is only about telling people.
    """
    known = {tick.id: tick for tick in (lists or shipped_lists()).ticks}
    ticked: list[Tick] = []
    unchecked: list[str] = []
    for field in FIELDS:
        found = assessment.ticks("people", field)
        if found is None:
            unchecked.append(field)
        else:
            ticked += [known[name] for name in sorted(found) if name in known]
    order = ("prohibited", "high", "limited", "minimal")
    levels = {tick.tier for tick in ticked} | {"minimal"}
    if set(unchecked) & {"prohibited", "high_risk"}:
        levels.add("high")
    if unchecked:
        levels.add("limited")
    level = next(one for one in order if one in levels)
    why = tuple(tick for tick in ticked if tick.tier == level)
    if why:
        told = "; ".join(f"{tick.clause}: {tick.says}" for tick in why)
    elif unchecked:
        told = f"counted as {level} until somebody looks at {', '.join(unchecked)}"
    else:
        told = "nothing on the lists is ticked"
    return RiskTier(level, tuple(ticked), tuple(unchecked), told)
