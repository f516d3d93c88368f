"""Repeated requests: the same ``Idempotency-Key`` gets the stored answer and nothing happens again.

Order: the verb commits its own change first, then the answer is stored. A process that dies between
the two leaves the change without a stored answer, and the repeated request runs the verb again.
That is harmless because every verb behind a POST stands a repetition by itself: intake finds its
case by key, an outcome is kept once per source, a second decision and a second resume are told that
somebody was first; only a second stop is thrown beside the first, which errs towards stopped. The
other order (answer first) could promise a change that never happened.

Two requests with one key at the same moment in one process run one after the other; in two
processes both may run, with the same consequences as above.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.quantities import Digest, digest

MAX_KEY = 200
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
    """An answer that is final for its request: status, JSON text, and whether it is a stored one."""

    status: int
    text: str
    replayed: bool = False


def once(
    deployment: Deployment, *, scope: str, key: str, request: bytes, act: Callable[[], Answered]
) -> Answered:
    """The stored answer to this key, or what ``act`` answers now, stored for the next time.

    ``request`` is everything that makes two requests the same. What ``act`` raises is not kept: a
    fault that is mended lets the repeated request through. Errors: ``InputProblem`` RW-SERVER-008 if
    the key came with another request before.
    """
    _check(key)
    seen = digest(request)
    with _lock(scope, key):
        stored = _recall(deployment, scope, key, seen)
        if stored is not None:
            return stored
        answered = act()
        with deployment.store.write() as tx:
            # Another process may have answered meanwhile: the first stored answer stays.
            if deployment.store.replies.recall(tx, scope, key) is None:
                now = deployment.now()
                deployment.store.replies.remember(tx, scope, key, seen, answered.status, answered.text, now)
        return answered


def _recall(deployment: Deployment, scope: str, key: str, seen: Digest) -> Answered | None:
    with deployment.store.read() as tx:
        stored = deployment.store.replies.recall(tx, scope, key)
    if stored is None:
        return None
    before, status, text = stored
    if before != seen:
        raise InputProblem(
            "RW-SERVER-008",
            Problem("this `Idempotency-Key` came with another request before", place="Idempotency-Key"),
            hint="use a new key for a new request",
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
