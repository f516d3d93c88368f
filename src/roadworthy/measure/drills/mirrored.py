"""The environment of a drill, and what all drills do in it: put a release in charge, send cases, wait."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.review import ReviewKind, Verdict
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem, Refused, RoadworthyError, Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import check_input, submit
from roadworthy.operate.reviewing import decide_review
from roadworthy.ports.rehearsing import Crew, Outages, Witness, WorkerProcess
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import Share
from roadworthy.release import Release
from roadworthy.stage import Stage

ACTOR = Principal(
    "drill",
    "a drill",
    Kind.PERSON,
    frozenset({Role.OPERATOR, Role.OWNER, Role.REVIEWER, Role.RISK_OFFICER, Role.CLIENT}),
)
"""Acts in mirrored environments only: no account of this name is ever made."""

LOOK_S = 0.1
MOST_INPUTS = 500
_PAGE = 200
Progress = Callable[[str, int, int], None]
"""Told what is done, how much of it, and of how much."""


def silent(_what: str, _done: int, _of: int) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A copy of an installation, with workers of its own. ``simulated`` names every part that is not real.

    ``outages`` is there where a drill asked for parts that can go away.
    """

    deployment: Deployment
    crew: Crew
    witness: Witness
    simulated: tuple[str, ...]
    outages: Outages | None = None


def crew_of(mirror: Mirrored, workers: int, progress: Progress) -> list[WorkerProcess]:
    """So many workers, started one after the other."""
    crew = []
    for number in range(workers):
        progress("workers start", number, workers)
        crew.append(mirror.crew.start())
    return crew


def in_charge(mirror: Mirrored, release: Release) -> Release:
    """Give all live cases of the use case to this release, without asking the gate: it is a copy.

    Errors: ``Refused`` RW-DRILL-007 while the use case or the release is stopped.
    """
    deployment = mirror.deployment
    with deployment.store.write() as tx:
        for other in deployment.store.releases.rollout(tx, release.use_case, lock=True).releases:
            stage = Stage.PRODUCTION if other.digest == release.digest else Stage.RETIRED
            share = Share(1.0) if stage is Stage.PRODUCTION else Share(0.0)
            deployment.store.releases.save(
                tx, replace(other, stage=stage, share=share, stage_since=deployment.now(), fit_until=None)
            )
    deployment.clearance.forget()
    stopped = deployment.clearance.why_not(f"use_case:{release.use_case}", f"release:{release.digest}")
    if stopped:
        raise Refused(
            "RW-DRILL-007",
            f"nothing can be drilled while it is stopped: {stopped}",
            hint="`roadworthy stops` tells who stopped it",
        )
    with deployment.store.read() as tx:
        return deployment.store.releases.rollout(tx, release.use_case).find(release.digest)


def recorded_inputs(deployment: Deployment, use_case: str, charter: Charter) -> list[Mapping[str, object]]:
    """Inputs of the newest cases that this charter takes: the recorded mix. What was erased is left out.

    Errors: ``InputProblem`` RW-DRILL-002 where there is none.
    """
    found: list[Mapping[str, object]] = []
    seen: set[str] = set()
    after = ""
    while len(found) < MOST_INPUTS:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(tx, use_case, after=after, limit=_PAGE)
            gone = deployment.vault.erased(tx, [case.subject for case in page.rows])
            for case in page.rows:
                if case.key in seen or case.subject in gone:
                    continue
                seen.add(case.key)
                data = deployment.vault.open(tx, case.input)
                if not check_input(charter, data):
                    found.append(data)
        after = page.after
        if not after:
            break
    if not found:
        raise InputProblem(
            "RW-DRILL-002",
            Problem(f"no recorded case of `{use_case}` fits its charter: a drill replays recorded ones"),
            hint="`roadworthy gate USE_CASE --measure --labelled FILE.csv` pilots labelled cases; then there are some",
        )
    return found[:MOST_INPUTS]


