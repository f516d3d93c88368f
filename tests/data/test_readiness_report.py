"""The document of a readiness report: its form, and that nothing personal leaves with it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data import Column, ColumnProfile, ColumnType, Guess, Profile
from roadworthy.data.readiness import Parts, SourceFacts, SuspectCells, document, read, shape_only, steps
from roadworthy.errors import InputProblem
from roadworthy.quantities import digest_of

MADE = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def profile() -> Profile:
    mail = ColumnProfile(
        Column("mail", ColumnType.TEXT),
        rows=100,
        nulls=4,
        distinct=96,
        minimum="ana@shop.example",
        maximum="zoe@shop.example",
        mean=float("nan"),
        quantiles=(1.0, 2.0, 3.0, 4.0, 5.0),
        histogram=(("ana@shop.example", 1),),
        frequent=(("ana@shop.example", 2), ("李雷@shop.example", 1)),
        masks=(("a@a.a", 90), ("李雷@a.a", 1)),
        personal={"email": 0.98},
    )
    city = ColumnProfile(
        Column("city", ColumnType.TEXT),
        rows=100,
        nulls=0,
        distinct=3,
        frequent=(("Graz", 60), ("Wien", 40)),
    )
    notes = ColumnProfile(Column("notes", ColumnType.TEXT), 100, 0, 2, frequent=(("asked for Ana", 7),))
    return Profile("crm", 100, 100, (mail, city, notes), Guess("csv", "utf-8"), digest_of("crm"))


def check(column: str, sample: list[object], reason: str = "") -> dict[str, object]:
    return {
        "id": "one", "table": "crm", "column": column, "kind": "invalidValues", "dimension": "conformity",
        "severity": "error", "verdict": "fail", "value": float("inf"), "bound": "exactly 0", "rows": 100,
        "failing_rows": 2, "reason": reason, "sample": sample,
    }  # fmt: skip


def made(**parts: object) -> dict[str, object]:
    """A document, as JSON gives it back."""
    whole = document(
        title="Refunds",
        made_at=MADE,
        use_case="refunds",
        verdict={"ready": False, "sentence": "not ready"},
        requirements=[],
        steps=steps([SourceFacts("crm", suspects=(SuspectCells("city", "typo", 2),))]),
        sources=[Parts(profile(), **parts)],  # type: ignore[arg-type]
    )
    found: dict[str, object] = json.loads(json.dumps(whole, allow_nan=False))
    return found


def test_a_document_is_json_of_the_schema_and_is_read_again() -> None:
    found = made()
    assert read(found) == found
    assert found["made_at"] == "2026-11-21T09:30:00+00:00"
    (step,) = found["steps"]  # type: ignore[misc]
    assert step["kind"] == "repair-cells"  # type: ignore[index]


def test_values_of_columns_with_personal_data_are_masked_wherever_they_stand() -> None:
    found = made(
        checks=[
            check("mail", [{"row": 3, "mail": "ana@shop.example"}, "ana@shop.example", 4930], "`ana@shop.example` stands twice in `mail`"),
            check("city", [{"row": 3, "city": "Gratz", "mail": "ana@shop.example"}], "`Gratz` is no city"),
            check("", [["ana@shop.example", "Graz"]]),
        ],
        suspects={
            "cells": 2,
            "by_rule": [["typo", 2]],
            "sample": [
                {"row": 3, "column": "mail", "value": "ana@shop.exmaple", "repair": "ana@shop.example", "reason": "ana@shop.example stands beside ana@shop.exmaple", "confidence": 0.9},
                {"row": 4, "column": "city", "value": "Gratz", "repair": "Graz", "reason": "`ana@shop.example` lives in `Graz`", "confidence": 0.9},
            ],
        },
    )  # fmt: skip
    text = json.dumps(found, ensure_ascii=False)
    assert "ana@shop" not in text
    assert "李雷" not in text
    (source,) = found["sources"]  # type: ignore[misc]
    mail, city, _ = source["columns"]  # type: ignore[index]
    assert mail["minimum"] == "xxx@xxxx.xxxxxxx"
    assert (mail["mean"], mail["quantiles"]) == (None, [])
    assert mail["masks"] == [["a@a.a", 90], ["xx@a.a", 1]]
    assert mail["personal"] == {"email": 0.98}
    assert city["frequent"] == [["Graz", 60], ["Wien", 40]]
    first, second, _ = source["checks"]  # type: ignore[index]
    assert first["sample"] == [{"row": 3, "mail": "xxx@xxxx.xxxxxxx"}, "xxx@xxxx.xxxxxxx", "9999"]
    assert first["reason"] == "`xxx@xxxx.xxxxxxx` stands twice in `mail`"
    assert first["value"] is None
    assert second["sample"] == [{"row": 3, "city": "Gratz", "mail": "xxx@xxxx.xxxxxxx"}]
    assert source["suspects"]["sample"][1]["value"] == "Gratz"  # type: ignore[index]


def test_columns_the_caller_calls_private_are_masked_too() -> None:
    assert "asked for Ana" in json.dumps(made())
    assert "asked for Ana" not in json.dumps(made(private={"notes"}))


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("postgres://ana:s3cret@db.example/crm", "postgres://db.example/crm"),
        ("s3://bucket/a.csv?X-Amz-Signature=abc", "s3://bucket/a.csv"),
        ("https://u@h.example/p@q.csv?k=v", "https://h.example/p@q.csv"),
        ("exports/what?.csv", "exports/what?.csv"),
    ],
)
def test_where_data_lie_is_told_without_secrets(location: str, shown: str) -> None:
    (source,) = made(location=location)["sources"]  # type: ignore[misc]
    assert source["location"] == shown  # type: ignore[index]


def test_the_mask_can_be_chosen() -> None:
    found = document(
        title="", made_at=MADE, use_case="", verdict={"ready": True, "sentence": ""}, requirements=[], steps=(),
        sources=[Parts(profile())], mask=lambda _value: "hidden",
    )  # fmt: skip
    assert found["sources"][0]["columns"][0]["minimum"] == "hidden"


@given(st.text())
def test_a_shape_keeps_no_letter_and_no_digit(value: str) -> None:
    assert not re.search(r"[^\W_x9]", shape_only(value))


def test_a_document_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(InputProblem, match="schema version 1 expected, found version 2") as found:
        read({"schema_version": 2})
    assert found.value.code == "RW-DATA-603"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("title",), 5, "title: text expected, found a number"),
        (("verdict", "ready"), "yes", "verdict.ready: true or false expected, found text"),
        (("sources", 0, "rows"), True, r"sources\[0\].rows: a whole number expected, found true or false"),
        (("sources", 0, "columns"), {}, r"sources\[0\].columns: a list expected, found an object"),
        (("sources", 0, "columns", 1, "mean"), "5", r"columns\[1\].mean: a number expected, found text"),
        (("sources", 0, "columns", 1, "frequent", 0), ["a"], r"frequent\[0\]: a list of a text and a whole number"),
        (("sources", 0, "duplicates"), 5, r"duplicates: an object expected, found a number"),
        (("sources", 0, "columns", 0, "personal", "email"), None, r"personal.email: a number expected, found nothing"),
    ],
)  # fmt: skip
def test_a_document_of_another_form_is_refused_with_the_place(
    path: tuple[str | int, ...], value: object, said: str
) -> None:
    found: object = made()
    inner = found
    for name in path[:-1]:
        inner = inner[name]  # type: ignore[index]
    inner[path[-1]] = value  # type: ignore[index]
    with pytest.raises(InputProblem, match=said) as problem:
        read(found)
    assert problem.value.code == "RW-DATA-602"


def test_a_field_that_is_missing_is_named_and_one_too_many_is_kept() -> None:
    found = made()
    assert read(found | {"later": 1})["later"] == 1  # type: ignore[typeddict-item]
    del found["steps"]
    with pytest.raises(InputProblem, match="steps: this field is missing"):
        read(found)
    with pytest.raises(InputProblem, match="an object expected, found a list"):
        read([])
