#!/usr/bin/env python3
"""Ten thousand open reviews: what they cost a worker, and whether they survive a deployment.

A worker is a process of its own: its memory and its CPU while it waits are read without open reviews and with all of
them. Then a new release goes into production, workers are started anew, and a sample is decided by a person: every
effect of the old release leaves once, and nothing is lost.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_case import USE_CASE, set_up
from report import Bar, arguments, at_least, at_most, report, show

from roadworthy.casework.case import State
from roadworthy.casework.review import ReviewKind, Verdict
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.building import build_from_folder
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import begin, submit
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.reviews.listing import count_inbox, list_inbox
from roadworthy.operate.work import Worker
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import Share
from roadworthy.stage import Stage
from roadworthy.wiring import Workspace, folder_files, open_deployment, workspace

HERE = Path(__file__).resolve().parent
SHOP = Principal("shop", "Shop", Kind.SERVICE, frozenset({Role.CLIENT}))
VERA = Principal("vera", "Vera", Kind.PERSON, frozenset({Role.REVIEWER}))
SETTLE_S = 6.0
MOST_MIB = 2.0
"""Two starts of the same worker differ by about one MiB."""


def measure(reviews: int = 10_000, *, effects: int = 100) -> tuple[dict[str, object], list[Bar]]:
    """Figures and bars; ``effects`` of the reviews are about effects that wait to leave."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        place = workspace(home)
        deployment = open_deployment(place)
        release = _prepare(deployment, place)
        # Without open reviews, and with the same release in production: only they may make the difference.
        _say("a worker without open reviews")
        empty = _worker(home)
        _say(f"{effects} effects that wait for a person")
        _ask_about_effects(deployment, home, effects)
        _say(f"{reviews - effects} cases that people do")
        began = time.process_time()
        _ask_for_work(deployment, reviews - effects)
        opening_us = (time.process_time() - began) * 1e6 / max(1, reviews - effects)
        # What opening them wrote into the books is sequenced by whoever runs then; here it is what waits that counts.
        sequence_all(deployment)
        _say("a worker with all of them")
        full = _worker(home)
        before = count_inbox(deployment, VERA).all
        _deploy(deployment, place, release)
        began = time.process_time()
        page = list_inbox(deployment, VERA, "free", limit=50)
        listing_ms = (time.process_time() - began) * 1e3
        after = count_inbox(deployment, VERA).all
        _say("a sample is decided")
        left = _decide_sample(deployment, home, effects)
        deployment.store.close()
    figures: dict[str, object] = {
        "open reviews": before,
        "worker MiB without": round(empty["mib"], 1),
        "worker MiB with all": round(full["mib"], 1),
        "idle CPU ms a second without": round(empty["cpu_ms"], 1),
        "idle CPU ms a second with all": round(full["cpu_ms"], 1),
        "CPU us to open one": round(opening_us),
        "CPU ms of a page of 50": round(listing_ms, 1),
        "rows of that page": len(page.rows),
    }
    bars = [
        at_least("open reviews", before, reviews),
        at_most("worker MiB for all of them", full["mib"] - empty["mib"], MOST_MIB),
        at_most("reviews lost by a deployment", before - after, 0),
        at_most("decided effects of the old release that did not leave once", left, 0),
    ]
    return figures, bars


def _say(what: str) -> None:
    """Where it is, beside the figures: on a busy machine a step takes minutes."""
    print(what, file=sys.stderr, flush=True)


def _prepare(deployment: Deployment, place: Workspace) -> str:
    """The use case in production; its certificate is suspended, so that every effect waits for a person."""
    _, release = set_up(deployment, place)
    with deployment.store.write() as tx:
        for who in (SHOP, VERA):
            deployment.store.people.add(tx, who)
        for one in deployment.store.evidence.certificates(tx, USE_CASE, release=release.digest):
            deployment.store.evidence.suspend(tx, one.id, at=deployment.now(), reason="people look")
    return str(release.digest)


def _ask_about_effects(deployment: Deployment, home: Path, count: int) -> None:
    for number in range(count):
        submit(deployment, SHOP, USE_CASE, f"E-{number}", {"text": "x"})
    _worker(home, until=f"reviews {count}")


