"""Which type the cells of a text column have: guessed by the first rows, proved on all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from roadworthy.adapters.duckdb.delimited import AT
from roadworthy.adapters.duckdb.spelling import literal, near, selection
from roadworthy.data import Column, ColumnType, Finding
from roadworthy.errors import InputProblem, Problem

SAMPLE = 2_000
_FEW = 100
_MOST = 0.9
_DATE = r"[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]"
_CLOCK = r"([01]?[0-9]|2[0-4]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
Ask = Callable[[str], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a cell: what it looks like, and the value it then has.

    ``shape`` is a pattern of RE2 for the whole cell; ``value`` is SQL in which ``{}`` stands for it, and
    is NULL where the cell has the shape and yet no such value (30 February).
    """

    name: str
    type: ColumnType
    native: str
    shape: str
    value: str


_INTEGER = Reading(
    "integer", ColumnType.INTEGER, "bigint", r"[+-]?(0|[1-9][0-9]{0,18})", "try_cast({} as bigint)"
)
# Up to 15 digits before the point a double is exact in them; longer ones stay text rather than change.
_NUMBER = Reading(
    "number", ColumnType.NUMBER, "double",
    r"[+-]?((0|[1-9][0-9]{0,14})(\.[0-9]{0,25})?|\.[0-9]{1,25})([eE][+-]?[0-9]{1,3})?", "try_cast({} as double)",
)  # fmt: skip
_COMMA = Reading(
    "number with a decimal comma", ColumnType.NUMBER, "double",
    r"[+-]?((0|[1-9][0-9]{0,14})|[1-9][0-9]{0,2}(\.[0-9]{3}){1,4}),[0-9]{1,17}",
    "try_cast(replace(replace({}, '.', ''), ',', '.') as double)",
)  # fmt: skip
_GROUPED = Reading(
    "number with commas between thousands", ColumnType.NUMBER, "double",
    r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]{1,17})?|[+-]?(0|[1-9][0-9]{0,2})(\.[0-9]{1,17})?",
    "try_cast(replace({}, ',', '') as double)",
)  # fmt: skip
_BOOLEAN = Reading(
    "boolean", ColumnType.BOOLEAN, "boolean", "(?i)true|false", "try_cast(lower({}) as boolean)"
)
_ISO_DATE = Reading("date", ColumnType.DATE, "date", _DATE, "try_cast({} as date)")
_MOMENT = Reading(
    "timestamp", ColumnType.TIMESTAMP, "timestamp", f"{_DATE}([T ]{_CLOCK})?", "try_cast({} as timestamp)"
)
_ZONED = Reading(
    "timestamp with zone", ColumnType.TIMESTAMP, "timestamptz",
    f"{_DATE}[T ]{_CLOCK} ?(Z|z|UTC|[+-][0-9]{{2}}(:?[0-9]{{2}})?)", "try_cast({} as timestamptz)",
)  # fmt: skip
_TIME = Reading("time", ColumnType.TIME, "time", _CLOCK, "try_cast({} as time)")


def _written(name: str, pattern: str, shape: str, clock: bool = False) -> Reading:
    native = "timestamp" if clock else "date"
    kind = ColumnType.TIMESTAMP if clock else ColumnType.DATE
    return Reading(
        name, kind, native, shape, f"try_cast(try_strptime({{}}, {literal(pattern)}) as {native})"
    )


_DD, _MM = "(0?[1-9]|[12][0-9]|3[01])", "(0?[1-9]|1[0-2])"
_DOTTED = _written("date day.month.year", "%d.%m.%Y", rf"{_DD}\.{_MM}\.[0-9]{{4}}")
_DOTTED_CLOCK = _written(
    "timestamp day.month.year", "%d.%m.%Y %H:%M:%S",
    rf"{_DD}\.{_MM}\.[0-9]{{4}} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]", clock=True,
)  # fmt: skip
_DAY_FIRST = _written("date day/month/year", "%d/%m/%Y", rf"{_DD}/{_MM}/[0-9]{{4}}")
_MONTH_FIRST = _written("date month/day/year", "%m/%d/%Y", rf"{_MM}/{_DD}/[0-9]{{4}}")
_SLASHED = _written("date year/month/day", "%Y/%m/%d", rf"[0-9]{{4}}/{_MM}/{_DD}")
_OBJECT = Reading("object", ColumnType.OBJECT, "json", r"(?s)\s*\{.*", "{}")
_ARRAY = Reading("array", ColumnType.ARRAY, "json", r"(?s)\s*\[.*", "{}")

