"""What is promised about data, in the words of the Open Data Contract Standard 3.1.

A contract *is* its document: what the standard knows is read from it, what it does not know stays in
it, and what is written is the document again. Needs of our own stand in ``customProperties``:

``roadworthy.personal``        column  list of classes of personal data, such as ``[email]``
``roadworthy.survivorship``    column  which system's value wins where records are merged
``roadworthy.systemOfRecord``  table   name of the system that is right where systems disagree
``roadworthy.atMost``          table,  percent of rows that may break a declared property, by kind of
                               column  check: ``{pattern: 0.5}``; the column's own goes first
``roadworthy.volume``          table   ``true`` or ``{runs: 8, width: 4}``: rows are as many as usual
``roadworthy.openSchema``      table   ``true``: columns that nobody declared are welcome
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roadworthy.data.bound import Bound, bound_of
from roadworthy.data.table import Finding

Document = Mapping[str, Any]
"""A contract as plain values, in the order of its file."""

PERSONAL = "roadworthy.personal"
SURVIVORSHIP = "roadworthy.survivorship"
SYSTEM_OF_RECORD = "roadworthy.systemOfRecord"
AT_MOST = "roadworthy.atMost"
VOLUME = "roadworthy.volume"
OPEN_SCHEMA = "roadworthy.openSchema"
OWN = "roadworthy."

OLD_METRICS = {
    "nullCheck": "nullValues",
    "duplicateCount": "duplicateValues",
    "validValues": "invalidValues",
}
"""Names of version 3.0, which stood in ``rule``."""


@dataclass(frozen=True, slots=True)
class QualityRule:
    """One rule of a ``quality`` list as it is declared; what it asks is read in ``declared``."""

    type: str
    metric: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    bound: Bound | None = None
    query: str = ""
    engine: str = ""
    id: str = ""
    name: str = ""
    description: str = ""
    dimension: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """Values of ``columns`` stand in ``targets`` of another table, pair by pair."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]
    id: str = ""
    kind: str = "foreignKey"


@dataclass(frozen=True, slots=True)
class Promise:
    """A service level. ``element`` is the table and the column it is measured on, empty where none is named."""

    property: str
    value: Any
    unit: str = ""
    element: tuple[str, str] = ("", "")
    id: str = ""


