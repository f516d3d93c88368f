"""The same real thing in several rows: how much of it is found without labels and settings, and what it costs.

FEBRL people, the early-childhood sites of nine lists, the bibliographies of DBLP and ACM, and made-up customers. What
identifies the truth is taken out before anything is matched.
"""

from __future__ import annotations

import csv
import re
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers import measured
from benchmarks.report import Bar, at_least
from tests.adapters.splink.made import people

from roadworthy.adapters.splink import SplinkMatcher
from roadworthy.data.matching import (
    Agreement,
    MatchPlan,
    Pair,
    Row,
    b_cubed,
    cluster,
    of_texts,
    pairwise,
    propose,
)

ROOT = Path(__file__).resolve().parents[2]
SHARED = (ROOT / "../shared/data").resolve()
FEBRL_F1, BIBLIOGRAPHY_F1 = 0.99, 0.93
_PEER = Path(__file__).with_name("peers") / "dedupe.py"
_SITES = SHARED / "dedupe-ece" / "csv_example_input_with_true_ids.csv"
_SEED = 1

Table = Mapping[str, Sequence[str | None]]


class Run(NamedTuple):
    """Pairs in review and above, with the plan they were found by."""

    plan: MatchPlan
    pairs: list[Pair]
    cpu_s: float


def measure(*, quick: bool, peers: bool, say: Callable[[str], None]) -> tuple[dict[str, object], list[Bar]]:
    """Figures for every table, and bars for the public ones. ``quick`` leaves out dataset2 and most made-up rows."""
    figures: dict[str, object] = {}
    bars: list[Bar] = []
    for name in ("dataset3",) if quick else ("dataset1", "dataset2", "dataset3"):
        scores, seconds = _febrl(name)
        figures[f"febrl {name}"] = {**scores, "cpu_s": seconds}
        say(f"FEBRL {name}: {_shown(scores)}, {seconds} s of CPU")
        if name == "dataset3":
            bars.append(
                at_least("FEBRL dataset3, pairwise F1 of the clusters", scores["pairwise_f1"], FEBRL_F1)
            )
    bibliography = _bibliographies()
    figures["dblp-acm"] = bibliography
    say(
        f"DBLP-ACM: F1 {bibliography['test_f1']} on the test pairs, {bibliography['all_f1']} on all labelled pairs"
    )
    bars.append(at_least("DBLP-ACM, F1 on the test pairs", bibliography["test_f1"], BIBLIOGRAPHY_F1))
    sites: dict[str, object] = {"roadworthy": _sites()}
    say(f"early-childhood sites: {sites['roadworthy']}")
    if peers:
        sites["dedupe"] = _sites_by_dedupe()
        say(f"early-childhood sites by dedupe: {sites['dedupe']}")
    figures["sites"] = sites
    figures["customers"] = _customers(20_000 if quick else 200_000)
    say(f"made-up customers: {figures['customers']}")
    return figures, bars


def _run(tables: Sequence[tuple[str, Table]]) -> Run:
    begun = time.process_time()
    plan = propose([of_texts(name, table) for name, table in tables])
    pairs = list(SplinkMatcher().pairs(list(tables), plan, seed=_SEED))
    return Run(plan, pairs, round(time.process_time() - begun, 1))


def _read(path: Path) -> dict[str, list[str | None]]:
    with path.open(newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file, skipinitialspace=True)
    return {
        name.strip(): [row[at].strip() if at < len(row) else None for row in rows]
        for at, name in enumerate(names)
    }


def _scores(run: Run, labels: Sequence[object]) -> dict[str, float]:
    found = cluster(run.pairs, run.plan, singles=(Row(0, at) for at in range(len(labels))))
    clusters = [[row.row for row in one.rows] for one in found.clusters]
    return _agreement(clusters, labels)


