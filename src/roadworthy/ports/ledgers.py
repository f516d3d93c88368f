"""Finding entries of the ledger by kind, actor, what they are about and when; and the roots of its subtrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from roadworthy.ledger import Entry

if TYPE_CHECKING:
    from roadworthy.ports.state import Transaction


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: any of these kinds, by this actor, naming all of these references, in this time.

    Empty fields ask for nothing. ``since`` is included, ``until`` is not.
    """

    kinds: tuple[str, ...] = ()
    actor: str = ""
    references: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Entries, newest first. ``before``: ask for those before this number next; None at the end.

    A page may hold fewer entries than asked for, even none, and go on: what is looked at for it is bounded.
    """

    entries: tuple[Entry, ...]
    before: int | None = None


class LedgerIndex(Protocol):
    """What is known of entries beside their bytes. All of it can be made anew from them."""

    def find(self, tx: Transaction, wanted: Wanted, *, before: int | None = None, limit: int = 50) -> Found:
        """Entries with numbers below ``before``, newest first."""

    def bounds(
        self, tx: Transaction, since: datetime | None, until: datetime | None
    ) -> tuple[int, int] | None:
        """The first entry of a period and the one after its last; None where nothing lies in it.

        Entries between the two may be of another moment: an event waits for its place.
        """

    def kinds(self, tx: Transaction) -> tuple[str, ...]:
        """All kinds there are, sorted."""

    def actors(self, tx: Transaction, *, limit: int = 200) -> tuple[str, ...]:
        """Who acted, sorted."""

    def nodes(self, tx: Transaction, level: int, start: int, end: int) -> Sequence[bytes]:
        """Roots of subtrees of 256 to the power of ``level`` leaves, from the first one on; level 0 are leaves.

        Fewer where fewer are known.
        """

    def newest_note(self, tx: Transaction) -> str:
        """The newest checkpoint; empty where nothing is signed yet."""


@dataclass(frozen=True, slots=True)
class Flag:
    """Somebody set a case aside to be looked at."""

    case: str
    use_case: str
    reason: str
    by: str
    at: datetime


class Flags(Protocol):
    """Cases that somebody flagged: at most one flag each."""

    def add(self, tx: Transaction, flag: Flag) -> bool:
        """False (and no change) if the case has one."""

    def lift(self, tx: Transaction, case: str) -> bool:
        """False if there was none."""

    def of(self, tx: Transaction, cases: Sequence[str]) -> Mapping[str, Flag]:
        """By case; those without a flag are missing."""
