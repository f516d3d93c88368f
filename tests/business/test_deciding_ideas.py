"""Fund, govern first, wait or refuse: which rule decides, what it says, and what no answer may do."""

from datetime import date, timedelta

import numpy as np
import pytest
from benchmarks.business.ideas import an_idea
from benchmarks.business.laws import broken
from tests.business.material import POLICY, TODAY, judged, returns, valued

from roadworthy.business import (
    UNKNOWN,
    Conclusion,
    Counts,
    Facts,
    Range,
    Readiness,
    Value,
    decide,
    shipped_lists,
    tier_of,
    what_would_change,
)
from roadworthy.business.policy import BLOCKERS, WAITS


def codes(question: str, field: str, held: object) -> tuple[Conclusion, list[str]]:
    verdict = judged(returns().with_field(question, field, held))  # type: ignore[arg-type]
    return verdict.conclusion, [reason.code for reason in verdict.reasons]


def test_an_idea_with_value_and_nothing_in_its_way_is_funded_with_stage_review_and_kill_criterion() -> None:
    verdict = judged(returns())
    assert verdict.conclusion is Conclusion.FUND
    assert [reason.code for reason in verdict.reasons] == ["fund.value_stands"]
    assert verdict.stage is not None
    assert verdict.stage.budget == pytest.approx(POLICY.stage_share * 45_000)
    assert verdict.stage.review_on == TODAY + timedelta(weeks=POLICY.stage_weeks)
    assert "stop if" in verdict.stage.kill
    assert not verdict.stage.experiment
    assert verdict.blockers == ()


SOURCE = {"name": "helpdesk", "owner": "lena", "permission": "yes", "personal": "personal"}


@pytest.mark.parametrize(
    ("question", "field", "held", "conclusion", "code"),
    [
        ("people", "prohibited", ("social-scoring",), "refuse", "refuse.prohibited"),
        ("data", "sources", ({**SOURCE, "permission": "cannot be had"},), "refuse", "refuse.no_permission"),
        ("task", "decision", UNKNOWN, "wait", "task.unknown"),
        ("owner", "accountable", UNKNOWN, "wait", "owner.missing"),
        ("owner", "may_change_process", False, "wait", "owner.may_not_change_process"),
        ("kpi", "baseline", UNKNOWN, "wait", "kpi.no_baseline"),
        ("volume", "cases_per_month", UNKNOWN, "wait", "value.unpriced"),
        ("volume", "cases_per_month", Range(40, 50, 60), "wait", "value.too_small"),
        ("integration", "missing", ({"name": "api", "by": UNKNOWN},), "wait", "integration.open"),
        ("integration", "missing", ({"name": "api", "by": date(2026, 1, 1)},), "wait", "integration.open"),
        ("integration", "missing", UNKNOWN, "wait", "integration.open"),
        ("data", "sources", ({**SOURCE, "permission": "can be had"},), "govern first", "data.permission_missing"),
        ("data", "sources", ({**SOURCE, "permission": UNKNOWN},), "govern first", "data.permission_unknown"),
        ("data", "sources", ({**SOURCE, "owner": UNKNOWN},), "govern first", "data.owner_missing"),
        ("data", "sources", ({**SOURCE, "personal": UNKNOWN},), "govern first", "data.personal_unknown"),
        ("data", "protection_assessed", False, "govern first", "data.protection_not_assessed"),
        ("people", "affected", UNKNOWN, "govern first", "people.affected_unknown"),
        ("review", "hours_per_week", 0.5, "govern first", "review.overload"),
        ("review", "hours_per_week", UNKNOWN, "govern first", "review.unknown"),
        ("fallback", "plan", UNKNOWN, "govern first", "fallback.missing"),
        ("operation", "run_by", UNKNOWN, "govern first", "operation.nobody_runs_it"),
        ("autonomy", "tools", ({"name": "t", "effect": "write", "rule": False},), "govern first", "tools.without_rule"),
        ("autonomy", "tools", ({"name": "t", "effect": "irreversible", "rule": UNKNOWN},), "govern first", "tools.irreversible_without_rule"),
        ("autonomy", "tools", ({"name": "t", "effect": UNKNOWN, "rule": True},), "govern first", "tools.effect_unknown"),
    ],
)  # fmt: skip
def test_one_answer_decides_with_its_reason(
    question: str, field: str, held: object, conclusion: str, code: str
) -> None:
    assert codes(question, field, held) == (Conclusion(conclusion), [code])


def test_without_labels_and_a_way_to_get_them_it_waits() -> None:
    idea = (
        returns().with_field("labels", "count", Range(0, 0, 0)).with_field("labels", "can_be_had", UNKNOWN)
    )
    assert [reason.code for reason in judged(idea).reasons] == ["labels.none"]
    measured = judged(idea, Facts(labels=Counts(500, 500, "catalogue")))
    assert measured.conclusion is Conclusion.FUND


def test_lists_that_nobody_looked_at_count_as_high_until_somebody_does() -> None:
    idea = (
        returns()
        .with_field("people", "high_risk", UNKNOWN)
        .with_field("volume", "cases_per_month", Range(9e3, 1e4, 1.1e4))
    )
    assert tier_of(idea).level == "high"
    verdict = judged(idea.with_field("review", "hours_per_week", 400.0))
    assert "people.unchecked" in [reason.code for reason in verdict.reasons]


