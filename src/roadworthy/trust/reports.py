"""Certificates and comparisons for programs: rows of text in, plain JSON values out.

Rows come from a CSV file with a header: line 2 of the file is row 0. Everything wrong with all rows is
said at once, each problem with its line; nothing is guessed and no row is passed over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Share
from roadworthy.trust.comparison import compare
from roadworthy.trust.intervals import USUAL, upper_bound
from roadworthy.trust.paired import MOST_PROBLEMS, Scored
from roadworthy.trust.threshold import Calibration, InsufficientEvidence, Threshold, certify

Row = Mapping[str | None, str | None]
"""As ``csv.DictReader`` gives it: under None lie the cells beyond the header."""

Cell = TypeVar("Cell")

_WORDS = {"0": False, "1": True, "false": False, "true": True, "no": False, "yes": True}
_LONGEST = 60
_HEADER = 2


def certify_report(
    scores: ArrayLike, wrong: ArrayLike, traffic: ArrayLike | None, alpha: Share, delta: Share
) -> dict[str, object]:
    """The lowest proven threshold with its figures; ``threshold`` is null where none is proven.

    Without ``traffic`` the labelled scores stand for it. ``bound`` is the highest error rate compatible
    with what was seen at the threshold, and where none is proven at the starting one; ``coverage`` the
    share of traffic that may be automatic. ``labels_needed`` is 0 when proven and null where no number
    of labels helps.

    Errors:  as ``Calibration`` and ``certify``.
    """
    calibration = Calibration(scores, wrong)
    found = certify(
        calibration,
        traffic_scores=calibration.scores if traffic is None else traffic,
        alpha=alpha,
        delta=delta,
    )
    proven = found if isinstance(found, Threshold) else None
    return {
        "threshold": proven.value if proven else None,
        "accepted": found.accepted,
        "wrong": found.wrong,
        "bound": upper_bound(found.wrong, found.accepted, delta=delta),
        "coverage": float(proven.automation) if proven else 0.0,
        "labels_needed": found.labels_needed if isinstance(found, InsufficientEvidence) else 0,
    }


def certify_rows(
    rows: Sequence[Row],
    traffic: Sequence[Row] | None = None,
    *,
    alpha: float,
    delta: float,
    places: tuple[str, str] = ("scores", "traffic"),
) -> dict[str, object]:
    """``certify_report`` of CSV rows: columns ``score`` and ``wrong``, traffic ``score``.

    ``places`` names the two files in what is said of them.

    Errors:  ``InputProblem`` RW-TRUST-017 with every problem of both files and of ``alpha`` and ``delta``.
    """
    found = _Reading()
    _whole(found, rows, places[0])
    _whole(found, traffic or (), places[1])
    promise = [_risk(found, name, value) for name, value in (("alpha", alpha), ("delta", delta))]
    scores = _column(found, rows, "score", places[0], _number)
    wrong = _column(found, rows, "wrong", places[0], _truth)
    if not rows:
        found.add(Problem("no labelled case, expected rows with `score` and `wrong`", place=places[0]))
    traffic_scores = None if traffic is None else _column(found, traffic, "score", places[1], _number)
    if traffic is not None and not traffic:
        found.add(Problem("no case, expected rows with the `score` of recent traffic", place=places[1]))
    found.refuse()
    return certify_report(scores, wrong, traffic_scores, *promise)


def compare_report(
    a_rows: Sequence[Row],
    b_rows: Sequence[Row],
    margin: float,
    *,
    confidence: float = float(USUAL),
    higher_is_better: bool = True,
    common_only: bool = False,
    places: tuple[str, str] = ("a", "b"),
) -> dict[str, object]:
    """Is ``a`` better than ``b``? CSV rows with columns ``case``, ``value`` and, on both sides, ``cluster``.

    Without the column ``cluster`` in both files every case stands alone. ``interval`` is null where
    nothing bounds the difference, ``cases_needed`` where no number in reach settles it.

    Errors:  ``InputProblem`` RW-TRUST-017 with every problem of both files, of ``margin`` and of
             ``confidence``; RW-TRUST-011 for cases or clusters that do not fit each other.
    """
    found = _Reading()
    certainty = _risk(found, "confidence", confidence)
    if not (math.isfinite(margin) and margin >= 0):
        found.add(Problem(f"expected a number from 0 up, found {margin}", place="margin"))
    for rows, place in zip((a_rows, b_rows), places, strict=True):
        _whole(found, rows, place)
    named = [bool(side) and "cluster" in side[0] for side in (a_rows, b_rows)]
    if a_rows and b_rows and named[0] != named[1]:
        without = places[named.index(False)]
        found.add(
            Problem(
                "the column `cluster` is missing, the other file has it",
                place=without,
                line=1,
                hint="name the clusters in both files or in neither",
            )
        )
    sides = [
        _scored(found, rows, place, clustered=all(named))
        for rows, place in zip((a_rows, b_rows), places, strict=True)
    ]
    found.refuse()
    a, b = (Scored(cases, values, clusters=clusters) for cases, values, clusters in sides)
    result = compare(
        a,
        b,
        margin=margin,
        confidence=certainty,
        higher_is_better=higher_is_better,
        common_only=common_only,
    )
    interval = result.interval
    return {
        "verdict": result.verdict,
        "difference": result.difference,
        "interval": None if interval is None else [interval.low, interval.high],
        "cases_needed": result.cases_needed,
        "n": result.n,
        "clusters": result.clusters,
        "gained": result.gained,
        "lost": result.lost,
        "p_value": result.p_value,
        "left_out": result.left_out,
        "method": result.method,
    }


@dataclass(slots=True)
class _Reading:
    """The problems found so far: the first of them in full, the others counted."""

    problems: list[Problem] = field(default_factory=list)
    further: int = 0

    def add(self, problem: Problem) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.further += 1

    def refuse(self) -> None:
        if not self.problems:
            return
        if self.further:
            self.problems.append(Problem(f"and {self.further} more problems of this kind"))
        raise InputProblem("RW-TRUST-017", self.problems)


def _whole(found: _Reading, rows: Sequence[Row], place: str) -> None:
    """A row with more cells than the header has names would be read shifted, or in part."""
    for at, row in enumerate(rows):
        if None in row:
            found.add(
                Problem("more cells than the header has columns", place=place, line=at + _HEADER, column=1)
            )


def _scored(
    found: _Reading, rows: Sequence[Row], place: str, *, clustered: bool
) -> tuple[list[str], list[float], list[str] | None]:
    if not rows:
        found.add(Problem("no case, expected rows with `case` and `value`", place=place))
    cases = _column(found, rows, "case", place, _name)
    values = _column(found, rows, "value", place, _number)
    clusters = _column(found, rows, "cluster", place, _name) if clustered else None
    lines: dict[str, int] = {}
    for at, row in enumerate(rows):
        case = (row.get("case") or "").strip()
        if case and lines.setdefault(case, at + _HEADER) != at + _HEADER:
            found.add(
                Problem(
                    f"case `{case[:_LONGEST]}` comes again, first in line {lines[case]}",
                    place=place,
                    line=at + _HEADER,
                    column=1,
                    hint="average the repeats of a case, or leave all but one out",
                )
            )
    return cases, values, clusters


def _column(
    found: _Reading, rows: Sequence[Row], name: str, place: str, read: Callable[[str], Cell]
) -> list[Cell]:
    """The cells of a column. A row that cannot be read leaves a gap; the problems then refuse it all."""
    if rows and name not in rows[0]:
        found.add(Problem(f"the column `{name}` is missing", place=place, line=1, column=1))
        return []
    cells = []
    for at, row in enumerate(rows):
        text = (row.get(name) or "").strip()
        try:
            cells.append(read(text))
        except ValueError as problem:
            seen = f"found `{text[:_LONGEST]}`" if text else "found nothing"
            column = list(row).index(name) + 1 if name in row else 1
            found.add(
                Problem(
                    f"`{name}`: expected {problem}, {seen}", place=place, line=at + _HEADER, column=column
                )
            )
    return cells


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("a number") from None
    # Python reads `1_000` as a number; nobody means it in a file of scores.
    if not np.isfinite(value) or "_" in text:
        raise ValueError("a finite number")
    return value


def _truth(text: str) -> bool:
    if text.lower() not in _WORDS:
        raise ValueError("0 or 1, false or true, no or yes")
    return _WORDS[text.lower()]


def _name(text: str) -> str:
    if not text:
        raise ValueError("a name")
    return text


def _risk(found: _Reading, name: str, value: float) -> Share:
    if not 0 < value < 1:
        found.add(
            Problem(
                f"expected a share strictly between 0 and 1, found {value}", place=name, hint="such as 0.05"
            )
        )
        return Share(0.5)
    return Share(value)
