"""One request of a client on its way, and what it gets."""

from __future__ import annotations

from datetime import datetime

import msgspec

from roadworthy.errors import RoadworthyError
from roadworthy.gateway.hiding import Hidden
from roadworthy.gateway.requests import Asked
from roadworthy.operate.clearance import Stopped
from roadworthy.operate.modelcalls.callers import Caller, Served
from roadworthy.usage import Node


class Asking(msgspec.Struct, eq=False):
    """One request of a client on its way: who asks, what, and what it has cost so far."""

    caller: Caller
    asked: Asked
    case: str
    path: tuple[Node, ...]
    begun: float
    at: datetime
    hidden: Hidden | None = None
    order: tuple[Served, ...] = ()
    reason: str = ""
    task: str = ""
    spent: int = 0
    attempts: int = 0
    turn: int = 0
    """The place in the order that comes next."""
    last: RoadworthyError | None = None
    retry_s: float = 0.0
    request: str = ""
    model: str = ""
    first: bool = True
    stopped: Stopped | None = None
    """What was stopped when it came; None where that was not known."""
    told: int = 0
    """Attempts that stand in a row of the records already."""


class Answered(msgspec.Struct):
    """A whole answer, to be sent to the client as it is."""

    status: int
    body: bytes
    kind: str