class Traffic:
    """Cases of one drill: recorded inputs, drawn by lot, under keys of their own."""

    def __init__(self, mirror: Mirrored, release: Release, *, seed: int) -> None:
        self._deployment = mirror.deployment
        self._use_case = release.use_case
        charter = mirror.deployment.loader.charter(release.digest)
        self.inputs = recorded_inputs(mirror.deployment, release.use_case, charter)
        self.random = random.Random(seed)  # noqa: S311 - a seeded order, not a secret
        self.prefix = f"drill-{mirror.deployment.new_id()}-"
        self.keys: list[str] = []
        self.sent: dict[str, Mapping[str, object]] = {}
        """What each case of this drill was handed in with, by its key."""

    def send(self, count: int = 1, *, drawn: Callable[[], Mapping[str, object]] | None = None) -> list[str]:
        """Hand in so many cases, recorded inputs by lot unless ``drawn`` gives others; returns their keys."""
        keys = [f"{self.prefix}{len(self.keys) + number:06}" for number in range(count)]
        for key in keys:
            self.sent[key] = drawn() if drawn else self.random.choice(self.inputs)
            submit(self._deployment, ACTOR, self._use_case, key, self.sent[key])
            self.keys.append(key)
        return keys

    def cases(self) -> list[CaseRecord]:
        """All cases of this drill as they stand, shadow runs left out."""
        return list(self._pages())

    def left(self) -> int:
        """How many are still worked on: neither over nor waiting for a person."""
        return len(self.keys) - sum(settled(case) for case in self._pages())

    def _pages(self) -> Iterator[CaseRecord]:
        after = ""
        while True:
            with self._deployment.store.read() as tx:
                page = self._deployment.store.cases.list(
                    tx, self._use_case, twin="", key_starts=self.prefix, after=after, limit=_PAGE
                )
            yield from page.rows
            after = page.after
            if not after:
                return


def settled(case: CaseRecord) -> bool:
    """Nothing happens to it by itself any more."""
    return case.state in {State.CLOSED, State.WAITING}


def await_settled(
    traffic: Traffic,
    *,
    within_s: float,
    progress: Progress,
    what: str,
    meanwhile: Callable[[], object] = lambda: None,
) -> bool:
    """Wait until every case is settled; False if some are not in time."""
    until = time.monotonic() + within_s
    while True:
        meanwhile()
        left = traffic.left()
        progress(what, len(traffic.keys) - left, len(traffic.keys))
        if not left:
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(LOOK_S)


def must_settle(traffic: Traffic, *, within_s: float, progress: Progress, what: str) -> None:
    """Wait until every case is settled. Errors: ``Unavailable`` RW-DRILL-016 if some are not in time."""
    if not await_settled(traffic, within_s=within_s, progress=progress, what=what):
        raise Unavailable(
            "RW-DRILL-016",
            f"{traffic.left()} of {len(traffic.keys)} cases of the drill no longer move",
            retry_is_safe=True,
            hint="`roadworthy doctor`; work some cases by hand and see what stops them",
        )


def answer_effects(mirror: Mirrored, cases: Sequence[CaseRecord]) -> int:
    """Approve what people are asked about these cases, so that effects leave; returns how many were.

    What a policy refuses even then stays with people.
    """
    store = mirror.deployment.store
    approved = 0
    for case in cases:
        if case.state is not State.WAITING:
            continue
        with store.read() as tx:
            reviews = [one for one in store.reviews.of_case(tx, case.id) if one.state == "open"]
        for review in reviews:
            if review.kind is not ReviewKind.EFFECT:
                continue
            try:
                decide_review(
                    mirror.deployment,
                    ACTOR,
                    review.id,
                    Verdict.APPROVE,
                    seen=review.proposal,
                    reason="drill",
                )
                approved += 1
            except RoadworthyError:
                continue
    return approved
