"""Whether what answers rest on is in order: each knowledge source with its index, its findings, and how well it is found."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from roadworthy.charter.knowing import Knowledge
from roadworthy.errors import InputProblem, Problem
from roadworthy.evidence import Measurement
from roadworthy.gate import Finding, Mark
from roadworthy.ledger import decode
from roadworthy.operate.knowledge.dismissing import DISMISSED
from roadworthy.operate.verdicts import Weighed
from roadworthy.ports import Transaction
from roadworthy.ports.outlooks import Outlook
from roadworthy.principal import allows
from roadworthy.server.asking import Ask
from roadworthy.server.paging import paged

_HOLDS: Final = frozenset({Mark.PASS, Mark.WAIVED})
_TREND: Final = 20
_MOST: Final = 100
"""Measurements of a kind, over all sources, that trends are drawn from."""
_NAMES: Final = 20
_FIGURES: Final = (
    "recall",
    "ndcg",
    "unanswerable",
    "gaps",
    "stale",
    "contradictions",
    "repeats",
    "findings",
    "leak",
)
_TRACED: Final = ("recall", "stale", "contradictions")
_FIRST: Final[Mapping[str, str]] = {"instruction": "0", "hidden": "1"}
"""Findings that speak to a model or hide from people come before what cannot be read."""


def knowledge_of(
    ask: Ask,
    tx: Transaction,
    weighed: Weighed,
    asked: Sequence[Finding],
    looks: Mapping[str, Outlook | None],
) -> dict[str, Any]:
    """Every knowledge source of a charter, and one page of what reading their documents found.

    Without the right to read knowledge: figures, and no name of a document. Errors: ``InputProblem`` RW-SERVER-005
    for another kind of finding.
    """
    use_case = weighed.charter.use_case
    may_read = allows(ask.principal, "knowledge.read", use_case=use_case)
    store = ask.deployment.store
    traced = {
        kind: store.evidence.measurements(tx, use_case, kind=f"knowledge.{kind}", limit=_MOST)
        if weighed.charter.knowledge
        else ()
        for kind in _TRACED
    }
    shelves = [
        _shelf(ask, tx, weighed, name, promise, asked, traced, looks.get(name), may_read=may_read)
        for name, promise in weighed.charter.knowledge.items()
    ]
    found, after, kinds = _findings(ask, looks) if may_read else ([], "", [])
    return {
        "knowledge": shelves,
        "findings": found,
        "finding_kinds": kinds,
        "found": ask.query.get("found", ""),
        "findings_after": after,
        "you_may_read_knowledge": may_read,
        "you_may_dismiss": allows(ask.principal, "review.decide", use_case=use_case),
    }


def _shelf(
    ask: Ask,
    tx: Transaction,
    weighed: Weighed,
    name: str,
    promise: Knowledge,
    asked: Sequence[Finding],
    traced: Mapping[str, Sequence[Measurement]],
    look: Outlook | None,
    *,
    may_read: bool,
) -> dict[str, Any]:
    evidence, now = weighed.evidence, ask.deployment.now()
    newest = {
        kind: evidence.find(f"knowledge.{kind}", name) or evidence.outlived(f"knowledge.{kind}", name)
        for kind in _FIGURES
    }
    blocks = [
        one for one in asked if one.theme == "knowledge" and one.subject == name and one.mark not in _HOLDS
    ]
    kept = [one for one in asked if one.theme == "knowledge" and one.subject == name]
    names = _names(newest, look) if may_read else {}
    pairs = _pairs(newest, look) if may_read else {"contradictions": [], "repeats": []}
    gone = _dismissed(ask, tx, name, chain.from_iterable(pairs.values()))
    for rows in pairs.values():
        for row in rows:
            row["dismissed"] = gone.get(row["pair"])
    quoted = f"{shlex.quote(weighed.charter.use_case)} {shlex.quote(name)}"
    return {
        "name": name,
        "owner": promise.owner,
        "trusted": promise.trusted,
        "embedding": promise.embedding,
        "verdict": "pass" if kept and not blocks else str(blocks[0].mark) if blocks else "not asked",
        "blocks": [one.requirement for one in blocks],
        "figures": {kind: _figure(one, now) if one else None for kind, one in newest.items()},
        "promised": {
            "recall": promise.recall_min,
            "recall_at": promise.recall_at,
            "stale": promise.stale_max,
            "contradictions": promise.contradictions_max,
            "repeats": promise.repeats_max,
        },
        "documents": _documents(newest, look),
        "index": {part: look.body[part] for part in ("chunks", "bytes", "unembedded", "dismissed", "about_people")}
        if look
        else None,
        "looked_at": look.at.isoformat() if look else None,
        "counts": dict(look.body["counts"]) if look else {},
        "not_looked_at": list(look.body["not_looked_at"]) if look else [],
        "kinds": _kinds(newest["findings"]),
        "leak": _leak(newest["leak"], may_read=may_read),
        "names": names,
        "pairs": pairs,
        "todo": list(look.body["todo"])[:_NAMES] if look and may_read else [],
        "gaps": _gaps(look, may_read=may_read),
        "trends": {
            kind: [
                {
                    "at": one.at.isoformat(),
                    "value": one.value,
                    "low": one.interval.low if one.interval else None,
                    "high": one.interval.high if one.interval else None,
                }
                for one in [each for each in reversed(found) if each.subject == name][-_TREND:]
            ]
            for kind, found in traced.items()
        },
        "commands": {
            "build": f"roadworthy knowledge build {quoted}",
            "status": f"roadworthy knowledge status {quoted}",
            "health": f"roadworthy knowledge health {quoted}",
            "gaps": f"roadworthy knowledge gaps {quoted} --keep",
            "leak": f"roadworthy knowledge leak {quoted}",
        },
    }  # fmt: skip


def _figure(one: Measurement, now: Any) -> dict[str, Any]:
    return {
        "value": one.value,
        "unit": one.unit,
        "n": one.n,
        "low": one.interval.low if one.interval else None,
        "high": one.interval.high if one.interval else None,
        "method": one.method,
        "at": one.at.isoformat(),
        "expired": now >= one.valid_until,
    }


def _documents(newest: Mapping[str, Measurement | None], look: Outlook | None) -> int | None:
    """How many documents there are, by whichever was counted last."""
    counted = newest["stale"]
    if look and (counted is None or look.at >= counted.at):
        return int(look.body["documents"])
    return counted.n if counted else None


def _names(newest: Mapping[str, Measurement | None], look: Outlook | None) -> dict[str, list[str]]:
    """Names of documents that somebody has to look at, by whichever was found last."""
    found = {
        "stale": _listed(newest["stale"], "stale"),
        "superseded": _listed(newest["contradictions"], "contradicted_by_newer"),
    }
    if look:
        for kind in ("soon_stale", "without_owner"):
            found[kind] = list(look.body[kind])
        for kind, source in (("stale", "stale"), ("superseded", "contradictions")):
            measured = newest[source]
            if measured is None or look.at >= measured.at:
                found[kind] = list(look.body[kind])
    return {kind: names[:_NAMES] for kind, names in found.items() if names}


def _listed(one: Measurement | None, name: str) -> list[str]:
    value = one.detail.get(name) if one else None
    return [str(each) for each in value] if isinstance(value, list | tuple) else []


def _pairs(
    newest: Mapping[str, Measurement | None], look: Outlook | None
) -> dict[str, list[dict[str, Any]]]:
    """Contradictions and repeats with the places where they stand; from the measurement where that is newer."""
    made = {}
    for kind in ("contradictions", "repeats"):
        measured = newest[kind]
        if look and (measured is None or look.at >= measured.at):
            made[kind] = [_seen(kind, one) for one in look.body[kind][:_NAMES]]
        else:
            made[kind] = list(_measured(measured))[:_NAMES]
    return made


def _seen(kind: str, one: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "contradictions":
        sides = list(one["sides"])
        return {
            "pair": one["pair"], "kind": one["kind"], "share": one["confidence"], "newer": one["newer"], "sides": sides
        }  # fmt: skip
    sides = [{"document": one[side], "place": 0, "owner": "", "updated": ""} for side in ("one", "other")]
    return {"pair": one["pair"], "kind": one["kind"], "share": one["share"], "newer": "", "sides": sides}


def _measured(one: Measurement | None) -> Iterable[dict[str, Any]]:
    ids, pairs = (one.detail.get("ids"), one.detail.get("pairs")) if one else (None, None)
    if not isinstance(ids, list | tuple) or not isinstance(pairs, list | tuple):
        return
    for id_, told in zip(ids, pairs, strict=False):
        if isinstance(told, list | tuple) and len(told) == 3:
            sides = [
                {"document": str(name), "place": 0, "owner": "", "updated": ""}
                for name in (told[0], told[1])
            ]
            yield {"pair": str(id_), "kind": str(told[2]), "share": None, "newer": "", "sides": sides}


def _dismissed(
    ask: Ask, tx: Transaction, source: str, pairs: Iterable[Mapping[str, Any]]
) -> dict[str, dict[str, str]]:
    """What owners said of these pairs since they were found, as far as the ledger has it in order."""
    found = {}
    for pair in pairs:
        for entry in ask.deployment.store.ledger.about(tx, pair["pair"]):
            event = decode(entry.event)
            same = event.about.get("use_case") == ask.path["name"] and event.data.get("source") == source
            if event.kind == DISMISSED and same:
                reason = str(event.data.get("reason", ""))
                found[pair["pair"]] = {"by": event.actor, "at": event.at.isoformat(), "reason": reason}
    return found


def _kinds(found: Measurement | None) -> dict[str, int]:
    """How many findings of each kind, those that speak to a model first."""
    told = found.detail.get("kinds") if found else None
    if not isinstance(told, Mapping):
        return {}
    return {str(kind): int(told[kind]) for kind in sorted(told, key=lambda kind: (_order(str(kind)), kind))}


def _order(kind: str) -> str:
    return _FIRST.get(kind, "2")


def _leak(found: Measurement | None, *, may_read: bool) -> dict[str, Any] | None:
    if found is None:
        return None
    told: dict[str, Any] = {
        name: found.detail.get(name)
        for name in ("forbidden", "not_found", "listed", "missing", "readers", "questions")
    }
    told["leaked"] = _listed(found, "leaked")[:_NAMES] if may_read else []
    return told


def _gaps(look: Outlook | None, *, may_read: bool) -> dict[str, Any] | None:
    """Questions that nothing answers, without their words."""
    told = look.body["gaps"] if look else None
    if told is None:
        return None
    gaps = [{**one, "nearest": one["nearest"] if may_read else ""} for one in told["gaps"]]
    return {"asked": told["asked"], "unanswered": told["unanswered"], "gaps": gaps}


def _findings(ask: Ask, looks: Mapping[str, Outlook | None]) -> tuple[list[dict[str, Any]], str, list[str]]:
    """One page of what reading found, what speaks to a model first; and the kinds there are."""
    every = [
        {"source": source, **one}
        for source, look in looks.items()
        for one in (look.body["findings"] if look else ())
    ]
    kinds = sorted({one["kind"] for one in every}, key=lambda kind: (_order(kind), kind))
    wanted = ask.query.get("found", "")
    if wanted and kinds and wanted not in kinds:
        raise InputProblem("RW-SERVER-005", Problem(f"expected one of {', '.join(kinds)}", place="found"))
    rows, after = paged(ask, [one for one in every if wanted in {"", one["kind"]}], _place)
    return rows, after, kinds


def _place(one: Mapping[str, Any]) -> str:
    return "\n".join((_order(one["kind"]), one["kind"], one["source"], one["document"], one["place"]))
