"""Clearance: nothing calls a model or sends an effect without one read a moment ago.

A process holds no opinion of its own about being stopped. It reads what is stopped, trusts that
for at most half a second, and has no clearance when it cannot read: an unreachable database stops
the work as surely as the switch does. A worker or gateway that cannot write for 15 seconds has
none either: where nobody can write, nobody can throw the switch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from roadworthy.casework.toolstate import held_scope
from roadworthy.errors import RoadworthyError
from roadworthy.ports import Clock

MAX_AGE = timedelta(milliseconds=500)
ALIVE: Final = timedelta(seconds=15)
"""A worker or gateway that said nothing for so long is taken for dead, and has no clearance itself."""
_NO_TIME = timedelta(0)
_LOST: Final = "no clearance: "


def is_lost(reason: str) -> bool:
    """Nothing may happen because nobody can tell, not because somebody said so: it is asked again soon."""
    return reason.startswith(_LOST)


@dataclass(frozen=True, slots=True)
class Stopped:
    """What is stopped: scopes of the stop switch, and releases that ended, with the reason of each.

    ``stops``: the ids of the switches that were thrown, as far as they stand in the database.
    """

    scopes: dict[str, str]
    stops: frozenset[str] = frozenset()

    def reason(self, scopes: Iterable[str]) -> str:
        """Why one of these scopes is stopped; empty if none is."""
        asked = tuple(scopes)
        for scope in ("all", *asked, *_tools_of_releases(asked)):
            if scope in self.scopes:
                return self.scopes[scope] or scope
        return ""


def _tools_of_releases(scopes: Iterable[str]) -> tuple[str, ...]:
    """A tool may be held back for one release alone."""
    asked = tuple(scopes)
    releases = [scope for scope in asked if scope.startswith("release:")]
    return tuple(
        held_scope(release, tool) for tool in asked if tool.startswith("tool:") for release in releases
    )


class Clearance:
    """Reads what is stopped, at most every half second, from all threads of the process."""

    def __init__(self, read: Callable[[], Stopped], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: tuple[datetime, Stopped] | None = None
        self._speakers: frozenset[str] = frozenset()
        self._spoke: datetime | None = None

    def why_not(self, *scopes: str, now: datetime | None = None) -> str:
        """Empty: go ahead. Otherwise why nothing may happen in these scopes. ``now``, where somebody just looked."""
        now = now or self._clock.now()
        if self._is_mute(now):
            return f"{_LOST}for {ALIVE.total_seconds():.0f} s this process could not write that it lives"
        seen = self._seen
        if seen is None or not self._holds(seen, now):
            with self._lock:
                seen = self._seen
                if seen is None or not self._holds(seen, now):
                    try:
                        # The age counts from before the read: a slow read yields an old answer.
                        seen = (now, self._read())
                    except RoadworthyError as problem:
                        return f"{_LOST}{problem.message}"
                    self._seen = seen
        return seen[1].reason(scopes)

    def holds(self, now: datetime) -> bool:
        """A question is answered from memory at this moment."""
        return self.recent(now) is not None

    def recent(self, now: datetime) -> Stopped | None:
        """What is stopped, from memory; None where that is too old to count at this moment."""
        seen = self._seen
        if seen is None or not self._holds(seen, now) or self._is_mute(now):
            return None
        return seen[1]

    @property
    def stopped(self) -> str:
        """The scopes that were stopped when it was last read, as one text to compare."""
        seen = self._seen
        return " ".join(sorted(seen[1].scopes)) if seen is not None else ""

    @property
    def stops(self) -> frozenset[str]:
        """The thrown switches that this process obeys: those of its last answer."""
        seen = self._seen
        return seen[1].stops if seen is not None else frozenset()

    def renew(self) -> None:
        """Read anew, while the last answer goes on counting until it is too old.

        Errors: those of the store; the last answer then ends when its time is over.
        """
        now = self._clock.now()
        self._seen = (now, self._read())

    def forget(self) -> None:
        """The next question reads anew (after this process changed the switch itself)."""
        self._seen = None

    # ── a process that works says that it lives ──

    def speaks(self, name: str) -> None:
        """From now on there is no clearance without a word written in the last 15 seconds."""
        self._spoke = self._clock.now()
        self._speakers |= {name}

    def spoke(self, at: datetime) -> None:
        """A word was written. ``at``: the moment before it was tried."""
        self._spoke = at

    def falls_silent(self, name: str) -> None:
        """It ends; once nobody speaks in this process, nothing depends on words any more."""
        self._speakers -= {name}

    def _is_mute(self, now: datetime) -> bool:
        # A clock that jumped either way makes the last word worthless; the next one comes at once.
        return bool(self._speakers) and (self._spoke is None or abs(now - self._spoke) >= ALIVE)

    def _holds(self, seen: tuple[datetime, Stopped], now: datetime) -> bool:
        return _NO_TIME <= now - seen[0] < MAX_AGE
