"""From checks to figures: what a source has to be asked, and what is known without asking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from roadworthy.adapters.sqlchecks.asking import ROWS, Part
from roadworthy.adapters.sqlchecks.conditions import NEVER, Conditions, is_zoned, may_hide
from roadworthy.adapters.sqlchecks.kinds import differs
from roadworthy.adapters.sqlchecks.quoting import Inexpressible
from roadworthy.adapters.sqlchecks.repeating import ends
from roadworthy.data.check import (
    AnyOf,
    Asks,
    Check,
    CheckResult,
    Flaw,
    Unmatched,
    Untyped,
    Verdict,
    judge,
    result_of,
    unevaluated,
)
from roadworthy.data.contract import ContractTable
from roadworthy.data.table import Column, ColumnType

if TYPE_CHECKING:
    from roadworthy.ports.tables import Dataset, Dialect

_MOST_NAMED = 10


@dataclass(slots=True)
class Compiled:
    """``known`` needs no question. ``beyond`` says what this source has no words for, and why."""

    known: dict[str, CheckResult] = field(default_factory=dict)
    cheap: list[tuple[Check, Part]] = field(default_factory=list)
    patterns: list[tuple[Check, Part]] = field(default_factory=list)
    repeats: list[tuple[Check, tuple[str, ...]]] = field(default_factory=list)
    ends: list[Part] = field(default_factory=list)
    others: list[Check] = field(default_factory=list)
    beyond: list[tuple[Check, str]] = field(default_factory=list)


class Columns:
    """The columns of a source by the names of the contract."""

    def __init__(self, table: ContractTable, dataset: Dataset) -> None:
        self._table, self._there = table, dataset.columns

    def find(self, name: str) -> Column | None:
        """The column: by its physical name, and where only the case of letters differs, if one alone does."""
        declared = self._table.column(name)
        wanted = declared.source if declared is not None else name
        for one in self._there:
            if one.name == wanted:
                return one
        close = [one for one in self._there if one.name.casefold() == wanted.casefold()]
        return close[0] if len(close) == 1 else None

    def declared_type(self, name: str) -> str:
        """The logical type that the contract gives it."""
        declared = self._table.column(name)
        return declared.type if declared is not None else ""

    def undeclared(self) -> list[str]:
        """Columns of the source that the contract does not speak of."""
        found = {self.find(one.name) for one in self._table.columns}
        return [one.name for one in self._there if one not in found]


def compiled(checks: Iterable[Check], table: ContractTable, dataset: Dataset) -> Compiled:
    """Sort the checks by how their figures are found."""
    result, columns = Compiled(), Columns(table, dataset)
    for check in checks:
        try:
            _compile(check, columns, dataset, result)
        except Inexpressible as problem:
            result.beyond.append((check, str(problem)))
    return result


def counted(condition: str, dialect: Dialect) -> str:
    """How many rows meet a condition; MySQL has no ``filter``."""
    if condition == NEVER:
        return "0 * count(*)"
    if dialect == "mysql":
        return f"count(case when {condition} then 1 end)"
    return f"count(*) filter (where {condition})"


def _counting(condition: str, check: Check, columns: Columns, dataset: Dataset) -> Part:
    column = columns.find(check.columns[0])
    plain = condition != NEVER and column is not None and not may_hide(column)
    return Part(counted(condition, dataset.dialect), where=condition if plain else "")


def conditions(check: Check, columns: Columns, dataset: Dataset) -> Conditions:
    """Conditions on the check's one column, which is there. Errors: ``Inexpressible``."""
    column = columns.find(check.columns[0])
    assert column is not None, "checks of missing columns are not compiled"
    return Conditions(column, dataset.dialect, declared=columns.declared_type(check.columns[0]))


def is_whole(check: Check, columns: Columns, dataset: Dataset) -> bool:
    """Whether its key is one column of whole numbers, which DuckDB can mark in a bitmap."""
    column = columns.find(check.columns[0])
    single = len(check.columns) == 1 and column is not None and column.type is ColumnType.INTEGER
    return single and dataset.dialect == "duckdb"


