#!/usr/bin/env python3
"""What does running a suite cost, with every answer sealed, graded and kept?

5,000 scripted answers through the suite runner at concurrency 32: a SQLite file, sealed transcripts and
reasons, one exact grader, the record on the ledger. Beside it, in the same run, promptfoo and DeepEval on the
same tests with their own exact match, each in an environment of its own; what they take to start is left out.
DeepEval keeps nothing here: its cache of results is off.

    benchmarks/trust/suites.py [--quick] [--json] [--no-peers]

CPU is what counts: a shared machine stretches the wall and not the work.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from report import Bar, arguments, at_least, at_most, report

from roadworthy.adapters.files.machine import SystemClock, SystemEntropy
from roadworthy.adapters.sql import SqlStore, SqlVault, open_engine, upgrade
from roadworthy.evaluation import Evaluation, Grader, Suite, Test, Transcript
from roadworthy.ledger import SigningKey
from roadworthy.measure.suites.running import run_suite
from roadworthy.operate.clearance import Clearance
from roadworthy.operate.deployment import Deployment, Prices
from roadworthy.operate.stopping import read_stopped
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import Cost, digest_of
from roadworthy.wiring import requirements

PEERS = Path(__file__).with_name("peers")
AT_ONCE, TESTS = 32, 5_000
MS_AT_MOST, TIMES_FASTER = 1.0, 5.0
BUILDER = Principal("bench", "Bench", Kind.SERVICE, frozenset({Role.BUILDER}))


@dataclass(frozen=True)
class Scripted:
    """A target that knows its answers."""

    answers: dict[str, str]
    name: str = "scripted"
    digest: str = digest_of("scripted")

    def answer(self, test: Test, *, attempt: int, seed: int) -> Transcript:
        return Transcript(output=self.answers[test.id])


def cases(count: int) -> list[dict[str, str]]:
    """One answer in ten is wrong."""
    return [
        {
            "id": f"t-{number}",
            "question": f"What is the state of order {number}?",
            "expected": f"answer {number % 7}",
            "answer": f"answer {number % 7}" if number % 10 else "something else",
        }
        for number in range(count)
    ]


def ours(rows: list[dict[str, str]]) -> dict[str, Any]:
    """The whole evaluation, from the suite to the record, in a database that is new."""
    with tempfile.TemporaryDirectory(prefix="roadworthy-bench-") as folder:
        engine = open_engine(f"sqlite:///{folder}/bench.sqlite", pool_size=AT_ONCE)
        upgrade(engine)
        store = SqlStore(engine)
        clock, entropy = SystemClock(), SystemEntropy()
        deployment = Deployment(
            store=store, vault=SqlVault(bytes(range(32)), clock, entropy), engine=None, loader=None,  # type: ignore[arg-type]
            models=None, trainer=None, ideas=None, passwords=None, clock=clock, entropy=entropy,  # type: ignore[arg-type]
            clearance=Clearance(lambda: read_stopped(store), clock), slips=None, requirements=requirements(),
            prices=Prices(Cost(12_000)), ledger_key=SigningKey("bench/ledger", bytes(32)),
            ledger_origin="bench/ledger", instruments=None,  # type: ignore[arg-type]
        )  # fmt: skip
        target = Scripted({one["id"]: one["answer"] for one in rows})
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        suite = Suite.of(
            "bench",
            [Test(one["id"], {"question": one["question"]}, one["expected"]) for one in rows],
            [Grader("exact", "exact")],
        )
        evaluation: Evaluation = run_suite(
            deployment,
            BUILDER,
            "bench",
            suite,
            target,
            concurrency=AT_ONCE,  # type: ignore[arg-type]
        )
        line = {
            "wall_s": time.perf_counter() - wall,
            "cpu_s": time.process_time() - cpu,
            "tests": evaluation.summary.overall.tests,
            "passed": evaluation.summary.overall.right,
        }
        store.close()
    return line


def measure(*, quick: bool, peers: bool, say: Callable[[str], None]) -> tuple[dict[str, object], list[Bar]]:
    """Ours is the median of three runs, before, between and after the peers: what a shared machine does to
    the wall meets all of them. Each peer runs once. ``quick`` takes a fifth of the tests.
    """
    rows = cases(TESTS // 5 if quick else TESTS)
    ours(rows[:100])
    runs, theirs = [ours(rows)], {}
    for name in ("promptfoo", "deepeval"):
        if peers:
            theirs[name] = _peer(name, rows)
            say(f"{name}: {theirs[name][0] or theirs[name][1]}")
        runs.append(ours(rows))
    mine = {
        name: sorted(one[name] for one in runs)[len(runs) // 2]
        for name in ("wall_s", "cpu_s", "tests", "passed")
    }
    mine["cpu_ms_per_test"] = mine["cpu_s"] / len(rows) * 1_000
    say(f"ours: {mine}")
    figures: dict[str, object] = {"tests": len(rows), "at once": AT_ONCE, "ours": mine}
    bars = [at_most("ms CPU for a test", mine["cpu_ms_per_test"], MS_AT_MOST)]
    for name, (found, failed) in theirs.items():
        figures[name] = found or failed
        for kind in ("cpu_s", "wall_s"):
            times = found[kind] / mine[kind] if found else None
            bars.append(at_least(f"times faster than {name}, {kind[:-2]}", times, TIMES_FASTER))
        if found:
            # A peer that graded otherwise did other work.
            same = float((found["tests"], found["passed"]) == (mine["tests"], mine["passed"]))
            bars.append(at_least(f"same verdicts as {name}", same, 1.0))
    return figures, bars


def _peer(name: str, rows: list[dict[str, str]]) -> tuple[dict[str, Any], str]:
    from peers import measured

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.json"
        file.write_text(json.dumps(rows), encoding="utf-8")
        try:
            found: dict[str, Any] = measured(PEERS / f"{name}.py", str(file), str(AT_ONCE))
        except RuntimeError as fault:
            return {}, str(fault)
        return found, ""


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--no-peers", action="store_true", help="measure ours alone")
    options = parser.parse_args()

    def say(text: str) -> None:
        if not options.json:
            print(text, flush=True)

    figures, bars = measure(quick=options.quick, peers=not options.no_peers, say=say)
    return report("trust-suites", figures, bars, packages=("sqlalchemy", "cryptography"))


if __name__ == "__main__":
    sys.exit(main())
