"""From a funded idea to a charter that reads, and from a charter back to what was promised."""

import pytest
from tests.business.material import POLICY, RETURNS, judged, returns

from roadworthy.business import UNKNOWN, Range, charter_draft, compare_with_charter, read_assessment
from roadworthy.charter import read
from roadworthy.errors import InputProblem, Refused


def draft(**changes: object) -> str:
    idea = returns()
    for path, held in changes.items():
        idea = idea.with_field(*path.split("__"), held)  # type: ignore[arg-type]
    return charter_draft(idea, judged(idea), POLICY)


def test_the_draft_is_a_charter_with_what_was_answered() -> None:
    charter = read(draft(), file="charter.yaml")
    assert charter.use_case == "returns"
    assert charter.owners.business == "mara"
    assert charter.owners.risk == "ines"
    assert charter.value.cases_per_month == 3100
    assert charter.kpi.target == 0.8
    assert charter.risk.tier == "minimal"
    assert charter.autonomy == "automatic"
    assert charter.data["helpdesk"].owner == "lena"
    assert charter.data["helpdesk"].retention == "365d"
    assert charter.budget.per_month == "297.00 EUR"


def test_gaps_stand_as_values_that_no_gate_accepts() -> None:
    text = draft(people__assessment_owner=UNKNOWN, error__worst_case=UNKNOWN, retention__keep=UNKNOWN)
    charter = read(text, file="charter.yaml")
    assert charter.owners.risk == "nobody-yet"
    assert charter.kpi.baseline.sql == "select 1 where 1 = 0"
    assert text.count("gap") > 6


def test_names_that_a_charter_cannot_hold_are_made_fit() -> None:
    rows = ({"name": "Help Desk (EU)", "owner": 'le"na', "permission": "yes", "personal": "none"},
            {"name": "help-desk--eu", "owner": "jo", "permission": "yes", "personal": "none"},
            {"name": "2024 archive", "owner": "jo", "permission": "yes", "personal": "none"})  # fmt: skip
    charter = read(draft(data__sources=rows), file="charter.yaml")
    assert len(charter.data) == 3
    assert 'le"na' in {source.owner for source in charter.data.values()}


def test_only_what_is_funded_becomes_a_charter() -> None:
    idea = returns().with_field("fallback", "plan", UNKNOWN)
    with pytest.raises(Refused) as raised:
        charter_draft(idea, judged(idea), POLICY)
    assert raised.value.code == "RW-BUSINESS-030"
    assert raised.value.reasons


def test_usage_is_counted_in_euro_and_a_target_is_needed() -> None:
    idea = read_assessment(
        RETURNS.replace("EUR", "USD").replace("target: 0.8", "target: unknown"), file="a"
    )
    with pytest.raises(InputProblem) as raised:
        charter_draft(idea, judged(idea), POLICY)
    assert raised.value.code == "RW-BUSINESS-031"
    assert len(raised.value.problems) == 2


def test_a_charter_drafted_from_an_idea_promises_the_same() -> None:
    assert compare_with_charter(returns(), read(draft(), file="c"), POLICY) == ()


@pytest.mark.parametrize(
    ("old", "new", "what", "graver"),
    [
        ('business: "mara"', 'business: "tom"', "owner", False),
        ("target: 0.8", "target: 0.7", "kpi.target", True),
        ("cases_per_month: 3100", "cases_per_month: 1500", "volume", True),
        ("cost_of_error: 7.00 EUR", "cost_of_error: 70.00 EUR", "cost_of_error", True),
        ("autonomy: automatic", "autonomy: suggest", "autonomy", False),
        ("per_month: 297.00 EUR", "per_month: 900.00 EUR", "budget.per_month", True),
        ("cost_per_hour: 38.00 EUR", "cost_per_hour: 38.00 USD", "cost_per_hour", True),
    ],
)
def test_what_the_charter_promises_otherwise_is_named(old: str, new: str, what: str, graver: bool) -> None:
    text = draft()
    assert old in text
    found = compare_with_charter(returns(), read(text.replace(old, new), file="c"), POLICY)
    assert [(one.what, one.graver) for one in found] == [(what, graver)]
    assert one_line(found[0].sentence)


def test_a_lower_tier_than_was_assessed_is_graver() -> None:
    idea = (
        returns()
        .with_field("people", "transparency", ("talks-to-people",))
        .with_field("volume", "cases_per_month", Range(2500, 3100, 4000))
    )
    text = charter_draft(idea, judged(idea), POLICY).replace("tier: limited", "tier: minimal")
    found = compare_with_charter(idea, read(text, file="c"), POLICY)
    assert [(one.what, one.then, one.now, one.graver) for one in found] == [
        ("tier", "limited", "minimal", True)
    ]


def one_line(text: str) -> bool:
    return "\n" not in text and text.isprintable()
