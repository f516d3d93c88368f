"""The rollout over a real database: promote, abort, go back, restarts, late metrics, two processes at once."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.operate import flows
from tests.operate.lane import lane, stepped
from tests.operate.office import BEN, CHARTER, RITA, SHOP, Office

from roadworthy.adapters.sql import SqlStore, open_engine, upgrade
from roadworthy.casework.case import State
from roadworthy.errors import Conflict, InputProblem, Refused
from roadworthy.operate.clearance import Clearance
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.outcomes import record_outcome
from roadworthy.operate.rollout import abort_release, back_to_previous, look_at_canary, promote_release
from roadworthy.operate.stopping import read_stopped
from roadworthy.operate.verdicts import waive
from roadworthy.release import Rollout
from roadworthy.stage import ENDED, ROAD, Stage

NAMES = ("r1", "r2", "r3")


class StoreMachine(RuleBasedStateMachine):
    """``first`` and ``second`` are two processes: each with connections and a clearance of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.office = lane(Path(self.folder.name))
        charter = stepped("    advance: automatic\n").replace("min_cases: 20", "min_cases: 1")
        begun = {1: (Stage.PRODUCTION, 1.0), 2: (Stage.SHADOW, 0.0), 3: (Stage.DRAFT, 0.0)}
        for number, (stage, share) in begun.items():
            self.office.release(
                flows.reply, number=number, stage=stage, share=share, charter=f"{charter}\n# {number}"
            )
        waive(
            self.office.deployment, RITA, "desk", "release.canary_step", "", asked_by="ben", reason="test",
            valid_for=timedelta(days=90),
        )  # fmt: skip
        promote_release(self.office.deployment, BEN, "desk", "r2", Stage.CANARY)
        self.extra: list[SqlStore] = []
        self.processes = [self.office.deployment, self._process()]
        self.halted: set[str] = set()
        self.keys = 0

    def _process(self) -> Deployment:
        store = SqlStore(open_engine(self.office.address))
        self.extra.append(store)
        clock = self.office.clock
        return replace(
            self.office.deployment, store=store, clearance=Clearance(lambda: read_stopped(store), clock)
        )

    def teardown(self) -> None:
        for store in (*self.extra, self.office.store):
            store.close()
        self.folder.cleanup()

    @property
    def rollout(self) -> Rollout:
        with self.office.store.read() as tx:
            return self.office.store.releases.rollout(tx, "desk")

    @rule(which=st.integers(0, 1))
    def restart(self, which: int) -> None:
        self.processes[which] = self._process()

    @rule(which=st.integers(0, 1), name=st.sampled_from(NAMES), ahead=st.integers(0, 1))
    def promote(self, which: int, name: str, ahead: int) -> None:
        before = self.rollout.named(name)
        place = ROAD.index(before.stage) if before.stage in ROAD else 0
        to = ROAD[min(place + ahead, len(ROAD) - 1)]
        try:
            promote_release(self.processes[which], BEN, "desk", name, to)
        except (Refused, InputProblem):
            return
        assert before.stage not in ENDED

    @rule(which=st.integers(0, 1), name=st.sampled_from(NAMES))
    def abort(self, which: int, name: str) -> None:
        abort_release(self.processes[which], BEN, "desk", name, reason="bad")
        assert self.rollout.named(name).stage in ENDED

    @rule(which=st.integers(0, 1))
    def back(self, which: int) -> None:
        previous = self.rollout.previous(self.office.clock.now())
        try:
            back_to_previous(self.processes[which], BEN, "desk", reason="slow")
        except Refused:
            assert previous is None

    @rule(which=st.integers(0, 1))
    def look(self, which: int) -> None:
        look_at_canary(self.processes[which], "desk")

    @rule(confidence=st.sampled_from(["0.95", "0.5"]))
    def submit(self, confidence: str) -> None:
        self.keys += 1
        self.office.submit(f"K-{self.keys}", f"refund {confidence}")

    @rule()
    def work(self) -> None:
        self.office.work()

    @rule(hours=st.integers(1, 24 * 4))
    def time_passes(self, hours: int) -> None:
        self.office.later(hours=hours)

    @rule(data=st.data(), which=st.integers(0, 1), right=st.booleans())
    def late_metric(self, data, which: int, right: bool) -> None:
        if not self.keys:
            return
        key = f"K-{data.draw(st.integers(1, self.keys))}"
        truth = "refund" if right else "other"
        try:
            record_outcome(self.processes[which], SHOP, "desk", key, truth=truth, source="desk")
        except Conflict:
            return  # not decided yet

    @invariant()
    def abort_has_won_for_good(self) -> None:
        rollout = self.rollout
        held = Counter(release.stage for release in rollout.releases)
        assert all(held[one] <= 1 for one in (Stage.SHADOW, Stage.CANARY, Stage.PRODUCTION))
        assert all(rollout.find(digest).stage is Stage.HALTED for digest in self.halted)
        self.halted |= {one.digest for one in rollout.releases if one.stage is Stage.HALTED}
        for deployment in self.processes:
            deployment.clearance.forget()
            for digest in self.halted:
                assert deployment.clearance.why_not(f"release:{digest}")

    @invariant()
    def no_case_is_lost(self) -> None:
        """After all work is done, nobody is left on a release that was halted, but for people to look at."""
        if not self.keys:
            return
        office = self.office
        if any(one.due <= office.clock.now() for one in office.engine._waiting):
            return
        for number in range(1, self.keys + 1):
            case = office.case(f"K-{number}")
            if case.release in self.halted and case.state is not State.CLOSED:
                assert case.state is State.WAITING
                assert any(review.state == "open" for review in office.reviews(f"K-{number}"))
            assert case.state is not State.PARKED
        assert not office.engine.dead


