"""One command goes back, as long as the release before is fit; nothing in hand is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.operate import flows
from tests.operate.lane import lane, rollout, stepped
from tests.operate.office import BEN, VERA, Office

from roadworthy.casework.case import State
from roadworthy.casework.effect import EffectState
from roadworthy.errors import Refused
from roadworthy.operate.rollout import abort_release, back_to_previous, promote_release
from roadworthy.release import Release
from roadworthy.stage import Stage


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = lane(tmp_path)
    yield office
    office.store.close()


def succeed(office: Office) -> tuple[Release, Release]:
    """r1 in production, r2 succeeds it by a waived canary."""
    from datetime import timedelta

    from tests.operate.office import RITA

    from roadworthy.operate.verdicts import waive

    charter = stepped().replace("      - {share: 0.6, min_cases: 30, min_duration: 2h}\n", "")
    first = office.release(flows.reply, number=1, charter=charter)
    second = office.release(flows.reply, number=2, stage=Stage.SHADOW, share=0.0, charter=charter + "\n# 2")
    waive(
        office.deployment, RITA, "desk", "release.canary_step", "", asked_by="ben", reason="test",
        valid_for=timedelta(days=1),
    )  # fmt: skip
    promote_release(office.deployment, BEN, "desk", "r2", Stage.CANARY)
    return first, second


def into_production(office: Office) -> None:
    promote_release(office.deployment, BEN, "desk", "r2", Stage.PRODUCTION)


def test_one_command_halts_the_successor_and_brings_back_the_release_before(office: Office) -> None:
    first, second = succeed(office)
    into_production(office)
    change = back_to_previous(office.deployment, BEN, "desk", reason="slow")
    assert [(one.name, str(before), str(one.stage)) for one, before in change.moved] == [
        ("r2", "production", "halted"),
        ("r1", "retired", "production"),
    ]
    case = office.submit("K-1", "refund 0.95")
    assert case.release == first.digest
    office.work()
    assert office.case("K-1").state is State.CLOSED
    with pytest.raises(Refused) as found:
        back_to_previous(office.deployment, BEN, "desk", reason="again")
    assert found.value.code == "RW-RELEASE-012"
    assert rollout(office).find(second.digest).stage is Stage.HALTED


def test_cases_of_the_halted_successor_begin_again_and_sent_ones_go_to_people(office: Office) -> None:
    first, second = succeed(office)
    into_production(office)
    office.submit("K-1", "refund 0.5")
    office.submit("K-2", "refund 0.95")
    office.work()
    assert office.case("K-1").release == office.case("K-2").release == second.digest
    back_to_previous(office.deployment, BEN, "desk", reason="slow")
    office.work()
    assert (office.case("K-1").release, office.case("K-1").run) == (first.digest, 2)
    assert [review.kind for review in office.reviews("K-2")] == ["correction"]


def test_a_retired_release_finishes_what_it_has_in_hand(office: Office) -> None:
    first, _ = succeed(office)
    key = next(
        f"K-{number}" for number in range(40) if office.submit(f"K-{number}").release == first.digest
    )
    into_production(office)
    office.work()
    case = office.case(key)
    assert (case.release, case.state) == (first.digest, State.CLOSED)


def test_what_is_still_in_hand_when_the_window_ends_finds_another_way(office: Office) -> None:
    first, second = succeed(office)
    key = next(
        f"K-{number}"
        for number in range(40)
        if office.submit(f"K-{number}", "refund 0.5").release == first.digest
    )
    office.work()
    assert office.case(key).state is State.WAITING
    into_production(office)
    office.later(days=6)
    office.work()
    assert office.case(key).release == first.digest
    office.later(days=1, seconds=2)
    office.work()
    assert (office.case(key).release, office.case(key).run) == (second.digest, 2)
    assert office.case(key).state is State.WAITING
    assert rollout(office).find(first.digest).fit_until is None
    why = office.deployment.clearance.why_not(f"release:{first.digest}")
    assert why == "r1 is retired"
    with pytest.raises(Refused):
        back_to_previous(office.deployment, BEN, "desk", reason="late")


def test_what_a_retired_release_closed_is_left_alone(office: Office) -> None:
    first, _ = succeed(office)
    key = next(
        f"K-{number}" for number in range(40) if office.submit(f"K-{number}").release == first.digest
    )
    office.work()
    into_production(office)
    office.later(days=8)
    office.work()
    assert office.case(key).release == first.digest
    assert office.reviews(key) == []


def test_a_retired_release_that_is_aborted_comes_back_no_more(office: Office) -> None:
    succeed(office)
    into_production(office)
    assert abort_release(office.deployment, BEN, "desk", "r1", reason="unfit").moved
    with pytest.raises(Refused):
        back_to_previous(office.deployment, BEN, "desk", reason="x")
    assert rollout(office).named("r2").stage is Stage.PRODUCTION


def test_after_an_abort_of_production_the_release_before_still_comes_back(office: Office) -> None:
    first, _ = succeed(office)
    into_production(office)
    abort_release(office.deployment, BEN, "desk", "r2", reason="bad")
    assert rollout(office).at(Stage.PRODUCTION) is None
    back_to_previous(office.deployment, BEN, "desk", reason="bad")
    running = rollout(office).at(Stage.PRODUCTION)
    assert running is not None
    assert running.digest == first.digest


def test_going_back_needs_the_right_to_abort(office: Office) -> None:
    succeed(office)
    into_production(office)
    with pytest.raises(Refused, match="not allowed"):
        back_to_previous(office.deployment, VERA, "desk", reason="x")


def test_unsent_effects_beside_a_sent_one_are_parked_until_a_person_looked(office: Office) -> None:
    office.release(flows.act_then_reply, stage=Stage.CANARY, share=0.999)
    office.submit("K-1")
    sent: list[str] = []

    def halt() -> None:
        if not sent:
            sent.append("once")
            abort_release(office.deployment, BEN, "desk", "r1", reason="bad")

    office.tools["mail.reply"].after = halt
    office.work()
    states = {effect.slot: effect.state for effect in office.effects("K-1")}
    assert EffectState.CONFIRMED in states.values()
    assert EffectState.READY not in states.values()
    assert "correction" in {review.kind for review in office.reviews("K-1")}
    assert len(office.tools["mail.reply"].sends) == 1


def test_a_case_taken_in_while_its_release_was_halted_is_taken_back_too(office: Office) -> None:
    """It was assigned before the abort and stored after its cases were looked through."""
    first = office.release(flows.reply, number=1)
    canary = office.release(flows.reply, number=2, stage=Stage.CANARY, share=0.999)
    office.submit("K-1", "refund 0.5")
    with office.store.write() as tx:
        office.store.releases.save(tx, rollout(office).find(canary.digest))
    abort_release(office.deployment, BEN, "desk", "r2", reason="bad")
    # Those who take back have been here before the case could be seen.
    from roadworthy.operate.taking_back import roll_back

    page = office.store.cases.list
    office.store.cases.list = lambda *a, **k: type(page(*a, **k))(())  # type: ignore[method-assign]
    roll_back(office.deployment, f"desk/{canary.digest}")
    office.engine._known.add(f"rollback:{canary.digest}:halted")
    office.engine._waiting = [one for one in office.engine._waiting if one.job.kind != "rollback"]
    office.store.cases.list = page  # type: ignore[method-assign]
    office.work()
    assert office.case("K-1").release == first.digest
