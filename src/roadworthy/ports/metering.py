"""Budgets and calls, as they are kept: leases of processes, settled calls, what a dead process owes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from roadworthy.usage import Ask, Call, Grant, Level, Refusal

if TYPE_CHECKING:
    from roadworthy.ports.state import Page, Transaction


@dataclass(frozen=True, slots=True)
class Spending:
    """A settled batch: the calls, and what it takes from the leases of each budget, by id."""

    id: str
    owner: str
    at: datetime
    calls: tuple[Call, ...]
    charged: Mapping[str, int]
    returned: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands. ``spent + held`` is at most ``limit`` as long as nobody lowers the limit."""

    id: str
    level: Level
    limit: int
    spent: int
    held: int


@dataclass(frozen=True, slots=True)
class CallTotal:
    """Calls of one day (UTC) that agree in everything named here."""

    day: date
    use_case: str
    version: str
    stage: str
    step: str
    wire: str
    task: str
    model: str
    ending: str
    calls: int
    attempts: int
    estimated: int
    read: int
    cached: int
    stored: int
    written: int
    reasoning: int
    tool_calls: int
    cost: int


class Metering(Protocol):
    """Everything takes the caller's transaction; times of owners are of the store's own clock."""

    def begin(self, tx: Transaction, owner: str, *, ttl_s: float) -> None:
        """A process begins to lease. Again: it beats."""

    def beat(self, tx: Transaction, owner: str) -> bool:
        """Still alive. False where it was taken for dead and charged meanwhile: it must stop and begin anew."""

    def lease(self, tx: Transaction, owner: str, asks: Sequence[Ask]) -> tuple[Grant | Refusal, ...]:
        """One answer for each ask, in order; each all or nothing over its path. The limit of a budget is
        what its newest ask says. An owner that does not beat gets a ``Conflict`` RW-BUDGET-002."""

    def settle(self, tx: Transaction, spending: Spending) -> bool:
        """Keep the calls and move what they cost from held to spent. False, and nothing happens, where this
        batch was settled before. An owner charged as dead gets a ``Conflict`` RW-BUDGET-002."""

    def end(self, tx: Transaction, owner: str) -> None:
        """Give back what is left of its leases, in peace."""

    def charge_dead(self, tx: Transaction) -> Mapping[str, Mapping[str, int]]:
        """The rest of every lease whose owner no longer beats is spent now: by owner, what by budget."""

    def standing(self, tx: Transaction, ids: Sequence[str]) -> Mapping[str, Standing]:
        """How these budgets stand; one that nobody asked for yet is not in the answer."""

    def budgets(
        self, tx: Transaction, *, level: Level | None = None, after: str = "", limit: int = 100
    ) -> Page[Standing]:
        """All of them, by id."""

    def unattributed(self, tx: Transaction, ids: Sequence[str]) -> Mapping[str, int]:
        """What dead owners were charged on these budgets, all told."""

    def totals(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[CallTotal, ...]:
        """Calls within a period, grouped by the store."""

    def of_case(
        self, tx: Transaction, use_case: str, case: str, *, after: str = "", limit: int = 100
    ) -> Page[Call]:
        """Calls of one case, oldest first."""
