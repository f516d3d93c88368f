"""Stops that lie beside the database, for the time in which it cannot be written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from roadworthy.principal import Stop


class Slips(Protocol):
    """Stops that were left where every process on this machine looks. Safe to ask from any thread."""

    def leave(self, stop: Stop) -> str:
        """Leave a stop; returns where it lies. Left again under its id: nothing happens.

        Where there is no room for its words, a slip without any is left: it stops everything.
        Errors: ``Unavailable`` RW-STOP-006 where nothing can be left at all.
        """

    def all(self) -> Sequence[Stop]:
        """What lies there. A slip that cannot be read stops everything.

        Errors: ``Unavailable`` RW-STOP-006 where nobody can tell what lies there.
        """

    def remove(self, stop: str) -> None:
        """Take a slip away. Gone already: nothing happens. Errors: ``Unavailable`` RW-STOP-006."""
