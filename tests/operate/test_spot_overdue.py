"""Whoever does not answer keeps no alarm silent, and whoever spoke before does not look again."""

from __future__ import annotations

import pytest
from tests.operate.office import BEN, OLGA, SHOP, VERA, Office
from tests.operate.spot import (
    EVERY,
    TWICE,
    WILL,
    asked,
    checked_office,
    office_in_memory,
    row,
    run,
    say,
    status,
)

import roadworthy as rw
from roadworthy.casework.case import State
from roadworthy.casework.review import ReviewKind, ReviewState, Verdict
from roadworthy.errors import InputProblem, Refused
from roadworthy.measure.spotchecks import spot_checks
from roadworthy.operate.outcomes import record_outcome
from roadworthy.operate.reviewing import decide_review, escalate_due
from roadworthy.operate.spotchecks.planting import plant
from roadworthy.ports.spotchecks import ONE_LOOK

SELDOM = EVERY.replace("share: 1.0, least: 1.0", "share: 0.000001, least: 0.000001")


@pytest.fixture
def office() -> Office:
    return office_in_memory()


def certificates(office: Office, release: str):
    with office.store.read() as tx:
        return office.store.evidence.certificates(tx, "desk", release=release)


def labels(office: Office, key: str) -> list[tuple[str, str]]:
    with office.store.read() as tx:
        found = office.store.cases.outcomes(tx, office.case(key).id)
    return sorted((one.source, str(one.judgement)) for one in found)


def later(office: Office, hours: float) -> None:
    """Time passes and every job that fell due runs, the first ones first."""
    for _ in range(int(hours * 2)):
        office.later(minutes=30)
        office.work()


async def act_then_break(case: rw.Case, run: rw.Run) -> rw.Decision:
    await run.act(rw.effect("mail.reply", slot="first", to=case.data.sender, body="x"), confidence=0.9)
    raise ValueError("broken")


async def act_then_ask(case: rw.Case, run: rw.Run) -> rw.Decision:
    await run.act(rw.effect("mail.reply", slot="first", to=case.data.sender, body="x"), confidence=0.9)
    told = await run.ask("which?", choices=["a"])
    return rw.Decision(told, confidence=0.1)


@pytest.mark.parametrize("flow", [act_then_break, act_then_ask])
def test_what_left_before_a_person_ended_the_case_is_drawn_for_all_the_same(office: Office, flow) -> None:
    release = checked_office(office, flow=flow)
    run(office, "K-1")
    for _ in range(3):
        for review in office.reviews("K-1"):
            if review.state is ReviewState.OPEN and review.kind is not ReviewKind.SPOT_CHECK:
                verdict = Verdict.DONE if review.kind is ReviewKind.WORK else Verdict.ANSWER
                answer = "a" if verdict is Verdict.ANSWER else ""
                decide_review(
                    office.deployment, VERA, review.id, verdict, seen=review.proposal, answer=answer, reason="done"
                )  # fmt: skip
        office.work()
    assert (office.case("K-1").state, office.case("K-1").handled_by) == (State.CLOSED, "person")
    assert [str(one.state) for one in office.effects("K-1")] == ["confirmed"]
    assert row(office, "K-1").state == "pending"
    assert len(asked(office, "K-1")) == 1
    facts = {fact.kind: fact for fact in spot_checks(office.deployment, release)}
    running = facts["trust.spot_checks_running"]
    assert (running.value, running.n) == (1.0, 1)


def test_a_case_that_a_person_ended_without_its_draw_is_noticed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = checked_office(office, flow=act_then_break)
    run(office, "K-1")
    with monkeypatch.context() as patched:
        patched.setattr(type(office.store.spot_checks), "add", lambda self, tx, check: False)
        (review,) = office.reviews("K-1")
        decide_review(office.deployment, VERA, review.id, Verdict.DONE, seen=review.proposal, reason="done")
    facts = {fact.kind: fact for fact in spot_checks(office.deployment, release)}
    assert facts["trust.spot_checks_running"].value == 0.0
    assert facts["trust.spot_checks_running"].detail["without_draw"] == 1


def test_a_look_that_says_wrong_counts_when_the_second_never_comes(office: Office) -> None:
    release = checked_office(office, TWICE.replace("hours_per_week", "patience: 20, hours_per_week"))
    keys = [f"K-{number}" for number in range(8)]
    run(office, *keys)
    for key in keys:
        say(office, asked(office, key)[0], "something else")
    later(office, 1.5)
    assert [row(office, key).state for key in keys] == ["pending"] * 8
    later(office, 1)
    assert {(row(office, key).state, row(office, key).why) for key in keys} == {("judged", ONE_LOOK)}
    (kind,) = status(office).kinds
    assert (kind.judged, kind.wrong, kind.watch.checks) == (8, 8, 8)
    assert all(one.suspended_at for one in certificates(office, release.digest))
    assert "the alarm rang" in certificates(office, release.digest)[0].suspended_because
    assert list(office.events()).count("spot_check.judged") == 8


