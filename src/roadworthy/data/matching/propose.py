"""A plan for tables nobody here has seen: roles, comparisons, blocks, all open to correction."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from roadworthy.data.matching.columns import align
from roadworthy.data.matching.facts import ColumnFacts, TableFacts
from roadworthy.data.matching.normal import Form, normal, sound
from roadworthy.data.matching.plan import (
    Block,
    Comparison,
    Key,
    MatchColumn,
    MatchPlan,
    Measure,
    Mode,
    Part,
)
from roadworthy.data.matching.roles import PERSON, Role

_FEWEST_PAIRS = 250_000
_PAIRS_A_ROW = 30
_MOST_BLOCKS = 16
_MOST_COMPARED = 16
_NAME_LEVELS = (0.92, 0.8)
_WORD_LEVELS = (0.8, 0.6, 0.4, 0.2)
_CODE_LEVELS = (1.0, 2.0)
_NUMBER_LEVELS = (0.02, 0.1, 0.3)

# Of several columns the ones further up say more about who or what a row is.
_WEIGHTY = (
    Role.IDENTIFIER, Role.EMAIL, Role.FULL_NAME, Role.ORGANISATION, Role.SURNAME, Role.GIVEN_NAME, Role.DATE,
    Role.PHONE, Role.STREET, Role.HOUSE_NUMBER, Role.POSTCODE, Role.CITY, Role.TEXT, Role.YEAR, Role.CATEGORY,
    Role.STATE, Role.NUMBER, Role.COUNTRY,
)  # fmt: skip


def propose(tables: Sequence[TableFacts], *, mode: Mode | None = None) -> MatchPlan:
    """How to match these tables, without labels and without settings.

    One table is searched for duplicates; of several, rows of different tables are linked.
    Errors:  ``InputProblem`` RW-DATA-401 where no column tells things apart, or where ``mode`` does not fit.
    """
    mode = mode or (Mode.DEDUPE if len(tables) == 1 else Mode.LINK)
    columns = align(tables)
    comparisons = _comparisons(columns, tables)
    compared = {name for one in comparisons for name in one.columns}
    n = sum(table.rows for table in tables)
    possible = possible_pairs([table.rows for table in tables], mode)
    most = max(_FEWEST_PAIRS, _PAIRS_A_ROW * n)
    useful = [
        _Useful.of(one, tables)
        for one in sorted(columns, key=lambda column: _weight(column.role))
        if one.name in compared
    ]
    worded = [one.columns[0] for one in comparisons if one.measure is Measure.WORDS]
    plan = MatchPlan(
        tables=tuple(table.name for table in tables),
        mode=mode,
        columns=columns,
        comparisons=comparisons,
        blocks=_blocks(useful, worded, possible, most, n),
        training=_training(useful, comparisons, n),
        companions=0.0 if _family(columns) is _Family.NONE else None,
        most_pairs=most,
    )
    plan.check()
    return plan


def possible_pairs(rows: Sequence[int], mode: Mode) -> int:
    """How many pairs of rows there are at all."""
    total = sum(rows)
    within = sum(n * (n - 1) // 2 for n in rows)
    everything = total * (total - 1) // 2
    return everything - within if mode is Mode.LINK else everything


def _weight(role: Role) -> int:
    return _WEIGHTY.index(role) if role in _WEIGHTY else len(_WEIGHTY)


def _comparisons(columns: Sequence[MatchColumn], tables: Sequence[TableFacts]) -> tuple[Comparison, ...]:
    used = [one for one in columns if one.used]
    found: list[Comparison] = []
    street = next((one for one in used if one.role is Role.STREET), None)
    address = [] if street is None else [street]
    for role in (Role.HOUSE_NUMBER, Role.POSTCODE, Role.CITY, Role.STATE):
        address += [one for one in used if one.role is role][:1]
    if [one for one in address if one.role is not Role.HOUSE_NUMBER]:
        names = tuple(one.name for one in address)
        free = {one.name for one in used if one not in address}
        title = next(
            title for title in ("address", "whole address", "all of the address") if title not in free
        )
        found.append(Comparison(title, names, Measure.ADDRESS, frequency=True))
    given = next((one for one in used if one.role is Role.GIVEN_NAME), None)
    surname = next((one for one in used if one.role is Role.SURNAME), None)
    for one in used:
        if one in address:
            continue
        other = {one: None, given: surname, surname: given}.get(one) if one in (given, surname) else None
        found.append(_comparison(one, other, tables))
    ranked = sorted(found, key=lambda one: _weight(next(c.role for c in used if c.name == one.columns[0])))
    taken = {one.name for one in ranked[:_MOST_COMPARED]}
    family, roles = _family(columns), {one.name: one.role for one in used}
    return tuple(
        replace(one, individual=_individual(roles[one.columns[0]], family))
        for one in found
        if one.name in taken
    )


def _comparison(column: MatchColumn, other: MatchColumn | None, tables: Sequence[TableFacts]) -> Comparison:
    role, name = column.role, column.name
    names = (name,) if other is None else (name, other.name)
    if role in (Role.GIVEN_NAME, Role.SURNAME):
        return Comparison(name, names, Measure.NAME, _NAME_LEVELS, True)
    if role in (Role.FULL_NAME, Role.ORGANISATION):
        return Comparison(name, names, Measure.WORDS, _WORD_LEVELS, True)
    if role in (Role.TEXT, Role.STREET):
        wordy = _facts(column, tables).words >= 2.5
        if wordy:
            return Comparison(name, names, Measure.WORDS, _WORD_LEVELS, True)
        return Comparison(name, names, Measure.NAME, _NAME_LEVELS, True)
    if role is Role.IDENTIFIER:
        return Comparison(name, names, Measure.CODE, _CODE_LEVELS, True)
    if role is Role.NUMBER:
        return Comparison(name, names, Measure.NUMBER, _NUMBER_LEVELS, True)
    simple = {
        Role.EMAIL: Measure.EMAIL,
        Role.PHONE: Measure.PHONE,
        Role.DATE: Measure.DATE,
        Role.YEAR: Measure.YEAR,
        Role.CITY: Measure.NAME,
    }
    measure = simple.get(role, Measure.EXACT)
    levels = _NAME_LEVELS if measure is Measure.NAME else ()
    return Comparison(name, names, measure, levels, True)


def _facts(column: MatchColumn, tables: Sequence[TableFacts]) -> ColumnFacts:
    """Of the table where the column says most."""
    found = [
        fact
        for table, name in zip(tables, column.sources, strict=True)
        if name is not None and (fact := table.column(name)) is not None
    ]
    return max(found, key=lambda fact: fact.filled * fact.rows)


class _Family(StrEnum):
    """What rows may have in common without being the same."""

    HOUSEHOLD = "people of one household share surname, address and telephone"
    COMPANY = "branches of one company share name and telephone"
    NONE = "nothing"


def _family(columns: Sequence[MatchColumn]) -> _Family:
    roles = {one.role for one in columns if one.used}
    if Role.GIVEN_NAME in roles or (Role.FULL_NAME in roles and Role.ORGANISATION not in roles):
        return _Family.HOUSEHOLD
    if Role.ORGANISATION in roles and roles & {Role.STREET, Role.POSTCODE, Role.CITY}:
        return _Family.COMPANY
    return _Family.NONE


def _individual(role: Role, family: _Family) -> bool:
    """Whether members of a family differ in it."""
    if family is _Family.HOUSEHOLD:
        return role in (
            Role.GIVEN_NAME,
            Role.FULL_NAME,
            Role.EMAIL,
            Role.DATE,
            Role.IDENTIFIER,
            Role.TEXT,
        )
    if family is _Family.COMPANY:
        return role in (Role.STREET, Role.POSTCODE, Role.CITY, Role.IDENTIFIER)
    return role in (Role.TEXT, Role.FULL_NAME, Role.ORGANISATION, Role.EMAIL, Role.IDENTIFIER)


@dataclass(frozen=True, slots=True)
class _Useful:
    """A column with the chance that two rows agree in a part of it."""

    column: MatchColumn
    filled: float
    agree: Mapping[Part, float]

    @classmethod
    def of(cls, column: MatchColumn, tables: Sequence[TableFacts]) -> _Useful:
        fact = _facts(column, tables)
        form = column.form or Form.NAME
        values = [one for one in (normal(value, form) for value in fact.sample) if one]
        agree = {Part.WHOLE: fact.agreement}
        for part in _parts(column):
            agree[part] = max(fact.agreement, _agreement([take(value, part) for value in values]))
        return cls(column, fact.filled, agree)

    def ways(self) -> list[Part]:
        """Parts from the coarsest to the whole."""
        return sorted(self.agree, key=lambda part: -self.agree[part])


def _parts(column: MatchColumn) -> tuple[Part, ...]:
    if column.role in (*PERSON, Role.CITY):
        return (Part.SOUND,)
    if column.role is Role.DATE:
        return (Part.YEAR,)
    if column.role is Role.PHONE:
        return (Part.END,)
    if column.role in (Role.ORGANISATION, Role.STREET, Role.TEXT, Role.EMAIL, Role.IDENTIFIER):
        return (Part.START,)
    return ()


def take(value: str, part: Part) -> str:
    """What of a compared value a block looks at.

    Edge: of `rare words` there is no single part; the whole stands for it.
    """
    if part is Part.START:
        return value[:3]
    if part is Part.YEAR:
        return value[:4]
    if part is Part.END:
        return value[-7:]
    return sound(value) if part is Part.SOUND else value


def _agreement(values: Sequence[str]) -> float:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    pairs = len(values) * (len(values) - 1)
    return sum(c * (c - 1) for c in counts.values()) / pairs if pairs else 0.0


def _blocks(
    useful: Sequence[_Useful], worded: Sequence[str], possible: int, most: int, rows: int
) -> tuple[Block, ...]:
    """Several ways for a row to meet its like, so that an error in one column does not keep them apart."""
    found = [Block((Key(name, Part.RARE_WORDS),), 5 * rows) for name in worded]
    if possible <= most // 2:
        return (Block((), possible), *found)  # the nearest by rare words are learnt from even so
    alone: set[str] = set()
    for one in useful:
        for part in one.ways():
            pairs = round(possible * one.agree[part] * one.filled**2)
            if pairs <= most // 6 and one.column.role not in (Role.NUMBER, Role.YEAR, Role.CATEGORY):
                found.append(Block((Key(one.column.name, part),), pairs))
                alone.add(one.column.name)
                break
    together: list[tuple[float, Block]] = []
    for first, second in itertools.combinations(useful, 2):
        if first.column.name in alone and second.column.name in alone and len(alone) > 3:
            continue
        ways = [
            (round(possible * first.agree[a] * second.agree[b] * (first.filled * second.filled) ** 2), a, b)
            for a, b in itertools.product(first.ways(), second.ways())
        ]
        fitting = [way for way in ways if way[0] <= most // 8]
        if not fitting or _same_address(first.column, second.column):
            continue
        pairs, a, b = max(fitting, key=lambda way: way[0])
        block = Block((Key(first.column.name, a), Key(second.column.name, b)), pairs)
        together.append((first.filled * second.filled, block))
    spent = sum(block.pairs for block in found)
    for _, block in sorted(together, key=lambda one: -one[0]):
        if len(found) < _MOST_BLOCKS and spent + block.pairs <= most:
            found.append(block)
            spent += block.pairs
    if not found and useful:
        names = tuple(Key(one.column.name) for one in useful[:3])
        found.append(Block(names, 0))
    return tuple(found)


def _same_address(first: MatchColumn, second: MatchColumn) -> bool:
    """Postcode and city agree together: two of them narrow no further than one."""
    place = (Role.POSTCODE, Role.CITY, Role.STATE)
    return first.role in place and second.role in place


def _training(
    useful: Sequence[_Useful], comparisons: Sequence[Comparison], rows: int
) -> tuple[tuple[str, ...], ...]:
    """Columns that, where they agree, leave enough true matches among the pairs for the others to learn from."""
    owner = {name: one.name for one in comparisons for name in one.columns[:1]}
    owner |= {
        name: one.name for one in comparisons if one.measure is Measure.ADDRESS for name in one.columns
    }
    ranked = sorted(
        (one for one in useful if one.column.name in owner and one.filled > 0.1),
        key=lambda one: one.agree[Part.WHOLE] / max(one.filled, 0.01),
    )
    enough = 4 / max(rows, 1)
    found: list[tuple[str, ...]] = []
    for one in ranked:
        names, chance = [one.column.name], one.agree[Part.WHOLE]
        for other in ranked:
            if chance <= enough or len(names) == 3:
                break
            if owner[other.column.name] not in {owner[name] for name in names}:
                names.append(other.column.name)
                chance *= other.agree[Part.WHOLE]
        rule = tuple(sorted(names))
        if rule not in found:
            found.append(rule)
    return tuple(found[:5])
