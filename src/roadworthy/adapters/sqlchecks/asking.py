"""Many figures with few statements; where one statement fails, its parts are asked one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from roadworthy.errors import InputProblem, RoadworthyError, Unavailable
from roadworthy.quantities import digest_of

if TYPE_CHECKING:
    from roadworthy.ports.checking import CheckCache
    from roadworthy.ports.tables import Dataset

COMPILER = 1
"""Version of the statements; figures that another version asked for are asked for again."""
_AT_ONCE = 150
_GIVE_UP_AFTER = 3
_MOST_REMEMBERED = 5000
_QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"|`([^`\n]*)`")


_COLUMNAR = frozenset({"parquet", "arrow"})


@dataclass(frozen=True, slots=True)
class Part:
    """An aggregate, and how its figures of two partitions become one. ``where``: it counts rows like this."""

    sql: str
    merge: Literal["sum", "max", "min"] = "sum"
    where: str = ""

    def over(self, relation: str) -> str:
        """The aggregate as a subquery of its own."""
        counted = f" where {self.where}" if self.where else ""
        return f"(select {'count(*)' if counted else self.sql} from {relation}{counted})"  # noqa: S608 - compiled


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Why there is no figure. ``wrong`` where the question was, not the place."""

    reason: str
    wrong: bool = False


Figure = float | int | None | Unanswered
ROWS = Part("count(*)")


def why(problem: RoadworthyError, *, asked: str = "") -> str:
    """What went wrong, without a value of the data: databases quote the cell they stumble over.

    Words in quotes stay where they stand in the question itself.
    """
    line = problem.message.splitlines()[0] if problem.message else problem.code

    def shown(match: re.Match[str]) -> str:
        inner = match[1] or match[2] or match[3] or ""
        return match[0] if inner and inner in asked else f"{match[0][0]}…{match[0][0]}"

    # A database's own words end where it repeats the statement or the value.
    bare = _QUOTED.sub(shown, line.partition("LINE ")[0])[:240].rstrip()
    return f"the source gave no answer ({problem.code}): {bare}"


def is_columnar(dataset: Dataset) -> bool:
    """Whether each column is read by itself, and blocks in which a condition holds nowhere are not read."""
    return dataset.dialect == "duckdb" and dataset.reading.guess.format in _COLUMNAR


def ask_parts(dataset: Dataset, parts: Sequence[Part]) -> list[Figure]:
    """The figures of one table, in one statement.

    One scan for all of them is best where a row is read as a whole. Of columns, a scan for each is three
    times faster: it reads one column, and statistics spare it most of that.
    """
    if is_columnar(dataset):
        return ask(dataset, [part.over(dataset.relation) for part in parts], source="")
    return ask(dataset, [part.sql for part in parts], source=dataset.relation)


def ask(
    dataset: Dataset, expressions: Sequence[str], *, source: str, heard: Callable[[], None] | None = None
) -> list[Figure]:
    """One figure per expression, in order. ``source`` is what stands after ``from``; empty for none."""
    figures: list[Figure] = []
    for start in range(0, len(expressions), _AT_ONCE):
        figures += _together(dataset, expressions[start : start + _AT_ONCE], source)
        if heard is not None:
            heard()
    return figures


def statement(expressions: Sequence[str], source: str) -> str:
    """One question for several figures, named ``p0``, ``p1`` …"""
    columns = ", ".join(f"{sql} as p{number}" for number, sql in enumerate(expressions))
    return f"select {columns} from {source}" if source else f"select {columns}"  # noqa: S608 - compiled


def _together(dataset: Dataset, expressions: Sequence[str], source: str) -> list[Figure]:
    try:
        return _asked(dataset, expressions, source)
    except (InputProblem, Unavailable) as problem:
        if len(expressions) == 1:
            reason = why(problem, asked=expressions[0] + source)
            return [Unanswered(reason, wrong=isinstance(problem, InputProblem))]
    figures: list[Figure] = []
    silent = 0
    for one in expressions:
        # A place that is gone is not asked a hundred times more.
        if silent >= _GIVE_UP_AFTER:
            figures.append(figures[-1])
            continue
        try:
            figures += _asked(dataset, [one], source)
            silent = 0
        except (InputProblem, Unavailable) as problem:
            silent = silent + 1 if isinstance(problem, Unavailable) else 0
            figures.append(Unanswered(why(problem, asked=one + source), wrong=silent == 0))
    return figures