def test_a_second_look_that_comes_late_is_a_label_and_no_second_judgement(office: Office) -> None:
    checked_office(office, TWICE)
    run(office, "K-1", "K-2")
    for key in ("K-1", "K-2"):
        say(office, asked(office, key)[0], "something else")
    later(office, 3)
    say(office, asked(office, "K-1")[0], "refund", OLGA)
    say(office, asked(office, "K-2")[0], "something else", OLGA)
    (kind,) = status(office).kinds
    assert (kind.judged, kind.wrong, kind.contradicted, kind.watch.checks) == (2, 2, 0, 2)
    assert labels(office, "K-1") == [("spot-check", "wrong"), ("spot-check-2", "right")]
    assert labels(office, "K-2") == [("spot-check", "wrong"), ("spot-check-2", "wrong")]
    assert list(office.events()).count("spot_check.answered_late") == 2
    (pairs, *_) = status(office).doubles
    assert (pairs.checks + pairs.unknown) > 0
    with office.store.read() as tx:
        reviews = [one.id for one in office.store.reviews.of_case(tx, office.case("K-1").id)]
    for review in reviews:
        escalate_due(office.deployment, review)
    assert status(office).kinds[0].watch.checks == 2


def test_a_look_that_says_right_waits_for_the_second(office: Office) -> None:
    checked_office(office, TWICE)
    run(office, "K-1")
    say(office, asked(office, "K-1")[0], "refund")
    later(office, 5)
    assert row(office, "K-1").state == "pending"
    say(office, asked(office, "K-1")[0], "refund", OLGA)
    assert (row(office, "K-1").state, row(office, "K-1").judgement) == ("judged", "right")


def test_too_many_checks_that_nobody_answers_suspend_the_certificates(office: Office) -> None:
    release = checked_office(office)
    keys = [f"K-{number}" for number in range(20)]
    run(office, *keys)
    for key in keys[5:]:
        say(office, asked(office, key)[0], "refund")
    later(office, 1.5)
    assert not any(one.suspended_at for one in certificates(office, release.digest))
    later(office, 1)
    (suspended,) = certificates(office, release.digest)
    assert suspended.suspended_because == (
        "5 of the newest 20 spot checks of `intent` wait for an answer for more than twice 1h: "
        "what nobody looks at counts as wrong"
    )
    assert list(office.events()).count("certificate.suspended") == 1
    # Answered late they count once, and what was suspended stays so.
    for key in keys[:5]:
        say(office, asked(office, key)[0], "refund", OLGA)
    later(office, 1)
    (kind,) = status(office).kinds
    assert (kind.judged, kind.watch.checks, kind.pending) == (20, 20, 0)
    assert certificates(office, release.digest)[0].suspended_at == suspended.suspended_at


@pytest.mark.parametrize(("cases", "open_"), [(20, 4), (30, 6)])
def test_a_few_checks_that_nobody_answers_suspend_nothing(office: Office, cases: int, open_: int) -> None:
    release = checked_office(office)
    keys = [f"K-{number}" for number in range(cases)]
    run(office, *keys)
    for key in keys[open_:]:
        say(office, asked(office, key)[0], "refund")
    later(office, 4)
    assert status(office).overdue == open_
    assert not any(one.suspended_at for one in certificates(office, release.digest))


def test_an_overdue_check_is_escalated_once(office: Office) -> None:
    checked_office(office)
    run(office, "K-1")
    later(office, 6)
    (review,) = asked(office, "K-1")
    assert [reason for reason in review.reasons if reason.startswith("escalated")] == [
        "escalated: the deadline passed"
    ]


def test_whoever_recorded_an_outcome_of_a_case_does_not_look_at_it_planted_or_drawn(office: Office) -> None:
    checked_office(office, SELDOM)
    run(office, "K-1")
    record_outcome(office.deployment, VERA, "desk", "K-1", truth="refund", source="crm")
    record_outcome(office.deployment, SHOP, "desk", "K-1", truth="refund", source="agent")
    planted = plant(office.deployment, BEN, "desk", "K-1")
    checked_office(office, number=2, share=1.0)
    with pytest.raises(Refused) as caught:
        say(office, planted, "refund", VERA)
    assert caught.value.code == "RW-SPOT-006"
    say(office, planted, "refund", WILL)
    assert status(office).planted.errors[0].checks == 1


def test_a_drawn_case_is_refused_in_the_same_words_so_that_nobody_learns_which_was_planted(
    office: Office,
) -> None:
    checked_office(office)
    run(office, "K-1")
    record_outcome(office.deployment, VERA, "desk", "K-1", truth="refund", source="crm")
    with pytest.raises(Refused) as caught:
        say(office, asked(office, "K-1")[0], "refund", VERA)
    assert caught.value.code == "RW-SPOT-006"
    say(office, asked(office, "K-1")[0], "refund", WILL)
    assert row(office, "K-1").judgement == "right"


@pytest.mark.parametrize(
    "source", [" spot-check", "Spot-check-3", "SPOT CHECK", "spot\u2010check", "spot_check", "spotcheck"]
)
def test_a_source_that_reads_like_a_spot_check_is_refused(office: Office, source: str) -> None:
    checked_office(office)
    run(office, "K-1")
    with pytest.raises(InputProblem) as caught:
        record_outcome(office.deployment, SHOP, "desk", "K-1", truth="refund", source=source)
    assert caught.value.code == "RW-SPOT-005"
    assert labels(office, "K-1") == []
