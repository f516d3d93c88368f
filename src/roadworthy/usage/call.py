"""A call to a model that came to its end: who asked for what, and what it cost. No content."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from roadworthy.usage.tokens import Tokens


class Wire(StrEnum):
    """What was asked for."""

    CHAT = "chat"
    RESPONSES = "responses"
    EMBEDDINGS = "embeddings"


class Ending(StrEnum):
    """How it ended."""

    ANSWERED = "answered"
    FAILED = "failed"  # no model answered; attempts that were billed are in the cost
    CACHED = "cached"  # answered from the cache, for nothing
    LEFT = "left"  # the client went away; the answer was read to its end, and is on the bill


class Call(NamedTuple):
    """One settled call. ``id`` is settled once, however often it is handed in.

    ``reserved`` was held for it; ``cost`` is what it is charged, both nano-units. ``estimated``: the
    provider told no token counts that can be, so that the whole reservation is charged. ``case`` is the
    reference of a case (``case_reference``), ``key`` the id of the key, ``version`` what the key declares.
    ``step`` names the step of a workflow that asked, and is empty for calls through the gateway.
    """

    id: str
    at: datetime
    use_case: str
    version: str
    stage: str
    key: str
    case: str
    step: str
    wire: Wire
    task: str
    model: str
    ending: Ending
    status: int
    tokens: Tokens
    estimated: bool
    reserved: int
    cost: int
    attempts: int
    tool_calls: int
    millis: int
    price: str
    route: str = ""


def case_reference(secret: bytes, use_case: str, key: str) -> str:
    """What stands for a case in the records of calls: the same for the same key, and no way back to it.

    ``secret`` has at most 64 bytes. Source: keyed BLAKE2b (RFC 7693), 120 bits.
    """
    told = f"{use_case}\0{key}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(told, key=secret, digest_size=15).hexdigest()
