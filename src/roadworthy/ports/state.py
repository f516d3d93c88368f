"""What is kept: state in one database, payloads under keys, the ledger; and the machine's clock and randomness."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import EffectRecord, EffectState, Outcome, Refusal
from roadworthy.casework.journal import Opening, Step
from roadworthy.casework.pace import Pace
from roadworthy.casework.rating import Rating
from roadworthy.casework.review import Review
from roadworthy.evidence import Measurement
from roadworthy.gate import Waiver
from roadworthy.ports.accounts import People
from roadworthy.ports.evaluating import Evaluations
from roadworthy.ports.inbox import Inbox
from roadworthy.ports.ledgers import Flags, LedgerIndex
from roadworthy.ports.metering import Metering
from roadworthy.ports.records import LedgerStore, Replies, Switches
from roadworthy.ports.rollups import Rollups
from roadworthy.ports.spotchecks import SpotChecks
from roadworthy.ports.tooling import ToolStates
from roadworthy.ports.watching import Alerts, LineageStore, Observations
from roadworthy.principal import Approval
from roadworthy.quantities import Cost, Id
from roadworthy.release import Archive, Release, Rollout
from roadworthy.stage import Stage
from roadworthy.trust import Certificate

T = TypeVar("T")


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""


class Entropy(Protocol):
    """Randomness."""

    def bytes(self, count: int) -> bytes:
        """Unpredictable bytes."""


# ── state ─────────────────────────────────────────────────────────────────────────────────────────


class Transaction(Protocol):
    """Opaque to everybody but adapters that share it."""

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call back once the transaction is committed; never if it is rolled back."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows, and the cursor of the next page (empty at the end)."""

    rows: tuple[T, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """An input that broke its contract: kept, never worked."""

    id: Id
    use_case: str
    key: str
    input: Id
    problems: tuple[str, ...]
    at: datetime


class Cases(Protocol):
    """Cases with their steps, outcomes, ratings and rejects."""

    def add(self, tx: Transaction, case: CaseRecord) -> bool:
        """Store a new case. False (and no change) if use case, key and twin are taken."""

    def get(self, tx: Transaction, case: str) -> CaseRecord | None: ...

    def by_key(self, tx: Transaction, use_case: str, key: str, *, twin: str = "") -> CaseRecord | None: ...

    def by_keys(self, tx: Transaction, use_case: str, keys: Collection[str]) -> dict[str, CaseRecord]:
        """The cases themselves, no twins, by their keys, in one question; unknown keys are left out."""

    def save(self, tx: Transaction, case: CaseRecord, *, expected: int) -> None:
        """Replace the row whose version is ``expected``. Errors: ``Conflict`` RW-STORE-001 otherwise."""

    def list(
        self,
        tx: Transaction,
        use_case: str,
        *,
        state: State | None = None,
        stage: Stage | None = None,
        release: str = "",
        twin: str | None = None,
        key_starts: str = "",
        flagged: bool = False,
        after: str = "",
        limit: int = 50,
    ) -> Page[CaseRecord]:
        """Newest first, keyset-paged. An empty use case means all of them, no ``twin`` any or none.

        ``flagged``: only those that somebody flagged.
        """

    def beside(
        self,
        tx: Transaction,
        case: str,
        use_case: str,
        *,
        state: State | None = None,
        stage: Stage | None = None,
        release: str = "",
        flagged: bool = False,
    ) -> tuple[str, str]:
        """The ids of the newer and the older neighbour in the list with these filters, empty at its ends."""

    def twins(self, tx: Transaction, use_case: str, key: str, *, limit: int = 50) -> tuple[CaseRecord, ...]:
        """The case with this key and all runs of it that are no case of their own, by what they are twins of."""

    def counts(
        self, tx: Transaction, use_case: str, *, release: str = ""
    ) -> Mapping[tuple[str, str, str], int]:
        """Number of cases by (stage, state, handled by), twins included."""

    def reject(self, tx: Transaction, reject: Reject) -> None: ...

    def rejects(
        self, tx: Transaction, use_case: str, *, after: str = "", limit: int = 50
    ) -> Page[Reject]: ...

    def steps(self, tx: Transaction, case: str, *, run: int) -> tuple[Step, ...]:
        """Recorded steps of one run, by ordinal."""

    def open_step(self, tx: Transaction, opening: Opening) -> None:
        """Note that an attempt begins. Again for the same ordinal: one more attempt, billed too."""

    def bill_attempt(self, tx: Transaction, opening: Opening) -> None:
        """The attempt that was opened last gave no result, and cost ``opening.reserved`` instead of its reserve.

        Errors: ``Conflict`` RW-STORE-001 for a step that is recorded, or was never opened.
        """

    def record_step(self, tx: Transaction, step: Step) -> None:
        """Write the result. ``attempts`` and the cost of interrupted attempts are added by the store.

        Errors: ``Conflict`` RW-STORE-001 if a result stands there already.
        """

    def spent(self, tx: Transaction, case: str) -> Cost:
        """What a case has cost so far: all runs, interrupted and open attempts at their reserve."""

    def add_outcome(self, tx: Transaction, outcome: Outcome) -> bool:
        """False if this case has an outcome from this source already."""

    def outcomes(self, tx: Transaction, case: str) -> tuple[Outcome, ...]: ...

    def rate(self, tx: Transaction, rating: Rating) -> None:
        """Keep a rating; the newest of a principal for a case replaces the one before."""

    def ratings(self, tx: Transaction, cases: Sequence[str]) -> tuple[Rating, ...]:
        """What these cases were rated, at most a few hundred of them at once."""

    def judged(self, tx: Transaction, use_case: str, *, release: str) -> Mapping[str, tuple[int, int]]:
        """By stage: (automatic cases with an outcome, wrong ones among them) of a release."""


class Effects(Protocol):
    """The outbox of effects, and what was spent."""

    def add(self, tx: Transaction, effect: EffectRecord) -> bool:
        """False (and no change) if the key is taken."""

    def get(self, tx: Transaction, effect: str) -> EffectRecord | None: ...

    def save(self, tx: Transaction, effect: EffectRecord, *, expected: int) -> None:
        """Errors: ``Conflict`` RW-STORE-001 if the version is another one."""

    def of_case(self, tx: Transaction, case: str) -> tuple[EffectRecord, ...]: ...

    def of_cases(self, tx: Transaction, cases: Sequence[str]) -> tuple[EffectRecord, ...]:
        """Of these cases, at most a few hundred of them at once; newest first."""

    def in_state(
        self,
        tx: Transaction,
        state: EffectState,
        *,
        use_case: str = "",
        release: str = "",
        limit: int = 500,
    ) -> tuple[EffectRecord, ...]:
        """Oldest first."""

    def reserve_spend(self, tx: Transaction, use_case: str, tool: str, day: date, minor: int) -> int:
        """Add to the day's counter and return what it was before. Negative to give back.

        The counter's row stays locked until the transaction ends: two workers never both pass.
        """

    def list(
        self,
        tx: Transaction,
        use_case: str = "",
        *,
        states: Collection[EffectState] = (),
        tool: str = "",
        after: str = "",
        limit: int = 50,
    ) -> Page[EffectRecord]:
        """Newest first, keyset-paged. No states: all of them."""

    def refusals(
        self, tx: Transaction, use_cases: Collection[str], *, limit: int = 200
    ) -> tuple[Refusal, ...]:
        """Of the newest refused effects of all use cases those of these that take nothing back, newest first."""

    def alone(self, tx: Transaction, above: int, *, after: str = "", limit: int = 50) -> Page[EffectRecord]:
        """What moves more than so many minor units and leaves without a person, the most first."""

    def in_front(self, tx: Transaction, effect: EffectRecord) -> EffectRecord | None:
        """The first of its lane, in the order of cases, that is owed, lets nobody pass and comes before it.

        The lane stays locked until the transaction ends: two of them never both find nobody in front.
        """

    def behind(self, tx: Transaction, effect: EffectRecord) -> EffectRecord | None:
        """The next of its lane that is owed and comes after it. Locks the lane, too."""

    def waiting(
        self, tx: Transaction, use_case: str, tool: str, *, limit: int = 100
    ) -> tuple[EffectRecord, ...]:
        """Those that wait for the pace of a tool (``rate`` or ``circuit``), the longest waiting first."""

    def overdue(
        self, tx: Transaction, before: datetime, *, after: str = "", limit: int = 100
    ) -> Page[EffectRecord]:
        """Owed ones whose time came before this moment, and those that wait since before it; oldest first."""

    def pace(self, tx: Transaction, use_case: str, tool: str, *, lock: bool = False) -> Pace:
        """How fast a tool's effects leave; a new one where nothing is known of it.

        With ``lock`` no other transaction changes it until this one ends.
        """

    def save_pace(self, tx: Transaction, pace: Pace) -> None:
        """Keep it; the one before is replaced. Only after ``pace`` with ``lock``."""

    def paces(self, tx: Transaction, *, limit: int = 500) -> tuple[Pace, ...]:
        """All that are known."""


class Reviews(Protocol):
    """What waits for a person, and what was answered."""

    def add(self, tx: Transaction, review: Review) -> None: ...

    def get(self, tx: Transaction, review: str) -> Review | None: ...

    def save(self, tx: Transaction, review: Review, *, expected: int) -> None: ...

    def of_case(self, tx: Transaction, case: str) -> tuple[Review, ...]: ...

    def open(
        self, tx: Transaction, use_case: str = "", *, after: str = "", limit: int = 50
    ) -> Page[Review]:
        """Open ones, the longest waiting first."""

    def count_open(self, tx: Transaction, use_case: str = "") -> int: ...


class Releases(Protocol):
    """Releases, their archives, and how far each is."""

    def add(self, tx: Transaction, release: Release, archive: Archive) -> bool:
        """False if the digest is known. Files are stored once per content."""

    def get(self, tx: Transaction, release: str) -> Release | None:
        """By digest."""

    def save(self, tx: Transaction, release: Release) -> None: ...

    def rollout(self, tx: Transaction, use_case: str, *, lock: bool = False) -> Rollout:
        """All releases; with ``lock`` no other transaction changes them until this one ends."""

    def rollouts(self, tx: Transaction, use_cases: Collection[str]) -> dict[str, Rollout]:
        """The same of several use cases, in one question; those without a release are told too."""

    def archive(self, tx: Transaction, release: str) -> Archive:
        """Errors: ``NotFound``; the caller verifies the digest."""

    def use_cases(self, tx: Transaction) -> tuple[str, ...]: ...


class EvidenceStore(Protocol):
    """Measurements, certificates, approvals, waivers and sequential tests."""

    def add(self, tx: Transaction, measurement: Measurement) -> None: ...

    def measurements(
        self, tx: Transaction, use_case: str, *, kind: str = "", limit: int = 2_000
    ) -> tuple[Measurement, ...]:
        """Newest first; of one kind, where it is named."""

    def newest(
        self, tx: Transaction, use_case: str, *, release: str, now: datetime, whole: Collection[str] = ()
    ) -> tuple[Measurement, ...]:
        """What a verdict on a release looks at: of every kind and subject the newest one of this release (or of none)
        up to ``now``, and the newest of all others; of the kinds ``whole`` every one. Newest first.

        A kind that ends in a dot stands for all that begin so. Grows with kinds and subjects, not with how often they
        were measured.
        """

    def add_certificate(self, tx: Transaction, certificate: Certificate) -> None: ...

    def certificates(self, tx: Transaction, use_case: str, *, release: str) -> tuple[Certificate, ...]:
        """Newest first."""

    def suspend(self, tx: Transaction, certificate: str, *, at: datetime, reason: str) -> None: ...

    def add_approval(self, tx: Transaction, approval: Approval) -> None: ...

    def approvals(self, tx: Transaction, use_case: str, *, digest: str) -> tuple[Approval, ...]: ...

    def add_waiver(self, tx: Transaction, use_case: str, waiver: Waiver) -> None: ...

    def waivers(self, tx: Transaction, use_case: str) -> tuple[Waiver, ...]: ...

    def end_waivers(
        self, tx: Transaction, use_case: str, requirement: str, subject: str, *, at: datetime
    ) -> int:
        """Let those of this requirement and subject end now that would end later; returns how many."""

    def watch(self, tx: Transaction, use_case: str, release: str, kind: str) -> str:
        """State of a sequential test as JSON text, locked for this transaction; empty if none."""

    def save_watch(self, tx: Transaction, use_case: str, release: str, kind: str, state: str) -> None: ...


class Store(Protocol):
    """All state, in one database."""

    cases: Cases
    effects: Effects
    reviews: Reviews
    inbox: Inbox
    releases: Releases
    evidence: EvidenceStore
    people: People
    switches: Switches
    replies: Replies
    ledger: LedgerStore
    ledger_index: LedgerIndex
    flags: Flags
    evaluations: Evaluations
    spot_checks: SpotChecks
    metering: Metering
    lineage: LineageStore
    observed: Observations
    alerts: Alerts
    rollups: Rollups
    tool_states: ToolStates

    def read(self) -> AbstractContextManager[Transaction]: ...

    def write(self) -> AbstractContextManager[Transaction]:
        """Commit on leaving, roll back on an exception."""

    def close(self) -> None: ...