def test_a_high_tier_names_its_clause_and_asks_who_writes_the_assessment() -> None:
    idea = (
        returns()
        .with_field("people", "high_risk", ("credit",))
        .with_field("people", "assessment_owner", UNKNOWN)
        .with_field("volume", "cases_per_month", Range(9e3, 1e4, 1.1e4))
        .with_field("review", "hours_per_week", 400.0)
    )
    verdict = judged(idea)
    assert verdict.tier.level == "high"
    assert "Annex III, 5(b)" in verdict.tier.sentence
    assert [reason.code for reason in verdict.reasons] == ["people.no_impact_assessment_owner"]
    assert "not legal advice" in str(verdict.as_json())


def test_readiness_below_the_bar_blocks_and_names_what_fails() -> None:
    verdict = judged(returns(), Facts(readiness=Readiness(0.4, ("duplicates",), "data report")))
    assert [reason.code for reason in verdict.reasons] == ["data.readiness_low"]
    assert "duplicates" in verdict.reasons[0].sentence


def test_measured_policy_coverage_replaces_what_people_say_of_rules() -> None:
    ruled = returns().with_field("autonomy", "tools", ({"name": "t", "effect": "write", "rule": False},))
    assert judged(ruled, Facts(policy_coverage=Counts(1, 1, "policies"))).conclusion is Conclusion.FUND
    assert (
        judged(returns(), Facts(policy_coverage=Counts(0, 1, "policies"))).conclusion
        is Conclusion.GOVERN_FIRST
    )


def test_blockers_stand_in_the_order_of_work_with_the_value_behind_each() -> None:
    idea = (
        returns().with_field("fallback", "plan", UNKNOWN).with_field("data", "protection_assessed", False)
    )
    verdict = judged(idea)
    assert [one.reason.code for one in verdict.blockers] == [
        "fallback.missing",
        "data.protection_not_assessed",
    ]
    assert verdict.waiting_per_week is not None
    for one in verdict.blockers:
        assert one.reason.hours == POLICY.hours[one.reason.code]
        assert one.weeks == pytest.approx(one.reason.hours / POLICY.hours_per_week)
        assert one.waiting == pytest.approx(verdict.waiting_per_week * one.weeks)


def test_an_unsure_idea_gets_only_the_experiment() -> None:
    idea = returns().with_field("volume", "cases_per_month", Range(700, 1450, 2600))
    value = valued(idea)
    assert isinstance(value, Value)
    assert POLICY.stand_probability <= value.chance < POLICY.fund_probability
    verdict = judged(idea)
    assert [reason.code for reason in verdict.reasons] == ["fund.experiment"]
    assert verdict.stage is not None
    assert verdict.stage.experiment


def test_what_outsiders_cannot_take_back_begins_inside() -> None:
    inside = returns()
    outside = inside.with_field("people", "affected", "customers")
    assert not judged(inside).begin_inside
    assert judged(outside).begin_inside
    assert judged(outside.with_field("autonomy", "wanted", "approve")).begin_inside is False


def test_a_wait_says_when_it_comes_back() -> None:
    verdict = judged(returns().with_field("kpi", "baseline", UNKNOWN))
    assert verdict.comes_back_when == "the baseline is measured"
    assert verdict.next_step


def test_every_reason_of_the_rules_has_hours_in_the_policy() -> None:
    assert set(POLICY.hours) == {*BLOCKERS, *WAITS}


def test_the_thresholds_that_are_shown_are_where_the_verdict_changes() -> None:
    idea = returns().with_field("volume", "cases_per_month", Range(300, 500, 700))
    value = valued(idea)
    changes = what_would_change(idea, Facts(), value, POLICY, TODAY)
    volume = next(one for one in changes if one.answer == "volume.cases_per_month")
    assert volume.conclusion is Conclusion.FUND
    assert volume.at is not None
    assert f"{volume.at:,.0f}" in volume.sentence
    for factor, expected in ((1.01, Conclusion.FUND), (0.99, Conclusion.WAIT)):
        ends = Range(300, 500, 700).times(volume.at / 500 * factor)
        assert judged(idea.with_field("volume", "cases_per_month", ends)).conclusion is expected


def test_one_good_answer_that_would_lift_a_verdict_is_named() -> None:
    idea = returns().with_field("fallback", "plan", UNKNOWN)
    changes = what_would_change(idea, Facts(), valued(idea), POLICY, TODAY)
    assert [(one.answer, one.conclusion) for one in changes if one.at is None] == [
        ("fallback", Conclusion.FUND)
    ]


def test_a_funded_idea_shows_what_would_lose_it() -> None:
    changes = what_would_change(returns(), Facts(), valued(returns()), POLICY, TODAY)
    assert {one.answer for one in changes} >= {"volume.cases_per_month", "review.hours_per_week"}
    assert all(one.conclusion is not Conclusion.FUND for one in changes)


def test_what_is_refused_is_not_bargained_with() -> None:
    idea = returns().with_field("people", "prohibited", ("social-scoring",))
    assert what_would_change(idea, Facts(), valued(idea), POLICY, TODAY) == ()


def test_every_prohibited_tick_refuses_and_names_its_clause() -> None:
    value = valued(returns())
    for tick in shipped_lists().named("prohibited").values():
        idea = returns().with_field("people", "prohibited", (tick.id,))
        verdict = decide(idea, Facts(), value, POLICY, TODAY)
        assert verdict.conclusion is Conclusion.REFUSE
        assert tick.clause in verdict.reasons[0].sentence


@pytest.mark.parametrize("part", range(3))
def test_no_random_idea_breaks_a_rule(part: int) -> None:
    for number in range(part * 40, part * 40 + 40):
        rng = np.random.default_rng([5, number])
        idea = an_idea(rng, f"idea-{number}", gaps=(0.0, 0.02, 0.15)[part])
        assert broken(idea, rng, POLICY, draws=150)[1] == ""
