#!/usr/bin/env python3
"""Effects through a receiver that does everything wrong: how often each is felt, and what one costs.

The receiver is a process of its own on loopback, killed with SIGKILL and started again while several workers
deliver; one worker is killed, too. Expected: felt exactly once with native keys and with look-up; with neither at
most once, and whatever is not sure is ``unknown`` and waits for a person.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_case import in_production
from report import Bar, arguments, at_most, report

from roadworthy.casework.case import State
from roadworthy.casework.effect import EffectRecord, EffectState
from roadworthy.casework.review import ReviewKind, ReviewState
from roadworthy.operate import access
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import submit
from roadworthy.principal import Principal
from roadworthy.wiring import Workspace, open_deployment, workspace

HERE = Path(__file__).resolve().parent
USE_CASE, EACH = "hostile", 10
KINDS = ("native", "lookup", "none")
_MOVING = (EffectState.READY, EffectState.SENDING)


def measure(
    effects: int = 10_000,
    *,
    workers: int = 2,
    deaths: int = 4,
    kill_worker: bool = True,
    seed: int = 7,
    deadline_s: float = 1_800.0,
) -> tuple[dict[str, object], list[Bar]]:
    """One run on SQLite: figures and bars. ``deaths``: how often the receiver is killed and comes back."""
    with tempfile.TemporaryDirectory() as folder:
        place = workspace(Path(folder), database_url=f"sqlite:///{folder}/roadworthy.sqlite")
        deployment = open_deployment(place)
        try:
            return _run(deployment, place, effects, workers, deaths, kill_worker, seed, deadline_s)
        finally:
            deployment.store.close()


def _run(
    deployment: Deployment,
    place: Workspace,
    effects: int,
    workers: int,
    deaths: int,
    kill_worker: bool,
    seed: int,
    deadline_s: float,
) -> tuple[dict[str, object], list[Bar]]:
    who = _in_production(deployment, place)
    for number in range(effects // EACH):
        submit(deployment, who, USE_CASE, f"C-{number:06}", {"text": "x"})
    port, log = _free_port(), place.home / "felt.log"
    began, cpu_before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    receiver, crew = _receiver(port, log, seed), [_worker(place, port) for _ in range(workers)]
    kills = {"receiver": 0, "worker": 0}
    try:
        while time.monotonic() - began < deadline_s:
            time.sleep(0.25)
            felt = log.read_bytes().count(b"\n") if log.exists() else 0
            if kills["receiver"] < deaths and felt > effects * (kills["receiver"] + 1) / (deaths + 2):
                _kill(receiver)
                kills["receiver"] += 1
                time.sleep(1.0)
                receiver = _receiver(port, log, seed + kills["receiver"])
            if kill_worker and not kills["worker"] and felt > effects / 3:
                _kill(crew[0])
                kills["worker"] = 1
                crew[0] = _worker(place, port)
            if felt >= effects * 0.9 and not _under_way(deployment):
                break
    finally:
        seconds = time.monotonic() - began
        for process in crew:
            process.send_signal(signal.SIGTERM)
        for process in crew:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                _kill(process)
        cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
        # The receiver is ended last: its own time is not the workers'.
        _kill(receiver)
    spent = cpu.ru_utime + cpu.ru_stime - cpu_before.ru_utime - cpu_before.ru_stime
    counted = _count(deployment, log)
    sequence_all(deployment)
    figures: dict[str, object] = {
        "effects": effects, "workers": workers, "seconds": round(seconds, 1),
        "worker_cpu_ms_per_effect": round(1000 * spent / effects, 2), **kills, **counted,
    }  # fmt: skip
    bars = [
        at_most("native: not felt exactly once", counted["native_missing"] + counted["native_doubled"], 0),
        at_most("lookup: not felt exactly once", counted["lookup_missing"] + counted["lookup_doubled"], 0),
        at_most("none: felt more than once", counted["none_doubled"], 0),
        at_most("none: not sure and not before a person", counted["none_hidden"], 0),
        at_most("effects lost", effects - counted["known"], 0),
        at_most("effects still under way", counted["under_way"], 0),
    ]
    return figures, bars


def _in_production(deployment: Deployment, place: Workspace) -> Principal:
    data = place.data / USE_CASE
    data.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(data / "target.sqlite") as target:
        target.execute("create table felt (idempotency_key text primary key, case_key text not null)")
    target.close()
    who = access.first_account(deployment, id_="bench", name="bench")
    in_production(
        deployment, who, HERE / "hostile" / "usecase", effects=tuple(f"target.{kind}" for kind in KINDS)
    )
    return who


def _under_way(deployment: Deployment) -> bool:
    with deployment.store.read() as tx:
        store = deployment.store
        # People are asked in a transaction of its own, after the effect has come to its end.
        states = {state for stage, state, _ in store.cases.counts(tx, USE_CASE) if stage == "production"}
        if states & {State.OPEN, State.DELIVERING}:
            return True
        if any(store.effects.in_state(tx, state, limit=1) for state in _MOVING):
            return True
        return any(
            one.due_at is not None for one in store.effects.in_state(tx, EffectState.UNKNOWN, limit=1_000)
        )


def _count(deployment: Deployment, log: Path) -> dict[str, int]:
    felt = Counter(line.split()[1] for line in log.read_text().splitlines())
    every: list[EffectRecord] = []
    asked: set[str] = set()
    with deployment.store.read() as tx:
        after = ""
        while True:
            page = deployment.store.effects.list(tx, USE_CASE, after=after, limit=1_000)
            every += page.rows
            after = page.after
            if not after:
                break
        while True:
            reviews = deployment.store.reviews.open(tx, USE_CASE, after=after, limit=500)
            asked |= {
                one.effect
                for one in reviews.rows
                if one.kind is ReviewKind.UNCLEAR and one.state is ReviewState.OPEN
            }
            after = reviews.after
            if not after:
                break
    found: dict[str, int] = {"known": len(every)}
    for kind in KINDS:
        of_kind = [one for one in every if one.tool == f"target.{kind}"]
        found[f"{kind}_doubled"] = sum(felt[one.key] > 1 for one in of_kind)
        found[f"{kind}_missing"] = sum(
            felt[one.key] != 1 for one in of_kind if one.state is EffectState.CONFIRMED or kind != "none"
        ) - (found[f"{kind}_doubled"] if kind != "none" else 0)
        found[f"{kind}_unknown"] = sum(one.state is EffectState.UNKNOWN for one in of_kind)
        found[f"{kind}_dead"] = sum(one.state is EffectState.DEAD for one in of_kind)
    none = [one for one in every if one.tool == "target.none" and one.state is not EffectState.CONFIRMED]
    found["none_hidden"] = sum(
        one.id not in asked or (felt[one.key] > 0 and one.state is not EffectState.UNKNOWN) for one in none
    )
    found["attempts"] = sum(one.attempts for one in every)
    found["under_way"] = sum(
        one.state in _MOVING or (one.state is EffectState.UNKNOWN and one.due_at is not None)
        for one in every
    )
    return found


def _receiver(port: int, log: Path, seed: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(HERE / "hostile" / "receiver.py"), str(port), str(log), str(seed)]
    )


def _worker(place: Workspace, port: int) -> subprocess.Popen[bytes]:
    said = None if "ROADWORTHY_BENCH_LOUD" in os.environ else subprocess.DEVNULL
    return subprocess.Popen(
        [
            sys.executable,
            str(HERE / "hostile" / "worker.py"),
            str(place.home),
            place.database_url,
            str(port),
        ],
        stderr=said,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def main() -> int:
    options = arguments("effects through a hostile receiver").parse_args()
    figures, bars = measure(1_000 if options.quick else 10_000)
    return report("effects through a hostile receiver are felt once", figures, bars, packages=("dbos",))


if __name__ == "__main__":
    sys.exit(main())
