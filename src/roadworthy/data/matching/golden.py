"""One record for each thing, from what its rows say: which value survives, whose it is, and where systems disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from roadworthy.data.matching.clusters import Cluster
from roadworthy.data.matching.normal import Form, normal
from roadworthy.data.matching.pair import Row
from roadworthy.data.table import Texts
from roadworthy.errors import InputProblem, Problem


class Rule(StrEnum):
    """Which of several values survives."""

    SOURCE = "source priority"
    RECENT = "most recent"
    FREQUENT = "most frequent"
    LONGEST = "longest"
    FIRST = "first non-empty"
    VALID = "valid only"


@dataclass(frozen=True, slots=True)
class Survives:
    """The rules of a column, each deciding where those before it leave several values.

    ``sources`` orders tables for ``source priority``; ``dated_by`` names the column that says when a row was
    changed, for ``most recent``; ``check`` names the check for ``valid only``.
    """

    rules: tuple[Rule, ...]
    sources: tuple[str, ...] = ()
    dated_by: str = ""
    check: str = ""


@dataclass(frozen=True, slots=True)
class Survivorship:
    """What becomes of every column. ``of_record`` names for a column the table whose value wins where it has one."""

    default: Survives = field(default_factory=lambda: Survives((Rule.FREQUENT, Rule.LONGEST)))
    columns: Mapping[str, Survives] = field(default_factory=dict)
    of_record: Mapping[str, str] = field(default_factory=dict)

    def check(self, tables: Sequence[str], columns: Sequence[str], checks: Sequence[str] = ()) -> None:
        """Whether it can be carried out on these tables and columns, with these checks at hand.

        Errors: ``InputProblem`` RW-DATA-403 with everything that is wrong.
        """
        problems = []
        for name, one in [("", self.default), *self.columns.items()]:
            place = f"columns.{name}" if name else "default"
            if name and name not in columns:
                problems.append(Problem(f"there is no column `{name}`", place=place))
            if not one.rules or len(set(one.rules)) != len(one.rules):
                problems.append(Problem("one rule or more expected, each once", place=place))
            if Rule.SOURCE in one.rules and not one.sources:
                problems.append(Problem("`source priority` needs the order of the tables", place=place))
            for table in one.sources:
                if table not in tables:
                    problems.append(Problem(f"there is no table `{table}`", place=f"{place}.sources"))
            if Rule.RECENT in one.rules and one.dated_by not in columns:
                problems.append(
                    Problem(
                        f"`most recent` needs a column with dates, found `{one.dated_by}`",
                        place=f"{place}.dated_by",
                    )
                )
            if Rule.VALID in one.rules and one.check not in checks:
                problems.append(
                    Problem(
                        f"there is no check `{one.check}`",
                        place=f"{place}.check",
                        hint=f"known: {', '.join(sorted(checks)) or 'none'}",
                    )
                )
        for name, table in self.of_record.items():
            if name not in columns:
                problems.append(Problem(f"there is no column `{name}`", place="of_record"))
            if table not in tables:
                problems.append(Problem(f"there is no table `{table}`", place=f"of_record.{name}"))
        if problems:
            raise InputProblem("RW-DATA-403", problems)


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a golden record: whose it is, and what decided. ``row`` None: no row has a value."""

    value: str | None
    row: Row | None
    rule: str


@dataclass(frozen=True, slots=True)
class Golden:
    """One thing: its record, column by column, and the rows it was made from."""

    rows: tuple[Row, ...]
    cells: Mapping[str, Cell]

    @property
    def values(self) -> dict[str, str | None]:
        return {name: cell.value for name, cell in self.cells.items()}


Columns = Mapping[str, Sequence[str | None]]
"""By column of the golden record its name in each table, None where a table has none."""

Check = Callable[[str], bool]
_OF_RECORD = "system of record"
_ONLY = "only value"
_NO_VALUE = "no value"


@dataclass(frozen=True, slots=True)
class _Candidate:
    row: Row
    value: str
    dated: str


