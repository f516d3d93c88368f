"""The way to production: the gate's rows in order, by owner and day; never another list than the gate's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gate.material import CHARTER, NOW, RELEASE, SHIPPED, evidence, measurement, passing, requirement

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem
from roadworthy.evidence import Measurement
from roadworthy.gate import Requirement, RequirementSet, decide, parse_requirements
from roadworthy.gate.requirement import CHECKLIST
from roadworthy.gate.roadmap import HOURS_A_WEEK, PHASES, Roadmap, as_json, roadmap, stages_ahead
from roadworthy.gate.scaling import Pace, scale
from roadworthy.stage import ROAD, Stage

TODAY = NOW.date()
HIGH: Charter = CHARTER.model_copy(update={"risk": CHARTER.risk.model_copy(update={"tier": "high"})})


def made(
    *measurements: Measurement,
    rows: tuple[Requirement, ...] = SHIPPED.requirements,
    stage: Stage = Stage.PILOT,
    charter: Charter = CHARTER,
    hours: Mapping[str, float] | None = None,
    since: list[str] | None = None,
) -> Roadmap:
    asked = RequirementSet("test", rows)
    gathered = evidence(*measurements)
    verdicts = [
        decide(charter, gathered, ahead, NOW, requirements=asked, release=RELEASE)
        for ahead in stages_ahead(stage)
    ]
    return roadmap(
        charter, verdicts, asked, stage=stage, scale=scale(charter, gathered, Pace()), hours_a_week=hours,
        since_assessed=since,
    )  # fmt: skip


def row(name: str, hours: float = 1.0, **changes: object) -> Requirement:
    return requirement(id=name, measured_by=name, effort_hours=hours, **changes)


def names(found: Roadmap) -> list[str]:
    return [step.name for step in found.missing]


def test_with_nothing_measured_all_rows_of_the_gate_are_missing_and_no_others() -> None:
    found = made(charter=HIGH)
    asked = {
        f"{one.id} {subject}".strip()
        for one in SHIPPED.requirements
        if not one.tiers or "high" in one.tiers
        for subject in (HIGH.subjects(one.each) if one.each else ("",))
    }
    assert set(names(found)) == asked
    assert not found.stands


def test_with_everything_measured_nothing_is_missing() -> None:
    found = made(*passing(Stage.PRODUCTION))
    assert found.missing == ()
    assert found.ready == TODAY
    assert found.hours == 0
    assert "has all of the" in found.sentence


def test_every_point_of_the_checklist_has_a_row_and_every_shipped_row_a_point() -> None:
    assert {one.checklist for one in SHIPPED.requirements} == set(CHECKLIST)
    assert {part.name for part in made(charter=HIGH).phases} == set(PHASES)


def test_answered_rows_are_asked_by_the_gate_of_a_high_tier_and_pass_nothing_by_themselves() -> None:
    answered = [one for one in SHIPPED.requirements if one.question]
    assert 12 <= len(answered) <= 18
    measured = [one for one in passing(Stage.PRODUCTION, HIGH) if not one.kind.startswith("answer.")]
    assert set(names(made(*measured, charter=HIGH))) == {one.id for one in answered}


def test_of_what_is_needed_next_the_cheapest_comes_first() -> None:
    found = made(
        rows=(row("a.dear", 8), row("a.cheap", 1), row("a.late", 0.5, stages=frozenset({Stage.PRODUCTION})))
    )
    assert names(found) == ["a.cheap", "a.dear", "a.late"]


def test_a_row_comes_after_what_it_needs_even_where_that_is_dearer() -> None:
    found = made(rows=(row("a.first", 8), row("a.then", 1, after=("a.first",))))
    assert names(found) == ["a.first", "a.then"]
    first, then = found.missing
    assert then.after == ("a.first",)
    assert then.begins is not None
    assert first.done is not None
    assert then.begins >= first.done - timedelta(days=1)


def test_what_stands_is_waited_for_by_nobody() -> None:
    rows = (row("a.first", 8), row("a.then", 1, after=("a.first",)))
    found = made(measurement(kind="a.first"), rows=rows)
    assert names(found) == ["a.then"]
    assert found.missing[0].after == ()


def test_evidence_of_a_stage_waits_for_all_that_the_stage_asks_for() -> None:
    later = frozenset({Stage.CANARY, Stage.PRODUCTION})
    rows = (
        row("a.dear", 90),
        row("a.watched", 0.5, stages=later, during=Stage.SHADOW),
        row("a.other", 1, stages=later),
    )
    found = made(rows=rows)
    assert names(found) == ["a.dear", "a.watched", "a.other"]
    assert [step.after for step in found.missing] == [(), ("a.dear",), ()]


def test_rows_over_the_same_list_wait_for_the_same_member_only() -> None:
    rows = (row("a.contract", 4, each="data"), row("a.checks", 1, each="data", after=("a.contract",)))
    found = made(rows=rows)
    after = {step.name: step.after for step in found.missing}
    assert after["a.checks crm"] == ("a.contract crm",)


def test_days_follow_from_the_hours_of_the_owner() -> None:
    rows = (row("a.one", HOURS_A_WEEK),)
    assert made(rows=rows).missing[0].done == TODAY + timedelta(days=7)
    assert made(rows=rows, hours={"jonas": 2 * HOURS_A_WEEK}).missing[0].done == TODAY + timedelta(days=4)


def test_owners_work_beside_each_other_and_one_thing_after_the_other() -> None:
    rows = (row("a.one", 8), row("a.two", 8), row("a.hers", 8, owner="business"))
    days = {step.name: step.done for step in made(rows=rows).missing}
    week = timedelta(days=7)
    assert days == {"a.hers": TODAY + week, "a.one": TODAY + week, "a.two": TODAY + 2 * week}


def test_work_that_waits_leaves_its_owner_free_for_other_work() -> None:
    rows = (row("a.one", 8, owner="business"), row("a.after", 8, after=("a.one",)), row("a.free", 8.5))
    days = {step.name: step.begins for step in made(rows=rows).missing}
    assert days["a.after"] == TODAY + timedelta(days=7)
    assert days["a.free"] == TODAY + timedelta(days=14)
    rows = (row("a.one", 16, owner="business"), row("a.after", 1, after=("a.one",)), row("a.free", 8))
    days = {step.name: step.begins for step in made(rows=rows).missing}
    assert days["a.free"] == TODAY


def test_without_hours_there_is_no_day_for_it_nor_for_what_needs_it() -> None:
    rows = (row("a.one"), row("a.after", owner="business", after=("a.one",)), row("a.other", owner="risk"))
    found = made(rows=rows, hours={"jonas": 0})
    assert {step.name: step.done is None for step in found.missing} == {
        "a.one": True, "a.after": True, "a.other": False,
    }  # fmt: skip
    assert found.ready is None
    assert "no day" in found.sentence


def test_cases_that_are_missing_take_the_days_in_which_they_come() -> None:
    live = frozenset({Stage.CANARY, Stage.PRODUCTION})
    watched = row("a.cases", 0, unit="cases", threshold=3000.0, stages=live)
    step = made(rows=(watched,), stage=Stage.SHADOW).missing[0]
    assert step.waits == pytest.approx(3000 / 9000 * 30.4375)
    part = made(
        measurement(600.0, kind="a.cases", unit="cases"), rows=(watched,), stage=Stage.CANARY
    ).missing[0]
    assert part.waits == pytest.approx(2400 / 9000 * 30.4375 / 0.4)


def test_what_runs_out_before_the_rest_is_done_is_to_be_renewed() -> None:
    rows = (row("a.long", 80), row("a.short"), row("a.lasting"))
    found = made(measurement(kind="a.short", days=14), measurement(kind="a.lasting", days=365), rows=rows)
    assert [step.name for step in found.to_renew] == ["a.short"]


def test_an_answer_that_was_never_given_and_one_that_ran_out_are_told_apart() -> None:
    asked = row("a.call", unit="yes", threshold=1.0, question="Is there?", valid_days=30)
    assert made(rows=(asked,)).missing[0].reason == "nobody has answered"
    old = measurement(1.0, kind="a.call", unit="yes", hours_ago=48, days=1, release="")
    assert made(old, rows=(asked,)).missing[0].reason == "the answer has run out"
    no = measurement(0.0, kind="a.call", unit="yes", n=1, release="")
    assert made(no, rows=(asked,)).missing[0].reason == "no"


def test_rows_that_need_each_other_are_still_all_there() -> None:
    rows = (row("a.one", after=("a.two",)), row("a.two", after=("a.one",)))
    assert sorted(names(made(rows=rows))) == ["a.one", "a.two"]


def test_only_what_is_ahead_is_looked_at() -> None:
    assert stages_ahead(Stage.SHADOW) == (Stage.CANARY, Stage.PRODUCTION)
    assert stages_ahead(Stage.PRODUCTION) == (Stage.PRODUCTION,)
    assert stages_ahead(Stage.HALTED) == ROAD[1:]
    assert stages_ahead(Stage.CANARY, Stage.SHADOW) == (Stage.SHADOW,)


def test_the_document_says_all_and_compares_only_where_there_is_something_to_compare() -> None:
    document = as_json(made(charter=HIGH))
    assert document["complete"] is False
    assert document["since_assessed"] is None
    assert as_json(made(since=["owner was mara"]))["since_assessed"] == ["owner was mara"]


def test_without_a_verdict_or_with_hours_below_zero_there_is_no_roadmap() -> None:
    with pytest.raises(ValueError, match="takes a verdict"):
        roadmap(CHARTER, [], SHIPPED, stage=Stage.DRAFT, scale=scale(CHARTER, evidence(), Pace()))
    with pytest.raises(ValueError, match="hours of 0 or more"):
        made(hours={"jonas": -1.0})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=60, max_size=60), st.sampled_from(ROAD[:-1]))
def test_a_roadmap_and_a_verdict_on_the_same_evidence_agree(kept: list[bool], stage: Stage) -> None:
    measured = [one for one, keep in zip(passing(Stage.PRODUCTION, HIGH), kept * 2, strict=False) if keep]
    found = made(*measured, charter=HIGH, stage=stage)
    verdict = decide(
        HIGH, evidence(*measured), Stage.PRODUCTION, NOW, requirements=SHIPPED, release=RELEASE
    )
    left = {f"{one.requirement} {one.subject}".strip() for one in verdict.open}
    assert {step.name for step in found.missing} == left
    assert bool(found.missing) != verdict.passes
    place = {step.name: number for number, step in enumerate(found.missing)}
    assert all(place[before] < place[step.name] for step in found.missing for before in step.after)
    days = {step.name: step.done or date.max for step in found.missing}
    assert all(days[before] <= days[step.name] for step in found.missing for before in step.after)


POLICY = """
version: '1'
requirements:
  - id: a.call
    theme: operation
    asks: somebody is called
    measured_by: answer.call
    compare: at least
    threshold: 1
    unit: "yes"
    stages: canary+
    checklist: monitoring
    effort_hours: 1.5
    owner: support
    after: []
    during: shadow
    question: Is somebody called?
    valid_days: 30
