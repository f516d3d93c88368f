"""Drawing spot checks: which automatic cases people look at, with which probability, and how it falls."""

from __future__ import annotations

import pytest
from tests.operate import flows
from tests.operate.office import BEN, CHARTER, SHOP, VERA, Office
from tests.operate.spot import (
    TWICE,
    asked,
    checked_office,
    office_in_memory,
    row,
    run,
    say,
    status,
)

from roadworthy.casework.case import State
from roadworthy.casework.review import ReviewKind, Verdict
from roadworthy.errors import Conflict, InputProblem
from roadworthy.operate.delivering import deliver
from roadworthy.operate.outcomes import record_outcome
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.rollout import abort_release
from roadworthy.stage import Stage

SOME = "{share: 0.3, least: 0.05, near_threshold: 2, double: 0.5, planted: 0, hours_per_week: 100}"


@pytest.mark.parametrize("stage", [Stage.CANARY, Stage.PRODUCTION])
def test_a_case_that_left_without_a_person_gets_one_row(office: Office, stage: Stage) -> None:
    release = checked_office(office, stage=stage)
    run(office, "K-1")
    check = row(office, "K-1")
    assert check is not None
    assert (check.release, check.kinds, check.q, check.state) == (
        release.digest,
        ("intent",),
        1.0,
        "pending",
    )
    assert check.certificates == (office.effects("K-1")[0].certificate,)
    assert check.closed_at == office.clock.now()


def test_a_case_that_a_person_approved_gets_none(office: Office) -> None:
    checked_office(office)
    run(office, "K-1", text="refund 0.5")
    (review,) = office.reviews("K-1")
    decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    office.work()
    assert office.case("K-1").state is State.CLOSED
    assert row(office, "K-1") is None


def test_an_effect_that_was_held_and_then_approved_did_not_leave_alone(office: Office) -> None:
    release = checked_office(office)
    office.submit("K-1")
    office.tools["mail.reply"].before = lambda: None
    suspend_after_weighing(office, release.digest)
    (review,) = office.reviews("K-1")
    assert review.kind is ReviewKind.EFFECT
    decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    office.work()
    assert office.case("K-1").handled_by == "automatic"
    assert row(office, "K-1") is None


def test_an_effect_that_left_before_a_person_was_asked_about_the_rest_counts(office: Office) -> None:
    checked_office(office, flow=flows.act_then_reply)
    run(office, "K-1")
    check = row(office, "K-1")
    assert check is not None
    assert check.kinds == ("intent",)


@pytest.mark.parametrize("stage", [Stage.PILOT, Stage.SHADOW])
def test_runs_without_consequences_are_never_drawn(office: Office, stage: Stage) -> None:
    checked_office(office)
    checked_office(office, stage=stage, number=2)
    run(office, "K-1")
    with office.store.read() as tx:
        rows = office.store.spot_checks.counts(tx, "desk")
    assert sum(one.cases for one in rows) == 1


def test_ending_a_case_again_draws_nothing_new(office: Office) -> None:
    checked_office(office)
    run(office, "K-1")
    before = row(office, "K-1")
    deliver(office.deployment, office.case("K-1").id)
    office.work()
    assert row(office, "K-1") == before
    assert len(asked(office, "K-1")) == 1


def test_a_crash_before_the_end_is_written_leaves_no_draw(office: Office, monkeypatch) -> None:
    checked_office(office)
    office.submit("K-1")
    added = type(office.store.spot_checks).add
    calls = []

    def dies_once(self, tx, check):
        calls.append(check.case)
        done = added(self, tx, check)
        if len(calls) == 1:
            raise MemoryError
        return done

    monkeypatch.setattr(type(office.store.spot_checks), "add", dies_once)
    office.work()
    assert office.case("K-1").state is State.DELIVERING
    assert row(office, "K-1") is None
    assert asked(office, "K-1") == []
    office.later(minutes=1)
    office.work()
    assert office.case("K-1").state is State.CLOSED
    assert len(asked(office, "K-1")) == 1
    assert office.tools["mail.reply"].sends == ["desk:K-1:mail.reply-0"]


