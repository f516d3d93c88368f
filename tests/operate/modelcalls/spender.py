"""Processes that reserve and settle until nothing is left, and the one that kills them and adds up.

Each process writes to a log outside of the database before a call is sent, and after it came back: what it says
is what models were really paid, whatever the database believes.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import SimpleQueue

from tests.measure.suites.place import deployment_over

from roadworthy.adapters.sql import SqlStore, open_engine
from roadworthy.ledger import decode
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls.leases import Answer, Reservation
from roadworthy.operate.modelcalls.metering import Meter
from roadworthy.quantities import Cost
from roadworthy.testing.fixed import FixedClock, SeededEntropy
from roadworthy.usage import Call, Ending, Level, Node, Tokens, Wire

AT = datetime(2026, 3, 4, tzinfo=UTC)
UNDER_WAY = 8
TTL_S = 2.0
PATIENCE_S = 60.0


def opened(url: str, seed: int) -> Deployment:
    store = SqlStore(open_engine(url, pool_size=4, busy_timeout_s=30.0))
    return deployment_over(store, None, FixedClock(AT), SeededEntropy(seed))  # type: ignore[arg-type]


def paths(limit: int) -> list[tuple[Node, ...]]:
    """Two use cases below one platform, each with some keys. What is below allows more than what is above."""
    return [
        (
            Node("platform@2026-03", Level.PLATFORM, limit),
            Node(f"use_case:u{use_case}@2026-03", Level.USE_CASE, limit * 7 // 10),
            Node(f"key:{use_case}{key}@2026-03", Level.KEY, limit * 4 // 10),
        )
        for use_case in range(2)
        for key in range(2)
    ]


def a_call(id_: str, path: Sequence[Node], *, reserved: int, cost: int) -> Call:
    return Call(
        id=id_, at=AT, use_case=path[1].id if len(path) > 1 else "", version="", stage="", key=path[-1].id, case="",
        step="", wire=Wire.CHAT, task="", model="", ending=Ending.ANSWERED, status=200, tokens=Tokens(),
        estimated=False, reserved=reserved, cost=cost, attempts=1, tool_calls=0, millis=1, price="",
    )  # fmt: skip


def spend(url: str, log: str, seed: int, limit: int, part: int) -> None:
    """Call until everything is refused. A call reserves up to a ``part``-th, and costs nothing to all of it."""
    chance, deployment = random.Random(seed), opened(url, seed)
    choice, refused, number = paths(limit), set[int](), 0
    meter = Meter(deployment, owner=str(seed), flush_s=0.01, ttl_s=TTL_S)
    meter.start()
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    under_way: list[tuple[str, int, Reservation]] = []
    answers: SimpleQueue[Answer] = SimpleQueue()
    while len(refused) < len(choice) or under_way:
        which = chance.randrange(len(choice))
        if which not in refused and len(under_way) < UNDER_WAY:
            amount = chance.randint(limit // part // 10, limit // part)
            held = meter.reserve(choice[which], amount, answers.put) or answers.get(timeout=PATIENCE_S)
            if isinstance(held, Reservation):
                number += 1
                id_ = f"{seed}-{number:06}"
                os.write(file, f"sent {id_} {which} {amount}\n".encode())
                under_way.append((id_, which, held))
                continue
            refused.add(which)
        if under_way:
            id_, which, held = under_way.pop(chance.randrange(len(under_way)))
            cost = chance.randint(0, held.amount)
            os.write(file, f"done {id_} {which} {cost}\n".encode())
            meter.settle(held, a_call(id_, choice[which], reserved=held.amount, cost=cost))
    meter.stop()
    deployment.store.close()


@dataclass(frozen=True)
class Found:
    """What was counted: by budget what models were paid at most, what is spent, and what its parts add up to."""

    kills: int
    calls: int
    limits: dict[str, int]
    paid: dict[str, int]
    spent: dict[str, int]
    held: dict[str, int]
    rows: dict[str, int]
    ledger: dict[str, int]
    unattributed: dict[str, int]

    @property
    def overshoot(self) -> int:
        """The most that any budget was passed by, of what was paid or of what is booked."""
        return max(
            max(self.paid.get(id_, 0), self.spent.get(id_, 0)) - most for id_, most in self.limits.items()
        )


def kill_at_random(
    url: str, folder: Path, *, processes: int, kills: int, limit: int, part: int, seed: int
) -> Found:
    """Some processes, killed at random moments and replaced, until everything is spent; then what is left is counted."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.operate.modelcalls.spender"])
    chance, log = random.Random(seed), folder / "paid.log"
    log.touch()
    running: list[BaseProcess] = []
    begun = killed = 0
    while begun < processes + kills or running:
        while len(running) < processes and begun < processes + kills:
            begun += 1
            one = context.Process(target=spend, args=(url, str(log), 1_000 * seed + begun, limit, part))
            one.start()
            running.append(one)
        if killed < kills and any(one.is_alive() for one in running):
            before, deadline = log.stat().st_size, time.monotonic() + 10
            while (
                log.stat().st_size < before + 400
                and time.monotonic() < deadline
                and any(one.is_alive() for one in running)
            ):
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.05))
            victim = chance.choice(running)
            if victim.is_alive() and victim.pid is not None:
                os.kill(victim.pid, signal.SIGKILL)
                killed += 1
            victim.join()
        else:
            running[0].join()
        for one in running:
            if one.exitcode not in {None, 0, -signal.SIGKILL}:
                raise RuntimeError(f"a process failed with {one.exitcode}")
        running = [one for one in running if one.is_alive()]
    return _counted(url, log, limit, kills=killed)


def _counted(url: str, log: Path, limit: int, *, kills: int) -> Found:
    deployment = opened(url, 999)
    choice = paths(limit)
    limits = {node.id: node.limit for path in choice for node in path}
    meter = Meter(deployment, owner="recovery", ttl_s=TTL_S)
    meter.start()
    deadline = time.monotonic() + PATIENCE_S
    while any(_standing(deployment, limits)[1].values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    meter.stop()
    spent, held = _standing(deployment, limits)
    sent: dict[str, tuple[int, int]] = {}
    for line in log.read_text().splitlines():
        _, id_, which, amount = line.split()
        sent[id_] = (int(which), int(amount))
    paid: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    calls = 0
    for which, amount in sent.values():
        for node in choice[which]:
            paid[node.id] += amount
    with deployment.store.read() as tx:
        unattributed = dict(deployment.store.metering.unattributed(tx, list(limits)))
        ledger: Counter[str] = Counter()
        sequence_all(deployment)
    for entry in deployment.store.ledger.entries():
        event = decode(entry.event)
        charged = event.data["charged"]
        assert isinstance(charged, dict)
        for id_, cost in charged.items():
            ledger[id_] += Cost.parse(cost).nano
        if event.kind == "calls.settled":
            with deployment.store.read() as tx:
                for call in deployment.store.metering.of_batch(tx, event.about["batch"]):
                    calls += 1
                    for id_ in (choice[0][0].id, call.use_case, call.key):
                        rows[id_] += call.cost
    deployment.store.close()
    return Found(kills, calls, limits, dict(paid), spent, held, dict(rows), dict(ledger), unattributed)


def _standing(deployment: Deployment, ids: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    with deployment.store.read() as tx:
        found = deployment.store.metering.standing(tx, list(ids))
    return {id_: one.spent for id_, one in found.items()}, {id_: one.held for id_, one in found.items()}
