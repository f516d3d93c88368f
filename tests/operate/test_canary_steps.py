"""A canary goes step by step, only forward on proof, and back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.operate import flows
from tests.operate.lane import cases, lane, now_standing, rollout, stepped, two_releases
from tests.operate.office import BEN, RITA, SHOP, Office

from roadworthy.errors import Refused
from roadworthy.operate.canaries import kind_of, observe_figures
from roadworthy.operate.outcomes import record_outcome
from roadworthy.operate.rollout import abort_release, look_at_canary, promote_release
from roadworthy.operate.verdicts import waive
from roadworthy.quantities import Share
from roadworthy.release import Word
from roadworthy.stage import Stage


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = lane(tmp_path)
    yield office
    office.store.close()


def promote(office: Office, to: Stage, **more) -> None:
    promote_release(office.deployment, BEN, "desk", "r2", to, **more)


def test_a_canary_begins_in_its_first_step_and_pauses_while_it_is_inconclusive(office: Office) -> None:
    two_releases(office, stepped())
    promote(office, Stage.CANARY)
    canary = rollout(office).at(Stage.CANARY)
    assert canary is not None
    assert (canary.step, canary.share) == (1, Share(0.3))
    with pytest.raises(Refused) as found:
        promote(office, Stage.CANARY)
    assert found.value.code == "RW-RELEASE-011"
    assert found.value.may_overrule == "risk_officer"
    assert "error is known of 0" in found.value.reasons[0]
    with pytest.raises(Refused, match="step 1 of 2"):
        promote(office, Stage.PRODUCTION)


def test_a_step_that_is_passed_leads_to_the_next_and_the_last_to_production(office: Office) -> None:
    two_releases(office, stepped())
    promote(office, Stage.CANARY)
    cases(office, 120)
    assert now_standing(office).state in {Word.NOT_WORSE, Word.BETTER}
    promote(office, Stage.CANARY)
    canary = rollout(office).at(Stage.CANARY)
    assert canary is not None
    assert (canary.step, canary.share) == (2, Share(0.6))
    cases(office, 80, start=200)
    said = now_standing(office)
    assert said.missing == ("0 seconds have passed, asked 2 hours",)
    office.later(hours=2)
    promote(office, Stage.PRODUCTION)
    assert [release.stage for release in rollout(office).releases] == [Stage.RETIRED, Stage.PRODUCTION]


def test_cases_of_an_earlier_step_count_for_the_proof_and_not_for_the_step(office: Office) -> None:
    two_releases(office, stepped())
    promote(office, Stage.CANARY)
    for number in range(60):
        office.submit(f"L-{number}", "refund 0.95")
    office.work()
    cases(office, 120)
    office.later(seconds=1)
    promote(office, Stage.CANARY)
    before = now_standing(office).metrics[0]
    for number in range(60):
        record_outcome(office.deployment, SHOP, "desk", f"L-{number}", truth="refund", source="desk")
    after = now_standing(office).metrics[0]
    assert after.cases > before.cases, "a late label enters when it comes"
    assert after.in_step == 0


def test_it_is_led_on_by_itself_only_where_the_charter_asks_for_it(office: Office) -> None:
    two_releases(office, stepped("    advance: automatic\n"))
    promote(office, Stage.CANARY)
    cases(office, 120)
    look_at_canary(office.deployment, "desk")
    look_at_canary(office.deployment, "desk")
    canary = rollout(office).at(Stage.CANARY)
    assert canary is not None
    assert canary.step == 2, "twice is once"
    cases(office, 80, start=200)
    office.later(hours=3)
    look_at_canary(office.deployment, "desk")
    assert rollout(office).at(Stage.CANARY) is not None, "into production a person leads"


def test_a_waiver_leads_on_what_is_inconclusive_and_never_what_is_worse(office: Office) -> None:
    two_releases(office, stepped())
    promote(office, Stage.CANARY)
    cases(office, 5)
    waive(
        office.deployment,
        RITA,
        "desk",
        "release.canary_step",
        "1",
        asked_by="ben",
        reason="holiday",
        valid_for=timedelta(days=1),
    )
    promote(office, Stage.CANARY)
    canary = rollout(office).at(Stage.CANARY)
    assert canary is not None
    assert canary.step == 2
    with pytest.raises(Refused):
        promote(office, Stage.PRODUCTION)


def test_a_canary_is_narrowed_without_any_proof(office: Office) -> None:
    two_releases(office, stepped())
    promote(office, Stage.CANARY)
    promote(office, Stage.CANARY, share=Share(0.1))
    canary = rollout(office).at(Stage.CANARY)
    assert canary is not None
    assert (canary.step, canary.share) == (1, Share(0.1))
    with pytest.raises(Refused):
        promote(office, Stage.CANARY, share=Share(0.5))


def test_labels_that_contradict_count_once_and_stand_on_record(office: Office) -> None:
    two_releases(office, stepped())
    promote(office, Stage.CANARY)
    cases(office, 3)
    before = now_standing(office).metrics[0]
    record_outcome(office.deployment, SHOP, "desk", "K-1", truth="other", source="crm")
    after = now_standing(office).metrics[0]
    assert (after.cases + after.beside) == (before.cases + before.beside) == 3
    from roadworthy.ledger import decode

    assert "outcome.recorded" in list(office.events())
    data = [decode(entry.event).data for entry in office.store.ledger.entries()]
    assert [one["contradicts"] for one in data if "contradicts" in one] == [["desk"]]


METRICS = """    metrics:
      cost: {limit: 0.00001 EUR, margin: 0.03, tolerance: 0.3}
      latency: {limit: 60s, margin: 0.03, tolerance: 0.3}
      review_rate: {margin: 0.03, tolerance: 0.3}
