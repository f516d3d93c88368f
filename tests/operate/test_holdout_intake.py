"""Cases that stay with people by lot."""

from __future__ import annotations

import pytest
from tests.measure.value.measured import kpi_charter
from tests.operate.flows import reply
from tests.operate.office import CHARTER, SHOP, VERA, Office
from tests.operate.spot import office_in_memory

from roadworthy.casework.case import State
from roadworthy.casework.review import ReviewKind, Verdict
from roadworthy.ledger import decode
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.intake import draw_lot, held_out, submit
from roadworthy.operate.outcomes import canary_watch, record_outcome
from roadworthy.operate.reviewing import decide_review
from roadworthy.release import assign
from roadworthy.stage import Stage

HALF = kpi_charter("unit: share, holdout: 0.5")


@pytest.fixture
def office() -> Office:
    return office_in_memory()


def keys(office: Office, *, stays: bool, of: int = 60) -> list[str]:
    with office.store.read() as tx:
        (release,) = office.store.releases.rollout(tx, "desk").releases
    drawn = {f"K-{number}": draw_lot(office.deployment, release, f"K-{number}") for number in range(of)}
    return [key for key, lot in drawn.items() if lot is not None and lot.stays is stays]


def test_about_the_share_stays_and_the_same_key_always_draws_the_same(office: Office) -> None:
    office.release(reply, charter=HALF)
    stay = keys(office, stays=True, of=2000)
    assert 900 < len(stay) < 1100
    assert stay == keys(office, stays=True, of=2000)


def test_a_larger_share_keeps_all_that_a_smaller_one_kept() -> None:
    kept = []
    for share in ("0.1", "0.3"):
        office = office_in_memory()
        office.release(reply, charter=kpi_charter(f"unit: share, holdout: {share}"))
        kept.append(set(keys(office, stays=True, of=300)))
    assert kept[0] < kept[1]


def test_a_case_that_stays_is_people_s_work_and_says_why(office: Office) -> None:
    office.release(reply, charter=HALF)
    key = keys(office, stays=True)[0]
    case = office.submit(key)
    office.work()
    assert held_out(case)
    assert (case.release, case.stage, case.state) == ("", Stage.PRODUCTION, State.WAITING)
    assert (case.handled_by, case.probability) == ("person", 0.5)
    assert "by lot, 50.0%" in case.reason
    (review,) = office.reviews(key)
    assert review.kind is ReviewKind.WORK
    assert review.reasons == (case.reason,)
    assert office.effects(key) == []
    assert all(not tool.sends for tool in office.tools.values())


def test_it_stays_marked_when_a_person_did_it(office: Office) -> None:
    office.release(reply, charter=HALF)
    key = keys(office, stays=True)[0]
    office.submit(key)
    (review,) = office.reviews(key)
    decide_review(office.deployment, VERA, review.id, Verdict.DONE, seen=review.proposal)
    case = office.case(key)
    assert held_out(case)
    assert (case.state, case.probability) == (State.CLOSED, 0.5)


def test_the_same_message_again_finds_the_same_case(office: Office) -> None:
    office.release(reply, charter=HALF)
    key = keys(office, stays=True)[0]
    first = submit(office.deployment, SHOP, "desk", key, {"text": "refund 0.9"})
    again = submit(office.deployment, SHOP, "desk", key, {"text": "refund 0.9"})
    assert again.again
    assert again.case.id == first.case.id
    assert len(office.reviews(key)) == 1


def test_the_others_are_worked_on_as_ever(office: Office) -> None:
    office.release(reply, charter=HALF)
    key = keys(office, stays=False)[0]
    office.submit(key)
    office.work()
    case = office.case(key)
    assert not held_out(case)
    assert (case.handled_by, case.state, case.probability) == ("automatic", State.CLOSED, 1.0)


def test_the_ledger_keeps_the_lot_of_both_parts(office: Office) -> None:
    office.release(reply, charter=HALF)
    for stays in (True, False):
        case = office.submit(keys(office, stays=stays)[0])
        sequence_all(office.deployment)
        with office.store.read() as tx:
            events = [decode(entry.event) for entry in office.store.ledger.about(tx, case.id)]
        (accepted,) = (event for event in events if event.kind == "case.accepted")
        assert accepted.data["holdout"] == "0.5"


@pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.PILOT, Stage.SHADOW])
def test_no_lot_is_drawn_where_no_release_works(office: Office, stage: Stage) -> None:
    release = office.release(reply, charter=HALF, stage=stage)
    assert draw_lot(office.deployment, release, "K-1") is None
    for number in range(8):
        assert not held_out(office.submit(f"K-{number}"))


def test_a_release_in_shadow_watches_what_stays_and_its_twin_draws_no_lot(office: Office) -> None:
    office.release(reply, charter=HALF)
    key = keys(office, stays=True)[0]
    watching = office.release(reply, charter=HALF, stage=Stage.SHADOW, number=2)
    office.submit(key)
    office.work()
    assert held_out(office.case(key))
    twin = office.case(key, twin=watching.digest)
    assert (twin.probability, twin.handled_by, held_out(twin)) == (1.0, "automatic", False)


def test_a_charter_without_hold_out_keeps_nothing(office: Office) -> None:
    release = office.release(reply, charter=CHARTER)
    assert draw_lot(office.deployment, release, "K-1") is None


def test_which_release_gets_a_case_says_nothing_of_its_lot(office: Office) -> None:
    """A canary's lot and the hold-out's are drawn apart: among a canary's cases as many stay."""
    office.release(reply, charter=HALF)
    canary = office.release(reply, charter=HALF, stage=Stage.CANARY, share=0.5, number=2)
    with office.store.read() as tx:
        rollout = office.store.releases.rollout(tx, "desk")
    mine = [key for key in map(str, range(2000)) if assign(rollout, key).worker == canary]
    stay = [key for key in mine if (lot := draw_lot(office.deployment, canary, key)) and lot.stays]
    assert 0.44 < len(stay) / len(mine) < 0.56


def test_what_stays_takes_no_part_in_the_test_of_a_canary(office: Office) -> None:
    office.release(reply, charter=HALF)
    canary = office.release(reply, charter=HALF, stage=Stage.CANARY, share=0.5, number=2)
    cases = [office.submit(f"K-{number}") for number in range(20)]
    office.work()
    for case in cases:
        record_outcome(office.deployment, SHOP, "desk", case.key, truth="refund", source="crm")
    watch = canary_watch(office.deployment, "desk", canary)
    assert watch is not None
    assert watch.harm.candidate.cases + watch.harm.baseline.cases == sum(
        not held_out(case) for case in cases
    )
