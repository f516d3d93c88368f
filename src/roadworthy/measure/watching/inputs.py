"""What arrives at a release, held against what arrived since it was certified: kind, confidence, likeness.

Of every case the watch keeps what its task models said of it, no content. The first cases after a certificate was
given are what is usual; those that follow are looked at in windows. Everything is kept in the database, so that
it does not matter which worker looks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from roadworthy.casework.prediction import Prediction
from roadworthy.drift import (
    Alarm,
    Calibration,
    Column,
    Watch,
    calibrate,
    codes_of,
    column_of,
    number_column,
    usual_gaps,
)
from roadworthy.drift.columns import Codes
from roadworthy.errors import InputProblem, RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.telemetry import CaseFacts

USUAL: Final = 1_000
"""Cases after a certificate that say what is usual."""
WINDOW: Final = 300
STEP: Final = WINDOW // 12
RECENT: Final = 2 * WINDOW
"""The newest cases that are kept: an alarm stands until so many came without one."""
ROWS_PER_FALSE_ALARM: Final = 100_000
_KIND: Final = "inputs"
_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Inputs:
    """The state of one release. ``seen`` counts the rows after the usual ones.

    ``since``: when the newest certificate was given that the usual rows followed. A row is the moment of intake,
    and a cell for each of ``names``.
    """

    since: str
    names: tuple[str, ...]
    usual: tuple[tuple[str, ...], ...] = ()
    recent: tuple[tuple[str, ...], ...] = ()
    seen: int = 0

    def with_rows(self, rows: Sequence[tuple[str, ...]]) -> Inputs:
        """With more cases, in order of arrival."""
        usual = (*self.usual, *rows[: USUAL - len(self.usual)])
        later = rows[USUAL - len(self.usual) :] if len(self.usual) < USUAL else rows
        recent = (*self.recent, *later)
        # Whole steps are dropped, so that the same looks are taken however often the rest is looked at.
        over = max(0, len(recent) - RECENT)
        return replace(
            self, usual=usual, recent=recent[-(-over // STEP) * STEP :], seen=self.seen + len(later)
        )


@dataclass(slots=True)
class Usual:
    """What was learnt from the usual rows of one state: it costs seconds, and never changes."""

    since: str
    columns: tuple[Column, ...]
    places: tuple[int, ...]
    codes: list[Codes]
    calibration: Calibration


@dataclass(slots=True)
class Known:
    """What one process has learnt, by release."""

    usual: dict[str, Usual] = field(default_factory=dict)


def cells_of(
    deployment: Deployment, tx: Transaction, facts: CaseFacts, names: Sequence[str]
) -> tuple[str, ...]:
    """A row of one case; a cell is empty where nothing was predicted, or what was is erased."""
    found: dict[str, str] = {}
    for step in facts.steps:
        kind, _, task = step.name.partition(":")
        if kind != "predict" or step.run != facts.case.run or f"class of {task}" not in names:
            continue
        try:
            value: Any = deployment.vault.open(tx, step.result)["value"]
            said = Prediction.from_json(value)
        except (RoadworthyError, KeyError, TypeError):
            continue
        found[f"class of {task}"] = said.label
        found[f"confidence of {task}"] = repr(said.confidence)
        if said.nearest:
            alike = sum(one.similarity for one in said.nearest) / len(said.nearest)
            found[f"likeness for {task}"] = repr(alike)
    return (facts.case.created_at.isoformat(), *(found.get(name, "") for name in names))


def names_for(deployment: Deployment, release: str) -> tuple[str, ...]:
    """The columns of a release: three for each task that classifies. Errors: as the loader."""
    tasks = deployment.loader.charter(release).tasks
    return tuple(
        f"{what} {task}"
        for task, promise in sorted(tasks.items())
        if promise.kind == "classify"
        for what in ("class of", "confidence of", "likeness for")
    )


def read_inputs(deployment: Deployment, tx: Transaction, use_case: str, release: str) -> Inputs | None:
    """What is kept of a release; None before its first case, and where it cannot be read."""
    stored = deployment.store.evidence.watch(tx, use_case, release, _KIND)
    try:
        kept: Mapping[str, Any] = json.loads(stored) if stored else {}
        return Inputs(
            str(kept["since"]), tuple(kept["names"]), tuple(map(tuple, kept["usual"])),
            tuple(map(tuple, kept["recent"])), int(kept["seen"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        return None


def save_inputs(
    deployment: Deployment, tx: Transaction, use_case: str, release: str, state: Inputs
) -> None:
    """Keep it."""
    deployment.store.evidence.save_watch(tx, use_case, release, _KIND, json.dumps(asdict(state)))


def certified_since(deployment: Deployment, tx: Transaction, use_case: str, release: str) -> str:
    """When the newest certificate of a release was given; empty without one."""
    issued = deployment.store.evidence.certificates(tx, use_case, release=release)
    return max((one.certified_at.isoformat() for one in issued), default="")


def alarms(state: Inputs, known: Known, release: str) -> tuple[Alarm, ...]:
    """What the newest cases raise against the usual ones; none while there are too few of either."""
    if len(state.usual) < USUAL or len(state.recent) < STEP:
        return ()
    usual = known.usual.get(release)
    if usual is None or usual.since != state.since:
        learnt = _learnt(state)
        if learnt is None:
            return ()
        usual = known.usual[release] = learnt
    codes = [
        codes_of(column, [row[place] for row in state.recent])
        for column, place in zip(usual.columns, usual.places, strict=True)
    ]
    watch = Watch(usual.calibration, usual.codes)
    return tuple(
        alarm for row in zip(*(each.tolist() for each in codes), strict=True) for alarm in watch.add(row)
    )


def _learnt(state: Inputs) -> Usual | None:
    columns, places, codes = [], [], []
    for place, name in enumerate(state.names, start=1):
        cells = [row[place] for row in state.usual]
        column = _column(name, cells)
        if column is not None:
            columns.append(column)
            places.append(place)
            codes.append(codes_of(column, cells))
    if not columns:
        return None
    calibration = calibrate(
        columns, codes, window=WINDOW, rows_per_false_alarm=ROWS_PER_FALSE_ALARM, seed=_SEED
    )
    return Usual(state.since, tuple(columns), tuple(places), codes, calibration)


def _column(name: str, cells: Sequence[str]) -> Column | None:
    if not any(cells):
        return None
    if name.startswith("class of "):
        found = column_of(name, cells, asked=True)
        return found if isinstance(found, Column) else None
    import numpy as np

    return number_column(name, np.asarray([float(cell) for cell in cells if cell]))


def silence(state: Inputs, newest: datetime, now: datetime) -> str:
    """Why the present gap is longer than clean history allows; empty where it is not, or nobody can tell."""
    times = sorted(datetime.fromisoformat(row[0]) for row in state.usual)
    try:
        gaps = usual_gaps(times, rows_per_false_alarm=ROWS_PER_FALSE_ALARM)
    except InputProblem:
        return ""
    quiet = (now - newest).total_seconds()
    if quiet <= gaps.longest:
        return ""
    return f"no case has arrived for {_long(quiet)}; usual are {_long(gaps.usual)}, the longest that is borne {_long(gaps.longest)}"


def _long(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def told(found: Sequence[Alarm]) -> Iterator[tuple[str, str]]:
    """By column, the newest alarm as a sentence without content: classes are names of the charter's own."""
    newest = {alarm.column: alarm for alarm in found}
    for column, alarm in newest.items():
        where = f"; most of it where {alarm.segment}" if alarm.segment else ""
        seen = f"{alarm.statistic} {alarm.value:.3g}, threshold {alarm.threshold:.3g}"
        yield column, f"{column}: {alarm.change} in the last {alarm.window} cases ({seen}){where}"
