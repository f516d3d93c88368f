"""A process that is killed loses the answers under way, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.measure.suites.place import BEN, Place, Scripted, a_suite

from roadworthy.evaluation import Test, Transcript
from roadworthy.measure.suites import running
from roadworthy.measure.suites.running import Progress, run_suite

TESTS, THREADS, BATCH = 600, 8, 20
ROOT = Path(__file__).resolve().parents[3]


def child(folder: str) -> None:
    """Evaluate, and die by SIGKILL in the middle of it, from a thread that answers."""
    running.BATCH = BATCH  # type: ignore[misc]
    kept = 0

    def told(progress: Progress) -> None:
        nonlocal kept
        kept = progress.done

    def answer(test: Test, attempt: int, seed: int) -> Transcript:
        if kept >= TESTS // 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return Transcript(output="right")

    place = Place(Path(folder))
    run_suite(
        place.deployment, BEN, "desk", a_suite(TESTS), Scripted(answer), concurrency=THREADS, progress=told
    )


def test_a_killed_evaluation_goes_on_where_it_was(tmp_path: Path) -> None:
    Place(tmp_path).close()
    done = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import child; child({str(tmp_path)!r})"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    place = Place(tmp_path, seed=4)
    with place.store.read() as tx:
        (record,) = place.store.evaluations.list(tx, "desk", finished=False).rows
        kept = set(place.store.evaluations.answered(tx, record.id))
    assert TESTS // 3 <= len(kept) < TESTS
    target = Scripted({})
    evaluation = run_suite(place.deployment, BEN, "desk", a_suite(TESTS), target, concurrency=THREADS)
    assert evaluation.id == record.id
    assert evaluation.summary.overall.right == TESTS
    assert {(id_, attempt) for id_, attempt, _ in target.asked}.isdisjoint(kept)
    assert len(target.asked) == TESTS - len(kept)
    place.close()
