"""Rows whose partner in another table is missing, whether both lie in one database or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from roadworthy.adapters.sqlchecks.conditions import Conditions
from roadworthy.adapters.sqlchecks.quoting import Inexpressible, identifier
from roadworthy.data.check import Check
from roadworthy.data.contract import ContractTable, Relation
from roadworthy.data.table import Column, ColumnType

if TYPE_CHECKING:
    from roadworthy.ports.tables import Dataset, Workbench

_PLAIN = (ColumnType.TEXT, ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN, ColumnType.DATE,
          ColumnType.TIMESTAMP, ColumnType.TIME)  # fmt: skip
_FIGURES = (ColumnType.INTEGER, ColumnType.NUMBER)


ROW = "__row"
"""What a stream calls the numbers of its rows."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two tables where one engine reaches both: ``child`` is asked, ``source`` holds rows ``a`` without a partner."""

    child: Dataset
    parent: Dataset
    source: str
    landed: tuple[Dataset, ...] = ()
    number: str = ""
    """The row's number in its source, as an expression, where it was asked for and is known."""

    def close(self) -> None:
        """Give back what was landed for it."""
        for one in self.landed:
            one.close()


def partner(check: Check, table: ContractTable, dataset: Dataset, others: Mapping[str, Dataset]) -> Dataset:
    """The table a relationship leads to. Errors: ``Inexpressible`` where it is not among those given."""
    assert check.relation is not None
    name = check.relation.table
    if name in (table.name, table.source):
        return dataset
    if name not in others:
        raise Inexpressible(f"the table `{name[:80]}` that the relationship leads to was not opened")
    return others[name]


def meet(
    check: Check,
    here: tuple[Column, ...],
    dataset: Dataset,
    other: Dataset,
    workbench: Workbench | None,
    *,
    beside: tuple[Column, ...] = (),
    numbered: bool = False,
) -> Meeting:
    """Bring both tables together: in their own database, or with nothing but their keys in the workbench.

    ``beside`` are further columns of the child that are wanted with it, ``numbered`` its rows' numbers.
    Errors: ``Inexpressible``; those of reading either table.
    """
    relation = check.relation
    assert relation is not None
    there = _columns(relation, other)
    for one in (*here, *there):
        if one.type not in _PLAIN:
            raise Inexpressible(f"the column `{one.name[:60]}` holds {one.type.value}, which is no key")
    if is_same_place(dataset, other):
        return Meeting(dataset, other, _source(dataset, here, other, there))
    if workbench is None:
        raise Inexpressible(
            "the tables lie in different places, and there is no workbench to bring them together"
        )
    wanted = list(dict.fromkeys(one.name for one in (*here, *beside)))
    child = workbench.land("referring", dataset.stream(wanted, numbered=numbered))
    parent = workbench.land("referred", other.stream(list(dict.fromkeys(one.name for one in there))))
    # What a column is called and holds may have changed on the way.
    here, there = _same(here, child), _same(there, parent)
    number = f"a.{identifier(ROW, child.dialect)}" if numbered else ""
    return Meeting(child, parent, _source(child, here, parent, there), (child, parent), number)


def is_same_place(one: Dataset, other: Dataset) -> bool:
    """Whether one question can reach both: one table, or two of one database."""
    return one is other or (bool(one.place) and one.dialect == other.dialect and one.place == other.place)


def _columns(relation: Relation, other: Dataset) -> tuple[Column, ...]:
    found = []
    for name in relation.targets:
        close = [one for one in other.columns if one.name == name]
        close = close or [one for one in other.columns if one.name.casefold() == name.casefold()]
        if len(close) != 1:
            raise Inexpressible(f"the table `{relation.table[:60]}` has no column `{name[:60]}`")
        found.append(close[0])
    return tuple(found)


def _same(columns: tuple[Column, ...], landed: Dataset) -> tuple[Column, ...]:
    by_name = {one.name: one for one in landed.columns}
    return tuple(by_name[one.name] for one in columns)


def _source(child: Dataset, here: tuple[Column, ...], parent: Dataset, there: tuple[Column, ...]) -> str:
    pairs = []
    for mine, theirs in zip(here, there, strict=True):
        one = Conditions(mine, child.dialect, prefix="a.")
        two = Conditions(theirs, parent.dialect, prefix="b.")
        alike = mine.type is theirs.type or (mine.type in _FIGURES and theirs.type in _FIGURES)
        # A text is compared with a number by their spelling, so that 007 is not 7 and no text is turned into one.
        pairs.append(f"{two.key()} = {one.key()}" if alike else f"{two.text()} = {one.text()}")
    given = " and ".join(f"{Conditions(one, child.dialect, prefix='a.').name} is not null" for one in here)
    met = f"select 1 from {parent.relation} as b where {' and '.join(pairs)}"  # noqa: S608 - compiled
    return f"{child.relation} as a where {given} and not exists ({met})"