def golden_records(
    clusters: Sequence[Cluster],
    tables: Sequence[tuple[str, Texts]],
    columns: Columns,
    survivorship: Survivorship,
    *,
    checks: Mapping[str, Check] | None = None,
    dates: Form = Form.DATE_YMD,
) -> Iterator[Golden]:
    """The golden record of every cluster, in their order.

    The table of record of a column wins where it has a value; then the column's rules decide, one after another;
    what they leave open goes to the first row. Values that differ only in spelling count as one for `most frequent`.
    Edge:    an empty cell is no value. A date that cannot be read counts as the oldest.
    Errors:  ``InputProblem`` RW-DATA-403 for a survivorship that does not fit.
    """
    names = [name for name, _ in tables]
    survivorship.check(names, list(columns), list(checks or {}))
    return _each(clusters, tables, columns, survivorship, checks or {}, dates)


def _each(
    clusters: Sequence[Cluster],
    tables: Sequence[tuple[str, Texts]],
    columns: Columns,
    survivorship: Survivorship,
    checks: Mapping[str, Check],
    dates: Form,
) -> Iterator[Golden]:
    names = [name for name, _ in tables]
    for one in clusters:
        cells = {}
        for name in columns:
            survives = survivorship.columns.get(name, survivorship.default)
            candidates = [
                _Candidate(
                    row,
                    value,
                    normal(_cell(tables, columns, survives.dated_by, row), dates) or ""
                    if survives.dated_by
                    else "",
                )
                for row in one.rows
                if (value := _cell(tables, columns, name, row))
            ]
            cells[name] = _survivor(candidates, survives, survivorship.of_record.get(name), names, checks)
        yield Golden(one.rows, cells)


def _cell(tables: Sequence[tuple[str, Texts]], columns: Columns, name: str, row: Row) -> str | None:
    source = columns[name][row.table]
    if source is None:
        return None
    cell = tables[row.table][1][source][row.row]
    return cell.strip() or None if cell is not None else None


def _survivor(
    candidates: Sequence[_Candidate],
    survives: Survives,
    of_record: str | None,
    tables: Sequence[str],
    checks: Mapping[str, Check],
) -> Cell:
    if not candidates:
        return Cell(None, None, _NO_VALUE)
    left = list(candidates)
    if of_record is not None:
        table = tables.index(of_record)
        theirs = [one for one in left if one.row.table == table]
        if theirs and len(theirs) < len(left):
            left = theirs
            if len({one.value for one in left}) == 1:
                return Cell(left[0].value, left[0].row, _OF_RECORD)
    if len({one.value for one in left}) == 1:
        return Cell(left[0].value, left[0].row, _ONLY)
    for rule in survives.rules:
        left = _kept(left, rule, survives, tables, checks)
        if not left:
            return Cell(None, None, rule.value)
        if len({one.value for one in left}) == 1:
            return Cell(left[0].value, left[0].row, rule.value)
    return Cell(left[0].value, left[0].row, Rule.FIRST.value)


def _kept(
    left: Sequence[_Candidate],
    rule: Rule,
    survives: Survives,
    tables: Sequence[str],
    checks: Mapping[str, Check],
) -> list[_Candidate]:
    if rule is Rule.VALID:
        return [one for one in left if checks[survives.check](one.value)]
    if rule is Rule.FIRST:
        return list(left[:1])
    if rule is Rule.FREQUENT:
        spelled = {one.value: normal(one.value, Form.NAME) or one.value for one in left}
        counts = Counter(spelled[one.value] for one in left)
        most = max(counts.values())
        same = [one for one in left if counts[spelled[one.value]] == most]
        # One spelling of the most frequent value has to be taken: its own most frequent one.
        exact = Counter(one.value for one in same)
        return [one for one in same if exact[one.value] == max(exact.values())]
    rank: dict[Rule, Callable[[_Candidate], object]] = {
        Rule.SOURCE: lambda one: -_place(survives.sources, tables[one.row.table]),
        Rule.RECENT: lambda one: one.dated,
        Rule.LONGEST: lambda one: len(one.value),
    }
    best = max(left, key=rank[rule])  # type: ignore[arg-type]
    return [one for one in left if rank[rule](one) == rank[rule](best)]


def _place(order: Sequence[str], table: str) -> int:
    return order.index(table) if table in order else len(order)
