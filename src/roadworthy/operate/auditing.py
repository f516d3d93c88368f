"""The ledger for who audits it: what was last verified, what is in it, one entry with its proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from roadworthy.errors import Corrupt, NotFound, Problem, RoadworthyError
from roadworthy.ledger import Entry, Event, check_inclusion, decode, leaf_hash, open_note
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.proving import Proof, prove, signed_path
from roadworthy.ports import Transaction
from roadworthy.ports.ledgers import Found, Wanted
from roadworthy.principal import Principal, require

VERIFIED: Final = "ledger.verified"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the ledger stands: entries in the tree, how many wait for their place, and what is signed of it.

    ``trouble`` tells why the newest checkpoint cannot be read; then ``signed`` is 0 and ``head`` is empty.
    """

    entries: int
    waiting: int
    signed: int
    head: str
    note: str
    key: str
    trouble: str
    last: Mapping[str, Any] | None
    """What the newest verification said, by whom and when; None where nobody ever verified."""


def ledger_standing(deployment: Deployment, principal: Principal) -> Standing:
    """What is known of the ledger without reading it. It verifies nothing."""
    require(principal, "ledger.verify")
    store, verifier = deployment.store, deployment.ledger_key.verifier
    with store.read() as tx:
        note = store.ledger_index.newest_note(tx)
        newest = store.ledger_index.find(tx, Wanted(kinds=(VERIFIED,)), limit=1)
        entries = store.observed.newest(tx)
    signed, head, trouble = 0, "", ""
    if note:
        try:
            checkpoint = open_note(note, verifier)
            signed, head = checkpoint.size, checkpoint.root.hex()
        except Corrupt as problem:
            trouble = problem.message
    return Standing(
        entries=entries,
        waiting=store.ledger.waiting(),
        signed=signed,
        head=head,
        note=note,
        key=str(verifier),
        trouble=trouble,
        last=_verification(newest),
    )


def find_entries(
    deployment: Deployment,
    principal: Principal,
    wanted: Wanted,
    *,
    before: int | None = None,
    limit: int = 50,
) -> Found:
    """Entries by what is known of them, newest first. A kind that ends in a dot stands for all of that subject.

    What is looked at for one page is bounded: it may hold fewer than ``limit`` and still go on.
    """
    require(principal, "ledger.verify")
    with deployment.store.read() as tx:
        kinds = tuple(known for kind in wanted.kinds for known in _meant(deployment, tx, kind))
        if wanted.kinds and not kinds:
            return Found(())
        wanted = Wanted(kinds, wanted.actor, wanted.references, wanted.since, wanted.until)
        return deployment.store.ledger_index.find(tx, wanted, before=before, limit=limit)


def choices(deployment: Deployment, principal: Principal) -> dict[str, list[str]]:
    """What entries can be filtered by: the kinds there are, and who acted."""
    require(principal, "ledger.verify")
    with deployment.store.read() as tx:
        return {
            "kinds": list(deployment.store.ledger_index.kinds(tx)),
            "actors": list(deployment.store.ledger_index.actors(tx, limit=100)),
        }


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry as every door lists it; one that cannot be read says so, and shows the bytes that stand there."""
    try:
        told = decode(entry.event)
    except Corrupt as problem:
        text = entry.event[:2_000].decode("utf-8", "replace")
        return _listed(entry, "", "", "", {}, {"unreadable": text}, trouble=problem.message)
    return _listed(entry, told.kind, told.actor, told.at.isoformat(), dict(told.about), dict(told.data))


def entry_with_proof(deployment: Deployment, principal: Principal, seq: int) -> dict[str, Any]:
    """One entry: its bytes, its leaf, the way from it to the last signed head, and what was erased of its content.

    ``proof`` is None with the reason in ``why_not`` where nothing is proved.
    Errors: ``NotFound`` RW-LEDGER-022 for an entry that is not there.
    """
    require(principal, "ledger.verify")
    with deployment.store.read() as tx:
        nodes = deployment.store.ledger_index.nodes(tx, 0, seq, seq + 1) if seq >= 0 else ()
        event = deployment.store.observed.entry(tx, seq) if nodes else None
    if event is None:
        raise NotFound("RW-LEDGER-022", Problem(f"no entry {seq}"))
    entry = Entry(seq, event, nodes[0])
    told = entry_json(entry)
    proof, why_not = _proved(deployment, principal, seq)
    return {
        **told,
        "canonical": event.decode("utf-8", "replace"),
        "proof": proof,
        "why_not": why_not,
        "erased": _erased(deployment, told["about"]),
    }


def proofs_of(
    deployment: Deployment, principal: Principal, entries: list[int]
) -> dict[int, dict[str, Any]]:
    """Proofs of several entries, by number; those that are not signed yet are missing."""
    require(principal, "ledger.verify")
    found: dict[int, dict[str, Any]] = {}
    for number, made in signed_path(deployment, principal, entries).items():
        found[number] = _proof_json(made)
    return found


def _meant(deployment: Deployment, tx: Transaction, kind: str) -> tuple[str, ...]:
    if not kind.endswith("."):
        return (kind,)
    return tuple(known for known in deployment.store.ledger_index.kinds(tx) if known.startswith(kind))


def _verification(newest: Found) -> dict[str, Any] | None:
    if not newest.entries:
        return None
    told = entry_json(newest.entries[0])
    return {"by": told["actor"], "at": told["at"], **told["data"], "entry": told["seq"]}


def _listed(
    entry: Entry,
    kind: str,
    actor: str,
    at: str,
    about: Mapping[str, str],
    data: Mapping[str, object],
    *,
    trouble: str = "",
) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "kind": kind,
        "actor": actor,
        "at": at or None,
        "about": about,
        "data": data,
        "leaf": entry.leaf.hex(),
        "trouble": trouble,
    }


def _proved(deployment: Deployment, principal: Principal, seq: int) -> tuple[dict[str, Any] | None, str]:
    try:
        return _proof_json(prove(deployment, principal, seq)), ""
    except RoadworthyError as problem:
        return None, problem.message


def _proof_json(made: Proof) -> dict[str, Any]:
    checkpoint = made.head.checkpoint
    # Of the bytes that stand there, not of the leaf beside them: an altered entry keeps its leaf.
    leaf = leaf_hash(made.entry.event)
    holds = check_inclusion(
        leaf, made.path, index=made.entry.seq, size=checkpoint.size, root=checkpoint.root
    )
    return {
        "holds": holds,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "path": [one.hex() for one in made.path],
        "note": made.head.note,
        "key": made.head.key,
    }


def _erased(deployment: Deployment, about: Mapping[str, str]) -> dict[str, Any] | None:
    """When the content behind this entry was erased, and the entry that says so."""
    with deployment.store.read() as tx:
        case = deployment.store.cases.get(tx, about.get("case", "")) if "case" in about else None
        subject = about.get("subject") or (case.subject if case else "")
        if not subject:
            return None
        erased_at: datetime | None = deployment.vault.erased(tx, [subject]).get(subject)
        if erased_at is None:
            return None
        told = [
            (entry.seq, event)
            for entry in deployment.store.ledger.about(tx, subject)
            if (event := _event(entry)) is not None and event.kind == "subject.erased"
        ]
    return {
        "at": erased_at.isoformat(),
        "entry": told[-1][0] if told else None,
        "by": told[-1][1].actor if told else "",
    }


def _event(entry: Entry) -> Event | None:
    try:
        return decode(entry.event)
    except Corrupt:
        return None
