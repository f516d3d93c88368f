"""How tables are to be matched: which columns say what, how they are compared, which rows meet at all.

A plan is data. It is proposed (``propose``), shown, edited, kept beside the data's contract, and only then
carried out; whoever carries it out reads nothing but the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from roadworthy.data.matching.normal import Form
from roadworthy.data.matching.roles import Role
from roadworthy.errors import InputProblem, Problem

MOST_COMPARISONS = 40


class Mode(StrEnum):
    """Which rows may be the same: those of one table, those of different tables, or both."""

    DEDUPE = "dedupe"
    LINK = "link"
    LINK_AND_DEDUPE = "link and dedupe"


class Measure(StrEnum):
    """How two values are compared."""

    NAME = "name"
    """Letters in about the same order; an initial; given name and surname swapped."""
    WORDS = "words"
    """Words in common, rare ones counting more."""
    EXACT = "exact"
    CODE = "code"
    """Characters that differ."""
    EMAIL = "e-mail"
    PHONE = "phone"
    DATE = "date"
    YEAR = "year"
    NUMBER = "number"
    ADDRESS = "address"
    """All parts of an address at once."""


class Part(StrEnum):
    """What of a value two rows must share to be looked at."""

    WHOLE = "whole"
    START = "first three characters"
    SOUND = "sound"
    END = "last seven characters"
    YEAR = "first four characters"
    RARE_WORDS = "rare words"


@dataclass(frozen=True, slots=True)
class MatchColumn:
    """A column as it stands in each table, what it means, and how it is spelled for comparing.

    ``sources`` has one entry a table: the column's name there, None where the table has none. ``hard`` says
    that two different values prove two different things.
    """

    name: str
    sources: tuple[str | None, ...]
    role: Role
    form: Form | None = None
    hard: bool = False
    why: str = ""

    @property
    def used(self) -> bool:
        return self.role is not Role.IGNORE


@dataclass(frozen=True, slots=True)
class Comparison:
    """One piece of evidence. ``frequency``: agreeing in a rare value says more than in a frequent one.

    ``levels`` are bounds from alike to less alike, in the measure's own unit: similarity (name), cosine (words),
    characters (code), relative difference (number). ``individual``: what members of one family (a household, branches of a company)
    do not share.
    """

    name: str
    columns: tuple[str, ...]
    measure: Measure
    levels: tuple[float, ...] = ()
    frequency: bool = False
    individual: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A part of a column that two rows must have in common."""

    column: str
    part: Part = Part.WHOLE


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that agree in all keys are compared. No keys: every row with every other.

    ``pairs`` is an estimate made for the proposal; whoever carries the plan out counts.
    """

    keys: tuple[Key, ...]
    pairs: int = 0


@dataclass(frozen=True, slots=True)
class MatchPlan:
    """Everything that deciding on pairs needs but the rows themselves.

    Units:   ``prior`` is the probability that two random rows are the same thing; None: estimated.
             ``companions`` are the pairs that only belong together (a household, branches of a company) for every
             true match; 0: there is no such thing, None: estimated.
             ``most_pairs`` bounds what is compared at all.
    Holds:   pairs at ``automatic_from`` and above are joined, those from ``review_from`` on go to people.
             ``exclusive``: a row has at most one partner in another table; None: judged from the tables.
    """

    tables: tuple[str, ...]
    mode: Mode
    columns: tuple[MatchColumn, ...]
    comparisons: tuple[Comparison, ...]
    blocks: tuple[Block, ...]
    training: tuple[tuple[str, ...], ...] = ()
    prior: float | None = None
    companions: float | None = 0.0
    exclusive: bool | None = None
    most_pairs: int = 2_000_000
    automatic_from: float = 0.95
    review_from: float = 0.5

    def column(self, name: str) -> MatchColumn:
        """The planned column of that name. Errors: ``KeyError`` where none is planned."""
        for one in self.columns:
            if one.name == name:
                return one
        raise KeyError(name)

    @property
    def hard(self) -> tuple[MatchColumn, ...]:
        return tuple(one for one in self.columns if one.hard)

    def check(self, tables: Sequence[Sequence[str]] | None = None) -> None:
        """Whether the plan can be carried out, on tables with these columns where they are given.

        Errors: ``InputProblem`` RW-DATA-401 with everything that is wrong.
        """
        problems = [*self._columns_wrong(tables), *self._comparisons_wrong(), *self._blocks_wrong()]
        problems += self._numbers_wrong()
        if problems:
            raise InputProblem("RW-DATA-401", problems)

    def _columns_wrong(self, tables: Sequence[Sequence[str]] | None) -> list[Problem]:
        found = []
        if not self.tables:
            found.append(Problem("a plan names at least one table", place="tables"))
        if len(set(self.tables)) != len(self.tables):
            found.append(Problem("two tables have the same name", place="tables"))
        if len(self.tables) > 1 and self.mode is Mode.DEDUPE:
            found.append(
                Problem("`dedupe` takes one table", place="mode", hint="take `link` or `link and dedupe`")
            )
        if len(self.tables) == 1 and self.mode is not Mode.DEDUPE:
            found.append(
                Problem(f"`{self.mode}` takes two tables or more", place="mode", hint="take `dedupe`")
            )
        if tables is not None and len(tables) != len(self.tables):
            found.append(
                Problem(f"{len(self.tables)} tables are planned, {len(tables)} given", place="tables")
            )
        for name in _twice(one.name for one in self.columns):
            found.append(Problem(f"`{name}` is planned twice", place="columns"))
        for one in self.columns:
            place = f"columns.{one.name}"
            if len(one.sources) != len(self.tables):
                found.append(
                    Problem(f"{len(one.sources)} sources for {len(self.tables)} tables", place=place)
                )
            elif tables is not None and len(tables) == len(self.tables):
                for table, source, has in zip(self.tables, one.sources, tables, strict=True):
                    if source is not None and source not in has:
                        found.append(Problem(f"`{table}` has no column `{source}`", place=place))
            if one.used and one.form is None:
                found.append(Problem("a column that is used needs a form", place=place))
            if one.hard and not one.used:
                found.append(Problem("an ignored column proves nothing", place=place))
        return found

    def _comparisons_wrong(self) -> list[Problem]:
        found = []
        usable = {one.name: one for one in self.columns if one.used}
        if not 0 < len(self.comparisons) <= MOST_COMPARISONS:
            found.append(
                Problem(
                    f"{len(self.comparisons)} comparisons, expected 1 to {MOST_COMPARISONS}",
                    place="comparisons",
                    hint="give a column that describes the things a role",
                )
            )
        for name in _twice(one.name for one in self.comparisons):
            found.append(Problem(f"`{name}` is compared twice", place="comparisons"))
        for one in self.comparisons:
            place = f"comparisons.{one.name}"
            if not one.columns or (
                len(one.columns) > 1 and one.measure not in (Measure.ADDRESS, Measure.NAME)
            ):
                found.append(
                    Problem(f"{len(one.columns)} columns for the measure `{one.measure}`", place=place)
                )
            for name in one.columns:
                if name not in usable:
                    found.append(Problem(f"`{name}` is no column that is used", place=place))
            if one.measure is Measure.ADDRESS and not any(
                usable[name].role in (Role.STREET, Role.POSTCODE, Role.CITY, Role.STATE)
                for name in one.columns
                if name in usable
            ):
                found.append(Problem("an address needs a street or a place", place=place))
            down = one.measure in (Measure.NAME, Measure.WORDS)
            if list(one.levels) != sorted(set(one.levels), reverse=down) or not all(
                0 < bound <= (1 if down else 10) for bound in one.levels
            ):
                found.append(
                    Problem("bounds go from alike to less alike, each once", place=f"{place}.levels")
                )
        return found

    def _blocks_wrong(self) -> list[Problem]:
        found = []
        usable = {one.name for one in self.columns if one.used}
        if not self.blocks:
            found.append(Problem("no rows would meet: a plan needs at least one block", place="blocks"))
        for at, block in enumerate(self.blocks):
            place = f"blocks[{at}]"
            for key in block.keys:
                if key.column not in usable:
                    found.append(Problem(f"`{key.column}` is no column that is used", place=place))
                if key.part is Part.RARE_WORDS and len(block.keys) > 1:
                    found.append(Problem("rare words stand alone", place=place))
        for at, rule in enumerate(self.training):
            for name in rule:
                if name not in usable:
                    found.append(Problem(f"`{name}` is no column that is used", place=f"training[{at}]"))
            if not rule:
                found.append(Problem("a training block names a column", place=f"training[{at}]"))
        return found

    def _numbers_wrong(self) -> list[Problem]:
        found = []
        if self.prior is not None and not 0 < self.prior < 1:
            found.append(Problem("a probability above 0 and below 1 expected", place="prior"))
        if self.companions is not None and not 0 <= self.companions <= 1000:
            found.append(Problem("odds from 0 to 1000 expected", place="companions"))
        if not 0 < self.review_from <= self.automatic_from <= 1:
            found.append(Problem("0 < review_from ≤ automatic_from ≤ 1 expected", place="review_from"))
        if self.most_pairs < 1:
            found.append(Problem("at least one pair expected", place="most_pairs"))
        return found


def _twice(names: Iterable[str]) -> list[str]:
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    return [name for name, count in seen.items() if count > 1]
