import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.splink.made import companies, people, products

from roadworthy.data import Column, ColumnProfile, ColumnType, Guess, Profile
from roadworthy.data.matching import (
    MatchPlan,
    Measure,
    Mode,
    Role,
    as_json,
    from_json,
    of_profile,
    of_texts,
    propose,
)
from roadworthy.errors import InputProblem
from roadworthy.quantities import digest

PEOPLE, _ = people(400, duplicates=0.2)


def _roles(plan: MatchPlan) -> dict[str, Role]:
    return {one.name: one.role for one in plan.columns}


def test_a_table_of_people_is_understood_by_names_and_content() -> None:
    plan = propose([of_texts("people", PEOPLE)])
    assert _roles(plan) == {
        "Kundennr": Role.IGNORE,
        "Vorname": Role.GIVEN_NAME,
        "Nachname": Role.SURNAME,
        "Straße": Role.STREET,
        "PLZ": Role.POSTCODE,
        "Ort": Role.CITY,
        "Telefon": Role.PHONE,
        "Geburtsdatum": Role.DATE,
        "E-Mail": Role.EMAIL,
    }
    assert plan.column("Kundennr").why == "every row has a value of its own: the number of a row"
    assert plan.mode is Mode.DEDUPE
    assert plan.companions is None
    address = next(one for one in plan.comparisons if one.measure is Measure.ADDRESS)
    assert address.columns == ("Straße", "PLZ", "Ort")


def test_columns_without_telling_names_are_understood_by_their_content() -> None:
    blind = {f"c{at}": cells for at, cells in enumerate(PEOPLE.values())}
    roles = _roles(propose([of_texts("blind", blind)]))
    assert roles["c3"] is Role.STREET
    assert roles["c7"] is Role.DATE
    assert roles["c8"] is Role.EMAIL


def test_columns_of_two_systems_meet_by_what_they_mean() -> None:
    first, second, _ = companies(200)
    plan = propose([of_texts("a", first), of_texts("b", second)])
    met = {one.sources for one in plan.columns if one.used}
    assert met == {("Firma", "company name"), ("Strasse", "street"), ("PLZ", "zip"), ("Ort", "city")}
    assert plan.mode is Mode.LINK


def test_counters_of_two_tables_are_no_common_key() -> None:
    first, second, _ = companies(200)
    plan = propose([of_texts("a", first), of_texts("b", second)])
    ids = next(one for one in plan.columns if one.sources == ("id", "id"))
    assert ids.role is Role.IGNORE
    assert "counter" in ids.why


def test_a_number_that_stands_in_both_tables_is_a_common_key() -> None:
    keys = [f"X{at * 7919 % 100003:06}" for at in range(300)]
    names = [f"thing {at}" for at in range(300)]
    first = {"customer number": keys[:200], "name": names[:200]}
    second = {"customer number": keys[100:], "name": names[100:]}
    plan = propose([of_texts("a", first), of_texts("b", second)])
    assert _roles(plan)["customer number"] is Role.IDENTIFIER


def test_a_number_that_stands_in_one_table_only_is_none() -> None:
    first = {
        "customer number": [f"A{at * 37}x" for at in range(100)],
        "name": [f"n{at}" for at in range(100)],
    }
    second = {
        "customer number": [f"B{at * 41}y" for at in range(100)],
        "name": [f"n{at}" for at in range(100)],
    }
    plan = propose([of_texts("a", first), of_texts("b", second)])
    assert _roles(plan)["customer number"] is Role.IGNORE


def test_constant_nearly_empty_and_repeated_columns_are_left_out() -> None:
    n = len(PEOPLE["Vorname"])
    more = {
        **PEOPLE,
        "Land": ["DE"] * n,
        "Notiz": ["x y z", *[None] * (n - 1)],
        "Name2": PEOPLE["Nachname"],
        "created_at": ["2026-01-01"] * n,
    }
    plan = propose([of_texts("people", more)])
    assert [one.name for one in plan.columns if not one.used] == [
        "Kundennr",
        "Land",
        "Notiz",
        "Name2",
        "created_at",
    ]
    assert plan.column("Name2").why == "repeats `Nachname`"