def _agreement(clusters: Sequence[Sequence[int]], labels: Sequence[object]) -> dict[str, float]:
    true: dict[object, list[int]] = defaultdict(list)
    for at, label in enumerate(labels):
        true[label].append(at)
    scores: dict[str, float] = {}
    for name, one in (
        ("pairwise", pairwise(clusters, true.values())),
        ("b_cubed", b_cubed(clusters, true.values())),
    ):
        scores |= _named(name, one)
    return scores


def _named(name: str, one: Agreement) -> dict[str, float]:
    return {
        f"{name}_precision": round(one.precision, 4),
        f"{name}_recall": round(one.recall, 4),
        f"{name}_f1": round(one.f1, 4),
    }


def _shown(scores: Mapping[str, float]) -> str:
    return f"pairwise F1 {scores['pairwise_f1']}, B-cubed F1 {scores['b_cubed_f1']}"


def _febrl(name: str) -> tuple[dict[str, float], float]:
    table = _read(SHARED / "febrl" / f"{name}.csv")
    labels = [re.findall(r"\d+", one or "")[0] for one in table["rec_id"]]
    # The truth stays in the table: the plan has to see that this column numbers rows.
    run = _run([(name, table)])
    if run.plan.column("rec_id").used:
        raise RuntimeError("the row's number was taken for a property of the person")
    return _scores(run, labels), run.cpu_s


def _sites() -> dict[str, object]:
    table = _read(_SITES)
    labels = table.pop("True Id")
    run = _run([("sites", table)])
    return {**_scores(run, labels), "cpu_s": run.cpu_s, "labels": 0}


def _sites_by_dedupe() -> dict[str, object]:
    labels = _read(_SITES)["True Id"]
    told = measured(_PEER, str(_SITES), str(_SEED))
    return {**_agreement(told["clusters"], labels), "cpu_s": told["cpu_s"], "labels": 60}


def _bibliographies() -> dict[str, float]:
    """Two tables from the labelled pairs; the labels are looked at only after both were matched as a whole."""
    texts: tuple[dict[str, int], dict[str, int]] = ({}, {})
    labelled: list[tuple[str, int, int, bool]] = []
    for split in ("train", "valid", "test"):
        for line in (
            (SHARED / "magellan" / "DBLP-ACM" / f"{split}.txt").read_text(encoding="utf-8").splitlines()
        ):
            left, right, label = line.split("\t")
            one, other = (
                side.setdefault(text, len(side)) for side, text in zip(texts, (left, right), strict=True)
            )
            labelled.append((split, one, other, label == "1"))
    run = _run([("dblp", _table(texts[0])), ("acm", _table(texts[1]))])
    found = {
        (one.left.row, one.right.row) for one in run.pairs if one.probability >= run.plan.automatic_from
    }
    scores: dict[str, float] = {"rows": len(texts[0]) + len(texts[1]), "cpu_s": run.cpu_s}
    for name, splits in (("test", ("test",)), ("all", ("train", "valid", "test"))):
        asked = [((one, other) in found, label) for split, one, other, label in labelled if split in splits]
        right = sum(said and label for said, label in asked)
        said, true = sum(one for one, _ in asked), sum(label for _, label in asked)
        scores |= {
            f"{name}_precision": round(right / max(1, said), 4),
            f"{name}_recall": round(right / true, 4),
            f"{name}_f1": round(2 * right / (said + true), 4),
        }
    return scores


def _table(texts: Mapping[str, int]) -> dict[str, list[str | None]]:
    rows = [dict(re.findall(r"COL (\S+) VAL (.*?)(?= COL |$)", text)) for text in texts]
    return {name: [row.get(name, "").strip() or None for row in rows] for name in rows[0]}


def _customers(count: int) -> dict[str, object]:
    table, labels = people(count * 5 // 6, rare=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run = _run([("customers", table)])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "rows": len(labels),
        **_scores(run, labels),
        "cpu_s": run.cpu_s,
        "memory_mb_before": before // 1024,
        "memory_mb_peak": peak // 1024,
    }
