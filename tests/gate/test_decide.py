"""What the gate concludes from what was measured."""

import json
import math

import pytest
from tests.gate.material import (
    CHARTER,
    NOW,
    RELEASE,
    SHIPPED,
    concluded,
    evidence,
    measurement,
    only,
    passing,
    requirement,
    waiver,
)

from roadworthy.gate import Compare, Mark, as_json, decide
from roadworthy.quantities import Interval
from roadworthy.stage import ROAD, Stage


def test_what_was_measured_and_is_good_enough_passes() -> None:
    verdict = concluded(measurement(0.8))
    assert only(verdict).mark is Mark.PASS
    assert verdict.passes
    assert verdict.word == "pass"
    assert verdict.open == ()
    assert verdict.sentence == "support may enter shadow: 1 of 1 requirements hold"


def test_what_is_not_good_enough_holds_and_says_by_how_much() -> None:
    verdict = concluded(measurement(0.79))
    finding = only(verdict)
    assert finding.mark is Mark.HOLD
    assert finding.reason == "79.0 %, asked at least 80.0 % (n=100)"
    assert verdict.word == "hold"
    assert verdict.sentence.endswith("next: label more cases")


def test_a_limit_that_may_not_be_waived_fails_when_it_is_passed() -> None:
    limit = requirement(compare=Compare.AT_MOST, threshold=0.0, unit="effects", waivable=False)
    assert concluded(measurement(0, unit="effects"), asked=(limit,)).passes
    verdict = concluded(measurement(1, unit="effects"), asked=(limit,))
    assert only(verdict).mark is Mark.FAIL
    assert verdict.word == "fail"


def test_what_was_never_measured_is_not_evaluated() -> None:
    finding = only(concluded())
    assert finding.mark is Mark.NOT_EVALUATED
    assert finding.reason == "`accuracy` was never measured"
    assert finding.value is None


def test_what_has_expired_is_not_evaluated_and_says_when_it_was_measured() -> None:
    finding = only(concluded(measurement(hours_ago=48, days=1, release="")))
    assert finding.mark is Mark.NOT_EVALUATED
    assert finding.reason == "last measured 2026-04-29, it has expired"


def test_the_last_moment_of_validity_is_over_when_it_comes() -> None:
    assert concluded(measurement(hours_ago=24, days=1.00001)).passes
    assert not concluded(measurement(hours_ago=24, days=1)).passes


def test_what_was_measured_on_another_release_is_not_evaluated() -> None:
    finding = only(concluded(measurement(release="sha256:other")))
    assert finding.mark is Mark.NOT_EVALUATED
    assert "belongs to another release" in finding.reason


def test_what_was_measured_in_the_future_is_not_evaluated() -> None:
    assert only(concluded(measurement(hours_ago=-1))).mark is Mark.NOT_EVALUATED


def test_a_good_old_measurement_does_not_come_back_when_a_bad_new_one_expires() -> None:
    bad_and_short, good_and_long = (
        measurement(0.1, hours_ago=30, days=1),
        measurement(0.9, hours_ago=60, days=90),
    )
    assert only(concluded(good_and_long)).mark is Mark.PASS
    assert only(concluded(good_and_long, bad_and_short)).mark is Mark.NOT_EVALUATED


def test_too_few_cases_hold_whatever_they_say() -> None:
    asked = (requirement(min_n=100),)
    assert concluded(measurement(1.0, n=100), asked=asked).passes
    finding = only(concluded(measurement(1.0, n=99), asked=asked))
    assert finding.mark is Mark.HOLD
    assert finding.reason == "rests on 99 cases, at least 100 are needed"


@pytest.mark.parametrize(
    ("stage", "mark"), [(Stage.SHADOW, Mark.PASS), (Stage.CANARY, Mark.PASS), (Stage.PRODUCTION, Mark.HOLD)]
)
def test_simulated_parts_count_until_production(stage: Stage, mark: Mark) -> None:
    finding = only(
        concluded(measurement(simulated=("mail",)), asked=(requirement(real_parts=True),), stage=stage)
    )
    assert finding.mark is mark
    assert finding.simulated == ("mail",)


def test_real_parts_are_asked_for_only_where_the_requirement_says_so() -> None:
    assert concluded(measurement(simulated=("mail",)), stage=Stage.PRODUCTION).passes


@pytest.mark.parametrize(
    ("compare", "interval", "passes"),
    [
        (Compare.AT_LEAST, Interval(0.79, 0.95), False),
        (Compare.AT_LEAST, Interval(0.80, 0.95), True),
        (Compare.AT_MOST, Interval(0.10, 0.81), False),
        (Compare.AT_MOST, Interval(0.10, 0.80), True),
    ],
)
def test_where_a_bound_is_asked_the_pessimistic_end_counts(
    compare: Compare, interval: Interval, passes: bool
) -> None:
    middle = measurement(0.85 if compare is Compare.AT_LEAST else 0.5, interval=interval)
    assert concluded(middle, asked=(requirement(bound=True, compare=compare),)).passes is passes
    assert concluded(middle, asked=(requirement(bound=False, compare=compare),)).passes


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("compare", Compare)
@pytest.mark.parametrize("bound", [True, False])
@pytest.mark.parametrize("interval", [None, Interval(0.8, 0.8)])
def test_what_is_no_number_passes_nothing(
    value: float, compare: Compare, bound: bool, interval: Interval | None
) -> None:
    verdict = concluded(
        measurement(value, interval=interval), asked=(requirement(bound=bound, compare=compare),)
    )
    assert not verdict.passes
    json.dumps(as_json(verdict), allow_nan=False)


