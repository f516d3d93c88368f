"""Repeated requests: the same ``Idempotency-Key`` gets the stored answer and nothing happens again.

Order: the key is claimed, the verb commits its own change, then the answer is stored in place of the claim. Of
two requests with one key at the same moment, one acts. In one process the other waits and gets the answer; in
another process it is told to come back (RW-SERVER-017). A process that dies in between leaves a claim that is over
after ``LEASE``, and the repeated request runs the verb again. That is harmless because every verb behind a POST
stands a repetition by itself: intake finds its case by key, an outcome is kept once per source, a second decision
and a second resume are told that somebody was first; only a second stop is thrown beside the first, which errs
towards stopped. The other order (answer first) could promise a change that never happened.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from roadworthy.errors import Conflict, InputProblem, Problem, RoadworthyError, Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.quantities import Digest, digest

MAX_KEY = 200
LEASE = timedelta(seconds=60)
"""Longer than any verb takes. After it, whoever claimed the key is held for dead."""
FINAL = frozenset(
    {
        "RW-CASE-020",  # the message is kept among the rejects, once
        "RW-OUTCOME-002",
        "RW-REVIEW-003",
        "RW-SERVER-005",
        "RW-STOP-001",
        "RW-STOP-002",
        "RW-WORDS-001",
    }
)
"""Errors that say something about the request alone. Every other may end differently next time."""

_LOCKS = tuple(threading.Lock() for _ in range(64))


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is final for its request: status, JSON text, and whether it is a stored one.

    ``kept`` is the text that is stored, where the answer itself holds a secret.
    """

    status: int
    text: str
    replayed: bool = False
    kept: str = ""


def once(
    deployment: Deployment,
    *,
    scope: str,
    key: str,
    request: bytes,
    act: Callable[[], Answered],
    urgent: bool = False,
) -> Answered:
    """The stored answer to this key, or what ``act`` answers now, stored for the next time.

    ``request`` is everything that makes two requests the same. What ``act`` raises is not kept: a
    fault that is mended lets the repeated request through. ``urgent``: it is done where the database takes no
    claim, too. Errors: ``InputProblem`` RW-SERVER-008 if the key came with another request before; ``Conflict``
    RW-SERVER-017 while another process answers it.
    """
    _check(key)
    seen = digest(request)
    with _lock(scope, key):
        owner = deployment.new_id()
        try:
            stored = _claim(deployment, scope, key, seen, owner)
        except Unavailable:
            if not urgent:
                raise
            return act()
        if stored is not None:
            return stored
        try:
            answered = act()
        except BaseException:
            with suppress(RoadworthyError), deployment.store.write() as tx:
                deployment.store.replies.let_go(tx, scope, key, owner)
            raise
        with deployment.store.write() as tx:
            # False: the lease was over, and whoever took the key over stores an answer of their own.
            deployment.store.replies.settle(
                tx, scope, key, owner, answered.status, answered.kept or answered.text, deployment.now()
            )
        return answered


def _claim(deployment: Deployment, scope: str, key: str, seen: Digest, owner: str) -> Answered | None:
    now = deployment.now()
    with deployment.store.write() as tx:
        found = deployment.store.replies.claim(tx, scope, key, seen, owner, now, dead_before=now - LEASE)
    if found is None:
        return None
    before, status, text = found
    if before != seen:
        raise InputProblem(
            "RW-SERVER-008",
            Problem("this `Idempotency-Key` came with another request before", place="Idempotency-Key"),
            hint="use a new key for a new request",
        )
    if not status:
        raise Conflict(
            "RW-SERVER-017",
            Problem("a request with this key is being answered", place="Idempotency-Key"),
            hint="send it again in a second to get that answer",
        )
    return Answered(status, text, replayed=True)


def _check(key: str) -> None:
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise InputProblem(
            "RW-SERVER-008",
            Problem(f"expected 1 to {MAX_KEY} printable ASCII characters", place="Idempotency-Key"),
        )


def _lock(scope: str, key: str) -> threading.Lock:
    place = hashlib.sha256(f"{scope}\n{key}".encode()).digest()[0]
    return _LOCKS[place % len(_LOCKS)]
