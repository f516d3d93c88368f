"""How the cost books follow steps, cases, reviews and calls: triggers, in the words of SQLite and of Postgres.

Migration 0018 runs exactly these statements: a change to them is a migration of its own.
"""

# ruff: noqa: S608 - the texts are made of the names in this file alone

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

DAY_US: Final = 86_400_000_000
NUMBERS: Final = ("day", "closed")
"""Columns that tell rows apart and are numbers."""

BOOKS: Final = {
    "cost_step": (
        ("use_case", "day", "release", "work", "name", "currency"),
        ("calls", "attempts", "unpriced", "nano", "lost"),
    ),
    "cost_case": (
        ("use_case", "day", "release", "work", "slice", "handled_by", "closed", "currency"),
        ("cases", "nano"),
    ),
    "cost_review": (("use_case", "day", "release", "work", "kind"), ("reviews",)),
    "cost_call": (
        ("use_case", "day", "version", "stage", "step", "wire", "task", "model", "ending"),
        (
            "calls", "attempts", "estimated", "read", "cached", "stored", "written", "reasoning", "tool_calls",
            "cost",
        ),
    ),
}  # fmt: skip
"""Of each book: what tells its rows apart, and what is summed up."""


def work(case: str) -> str:
    """What a case was run for. Invariant: says of every case what ``business.costs.rows.work_of`` says of it."""
    return (
        f"CASE WHEN substr({case}.twin, 1, 7) = 'mirror:' THEN 'mirror' "
        f"WHEN substr({case}.twin, 1, 5) = 'eval:' THEN 'evaluation' "
        f"WHEN {case}.release = '' THEN 'people' WHEN {case}.stage = 'shadow' THEN 'shadow' "
        f"WHEN {case}.stage IN ('draft', 'pilot') THEN 'pilot' ELSE 'live' END"
    )


def _day(moment: str) -> str:
    return f"{moment} / {DAY_US}"