@dataclass(frozen=True, slots=True)
class ContractColumn:
    """``name`` is the business name of the property, ``source`` what the column is called where it lies."""

    name: str
    source: str
    type: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    required: bool = False
    unique: bool = False
    key_position: int | None = None
    """Place in the primary key from 1, None outside it."""
    allowed: tuple[Any, ...] = ()
    """Values of ``enum``; empty where any will do."""
    classification: str = ""
    critical: bool = False
    rules: tuple[QualityRule, ...] = ()
    relations: tuple[Relation, ...] = ()
    nested: tuple[ContractColumn, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def personal(self) -> tuple[str, ...]:
        """Classes of personal data that its values hold."""
        return _words(self.own.get(PERSONAL))


@dataclass(frozen=True, slots=True)
class ContractTable:
    """One table of a contract. ``source`` is its name where it lies."""

    name: str
    source: str
    columns: tuple[ContractColumn, ...] = ()
    rules: tuple[QualityRule, ...] = ()
    relations: tuple[Relation, ...] = ()
    promises: tuple[Promise, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict)
    document: Document = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the primary key's columns, in their order."""
        keyed = [one for one in self.columns if one.key_position is not None]
        return tuple(one.name for one in sorted(keyed, key=lambda one: one.key_position or 0))

    @property
    def system_of_record(self) -> str:
        value = self.own.get(SYSTEM_OF_RECORD)
        return value if isinstance(value, str) else ""

    def column(self, name: str) -> ContractColumn | None:
        """The column of this name, business or physical."""
        for one in self.columns:
            if name in (one.name, one.source):
                return one
        return None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the team who has not left it."""

    username: str
    name: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """What is promised about some tables, by whom. ``findings`` tell what of the document nobody reads."""

    id: str
    name: str
    version: str
    status: str
    tables: tuple[ContractTable, ...]
    team: tuple[Person, ...]
    roles: tuple[Document, ...]
    servers: tuple[Document, ...]
    own: Mapping[str, Any]
    document: Document
    findings: tuple[Finding, ...] = ()

    @property
    def owner(self) -> Person | None:
        return self._who("owner")

    @property
    def steward(self) -> Person | None:
        return self._who("steward")

    def _who(self, word: str) -> Person | None:
        return next((one for one in self.team if word in one.role.casefold()), None)

    def table(self, name: str) -> ContractTable | None:
        """The table of this name, business or physical."""
        for one in self.tables:
            if name in (one.name, one.source):
                return one
        return None


def contract_of(document: Document, *, findings: Sequence[Finding] = ()) -> Contract:
    """The contract that a document declares.

    Edge: what has another form than the standard's is passed over here; whoever reads a file has told
    every such place before (``adapters/odcs``).
    """
    promises = tuple(_promises(document))
    return Contract(
        id=_text(document.get("id")),
        name=_text(document.get("name")) or _text(document.get("id")),
        version=_text(document.get("version")),
        status=_text(document.get("status")),
        tables=tuple(_table(one, promises) for one in _maps(document.get("schema"))),
        team=tuple(_team(document.get("team"))),
        roles=tuple(_maps(document.get("roles"))),
        servers=tuple(_maps(document.get("servers"))),
        own=_own(document),
        document=document,
        findings=tuple(findings),
    )


def _table(document: Document, promises: Sequence[Promise]) -> ContractTable:
    name = _text(document.get("name"))
    source = _text(document.get("physicalName")) or name
    # A promise about a column stands at the contract and is kept by the column's table.
    mine = tuple(one for one in promises if one.element[0] in (name, source))
    return ContractTable(
        name=name,
        source=source,
        columns=tuple(_column(one) for one in _maps(document.get("properties"))),
        rules=tuple(_rules(document)),
        relations=tuple(_relations(document, ())),
        promises=mine,
        own=_own(document),
        document=document,
    )


def _column(document: Document, prefix: str = "") -> ContractColumn:
    name = f"{prefix}{_text(document.get('name')) or 'items'}"
    nested = [*_maps(document.get("properties")), *_maps([document.get("items")])]
    position = document.get("primaryKeyPosition")
    keyed = document.get("primaryKey") is True
    return ContractColumn(
        name=name,
        source=_text(document.get("physicalName")) or name,
        type=_text(document.get("logicalType")),
        options=_map(document.get("logicalTypeOptions")),
        required=document.get("required") is True,
        unique=document.get("unique") is True,
        key_position=(position if isinstance(position, int) and position > 0 else 1) if keyed else None,
        allowed=tuple(one.get("value") for one in _maps(document.get("enum")) if "value" in one),
        classification=_text(document.get("classification")),
        critical=document.get("criticalDataElement") is True,
        rules=tuple(_rules(document)),
        relations=tuple(_relations(document, (name,))),
        nested=tuple(_column(one, f"{name}.") for one in nested),
        own=_own(document),
    )


def _rules(document: Document) -> Iterator[QualityRule]:
    for one in _maps(document.get("quality")):
        metric = _text(one.get("metric")) or _text(one.get("rule"))
        arguments = dict(_map(one.get("arguments")))
        if metric == "validValues" and "validValues" in one:
            arguments.setdefault("validValues", one["validValues"])
        yield QualityRule(
            type=_text(one.get("type")) or "library",
            metric=OLD_METRICS.get(metric, metric),
            arguments=arguments,
            bound=bound_of(one),
            query=_text(one.get("query")),
            engine=_text(one.get("engine")),
            id=_text(one.get("id")),
            name=_text(one.get("name")),
            description=_text(one.get("description")),
            dimension=_text(one.get("dimension")),
            severity=_text(one.get("severity")),
        )


def _relations(document: Document, columns: tuple[str, ...]) -> Iterator[Relation]:
    for one in _maps(document.get("relationships")):
        here = columns or tuple(column for _, column in map(reference, _words(one.get("from"))))
        there = [reference(text) for text in _words(one.get("to"))]
        tables = {table for table, _ in there}
        yield Relation(
            columns=here,
            table=tables.pop() if len(tables) == 1 else "",
            targets=tuple(column for _, column in there),
            id=_text(one.get("id")),
            kind=_text(one.get("type")) or "foreignKey",
        )


def reference(text: str) -> tuple[str, str]:
    """Table and column of a reference: ``orders.id``, or ``[file#]/schema/orders/properties/id``.

    Edge: ("", "") for what is neither, and for a column inside of another one.
    """
    bare = text.rpartition("#")[2]
    if "/" in bare:
        parts = bare.strip("/").split("/")
        full = len(parts) == 4 and parts[0] == "schema" and parts[2] == "properties"
        return (parts[1], parts[3]) if full and all(parts) else ("", "")
    table, dot, column = bare.partition(".")
    return (table, column) if dot and table and column and "." not in column else ("", "")


def _promises(document: Document) -> Iterator[Promise]:
    fallback = _text(document.get("slaDefaultElement"))
    for one in _maps(document.get("slaProperties")):
        # Several elements (`a.x, b.y`) are one promise about each.
        for element in map(str.strip, (_text(one.get("element")) or fallback).split(",")):
            yield Promise(
                property=_text(one.get("property")),
                value=one.get("value"),
                unit=_text(one.get("unit")),
                element=reference(element) if "." in element or "/" in element else (element, ""),
                id=_text(one.get("id")),
            )


def _team(value: Any) -> Iterator[Person]:
    # Version 3.0 had a bare list of members.
    for one in _maps(value.get("members") if isinstance(value, Mapping) else value):
        if not one.get("dateOut"):
            yield Person(_text(one.get("username")), _text(one.get("name")), _text(one.get("role")))


def _own(document: Document) -> dict[str, Any]:
    found = {}
    for one in _maps(document.get("customProperties")):
        name = _text(one.get("property"))
        if name.startswith(OWN):
            found[name] = one.get("value")
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _map(value: Any) -> Document:
    return value if isinstance(value, Mapping) else {}


def _maps(value: Any) -> list[Document]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else ()
