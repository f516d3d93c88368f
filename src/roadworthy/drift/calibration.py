"""Thresholds from clean history: replayed until the stated rate of false alarms is known.

The reference is drawn again in blocks (Künsch 1989), as long as its rows depend on one another, into
streams of many rows; so is the reference they are held against, because it is a sample too. Each signal
is turned into a score, how rare it is in the replay, so that signals can be compared. A false alarm is an
episode: a column's score crosses the threshold, until it has stayed below for a whole window. The threshold
is where there is one episode in as many rows as was stated, over all columns, signals and windows together.
Beyond what the replay shows, its tail is taken for exponential, which is more than bounded statistics have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roadworthy.drift.columns import Codes, Column
from roadworthy.drift.signals import RARE, Counts, names, signals
from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Interval

STREAMS = 40
_MOST_ROWS, _FEWEST_ROWS = 1_000_000, 200_000
_TAIL = 0.02
_PEAKS = 100
LOOKS_A_WINDOW = 12
SHORT = 4
"""Beside the window a quarter of it is watched, which finds large changes sooner."""


@dataclass(frozen=True, slots=True)
class Tail:
    """How rare values of one signal are in clean windows: beyond ``start`` exponential with ``scale``.

    ``usual`` is an upper bound of the share that a rare signal has in clean history, None for the others.
    """

    start: float
    scale: float
    usual: float | None = None

    def score(self, values: NDArray[np.float64] | np.float64, rows: int) -> NDArray[np.float64]:
        """Minus the logarithm of how often a clean window has such a value, or a larger one."""
        found = -math.log(_TAIL) + (values - self.start) / self.scale
        if self.usual is not None:
            count = np.round((values + self.usual) * rows)
            chance = special.bdtrc(np.maximum(count - 1, 0), rows, self.usual)
            with np.errstate(divide="ignore"):
                found = np.minimum(found, np.where(values > 0, -np.log(chance), 0.0))
        return np.asarray(np.maximum(found, 0.0))

    def value(self, score: float, rows: int) -> float:
        """The least value with that score."""
        value = self.start + self.scale * (score + math.log(_TAIL))
        if self.usual is not None:
            # The least count that is rare enough; a share of a window.
            counts = np.arange(1, rows + 1)
            rare = -np.log(np.maximum(special.bdtrc(counts - 1, rows, self.usual), 1e-300)) >= score
            least = counts[rare][0] if rare.any() else rows
            value = max(value, float(least) / rows - self.usual)
        return max(0.0, value)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything a watch needs: thresholds as a score, and what scores mean for each column and window.

    ``threshold_range`` is where the threshold lies with 95 % confidence, given the replay.
    """

    columns: tuple[Column, ...]
    usual: tuple[Counts, ...]
    windows: tuple[int, ...]
    step: int
    tails: tuple[tuple[tuple[Tail, ...], ...], ...]
    threshold: float
    threshold_range: Interval
    rows_per_false_alarm: float
    block: int
    replayed: int


