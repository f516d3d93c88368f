"""What a recorded case asked a knowledge source, what its decision rests on, and what people said of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.journal import Step
from roadworthy.errors import NotFound
from roadworthy.ledger import decode
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import subject_of
from roadworthy.ports import Transaction

REJECTED: Final = "question.rejected"
_MOST_TOP_K: Final = 50
_TALKED_ABOUT: Final = 1_000
"""Events of a case that are read."""


@dataclass(frozen=True, slots=True)
class AskedStep:
    """A step that asked the source: its question, and the documents it found with their titles, best first."""

    step: int
    query: str
    found: Mapping[str, str]


def asked_of(deployment: Deployment, tx: Transaction, case: CaseRecord, source: str) -> Iterator[AskedStep]:
    """The questions that the last run of a case asked a source, as far as they are kept."""
    for step in deployment.store.cases.steps(tx, case.id, run=case.run):
        if step.name != f"retrieve:{source}":
            continue
        kept = deployment.vault.open(tx, step.result)
        value = kept.get("value")
        found = [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
        told = kept.get("asked")
        query = told.get("query") if isinstance(told, Mapping) else None
        if query is None:
            query = _query_by_digest(deployment, tx, case, step, len(found))
        if isinstance(query, str) and query.strip():
            titles: dict[str, str] = {}
            for item in found:
                titles.setdefault(str(item.get("document", "")), str(item.get("title", "")))
            yield AskedStep(step.ordinal, query, titles)


def _query_by_digest(
    deployment: Deployment, tx: Transaction, case: CaseRecord, step: Step, found: int
) -> str | None:
    """The query of a step that kept none: a text of the input, where its keyed digest is that of the step."""
    content = deployment.vault.open(tx, case.input)
    texts = texts_of(content)
    for top_k in sorted(range(1, _MOST_TOP_K + 1), key=lambda k: (abs(k - found), k)):
        for text in texts:
            if deployment.vault.digest(tx, case.subject, {"query": text, "top_k": top_k}) == step.arguments:
                return text
    return None


def cited_by(deployment: Deployment, tx: Transaction, case: CaseRecord) -> list[str]:
    """The documents that the last decision of a case named as its reasons."""
    sealed = ""
    for entry in deployment.store.ledger.about(tx, case.id, limit=_TALKED_ABOUT):
        event = decode(entry.event)
        if event.kind == "case.decided":
            sealed = str(event.data.get("because") or "")
    if not sealed:
        return []
    told = deployment.vault.open(tx, sealed).get("documents")
    return [name for name in told if isinstance(name, str)] if isinstance(told, list) else []


def is_rejected(deployment: Deployment, tx: Transaction, case: str, source: str) -> bool:
    """Whether somebody said that the case is no question to the source."""
    events = (decode(one.event) for one in deployment.store.ledger.about(tx, case, limit=_TALKED_ABOUT))
    return any(event.kind == REJECTED and event.data.get("source") == source for event in events)


def case_by_key(deployment: Deployment, tx: Transaction, use_case: str, key: str) -> CaseRecord:
    """The case of a key. Errors: ``NotFound`` RW-KNOWLEDGE-052."""
    case = deployment.store.cases.by_key(tx, use_case, key)
    if case is None:
        raise NotFound("RW-KNOWLEDGE-052", f"no case `{key}` of `{use_case}`")
    return case


def nothing_asked(key: str, source: str) -> NotFound:
    """What is told where a case asked a source nothing that is kept."""
    return NotFound(
        "RW-KNOWLEDGE-052",
        f"case `{key}` asked `{source}` nothing that is kept",
        hint="`roadworthy knowledge questions propose` lists the cases that did",
    )


def texts_of(content: object) -> list[str]:
    """The texts of an object, one level deep."""
    values = content.values() if isinstance(content, Mapping) else ()
    return [value for value in values if isinstance(value, str) and value.strip()]


def draw_of(deployment: Deployment, case: CaseRecord) -> str:
    """Who asked; where nobody is named, the case alone: one subject stands for all of those."""
    nobody = subject_of(deployment, deployment.loader.charter(case.release), {})
    return case.id if case.subject == nobody else case.subject