@pytest.mark.parametrize(
    ("dates", "form"),
    [
        (["31.12.1999", "01.02.2000"], "date, day first"),
        (["12/31/1999", "01/02/2000"], "date, month first"),
        (["1999-12-31", "2000-02-01"], "date, year first"),
        (["19991231", "20000201"], "date, year first"),
    ],
)
def test_the_order_of_a_date_is_told_by_the_dates(dates: list[str], form: str) -> None:
    plan = propose(
        [of_texts("t", {"name": [f"n{at % 7}" for at in range(40)], "date of birth": dates * 20})]
    )
    assert plan.column("date of birth").form == form


@given(
    st.dictionaries(
        st.text(max_size=8), st.lists(st.none() | st.text(max_size=12), min_size=6, max_size=6), max_size=5
    )
)
def test_a_plan_for_any_table_can_be_carried_out_or_is_refused_with_the_reason(
    table: dict[str, list[str | None]],
) -> None:
    plan = None
    with contextlib.suppress(InputProblem):
        plan = propose([of_texts("t", table)])
    if plan is not None:
        plan.check([list(table)])
        assert from_json(json.loads(json.dumps(as_json(plan))), tables=[list(table)]) == plan


def test_blocks_are_estimated_within_what_may_be_compared() -> None:
    table, _ = people(5000)
    plan = propose([of_texts("t", table)])
    assert len(plan.blocks) > 3
    assert sum(one.pairs for one in plan.blocks) <= plan.most_pairs
    small = propose([of_texts("t", PEOPLE)])
    assert [one.keys for one in small.blocks] == [()]


def test_a_profile_alone_gives_a_plan() -> None:
    def column(name: str, kind: ColumnType, distinct: int, frequent: dict[str, int]) -> ColumnProfile:
        return ColumnProfile(
            Column(name, kind), rows=1000, nulls=0, distinct=distinct, frequent=tuple(frequent.items()),
            minimum="1", maximum="1000",
        )  # fmt: skip

    profile = Profile(
        "crm",
        1000,
        1000,
        (
            column("id", ColumnType.INTEGER, 1000, {"1": 1, "2": 1}),
            column("vorname", ColumnType.TEXT, 300, {"Anna": 20, "Bo": 10}),
            column("nachname", ColumnType.TEXT, 700, {"Meyer": 9, "Li": 4}),
            column("mail", ColumnType.TEXT, 950, {"a@b.org": 2, "c@d.org": 2}),
            column("land", ColumnType.TEXT, 1, {"DE": 1000}),
        ),
        Guess("csv"),
        digest(b""),
    )
    plan = propose([of_profile(profile)])
    assert [one.name for one in plan.columns if one.used] == ["vorname", "nachname", "mail"]


def test_a_plan_survives_being_written_down() -> None:
    first, second, _ = products(100)
    for plan in (propose([of_texts("p", PEOPLE)]), propose([of_texts("a", first), of_texts("b", second)])):
        assert from_json(json.loads(json.dumps(as_json(plan)))) == plan


def test_everything_wrong_with_a_plan_is_told_at_once() -> None:
    document = as_json(propose([of_texts("p", PEOPLE)]))
    document["mode"] = "guess"
    document["colour"] = "red"
    document["columns"][1]["role"] = "hero"
    document["blocks"] = "all"
    document["prior"] = "often"
    with pytest.raises(InputProblem) as told:
        from_json(document)
    assert told.value.code == "RW-DATA-401"
    assert [one.place for one in told.value.problems] == ["", "mode", "columns[1].role", "blocks", "prior"]


def test_what_does_not_fit_together_is_told_at_once() -> None:
    plan = propose([of_texts("p", PEOPLE)])
    broken = replace(
        plan,
        mode=Mode.LINK,
        prior=2.0,
        review_from=0.99,
        training=(("Augenfarbe",),),
        comparisons=(*plan.comparisons, plan.comparisons[0]),
    )
    with pytest.raises(InputProblem) as told:
        broken.check([["Vorname"]])
    places = [one.place for one in told.value.problems]
    assert "mode" in places
    assert "comparisons" in places
    assert "training[0]" in places
    assert {"prior", "review_from", "columns.Nachname"} <= set(places)


def test_a_table_that_says_nothing_is_refused() -> None:
    with pytest.raises(InputProblem) as told:
        propose([of_texts("t", {"id": [str(at) for at in range(50)]})])
    assert told.value.code == "RW-DATA-401"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["tables", "mode", "columns", "name", "blocks", "keys", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_document_is_too_strange_to_be_refused(document: object) -> None:
    with pytest.raises(InputProblem) as told:
        from_json(document)
    assert told.value.code == "RW-DATA-401"
