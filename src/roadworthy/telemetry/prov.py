"""The lineage of a case as PROV-JSON (W3C member submission of 24 April 2013): for tools that read it.

Entities are documents, inputs, models, releases, effects and the decision; activities are steps, reviews and
the delivery of effects; the release acts as a software agent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from roadworthy.telemetry.lineage import Edge, Relation, kind_of

_ACTIVITIES = frozenset({"step", "review", "case", "outcome"})
_SPACE = "urn:roadworthy:"


def prov_json(edges: Iterable[Edge]) -> dict[str, Any]:
    """One PROV-JSON document. The same edges give the same document."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for number, edge in enumerate(edges):
        for end in (edge.source, edge.target):
            _declare(found, end)
        if edge.source.startswith("release:"):
            found["agent"][_name(edge.source)] = {
                "prov:type": {"$": "prov:SoftwareAgent", "type": "xsd:QName"}
            }
        bucket, relation = _relation(edge)
        found[bucket][f"_:r{number}"] = {
            **relation,
            **({"rw:digest": edge.digest} if edge.digest else {}),
            "rw:relation": edge.relation.value,
            "rw:at": edge.at.isoformat(),
        }
    return {"prefix": {"rw": _SPACE, "xsd": "http://www.w3.org/2001/XMLSchema#"}, **found}


def _declare(found: dict[str, dict[str, Any]], ref: str) -> None:
    kind = kind_of(ref)
    if kind == "release":
        return
    found["activity" if kind in _ACTIVITIES else "entity"].setdefault(_name(ref), {"prov:label": ref})


def _relation(edge: Edge) -> tuple[str, dict[str, str]]:
    source, target = _name(edge.source), _name(edge.target)
    from_activity, to_activity = (kind_of(end) in _ACTIVITIES for end in (edge.source, edge.target))
    if edge.source.startswith("release:"):
        return "wasAssociatedWith", {"prov:activity": target, "prov:agent": source}
    if from_activity and to_activity:
        return "wasInformedBy", {"prov:informed": target, "prov:informant": source}
    if to_activity:
        return "used", {"prov:activity": target, "prov:entity": source}
    if from_activity:
        changed = edge.relation in {Relation.DECIDED, Relation.CORRECTED}
        return "wasInfluencedBy" if changed else "wasGeneratedBy", (
            {"prov:influencee": target, "prov:influencer": source}
            if changed
            else {"prov:entity": target, "prov:activity": source}
        )
    return "wasDerivedFrom", {"prov:generatedEntity": target, "prov:usedEntity": source}


def _name(ref: str) -> str:
    """A qualified name; what such a name may not hold is written as in an address."""
    return "rw:" + "".join(
        char if char.isascii() and (char.isalnum() or char in "-._~:/@") else f"%{ord(char):X}"
        for char in ref
    )