def _of_step(step: str, case: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    there = f"{step}.result IS NOT NULL"
    computes = (
        f"(substr({step}.name, 1, 8) = 'predict:' OR substr({step}.name, 1, 9) IN ('retrieve:', 'generate:') "
        f"OR substr({step}.name, 1, 5) = 'call:')"
    )
    begun = f"{step}.interrupted_nano + {step}.reserved_nano"
    return (
        (f"{case}.use_case", _day(f"{step}.at"), f"{case}.release", work(case), f"{step}.name", f"{step}.currency"),
        (
            "1",
            f"{step}.attempts",
            f"CASE WHEN {there} AND {step}.cost_nano = 0 AND {computes} THEN 1 ELSE 0 END",
            f"CASE WHEN {there} THEN {step}.cost_nano ELSE {begun} END",
            f"CASE WHEN {there} THEN {step}.interrupted_nano ELSE {begun} END",
        ),
    )  # fmt: skip


def _of_case(case: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (
        (
            f"{case}.use_case", _day(f"{case}.created_at"), f"{case}.release", work(case), f"{case}.slice",
            f"{case}.handled_by", f"CASE WHEN {case}.state = 'closed' THEN 1 ELSE 0 END", f"{case}.cost_currency",
        ),
        ("1", f"{case}.cost_nano"),
    )  # fmt: skip


def _of_review(review: str, case: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (
        (
            f"{review}.use_case",
            _day(f"{review}.created_at"),
            f"{case}.release",
            work(case),
            f"{review}.kind",
        ),
        (f"CASE WHEN {review}.state = 'decided' THEN 1 ELSE 0 END",),
    )


def _of_call(call: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    apart = ("version", "stage", "step", "wire", "task", "model", "ending")
    summed = ("read", "cached", "stored", "written", "reasoning", "tool_calls", "cost")
    return (
        (f"{call}.use_case", _day(f"{call}.at"), *(f"{call}.{name}" for name in apart)),
        (
            "1", f"{call}.attempts", f"CASE WHEN {call}.estimated THEN 1 ELSE 0 END",
            *(f"{call}.{name}" for name in summed),
        ),
    )  # fmt: skip


def _columns(book: str) -> str:
    apart, summed = BOOKS[book]
    return ", ".join((*apart, *summed))


def _values(told: tuple[tuple[str, ...], tuple[str, ...]], book: str, *, less: bool = False) -> str:
    apart, summed = BOOKS[book]
    sign = "-" if less else ""
    return ", ".join(
        [f"{value} AS {name}" for name, value in zip(apart, told[0], strict=True)]
        + [f"{sign}({value}) AS {name}" for name, value in zip(summed, told[1], strict=True)]
    )


def _noted(book: str, *parts: str) -> str:
    """Note the changes that these selections say, as few rows as they come to."""
    apart, summed = BOOKS[book]
    alike = ", ".join(f"part.{name}" for name in apart)
    sums = ", ".join(f"sum(part.{name})" for name in summed)
    any_ = " OR ".join(f"sum(part.{name}) <> 0" for name in summed)
    return (
        f"INSERT INTO {book}_change ({_columns(book)}) SELECT {alike}, {sums} "
        f"FROM ({' UNION ALL '.join(parts)}) AS part GROUP BY {alike} HAVING {any_};"
    )


def _step(row: str, *, less: bool = False) -> str:
    told = _values(_of_step(row, "c"), "cost_step", less=less)
    return f"SELECT {told} FROM case_record AS c WHERE c.id = {row}.case_id"


def _review(row: str, *, less: bool = False) -> str:
    told = _values(_of_review(row, "c"), "cost_review", less=less)
    return f"SELECT {told} FROM case_record AS c WHERE c.id = {row}.case_id"


def _case(row: str, *, less: bool = False) -> str:
    return f"SELECT {_values(_of_case(row), 'cost_case', less=less)}"


def _steps_of(row: str, *, less: bool = False) -> str:
    return f"SELECT {_values(_of_step('s', row), 'cost_step', less=less)} FROM step AS s WHERE s.case_id = {row}.id"


def _reviews_of(row: str, *, less: bool = False) -> str:
    told = _values(_of_review("r", row), "cost_review", less=less)
    return f"SELECT {told} FROM review AS r WHERE r.case_id = {row}.id"


_PLACED = ("use_case", "release", "stage", "twin")
"""Of a case: what decides where its steps and reviews are counted."""


def _bodies() -> Iterator[tuple[str, str, str, str]]:
    """(table, when, condition, statements), for all but calls."""
    for name, of in (("step", _step), ("review", _review)):
        book = f"cost_{name}"
        yield name, "INSERT", "", _noted(book, of("NEW"))
        yield name, "UPDATE", "", _noted(book, of("OLD", less=True), of("NEW"))
        yield name, "DELETE", "", _noted(book, of("OLD", less=True))
    moved = " OR ".join(f"OLD.{name} <> NEW.{name}" for name in _PLACED)
    yield "case_record", "INSERT", "", _noted("cost_case", _case("NEW"))
    yield "case_record", "UPDATE", "", _noted("cost_case", _case("OLD", less=True), _case("NEW"))
    yield (
        "case_record",
        "UPDATE",
        moved,
        _noted("cost_step", _steps_of("OLD", less=True), _steps_of("NEW"))
        + _noted("cost_review", _reviews_of("OLD", less=True), _reviews_of("NEW")),
    )
    yield (
        "case_record",
        "DELETE",
        "",
        _noted("cost_case", _case("OLD", less=True))
        + _noted("cost_step", _steps_of("OLD", less=True))
        + _noted("cost_review", _reviews_of("OLD", less=True)),
    )


def made(dialect: str) -> tuple[str, ...]:
    """The statements that make the triggers."""
    return tuple(_in_sqlite() if dialect == "sqlite" else _in_postgres())


def _in_sqlite() -> Iterator[str]:
    for place, (table, when, condition, body) in enumerate(_bodies()):
        only = f" WHEN {condition}" if condition else ""
        yield (
            f"CREATE TRIGGER cost_books_{place}_{table}_{when.lower()} AFTER {when} ON {table} FOR EACH ROW{only} "
            f"BEGIN {body} END"
        )
    call = _noted("cost_call", f"SELECT {_values(_of_call('NEW'), 'cost_call')}")
    yield f"CREATE TRIGGER cost_books_model_call AFTER INSERT ON model_call FOR EACH ROW BEGIN {call} END"


def _in_postgres() -> Iterator[str]:
    for place, (table, when, condition, body) in enumerate(_bodies()):
        name = f"cost_books_{place}_{table}_{when.lower()}"
        only = f" WHEN ({condition})" if condition else ""
        yield _function(name, body)
        yield (
            f"CREATE TRIGGER {name} AFTER {when} ON {table} FOR EACH ROW{only} EXECUTE FUNCTION {name}()"
        )
    call = _noted("cost_call", f"SELECT {_values(_of_call('fresh'), 'cost_call')} FROM fresh")
    yield _function("cost_books_model_call", call)
    # Calls come in batches: once for each, not for every row of it.
    yield (
        "CREATE TRIGGER cost_books_model_call AFTER INSERT ON model_call REFERENCING NEW TABLE AS fresh "
        "FOR EACH STATEMENT EXECUTE FUNCTION cost_books_model_call()"
    )


def _function(name: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {body} RETURN NULL; END $$"
    )


def counted() -> Iterator[tuple[str, str]]:
    """Every book with the statement that fills its sums from all there is, for tables that were never followed."""
    parts = {
        "cost_step": f"SELECT {_values(_of_step('s', 'c'), 'cost_step')} FROM step AS s "
        "JOIN case_record AS c ON c.id = s.case_id",
        "cost_case": f"SELECT {_values(_of_case('c'), 'cost_case')} FROM case_record AS c",
        "cost_review": f"SELECT {_values(_of_review('r', 'c'), 'cost_review')} FROM review AS r "
        "JOIN case_record AS c ON c.id = r.case_id",
        "cost_call": f"SELECT {_values(_of_call('m'), 'cost_call')} FROM model_call AS m",
    }
    for book, part in parts.items():
        filled = _noted(book, part).replace(f"INSERT INTO {book}_change ", f"INSERT INTO {book} ", 1)
        yield book, filled.rstrip(";")