def _ask_for_work(deployment: Deployment, count: int) -> None:
    """Cases that people do: no segment runs for them, a review is all there is."""
    with deployment.store.read() as tx:
        release = deployment.store.releases.rollout(tx, USE_CASE).releases[0]
    charter = deployment.loader.charter(release.digest)
    for start in range(0, count, 500):
        with deployment.store.write() as tx:
            for number in range(start, min(count, start + 500)):
                begin(
                    deployment, tx, charter, key=f"W-{number}", data={"text": "x"}, subject="",
                    release=None, probability=1.0, actor="shop",
                )  # fmt: skip


def _deploy(deployment: Deployment, place: Workspace, before: str) -> None:
    """A second release takes over; what the first has in hand it may finish."""
    files = dict(folder_files(HERE.parent / "bench_case" / "usecase"))
    files["workflow.py"] = files["workflow.py"] + b"\n# the next release\n"
    with deployment.store.read() as tx:
        who = deployment.store.people.get(tx, "bench")
    assert who is not None
    built = build_from_folder(deployment, who, files)
    now = deployment.now()
    with deployment.store.write() as tx:
        rollout = deployment.store.releases.rollout(tx, USE_CASE)
        newer = replace(
            rollout.find(built.digest), stage=Stage.PRODUCTION, share=Share(1.0), stage_since=now
        )
        older = replace(
            rollout.find(before), stage=Stage.RETIRED, stage_since=now, fit_until=now + timedelta(days=7)
        )
        deployment.store.releases.save(tx, older)
        deployment.store.releases.save(tx, newer)
    deployment.clearance.forget()


def _decide_sample(deployment: Deployment, home: Path, effects: int) -> int:
    """Approve all effects and do as much work by hand; how many of the effects did not leave exactly once."""
    work = effects
    after = ""
    approved: list[str] = []
    while True:
        page = list_inbox(deployment, VERA, "free", after=after, limit=200)
        for review in page.rows:
            if review.kind is ReviewKind.EFFECT:
                decide_review(deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
                approved.append(review.case)
            elif work > 0:
                decide_review(deployment, VERA, review.id, Verdict.DONE, seen=review.proposal)
                work -= 1
        after = page.after
        if not after:
            break
    _worker(home, until="delivered")
    with deployment.store.read() as tx:
        cases = [deployment.store.cases.get(tx, one) for one in approved]
        states = [
            [effect.state for effect in deployment.store.effects.of_case(tx, one)] for one in approved
        ]
    closed = sum(
        case is not None and case.state is State.CLOSED and found == ["confirmed"]
        for case, found in zip(cases, states, strict=True)
    )
    return effects - closed


def _worker(home: Path, *, until: str = "settled") -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), "worker", str(home), until],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def work(home: Path, until: str) -> None:
    """One worker, until it was idle for a while, so many reviews are open, or no case is on its way."""
    place = workspace(home)
    deployment = open_deployment(place)
    worker = Worker(deployment, name="bench")
    worker.start()
    deadline = time.monotonic() + 600
    if until == "settled":
        time.sleep(SETTLE_S)
    while until != "settled" and time.monotonic() < deadline and not _is_there(deployment, until):
        time.sleep(0.2)
    gc.collect()
    cpu, began = time.process_time(), time.monotonic()
    time.sleep(2.0)
    cpu_ms = (time.process_time() - cpu) * 1e3 / (time.monotonic() - began)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    # Its own memory: pages of libraries and of the database's shared files belong to every process.
    kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))
    worker.stop(grace_s=10)
    deployment.store.close()
    print(json.dumps({"mib": kib / 1024, "cpu_ms": cpu_ms}))


def _is_there(deployment: Deployment, until: str) -> bool:
    with deployment.store.read() as tx:
        if until.startswith("reviews "):
            return deployment.store.reviews.count_open(tx) >= int(until.removeprefix("reviews "))
        counts = deployment.store.cases.counts(tx, USE_CASE)
        # Of the cases with a release none waits or is delivered any more.
        return not any(
            n for (stage, state, _), n in counts.items() if stage == "production" and state != "closed"
        )


def main() -> int:
    """Print the figures; the last line is JSON."""
    if sys.argv[1:2] == ["worker"]:
        work(Path(sys.argv[2]), sys.argv[3])
        return 0
    options = arguments(__doc__ or "").parse_args()
    figures, bars = measure(1_000 if options.quick else 10_000, effects=20 if options.quick else 100)
    if not options.json:
        show(figures, width=38)
    return report("reviews", figures, bars, packages=("dbos",))


if __name__ == "__main__":
    sys.exit(main())
