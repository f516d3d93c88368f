"""What a decision rests on and what it caused, as edges from one reference to another.

Only what is sealed with a step's result is kept as rows, beside the step and in its transaction: which
version of which document, model and tool it used. Everything else is read from the case itself, so that no
fact is kept twice. References and digests only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from roadworthy.quantities import Id

if TYPE_CHECKING:
    from roadworthy.casework.effect import Outcome
    from roadworthy.telemetry.tree import CaseFacts

LONGEST: Final = 500
"""Characters of a reference. A longer name is cut, when it is kept and when it is asked for."""
MOST_OF_STEP: Final = 200
DOCUMENT: Final = "document"
MODEL: Final = "model"
TOOL: Final = "tool"


class Relation(StrEnum):
    """How the two ends hang together, in the words of PROV (W3C)."""

    USED = "used"  # a document, a model, an input was read
    GENERATED = "generated"  # a step led to the decision
    DECIDED = "decided"  # a decision or a person let an effect leave, or not
    CAUSED = "caused"  # an effect changed something
    CORRECTED = "corrected"  # it turned out otherwise


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge of a case. ``source`` and ``target`` are references: a kind, a colon, a name or an id.

    ``digest`` names the version of the source. ``ordinal`` is the step it was recorded with, ``place`` tells
    edges of one step apart; both are -1 for what no step recorded.
    """

    case: Id
    run: int
    ordinal: int
    place: int
    relation: Relation
    source: str
    target: str
    digest: str
    at: datetime


def reference(kind: str, name: str) -> str:
    """How a thing is named in an edge. What no database can hold in a name is left out of it."""
    return f"{kind}:{_fit(name)[:LONGEST]}"


def kind_of(ref: str) -> str:
    """``document`` of ``document:returns.md``."""
    return ref.partition(":")[0]


def name_of(ref: str) -> str:
    """``returns.md`` of ``document:returns.md``."""
    return ref.partition(":")[2]


def documents_of(edges: tuple[Edge, ...], run: int, ordinal: int) -> Iterator[tuple[str, str]]:
    """Name and digest of every document that a step found."""
    for edge in edges:
        if (edge.run, edge.ordinal) == (run, ordinal) and kind_of(edge.source) == DOCUMENT:
            yield name_of(edge.source), edge.digest


def edges_of_step(
    case: Id, run: int, ordinal: int, name: str, value: object, *, sealed: str, at: datetime
) -> tuple[Edge, ...]:
    """What a step used, read from its result before it is sealed.

    ``value`` is the result as JSON, and untrusted: what has another form than expected is passed over.
    ``sealed`` is the digest of the ciphertext: it tells which answer of a tool was used, and nothing about it.
    """
    used = list(dict.fromkeys(_used(name, value, sealed)))[:MOST_OF_STEP]
    return tuple(
        Edge(case, run, ordinal, place, Relation.USED, source, f"step:{ordinal}", digest, at)
        for place, (source, digest) in enumerate(used)
    )


def _used(name: str, value: object, sealed: str) -> Iterator[tuple[str, str]]:
    kind, _, what = name.partition(":")
    if kind == "retrieve" and isinstance(value, list):
        for found in value[:MOST_OF_STEP]:
            if isinstance(found, Mapping) and isinstance(found.get("document"), str):
                yield reference(DOCUMENT, found["document"]), _digest(found.get("digest"))
    elif kind == "predict" and isinstance(value, Mapping):
        yield reference(MODEL, what), _digest(value.get("model"))
    elif kind == "call":
        yield reference(TOOL, what), sealed


def _digest(found: object) -> str:
    return _fit(found)[:100] if isinstance(found, str) else ""


def _fit(text: str) -> str:
    """What no database can hold is left out."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def graph_of(facts: CaseFacts, outcomes: tuple[Outcome, ...] = ()) -> tuple[Edge, ...]:
    """All edges of a case, in the order data, input, decision, effect."""
    case = facts.case
    decision = f"decision:{case.id}"

    def edge(relation: Relation, source: str, target: str, digest: str, at: datetime) -> Edge:
        return Edge(case.id, case.run, -1, -1, relation, source, target, digest, at)

    edges = [edge(Relation.USED, f"input:{case.input}", f"case:{case.id}", "", case.created_at)]
    if case.release:
        edges.append(
            edge(Relation.USED, f"release:{case.release}", f"case:{case.id}", case.release, case.created_at)
        )
    edges += [one for one in facts.edges if one.run == case.run]
    edges += [
        edge(Relation.GENERATED, f"step:{step.ordinal}", decision, step.arguments, step.recorded_at)
        for step in facts.steps
        if step.run == case.run
    ]
    for effect in facts.effects:
        here = f"effect:{effect.id}"
        edges.append(edge(Relation.DECIDED, decision, here, effect.arguments_digest, effect.created_at))
        edges.append(
            edge(Relation.CAUSED, here, reference(TOOL, effect.tool), effect.state.value, effect.updated_at)
        )
    for review in facts.reviews:
        if review.decided_at is not None:
            target = f"effect:{review.effect}" if review.effect else decision
            edges.append(
                edge(Relation.DECIDED, f"review:{review.id}", target, review.proposal, review.decided_at)
            )
    edges += [
        edge(Relation.CORRECTED, f"outcome:{one.id}", decision, one.judgement.value, one.at)
        for one in outcomes
    ]
    return tuple(edges)
