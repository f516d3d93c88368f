from datetime import timedelta

import pytest
from tests.operate import flows
from tests.operate.office import BEN, OLGA, RITA, SHOP, VERA, Office

from roadworthy.casework.case import State
from roadworthy.errors import Conflict, NotFound, Refused
from roadworthy.operate.outcomes import canary_watch, record_outcome
from roadworthy.operate.rollout import abort_release, promote_release
from roadworthy.operate.verdicts import approve, verdict, waive
from roadworthy.stage import Stage


def test_a_release_that_shows_no_evidence_stays_where_it_is(office: Office) -> None:
    office.release(flows.reply, stage=Stage.PILOT)
    with pytest.raises(Refused) as found:
        promote_release(office.deployment, BEN, "desk", "r1", Stage.SHADOW)
    assert found.value.code == "RW-GATE-010"
    assert any("never measured" in reason for reason in found.value.reasons)
    assert "gate.decided" in list(office.events())


def test_the_author_of_a_release_does_not_approve_it(office: Office) -> None:
    from tests.operate.office import Role, person

    office.release(flows.reply, stage=Stage.SHADOW)
    with pytest.raises(Refused, match="second person"):
        approve(office.deployment, person("ben", Role.OWNER), "desk", "r1", reason="mine")


def test_approvals_answer_their_requirements_and_run_out(office: Office) -> None:
    office.release(flows.reply, stage=Stage.SHADOW)

    def open_ones() -> set[str]:
        return {f.requirement for f in verdict(office.deployment, BEN, "desk", "r1", Stage.CANARY).open}

    assert {"compliance.owner", "compliance.risk"} <= open_ones()
    approve(office.deployment, OLGA, "desk", "r1", reason="seen")
    approve(office.deployment, RITA, "desk", "r1", reason="seen")
    assert not {"compliance.owner", "compliance.risk"} & open_ones()
    office.later(days=31)
    assert {"compliance.owner", "compliance.risk"} <= open_ones()


def test_a_waiver_is_granted_by_a_second_person_and_shows(office: Office) -> None:
    office.release(flows.reply, stage=Stage.PILOT)
    with pytest.raises(Refused):
        waive(
            office.deployment,
            RITA,
            "desk",
            "business.kpi_baseline",
            "",
            asked_by="rita",
            reason="x",
            valid_for=timedelta(days=1),
        )
    waive(
        office.deployment,
        RITA,
        "desk",
        "business.kpi_baseline",
        "",
        asked_by="ben",
        reason="no table yet",
        valid_for=timedelta(days=1),
    )
    found = verdict(office.deployment, BEN, "desk", "r1", Stage.SHADOW)
    (finding,) = [f for f in found.findings if f.requirement == "business.kpi_baseline"]
    assert finding.mark == "waived"
    assert "no table yet" in finding.reason


def test_abort_sends_waiting_cases_back_to_the_running_release(office: Office) -> None:
    office.release(flows.reply, number=1)
    canary = office.release(flows.reply, number=2, stage=Stage.CANARY, share=0.999)
    office.submit("K-1", "refund 0.5")
    office.work()
    assert office.case("K-1").release == canary.digest
    abort_release(office.deployment, BEN, "desk", "r2", reason="bad")
    office.work()
    case = office.case("K-1")
    assert (case.run, case.state) == (2, State.WAITING)
    assert case.release != canary.digest
    assert sorted(review.state for review in office.reviews("K-1")) == ["cancelled", "open"]


def test_abort_without_a_running_release_sends_cases_to_people(office: Office) -> None:
    office.release(flows.reply, stage=Stage.CANARY, share=0.999)
    office.submit("K-1", "refund 0.5")
    office.work()
    abort_release(office.deployment, BEN, "desk", "r1", reason="bad")
    office.work()
    assert office.case("K-1").release == ""
    assert sorted(review.kind for review in office.reviews("K-1")) == ["effect", "work"]