"""


def test_a_row_that_is_answered_is_read_with_all_of_its_fields() -> None:
    (read,) = parse_requirements(POLICY, place="policy.yaml").requirements
    assert (read.checklist, read.hours, read.owner, read.after) == ("monitoring", 1.5, "support", ())
    assert (read.during, read.question, read.valid_days) == (Stage.SHADOW, "Is somebody called?", 30)
    assert replace(read, effort_hours=None, minutes=90).hours == 1.5


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("checklist: monitoring", "checklist: night", "`checklist`: expected one of objectives"),
        ("effort_hours: 1.5", "effort_hours: .inf", "`effort_hours`: expected a number, 0 or more"),
        ("owner: support", "owner: nobody", "`owner`: expected one of business, technical, risk, support"),
        ("after: []", "after: call", "`after`: expected a list of ids"),
        ("after: []", "after: [a.cal]", "`after` names `a.cal`, which is no requirement"),
        ("after: []", "after: [a.call]", "`a.call`: `after` leads back to it"),
        ("during: shadow", "during: night", "`during`: expected one of pilot, shadow"),
        ("    valid_days: 30\n", "", "a row that is answered needs a `question` and `valid_days`"),
        ("threshold: 1\n", "threshold: 0\n", "an answer is a yes"),
        ("answer.call", "calls", "only where `measured_by` begins with `answer.`"),
    ],
)
def test_mistakes_in_the_new_fields_are_told(old: str, new: str, told: str) -> None:
    with pytest.raises(InputProblem) as refused:
        parse_requirements(POLICY.replace(old, new), place="policy.yaml")
    assert told in str(refused.value)


def test_one_answer_does_not_serve_two_rows() -> None:
    _, _, first = POLICY.partition("requirements:\n")
    with pytest.raises(InputProblem, match="`answer.call` answers two rows"):
        parse_requirements(POLICY + first.replace("a.call", "a.other"), place="policy.yaml")
