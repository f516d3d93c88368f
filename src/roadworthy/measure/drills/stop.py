"""The stop drill under load: the switch is thrown while several processes work, and what still moves is seen."""

from __future__ import annotations

import time

from roadworthy.errors import Unavailable
from roadworthy.measure.drills.mirrored import Mirrored, Progress, Traffic, await_settled, in_charge, silent
from roadworthy.measure.fact import Fact
from roadworthy.operate.stopping import LOOK_S, obedience, rehearsed_stop
from roadworthy.principal import Principal
from roadworthy.release import Release

WITHIN_S = 15.0
AFTERWARDS_S = 2.0
"""So long after the last word of obedience nothing may move any more."""
BEHIND = 150
"""So many cases wait for each worker: none of them is out of work when the switch is thrown."""


def stop_under_load(
    mirror: Mirrored,
    principal: Principal,
    release: Release,
    *,
    workers: int = 4,
    seed: int = 7,
    progress: Progress = silent,
) -> tuple[Fact, ...]:
    """Seconds until every worker said that it obeys, and until the last of them began anything at all.

    Errors: ``Unavailable`` RW-DRILL-001 where a worker does not obey, RW-DRILL-010 where none was at work.
    """
    release = in_charge(mirror, release)
    traffic = Traffic(mirror, release, seed=seed)
    crew = []
    for number in range(workers):
        progress("workers start", number, workers)
        traffic.send(BEHIND)
        crew.append(mirror.crew.start())
    names = {worker.name for worker in crew}
    _await_work(mirror, traffic, {worker.pid for worker in crew})
    progress("the switch is thrown", 0, workers)
    with rehearsed_stop(mirror.deployment, principal, release.use_case) as thrown:
        left = traffic.left()
        obeyed: dict[str, int] = {}
        until = time.monotonic() + WITHIN_S
        while not names <= obeyed.keys() and time.monotonic() < until:
            time.sleep(LOOK_S)
            with mirror.deployment.store.read() as tx:
                obeyed = dict(obedience(mirror.deployment, tx, thrown).obeyed)
            progress("workers obey", len(names & obeyed.keys()), workers)
        time.sleep(AFTERWARDS_S)
    if not names <= obeyed.keys() or not left:
        for worker in crew:
            worker.kill()
        raise Unavailable(
            "RW-DRILL-001" if left else "RW-DRILL-010",
            "not every worker acknowledged the stop" if left else "all work was done before the stop",
            retry_is_safe=True,
            hint="look for a worker that hangs" if left else "run it again",
        )
    thrown_at = thrown.stopped_at.timestamp()
    over = thrown_at + max(obeyed[name] for name in names) / 1000 + AFTERWARDS_S
    seen = [one for one in mirror.witness.sightings() if thrown_at < one.at <= over]
    last = max((one.at - thrown_at for one in seen), default=0.0)
    sent = max((one.at - thrown_at for one in seen if one.word != "step"), default=0.0)
    # What was parked goes on once the stop is lifted: a stop must not lose anything either.
    done = await_settled(traffic, within_s=120, progress=progress, what="work goes on")
    lost = 0 if done else traffic.left()
    for worker in crew:
        worker.end()
    return (
        Fact(
            kind="operation.stop_seconds", value=max(obeyed[name] for name in names) / 1000, unit="seconds",
            n=workers, method="switch thrown under load in a mirrored environment, seconds until every worker acknowledged",
            inputs=thrown.id, simulated=mirror.simulated,
            detail={name: obeyed[name] for name in sorted(names)},
        ),
        Fact(
            kind="operation.stop_last_seconds", value=last, unit="seconds", n=workers,
            method="switch thrown under load, seconds until the last step or effect of any worker began",
            inputs=thrown.id, simulated=mirror.simulated,
            detail={"begun_after_the_stop": len(seen), "last_effect_seconds": round(sent, 3),
                    "cases_left_when_thrown": left, "cases_not_gone_on": lost},
        ),
    )  # fmt: skip


def _await_work(mirror: Mirrored, traffic: Traffic, processes: set[int]) -> None:
    """Until each of them begins something, with more work behind it."""
    since, until = time.time(), time.monotonic() + 60
    while time.monotonic() < until:
        traffic.send(10 * len(processes))
        if processes <= {one.process for one in mirror.witness.sightings() if one.at >= since}:
            return
