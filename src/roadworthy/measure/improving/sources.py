"""Sources of labels that stand out: they contradict the others, or the release, far more often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from roadworthy.casework.label import Chance, Label, Labels
from roadworthy.quantities import Share
from roadworthy.trust import wilson

SURE: Final = Share(0.99)
LEAST: Final = 10
"""Cases a source has to share before anything is said about it."""
TOLERATED: Final = 0.1


@dataclass(frozen=True, slots=True)
class Noticed:
    """A source that stands out, and why. ``alone``: it can be told which source it is.

    ``witness`` is who spoke under it, where one principal spoke under several names; else empty.
    """

    source: str
    sentence: str
    alone: bool
    witness: str = ""

    def is_behind(self, row: Label) -> bool:
        """Nobody else stands for the label of this case."""
        if self.witness:
            return row.witnesses == {self.witness}
        return row.sources == (self.source,)

    def as_json(self) -> dict[str, object]:
        """The finding as plain JSON values."""
        return {"source": self.source, "finding": self.sentence, "alone": self.alone}


def noticed(labels: Labels) -> tuple[Noticed, ...]:
    """Every source that stands out, by name. Intervals at 99 % decide, so that few cases accuse nobody.

    Where two sources contradict each other and no third speaks of the same cases, both are named and
    neither is accused.
    """
    found = {one.source: one for one in _by_witness(labels.rows)}
    found |= {one.source: one for one in _against_release(labels.rows)}
    found |= {one.source: one for one in _against_others(labels)}
    return tuple(found[source] for source in sorted(found))


def _against_others(labels: Labels) -> list[Noticed]:
    shared: Counter[str] = Counter()
    disagreed: Counter[str] = Counter()
    for pair in labels.pairs:
        for source in (pair.one, pair.other):
            shared[source] += pair.cases
            disagreed[source] += pair.disagreed
    found = []
    for source, cases in sorted(shared.items()):
        low = wilson(disagreed[source], cases, confidence=SURE).low
        if cases < LEAST or low <= TOLERATED:
            continue
        rest = [pair for pair in labels.pairs if source not in (pair.one, pair.other)]
        among = sum(pair.cases for pair in rest)
        high = wilson(sum(pair.disagreed for pair in rest), among, confidence=SURE).high
        sentence = f"contradicts other sources on {disagreed[source]} of {cases} cases that they share"
        alone = among >= LEAST and low > high
        if among < LEAST:
            sentence += "; no third source tells which of them is right"
        if among < LEAST or alone:
            found.append(Noticed(source, sentence, alone))
    return found


def _against_release(rows: Sequence[Label]) -> list[Noticed]:
    """Sources that say otherwise than the release answered much more often than all others together."""
    cases: Counter[str] = Counter()
    otherwise: Counter[str] = Counter()
    for row in rows:
        if row.answer and row.chance is not Chance.SELECTED:
            for source in row.sources:
                cases[source] += 1
                otherwise[source] += row.truth != row.answer
    found = []
    for source, n in sorted(cases.items()):
        others, theirs = _without(cases, source), _without(otherwise, source)
        low = wilson(otherwise[source], n, confidence=SURE).low
        high = wilson(theirs, others, confidence=SURE).high
        if n >= LEAST and others >= LEAST and low > high + TOLERATED:
            sentence = (
                f"says otherwise than the release on {otherwise[source]} of {n} cases, "
                f"the other sources on {theirs} of {others}"
            )
            found.append(Noticed(source, sentence, alone=True))
    return found


def _by_witness(rows: Sequence[Label]) -> list[Noticed]:
    """One who speaks under several names, seen as one: against the cases of which they said nothing."""
    spoken = [row for row in rows if row.answer and row.chance is not Chance.SELECTED]
    names: dict[str, set[str]] = {}
    for row in spoken:
        for witness in row.principals if len(row.principals) == 1 else ():
            names.setdefault(witness, set()).update(row.sources)
    found = []
    for witness, sources in sorted(names.items()):
        theirs = [row for row in spoken if witness in row.witnesses]
        others = [row for row in spoken if witness not in row.witnesses]
        said = sum(row.truth != row.answer for row in theirs)
        rest = sum(row.truth != row.answer for row in others)
        low = wilson(said, len(theirs), confidence=SURE).low
        high = wilson(rest, len(others), confidence=SURE).high
        enough = len(sources) > 1 and min(len(theirs), len(others)) >= LEAST
        if enough and low > high + TOLERATED:
            told = " and ".join(f"`{name}`" for name in sorted(sources))
            sentence = (
                f"one client under {told} says otherwise than the release on {said} of {len(theirs)} cases, "
                f"the other sources on {rest} of {len(others)}"
            )
            found.append(Noticed(" + ".join(sorted(sources)), sentence, alone=True, witness=witness))
    return found


def _without(counts: Mapping[str, int], source: str) -> int:
    return sum(counts.values()) - counts[source]
