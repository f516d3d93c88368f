"""The rollout as a machine: whatever is done in whatever order, abort wins and no stage is held twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from roadworthy.errors import InputProblem, Refused
from roadworthy.quantities import Digest, Share
from roadworthy.release import Change, Release, Rollout, abort, assign, go_back, promote
from roadworthy.stage import ENDED, ROAD, Stage

WINDOW = timedelta(days=7)
SHARES = (Share(0.05), Share(0.25), Share(0.5))


class RolloutMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 5, 1, tzinfo=UTC)
        self.rollout = Rollout()
        self.halted: set[str] = set()

    def _take(self, change: Change) -> None:
        for moved, before in change.moved:
            known = next(one for one in self.rollout.releases if one.digest == moved.digest)
            assert known.stage is before
            assert change.rollout.find(moved.digest) == moved
        self.rollout = change.rollout
        self.halted |= {one.digest for one in self.rollout.releases if one.stage is Stage.HALTED}

    @rule()
    def build(self) -> None:
        number = len(self.rollout.releases) + 1
        digest = Digest(f"sha256:{number:064x}")
        made = Release(digest, "desk", number, "ben", "", Stage.DRAFT, Share(0), self.now, self.now)
        self.rollout = self.rollout.add(made)

    @precondition(lambda self: self.rollout.releases)
    @rule(data=st.data(), to=st.sampled_from(list(Stage)), step=st.integers(1, 3))
    def promote(self, data, to, step) -> None:
        release = data.draw(st.sampled_from(self.rollout.releases))
        try:
            change = promote(
                self.rollout,
                release.digest,
                to,
                share=SHARES[step - 1],
                now=self.now,
                step=step,
                window=WINDOW,
            )
        except (Refused, InputProblem):
            return
        assert release.stage not in ENDED
        self._take(change)

    @precondition(lambda self: self.rollout.releases)
    @rule(data=st.data())
    def abort(self, data) -> None:
        release = data.draw(st.sampled_from(self.rollout.releases))
        self._take(abort(self.rollout, release.digest, reason="bad", now=self.now))
        after = self.rollout.find(release.digest)
        assert after.stage in ENDED
        assert after.fit_until is None or after.fit_until <= self.now, "what was aborted never comes back"

    @rule()
    def back(self) -> None:
        previous, running = self.rollout.previous(self.now), self.rollout.at(Stage.PRODUCTION)
        try:
            self._take(go_back(self.rollout, reason="worse", now=self.now))
        except Refused:
            assert previous is None
            return
        assert previous is not None
        assert self.rollout.find(previous.digest).stage is Stage.PRODUCTION
        assert running is None or self.rollout.find(running.digest).stage is Stage.HALTED

    @rule(hours=st.integers(-24, 24 * 8))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def no_stage_is_held_twice(self) -> None:
        held = Counter(release.stage for release in self.rollout.releases)
        assert all(held[one] <= 1 for one in (Stage.SHADOW, Stage.CANARY, Stage.PRODUCTION))

    @invariant()
    def what_was_halted_stays_halted(self) -> None:
        assert all(self.rollout.find(digest).stage is Stage.HALTED for digest in self.halted)

    @invariant()
    def only_the_living_get_cases(self) -> None:
        for number in range(5):
            given = assign(self.rollout, f"K-{number}")
            assert given.worker is None or given.worker.stage in {Stage.CANARY, Stage.PRODUCTION}
            assert given == assign(self.rollout, f"K-{number}")
        for release in self.rollout.releases:
            assert (release.share.value > 0) == (release.stage in {Stage.CANARY, Stage.PRODUCTION})
            assert release.stage is not Stage.CANARY or release.step >= 1
            assert release.stage in {*ROAD, *ENDED}


RolloutMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestRolloutMachine = RolloutMachine.TestCase
