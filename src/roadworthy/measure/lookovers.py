"""What a look at data or knowledge found, kept for the pages that show it: the newest of each, bounded, without content.

A look reads whole tables and all documents; it is made by a command and takes as long as it takes. What is kept names
places, figures and masked values only.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from roadworthy.data.readiness import Document
from roadworthy.data.readiness.report import shape_only
from roadworthy.data.readiness.schema import CheckSection, SourceSection
from roadworthy.measure.knowledge.health import Health
from roadworthy.measure.sources import held_by_dimension
from roadworthy.operate.deployment import Deployment
from roadworthy.ports.knowledge import KnowledgeSource
from roadworthy.ports.outlooks import Outlook, Outlooks
from roadworthy.principal import Principal, require

DATA: Final = "data"
_STEPS, _CHECKS, _SAMPLES, _NOTES = 20, 200, 3, 30
_NAMES, _PAIRS, _FINDINGS, _TODO = 200, 100, 1_000, 100
_LONGEST: Final = 300
_ROW_LENGTH: Final = 12
"""A row that is named by more than its number is named by its key, which may be somebody's."""


def knowledge_subject(source: str) -> str:
    """Under which subject the look at a knowledge source is kept."""
    return f"knowledge:{source}"


def keep_data_look(
    deployment: Deployment,
    principal: Principal,
    outlooks: Outlooks,
    use_case: str,
    document: Document,
    *,
    personal: Collection[str],
) -> None:
    """Keep what the readiness report found. The next one takes its place.

    ``personal``: sources of the charter that hold personal data. Of their failing rows only the number and the shape
    of the value are kept, whatever the report shows. Errors: ``Refused`` without the right `measure`.
    """
    require(principal, "measure", use_case=use_case)
    body = {
        "verdict": dict(document["verdict"]),
        "steps": [
            {name: one[name] for name in ("what", "why", "source", "rows", "minutes", "command")}
            for one in document["steps"][:_STEPS]
        ],
        "more_steps": max(0, len(document["steps"]) - _STEPS),
        "sources": [_source(one, personal) for one in document["sources"]],
    }
    _keep(deployment, outlooks, use_case, DATA, body)


def keep_knowledge_look(
    deployment: Deployment,
    principal: Principal,
    outlooks: Outlooks,
    use_case: str,
    base: KnowledgeSource,
    report: Health,
) -> None:
    """Keep what the owners of a knowledge source have to do. The next one takes its place.

    Names, places and reasons are kept, sentences and questions are not. Nothing is kept of documents about a data
    subject: they leave the index when the subject is erased, and would stay here.
    Errors: ``Refused`` without the right `knowledge.read`.
    """
    require(principal, "knowledge.read", use_case=use_case)
    people = {name for name, _, _ in base.index.subjects()}
    state = base.index.state()
    body = {
        "documents": report.documents,
        "chunks": report.chunks,
        "bytes": state.bytes,
        "unembedded": report.unembedded,
        "without_validity": report.without_validity,
        "dismissed": report.dismissed,
        "about_people": len(people),
        "not_looked_at": list(report.not_looked_at),
        "counts": {
            "stale": len(report.stale),
            "superseded": len(report.superseded),
            "soon_stale": sum(map(len, report.soon_stale.values())),
            "without_owner": len(report.without_owner),
            "contradictions": len(report.contradictions),
            "repeats": len(report.repeats),
            "findings": len(report.findings),
        },
        "stale": _named(report.stale, people),
        "superseded": _named(report.superseded, people),
        "soon_stale": _named((name for each in report.soon_stale.values() for name in each), people),
        "without_owner": _named(report.without_owner, people),
        **_knowledge_pairs(report, people),
        "findings": [
            {"kind": one.kind, "document": one.document, "place": one.place}
            for one in report.findings
            if not one.subjects and one.document not in people
        ][:_FINDINGS],
        "todo": [
            {"kind": one.kind, "what": one.what, "next_step": one.next_step, "owner": one.owner,
             "questions": one.questions, "pair": one.pair}
            for one in report.todo
            # The words of a gap are those of people's questions; what reading found quotes the document.
            if one.kind not in {"gap", "instruction", "hidden", "unreadable"} and not people & set(one.documents)
        ][:_TODO],
        "gaps": None if report.gaps is None else {
            "asked": report.gaps.asked,
            "unanswered": report.gaps.unanswered,
            "gaps": [
                {"size": one.size, "share": one.share, "nearest": "" if one.nearest in people else one.nearest}
                for one in report.gaps.gaps[:_NOTES]
            ],
        },
    }  # fmt: skip
    _keep(deployment, outlooks, use_case, knowledge_subject(base.name), body)