StoreMachine.TestCase.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStoreMachine = StoreMachine.TestCase


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_abort_wins_a_race_with_promotion_whoever_is_first(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Two processes at once: one leads the release into production, the other halts it."""
    office: Office = lane(tmp_path)
    if kind == "postgres":
        office.address = request.getfixturevalue("postgres_url")
        engine = open_engine(office.address)
        upgrade(engine)
        engine.dispose()
        office.store.close()
        office.store = SqlStore(open_engine(office.address))
        office.deployment = replace(office.deployment, store=office.store)
        with office.store.write() as tx:
            from tests.operate.office import OLGA

            office.store.people.add(tx, OLGA)
    charter = CHARTER
    office.release(flows.reply, number=1, charter=charter)
    stores = [SqlStore(open_engine(office.address)) for _ in range(2)]
    sides = [
        replace(office.deployment, store=s, clearance=Clearance(lambda s=s: read_stopped(s), office.clock))
        for s in stores
    ]
    try:
        for number in range(2, 8):
            release = office.release(
                flows.reply, number=number, stage=Stage.SHADOW, share=0.0, charter=f"{charter}\n# {number}"
            )
            ready = threading.Barrier(2)

            def lead(name: str = release.name, ready: threading.Barrier = ready) -> None:
                ready.wait(30)
                try:
                    promote_release(sides[0], BEN, "desk", name, Stage.CANARY)
                except (Refused, InputProblem):
                    return

            def halt(name: str = release.name, ready: threading.Barrier = ready) -> None:
                ready.wait(30)
                abort_release(sides[1], BEN, "desk", name, reason="bad")

            with ThreadPoolExecutor(2) as pool:
                for done in [pool.submit(lead), pool.submit(halt)]:
                    done.result(60)
            with office.store.read() as tx:
                rollout = office.store.releases.rollout(tx, "desk")
            assert rollout.named(release.name).stage is Stage.HALTED
            assert rollout.at(Stage.CANARY) is None
    finally:
        for store in (*stores, office.store):
            store.close()
