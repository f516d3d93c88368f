import pytest

from roadworthy.data.matching import (
    Block,
    Cell,
    Cluster,
    Comparison,
    Form,
    MatchColumn,
    MatchPlan,
    Measure,
    Mode,
    Role,
    Row,
    Rule,
    Survives,
    Survivorship,
    fragmentation_of,
    golden_records,
)
from roadworthy.errors import InputProblem

CRM = {
    "name": ["Anna Meyer", "A. Meyer", "Bo Li"],
    "phone": ["030 1", "", "040 2"],
    "changed": ["2024-01-01", "2026-01-01", "2025-01-01"],
}
SHOP = {
    "kunde": ["Anna Meier", "Anna Meyer"],
    "tel": ["030 9", None],
    "stand": ["2025-06-01", "2023-01-01"],
}
TABLES = [("crm", CRM), ("shop", SHOP)]
COLUMNS = {"name": ("name", "kunde"), "phone": ("phone", "tel"), "changed": ("changed", "stand")}
ANNA = Cluster((Row(0, 0), Row(0, 1), Row(1, 0), Row(1, 1)))
BO = Cluster((Row(0, 2),))


def _anna(survives: Survives, **more: object) -> dict[str, Cell]:
    rules = Survivorship(columns={"name": survives, "phone": survives}, **more)  # type: ignore[arg-type]
    (record,) = golden_records(
        [ANNA], TABLES, COLUMNS, rules, checks={"nine": lambda value: value.endswith("9")}
    )
    return dict(record.cells)


@pytest.mark.parametrize(
    ("survives", "value", "row"),
    [
        (Survives((Rule.FREQUENT,)), "Anna Meyer", Row(0, 0)),
        (Survives((Rule.RECENT,), dated_by="changed"), "A. Meyer", Row(0, 1)),
        (
            Survives((Rule.SOURCE, Rule.RECENT), sources=("shop", "crm"), dated_by="changed"),
            "Anna Meier",
            Row(1, 0),
        ),
        (Survives((Rule.SOURCE, Rule.FIRST), sources=("shop",)), "Anna Meier", Row(1, 0)),
        (Survives((Rule.LONGEST,)), "Anna Meyer", Row(0, 0)),
        (Survives((Rule.FIRST,)), "Anna Meyer", Row(0, 0)),
    ],
)
def test_the_rule_of_a_column_decides_which_value_survives(
    survives: Survives, value: str, row: Row
) -> None:
    cell = _anna(survives)["name"]
    assert (cell.value, cell.row) == (value, row)


def test_only_valid_values_survive_and_none_where_none_is() -> None:
    assert _anna(Survives((Rule.VALID,), check="nine"))["phone"] == Cell("030 9", Row(1, 0), "valid only")
    assert _anna(Survives((Rule.VALID,), check="nine"))["name"] == Cell(None, None, "valid only")


def test_the_system_of_record_wins_where_it_has_a_value() -> None:
    cell = _anna(Survives((Rule.FIRST,)), of_record={"phone": "shop"})["phone"]
    assert cell == Cell("030 9", Row(1, 0), "system of record")


def test_a_value_that_stands_alone_needs_no_rule() -> None:
    (record,) = golden_records([BO], TABLES, COLUMNS, Survivorship())
    assert record.values == {"name": "Bo Li", "phone": "040 2", "changed": "2025-01-01"}
    assert record.cells["name"].rule == "only value"


def test_a_column_without_any_value_says_so() -> None:
    cluster = Cluster((Row(0, 1), Row(1, 1)))
    (record,) = golden_records([cluster], TABLES, COLUMNS, Survivorship())
    assert record.cells["phone"] == Cell(None, None, "no value")


def test_everything_wrong_with_a_survivorship_is_told_at_once() -> None:
    rules = Survivorship(
        columns={
            "nmae": Survives((Rule.FIRST,)),
            "name": Survives((Rule.SOURCE,)),
            "phone": Survives((Rule.VALID, Rule.RECENT), check="luhn", dated_by="when"),
        },
        of_record={"name": "erp"},
    )
    with pytest.raises(InputProblem) as told:
        golden_records([], TABLES, COLUMNS, rules)
    assert told.value.code == "RW-DATA-403"
    assert [one.place for one in told.value.problems] == [
        "columns.nmae",
        "columns.name",
        "columns.phone.dated_by",
        "columns.phone.check",
        "of_record.name",
    ]


PLAN = MatchPlan(
    tables=("crm", "shop"),
    mode=Mode.LINK_AND_DEDUPE,
    columns=(
        MatchColumn("name", ("name", "kunde"), Role.FULL_NAME, Form.PERSON),
        MatchColumn("phone", ("phone", "tel"), Role.PHONE, Form.DIGITS),
        MatchColumn("changed", ("changed", "stand"), Role.IGNORE),
    ),
    comparisons=(Comparison("name", ("name",), Measure.WORDS),),
    blocks=(Block(()),),
)


def test_fragmentation_counts_things_in_several_systems_and_where_they_disagree() -> None:
    found = fragmentation_of([ANNA, BO], TABLES, PLAN)
    assert (found.things, found.rows, found.in_several, found.twice_in_one) == (2, 5, 1, 1)
    assert found.duplicates == {"crm": 1, "shop": 1}
    assert found.sizes == {1: 1, 4: 1}
    assert found.share_in_several == 0.5
    name, phone = found.disagreement["name"], found.disagreement["phone"]
    assert (name.compared, name.differ, name.across, name.across_differ) == (1, 1, 1, 0)
    assert (phone.compared, phone.differ, phone.across_differ) == (1, 1, 1)
    assert "changed" not in found.disagreement
    assert found.as_json()["share_twice_in_one"] == 0.5


def test_no_rows_are_not_fragmented() -> None:
    found = fragmentation_of([], TABLES, PLAN)
    assert found.share_in_several == 0
    assert found.disagreement["name"].share == 0