def _knowledge_pairs(report: Health, people: Collection[str]) -> dict[str, Any]:
    return {
        "contradictions": [
            {
                "pair": one.id,
                "kind": one.fact or one.kind,
                "confidence": one.confidence,
                "newer": one.newer,
                "sides": [
                    {
                        "document": side.document,
                        "place": side.place,
                        "owner": side.owner,
                        "updated": side.updated.isoformat() if side.updated else "",
                    }
                    for side in (one.one, one.other)
                ],
            }
            for one in report.contradictions
            if not {one.one.document, one.other.document} & set(people)
        ][:_PAIRS],
        "repeats": [
            {
                "pair": one.id,
                "kind": one.pair.kind,
                "one": one.pair.one,
                "other": one.pair.other,
                "share": max(one.pair.similarity, one.pair.containment),
            }
            for one in report.repeats
            if not {one.pair.one, one.pair.other} & set(people)
        ][:_PAIRS],
    }


def _named(names: Iterable[str], people: Collection[str]) -> list[str]:
    return [name for name in names if name not in people][:_NAMES]


def _source(one: SourceSection, personal: Collection[str]) -> dict[str, Any]:
    private = one["name"].partition(".")[0] in personal
    cells = sum(column["rows"] for column in one["columns"])
    failing = [check for check in one["checks"] if check["verdict"] != "pass"]
    return {
        "name": one["name"],
        "rows": one["rows"],
        "columns": len(one["columns"]),
        "filled": 1 - sum(column["nulls"] for column in one["columns"]) / cells if cells else None,
        "emptiest": [
            {"column": column["name"], "nulls": column["nulls"]}
            for column in sorted(one["columns"], key=lambda column: -column["nulls"])[:_SAMPLES]
            if column["nulls"]
        ],
        "dimensions": held_by_dimension(
            (check["dimension"], check["verdict"] == "pass") for check in one["checks"]
        ),
        "personal": sorted({cls for column in one["columns"] for cls in column["personal"]}),
        "undeclared": [column["name"] for column in one["columns"] if column["declared"] is False][:_NOTES],
        "suspects": {
            "cells": one["suspects"]["cells"],
            "by_rule": [list(pair) for pair in one["suspects"]["by_rule"][:_NOTES]],
        },
        "notes": [
            {"message": note["message"], "place": note["place"], "hint": note["hint"]}
            for note in one["findings"][:_NOTES]
        ],
        "failing": [_check(check, private=private) for check in failing[:_CHECKS]],
        "more_failing": max(0, len(failing) - _CHECKS),
    }


def _check(check: CheckSection, *, private: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: check[name]
        for name in ("id", "table", "column", "kind", "dimension", "severity", "verdict", "bound", "rows", "failing_rows")
    }  # fmt: skip
    # A reason may quote a value.
    told["reason"] = check["reason"] if check["verdict"] != "fail" or not private else ""
    told["sample"] = [_row(row, private=private) for row in check["sample"][:_SAMPLES]]
    return told


def _row(row: Any, *, private: bool) -> dict[str, str]:
    """A failing row: where it stands, and its masked value."""
    if not isinstance(row, Mapping):
        return {"row": str(row)[:_ROW_LENGTH] if isinstance(row, int) else "", "value": ""}
    number, value = str(row.get("row", "")), row.get("value")
    text = "" if value is None else str(value)
    if private:
        number = number if number.isdecimal() and len(number) <= _ROW_LENGTH else ""
        text = shape_only(text)
    return {"row": number[:_LONGEST], "value": text[:_LONGEST]}


def _keep(
    deployment: Deployment, outlooks: Outlooks, use_case: str, subject: str, body: Mapping[str, Any]
) -> None:
    with deployment.store.write() as tx:
        outlooks.keep(tx, Outlook(use_case, subject, deployment.now(), _storable(body)))


def _storable(value: Any) -> Any:
    """Values that every database keeps: no number without end, no zero byte, no half of a character."""
    if isinstance(value, str):
        return value.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_storable(str(name)): _storable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(one) for one in value]
    return value
