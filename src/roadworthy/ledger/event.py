"""What happened, as the one byte string that the ledger keeps for it.

Events hold references and digests, never content: names, texts and other personal data stay in
the vault, whose keys can be destroyed while the ledger stays provable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from roadworthy.errors import Corrupt
from roadworthy.quantities import canonical

VERSION: Final = 1

MOST_BYTES: Final = 65_535
"""Largest event. Exports in the tile layout (c2sp.org/tlog-tiles) give each entry two bytes of length."""

_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_REFERENCE = re.compile(r"[a-z][a-z0-9_]*")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_FIELDS = frozenset({"v", "kind", "actor", "at", "about", "data"})
_SAFE_INTEGER = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Event:
    """``actor`` did something of this ``kind`` to what it is ``about``.

    ``kind`` is dotted lower case (``case.decided``), ``actor`` the id of a principal, ``at`` aware and
    in UTC. ``about`` names references and their ids (use_case, case, effect, release). ``data`` is a
    JSON object: money and cost stand in it as text, because a JSON number is a float in most readers.

    Errors:  ``ValueError`` for a kind, a reference or a time in another form.
    """

    kind: str
    actor: str
    at: datetime
    about: Mapping[str, str] = field(default_factory=dict, hash=False)
    data: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind):
            raise ValueError(f"`{self.kind}` is no kind of event, expected a form such as `case.decided`")
        if not self.actor:
            raise ValueError("an event names who acted")
        if self.at.utcoffset() != timedelta(0):
            raise ValueError("the time of an event is aware and in UTC")
        for name, id_ in self.about.items():
            if not _REFERENCE.fullmatch(name) or not isinstance(id_, str) or not id_:
                raise ValueError(f"`{name}` must be a lower-case reference with an id")


def encode(event: Event) -> bytes:
    """The bytes of an event: canonical JSON (RFC 8785), the same for equal events.

    Errors:  ``ValueError`` for data that JSON cannot carry, or for more than 65,535 bytes.
    """
    data = canonical(
        {
            "v": VERSION,
            "kind": event.kind,
            "actor": event.actor,
            "at": event.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "about": dict(event.about),
            "data": dict(event.data),
        }
    )
    if len(data) > MOST_BYTES:
        raise ValueError(
            f"an event has at most {MOST_BYTES} bytes, found {len(data)}: keep the content elsewhere"
        )
    return data


def decode(data: bytes) -> Event:
    """The event in these bytes. ``encode`` of it gives the same bytes back.

    Edge:    a float without a fraction comes back as an integer of equal value: JSON knows one number.
    Errors:  ``Corrupt`` RW-LEDGER-020 for anything that ``encode`` never writes, RW-LEDGER-021 for an
             event of a later version.
    """
    try:
        fields = json.loads(data, parse_int=_number, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _malformed("it is not JSON") from None
    if not isinstance(fields, dict):
        raise _malformed("it is not a JSON object")
    if fields.get("v") != VERSION:
        raise _other_version(fields.get("v"))
    if fields.keys() != _FIELDS:
        raise _malformed(f"it has {len(fields)} fields, expected {', '.join(sorted(_FIELDS))}")
    event = _event(fields)
    try:
        again = encode(event)
    except ValueError:
        again = b""
    if again != data:
        raise _malformed("it is not in canonical form")
    return event


def _event(fields: Mapping[str, object]) -> Event:
    kind, actor, at, about, data = (fields[name] for name in ("kind", "actor", "at", "about", "data"))
    if not (isinstance(kind, str) and isinstance(actor, str) and isinstance(at, str)):
        raise _malformed("kind, actor and time are text")
    if not (isinstance(about, dict) and isinstance(data, dict)):
        raise _malformed("references and data are JSON objects")
    if not _TIME.fullmatch(at):
        raise _malformed("its time is not in UTC with microseconds")
    try:
        return Event(kind, actor, datetime.fromisoformat(at), about, data)
    except ValueError as problem:
        raise _malformed(str(problem)) from None


def _number(digits: str) -> int | float:
    # Canonical JSON writes 1e20 as 100000000000000000000: beyond the safe integers it was a float.
    value = int(digits)
    return value if abs(value) <= _SAFE_INTEGER else float(digits)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _malformed(found: str) -> Corrupt:
    return Corrupt(
        "RW-LEDGER-020",
        f"not an event of the ledger: {found}",
        broken=("the event",),
        hint="verify the ledger to learn how far the damage reaches",
    )


def _other_version(found: object) -> Corrupt:
    if not isinstance(found, int) or isinstance(found, bool):
        return _malformed("it has no version")
    return Corrupt(
        "RW-LEDGER-021",
        f"the event has version {found}, expected {VERSION}",
        broken=("the event",),
        hint="read it with the release of Roadworthy that wrote it",
    )