# Narrow before wide: the first that fits all looked-at cells is taken.
_ALL = (
    _INTEGER, _NUMBER, _BOOLEAN, _ISO_DATE, _ZONED, _MOMENT, _TIME, _DOTTED, _DOTTED_CLOCK,
    _DAY_FIRST, _MONTH_FIRST, _SLASHED, _COMMA, _GROUPED,
)  # fmt: skip
# What may mean one thing in one country and another in the next: nothing is taken for granted.
_RIVALS = ((_DAY_FIRST, _MONTH_FIRST), (_COMMA, _GROUPED))
_WIDER = {"integer": _NUMBER, "date": _MOMENT}
_OF_KIND = {
    frozenset({"integer"}): (_INTEGER, _NUMBER),
    frozenset({"number"}): (_NUMBER,),
    frozenset({"integer", "number"}): (_NUMBER,),
    frozenset({"boolean"}): (_BOOLEAN,),
    frozenset({"date"}): (_ISO_DATE,),
    frozenset({"timestamp"}): (_ZONED, _MOMENT),
    frozenset({"date", "timestamp"}): (_MOMENT,),
    frozenset({"time"}): (_TIME,),
    frozenset({"object"}): (_OBJECT,),
    frozenset({"array"}): (_ARRAY,),
    # In JSON a date is a text; a text of digits is a text.
    frozenset({"string"}): (_ISO_DATE, _ZONED, _MOMENT),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What a column turned out to be: its column, and SQL for its value and its spelling."""

    column: Column
    value: str
    spelled: str


@dataclass(slots=True)
class _State:
    """A column on its way to a type."""

    name: str
    cell: str
    options: tuple[Reading, ...]
    wanted: ColumnType | None = None
    mixed: bool = False
    chosen: Reading | None = None
    rivals: tuple[Reading, ...] = ()
    doubtful: bool = False
    misled: Reading | None = None
    bad: int = 0
    line: int = 0


def settle(
    names: Sequence[str],
    scan: str,
    ask: Ask,
    *,
    kinds: Mapping[int, set[str]],
    declared: Mapping[str, ColumnType],
    surplus: str = "",
    place: str = "",
) -> tuple[list[Typed], list[Finding]]:
    """A type for each column, such that no cell is lost by it.

    A column whose cells do not all have a value of the type stays text and says so, except where the
    type was declared: then such cells are empty, and counted. Cells of rows that are too long (they
    stand in the wrong column) do not decide. Errors: ``InputProblem`` RW-DATA-151 for declared columns
    that are not there.
    """
    known = {name.casefold() for name in names}
    problems = [
        Problem(f"there is no column `{name}`", place=place, hint=near(name, names))
        for name in declared
        if name.casefold() not in known
    ]
    if problems:
        raise InputProblem("RW-DATA-151", problems)
    wanted = {name.casefold(): kind for name, kind in declared.items()}
    states = [_state(number, name, kinds, wanted.get(name.casefold())) for number, name in enumerate(names)]
    by_position = [state for state in states if state.options and surplus != state.cell]
    if by_position:
        _guess(by_position, scan, ask)
        _decide(by_position, scan, ask)
        _prove(by_position, scan, ask, surplus)
    findings = [finding for state in states for finding in _told(state, place)]
    return [_typed(state) for state in states], findings


def _state(number: int, name: str, kinds: Mapping[int, set[str]], wanted: ColumnType | None) -> _State:
    cell = f"c{number}"
    if wanted is not None:
        options = tuple(one for one in (*_ALL, _OBJECT, _ARRAY) if one.type is wanted)
        return _State(name, cell, options, wanted)
    seen = kinds.get(number)
    if seen is None:
        return _State(name, cell, _ALL if not kinds else ())
    options = _OF_KIND.get(frozenset(seen), ())
    return _State(name, cell, options, mixed=len(seen) > 1 and not options)


def _fits(cell: str, way: Reading) -> str:
    bare = f"trim({cell})"
    return f"regexp_full_match({bare}, {literal(way.shape)}) and ({way.value.format(bare)}) is not null"


def _filled(cell: str) -> str:
    return f"trim({cell}) <> ''"


def _guess(states: list[_State], scan: str, ask: Ask) -> None:
    """Keep the ways of reading that fit the first rows; of a column that begins empty, its first cells."""
    cells = ", ".join(state.cell for state in states)
    _sieve(states, ask(selection(cells, scan, f"limit {_FEW}")))
    states = [state for state in states if state.options]
    if not states:
        return
    cells = ", ".join(state.cell for state in states)
    late = _narrow(states, f"({selection(cells, scan, f'limit {SAMPLE}')})", ask)
    for state in late:
        filled = selection(state.cell, scan, f"where {_filled(state.cell)} limit {SAMPLE}")
        _narrow([state], f"({filled})", ask)


def _sieve(states: list[_State], rows: list[dict[str, Any]]) -> None:
    """Drop the ways that do not even look like most of a few cells: the engine need not try them."""
    for state in states:
        cells = [cell for row in rows if (cell := (row[state.cell] or "").strip(" "))]
        if cells and state.wanted is None:
            state.options = tuple(
                way
                for way in state.options
                if sum(1 for cell in cells if _pattern(way.shape).fullmatch(cell)) * 2 >= len(cells)
            )


@lru_cache(maxsize=64)
def _pattern(shape: str) -> re.Pattern[str]:
    return re.compile(shape)


def _narrow(states: list[_State], sample: str, ask: Ask) -> list[_State]:
    """Choose by a sample; the columns of which it has no cell."""
    parts = []
    for place, state in enumerate(states):
        parts.append(f"count(*) filter (where {_filled(state.cell)}) as n{place}")
        parts += [
            f"count(*) filter (where {_filled(state.cell)} and {_fits(state.cell, way)}) as n{place}_{number}"
            for number, way in enumerate(state.options)
        ]
    found = ask(selection(parts, sample))[0]
    empty = []
    for place, state in enumerate(states):
        filled = found[f"n{place}"]
        counts = [found[f"n{place}_{number}"] for number in range(len(state.options))]
        # What fits most cells is taken as well: that it does not fit all is then counted and told.
        best = max(counts)
        if not filled:
            empty.append(state)
        elif state.wanted is not None or best >= _MOST * filled:
            fitting = tuple(way for way, count in zip(state.options, counts, strict=True) if count == best)
            state.rivals = next((pair for pair in _RIVALS if set(pair) <= set(fitting)), ())
            state.chosen = None if state.rivals else fitting[0]
    return empty


def _decide(states: list[_State], scan: str, ask: Ask) -> None:
    """Between two ways that fit the first rows, such as 03/04/2026, all rows decide, or nobody."""
    torn = [state for state in states if state.rivals]
    if not torn:
        return
    parts = [
        f"count(*) filter (where {_filled(state.cell)} and not coalesce({_fits(state.cell, way)}, false)) as n{place}_{number}"
        for place, state in enumerate(torn)
        for number, way in enumerate(state.rivals)
    ]
    found = ask(selection(parts, scan))[0]
    for place, state in enumerate(torn):
        first, second = found[f"n{place}_0"], found[f"n{place}_1"]
        if first != second and min(first, second) == 0:
            state.chosen = state.rivals[0] if first == 0 else state.rivals[1]
        else:
            state.doubtful = True


def _prove(states: list[_State], scan: str, ask: Ask, surplus: str) -> None:
    """Look at all rows; widen what does not hold, or give it up. One statement a round, at most three rounds."""
    straight = f"{surplus} is null and " if surplus else ""
    pending = [state for state in states if state.chosen is not None]
    while pending:
        parts = []
        for place, state in enumerate(pending):
            assert state.chosen is not None
            bad = f"{_filled(state.cell)} and not coalesce({_fits(state.cell, state.chosen)}, false)"
            parts.append(f"count(*) filter (where {straight}{bad}) as n{place}")
            parts.append(f"count(*) filter (where {bad}) as a{place}")
            parts.append(f"min({AT}) filter (where {bad}) as r{place}")
        found = ask(selection(parts, scan))[0]
        again = []
        for place, state in enumerate(pending):
            assert state.chosen is not None
            serious, state.bad = found[f"n{place}"], found[f"a{place}"]
            state.line = (found[f"r{place}"] or 0) + 1
            if state.wanted is not None or not serious:
                continue
            wider = _WIDER.get(state.chosen.name)
            state.misled = state.misled or state.chosen
            state.chosen = wider if wider in state.options else None
            if state.chosen is not None:
                again.append(state)
        pending = again


def _told(state: _State, place: str) -> list[Finding]:
    if state.mixed:
        message = f"`{state.name}` holds values of several kinds and is read as text"
        hint = "have one kind of value written in a column"
        return [Finding("RW-DATA-118", message, place, hint)]
    if state.doubtful:
        ways = " or ".join(way.name for way in state.rivals)
        message = f"`{state.name}` could be {ways}, and no row tells which; it stays text"
        return [
            Finding("RW-DATA-123", message, place, "have dates written as 2026-12-31 and numbers as 1234.5")
        ]
    if state.chosen is None and state.misled is not None:
        message = f"most cells of `{state.name}` are {state.misled.name}, but not all, first in row {state.line}; it stays text"
        hint = "correct these cells, or declare the type: then they count as unreadable"
        return [Finding("RW-DATA-112", message, place, hint, state.bad)]
    if state.chosen is not None and state.bad:
        message = f"cells of `{state.name}` that are no {state.chosen.name}, first in row {state.line}; they are empty"
        hint = "correct these cells; their text is kept"
        return [Finding("RW-DATA-113", message, place, hint, state.bad)]
    if state.wanted is not None and state.chosen is None and state.wanted is not ColumnType.TEXT:
        message = f"`{state.name}` cannot be read as {state.wanted.value} and stays text"
        return [Finding("RW-DATA-112", message, place, "declare another type")]
    return []


def _typed(state: _State) -> Typed:
    bare = f"trim({state.cell})"
    way = state.chosen
    if way is None:
        return Typed(Column(state.name, ColumnType.TEXT, "text"), f"nullif({state.cell}, '')", state.cell)
    value = f"nullif({state.cell}, '')" if way in (_OBJECT, _ARRAY) else way.value.format(bare)
    if way not in (_OBJECT, _ARRAY) and state.bad:
        # Only what has the shape: a cast of the engine is more lenient (`1.5` would become 2).
        value = f"case when {_fits(state.cell, way)} then {value} end"
    return Typed(Column(state.name, way.type, "text"), value, state.cell)