def keys_of(
    names: Sequence[str], columns: Columns, dataset: Dataset, *, prefix: str = ""
) -> tuple[str, ...]:
    """The columns as what tells rows apart. Errors: ``Inexpressible``."""
    found = [columns.find(name) for name in names]
    return tuple(Conditions(one, dataset.dialect, prefix=prefix).key() for one in found if one is not None)


def _compile(check: Check, columns: Columns, dataset: Dataset, result: Compiled) -> None:
    if check.asks is Asks.NOTHING:
        result.known[check.id] = unevaluated(check, check.reason)
    elif check.asks is Asks.UNDECLARED:
        result.known[check.id] = _undeclared(check, columns)
    elif check.asks in (Asks.ROWS, Asks.USUAL):
        result.cheap.append((check, ROWS))
    elif any(columns.find(name) is None for name in check.columns):
        result.known[check.id] = _missing(check)
    elif check.asks is Asks.COLUMN:
        result.known[check.id] = judge(check, 0, rows=1)
    elif check.asks is Asks.TYPE:
        _type(check, columns, dataset, result)
    elif check.asks is Asks.ZONE:
        result.known[check.id] = _zone(check, columns, dataset)
    elif check.asks is Asks.FLAWS:
        assert check.flaw is not None
        condition = conditions(check, columns, dataset).of(check.flaw)
        where = result.patterns if _has_pattern(check.flaw) else result.cheap
        where.append((check, _counting(condition, check, columns, dataset)))
    elif check.asks is Asks.REPEATS:
        keys = keys_of(check.columns, columns, dataset)
        result.repeats.append((check, keys))
        if is_whole(check, columns, dataset):
            result.ends.extend(ends(keys[0]))
    elif check.asks in (Asks.NEWEST, Asks.OLDEST):
        end = "max" if check.asks is Asks.NEWEST else "min"
        part = Part(conditions(check, columns, dataset).epoch(end), "max" if end == "max" else "min")
        result.cheap.append((check, part))
    else:
        result.others.append(check)


def _has_pattern(flaw: Flaw) -> bool:
    if isinstance(flaw, AnyOf):
        return any(_has_pattern(one) for one in flaw.flaws)
    return isinstance(flaw, Unmatched | Untyped)


def _missing(check: Check) -> CheckResult:
    told = f"the column `{check.column}` is missing"
    if check.asks is Asks.COLUMN:
        return result_of(check, Verdict.FAIL, value=1, reason=told)
    return unevaluated(check, told)


def _undeclared(check: Check, columns: Columns) -> CheckResult:
    names = columns.undeclared()
    shown = ", ".join(f"`{name[:60]}`" for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    assert check.bound is not None
    verdict = Verdict.PASS if check.bound.holds(len(names)) else Verdict.FAIL
    reason = f"nobody declared {shown}{more}" if names else ""
    return result_of(check, verdict, value=len(names), reason=reason)


def _zone(check: Check, columns: Columns, dataset: Dataset) -> CheckResult:
    column = columns.find(check.columns[0])
    assert column is not None
    if dataset.dialect == "sqlite" or column.type is not ColumnType.TIMESTAMP:
        return unevaluated(
            check, f"the source calls the type `{column.native}`, which has no zone to look for"
        )
    if is_zoned(column):
        return result_of(check, Verdict.PASS)
    return result_of(check, Verdict.FAIL, value=column.native, reason=f"the type is `{column.native}`")


def _type(check: Check, columns: Columns, dataset: Dataset, result: Compiled) -> None:
    column = columns.find(check.columns[0])
    assert column is not None
    told = differs(check.type, column, dataset)
    named = f"`{column.native}`" if column.native else column.type.value
    if isinstance(told, str):
        result.known[check.id] = unevaluated(check, told)
    elif isinstance(told, Untyped):
        condition = conditions(check, columns, dataset).of(told)
        result.patterns.append((check, _counting(condition, check, columns, dataset)))
    elif told:
        reason = f"found {named}, expected {check.type}"
        result.known[check.id] = result_of(
            check, Verdict.FAIL, value=column.type.value, reason=reason, bound=check.type
        )
    else:
        result.known[check.id] = result_of(check, Verdict.PASS, value=column.type.value, bound=check.type)
