"""What can be asked of a charter: its numbers, its lists, its schema."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.charter.schemas import breaches
from tests.charter.texts import EXAMPLE, changed, example

from roadworthy.charter import LISTS, Charter, json_schema, read, seconds


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("budget.per_case", 0.01),
        ("budget.per_month", 120.0),
        ("slo.stop_seconds", 1.0),
        ("data.crm.entity.duplicates_max", 0.01),
        ("data.helpdesk.max_age", 7 * 86_400.0),
        ("certificates.intent.alpha", 0.05),
        ("release.shadow.min_cases", 100.0),
        ("review.due", 4 * 3_600.0),
        ("input.text.max_length", 10_000.0),
        ("data.crm.max_age", None),
        ("data.crm.entity.key", None),
        ("data.crm.owner", None),
        ("data.nobody.entity", None),
        ("input.sender.trusted", None),
        ("tasks.intent", None),
        ("title", None),
        ("subjects", None),
        ("__class__.__name__", None),
        ("", None),
        (".", None),
    ],
)
def test_the_number_at_a_path_is_a_number_or_nothing(path: str, number: float | None) -> None:
    assert example().number(path) == number


def test_money_and_durations_are_numbers_in_their_own_units() -> None:
    charter = read(changed(("38.00 EUR", "-38.50 EUR"), ("due: 4h", "due: 90m")), file="x")
    assert charter.number("value.cost_per_hour") == -38.5
    assert charter.number("review.due") == 5_400


def test_every_list_of_the_example_has_its_members() -> None:
    assert {each: example().subjects(each) for each in LISTS} == {
        "data": ("crm", "helpdesk", "refunds"),
        "contracted": ("crm", "helpdesk", "refunds"),
        "entities": ("crm",),
        "matched": (),
        "dated": ("helpdesk",),
        "knowledge": ("help-centre",),
        "distinct": (),
        "tasks": ("intent",),
        "routed": (),
        "models": (),
        "write_tools": ("helpdesk.reply", "helpdesk.withdraw", "refunds.issue"),
        "automatic_errors": ("intent",),
        "suites": ("desk",),
        "conduct": (),
        "judged": (),
        "promised_tools": (),
    }


@pytest.mark.parametrize("autonomy", ["suggest", "approve"])
def test_where_nothing_is_automatic_no_kind_of_error_needs_a_certificate(autonomy: str) -> None:
    charter = read(changed(("autonomy: automatic", f"autonomy: {autonomy}")), file="x")
    assert charter.subjects("automatic_errors") == ()


def test_a_list_that_no_charter_has_is_an_error_and_not_an_empty_one() -> None:
    with pytest.raises(KeyError):
        example().subjects("entitys")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0s", 0),
        ("90s", 90),
        ("30m", 1_800),
        ("4h", 14_400),
        ("365d", 31_536_000),
        ("999999d", 86_399_913_600),
    ],
)
def test_a_duration_in_seconds(text: str, expected: int) -> None:
    assert seconds(text) == expected


@given(st.integers(0, 999_999), st.sampled_from("smhd"))
def test_more_of_a_unit_is_longer_and_a_larger_unit_is_not_shorter(number: int, unit: str) -> None:
    larger = "smhd"["smhd".index(unit) : "smhd".index(unit) + 2][-1]
    assert seconds(f"{number}{unit}") <= seconds(f"{number}{larger}")
    assert seconds(f"{number}{unit}") <= seconds(f"{min(number + 1, 999_999)}{unit}")


def test_a_charter_does_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        example().title = "another"  # type: ignore[misc]


def plain() -> dict[str, Any]:
    return yaml.safe_load(EXAMPLE)  # type: ignore[no-any-return]


def test_the_published_schema_accepts_the_example() -> None:
    assert breaches(plain(), json_schema(), json_schema()) == []


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        (("autonomy: automatic", "autnomy: automatic"), ": additionalProperties"),
        (("title: Answer customer messages\n", ""), ": required"),
        (("target: 0.72", "target: high"), ".kpi.target: type"),
        (("tier: limited", "tier: medium"), ".risk.tier: enum"),
        (("    alpha: 0.05", "    alpha: 1.5"), ".certificates.intent.alpha: exclusiveMaximum"),
        (("hours_per_week: 60", "hours_per_week: 0"), ".review.hours_per_week: exclusiveMinimum"),
        (("recall_at: 4", "recall_at: 51"), ".knowledge.help-centre.recall_at: maximum"),
        (("key: [email]", "key: []"), ".data.crm.entity: none of the choices"),
        (("use_case: support", "use_case: My Support"), ".use_case: pattern"),
        (("38.00 EUR", "38 euros"), ".value.cost_per_hour: pattern"),
        (("due: 4h", "due: soon"), ".review.due: pattern"),
    ],
)
def test_the_published_schema_refuses_what_reading_refuses(change: tuple[str, str], breach: str) -> None:
    value = yaml.safe_load(changed(change))
    assert any(breach in found for found in breaches(value, json_schema(), json_schema()))


def test_every_field_and_every_part_of_the_schema_says_what_it_means() -> None:
    schema = json_schema()
    parts = {"Charter": schema, **schema["$defs"]}
    silent = [
        f"{name}.{field}"
        for name, part in parts.items()
        for field, told in part["properties"].items()
        if not told.get("description")
    ]
    assert silent == []
    assert [name for name, part in parts.items() if "description" not in part] == []


def test_what_a_charter_says_survives_being_written_and_read_again() -> None:
    charter = example()
    again = Charter.model_validate(charter.model_dump(mode="json"))
    assert again == charter
    assert read(yaml.safe_dump(charter.model_dump(mode="json", exclude_none=True)), file="x") == charter
