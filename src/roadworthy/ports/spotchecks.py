"""Which automatic cases people look at, with which probability, and what they found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from roadworthy.casework.effect import TrueOutcome
from roadworthy.quantities import Id

if TYPE_CHECKING:
    from roadworthy.ports.state import Page, Transaction


class CheckState(StrEnum):
    """Where the check of one automatic case stands."""

    UNDRAWN = "undrawn"  # nobody looks at it; it counts in every estimate all the same
    PENDING = "pending"  # a person owes an answer
    CONTRADICTED = "contradicted"  # two people contradict each other; a third decides
    JUDGED = "judged"  # right or wrong
    CANCELLED = "cancelled"  # cannot be judged any more; ``why`` says so


class Part(StrEnum):
    """As what a person is asked."""

    FIRST = "first"
    SECOND = "second"  # blind: does not know what the first one said
    THIRD = "third"  # decides between two who contradict each other
    PLANTED = "planted"  # the answer is known: this one is about the reviewer


@dataclass(frozen=True, slots=True)
class SpotCheck:
    """The draw for one automatic case. ``q`` is the probability with which it was drawn, ``floor`` the least
    that any case had at that moment, ``rule`` what made them.

    ``kinds`` are the kinds of error that its certificates cover. ``double`` says that two people look
    at it. ``why`` says why it was cancelled, or judged by fewer looks than were asked for.
    """

    case: Id
    use_case: str
    release: str
    certificates: tuple[str, ...]
    kinds: tuple[str, ...]
    slice: str
    q: float
    floor: float
    rule: str
    state: CheckState
    version: int
    double: bool
    judgement: TrueOutcome | None
    why: str
    closed_at: datetime
    judged_at: datetime | None

    @property
    def drawn(self) -> bool:
        """Somebody is asked to look at it."""
        return self.state is not CheckState.UNDRAWN


@dataclass(frozen=True, slots=True)
class SpotAnswer:
    """One person's part in a check: asked by ``review``, answered with a label of the task.

    ``known`` is the true label of a planted case, ``planted_by`` who put it there; both are empty
    elsewhere. ``void`` says that no answer will come or count: the content was erased.
    """

    review: Id
    case: Id
    use_case: str
    part: Part
    known: str
    planted_by: str
    answer: str
    answered_by: str
    void: bool
    asked_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Looked:
    """What somebody answered about a case: ``left`` is what left without a person, ``known`` the label of a planted one."""

    case: Id
    left: str
    part: Part
    known: str
    answer: str
    by: str


@dataclass(frozen=True, slots=True)
class CheckCount:
    """How many automatic cases of a release stand alike. ``erased`` are those of them that were erased.

    ``q_least`` and ``q_most`` may be those of a case that stood there and has gone on to another state of this release.
    """

    release: str
    kinds: tuple[str, ...]
    state: CheckState
    judgement: TrueOutcome | None
    erased: bool
    cases: int
    q_sum: float
    q_least: float
    q_most: float


ERASED = "erased"
"""Why a check was cancelled: the content of its case is gone."""
ONE_LOOK = "one look"
"""Why a check that two were asked about was judged by one: it said wrong, and the other never came."""


class SpotChecks(Protocol):
    """Draws for spot checks, and their results."""

    def add(self, tx: Transaction, check: SpotCheck) -> bool:
        """False (and no change) if the case has its draw already: a case is drawn for once."""

    def get(self, tx: Transaction, case: str) -> SpotCheck | None: ...

    def save(self, tx: Transaction, check: SpotCheck, *, expected: int) -> None:
        """Errors: ``Conflict`` RW-STORE-001 if the version is another one."""

    def list(
        self,
        tx: Transaction,
        use_case: str,
        *,
        states: Sequence[CheckState] = (),
        after: str = "",
        limit: int = 50,
    ) -> Page[SpotCheck]:
        """Newest first, in one of the states; none named: all that were drawn."""

    def counts(self, tx: Transaction, use_case: str) -> tuple[CheckCount, ...]:
        """All automatic cases, by release, kinds of error and state."""

    def closed_between(self, tx: Transaction, use_case: str, start: datetime, end: datetime) -> int:
        """Automatic cases that were closed from ``start`` on and before ``end``."""

    def ask(self, tx: Transaction, asked: SpotAnswer) -> None:
        """Note that a person is asked. Errors: ``Conflict`` RW-STORE-003 if the review is noted already."""

    def asked(self, tx: Transaction, review: str) -> SpotAnswer | None: ...

    def keep(self, tx: Transaction, answer: SpotAnswer) -> None:
        """Replace what is noted under its review."""

    def answers(self, tx: Transaction, case: str) -> tuple[SpotAnswer, ...]:
        """Of one case, in the order of asking."""

    def answers_of(
        self, tx: Transaction, use_case: str, *, after: str = "", limit: int = 500
    ) -> Page[SpotAnswer]:
        """Of a use case, newest first."""

    def looked(self, tx: Transaction, use_case: str, *, limit: int = 2_000) -> tuple[Looked, ...]:
        """What the newest ``limit`` answers say of reviewers, newest first: planted cases, and those of several answers."""

    def overdue(self, tx: Transaction, use_case: str, asked_before: datetime) -> int:
        """How many pending and contradicted checks wait for somebody who was asked before a moment."""

    def asked_since(self, tx: Transaction, use_case: str, since: datetime, *, most: int) -> int:
        """How many were asked for, counted no further than ``most``."""

    def known(self, tx: Transaction, use_case: str, *, limit: int = 20) -> tuple[tuple[Id, str], ...]:
        """Automatic cases nobody was asked about, with the label on which two sources other than
        spot checks, recorded by two principals, agree and none disagrees; newest first.
        """

    def share(self, tx: Transaction, use_case: str, since: datetime) -> float | None:
        """The share that fits in the hour that begins at ``since``; None if it was not reckoned yet."""

    def set_share(self, tx: Transaction, use_case: str, since: datetime, share: float) -> None:
        """Note it. Within its hour it only ever falls."""