def _asked(dataset: Dataset, expressions: Sequence[str], source: str) -> list[Figure]:
    rows = dataset.rows(statement(expressions, source), limit=2)
    if len(rows) != 1:
        return [Unanswered(f"the source answered with {len(rows)} rows, expected one") for _ in expressions]
    return [_number(rows[0].get(f"p{number}")) for number in range(len(expressions))]


def _number(value: Any) -> Figure:
    if value is None or isinstance(value, int | float):
        return value
    try:
        # Databases count in decimals.
        return int(value) if value == int(value) else float(value)
    except (TypeError, ValueError, OverflowError):
        return Unanswered("the source answered with something that is no number")


class Questions:
    """Figures of one table, of which those of unchanged partitions are remembered."""

    def __init__(self, dataset: Dataset, cache: CheckCache | None) -> None:
        self._dataset, self._cache = dataset, cache
        self._snapshot = dataset.snapshot() if cache is not None else None

    def figures(
        self, parts: Sequence[Part], *, heard: Callable[[float], None] | None = None
    ) -> dict[Part, Figure]:
        """Every part's figure over the whole table."""
        wanted = list(dict.fromkeys(parts))
        if not wanted:
            return {}
        snapshot = self._snapshot
        if self._cache is None or snapshot is None or not snapshot.tellable:
            return dict(zip(wanted, ask_parts(self._dataset, wanted), strict=True))
        merged: dict[Part, Figure] = {}
        for number, partition in enumerate(snapshot.partitions):
            key = self._key("partition", [partition.name, partition.mark, partition.size])
            found = self._remembered(key, wanted, partition.name)
            for part, figure in zip(wanted, found, strict=True):
                merged[part] = _merged(part, merged[part], figure) if number else figure
            if heard is not None:
                heard((number + 1) / len(snapshot.partitions))
        return merged

    def wholes(
        self,
        names: Sequence[str],
        compute: Callable[[list[int]], list[Figure]],
        *,
        beside: Sequence[str] = (),
    ) -> list[Figure]:
        """Figures that partitions do not add up to, remembered as long as none of these changes.

        ``compute`` is given the numbers of those that are not known. ``beside`` are the digests of other
        tables that they depend on.
        """
        snapshot = self._snapshot
        if self._cache is None or snapshot is None or not snapshot.tellable:
            return compute(list(range(len(names))))
        keys = [self._key("whole", [snapshot.digest, name, *beside]) for name in names]
        known = [self._cache.get(key) for key in keys]
        missing = [number for number, one in enumerate(known) if one is None]
        fresh = dict(zip(missing, compute(missing) if missing else [], strict=True))
        for number, figure in fresh.items():
            if not isinstance(figure, Unanswered):
                self._cache.put(keys[number], {"figure": figure})
        return [fresh[number] if one is None else one["figure"] for number, one in enumerate(known)]

    def _key(self, kind: str, what: list[object]) -> str:
        guess = self._dataset.reading.guess.as_json()
        return digest_of([COMPILER, kind, self._dataset.name, self._dataset.dialect, guess, what])

    def _remembered(self, key: str, parts: Sequence[Part], partition: str) -> list[Figure]:
        assert self._cache is not None
        known: Mapping[str, Any] = self._cache.get(key) or {}
        missing = [part for part in parts if part.sql not in known]
        fresh: dict[str, Figure] = {}
        if missing:
            fresh = dict(zip((part.sql for part in missing), self._read(missing, partition), strict=True))
            # What was not answered is asked again next time.
            kept = {sql: figure for sql, figure in fresh.items() if not isinstance(figure, Unanswered)}
            # Figures of rules that were changed since stay a while: they may be changed back.
            if kept:
                self._cache.put(key, dict([*known.items(), *kept.items()][-_MOST_REMEMBERED:]))
        return [known[part.sql] if part.sql in known else fresh[part.sql] for part in parts]

    def _read(self, parts: Sequence[Part], partition: str) -> list[Figure]:
        try:
            opened = self._dataset.only([partition])
            try:
                return ask_parts(opened, parts)
            finally:
                if opened is not self._dataset:
                    opened.close()
        except (InputProblem, Unavailable) as problem:
            return [Unanswered(why(problem)) for _ in parts]


def _merged(part: Part, one: Figure, other: Figure) -> Figure:
    if isinstance(one, Unanswered) or isinstance(other, Unanswered):
        return one if isinstance(one, Unanswered) else other
    if one is None or other is None:
        return other if one is None else one
    if part.merge == "sum":
        return one + other
    return max(one, other) if part.merge == "max" else min(one, other)
