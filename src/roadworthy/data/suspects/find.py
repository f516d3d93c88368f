"""Finding wrong cells in a table nobody described."""

from __future__ import annotations

from collections.abc import Callable

from roadworthy.data.suspects.columns import Table
from roadworthy.data.suspects.dates import Written, date_hits, dates_of
from roadworthy.data.suspects.dependency import dependencies
from roadworthy.data.suspects.keys import key_hits
from roadworthy.data.suspects.missing import missing_hits
from roadworthy.data.suspects.numbers import number_hits
from roadworthy.data.suspects.relations import relations
from roadworthy.data.suspects.shapes import shape_hits
from roadworthy.data.suspects.spelling import spelling_hits
from roadworthy.data.suspects.strangers import stranger_hits
from roadworthy.data.suspects.surface import surface_hits
from roadworthy.data.suspects.suspect import RowHits, Suspect, ValueHit
from roadworthy.data.suspects.typo import typo_hits
from roadworthy.data.suspects.votes import votes
from roadworthy.data.suspects.weigh import weighed
from roadworthy.data.table import Texts
from roadworthy.errors import InputProblem, Problem


def suspects(
    texts: Texts, *, at_least: float = 0.5, progress: Callable[[float, str], None] | None = None
) -> tuple[Suspect, ...]:
    """Cells that look wrong in the light of the rest of the table, ordered by row and column.

    Needs no labels, no rules and no other table; the same table always gives the same answer. Every
    cell is named at most once, with all evidence on it weighed together.

    Units:   ``at_least`` is the lowest confidence told, see ``Suspect``.
    Edge:    a table of a few dozen rows says little about itself, and so does this.
    Errors:  ``InputProblem`` RW-DATA-301 for columns of different length and an ``at_least`` outside
             0 to 1, all of them at once.
    """
    _check(texts, at_least)
    tell = progress or (lambda _part, _doing: None)
    table = Table(texts)
    by_value: list[ValueHit] = []
    by_row: list[RowHits] = []
    dates: dict[int, dict[int, Written]] = {}
    width = len(table.columns)
    for at, column in enumerate(table.columns):
        tell(0.4 * at / width, f"looking at `{column.name}`")
        by_value.extend(surface_hits(column))
        by_value.extend(missing_hits(table, column))
        by_value.extend(shape_hits(column))
        dates[column.index] = dates_of(column)
        by_value.extend(date_hits(column, dates[column.index]))
        by_value.extend(spelling_hits(column))
        by_value.extend(typo_hits(column))
        by_value.extend(number_hits(column))
        by_row.extend(key_hits(column))
    by_value.extend(stranger_hits(table))
    tell(0.4, "looking for columns that tell others")
    found = dependencies(
        table, tell=lambda part: tell(0.4 + 0.19 * part, "looking for columns that tell others")
    )
    tell(0.6, "looking for rules between columns")
    between = relations(table, dates)
    by_row.extend(between.hits)
    outcome = votes(
        table,
        found,
        between.kept,
        tell=lambda part: tell(0.7 + 0.2 * part, "letting rows vote on each other"),
    )
    by_row.extend(outcome.hits)
    tell(0.9, "weighing the evidence")
    place = {column.name: column.index for column in table.columns}
    told = sorted(
        weighed(table, by_value, by_row, outcome.vouched, at_least=at_least),
        key=lambda one: (one.row, place[one.column]),
    )
    tell(1.0, "done")
    return tuple(told)


def _check(texts: Texts, at_least: float) -> None:
    problems = []
    lengths = {name: len(cells) for name, cells in texts.items()}
    if lengths:
        expected = next(iter(lengths.values()))
        problems = [
            Problem(
                f"{length} cells, the first column has {expected}",
                place=name,
                hint="pass columns of equal length",
            )
            for name, length in lengths.items()
            if length != expected
        ]
    if not 0.0 <= at_least <= 1.0:
        problems.append(Problem(f"a confidence from 0 to 1 expected, found {at_least}", place="at_least"))
    if problems:
        raise InputProblem("RW-DATA-301", problems)
