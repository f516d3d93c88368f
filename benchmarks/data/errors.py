"""Wrong cells without labels: precision, recall and repairs beside a published learner, false alarms, speed.

The truth of hospital and rayyan is the difference between their dirty and clean files, cell by cell. Beside
them stands what Raha needs twenty labelled rows for; its figures are quoted, not run here. No constant was
fitted on these sets, but their findings were read while the rules were written: take the figures as those
of known tables. FEBRL's duplicates have an original each, which gives their wrong cells a truth of their own.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Bar, at_least
from tests.data.suspects.dirt import dirtied, retold
from tests.data.suspects.tables import TABLES

from roadworthy.data.suspects import Suspect, suspects

ROOT = Path(__file__).resolve().parents[2]
SHARED = (ROOT / "../shared/data").resolve()
HOSPITAL_BAR = 0.88
# F1 with 20 labelled rows. Per set as recalled from the Raha paper (SIGMOD 2019), the mean over six sets as
# the README of ETSB-RNN quotes it; neither was run here.
RAHA = {"hospital": 0.72, "rayyan": 0.79, "mean of six sets": 0.85}
SOURCE = "published F1 of Raha with 20 labelled rows (SIGMOD 2019; per set recalled, mean from the README of ETSB-RNN)"
CLEAN = {
    "hospital": "raha/hospital/clean.csv",
    "rayyan": "raha/rayyan/clean.csv",
    "centres": "dedupe-ece/csv_example_input_with_true_ids.csv",
    "housing": "drift-nannyml/california_housing_reference.csv",
    "titanic": "drift-nannyml/titanic_reference.csv",
}
# Its clean file reads days as years: 1/1/14 became 1/14/01. No reading of the dirty file could tell.
MISREAD = {"rayyan": "article_jcreated_at"}

Table = dict[str, list[str]]
Right = dict[tuple[int, str], str]


class Score(NamedTuple):
    """Of cells found, cells wrong, and repairs proposed on wrong cells."""

    found: int
    right: int
    wrong: int
    repairs: int
    repaired: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.wrong if self.wrong else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def figures(self) -> dict[str, float]:
        return {
            "precision": round(self.precision, 3),
            "recall": round(self.recall, 3),
            "f1": round(self.f1, 3),
            "repair_precision": round(self.repaired / self.repairs, 3) if self.repairs else 0.0,
            "repairs": self.repairs,
        }


def read(path: Path) -> Table:
    """Columns by name; a name that stands twice gets the number of its column."""
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    names: list[str] = []
    for at, name in enumerate(head):
        names.append(name if name not in names else f"{name} {at}")
    return {name: [row[at] if at < len(row) else "" for row in rows] for at, name in enumerate(names)}


def scored(found: tuple[Suspect, ...], right: Right, *, without: str = "") -> Score:
    told = [one for one in found if one.column != without]
    truth = {cell: value for cell, value in right.items() if cell[1] != without}
    repairs = [one for one in told if one.repair is not None]
    good = sum(_meant(one, truth) for one in repairs)
    hits = sum((one.row, one.column) in truth for one in told)
    return Score(len(told), hits, len(truth), len(repairs), good)


def _meant(one: Suspect, truth: Mapping[tuple[int, str], str]) -> bool:
    """A repair is right where it is the clean value. On a cell that was never wrong no repair is."""
    return truth.get((one.row, one.column)) == one.repair


def difference(dirty: Table, clean: Table) -> Right:
    """Cells whose text differs; columns by position, because their names differ too."""
    right: Right = {}
    for (name, cells), others in zip(dirty.items(), clean.values(), strict=True):
        right |= {
            (row, name): other
            for row, (cell, other) in enumerate(zip(cells, others, strict=True))
            if cell != other
        }
    return right


def originals(table: Table) -> Right:
    """Wrong cells of FEBRL: where a duplicate differs from the record it was made of."""
    key = next(iter(table))
    names = [name.strip().split("-") for name in table[key]]
    first = {name[1]: row for row, name in enumerate(names) if name[-1] == "org"}
    right: Right = {}
    for row, name in enumerate(names):
        source = first.get(name[1])
        if source is None or source == row:
            continue
        for column, cells in table.items():
            if column != key and cells[row].strip() != cells[source].strip():
                right[row, column] = cells[source].strip()
    return right


def measure(*, quick: bool, peers: bool, say: Callable[[str], None]) -> tuple[dict[str, object], list[Bar]]:
    """Figures and bars. ``peers`` adds the published figures of Raha; nothing of a peer is run."""
    figures: dict[str, object] = {}
    hospital = _raha(figures, say)
    if peers:
        figures["raha_published_f1"] = {**RAHA, "source": SOURCE}
    _febrl(figures, say)
    _false_alarms(figures, say)
    _synthetic(figures, say, seeds=1 if quick else 3)
    _speed(figures, say, rows=50_000 if quick else 200_000)
    return figures, [at_least("hospital_f1", hospital, HOSPITAL_BAR)]


def _raha(figures: dict[str, object], say: Callable[[str], None]) -> float | None:
    hospital = None
    for name in ("hospital", "rayyan"):
        folder = SHARED / "raha" / name
        if not folder.is_dir():
            say(f"{name}: the Raha sets are not beside the checkout")
            continue
        dirty, clean = read(folder / "dirty.csv"), read(folder / "clean.csv")
        begun = time.process_time()
        found = suspects(dirty)
        spent = time.process_time() - begun
        right = difference(dirty, clean)
        score = scored(found, right)
        figures[name] = {**score.figures(), "cpu_s": round(spent, 2)}
        say(
            f"{name}: precision {score.precision:.3f}, recall {score.recall:.3f}, F1 {score.f1:.3f} without a label "
            f"(Raha with 20 labelled rows, as published: {RAHA[name]}), {score.repaired} of {score.repairs} repairs "
            f"right, {spent:.1f} s CPU"
        )
        if column := MISREAD.get(name):
            rest = scored(found, right, without=column)
            figures[f"{name}_without_{column}"] = rest.figures()
            say(f"  without `{column}`, whose truth is misread: F1 {rest.f1:.3f}, recall {rest.recall:.3f}")
        if name == "hospital":
            hospital = round(score.f1, 3)
    return hospital


def _febrl(figures: dict[str, object], say: Callable[[str], None]) -> None:
    path = SHARED / "febrl" / "dataset3.csv"
    if not path.exists():
        say("febrl: not beside the checkout")
        return
    table = read(path)
    right = originals(table)
    found = suspects(table)
    score = scored(found, right)
    gaps = [one for one in found if one.rule == "missing" and one.repair is None]
    full = scored(tuple(one for one in found if one not in set(gaps)), right)
    honest = sum((one.row, one.column) not in right for one in gaps)
    figures["febrl3"] = {**score.figures(), "precision_without_bare_gaps": round(full.precision, 3)}
    say(
        f"febrl3: precision {score.precision:.3f} ({full.precision:.3f} without bare gaps, of which {honest} of "
        f"{len(gaps)} were honest), recall {score.recall:.3f}, {score.repaired} of {score.repairs} repairs right"
    )


def _false_alarms(figures: dict[str, object], say: Callable[[str], None]) -> None:
    alarms = {}
    for name, path in CLEAN.items():
        if not (SHARED / path).exists():
            say(f"{name}: not beside the checkout")
            continue
        table = read(SHARED / path)
        cells = len(table) * len(next(iter(table.values())))
        alarms[name] = round(1000 * len(suspects(table)) / cells, 2)
    figures["findings_per_1000_cells_of_clean_tables"] = alarms
    say(
        "findings per 1,000 cells of tables called clean: "
        + ", ".join(f"{name} {n}" for name, n in alarms.items())
    )


def _synthetic(figures: dict[str, object], say: Callable[[str], None], *, seeds: int) -> None:
    """Tables and dirt from seeds that no constant was fitted on. The kinds of table are those it was fitted on."""
    results: dict[str, float] = {}
    buckets: dict[str, list[bool]] = {}
    for name, make in TABLES.items():
        scores = []
        for seed in range(900, 900 + seeds):
            dirt = dirtied(make(seed), seed + 1, share=0.03)
            found = suspects(dirt.table)
            scores.append(scored(found, dirt.right).f1)
            for one in found:
                buckets.setdefault(f"{int(one.confidence * 10) / 10}", []).append(
                    (one.row, one.column) in dirt.right
                )
        results[name] = round(sum(scores) / len(scores), 3)
    times = ("planned_start", "real_start", "planned_end", "real_end")
    dirt = retold(TABLES["boards"](900), 901, columns=times, entity="journey", share=0.25)
    results["contradicting sources"] = round(scored(suspects(dirt.table), dirt.right).f1, 3)
    figures["synthetic_f1"] = results
    figures["synthetic_share_wrong_by_confidence"] = {
        low: round(sum(wrong) / len(wrong), 3) for low, wrong in sorted(buckets.items())
    }
    say("F1 on synthetic dirt: " + ", ".join(f"{name} {f1}" for name, f1 in results.items()))


def _speed(figures: dict[str, object], say: Callable[[str], None], *, rows: int) -> None:
    for name in ("staff", "customers"):
        table = dirtied(TABLES[name](7, rows=rows), 8, share=0.02).table
        begun = time.process_time()
        suspects(table)
        spent = time.process_time() - begun
        figures[f"rows_per_cpu_second_{name}"] = round(rows / spent)
        say(
            f"{rows:,} rows of {len(table)} columns ({name}): {spent:.1f} s CPU, {rows / spent:,.0f} rows a second"
        )
