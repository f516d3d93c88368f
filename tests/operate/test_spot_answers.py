"""What people say about spot checks: labels, contradictions, alarms, planted cases, erased ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.operate import flows
from tests.operate.office import BEN, OLGA, RITA, SHOP, VERA, Office
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
from tests.operate.test_spot_checks import suspend_after_weighing

from roadworthy.casework.case import State
from roadworthy.casework.review import ReviewKind, ReviewState, Verdict
from roadworthy.errors import Conflict, Corrupt, InputProblem, NotFound, Refused
from roadworthy.operate.outcomes import canary_watch, record_outcome
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.rollout import abort_release
from roadworthy.operate.spotchecks.answering import sweep_erased
from roadworthy.operate.spotchecks.planting import plant
from roadworthy.quantities import Share
from roadworthy.stage import Stage

QUICK = EVERY.replace("hours_per_week: 100", "hours_per_week: 100, patience: 20")


BOTH = pytest.mark.parametrize("office", ["memory", "sqlite"], indirect=True)


@pytest.fixture
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """In memory, unless a test asks for a database."""
    if getattr(request, "param", "memory") == "memory":
        yield office_in_memory()
        return
    on_disk = Office(request.getfixturevalue("tmp_path"))
    yield on_disk
    on_disk.store.close()


def outcomes(office: Office, key: str) -> list[tuple[str, str, str]]:
    with office.store.read() as tx:
        found = office.store.cases.outcomes(tx, office.case(key).id)
    return sorted((one.source, one.truth, str(one.judgement)) for one in found)


def certificates(office: Office, release: str):
    with office.store.read() as tx:
        return office.store.evidence.certificates(tx, "desk", release=release)


def test_an_answer_becomes_a_label_and_moves_the_watch(office: Office) -> None:
    release = checked_office(office)
    run(office, "K-1", "K-2")
    say(office, asked(office, "K-1")[0], "refund")
    say(office, asked(office, "K-2")[0], "something else")
    assert outcomes(office, "K-1") == [("spot-check", "refund", "right")]
    assert outcomes(office, "K-2") == [("spot-check", "something else", "wrong")]
    (kind,) = status(office).kinds
    assert (kind.release, kind.kind, kind.cases, kind.judged, kind.wrong) == (
        release.digest,
        "intent",
        2,
        2,
        1,
    )
    assert kind.watch.error == pytest.approx(0.5)
    assert "1 of 2 spot checks" in kind.sentence


def test_a_wrong_case_is_put_right_with_the_undo_at_hand(office: Office) -> None:
    checked_office(office)
    run(office, "K-1")
    say(office, asked(office, "K-1")[0], "something else")
    (correction,) = [one for one in office.reviews("K-1") if one.kind is ReviewKind.CORRECTION]
    assert correction.reasons == ("a spot check found it wrong: something else", "undo: mail.withdraw")
    assert office.case("K-1").state is State.CLOSED


def test_two_people_who_agree_are_one_check_with_two_labels(office: Office) -> None:
    checked_office(office, TWICE)
    run(office, "K-1")
    first, second = asked(office, "K-1")
    say(office, first, "refund")
    # Blind: until the second has answered, nothing on the case tells what the first said.
    assert outcomes(office, "K-1") == []
    assert row(office, "K-1").state == "pending"
    say(office, second, "refund", WILL)
    assert outcomes(office, "K-1") == [
        ("spot-check", "refund", "right"),
        ("spot-check-2", "refund", "right"),
    ]
    (kind,) = status(office).kinds
    assert (kind.judged, kind.watch.checks) == (1, 1)
    assert status(office).doubles[0].checks == 2


def test_the_same_person_does_not_look_twice(office: Office) -> None:
    checked_office(office, TWICE)
    run(office, "K-1")
    first, second = asked(office, "K-1")
    say(office, second, "refund")
    with pytest.raises(Refused) as caught:
        say(office, first, "refund")
    assert caught.value.code == "RW-SPOT-001"
    assert [one.id for one in asked(office, "K-1")] == [first.id]


@BOTH
def test_two_people_who_contradict_each_other_are_never_averaged(office: Office) -> None:
    checked_office(office, TWICE)
    run(office, "K-1")
    first, second = asked(office, "K-1")
    say(office, first, "something else")
    say(office, second, "refund", WILL)
    assert row(office, "K-1").state == "contradicted"
    (kind,) = status(office).kinds
    assert (kind.contradicted, kind.judged, kind.watch) == (1, 0, None)
    assert "1 contradicted" in kind.sentence
    assert status(office).reviewer_error.unknown == 2
    (third,) = asked(office, "K-1")
    assert third.role == "owner"
    with pytest.raises(Refused, match="role `owner`"):
        say(office, third, "refund", WILL)
    say(office, third, "something else", OLGA)
    assert (row(office, "K-1").state, row(office, "K-1").judgement) == ("judged", "wrong")
    assert [source for source, _, _ in outcomes(office, "K-1")] == [
        "spot-check",
        "spot-check-2",
        "spot-check-3",
    ]
    (kind,) = status(office).kinds
    assert (kind.contradicted, kind.wrong, kind.watch.wrong) == (0, 1, 1)
    error = status(office).reviewer_error
    assert (error.checks, error.wrong, error.unknown) == (2, 1, 0)
    assert [one.kind for one in office.reviews("K-1")].count(ReviewKind.CORRECTION) == 1


def test_two_who_both_find_it_wrong_do_not_wait_for_a_third(office: Office, monkeypatch) -> None:
    from tests.operate.office import Model

    monkeypatch.setattr(Model, "labels", ("card", "lost", "refund"), raising=False)
    checked_office(office, TWICE)
    run(office, "K-1")
    first, second = asked(office, "K-1")
    say(office, first, "lost")
    say(office, second, "card", WILL)
    assert row(office, "K-1").judgement == "wrong"
    assert [truth for _, truth, _ in outcomes(office, "K-1")] == ["lost", "card"]


@BOTH
def test_the_alarm_suspends_every_certificate_of_its_kind_at_once(office: Office) -> None:
    release = checked_office(office, QUICK)
    keys = [f"K-{number}" for number in range(8)]
    run(office, *keys)
    said = 0
    for key in keys:
        if certificates(office, release.digest)[0].suspended_at is not None:
            break
        say(office, asked(office, key)[0], "something else")
        said += 1
    assert 2 <= said < len(keys)
    (certificate,) = certificates(office, release.digest)
    assert f"{said} of {said} spot checks found an error" in certificate.suspended_because
    assert status(office).kinds[0].watch.fires
    events = list(office.events())
    assert events.count("certificate.suspended") == 1
    run(office, "K-new")
    assert office.case("K-new").state is State.WAITING
    assert row(office, "K-new") is None
    # Later answers still count, and suspend nothing twice.
    say(office, asked(office, keys[said])[0], "refund")
    assert status(office).kinds[0].watch.checks == said + 1
    assert list(office.events()).count("certificate.suspended") == 1


def test_an_alarm_speaks_of_its_release_alone(office: Office) -> None:
    running = checked_office(office, QUICK)
    canary = checked_office(office, QUICK, stage=Stage.CANARY, number=2, share=0.5)
    keys = [f"K-{number}" for number in range(12)]
    run(office, *keys)
    for key in keys:
        if office.case(key).release == canary.digest:
            say(office, asked(office, key)[0], "something else")
    assert certificates(office, canary.digest)[0].suspended_at is not None
    assert certificates(office, running.digest)[0].suspended_at is None


@BOTH
def test_what_was_weighed_before_the_alarm_and_not_yet_sent_does_not_leave(office: Office) -> None:
    release = checked_office(office)
    office.submit("K-1")
    suspend_after_weighing(office, release.digest)
    assert office.tools["mail.reply"].sends == []
    assert office.case("K-1").state is State.WAITING
    (review,) = office.reviews("K-1")
    assert "suspended" in review.reasons[0]
    assert row(office, "K-1") is None


def test_a_new_certificate_begins_a_new_watch_of_later_cases(office: Office) -> None:
    release = checked_office(office, QUICK)
    keys = [f"K-{number}" for number in range(8)]
    run(office, *keys)
    while certificates(office, release.digest)[0].suspended_at is None:
        say(office, asked(office, keys.pop())[0], "something else")
    office.later(minutes=5)
    (old,) = certificates(office, release.digest)
    with office.store.write() as tx:
        from dataclasses import replace

        again = replace(
            old, id=office.deployment.new_id(), certified_at=office.clock.now(), suspended_at=None,
            suspended_because="", alpha=Share(0.2),
        )  # fmt: skip
        office.store.evidence.add_certificate(tx, again)
    before = status(office).kinds[0].watch
    say(office, asked(office, keys.pop())[0], "something else")
    assert status(office).kinds[0].watch == before
    run(office, "K-new")
    say(office, asked(office, "K-new")[0], "refund")
    watch = status(office).kinds[0].watch
    assert (watch.checks, watch.fires, float(watch.promised)) == (1, False, 0.2)


def test_an_answer_after_the_release_changed_speaks_of_the_old_one(office: Office) -> None:
    old = checked_office(office, stage=Stage.CANARY, share=0.5)
    new = checked_office(office, number=2)
    run(office, *[f"K-{number}" for number in range(6)])
    key = next(f"K-{n}" for n in range(6) if office.case(f"K-{n}").release == old.digest)
    abort_release(office.deployment, BEN, "desk", "r1", reason="replaced")
    office.work()
    say(office, asked(office, key)[0], "refund")
    found = {kind.release: kind.judged for kind in status(office).kinds}
    assert found == {old.digest: 1, new.digest: 0}


@BOTH
def test_a_check_whose_case_is_erased_is_cancelled_and_counted_as_erased(office: Office) -> None:
    checked_office(office, TWICE)
    run(office, "K-1")
    first, second = asked(office, "K-1")
    say(office, first, "refund")
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, office.case("K-1").subject, at=office.clock.now())
    with pytest.raises(Conflict) as caught:
        say(office, second, "refund", WILL)
    assert caught.value.code == "RW-SPOT-003"
    assert asked(office, "K-1") == []
    check = row(office, "K-1")
    assert (check.state, check.why) == ("cancelled", "erased")
    (kind,) = status(office).kinds
    assert (kind.cancelled, kind.erased, kind.judged) == (1, 1, 0)
    assert "1 erased" in kind.sentence
    assert outcomes(office, "K-1") == []
    assert list(office.events()).count("spot_check.cancelled") == 1


def test_an_erased_check_is_found_at_its_deadline_or_by_the_sweep(office: Office) -> None:
    checked_office(office)
    office.submit("K-1", sender="ada@example.com")
    office.submit("K-2", sender="bob@example.com")
    office.work()
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, office.case("K-1").subject, at=office.clock.now())
    office.later(hours=2)
    office.work()
    assert row(office, "K-1").state == "cancelled"
    assert row(office, "K-2").state == "pending"
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, office.case("K-2").subject, at=office.clock.now())
    assert sweep_erased(office.deployment, "desk") == 1
    assert sweep_erased(office.deployment, "desk") == 0
    assert status(office).kinds[0].erased == 2


def test_a_planted_case_looks_like_a_drawn_one_and_tells_of_the_reviewer_alone(office: Office) -> None:
    checked_office(office, EVERY.replace("share: 1.0, least: 1.0", "share: 0.000001, least: 0.000001"))
    run(office, "K-1")
    assert asked(office, "K-1") == []
    planted = plant(office.deployment, RITA, "desk", "K-1", truth="refund")
    abort_release(office.deployment, BEN, "desk", "r1", reason="replaced")
    checked_office(office, number=2)
    run(office, "K-2")
    (drawn,) = asked(office, "K-2")
    shown = [
        {name: getattr(review, name) for name in ("kind", "reasons", "role", "effect", "ordinal", "state")}
        for review in (planted, drawn)
    ]
    assert shown[0] == shown[1]
    with office.store.read() as tx:
        bodies = [office.deployment.vault.open(tx, review.question) for review in (planted, drawn)]
    assert bodies[0] == bodies[1]
    assert list(office.events()).count("spot_check.drawn") == 2
    say(office, planted, "something else")
    assert outcomes(office, "K-1") == []
    assert row(office, "K-1").state == "undrawn"
    found = status(office)
    assert (found.planted.errors[0].checks, found.planted.errors[0].wrong) == (1, 1)
    assert all(kind.watch is None for kind in found.kinds)


def test_whoever_planted_a_case_does_not_answer_for_it(office: Office) -> None:
    from tests.operate.office import Role, person

    both = person("bea", Role.OWNER, Role.REVIEWER)
    checked_office(office, EVERY.replace("share: 1.0, least: 1.0", "share: 0.000001, least: 0.000001"))
    run(office, "K-1")
    planted = plant(office.deployment, both, "desk", "K-1", truth="refund")
    with pytest.raises(Refused) as caught:
        say(office, planted, "refund", both)
    assert caught.value.code == "RW-SPOT-002"


def test_only_a_case_whose_answer_is_known_and_unasked_is_planted(office: Office) -> None:
    checked_office(office, EVERY.replace("share: 1.0, least: 1.0", "share: 0.000001, least: 0.000001"))
    run(office, "K-1")
    run(office, "K-2", text="refund 0.5")
    for key, truth, code in [
        ("K-9", "refund", "RW-SPOT-010"),
        ("K-2", "refund", "RW-SPOT-011"),
        ("K-1", "", "RW-SPOT-012"),
        ("K-1", "nonsense", "RW-SPOT-012"),
    ]:
        with pytest.raises((NotFound, Conflict, InputProblem)) as caught:
            plant(office.deployment, RITA, "desk", key, truth=truth)
        assert caught.value.code == code
    with pytest.raises(Refused):
        plant(office.deployment, VERA, "desk", "K-1", truth="refund")
    record_outcome(office.deployment, SHOP, "desk", "K-1", truth="refund", source="crm")
    with pytest.raises(InputProblem, match="contradict"):
        plant(office.deployment, RITA, "desk", "K-1", truth="something else")
    record_outcome(office.deployment, SHOP, "desk", "K-1", truth="refund", source="desk")
    with pytest.raises(InputProblem, match="two principals"):
        plant(office.deployment, RITA, "desk", "K-1")
    record_outcome(office.deployment, WILL, "desk", "K-1", truth="refund", source="phone")
    plant(office.deployment, RITA, "desk", "K-1")
    with pytest.raises(Conflict, match="asked about"):
        plant(office.deployment, RITA, "desk", "K-1")


@BOTH
def test_a_known_case_is_planted_beside_a_drawn_one_now_and_then(office: Office) -> None:
    checked_office(office, EVERY.replace("share: 1.0, least: 1.0", "share: 0.000001, least: 0.000001"))
    run(office, "K-1")
    for who, source in ((SHOP, "crm"), (WILL, "desk")):
        record_outcome(office.deployment, who, "desk", "K-1", truth="refund", source=source)
    abort_release(office.deployment, BEN, "desk", "r1", reason="replaced")
    checked_office(office, EVERY.replace("planted: 0", "planted: 1"), number=2)
    run(office, "K-2")
    (planted,) = asked(office, "K-1")
    say(office, planted, "refund")
    assert status(office).planted.errors[0].checks == 1
    assert row(office, "K-1").state == "undrawn"


def test_a_planted_case_that_is_erased_is_never_asked_about(office: Office) -> None:
    checked_office(office, EVERY.replace("share: 1.0, least: 1.0", "share: 0.000001, least: 0.000001"))
    run(office, "K-1")
    planted = plant(office.deployment, RITA, "desk", "K-1", truth="refund")
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, office.case("K-1").subject, at=office.clock.now())
    with pytest.raises(Conflict):
        say(office, planted, "refund")
    (review,) = [one for one in office.reviews("K-1") if one.kind is ReviewKind.SPOT_CHECK]
    assert review.state is ReviewState.CANCELLED
    with pytest.raises(Conflict):
        plant(office.deployment, RITA, "desk", "K-1", truth="refund")


def test_spot_checks_do_not_feed_the_test_of_a_canary(office: Office) -> None:
    checked_office(office)
    canary = checked_office(office, stage=Stage.CANARY, number=2, share=0.5)
    keys = [f"K-{number}" for number in range(6)]
    run(office, *keys)
    for key in keys:
        say(office, asked(office, key)[0], "refund")
    assert canary_watch(office.deployment, "desk", canary) is None


def test_a_check_that_is_not_on_record_is_told_and_nothing_is_decided(office: Office) -> None:
    from roadworthy.operate.jobs import open_review

    release = checked_office(office)
    run(office, "K-1")
    with office.store.write() as tx:
        stray = open_review(
            office.deployment, tx, office.case("K-1"), office.charters[release.digest],
            ReviewKind.SPOT_CHECK, reasons=("x",),
        )  # fmt: skip
    with pytest.raises(Corrupt) as caught:
        say(office, stray, "refund")
    assert caught.value.code == "RW-SPOT-004"
    assert stray.id in {one.id for one in asked(office, "K-1")}


def test_an_escalated_check_is_answered_by_the_owner(office: Office) -> None:
    checked_office(office)
    run(office, "K-1")
    (review,) = asked(office, "K-1")
    decide_review(office.deployment, VERA, review.id, Verdict.ESCALATE, seen=review.proposal, reason="hard")
    (review,) = asked(office, "K-1")
    say(office, review, "refund", OLGA)
    assert row(office, "K-1").judgement == "right"


def test_a_case_with_no_effect_left_to_undo_is_only_noted(office: Office) -> None:
    checked_office(office, flow=flows.reply)
    run(office, "K-1")
    from dataclasses import replace

    from roadworthy.casework.effect import EffectEvent, move_effect

    (effect,) = office.effects("K-1")
    undone = replace(
        effect, state=move_effect(effect.state, EffectEvent.UNDONE), version=effect.version + 1
    )
    with office.store.write() as tx:
        office.store.effects.save(tx, undone, expected=effect.version)
    say(office, asked(office, "K-1")[0], "something else")
    assert row(office, "K-1").judgement == "wrong"
    assert ReviewKind.CORRECTION not in {one.kind for one in office.reviews("K-1")}