def test_the_draw_is_written_down_for_drawn_cases_only() -> None:
    office = office_in_memory()
    checked_office(office, SOME)
    keys = [f"K-{number}" for number in range(40)]
    run(office, *keys)
    rows = [row(office, key) for key in keys]
    assert all(one is not None for one in rows)
    drawn = [one for one in rows if one.drawn]
    assert 0 < len(drawn) < len(rows)
    said = list(office.events())
    people = sum(len(asked(office, key)) for key in keys)
    assert said.count("spot_check.drawn") == people == len(drawn) + sum(one.double for one in drawn)


def test_draws_fall_as_often_as_their_probability_says() -> None:
    office = office_in_memory()
    checked_office(office, SOME)
    keys = [f"K-{number}" for number in range(150)]
    run(office, *keys)
    rows = [row(office, key) for key in keys]
    (q,) = {one.q for one in rows}
    drawn = [one for one in rows if one.drawn]
    # Confidence 0.9 lies half way: beyond the lowest quarter above the threshold of 0.8.
    assert q == pytest.approx(0.3)
    assert abs(len(drawn) - 150 * q) < 4 * (150 * q * (1 - q)) ** 0.5
    twice = sum(one.double for one in drawn)
    assert abs(twice - len(drawn) / 2) < 4 * (len(drawn) / 4) ** 0.5


def test_what_is_just_above_the_threshold_is_drawn_more_often(office: Office) -> None:
    checked_office(office, SOME)
    run(office, "K-near", text="refund 0.8")
    run(office, "K-far", text="refund 0.99")
    near, far = row(office, "K-near"), row(office, "K-far")
    assert (near.q, far.q) == (pytest.approx(0.6), pytest.approx(0.3))
    assert near.floor == far.floor == pytest.approx(0.3)


def test_used_up_hours_lower_the_probability_but_never_below_the_least(office: Office) -> None:
    # One minute a check: three checks fit into the week.
    few = "{share: 1.0, least: 0.2, near_threshold: 1, double: 0, planted: 0, hours_per_week: 0.05}"
    text = CHARTER.replace("cases_per_month: 100", "cases_per_month: 1")
    text = text.replace("review: {", f"spot_checks: {few}\nreview: {{")
    office.release(flows.reply, charter=text)
    for number in range(6):
        run(office, f"K-{number}")
    assert [row(office, f"K-{number}").q for number in range(6)] == [1.0, 1.0, 1.0, 0.2, 0.2, 0.2]
    assert status(office).share == 0.2
    office.later(days=7, minutes=30)
    run(office, "K-later")
    # Six cases a week: half of them fit.
    assert row(office, "K-later").q == pytest.approx(0.5)
    assert list(office.events()).count("spot_check.share") == 2


def test_the_share_follows_what_is_promised_before_there_is_a_week_to_look_at(office: Office) -> None:
    few = "{share: 0.9, least: 0.01, near_threshold: 1, double: 0, planted: 0, hours_per_week: 0.1}"
    checked_office(office, few)
    run(office, "K-1")
    # Six checks for 100 cases a month.
    assert row(office, "K-1").q == pytest.approx(6 / (100 / 4.345))


def test_an_answer_needs_one_of_the_choices(office: Office) -> None:
    checked_office(office)
    run(office, "K-1")
    (review,) = asked(office, "K-1")
    with office.store.read() as tx:
        body = office.deployment.vault.open(tx, review.question)
    assert body["choices"] == ["refund", "something else"]
    with pytest.raises(InputProblem, match="expected an answer"):
        say(office, review, "nonsense")
    assert len(asked(office, "K-1")) == 1
    say(office, review, "refund")
    assert row(office, "K-1").judgement == "right"


def test_a_spot_check_is_answered_or_passed_on_and_nothing_else(office: Office) -> None:
    checked_office(office)
    run(office, "K-1")
    (review,) = asked(office, "K-1")
    with pytest.raises(InputProblem, match="no answer to this review"):
        decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    decide_review(office.deployment, VERA, review.id, Verdict.ESCALATE, seen=review.proposal, reason="hard")
    (review,) = asked(office, "K-1")
    assert review.role == "owner"
    assert row(office, "K-1").state == "pending"
    assert office.case("K-1").state is State.CLOSED


