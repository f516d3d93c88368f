"""Errands: work of one process that takes longer than a request, with progress, that can be called off.

What it leaves behind stands in the store or in the ledger, as with every verb; an errand is only how one
watches it. Another process does not see it, and it is gone with its process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

from roadworthy.errors import Conflict, RoadworthyError, Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Store

MOST_AT_ONCE: Final = 3
"""Errands that run at once in one process."""
MOST_KEPT: Final = 100
"""Errands that are remembered after they ended, the newest."""

Progress = Callable[[int, int], None]
"""How much is done, and of how much."""
Work = Callable[[Progress], Any]


class CalledOff(Exception):
    """Somebody called the errand off; raised in its thread where it tells its progress."""


class Errand:
    """One piece of work on its way. ``result`` is what it gave, ``problem`` why it gave nothing."""

    def __init__(self, name: str, by: str, began_at: datetime) -> None:
        self.name = name
        self.by = by
        self.began_at = began_at
        self.done = 0
        self.total = 0
        self.result: Any = None
        self.problem: RoadworthyError | None = None
        self.called_off = False
        self._over = threading.Event()

    @property
    def is_over(self) -> bool:
        """It ended, was called off, or went wrong."""
        return self._over.is_set()

    def call_off(self) -> None:
        """It ends where it next tells its progress. Again: nothing happens."""
        self.called_off = True

    def wait(self, seconds: float) -> bool:
        """Whether it is over within so many seconds."""
        return self._over.wait(seconds)

    def as_json(self) -> dict[str, Any]:
        """How it stands, as plain JSON values; its result is left out."""
        state = "running"
        if self.is_over:
            state = "failed" if self.problem else "called off" if self.called_off else "done"
        return {
            "name": self.name,
            "by": self.by,
            "began_at": self.began_at.isoformat(),
            "done": self.done,
            "total": self.total,
            "state": state,
            "problem": self.problem.message if self.problem else "",
            "code": self.problem.code if self.problem else "",
        }

    def carry_out(self, work: Work) -> None:
        """Do the work on this thread."""
        try:
            self.result = work(self._tell)
            self.called_off = False
        except CalledOff:
            self.called_off = True
        except RoadworthyError as problem:
            self.problem = problem
        except Exception as fault:  # noqa: BLE001 - whoever looks at it is told, instead of a thread that dies silently
            self.problem = Unavailable(
                "RW-ERRAND-002", f"it broke off: {type(fault).__name__}", retry_is_safe=True
            )
        finally:
            self._over.set()

    def _tell(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self.called_off:
            raise CalledOff


_ERRANDS: WeakKeyDictionary[Store, dict[str, Errand]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def begin(deployment: Deployment, name: str, by: str, work: Work) -> Errand:
    """Begin an errand, or find the one of this name that is on its way.

    Errors: ``Conflict`` RW-ERRAND-001 while as many run as may.
    """
    with _LOCK:
        known = _ERRANDS.setdefault(deployment.store, {})
        same = known.get(name)
        if same is not None and not same.is_over:
            return same
        if sum(not one.is_over for one in known.values()) >= MOST_AT_ONCE:
            raise Conflict(
                "RW-ERRAND-001",
                f"{MOST_AT_ONCE} such pieces of work are on their way in this process",
                hint="wait for one of them, or call one off",
            )
        known.pop(name, None)
        over = [key for key, one in known.items() if one.is_over]
        for key in over[: max(0, len(known) - MOST_KEPT + 1)]:
            del known[key]
        errand = known[name] = Errand(name, by, deployment.now())
    threading.Thread(target=errand.carry_out, args=(work,), name=f"errand {name}", daemon=True).start()
    return errand


def look(deployment: Deployment, name: str) -> Errand | None:
    """The newest errand of this name in this process."""
    with _LOCK:
        return _ERRANDS.get(deployment.store, {}).get(name)
