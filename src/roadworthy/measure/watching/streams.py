"""A stream of rows held against a reference file, alarms as they come, a summary at the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import BinaryIO

import numpy as np

from roadworthy.drift import (
    Alarm,
    Calibrated,
    Calibration,
    Column,
    Gaps,
    Neighbours,
    Unwatched,
    Watch,
    as_number,
    as_time,
    calibrate,
    calibrated,
    codes_of,
    column_of,
    number_column,
    usual_gaps,
)
from roadworthy.drift.columns import Codes
from roadworthy.drift.estimate import Tallied
from roadworthy.drift.gaps import seconds_between
from roadworthy.drift.similarity import MOST
from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.watching.rows import Findings, Row, Rows
from roadworthy.ports.knowledge import Embedder

MOST_REFERENCE = 50_000
"""Rows of the reference that are kept, the newest ones; of texts, which have to be embedded, 5,000."""
FEWEST_KNOWN = 0.5


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched, and how often a clean stream may raise a false alarm."""

    columns: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    time: str = ""
    until: str = ""
    confidence: str = ""
    correct: str = ""
    window: int = 300
    rows_per_false_alarm: int = 100_000
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to tell: an alarm, or the summary at the end; as JSON values and as a sentence."""

    fields: Mapping[str, object]
    sentence: str
    is_alarm: bool = False


@dataclass(slots=True)
class _Usual:
    """What was learnt from the reference."""

    watched: list[Column] = field(default_factory=list)
    codes: list[Codes] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    neighbours: dict[str, Neighbours] = field(default_factory=dict)
    unwatched: list[Unwatched] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    gaps: Gaps | None = None
    confidence: Calibrated | None = None

    def add(self, column: Column | Unwatched, codes: Codes | None, place: str) -> None:
        if isinstance(column, Unwatched):
            self.unwatched.append(column)
        elif codes is not None:
            self.watched.append(column)
            self.codes.append(codes)
            self.places.append(place)


def watch_stream(
    reference: BinaryIO,
    stream: BinaryIO,
    asked: Watched,
    *,
    places: tuple[str, str],
    live: bool,
    embedder: Callable[[], Embedder],
) -> Iterator[Said]:
    """Alarms in the order of rows, each as soon as its row is there; then one summary.

    ``embedder`` is asked for only where texts are watched.

    Errors:  ``InputProblem`` RW-WATCH-013 with every faulty line of a file up to a bound, RW-WATCH-014 for options
             that name what is not there; as ``calibrate``, ``usual_gaps`` and ``calibrated``.
    """
    usual_rows = Rows(reference, Findings("RW-WATCH-013", places[0], live=False))
    _options(asked, usual_rows.header)
    kept: deque[list[str]] = deque(maxlen=MOST if asked.texts else MOST_REFERENCE)
    seen = 0
    for row in usual_rows:
        kept.append(row.cells)
        seen += 1
    usual_rows.findings.stop()
    rows = Rows(stream, Findings("RW-WATCH-013", places[1], live=live))
    needed = [*asked.columns, *asked.texts, *filter(None, (asked.time, asked.confidence))]
    rows.missing(needed)
    rows.findings.live = live
    model = embedder() if asked.texts else None
    usual = _learnt(usual_rows.header, rows.header, list(kept), asked, model)
    if seen > len(kept):
        usual.findings.append(f"the reference has {seen:,} rows, its last {len(kept):,} are used")
    calibration = calibrate(
        usual.watched,
        usual.codes,
        window=asked.window,
        rows_per_false_alarm=asked.rows_per_false_alarm * (2 if usual.gaps else 1),
        seed=asked.seed,
    )
    yield from _Stream(rows, asked, usual, calibration, model).watched()


def _options(asked: Watched, header: Sequence[str]) -> None:
    """Errors: ``InputProblem`` RW-WATCH-014 with every option that does not fit the reference."""
    named = {
        "--column": asked.columns,
        "--text": asked.texts,
        "--time": (asked.time,),
        "--confidence": (asked.confidence,),
        "--correct": (asked.correct,),
    }
    shown = ", ".join(header[:20])[:400]
    problems = [
        Problem(f"the reference has no column `{name[:80]}`", place=option, hint=f"found: {shown}")
        for option, names in named.items()
        for name in names
        if name and name not in header
    ]
    if bool(asked.confidence) != bool(asked.correct):
        problems.append(Problem("an estimate needs both", place="--confidence", hint="and --correct"))
    if asked.until and (not asked.time or as_time(asked.until) is None):
        problems.append(Problem("expected a time of ISO 8601, with --time", place="--until"))
    if problems:
        raise InputProblem("RW-WATCH-014", problems)


def _learnt(
    header: Sequence[str],
    stream_header: Sequence[str],
    kept: Sequence[list[str]],
    asked: Watched,
    model: Embedder | None,
) -> _Usual:
    usual = _Usual()
    cells = {name: [row[place] for row in kept] for place, name in enumerate(header)}
    apart = {asked.time, *asked.texts}
    for name in header:
        if name in apart or (asked.columns and name not in asked.columns):
            continue
        if name not in stream_header:
            usual.add(Unwatched(name, "not in the stream"), None, name)
            continue
        column = column_of(name, cells[name], asked=name in asked.columns or name == asked.confidence)
        codes = codes_of(column, cells[name]) if isinstance(column, Column) else None
        usual.add(column, codes, name)
    for name in stream_header:
        if name not in header:
            usual.add(Unwatched(name, "not in the reference"), None, name)
    for name in asked.texts:
        _learn_texts(usual, name, cells[name], model)
    if asked.time:
        times = [at for at in map(as_time, cells[asked.time]) if at is not None]
        usual.gaps = usual_gaps(times, rows_per_false_alarm=2 * asked.rows_per_false_alarm)
    if asked.confidence:
        usual.confidence = _calibrated(cells[asked.confidence], cells[asked.correct])
    return usual


def _learn_texts(usual: _Usual, name: str, texts: Sequence[str], model: Embedder | None) -> None:
    if model is None or not texts:
        return
    near = Neighbours(model.embed(texts))
    alike = near.among_themselves()
    blank = np.asarray([not text.strip() for text in texts])
    if blank.all():
        usual.add(Unwatched(name, "empty in the reference"), None, name)
        return
    column = number_column(f"similarity of {name}", alike[~blank])
    codes = np.asarray([column.place(value) for value in alike.tolist()], dtype=np.int64)
    codes[blank] = column.missing
    usual.neighbours[name] = near
    usual.add(column, codes, name)


def _calibrated(confidence: Sequence[str], correct: Sequence[str]) -> Calibrated:
    pairs = [
        (sure, right)
        for sure, right in zip(map(as_number, confidence), map(as_number, correct), strict=True)
        if sure is not None and right in (0, 1)
    ]
    return calibrated([sure for sure, _ in pairs], [bool(right) for _, right in pairs])


class _Stream:
    """The stream on its way: rows wait until a look is due, so that texts are embedded together."""

    def __init__(
        self,
        rows: Rows,
        asked: Watched,
        usual: _Usual,
        calibration: Calibration,
        model: Embedder | None,
    ) -> None:
        self._rows = rows
        self._asked = asked
        self._usual = usual
        self._calibration = calibration
        self._model = model
        self._at = {name: place for place, name in enumerate(rows.header)}
        self._watch = Watch(calibration, usual.codes)
        self._gaps = usual.gaps
        self._untimed = 0
        self._confidences = np.zeros(len(usual.confidence.right) if usual.confidence else 0, dtype=np.int64)

    def watched(self) -> Iterator[Said]:
        count = alarms = 0
        waiting: list[list[str]] = []
        for row in self._rows:
            if self._rows.findings.found:
                continue
            count += 1
            said = self._timed(row, count)
            if said:
                alarms += 1
                yield said
            self._sure(row)
            waiting.append(row.cells)
            if len(waiting) == self._calibration.step:
                for alarm in self._taken(waiting):
                    alarms += 1
                    yield _alarm(alarm)
                waiting = []
        self._rows.findings.stop()
        if not count:
            self._rows.findings.add("no row after the header", line=1)
            self._rows.findings.stop()
        silent = self._silent(count)
        if silent:
            alarms += 1
            yield silent
        yield self._summary(count, alarms)

    def _taken(self, waiting: Sequence[list[str]]) -> Iterator[Alarm]:
        columns = []
        for column, name in zip(self._usual.watched, self._usual.places, strict=True):
            cells = [cells[self._at[name]] for cells in waiting]
            near = self._usual.neighbours.get(name)
            if near is None or self._model is None:
                columns.append(codes_of(column, cells))
                continue
            alike = near.similarity(self._model.embed(cells))
            codes = np.asarray([column.place(value) for value in alike.tolist()], dtype=np.int64)
            codes[[not cell.strip() for cell in cells]] = column.missing
            columns.append(codes)
        for row in np.stack(columns, axis=1).tolist():
            yield from self._watch.add(row)

    def _timed(self, row: Row, count: int) -> Said | None:
        if self._gaps is None:
            return None
        at = as_time(row.cells[self._at[self._asked.time]])
        if at is None:
            self._untimed += 1
            return None
        self._gaps, gap = self._gaps.after(at)
        return None if gap is None else self._gap(gap, count, "nothing arrived for")

    def _silent(self, count: int) -> Said | None:
        until = as_time(self._asked.until) if self._asked.until else None
        if self._gaps is None or until is None or self._gaps.latest is None:
            return None
        gap = seconds_between(self._gaps.latest, until)
        return self._gap(gap, count, "nothing has arrived for") if gap > self._gaps.longest else None

    def _gap(self, gap: float, count: int, words: str) -> Said:
        if self._gaps is None:
            raise ValueError("gaps are watched where a time is")
        alarm = Alarm(
            self._asked.time,
            "gap (seconds)",
            gap,
            self._gaps.longest,
            count,
            1,
            f"{words} {gap:,.0f} s, usual are {self._gaps.usual:,.0f} s",
            0.0,
            None,
            "",
        )
        return _alarm(alarm)

    def _sure(self, row: Row) -> None:
        if self._usual.confidence is None:
            return
        sure = as_number(row.cells[self._at[self._asked.confidence]])
        if sure is not None:
            self._confidences[self._usual.confidence.place(sure)] += 1

    def _summary(self, count: int, alarms: int) -> Said:
        findings = list(self._usual.findings)
        first = self._calibration.windows[-1]
        if count < first:
            findings.append(f"{count} rows fill no window of {first}: nothing was looked at")
        if self._untimed:
            findings.append(f"{self._untimed} rows have no time that can be read")
        if self._gaps is not None and self._gaps.backwards:
            findings.append(f"{self._gaps.backwards} rows are earlier than one before them")
        reach = self._calibration.threshold_range
        fields: dict[str, object] = {
            "kind": "summary",
            "rows": count,
            "alarms": alarms,
            "rows_per_false_alarm": self._asked.rows_per_false_alarm,
            "false_alarms_per_row": 1 / self._asked.rows_per_false_alarm,
            "windows": list(self._calibration.windows),
            "looked_at_every": self._calibration.step,
            "threshold_score": self._calibration.threshold,
            "threshold_score_range": [reach.low, reach.high],
            "rows_replayed": self._calibration.replayed,
            "block": self._calibration.block,
            "watched": [column.name for column in self._usual.watched],
            "not_watched": [asdict(each) for each in self._usual.unwatched],
            "findings": findings,
        }
        watched = ", ".join(column.name for column in self._usual.watched)
        words = [
            f"{count:,} rows, {alarms} alarms; a clean stream raises one in {self._asked.rows_per_false_alarm:,} rows",
            f"  watched: {watched}",
            *(f"  not watched: {each.name} ({each.why})" for each in self._usual.unwatched),
            *(f"  note: {finding}" for finding in findings),
        ]
        estimate = self._estimated()
        if estimate:
            fields["estimated_right"] = estimate
            words.append(
                f"  estimated from confidence, not measured: {estimate['estimate']:.1%} right "
                f"({estimate['low']:.1%} to {estimate['high']:.1%})"
            )
        return Said(fields, "\n".join(words))

    def _estimated(self) -> dict[str, float] | None:
        if self._usual.confidence is None:
            return None
        found = Tallied(self._usual.confidence, tuple(self._confidences.tolist())).estimate()
        if found is None:
            return None
        return {
            "estimate": found.value,
            "low": found.interval.low,
            "high": found.interval.high,
            "n": found.n,
        }


def _alarm(alarm: Alarm) -> Said:
    where = f"; most of it where {alarm.segment}" if alarm.segment else ""
    sentence = (
        f"row {alarm.row:,}: {alarm.column}: {alarm.change} "
        f"({alarm.statistic} {alarm.value:.4g}, threshold {alarm.threshold:.4g}, last {alarm.window} rows){where}"
    )
    return Said({"kind": "alarm", **asdict(alarm), "sentence": sentence}, sentence, is_alarm=True)
