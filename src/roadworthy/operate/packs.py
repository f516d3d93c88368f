"""Packs: the entries of a period as one file that anybody checks without this installation.

A pack is a zip with ``entries.jsonl`` (the bytes of each entry, one a line, as they were signed), ``pack.json``
(which entries, the signed checkpoint, its key, and the hashes beside the period) and ``README.txt``.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from roadworthy.errors import Corrupt, InputProblem, NotFound, Problem
from roadworthy.ledger import VerifyKey, leaf_hash, open_note
from roadworthy.ledger.event import MOST_BYTES
from roadworthy.ledger.subtrees import root_around
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.proving import newest_head, subtrees
from roadworthy.principal import Principal, require

FORM: Final = "roadworthy-ledger-pack-1"
ENTRIES, HEADER = "entries.jsonl", "pack.json"
_MOST_HEADER: Final = 1_000_000
_README: Final = """Entries of a ledger, to be checked without the installation they come from.

    roadworthy ledger check PACK.zip --key KEY

KEY is the public key of the ledger, obtained from somewhere else than this file. By hand: the leaf of an entry
is SHA-256 over a zero byte and its line in entries.jsonl without the line end; the tree over the leaves is that
of RFC 6962. `before` and `after` in pack.json are the roots of the perfect subtrees beside the period, left to
right. The root that results must be the one in the signed checkpoint `note`.
"""


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack to be written: what its header says, and its bytes, made while they are read."""

    header: dict[str, Any]
    content: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a pack proves: so many entries from ``start`` on stand, unaltered, in the ledger of this size."""

    holds: bool
    start: int
    entries: int
    size: int
    origin: str
    message: str


def pack_period(
    deployment: Deployment, principal: Principal, *, since: datetime | None, until: datetime | None
) -> Pack:
    """The signed entries of a period. A few hundred hashes are read before the first byte, then a few thousand
    entries at a time.

    Errors: ``NotFound`` RW-LEDGER-022 where nothing signed lies in the period; ``InputProblem`` RW-LEDGER-023
    where roots of subtrees are still to be made up, RW-LEDGER-025 for a period that ends before it begins.
    """
    require(principal, "ledger.verify")
    if since is not None and until is not None and until <= since:
        raise InputProblem("RW-LEDGER-025", Problem("the period ends before it begins", place="until"))
    head = newest_head(deployment, principal)
    size = head.checkpoint.size
    with deployment.store.read() as tx:
        bounds = deployment.store.ledger_index.bounds(tx, since, until)
        start, end = (bounds[0], min(bounds[1], size)) if bounds else (0, 0)
        if start >= end:
            raise NotFound("RW-LEDGER-022", Problem("no signed entry lies in this period"))
        tree = subtrees(deployment, tx)
        try:
            before, after = tree.cover(0, start), tree.cover(end, size)
        except LookupError:
            raise InputProblem(
                "RW-LEDGER-023",
                Problem("roots of subtrees that a pack needs are still to be made up"),
                hint="a running worker makes up some with every batch of events; ask again",
            ) from None
    header = {
        "form": FORM,
        "origin": deployment.ledger_origin,
        "key": head.key,
        "note": head.note,
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        "start": start,
        "end": end,
        "size": size,
        "before": [one.hex() for one in before],
        "after": [one.hex() for one in after],
    }
    return Pack(header, lambda: _zipped(deployment, header))


def check_pack(path: Path, key: VerifyKey) -> Checked:
    """Does the pack hold what this key signed? Reads one line at a time; needs no installation.

    Errors: ``InputProblem`` RW-LEDGER-026 for a file that is no pack; ``Corrupt`` of the checkpoint, and
    RW-LEDGER-024 for hashes that do not fit.
    """
    try:
        with zipfile.ZipFile(path) as file:
            header = _header(file)
            with file.open(ENTRIES) as lines:
                count, root = root_around(
                    header["before"],
                    _leaves(lines),
                    header["after"],
                    start=header["start"],
                    size=header["size"],
                )
    except (
        OSError,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as fault:
        raise InputProblem(
            "RW-LEDGER-026",
            Problem(f"this is no pack of a ledger: {type(fault).__name__}", place=str(path)),
        ) from None
    checkpoint = open_note(header["note"], key)
    holds = (checkpoint.size, checkpoint.root) == (header["size"], root)
    whole = count == header["end"] - header["start"]
    message = "" if holds and whole else "the entries do not lead to the root that was signed"
    return Checked(holds and whole, header["start"], count, checkpoint.size, checkpoint.origin, message)


def _header(file: zipfile.ZipFile) -> dict[str, Any]:
    with file.open(HEADER) as raw:
        told = json.loads(raw.read(_MOST_HEADER))
    if told["form"] != FORM:
        raise ValueError("another form")
    numbers = {name: told[name] for name in ("start", "end", "size")}
    if not all(type(one) is int and 0 <= one < 2**63 for one in numbers.values()):
        raise ValueError("numbers of entries")
    note = told["note"]
    if not isinstance(note, str):
        raise ValueError("a note is text")
    sides = {name: [bytes.fromhex(one) for one in told[name]] for name in ("before", "after")}
    return {**numbers, **sides, "note": note}


def _leaves(lines: IO[bytes]) -> Iterator[bytes]:
    while line := lines.readline(MOST_BYTES + 2):
        if len(line) > MOST_BYTES + 1:
            raise Corrupt("RW-LEDGER-024", "an entry is longer than entries are", broken=("the pack",))
        yield leaf_hash(line.removesuffix(b"\n"))


class _Outbox:
    """What was written since it was last emptied. It cannot seek, so that the zip is written from start to end."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep it until it is taken."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Everything is there already."""

    def take(self) -> bytes:
        """All of it, once."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def _zipped(deployment: Deployment, header: dict[str, Any]) -> Iterator[bytes]:
    outbox = _Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_DEFLATED) as file:  # type: ignore[call-overload]
        file.writestr(HEADER, json.dumps(header, indent=2) + "\n")
        file.writestr("README.txt", _README)
        with file.open(ENTRIES, "w", force_zip64=True) as entries:
            count = header["end"] - header["start"]
            for number, entry in enumerate(
                islice(deployment.store.ledger.entries(start=header["start"]), count)
            ):
                # A line end within an entry was never signed: without it the check says that it was altered.
                entries.write(entry.event.replace(b"\n", b" ") + b"\n")
                if number % 500 == 0:
                    yield outbox.take()
    yield outbox.take()
