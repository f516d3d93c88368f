"""Edges that steps recorded, found from both ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json, to_json

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.page import bounded, page, seen
from roadworthy.adapters.sql.transaction import add_rows, execute
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Page, Transaction
from roadworthy.ports.metering import microseconds
from roadworthy.telemetry import Edge, Relation

_lineage, _case = schema.lineage, schema.case_record
_place = (_lineage.c.case_id, _lineage.c.run, _lineage.c.ordinal, _lineage.c.place)
_COLUMNS = ("case_id", "run", "ordinal", "place", "relation", "source", "target", "digest", "at")
_OF_CASE = sa.select(_lineage).where(_lineage.c.case_id == sa.bindparam("case")).order_by(*_place)
_FORGET_CASES = _lineage.delete().where(
    _lineage.c.case_id.in_(sa.select(_case.c.id).where(_case.c.subject == sa.bindparam("erased")))
)


class SqlLineage:
    """The port ``LineageStore``."""

    def add(self, tx: Transaction, edges: Sequence[Edge]) -> None:
        add_rows(tx, _lineage, _COLUMNS, [_values(edge) for edge in edges], unless_there=True)

    def of_case(self, tx: Transaction, case: str) -> tuple[Edge, ...]:
        return tuple(read_edge(row) for row in execute(tx, _OF_CASE, {"case": case}))

    def uses(
        self, tx: Transaction, *, source: str = "", digest: str = "", after: str = "", limit: int = 50
    ) -> Page[Edge]:
        size = bounded(limit)
        query = sa.select(_lineage).limit(size + 1)
        if source:
            query = query.where(_lineage.c.source == source)
        if digest:
            query = query.where(_lineage.c.digest == digest)
        query = query.order_by(
            _lineage.c.case_id.desc(),
            _lineage.c.run.desc(),
            _lineage.c.ordinal.desc(),
            _lineage.c.place.desc(),
        )
        if after:
            query = query.where(sa.tuple_(*_place) < sa.tuple_(*map(sa.literal, _place_in(after))))
        edges = [read_edge(row) for row in execute(tx, query)]
        return page(edges, [_cursor(edge) for edge in edges], size)

    def forget(self, tx: Transaction, *, subject: str = "", sources: Sequence[str] = ()) -> int:
        count = 0
        if subject:
            count += execute(tx, _FORGET_CASES, {"erased": subject}).rowcount
        for source in sources:
            count += execute(tx, _lineage.delete().where(_lineage.c.source == source)).rowcount
        return count


def read_edge(row: sa.Row[Any]) -> Edge:
    """A row as its edge."""
    return Edge(
        case=row.case_id, run=row.run, ordinal=row.ordinal, place=row.place, relation=Relation(row.relation),
        source=row.source, target=row.target, digest=row.digest, at=row.at,
    )  # fmt: skip


def _values(edge: Edge) -> tuple[str | int, ...]:
    return (
        edge.case, edge.run, edge.ordinal, edge.place, edge.relation.value, edge.source, edge.target, edge.digest,
        microseconds(edge.at),
    )  # fmt: skip


def _cursor(edge: Edge) -> str:
    return to_json([edge.case, edge.run, edge.ordinal, edge.place]).decode()


def _place_in(after: str) -> tuple[str, int, int, int]:
    try:
        match from_json(seen(after)):
            case [str(case), int(run), int(ordinal), int(place)]:
                return case, run, ordinal, place
    except ValueError:
        pass
    raise InputProblem(
        "RW-STORE-006",
        Problem("this is no cursor of this list", place="after", hint="begin again with the first page"),
    )