def test_what_a_halted_release_sent_alone_goes_to_a_person_with_its_undo(office: Office) -> None:
    office.release(flows.reply, stage=Stage.CANARY, share=0.999)
    office.submit("K-1", "refund 0.95")
    office.work()
    assert office.case("K-1").state is State.CLOSED
    abort_release(office.deployment, BEN, "desk", "r1", reason="bad")
    office.work()
    (review,) = office.reviews("K-1")
    assert review.kind == "correction"
    assert "mail.withdraw" in review.reasons[1]


def test_rolling_back_twice_asks_nobody_twice(office: Office) -> None:
    from roadworthy.operate.taking_back import roll_back

    release = office.release(flows.reply, stage=Stage.CANARY, share=0.999)
    office.submit("K-1", "refund 0.95")
    office.submit("K-2", "refund 0.5")
    office.work()
    abort_release(office.deployment, BEN, "desk", "r1", reason="bad")
    office.work()
    roll_back(office.deployment, f"desk/{release.digest}")
    assert len(office.reviews("K-1")) == 1
    assert office.case("K-2").run == 2


def test_a_halted_release_sends_nothing_more(office: Office) -> None:
    office.release(flows.reply, stage=Stage.CANARY, share=0.999)
    office.submit("K-1", "refund 0.95")
    office.tools["books.look"].before = lambda: (
        abort_release(office.deployment, BEN, "desk", "r1", reason="bad") and None
    )
    office.work()
    assert office.tools["mail.reply"].sends == []


def test_aborting_again_changes_nothing_and_abort_is_final(office: Office) -> None:
    office.release(flows.reply, stage=Stage.CANARY, share=0.5)
    assert abort_release(office.deployment, BEN, "desk", "r1", reason="bad").moved
    assert abort_release(office.deployment, BEN, "desk", "r1", reason="bad").moved == ()
    with pytest.raises(Refused, match="stays so"):
        promote_release(office.deployment, BEN, "desk", "r1", Stage.PRODUCTION)


def test_a_canary_that_is_proven_worse_is_rolled_back_by_itself(office: Office) -> None:
    office.release(flows.reply, number=1)
    office.release(flows.reply, number=2, stage=Stage.CANARY, share=0.5)
    for number in range(200):
        key = f"K-{number}"
        case = office.submit(key, "refund 0.95")
        office.work()
        on_canary = case.probability == 0.5 and case.stage is Stage.CANARY
        truth = "other" if on_canary and number % 3 == 0 else "refund"
        record_outcome(office.deployment, SHOP, "desk", key, truth=truth, source="desk")
        with office.store.read() as tx:
            canary = office.store.releases.rollout(tx, "desk").named("r2")
        if canary.stage is Stage.HALTED:
            break
    office.work()
    assert canary.stage is Stage.HALTED
    assert "more wrong automatic answers" in canary.reason
    watch = canary_watch(office.deployment, "desk", canary)
    assert watch is not None
    assert watch.state == "worse"


def test_an_outcome_counts_once_per_source(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    office.work()
    assert len(record_outcome(office.deployment, SHOP, "desk", "K-1", truth="refund", source="desk")) == 1
    assert record_outcome(office.deployment, SHOP, "desk", "K-1", truth="other", source="desk") == ()


def test_an_outcome_needs_a_case_that_is_decided(office: Office) -> None:
    office.release(flows.reply)
    with pytest.raises(NotFound):
        record_outcome(office.deployment, SHOP, "desk", "K-1", truth="refund", source="desk")
    office.submit("K-1")
    with pytest.raises(Conflict):
        record_outcome(office.deployment, SHOP, "desk", "K-1", truth="refund", source="desk")


def test_a_reviewer_neither_promotes_nor_aborts(office: Office) -> None:
    office.release(flows.reply, stage=Stage.CANARY, share=0.5)
    for verb in (
        lambda: promote_release(office.deployment, VERA, "desk", "r1", Stage.PRODUCTION),
        lambda: abort_release(office.deployment, VERA, "desk", "r1", reason="x"),
    ):
        with pytest.raises(Refused):
            verb()
