"""The watch over a stream: rows in, alarms out, with what changed and where it probably comes from."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roadworthy.drift.calibration import Calibration
from roadworthy.drift.columns import Codes, Column
from roadworthy.drift.signals import RARE, Counts, distance, names, population_stability, signals

_LEAST_ROWS = 5
_SURE = 0.05
_TWICE = 1.5


@dataclass(frozen=True, slots=True)
class Alarm:
    """A column left what was usual. ``row`` counts the rows of the stream from 1.

    ``value`` and ``threshold`` are the statistic's, over the last ``window`` rows. ``change`` says in words from what
    to what; ``segment`` is where most of the change lies, empty where it is everywhere alike.
    """

    column: str
    statistic: str
    value: float
    threshold: float
    row: int
    window: int
    change: str
    psi: float
    moved: float | None
    segment: str


class Watch:
    """Holds what arrives against the reference. Keeps the last window of rows and nothing else.

    One alarm is raised for each column and episode; an episode ends when the column has been quiet for a
    whole window.
    """

    def __init__(self, calibration: Calibration, reference: Sequence[Codes]) -> None:
        self._calibration = calibration
        self._reference = np.stack(reference, axis=1)
        self._rows = 0
        self._recent: deque[tuple[int, ...]] = deque(maxlen=calibration.windows[0])
        self._step: list[tuple[int, ...]] = []
        self._looks = calibration.windows[0] // calibration.step
        # Counts of the last steps of each column, the newest last; and what a signal must reach.
        self._counts = [np.zeros((self._looks, column.bins + 2)) for column in calibration.columns]
        self._thresholds = [
            np.array(
                [
                    [tail.value(calibration.threshold, window) for tail in tails]
                    for tails, window in zip(of_column, calibration.windows, strict=True)
                ]
            )
            for of_column in calibration.tails
        ]
        self._quiet = [self._looks + 1 for _ in calibration.columns]

    @property
    def rows(self) -> int:
        """Rows seen."""
        return self._rows

    def add(self, codes: Sequence[int]) -> list[Alarm]:
        """One more row, a code for each column of the calibration; alarms that it raises."""
        self._rows += 1
        row = tuple(codes)
        self._recent.append(row)
        self._step.append(row)
        if len(self._step) < self._calibration.step:
            return []
        table = np.asarray(self._step)
        self._step = []
        alarms = []
        for place, column in enumerate(self._calibration.columns):
            counts = self._counts[place]
            counts[:-1] = counts[1:]
            counts[-1] = np.bincount(table[:, place], minlength=column.bins + 2)
            alarms += self._looked(place, column, counts)
        return alarms

    def _looked(self, place: int, column: Column, counts: Counts) -> list[Alarm]:
        calibration = self._calibration
        windows = [window for window in calibration.windows if window <= self._rows]
        self._quiet[place] += 1
        if not windows:
            return []
        seen = np.stack([counts[-(window // calibration.step) :].sum(axis=0) for window in windows])
        values = signals(column, seen, calibration.usual[place])
        reached = values >= self._thresholds[place][-len(windows) :]
        if not reached.any():
            return []
        was_quiet = self._quiet[place] > self._looks
        self._quiet[place] = 0
        if not was_quiet:
            return []
        scores = [
            np.where(
                spoke,
                [tail.score(value, window) for tail, value in zip(tails, of_window, strict=True)],
                -1.0,
            )
            for tails, of_window, spoke, window in zip(
                calibration.tails[place][-len(windows) :], values, reached, windows, strict=True
            )
        ]
        best = int(np.argmax([score.max() for score in scores]))
        # Where several signals spoke, the one that says most plainly what happened comes first.
        plain = [each for each in np.flatnonzero(reached[best]).tolist() if names(column)[each] in RARE]
        which = plain[0] if plain else int(np.argmax(scores[best]))
        number = best + len(calibration.windows) - len(windows)
        return [self._alarm(place, number, which, float(values[best, which]), seen[best])]

    def _alarm(self, place: int, number: int, which: int, value: float, counts: Counts) -> Alarm:
        calibration = self._calibration
        column, window, usual = (
            calibration.columns[place],
            calibration.windows[number],
            calibration.usual[place],
        )
        shares, expected = counts / counts.sum(), usual / usual.sum()
        bins = column.bins
        within, before = _of_usual(counts[:bins]), _of_usual(usual[:bins])
        code = _grown(column, names(column)[which], shares, expected)
        return Alarm(
            column=column.name,
            statistic=names(column)[which],
            value=value,
            threshold=float(self._thresholds[place][number, which]),
            row=self._rows,
            window=window,
            change=_change(column, names(column)[which], code, shares, expected),
            psi=population_stability(shares, expected),
            moved=distance(column, within, before),
            segment=self._segment(place, code, window),
        )

    def _segment(self, place: int, grown: tuple[int, ...], window: int) -> str:
        """The value of another column that most rows of the growth share, where that can be no chance."""
        recent = np.asarray(list(self._recent)[-window:])
        hit_now = np.isin(recent[:, place], grown)
        hit_then = np.isin(self._reference[:, place], grown)
        hits = int(hit_now.sum())
        if hits < _LEAST_ROWS:
            return ""
        best = ""
        # As sure as that for all segments that could be named together.
        least = _SURE / sum(column.bins + 2 for column in self._calibration.columns)
        for other, column in enumerate(self._calibration.columns):
            if other == place:
                continue
            then = self._reference[:, other]
            for code, count in zip(*np.unique(recent[hit_now, other], return_counts=True), strict=True):
                usual = float((then == code).mean())
                if hit_then.any():
                    usual = max(usual, float((then[hit_then] == code).mean()))
                if 2 * count <= hits or count < _TWICE * usual * hits:
                    continue
                chance = float(special.bdtrc(int(count) - 1, hits, max(usual, 1 / len(then))))
                if chance < least:
                    best, least = f"{column.name} = {column.called(int(code))[:80]}", chance
        return best


def _of_usual(counts: Counts) -> NDArray[np.float64]:
    total = counts.sum()
    return counts / total if total else counts


def _grown(
    column: Column, statistic: str, shares: NDArray[np.float64], expected: NDArray[np.float64]
) -> tuple[int, ...]:
    """The codes that the change went to."""
    if statistic == "missing":
        return (column.missing,)
    if statistic == "strange":
        return (column.strange,)
    if statistic == "low values":
        return tuple(range(column.low + 1))
    if statistic == "high values":
        return tuple(range(column.high, column.bins))
    gained = shares[: column.bins] - expected[: column.bins]
    if column.kind == "category":
        return (int(np.argmax(gained)),)
    return tuple(np.flatnonzero(gained > 0).tolist())


def _change(
    column: Column,
    statistic: str,
    codes: tuple[int, ...],
    shares: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> str:
    """From what to what, in words."""
    now, before = float(shares[list(codes)].sum()), float(expected[list(codes)].sum())
    if statistic in ("missing", "strange"):
        what = (
            "empty cells" if statistic == "missing" else f"cells that are {column.called(column.strange)}"
        )
        return f"{what}: {before:.1%} to {now:.1%}"
    if statistic == "low values":
        return f"{_bound(column, column.low, 'up to')}: {before:.1%} to {now:.1%}"
    if statistic == "high values":
        return f"{_bound(column, column.high - 1, 'above')}: {before:.1%} to {now:.1%}"
    if column.kind == "category":
        return f"`{column.called(codes[0])[:80]}`: {before:.1%} to {now:.1%}"
    return f"middle {_middle(column, expected)} to {_middle(column, shares)}"


def _bound(column: Column, edge: int, side: str) -> str:
    return f"{side} {column.edges[edge]:.4g}" if 0 <= edge < len(column.edges) else "any value"


def _middle(column: Column, shares: NDArray[np.float64]) -> str:
    usual = shares[: column.bins]
    if not usual.sum():
        return "none"
    return column.names[int(np.searchsorted(np.cumsum(usual), usual.sum() / 2))]
