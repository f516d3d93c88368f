"""Finding entries of the ledger in memory, and flags."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from roadworthy.ledger import Entry, root_of
from roadworthy.ledger.subtrees import FANOUT
from roadworthy.ports import Transaction
from roadworthy.ports.ledgers import Flag, Found, Wanted
from roadworthy.testing.memory.transaction import opened


class MemoryLedgerIndex:
    """The port ``LedgerIndex``: every entry is looked at."""

    def find(self, tx: Transaction, wanted: Wanted, *, before: int | None = None, limit: int = 50) -> Found:
        entries: Mapping[int, Entry] = opened(tx).table("entry")
        fitting = [
            entry
            for seq, entry in sorted(entries.items(), reverse=True)
            if (before is None or seq < before) and _fits(entry, wanted)
        ]
        shown = tuple(fitting[: max(1, limit)])
        return Found(shown, shown[-1].seq if len(fitting) > len(shown) else None)

    def bounds(
        self, tx: Transaction, since: datetime | None, until: datetime | None
    ) -> tuple[int, int] | None:
        wanted = Wanted(since=since, until=until)
        found = [seq for seq, entry in opened(tx).table("entry").items() if _fits(entry, wanted)]
        return (min(found), max(found) + 1) if found else None

    def kinds(self, tx: Transaction) -> tuple[str, ...]:
        return tuple(sorted({told["kind"] for told in _told(tx)}))

    def actors(self, tx: Transaction, *, limit: int = 200) -> tuple[str, ...]:
        return tuple(sorted({told["actor"] for told in _told(tx)})[: max(1, limit)])

    def nodes(self, tx: Transaction, level: int, start: int, end: int) -> Sequence[bytes]:
        entries: Mapping[int, Entry] = opened(tx).table("entry")
        nodes = [entries[seq].leaf for seq in range(len(entries))]
        for _ in range(level):
            whole = len(nodes) // FANOUT
            nodes = [root_of(nodes[n * FANOUT : (n + 1) * FANOUT]) for n in range(whole)]
        return nodes[start:end]

    def newest_note(self, tx: Transaction) -> str:
        notes: Mapping[int, str] = opened(tx).table("checkpoint")
        return notes[max(notes)] if notes else ""


class MemoryFlags:
    """The port ``Flags``."""

    def add(self, tx: Transaction, flag: Flag) -> bool:
        if flag.case in opened(tx).table("flag"):
            return False
        opened(tx).change("flag")[flag.case] = flag
        return True

    def lift(self, tx: Transaction, case: str) -> bool:
        return opened(tx).change("flag").pop(case, None) is not None

    def of(self, tx: Transaction, cases: Sequence[str]) -> Mapping[str, Flag]:
        flags = opened(tx).table("flag")
        return {case: flags[case] for case in cases if case in flags}


def _told(tx: Transaction) -> Iterator[Mapping[str, str]]:
    for entry in opened(tx).table("entry").values():
        told = _read(entry)
        if told:
            yield told


def _read(entry: Entry) -> Mapping[str, str]:
    try:
        told = json.loads(entry.event)
        known = isinstance(told["kind"], str) and isinstance(told["actor"], str) and told["at"]
    except (ValueError, TypeError, KeyError):
        return {}
    return told if known else {}


def _fits(entry: Entry, wanted: Wanted) -> bool:
    told = _read(entry)
    if not told:
        return wanted == Wanted()
    about = told.get("about")
    named: set[str] = set(about.values()) if isinstance(about, dict) else set()
    at = datetime.fromisoformat(told["at"])
    return (
        (not wanted.kinds or told["kind"] in wanted.kinds)
        and (not wanted.actor or told["actor"] == wanted.actor)
        and named.issuperset(wanted.references)
        and (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at < wanted.until)
    )