def calibrate(
    columns: Sequence[Column],
    codes: Sequence[Codes],
    *,
    window: int,
    rows_per_false_alarm: float,
    seed: int,
) -> Calibration:
    """Thresholds for these columns of a reference, in the order of its rows.

    Errors:  ``InputProblem`` RW-WATCH-020 for a reference shorter than two windows, no column, or settings that
             cannot be.
    """
    rows = len(codes[0]) if codes else 0
    problems = []
    if not codes:
        problems.append(Problem("no column of the reference can be watched", place="reference"))
    elif rows < 2 * window:
        problems.append(
            Problem(
                f"{rows} rows, thresholds for windows of {window} need at least {2 * window}",
                place="reference",
                hint="give more clean history, or a smaller `--window`",
            )
        )
    if window < 20 or not 1 <= rows_per_false_alarm < math.inf:
        problems.append(Problem("a window has at least 20 rows, a false alarm comes in at least one row"))
    if problems:
        raise InputProblem("RW-WATCH-020", problems)
    random = np.random.default_rng(seed)
    step = max(1, window // LOOKS_A_WINDOW)
    # Windows are whole steps, so that a window is a sum of the counts of its steps.
    windows = tuple(sorted({step * (window // step), step * max(2, window // SHORT // step)}, reverse=True))
    block = max(block_length(each) for each in codes)
    total = int(min(_MOST_ROWS, max(_FEWEST_ROWS, 10 * rows_per_false_alarm)))
    length = max(4 * windows[0], total // STREAMS) // step * step
    replays = [
        (drawn(rows, rows, block, random), drawn(rows, length, block, random)) for _ in range(STREAMS)
    ]
    usual = tuple(_counted(column, each) for column, each in zip(columns, codes, strict=True))
    tails: list[tuple[tuple[Tail, ...], ...]] = []
    peaks: list[NDArray[np.float64]] = []
    for column, each in zip(columns, codes, strict=True):
        found, high = _replayed(column, each, replays, windows, step)
        tails.append(found)
        peaks.append(high)
    seen = np.sort(np.concatenate(peaks))[::-1]
    replayed = STREAMS * (length - windows[0])
    threshold, reach = _threshold(seen, replayed, rows_per_false_alarm)
    return Calibration(
        tuple(columns),
        usual,
        windows,
        step,
        tuple(tails),
        threshold,
        reach,
        rows_per_false_alarm,
        block,
        replayed,
    )


def _replayed(
    column: Column,
    codes: Codes,
    replays: Sequence[tuple[Codes, Codes]],
    windows: tuple[int, ...],
    step: int,
) -> tuple[tuple[tuple[Tail, ...], ...], NDArray[np.float64]]:
    """The tails of a column's signals in each window, and the highest score of each episode."""
    found: list[list[NDArray[np.float64]]] = [[] for _ in windows]
    for usual_rows, stream_rows in replays:
        usual = _counted(column, codes[usual_rows])
        steps = stepped(column, codes[stream_rows], step)
        for place, window in enumerate(windows):
            counts = rolled(steps, window // step)[(windows[0] - window) // step :]
            found[place].append(signals(column, counts, usual))
    bounds = _bounds(column, codes)
    tails = tuple(
        tuple(
            _tail(np.concatenate([each[:, place] for each in of_window]), window, bounds.get(name))
            for place, name in enumerate(names(column))
        )
        for of_window, window in zip(found, windows, strict=True)
    )
    peaks: list[float] = []
    for stream in range(len(replays)):
        scores = np.max(
            [
                scored(of_tails, of_window[stream], window)
                for of_tails, of_window, window in zip(tails, found, windows, strict=True)
            ],
            axis=0,
        )
        peaks += episode_peaks(scores, floor=-math.log(_TAIL), apart=windows[0] // step)
    return tails, np.asarray(peaks, dtype=np.float64)


def scored(tails: Sequence[Tail], values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """The highest score of each window over its signals."""
    highest: NDArray[np.float64] = np.max(
        [tail.score(values[:, place], rows) for place, tail in enumerate(tails)], axis=0
    )
    return highest


def _bounds(column: Column, codes: Codes) -> dict[str, float]:
    """The share of empty and strange cells that clean history allows, 95 % upper bound."""
    n = len(codes)
    empty = int((codes == column.missing).sum())
    shares = {"missing": float(special.betaincinv(empty + 1, n - empty, 0.95)) if empty < n else 1.0}
    # What the reference shows is known by definition; a value seen once hints at others not seen yet
    # (Good and Turing 1953).
    once = int((np.bincount(codes, minlength=column.bins + 2)[: column.bins] == 1).sum())
    strange = int((codes == column.strange).sum())
    shares["strange"] = float(special.betaincinv(strange + once + 1, n, 0.95))
    return {name: shares[name] for name in RARE}


def _tail(values: NDArray[np.float64], window: int, usual: float | None) -> Tail:
    start = float(np.quantile(values, 1 - _TAIL))
    above = values[values > start] - start
    least = 0.25 / window
    scale = max(least, float(above.mean()) if above.size else least)
    return Tail(start, scale, usual)


def episode_peaks(scores: NDArray[np.float64], *, floor: float, apart: int) -> list[float]:
    """The highest score of each episode above ``floor``; one ends after ``apart`` looks below it."""
    peaks: list[float] = []
    last = -apart - 1
    for place in np.flatnonzero(scores > floor).tolist():
        if place - last > apart:
            peaks.append(float(scores[place]))
        else:
            peaks[-1] = max(peaks[-1], float(scores[place]))
        last = place
    return peaks


def _threshold(peaks: NDArray[np.float64], rows: int, per: float) -> tuple[float, Interval]:
    """The score that one episode in ``per`` rows exceeds, from the highest episodes of the replay."""
    floor = -math.log(_TAIL)
    if not peaks.size:  # nothing in the replay ever stirred: beyond what it shows
        highest = floor + math.log(max(1.0, per))
        return highest, Interval(highest, highest)
    used = min(len(peaks), max(_PEAKS, int(10 * rows / per)))
    start = float(peaks[used - 1])
    scale = max(0.05, float((peaks[:used] - start).sum()) / max(1, used - 1))
    further = math.log(max(1e-9, used / rows * per))
    threshold = max(floor, start + scale * further)
    reach = 1.96 * scale / math.sqrt(used) * math.hypot(1.0, further)
    return threshold, Interval(max(floor, threshold - reach), threshold + reach)


def stepped(column: Column, codes: Codes, step: int) -> Counts:
    """Counts of each code in each whole step of rows."""
    width = column.bins + 2
    steps = len(codes) // step
    places = np.repeat(np.arange(steps), step) * width + codes[: steps * step]
    return np.bincount(places, minlength=steps * width).reshape(steps, width).astype(np.float64)


def rolled(steps: Counts, length: int) -> Counts:
    """Counts of each run of ``length`` steps."""
    summed = np.cumsum(np.concatenate([np.zeros((1, steps.shape[1])), steps]), axis=0)
    rolled_up: Counts = summed[length:] - summed[:-length]
    return rolled_up


def drawn(rows: int, length: int, block: int, random: np.random.Generator) -> Codes:
    """Row numbers of a stream drawn in blocks from so many rows, which are taken for a circle."""
    starts = random.integers(0, rows, size=-(-length // block))
    return np.asarray(((starts[:, None] + np.arange(block)) % rows).reshape(-1)[:length])


def block_length(codes: Codes) -> int:
    """How many neighbouring rows depend on one another, doubled; 1 where order means nothing.

    The first lag after which five in a row are within chance (Politis and White 2004), at most a quarter of
    the rows.
    """
    n = len(codes)
    most = n // 4
    values, ranks = np.unique(codes, return_inverse=True)
    if len(values) < 2:
        return 1
    series = ranks - ranks.mean()
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(series, size)) ** 2
    correlation = np.fft.irfft(spectrum, size)[: most + 6] / float(series @ series)
    within = np.abs(correlation[1:]) < 2 * math.sqrt(math.log10(n) / n)
    for lag in range(min(most, len(within) - 5)):
        if within[lag : lag + 5].all():
            return max(1, 2 * lag)
    return most


def _counted(column: Column, codes: Codes) -> Counts:
    return np.bincount(codes, minlength=column.bins + 2).astype(np.float64)
