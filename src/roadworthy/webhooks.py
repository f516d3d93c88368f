"""Signed messages between programs, in the form of Standard Webhooks 1.0 (standardwebhooks.com).

An id that stays the same when the message is sent again, a time, and an HMAC over both and the body. Written here
because ``standardwebhooks`` 1.1 answers a malformed header with whatever the standard library raises.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
"""The three headers."""

TOLERANCE_S: Final = 300
"""How far a message's time may lie from now, in either direction."""

MOST_SIGNATURES: Final = 20
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1"
_LONGEST_HEADER: Final = 4_000
# No full stop: it parts id, time and body where they are signed.
_ID = re.compile(r"[!-\-/-~]{1,200}")
_TIME = re.compile(r"[1-9][0-9]{0,11}")


def secret_of(text: str) -> bytes:
    """The bytes of a secret such as ``whsec_…`` (base64). Errors: ``ValueError`` below 24 bytes or above 64."""
    try:
        raw = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("expected `whsec_` and base64") from None
    if not 24 <= len(raw) <= 64:
        raise ValueError(f"expected 24 to 64 bytes, found {len(raw)}")
    return raw


def signature(secret: bytes, id_: str, at: datetime, body: bytes) -> str:
    """``v1,`` and the HMAC-SHA256 of id, time and body."""
    return f"{_VERSION},{base64.b64encode(_mac(secret, id_, str(int(at.timestamp())), body)).decode()}"


def signed(secrets: Sequence[bytes], id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message, with one signature for each secret: while one replaces the other both are known."""
    return {
        ID: id_,
        TIMESTAMP: str(int(at.timestamp())),
        SIGNATURE: " ".join(signature(secret, id_, at, body) for secret in secrets),
    }


def verified(secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """The id of a message that one of the secrets signed, not longer ago than ``TOLERANCE_S``; empty for any other.

    Whatever stands in the headers: no exception, and no way to tell what was wrong. Signatures are compared in
    constant time; only version ``v1`` is known. A message that is sent once more has the same id: whoever
    receives it keeps ids.
    """
    id_, told, marks = (headers.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not (_ID.fullmatch(id_) and _TIME.fullmatch(told)) or len(marks) > _LONGEST_HEADER:
        return ""
    if abs(int(told) - now.timestamp()) > TOLERANCE_S:
        return ""
    offered = [mark for mark in (_bytes_of(each) for each in marks.split(" ")[:MOST_SIGNATURES]) if mark]
    expected = [_mac(secret, id_, told, body) for secret in secrets]
    fits = [hmac.compare_digest(one, other) for one in offered for other in expected]
    return id_ if any(fits) else ""


def _bytes_of(mark: str) -> bytes:
    version, _, text = mark.partition(",")
    try:
        return base64.b64decode(text, validate=True) if version == _VERSION else b""
    except (binascii.Error, ValueError):
        return b""


def _mac(secret: bytes, id_: str, told: str, body: bytes) -> bytes:
    return hmac.digest(secret, b".".join((id_.encode(), told.encode(), body)), hashlib.sha256)
