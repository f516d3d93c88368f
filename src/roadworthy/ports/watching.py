"""What is kept for those who watch: lineage, figures counted from the ledger, alerts and their delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from roadworthy.alerting import Alert, AlertState, Mute
from roadworthy.quantities import Id
from roadworthy.telemetry import CaseFacts, Edge, Span
from roadworthy.usage import Call

if TYPE_CHECKING:
    from roadworthy.ports.state import Page, Transaction

Tally = tuple[str, tuple[str, ...]]
"""What is counted: a name, and its labels."""


class LineageStore(Protocol):
    """Edges that steps recorded."""

    def add(self, tx: Transaction, edges: Sequence[Edge]) -> None:
        """In the transaction that records the step. An edge that stands there already stays as it is."""

    def of_case(self, tx: Transaction, case: str) -> tuple[Edge, ...]:
        """By run, step and place."""

    def uses(
        self, tx: Transaction, *, source: str = "", digest: str = "", after: str = "", limit: int = 50
    ) -> Page[Edge]:
        """Edges from a source, or from one version of it, newest case first. One of both is named."""

    def forget(self, tx: Transaction, *, subject: str = "", sources: Sequence[str] = ()) -> int:
        """Delete the edges of all cases of a data subject, and all that come from some sources."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Things that wait, alike in everything but which they are. ``oldest`` is the moment the oldest began to,
    ``cases`` are those of the oldest few."""

    labels: tuple[str, ...]
    count: int
    oldest: datetime
    cases: tuple[str, ...] = ()


class Observations(Protocol):
    """Figures counted from the ledger, how far that has come, and what waits at this moment."""

    def position(self, tx: Transaction, feed: str) -> tuple[int, datetime] | None:
        """The next entry of the ledger that a feed reads, and when it came there; None before it began."""

    def newest(self, tx: Transaction) -> int:
        """The number that the next entry of the ledger gets."""

    def entry(self, tx: Transaction, seq: int) -> bytes | None:
        """The event of one entry of the ledger."""

    def move(self, tx: Transaction, feed: str, *, before: int | None, to: int, at: datetime) -> bool:
        """Set how far a feed is. False, and no change, where another process moved it meanwhile."""

    def facts(
        self, tx: Transaction, cases: Sequence[str], *, edges: bool = True
    ) -> Mapping[str, CaseFacts]:
        """What is on record about some cases (at most 500), each with its steps, effects, reviews and, where
        asked for, edges; calls are left out. Those that are not stored are missing."""

    def calls(
        self, tx: Transaction, use_case: str, references: Sequence[str]
    ) -> Mapping[str, tuple[Call, ...]]:
        """Calls of some cases (at most 500) by their reference, oldest first."""

    def spent(self, tx: Transaction, month: date) -> Mapping[str, int]:
        """What cases of each use case cost in the month that begins there, in nano-units."""

    def count(self, tx: Transaction, tallies: Mapping[Tally, int]) -> None:
        """Add to the figures."""

    def tallies(self, tx: Transaction) -> Mapping[Tally, int]:
        """All figures."""

    def cases(self, tx: Transaction) -> Sequence[Waiting]:
        """Cases that are not closed, by (use case, release, stage, state)."""

    def reviews(self, tx: Transaction, *, due_before: datetime | None = None) -> Sequence[Waiting]:
        """Open reviews by (use case); only those whose deadline has passed, where a moment is named."""

    def effects(self, tx: Transaction) -> Sequence[Waiting]:
        """Effects that are not settled, by (use case, state)."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one receiver about an alert. ``id`` stays the same, however often it is sent."""

    id: Id
    alert: Id
    channel: str
    state: AlertState
    attempts: int
    due_at: datetime
    sent_at: datetime | None
    problem: str


class Alerts(Protocol):
    """Alerts, and the outbox of what is told about them."""

    def add(self, tx: Transaction, alert: Alert) -> bool:
        """False (and no change) if one with the same key is firing."""

    def save(self, tx: Transaction, alert: Alert) -> None: ...

    def get(self, tx: Transaction, alert: str) -> Alert | None: ...

    def firing(self, tx: Transaction) -> tuple[Alert, ...]:
        """Oldest first, at most 1,000."""

    def list(self, tx: Transaction, *, use_case: str = "", after: str = "", limit: int = 50) -> Page[Alert]:
        """All of them, newest first."""

    def between(
        self, tx: Transaction, start: datetime, end: datetime, *, limit: int = 500
    ) -> tuple[Alert, ...]:
        """Alerts that fired at some moment of a period, oldest first."""

    def tell(self, tx: Transaction, notice: Notice) -> bool:
        """Put into the outbox. The same alert, channel and state again: due again, under its old id.

        False where it waits there already."""

    def due(self, tx: Transaction, now: datetime, *, limit: int = 50) -> tuple[Notice, ...]:
        """Notices that are to be sent now, the longest waiting first."""

    def claim(self, tx: Transaction, notice: Notice, *, until: datetime) -> bool:
        """Take a notice for one attempt: nobody else gets it before then. False where somebody was first."""

    def sent(self, tx: Transaction, notice: str, *, at: datetime) -> None: ...

    def failed(self, tx: Transaction, notice: str, *, problem: str, again_at: datetime) -> None: ...

    def mute(self, tx: Transaction, mute: Mute) -> None:
        """Keep it; the one before with its key is replaced."""

    def unmute(self, tx: Transaction, key: str) -> bool:
        """False where nothing is muted under this key."""

    def mutes(self, tx: Transaction, now: datetime) -> Mapping[str, Mute]:
        """What is muted at a moment, by key."""

    def notices(self, tx: Transaction, *alerts: str) -> tuple[Notice, ...]:
        """What was told of alerts, and what waits; in one question, in the order of their ids."""


class SpanExporter(Protocol):
    """Sends spans to a collector."""

    def export(self, spans: Sequence[Span]) -> int:
        """Returns how many the receiver refused for good. Sending the same spans again does no harm.

        Errors: ``Unavailable`` RW-TELEMETRY-001 where it should be tried again, RW-TELEMETRY-002 where the
        receiver refuses whatever is sent."""


class Channel(Protocol):
    """Tells somebody about an alert."""

    @property
    def name(self) -> str: ...

    @property
    def refresh_s(self) -> float:
        """How often a firing alert is told again; 0 for once."""

    def send(self, notice: Notice, alert: Alert, *, at: datetime) -> None:
        """Errors: ``Unavailable`` RW-ALERT-010 where it should be tried again."""