def test_labels_that_a_model_names_are_offered(office: Office, monkeypatch) -> None:
    from tests.operate.office import Model

    monkeypatch.setattr(Model, "labels", ("card", "lost", "refund"), raising=False)
    checked_office(office)
    run(office, "K-1")
    (review,) = asked(office, "K-1")
    say(office, review, "lost")
    assert row(office, "K-1").judgement == "wrong"


def test_a_workflow_without_a_label_is_asked_whether_what_was_sent_was_right(office: Office) -> None:
    checked_office(office, flow=flows.act_then_reply)
    run(office, "K-1", "K-2")
    say(office, asked(office, "K-1")[0], "as sent")
    say(office, asked(office, "K-2")[0], "something else")
    assert [row(office, key).judgement for key in ("K-1", "K-2")] == ["right", "wrong"]


def test_only_spot_checks_write_their_labels(office: Office) -> None:
    checked_office(office)
    run(office, "K-1")
    with pytest.raises(InputProblem) as caught:
        record_outcome(office.deployment, SHOP, "desk", "K-1", truth="refund", source="spot-check-2")
    assert caught.value.code == "RW-SPOT-005"


def test_a_rollback_keeps_what_was_drawn_and_a_person_looks_at_it_too(office: Office) -> None:
    checked_office(office)
    run(office, "K-1")
    abort_release(office.deployment, BEN, "desk", "r1", reason="bad")
    office.work()
    (review,) = asked(office, "K-1")
    (correction,) = [one for one in office.reviews("K-1") if one.kind is ReviewKind.CORRECTION]
    # Putting it right does not take the question away.
    decide_review(office.deployment, VERA, correction.id, Verdict.DONE, seen=correction.proposal)
    assert len(asked(office, "K-1")) == 1
    say(office, review, "something else")
    assert row(office, "K-1").judgement == "wrong"
    kinds = [one.kind for one in office.reviews("K-1")]
    assert kinds.count(ReviewKind.CORRECTION) == 1


def test_a_case_that_begins_again_is_drawn_under_the_release_that_ends_it(office: Office) -> None:
    first = checked_office(office, TWICE, stage=Stage.CANARY)
    second = checked_office(office, number=2)
    office.submit("K-1")
    if office.case("K-1").release != first.digest:
        office.submit("K-2")
    key = "K-1" if office.case("K-1").release == first.digest else "K-2"
    abort_release(office.deployment, BEN, "desk", "r1", reason="bad")
    office.work()
    assert office.case(key).run == 2
    check = row(office, key)
    assert check is not None
    assert check.release == second.digest


def test_the_inbox_shows_a_deadline_that_escalates_and_never_answers(office: Office) -> None:
    checked_office(office)
    run(office, "K-1")
    office.later(hours=2)
    office.work()
    (review,) = asked(office, "K-1")
    assert review.role == "owner"
    assert row(office, "K-1").state == "pending"
    assert status(office).overdue == 0
    office.later(hours=1)
    assert status(office).overdue == 1


def test_an_answer_given_twice_counts_once(office: Office) -> None:
    checked_office(office)
    run(office, "K-1")
    (review,) = asked(office, "K-1")
    say(office, review, "refund")
    with pytest.raises(Conflict, match="decided already"):
        say(office, review, "something else")
    (kind,) = status(office).kinds
    assert (kind.judged, kind.wrong, kind.watch.checks) == (1, 0, 1)


def suspend_after_weighing(office: Office, release: str) -> None:
    """The segment runs and weighs; before the effect is sent its certificate is suspended."""
    certificates = office.store.evidence.certificates
    with office.store.read() as tx:
        (certificate,) = certificates(tx, "desk", release=release)
    sent = office.deployment.clearance.why_not
    asked_for = []

    def why_not(*scopes: str) -> str:
        # Delivery asks about the tool alone with its own three scopes, after the decision was committed.
        if len(scopes) == 3 and office.case("K-1").state is State.DELIVERING and not asked_for:
            asked_for.append(scopes)
            with office.store.write() as tx:
                office.store.evidence.suspend(tx, certificate.id, at=office.clock.now(), reason="doubt")
        return sent(*scopes)

    office.deployment.clearance.why_not = why_not  # type: ignore[method-assign]
    office.work()