"""


def test_cost_latency_and_review_rate_are_compared_without_labels(office: Office) -> None:
    two_releases(office, stepped(METRICS))
    promote(office, Stage.CANARY)
    for number in range(10):
        office.submit(f"K-{number}", "refund 0.95" if number % 2 else "refund 0.5")
        office.later(seconds=90 if number % 3 == 0 else 1)
        office.work()
    found = {one.metric: one for one in now_standing(office).metrics}
    assert list(found) == ["error", "cost", "latency", "review_rate"]
    assert {one.cases + one.beside for name, one in found.items() if name != "error"} == {10}
    total = {
        name: (one.mean or 0) * one.cases + (one.mean_beside or 0) * one.beside
        for name, one in found.items()
    }
    assert total["latency"] == pytest.approx(4)
    assert total["review_rate"] == pytest.approx(5)
    assert 0 < total["cost"] <= 10


def test_a_canary_that_asks_people_too_often_is_halted_by_itself(office: Office) -> None:
    charter = stepped(METRICS)
    office.release(flows.reply, number=1, charter=charter)
    office.release(
        flows.reply, number=2, stage=Stage.SHADOW, share=0.0, charter=charter + "\n# 2", threshold=None
    )
    promote(office, Stage.CANARY)
    for number in range(250):
        office.submit(f"K-{number}", "refund 0.95")
        office.work()
        if rollout(office).at(Stage.CANARY) is None:
            break
    halted = rollout(office).named("r2")
    assert halted.stage is Stage.HALTED
    assert "more cases that people are asked about" in halted.reason


KPI = """kpi: {name: k, unit: minutes, target: 1, direction: down, baseline: {source: books, sql: select 1},
  per_case: {source: books, sql: select 1}, per_case_low: 0, per_case_high: 10}
"""


def test_a_figure_of_the_kpi_counts_once_per_case(office: Office) -> None:
    charter = stepped("    metrics: {kpi: {margin: 0.03, tolerance: 0.3}}\n")
    line = next(line for line in charter.splitlines() if line.startswith("kpi:"))
    two_releases(office, charter.replace(line, KPI))
    promote(office, Stage.CANARY)
    for number in range(6):
        office.submit(f"K-{number}", "refund 0.95")
    office.work()
    figures = {f"K-{number}": 5.0 * number for number in range(6)} | {"unknown": 1.0}
    assert observe_figures(office.deployment, "desk", figures) == 6
    assert observe_figures(office.deployment, "desk", figures) == 0
    kpi = next(one for one in now_standing(office).metrics if one.metric == "kpi")
    assert kpi.cases + kpi.beside == 6
    total = (kpi.mean or 0) * kpi.cases + (kpi.mean_beside or 0) * kpi.beside
    assert total == pytest.approx(0 + 0.5 + 1 + 1 + 1 + 1)


def test_metrics_that_come_after_an_abort_change_nothing(office: Office) -> None:
    two_releases(office, stepped())
    promote(office, Stage.CANARY)
    for number in range(8):
        office.submit(f"K-{number}", "refund 0.95")
    office.work()
    abort_release(office.deployment, BEN, "desk", "r2", reason="bad")
    office.work()
    for number in range(8):
        record_outcome(office.deployment, SHOP, "desk", f"K-{number}", truth="other", source="desk")
    assert look_at_canary(office.deployment, "desk") is None
    assert rollout(office).named("r2").stage is Stage.HALTED
    with office.store.read() as tx:
        digest = rollout(office).named("r2").digest
        assert office.store.evidence.watch(tx, "desk", digest, kind_of("error")) == ""


def test_with_another_release_beside_it_a_comparison_begins_anew(office: Office) -> None:
    from roadworthy.operate.rollout import back_to_previous

    two_releases(office, stepped())
    office.release(flows.reply, number=3, stage=Stage.DRAFT, share=0.0, charter=stepped() + "\n# 3")
    promote(office, Stage.CANARY)
    cases(office, 120)
    promote(office, Stage.CANARY)
    cases(office, 80, start=200)
    office.later(hours=3)
    promote(office, Stage.PRODUCTION)
    for stage in (Stage.PILOT, Stage.SHADOW, Stage.CANARY):
        promote_release(office.deployment, BEN, "desk", "r3", stage)
    cases(office, 20, start=400)
    assert now_standing(office).metrics[0].cases + now_standing(office).metrics[0].beside == 20
    back_to_previous(office.deployment, BEN, "desk", reason="r2 is slow")
    assert now_standing(office).metrics[0].cases == 0
    cases(office, 5, start=500)
    again = now_standing(office).metrics[0]
    assert again.cases + again.beside == 5
