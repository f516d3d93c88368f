"""What is kept beside the work: stops, answers to repeated requests, and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from roadworthy.ledger import Checkpoint, Entry
from roadworthy.principal import Stop
from roadworthy.quantities import Digest

if TYPE_CHECKING:
    from roadworthy.ports.state import Page, Transaction


class Switches(Protocol):
    """Stops, and which worker obeys them."""

    def add(self, tx: Transaction, stop: Stop) -> None: ...

    def active(self, tx: Transaction) -> tuple[Stop, ...]: ...

    def get(self, tx: Transaction, stop: str) -> Stop | None: ...

    def history(self, tx: Transaction, *, after: str = "", limit: int = 50) -> Page[Stop]:
        """All stops ever thrown, newest first, keyset-paged."""

    def lift(self, tx: Transaction, stop: str, *, by: str, at: datetime) -> bool:
        """False if it was lifted already."""

    def acknowledge(self, tx: Transaction, worker: str, *, seen: str, at: datetime) -> None:
        """A worker notes the newest stop it obeys."""

    def acknowledgements(self, tx: Transaction) -> Mapping[str, tuple[str, datetime]]: ...

    def obey(self, tx: Transaction, worker: str, stops: Collection[str], *, at: datetime) -> None:
        """A worker obeys these stops from now on. What it said of one before stays."""

    def obeyed(self, tx: Transaction, stop: str) -> Mapping[str, datetime]:
        """When each worker first said that it obeys this stop, in that order."""


class Replies(Protocol):
    """Answers to requests with an ``Idempotency-Key``."""

    def recall(self, tx: Transaction, scope: str, key: str) -> tuple[Digest, int, str] | None:
        """(digest of the request's body, status, response body) of an earlier answer."""

    def remember(
        self, tx: Transaction, scope: str, key: str, body: Digest, status: int, reply: str, at: datetime
    ) -> None: ...

    def claim(
        self,
        tx: Transaction,
        scope: str,
        key: str,
        body: Digest,
        owner: str,
        at: datetime,
        *,
        dead_before: datetime,
    ) -> tuple[Digest, int, str] | None:
        """None: the key is this owner's to answer; else what is there, with status 0 while another one answers.

        A claim that was made before ``dead_before`` and never settled is taken over by the same request.
        """

    def settle(
        self, tx: Transaction, scope: str, key: str, owner: str, status: int, reply: str, at: datetime
    ) -> bool:
        """Put the answer in place of this owner's claim. False if another one took it over."""

    def let_go(self, tx: Transaction, scope: str, key: str, owner: str) -> None:
        """Drop this owner's claim: nothing was answered. Again: nothing happens."""


class LedgerStore(Protocol):
    """The ledger and its outbox."""

    def append(self, tx: Transaction, event: bytes) -> None:
        """Into the outbox, in the business transaction. No order, no lock."""

    def sequence(self, sign: Callable[[Checkpoint], str], *, origin: str, limit: int = 5_000) -> int:
        """Move waiting events into the tree and sign a checkpoint; returns how many. One at a time."""

    def entries(self, *, start: int = 0) -> Iterator[Entry]:
        """All entries from a number on, in order, streamed."""

    def about(self, tx: Transaction, reference: str, *, limit: int = 200) -> tuple[Entry, ...]:
        """Entries that name an id, in order."""

    def newest_about(
        self, tx: Transaction, reference: str, *, before: int | None = None, limit: int = 200
    ) -> tuple[Entry, ...]:
        """Entries that name an id, the newest first; ``before``: only those with a smaller number."""

    def notes(self) -> Iterator[str]:
        """All checkpoints, oldest first."""

    def waiting(self) -> int:
        """Events in the outbox."""

    def size(self) -> int:
        """Entries in the tree: the number that the next one gets."""
