"""One question about an idea as a form of a page: its fields as they stand, and what a person sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from roadworthy.business import BY_ID, QUESTIONS, Assessment, Field, Kind, Question, shipped_lists
from roadworthy.business.spoken import form_of_field, spoken, written
from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.server.bodies import MAX_FORM_FIELDS

VOUCHED: Final = ("owner", "source")
SPARE_ROWS: Final = 3
MOST_CELLS: Final = MAX_FORM_FIELDS - 20
"""Cells of rows that a form can send; a question with more of them is answered in its file alone."""
LONGEST: Final = 2_000


def next_open(assessment: Assessment, after: str) -> str:
    """The next question, from one on, that leaves a field open; empty where none does."""
    told = assessment.answers_as_json()
    start = [one.id for one in QUESTIONS].index(after) + 1
    for question in (*QUESTIONS[start:], *QUESTIONS[:start]):
        if not question.complete(told.get(question.id, {})):
            return question.id if question.id != after else ""
    return ""


def form_of(question: Question, answer: Mapping[str, Any]) -> dict[str, Any]:
    """What a page shows for one question: names of inputs, what stands in them, and what may be chosen."""
    number = QUESTIONS.index(question) + 1
    fields = [_field(one, answer.get(one.id)) for one in question.fields]
    cells = sum(len(row) for one in fields for row in one.get("rows", ()))
    before, after = QUESTIONS[number - 2 : number - 1], QUESTIONS[number : number + 1]
    return {
        "id": question.id,
        "number": number,
        "of": len(QUESTIONS),
        "group": question.group,
        "ask": question.ask,
        "why": question.why,
        "unknown": question.unknown,
        "before": before[0].id if before else "",
        "after": after[0].id if after else "",
        "fields": fields,
        "too_large": cells > MOST_CELLS,
        "owner": str(answer.get("owner") or ""),
        "source": str(answer.get("source") or ""),
    }


def _field(one: Field, held: Any) -> dict[str, Any]:
    options: Sequence[str] = one.options
    if one.kind is Kind.YES_NO:
        options = ("yes", "no")
    shown = {
        "id": one.id,
        "ask": one.ask,
        "form": form_of_field(one),
        "example": one.example,
        "value": written(held),
        "control": "text",
        "options": [],
    }
    if one.kind in {Kind.CHOICE, Kind.YES_NO}:
        return {**shown, "control": "choice", "options": list(options)}
    if one.kind is Kind.TICKS:
        ticked = held if isinstance(held, list | tuple) else ()
        ticks = [
            {
                "name": f"{one.id}.{tick.id}",
                "says": tick.says,
                "clause": tick.clause,
                "on": tick.id in ticked,
            }
            for tick in shipped_lists().named(*one.options).values()
        ]
        return {**shown, "control": "ticks", "ticks": ticks, "value": _none_or_unknown(held)}
    if one.kind is Kind.ROWS:
        rows = held if isinstance(held, list | tuple) else []
        blank: list[Mapping[str, Any]] = [{} for _ in range(SPARE_ROWS if rows else SPARE_ROWS + 1)]
        return {
            **shown,
            "control": "rows",
            "value": _none_or_unknown(held),
            "columns": [
                {"id": column.id, "ask": column.ask, "options": list(_options(column))}
                for column in one.columns
            ],
            "rows": [_row(one, number, row) for number, row in enumerate([*rows, *blank])],
        }
    return shown


def _row(one: Field, number: int, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{one.id}.{number}.{column.id}",
            "value": "" if row.get(column.id) == "unknown" else written(row.get(column.id)),
            "ask": column.ask,
            "options": list(_options(column)),
        }
        for column in one.columns
    ]


def _options(one: Field) -> tuple[str, ...]:
    return ("yes", "no") if one.kind is Kind.YES_NO else one.options


def _none_or_unknown(held: Any) -> str:
    if held == "unknown":
        return "unknown"
    return "none" if held == "none" or held == [] or held == () else ""


def told_of(question: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """The answer that a sent form holds, as the file would hold it.

    Errors: ``NotFound`` RW-IDEA-001 for no such question; ``InputProblem`` RW-IDEA-005 for a field that is too long.
    """
    asked = BY_ID.get(question)
    if asked is None:
        raise NotFound(
            "RW-IDEA-001", f"no question `{question[:60]}`", hint="the page of the idea lists all of them"
        )
    long = [
        Problem(f"expected at most {LONGEST:,} characters, found {len(value):,}", place=name)
        for name, value in fields.items()
        if len(value) > LONGEST
    ]
    if long:
        raise InputProblem("RW-IDEA-005", long)
    told: dict[str, Any] = {one.id: _sent(one, fields) for one in asked.fields}
    known = any(value not in (None, "unknown") for value in told.values())
    vouched = {name: " ".join(fields.get(name, "").split()) for name in VOUCHED}
    # Who vouches for nothing is no answer.
    return {
        name: value
        for name, value in {**(vouched if known else {}), **told}.items()
        if value not in (None, "")
    }


def _sent(one: Field, fields: Mapping[str, str]) -> Any:
    line = " ".join(fields.get(one.id, "").split())
    if one.kind is Kind.TICKS:
        start = f"{one.id}."
        ticked = sorted(name.removeprefix(start) for name in fields if name.startswith(start))
        return ticked or line or None
    if one.kind is Kind.ROWS:
        return _sent_rows(one, fields) or line or None
    return spoken(one, line) if line else None


def _sent_rows(one: Field, fields: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    for number in range(MAX_FORM_FIELDS):
        row = {
            column.id: spoken(column, line)
            for column in one.columns
            if (line := " ".join(fields.get(f"{one.id}.{number}.{column.id}", "").split()))
        }
        if row:
            found.append(row)
    return found