def test_another_unit_is_not_compared() -> None:
    finding = only(concluded(measurement(85.0, unit="percent")))
    assert finding.mark is Mark.HOLD
    assert finding.reason == "measured in `percent`, asked in `share`"


def test_a_threshold_that_the_charter_does_not_set_is_not_evaluated() -> None:
    asked = (requirement(threshold="data.{subject}.max_age", each="data", unit="seconds"),)
    verdict = concluded(
        *(measurement(5, subject=name, unit="seconds") for name in CHARTER.data), asked=asked
    )
    marks = {finding.subject: (finding.mark, finding.reason) for finding in verdict.findings}
    assert marks["helpdesk"][0] is Mark.HOLD
    assert marks["crm"] == (Mark.NOT_EVALUATED, "the charter sets no `data.{subject}.max_age`")


def test_a_requirement_runs_over_the_members_of_its_list() -> None:
    asked = (
        requirement(each="write_tools", asks="a policy covers {subject}", next_step="cover {subject}"),
    )
    verdict = concluded(measurement(subject="refunds.issue"), asked=asked)
    assert [(finding.subject, finding.mark) for finding in verdict.findings] == [
        ("helpdesk.reply", Mark.NOT_EVALUATED),
        ("helpdesk.withdraw", Mark.NOT_EVALUATED),
        ("refunds.issue", Mark.PASS),
    ]
    assert verdict.findings[0].asks == "a policy covers helpdesk.reply"
    assert verdict.findings[0].next_step == "cover helpdesk.reply"


def test_requirements_of_other_stages_and_tiers_are_not_asked() -> None:
    asked = (
        requirement(),
        requirement(id="b", stages=frozenset({Stage.CANARY})),
        requirement(id="c", tiers=frozenset({"high"})),
    )
    assert [finding.requirement for finding in concluded(measurement(), asked=asked).findings] == [
        "quality.accuracy"
    ]


def test_a_gate_without_questions_lets_nobody_through() -> None:
    verdict = concluded(measurement(), stage=Stage.PILOT)
    assert not verdict.passes
    assert only(verdict).requirement == "gate.has_questions"


def test_open_findings_come_with_the_cheapest_step_first() -> None:
    asked = tuple(
        requirement(id=name, minutes=minutes)
        for name, minutes in [("a", 60), ("b", 5), ("c", 60), ("d", 10)]
    )
    assert [finding.requirement for finding in concluded(asked=asked).open] == ["b", "d", "a", "c"]


def test_a_waiver_by_a_second_person_passes_and_shows() -> None:
    verdict = concluded(measurement(0.5), waivers=(waiver(),))
    finding = only(verdict)
    assert finding.mark is Mark.WAIVED
    assert verdict.passes
    assert finding.reason == (
        "waived until 2026-05-08 by ines: the vendor's fix comes next week (50.0 %, asked at least 80.0 % (n=100))"
    )


@pytest.mark.parametrize(
    "faulty",
    [
        waiver(granted_by="jonas"),
        waiver(expires_at=NOW),
        waiver(reason=""),
        waiver(reason="  "),
        waiver(subject="intent"),
        waiver(requirement="quality.slices"),
    ],
    ids=["own request", "expired", "no reason", "blank reason", "other subject", "other requirement"],
)
def test_a_waiver_that_does_not_hold_changes_nothing(faulty: object) -> None:
    assert only(concluded(measurement(0.5), waivers=(faulty,))).mark is Mark.HOLD  # type: ignore[arg-type]


def test_what_may_not_be_waived_is_not() -> None:
    assert not concluded(measurement(0.5), asked=(requirement(waivable=False),), waivers=(waiver(),)).passes


def test_a_waiver_of_what_passes_is_not_needed_and_does_not_show() -> None:
    assert only(concluded(measurement(), waivers=(waiver(),))).mark is Mark.PASS


def test_demo_accounts_show_in_the_verdict_once() -> None:
    given = (
        waiver(demo=True),
        waiver(demo=True, subject="x"),
        waiver(demo=True, granted_by="mara", expires_at=NOW),
    )
    verdict = concluded(measurement(0.5), waivers=given, notes=("approval given by demo account ines",))
    assert verdict.notes == ("approval given by demo account ines", "waiver granted by demo account ines")


@pytest.mark.parametrize("stage", ROAD[1:])
def test_the_shipped_requirements_can_all_be_met(stage: Stage) -> None:
    verdict = concluded(*passing(stage), asked=SHIPPED.requirements, stage=stage)
    assert [(finding.requirement, finding.reason) for finding in verdict.open] == []


@pytest.mark.parametrize("stage", ROAD[1:])
def test_without_evidence_the_shipped_requirements_hold_everybody_back(stage: Stage) -> None:
    verdict = concluded(asked=SHIPPED.requirements, stage=stage)
    assert {finding.mark for finding in verdict.findings} == {Mark.NOT_EVALUATED}


def test_the_verdict_as_every_door_shows_it() -> None:
    verdict = concluded(measurement(0.5), notes=("a note",))
    shown = json.loads(json.dumps(as_json(verdict), allow_nan=False))
    assert shown["verdict"] == "hold"
    assert shown["notes"] == ["a note"]
    assert shown["findings"][0]["threshold"] == 0.8
    assert shown["findings"][0]["measured_at"] == "2026-05-01T11:00:00+00:00"
    assert shown["decided_at"] == NOW.isoformat()


def test_the_version_of_the_policy_file_stands_in_the_verdict() -> None:
    verdict = decide(CHARTER, evidence(), Stage.SHADOW, NOW, requirements=SHIPPED, release=RELEASE)
    assert verdict.policy_version == SHIPPED.version
    assert verdict.release == RELEASE
