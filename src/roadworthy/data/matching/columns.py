"""Which columns of several tables are the same, what each means, and which say nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from roadworthy.data.matching.facts import ColumnFacts, TableFacts
from roadworthy.data.matching.normal import Form, fold
from roadworthy.data.matching.plan import MatchColumn
from roadworthy.data.matching.roles import (
    PERSON,
    Role,
    is_any_name,
    is_key_name,
    is_written_when,
    role_of_name,
    spoken,
)

_NEARLY_EMPTY = 0.03
_CONSTANT = 0.95
_OF_ITS_OWN = 0.999
_ALWAYS = "nearly always the same value"

_FORMS: Mapping[Role, Form] = {
    Role.GIVEN_NAME: Form.NAME,
    Role.SURNAME: Form.NAME,
    Role.FULL_NAME: Form.PERSON,
    Role.ORGANISATION: Form.ORGANISATION,
    Role.STREET: Form.STREET,
    Role.HOUSE_NUMBER: Form.CODE,
    Role.POSTCODE: Form.CODE,
    Role.CITY: Form.NAME,
    Role.STATE: Form.NAME,
    Role.COUNTRY: Form.NAME,
    Role.EMAIL: Form.EMAIL,
    Role.PHONE: Form.DIGITS,
    Role.YEAR: Form.YEAR,
    Role.IDENTIFIER: Form.CODE,
    Role.TEXT: Form.WORDS,
    Role.NUMBER: Form.NUMBER,
    Role.CATEGORY: Form.WORDS,
}


def align(tables: Sequence[TableFacts]) -> tuple[MatchColumn, ...]:
    """The columns of all tables, each with its role; columns that mean the same are one.

    Columns meet by their name, else by a role that only one column of each table has. Those that say nothing
    about the thing (constant, nearly empty, the number of a row) keep their place with the role `ignore`.
    """
    roles = [_in_table(table) for table in tables]
    met = _met(tables, roles)
    taken: set[str] = set()
    found = []
    for at_column, sources in enumerate(met, 1):
        facts = [
            (at, fact)
            for at, (table, name) in enumerate(zip(tables, sources, strict=True))
            if name is not None and (fact := table.column(name)) is not None
        ]
        first, fact = facts[0]
        role, why = roles[first][fact.name]
        role, why = _judged(role, why, [one for _, one in facts], len(tables))
        name = plain = fact.name or f"column {at_column}"
        number = 1
        while name in taken:
            number += 1
            name = f"{plain} ({number})"
        taken.add(name)
        form = None if role is Role.IGNORE else _form(role, [one for _, one in facts])
        found.append(MatchColumn(name, sources, role, form, why=why))
    if not any(one.used for one in found):
        # Where every column is constant, that all rows are equal is the finding.
        found = [
            MatchColumn(one.name, one.sources, Role.CATEGORY, Form.NAME, why="all rows are equal")
            if one.why == _ALWAYS
            else one
            for one in found
        ]
    return tuple(_once(found, tables))


def _in_table(table: TableFacts) -> dict[str, tuple[Role, str]]:
    roles = {one.name: _role(one) for one in table.columns}
    kinds = [role for role, _ in roles.values()]
    for one in table.columns:
        role, _ = roles[one.name]
        generic = role is Role.FULL_NAME and is_any_name(one.name)
        if generic and Role.GIVEN_NAME in kinds and Role.SURNAME not in kinds:
            roles[one.name] = (Role.SURNAME, "stands beside a given name")
    return roles


def _role(fact: ColumnFacts) -> tuple[Role, str]:
    """The role a name and its content agree on; where they do not, the content is believed."""
    named = role_of_name(fact.name)
    if named is Role.IGNORE:
        if is_written_when(fact.name):
            return Role.IGNORE, "says when a row was written, not what it describes"
        return Role.IGNORE, "names a row or where it came from"
    has = fact.shares
    why = f"the name `{fact.name}` says so"
    likely = {
        Role.EMAIL: has["email"] >= 0.3,
        Role.PHONE: has["digits"] >= 0.5,
        Role.DATE: max(has["date"], has["compact date"]) >= 0.5,
        Role.YEAR: has["year"] >= 0.5,
        Role.NUMBER: has["number"] >= 0.5,
        Role.POSTCODE: has["digits"] >= 0.5,
        Role.HOUSE_NUMBER: has["digits"] >= 0.5,
        Role.GIVEN_NAME: has["digits"] <= 0.3,
        Role.SURNAME: has["digits"] <= 0.3,
        Role.IDENTIFIER: has["digits"] >= 0.3 and fact.words < 4,
    }
    if named is Role.FULL_NAME and (has["organisation"] >= 0.08 or fact.words > 4):
        if has["organisation"] >= 0.08:
            return Role.ORGANISATION, "names with legal forms such as GmbH or Inc"
        return Role.TEXT, "names of many words"
    if named is not None and likely.get(named, True):
        return named, why
    return _by_content(fact)


def _by_content(fact: ColumnFacts) -> tuple[Role, str]:
    has = fact.shares
    tests = (
        (Role.EMAIL, has["email"] >= 0.5, "most values are e-mail addresses"),
        (Role.DATE, max(has["date"], has["compact date"]) >= 0.8, "most values are dates"),
        (Role.YEAR, has["year"] >= 0.9, "most values are years"),
        (
            Role.ORGANISATION,
            has["organisation"] >= 0.25,
            "many values have a legal form such as GmbH or Inc",
        ),
        (
            Role.STREET,
            has["street"] >= 0.4 and has["digits"] >= 0.4,
            "many values are streets with numbers",
        ),
        (
            Role.PHONE,
            has["phone"] >= 0.8 and has["integer"] < 0.5,
            "most values are digits as a telephone number has them",
        ),
        (Role.CATEGORY, fact.agreement >= 0.02, "few different values"),
        (Role.NUMBER, has["number"] >= 0.8 and has["integer"] < 0.5, "most values are numbers"),
        (Role.IDENTIFIER, has["digits"] >= 0.8 and fact.words < 2, "short values with digits"),
    )
    for role, holds, why in tests:
        if holds:
            return role, why
    return Role.TEXT, "text of no known kind"


def _met(
    tables: Sequence[TableFacts], roles: Sequence[Mapping[str, tuple[Role, str]]]
) -> list[tuple[str | None, ...]]:
    """Rows of names, one a table, in the order of the first table that has them."""
    left = [[one.name for one in table.columns] for table in tables]
    met: list[tuple[str | None, ...]] = []

    def take(pick: Mapping[int, str]) -> None:
        for at, name in pick.items():
            left[at].remove(name)
        met.append(tuple(pick.get(at) for at in range(len(tables))))

    for at, table in enumerate(tables):
        for one in table.columns:
            if one.name not in left[at]:
                continue
            same = {at: one.name}
            for other in range(at + 1, len(tables)):
                twin = next((name for name in left[other] if spoken(name) == spoken(one.name)), None)
                if twin is not None:
                    same[other] = twin
            if len(same) == len(tables):
                take(same)
    alone = (Role.IGNORE, Role.TEXT, Role.CATEGORY, Role.NUMBER)
    for at in range(len(tables)):
        for name in tuple(left[at]):
            role = roles[at][name][0]
            twins = {
                other: [one for one in left[other] if roles[other][one][0] is role]
                for other in range(at, len(tables))
            }
            pick = {at: name}
            for other, names in twins.items():
                named = next((one for one in names if spoken(one) == spoken(name)), None)
                if other != at and named is not None:
                    pick[other] = named
                elif other != at and role not in alone and len(names) == len(twins[at]) == 1:
                    pick[other] = names[0]
            take(pick)
    order = {
        name: place for place, name in enumerate(one.name for table in tables for one in table.columns)
    }
    return sorted(met, key=lambda names: min(order[name] for name in names if name is not None))


def _judged(role: Role, why: str, facts: Sequence[ColumnFacts], tables: int) -> tuple[Role, str]:
    """The role, or `ignore` with the reason why the column cannot tell things apart."""
    if role is Role.IGNORE:
        return role, why
    if len(facts) < tables and tables == 2:
        return Role.IGNORE, "only one of the tables has it"
    if len(facts) == 1 and tables > 2:
        return Role.IGNORE, "only one of the tables has it"
    if not any(one.rows for one in facts):
        return role, why
    fullest = max(one.filled for one in facts)
    if fullest < _NEARLY_EMPTY:
        return Role.IGNORE, f"nearly empty: {fullest:.1%} of the rows have a value"
    if min(one.agreement for one in facts) > _CONSTANT and max(one.distinct for one in facts) < 1:
        return Role.IGNORE, _ALWAYS
    keyed = role is Role.IDENTIFIER or (is_key_name(facts[0].name) and role not in PERSON)
    own = all(one.distinct >= _OF_ITS_OWN and one.filled >= 0.95 and one.rows > 1 for one in facts)
    codes = all(one.shares["digits"] >= 0.8 and one.words < 5 for one in facts)
    if own and keyed and codes and role not in (Role.EMAIL, Role.PHONE, Role.DATE):
        if tables == 1:
            return Role.IGNORE, "every row has a value of its own: the number of a row"
        if any(one.dense for one in facts):
            return Role.IGNORE, "a counter: equal numbers in two tables mean nothing"
        if not _overlap(facts):
            return Role.IGNORE, "every row has a value of its own, and none stands in two tables"
    return role, why


def _overlap(facts: Sequence[ColumnFacts]) -> bool:
    return any(
        not one.sketch.isdisjoint(other.sketch) for at, one in enumerate(facts) for other in facts[at + 1 :]
    )


def _form(role: Role, facts: Sequence[ColumnFacts]) -> Form:
    if role is Role.DATE:
        return _date_form(facts)
    if role is Role.CATEGORY:
        return Form.NAME
    return _FORMS[role]


def _date_form(facts: Sequence[ColumnFacts]) -> Form:
    """Day or month first: told by numbers above twelve; with dots, or where nothing tells, the day."""
    firsts = seconds = 0
    for value in (value for fact in facts for value in fact.sample):
        match = re.match(r"(\d{1,4})[-./ ](\d{1,2})[-./ ]", value)
        if match and len(match[1]) == 4:
            return Form.DATE_YMD
        if match:
            firsts += int(match[1]) > 12
            seconds += int(match[2]) > 12
    if not firsts and not seconds:
        compact = any(fact.shares["compact date"] >= 0.5 for fact in facts)
        return Form.DATE_YMD if compact else Form.DATE_DMY
    return Form.DATE_MDY if seconds > firsts else Form.DATE_DMY


def _once(columns: Sequence[MatchColumn], tables: Sequence[TableFacts]) -> list[MatchColumn]:
    """A column that repeats another one, value by value, says nothing a second time."""
    found: list[MatchColumn] = []
    seen: dict[tuple[tuple[str, ...], ...], str] = {}
    for one in columns:
        facts = [
            fact
            for table, name in zip(tables, one.sources, strict=True)
            if name is not None and (fact := table.column(name)) is not None
        ]
        content = tuple(tuple(fold(value) for value in fact.sample) for fact in facts)
        twin = seen.get(content)
        if one.used and twin is not None and any(len(values) > 20 for values in content):
            one = MatchColumn(one.name, one.sources, Role.IGNORE, why=f"repeats `{twin}`")
        elif one.used:
            seen[content] = one.name
        found.append(one)
    return found
