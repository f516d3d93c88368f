"""Which rows fail a check: by their key or their number, with the value masked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from roadworthy.adapters.sqlchecks.asking import is_columnar
from roadworthy.adapters.sqlchecks.compiler import Columns, conditions, keys_of
from roadworthy.adapters.sqlchecks.conditions import laid_open, may_hide
from roadworthy.adapters.sqlchecks.quoting import identifier
from roadworthy.adapters.sqlchecks.repeating import PASS_ROWS
from roadworthy.data.check import Asks, Check, Sample
from roadworthy.data.contract import ContractTable
from roadworthy.data.table import Column

if TYPE_CHECKING:
    from roadworthy.ports.tables import Dataset

_LONGEST = 200
_NUMBERED = ("duckdb", "sqlite")
"""Engines that give rows out in the order of the source."""
_OPEN = ("", "public", "open", "internal")


class Rows:
    """Failing rows of one table. ``mask`` turns a value into what may be shown of it."""

    def __init__(self, dataset: Dataset, table: ContractTable, mask: Callable[[str], str]) -> None:
        self._dataset, self._table, self._mask = dataset, table, mask
        self._columns = Columns(table, dataset)

    def of(self, check: Check, *, limit: int, rows: int = 0) -> tuple[Sample, ...]:
        """Rows with a flaw or a repeated key. Errors: ``Inexpressible``; those of the source."""
        if check.asks is Asks.REPEATS:
            return self._repeating(check, limit, rows)
        assert check.flaw is not None
        where = conditions(check, self._columns, self._dataset).of(check.flaw)
        values = self._values(check)
        hidden = is_columnar(self._dataset) and any(may_hide(one) for one in values)
        if (self._keys() and not hidden) or self._dataset.dialect not in _NUMBERED:
            return self.asked(values, f"{self._dataset.relation} as a where {where}", limit)
        names = {one.name: identifier(one.name, self._dataset.dialect) for one in (*self._keys(), *values)}
        if hidden:
            names |= {one.name: laid_open(one) for one in values}
        number = identifier("__row", self._dataset.dialect)
        numbered = "" if self._keys() else f"row_number() over () - 1 as {number}, "
        counted = f"(select {numbered}{', '.join(names.values())} from {self._dataset.relation}) as a"  # noqa: S608
        return self.asked(values, f"{counted} where {where}", limit, number=number if numbered else "")

    def asked(
        self, values: Sequence[Column], source: str, limit: int, *, number: str = ""
    ) -> tuple[Sample, ...]:
        """Rows ``a`` of a source, whose columns are this table's. Errors: those of the source."""
        keys = () if number else self._keys()
        dialect = self._dataset.dialect
        wanted = [f"a.{identifier(one.name, dialect)} as k{n}" for n, one in enumerate(keys)]
        wanted += [f"{number} as k0"] if number else []
        wanted += [f"a.{identifier(one.name, dialect)} as v{n}" for n, one in enumerate(values)]
        sql = f"select {', '.join(wanted)} from {source} limit {int(limit)}"  # noqa: S608 - compiled
        found = self._dataset.rows(sql, limit=limit)
        keyed = 1 if number else len(keys)
        return tuple(
            Sample(
                ", ".join(self._key(row[f"k{n}"], keys[n] if keys else None) for n in range(keyed)),
                ", ".join(self._shown(row[f"v{n}"]) for n in range(len(values))),
            )
            for row in found
        )

    def _repeating(self, check: Check, limit: int, rows: int) -> tuple[Sample, ...]:
        keys = keys_of(check.columns, self._columns, self._dataset)
        there = " and ".join(f"{key} is not null" for key in keys)
        names = ", ".join(f"{key} as g{n}" for n, key in enumerate(keys))
        whole = keys_of(check.columns, self._columns, self._dataset, prefix="a.")
        pairs = " and ".join(f"{key} = g.g{n}" for n, key in enumerate(whole))
        passes = (
            math.ceil(rows / PASS_ROWS) if self._dataset.dialect == "duckdb" and rows > PASS_ROWS else 1
        )
        for number in range(passes):
            part = f" and hash({', '.join(keys)}) % {passes} = {number}" if passes > 1 else ""
            groups = (
                f"select {names} from {self._dataset.relation} where {there}{part}"  # noqa: S608 - compiled
                f" group by {', '.join(keys)} having count(*) > 1 limit {int(limit)}"
            )
            source = f"{self._dataset.relation} as a join ({groups}) as g on {pairs}"
            if found := self.asked(self._values(check), source, limit):
                return found
        return ()

    def _values(self, check: Check) -> list[Column]:
        found = [self._columns.find(name) for name in check.columns]
        return [one for one in found if one is not None]

    def _keys(self) -> tuple[Column, ...]:
        return row_keys(self._table, self._dataset)

    def _key(self, value: Any, column: Column | None) -> str:
        if column is None:
            return str(value)
        declared = next((one for one in self._table.columns if column.name in (one.source, one.name)), None)
        # A key that is somebody's address names a person as well as any other column does.
        closed = declared is None or declared.personal or declared.classification.casefold() not in _OPEN
        return self._shown(value) if closed else str(value)[:_LONGEST]

    def _shown(self, value: Any) -> str:
        return "" if value is None else self._mask(str(value)[:_LONGEST])


def row_keys(table: ContractTable, dataset: Dataset) -> tuple[Column, ...]:
    """The columns that name a row to people: those of the declared primary key, if all of them are there.

    A column that merely happens to be unique may be somebody's name, which nobody meant to show.
    """
    columns = Columns(table, dataset)
    found = [columns.find(name) for name in table.key]
    return tuple(one for one in found if one is not None) if all(found) else ()
