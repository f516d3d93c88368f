"""Whatever the order of things: one row for each automatic case, every drawn one accounted for, an unbiased estimate."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.operate.office import BEN, OLGA, VERA, Office
from tests.operate.spot import WILL, asked, checked_office, office_in_memory, row, say, status

from roadworthy.casework.case import State
from roadworthy.casework.review import ReviewKind, ReviewState, Verdict
from roadworthy.errors import Conflict, Refused
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.rollout import abort_release
from roadworthy.operate.spotchecks.drawing import left_alone
from roadworthy.ports.spotchecks import ONE_LOOK, CheckState
from roadworthy.stage import Stage

MIXED = "{share: 0.6, least: 0.2, near_threshold: 1.5, double: 0.5, planted: 0, hours_per_week: 100}"
STEPS = st.lists(
    st.sampled_from(
        [
            "case",
            "case",
            "unsure",
            "answer",
            "answer",
            "wrong",
            "escalate",
            "later",
            "rollback",
            "erase",
            "crash",
        ]
    ),
    min_size=8,
    max_size=24,
)


class World:
    """An office in which things happen in any order."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office, self.random = office, random.Random(seed)
        self.keys: list[str] = []
        self.erased: set[str] = set()
        for number, stage in ((1, Stage.CANARY), (2, Stage.PRODUCTION)):
            checked_office(office, MIXED, stage=stage, share=0.5, number=number)

    def do(self, step: str) -> None:
        if step in {"case", "unsure", "crash"}:
            key = f"K-{len(self.keys)}"
            self.keys.append(key)
            sure = "refund 0.5" if step == "unsure" else f"refund {self.random.choice([0.81, 0.9, 0.99])}"
            self.office.submit(key, sure, sender=f"ada{len(self.keys)}@example.com")
            if step == "crash":
                self.office.tools["mail.reply"].after = self._dies
        elif step in {"answer", "wrong", "escalate"}:
            self._answer(step)
        elif step == "later":
            self.office.later(minutes=self.random.choice([5, 70]))
        elif step == "rollback":
            abort_release(self.office.deployment, BEN, "desk", "r1", reason="bad")
        elif step == "erase" and self.keys:
            case = self.office.case(self.random.choice(self.keys))
            with self.office.store.write() as tx:
                self.office.deployment.vault.erase(tx, case.subject, at=self.office.clock.now())
            self.erased.add(case.id)
        self.office.work()

    def _dies(self) -> None:
        self.office.tools["mail.reply"].after = lambda: None
        raise MemoryError

    def _answer(self, step: str) -> None:
        with self.office.store.read() as tx:
            page = self.office.store.reviews.open(tx, "desk", limit=100)
        waiting = [one for one in page.rows if one.kind is ReviewKind.SPOT_CHECK]
        if not waiting:
            return
        review = self.random.choice(waiting)
        who = OLGA if review.role == "owner" else self.random.choice([VERA, WILL])
        with suppress(Conflict, Refused):
            if step == "escalate":
                decide_review(
                    self.office.deployment,
                    who,
                    review.id,
                    Verdict.ESCALATE,
                    seen=review.proposal,
                    reason="hard",
                )
            else:
                say(self.office, review, "refund" if step == "answer" else "something else", who)

    def check(self) -> None:
        office = self.office
        judged = 0
        for key in self.keys:
            case, check = office.case(key), row(office, key)
            alone = left_alone(case, office.effects(key))
            assert (check is not None) == bool(case.state is State.CLOSED and alone)
            if check is None:
                continue
            assert 0.2 <= check.floor <= check.q <= 1
            with office.store.read() as tx:
                answers = office.store.spot_checks.answers(tx, case.id)
            owed = [one for one in answers if not one.answered_by and not one.void]
            open_reviews = {
                one.id
                for one in office.reviews(key)
                if one.kind is ReviewKind.SPOT_CHECK and one.state is ReviewState.OPEN
            }
            assert {one.review for one in owed} == open_reviews
            assert bool(answers) == check.drawn
            match check.state:
                case CheckState.JUDGED if check.why == ONE_LOOK:
                    assert check.judgement == "wrong"
                case CheckState.UNDRAWN | CheckState.JUDGED | CheckState.CANCELLED:
                    assert not owed
                case _:
                    assert owed
            assert (check.judgement is not None) == (check.state is CheckState.JUDGED)
            assert (check.why == "erased") == (check.state is CheckState.CANCELLED)
            judged += check.state is CheckState.JUDGED
        kinds = status(office).kinds
        assert sum(kind.judged for kind in kinds) == judged
        assert sum(kind.watch.checks for kind in kinds if kind.watch) == judged
        for kind in kinds:
            assert kind.drawn == kind.judged + kind.pending + kind.contradicted + kind.cancelled


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=STEPS, seed=st.integers(0, 1000))
def test_every_automatic_case_has_one_row_and_every_drawn_one_is_accounted_for(
    steps: list[str], seed: int
) -> None:
    world = World(office_in_memory(seed), seed)
    for step in ["case", "case", *steps]:
        world.do(step)
        world.check()


def test_the_same_holds_on_a_database(office: Office) -> None:
    world = World(office, 7)
    for step in [
        "case",
        "case",
        "crash",
        "case",
        "answer",
        "wrong",
        "later",
        "answer",
        "erase",
        "rollback",
        "answer",
        "case",
        "wrong",
        "answer",
    ]:
        world.do(step)
    world.check()


def test_the_estimate_is_unbiased_though_errors_hide_where_few_are_drawn() -> None:
    """Only sure cases are wrong, and they are drawn a third as often: a plain mean is far too low."""
    office = office_in_memory()
    checked_office(
        office,
        "{share: 0.2, least: 0.2, near_threshold: 3, double: 0, planted: 0, hours_per_week: 1000, patience: 1000000}",
    )
    chance = random.Random(5)
    wrong = {f"K-{number}": number % 2 == 1 and chance.random() < 0.4 for number in range(240)}
    for number, key in enumerate(wrong):
        office.submit(key, "refund 0.99" if number % 2 else "refund 0.8")
    office.work()
    drawn = [key for key in wrong if row(office, key).drawn]
    chance.shuffle(drawn)
    for key in drawn:
        say(office, asked(office, key)[0], "something else" if wrong[key] else "refund")
    (kind,) = status(office).kinds
    truth = sum(wrong.values()) / len(wrong)
    assert (kind.cases, kind.judged) == (240, len(drawn))
    assert (kind.q_least, kind.q_most) == (pytest.approx(0.2), pytest.approx(0.6))
    assert abs(kind.watch.error - truth) < 2 * kind.watch.standard_error
    assert kind.wrong / kind.judged < 0.7 * truth
    assert kind.watch.interval.low <= truth <= kind.watch.interval.high
