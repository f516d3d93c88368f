"""Three disjoint parts of the labels: to learn from, to compare on, to certify with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from roadworthy.casework.label import Chance, Label, Labels
from roadworthy.errors import InputProblem, Problem

FIT, COMPARE, CERTIFY = "fit", "compare", "certify"
SHARES: Final = {FIT: 0.5, COMPARE: 0.25, CERTIFY: 0.25}
LEAST: Final = {FIT: 20, COMPARE: 50, CERTIFY: 50}
"""Clusters below which a part says nothing: with 50 even without an error nothing under 6 % is proven."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Labels by what they are used for. No data subject and no text stands in two parts.

    ``aside`` counts by reason what no part could use.
    """

    fit: tuple[Label, ...]
    compare: tuple[Label, ...]
    certify: tuple[Label, ...]
    aside: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Cases and clusters of each part, and what was set aside."""
        parts = {FIT: self.fit, COMPARE: self.compare, CERTIFY: self.certify}
        return {
            **{name: {"cases": len(rows), "clusters": clusters(rows)} for name, rows in parts.items()},
            "aside": dict(sorted(self.aside.items())),
        }


def part_of(label: Label) -> str:
    """The part of a label: decided by the keyed hash of what its case is never parted from, for ever."""
    if label.position < SHARES[FIT]:
        return FIT
    return COMPARE if label.position < SHARES[FIT] + SHARES[COMPARE] else CERTIFY


def clusters(rows: Sequence[Label]) -> int:
    """How many independent draws these labels are."""
    return len({row.cluster for row in rows})


def split(
    labels: Sequence[Label], *, known: AbstractSet[str], learned: Mapping[str, str] | None = None
) -> Parts:
    """Sort labels into their parts. A case is in the same part every time, or in none.

    ``learned`` maps the texts that the running release learned from (as ``same_text``) to their labels:
    they are measured on no more, and where a case says otherwise nobody learns from it. A text that
    several parts share stays with its oldest case. Nothing is measured on cases that people saw
    because the release was unsure. A label outside ``known`` is not learned; a case that has one is
    measured like any other: it is traffic that no model answers rightly.
    """
    before = learned or {}
    aside: Counter[str] = Counter()
    home: dict[str, str] = {}
    parts: dict[str, list[Label]] = {FIT: [], COMPARE: [], CERTIFY: []}
    unclear = _ambiguous(labels)
    for row in sorted(labels, key=lambda row: row.case):
        part = part_of(row)
        reason = ""
        if home.setdefault(row.same_text, part) != part:
            reason = "the same text stands in another part"
        elif part == FIT:
            reason = _why_not_learned(row, known, before, unclear)
        elif row.chance is Chance.SELECTED:
            reason = "seen by people because the release was unsure, not measured on"
        elif row.same_text in before:
            reason = "the running release learned from the same text, not measured on"
        if reason:
            aside[reason] += 1
        else:
            parts[part].append(row)
    return Parts(tuple(parts[FIT]), tuple(parts[COMPARE]), tuple(parts[CERTIFY]), dict(aside))


def require_enough(parts: Parts, labels: Labels) -> None:
    """Errors: ``InputProblem`` RW-IMPROVE-003 for every part that is too small, with how many labels are missing."""
    problems = []
    for name, rows in ((FIT, parts.fit), (COMPARE, parts.compare), (CERTIFY, parts.certify)):
        found = clusters(rows)
        if found < LEAST[name]:
            missing = math.ceil((LEAST[name] - found) / SHARES[name])
            problems.append(
                Problem(
                    f"the part to {name} holds {found} independent cases, at least {LEAST[name]} are needed",
                    place=name,
                    hint=f"about {missing} more labels in all",
                )
            )
    if problems:
        gathered = f"{len(labels.rows)} labels were gathered"
        if parts.aside:
            reasons = ", ".join(f"{n}: {reason}" for reason, n in sorted(parts.aside.items()))
            gathered += f"; set aside: {reasons}"
        raise InputProblem("RW-IMPROVE-003", problems, hint=gathered)


def _why_not_learned(
    row: Label, known: AbstractSet[str], learned: Mapping[str, str], unclear: AbstractSet[str]
) -> str:
    if row.truth not in known:
        return "its label is none of the task's, not learned"
    if row.same_text in learned:
        if learned[row.same_text] == row.truth:
            return "the running release learned it already"
        return "its label contradicts the texts the running release learned from"
    if row.same_text in unclear:
        return "cases with the same text have different labels, not learned"
    return ""


def _ambiguous(labels: Sequence[Label]) -> frozenset[str]:
    """Texts that different cases of the part to learn from label differently."""
    first: dict[str, str] = {}
    learnable = (row for row in labels if part_of(row) == FIT)
    return frozenset(
        row.same_text for row in learnable if first.setdefault(row.same_text, row.truth) != row.truth
    )
