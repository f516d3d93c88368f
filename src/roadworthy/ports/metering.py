"""Budgets and calls, as they are kept: leases of processes, settled calls, what a dead process owes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import msgspec

from roadworthy.errors import Conflict, NotFound, Problem
from roadworthy.ledger import Frontier, leaf_hash
from roadworthy.usage import Ask, Call, Grant, Level, Refusal

if TYPE_CHECKING:
    from roadworthy.ports.state import Page, Transaction

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.json.Encoder().encode
Line = tuple[str | int, ...]
"""A call as texts and numbers."""
GONE = "RW-BUDGET-002"
"""The code by which a process learns that it may not lease or settle any more."""


@dataclass(frozen=True, slots=True)
class Spending:
    """A batch to settle: calls, and for each of them, in the same order, the budgets it is charged on.

    ``returned`` is what its owner gives back of its leases. ``instead_of`` names an owner that was charged
    as dead before it could settle these calls: they take the place of what it was charged.
    """

    id: str
    owner: str
    at: datetime
    calls: tuple[Call, ...]
    paths: tuple[tuple[str, ...], ...]
    returned: Mapping[str, int]
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was kept of a batch: root (RFC 6962, hexadecimal), number and cost of its calls.

    ``charged`` is what it added to what is spent, by budget; ``attributed`` the part of the cost that a dead
    owner had been charged for already.
    """

    root: str
    count: int
    sum: int
    charged: Mapping[str, int]
    attributed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands. ``spent + held`` is at most ``limit`` as long as nobody lowers the limit, and no
    call costs more than was reserved for it."""

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
    """Everything takes the caller's transaction; times of owners are of the store's own clock.

    Where several things are done in one transaction, budgets are locked by each of them in turn: one that
    settles must not lease as well, or two of them may wait for each other.
    """

    def begin(self, tx: Transaction, owner: str, *, ttl_s: float) -> None:
        """A process begins to lease. Again: it beats. Errors: ``Conflict`` RW-BUDGET-002 once it was
        charged as dead: an id is used by one process once."""

    def beat(self, tx: Transaction, owner: str) -> bool:
        """Still alive. False where it was taken for dead and charged meanwhile: it must stop and begin anew."""

    def lease(
        self, tx: Transaction, owner: str, asks: Sequence[Ask], *, in_hand: Mapping[str, int] | None = None
    ) -> tuple[Grant | Refusal, ...]:
        """One answer for each ask, in order; each all or nothing over its path. The limit of a budget is
        what its newest ask says. ``in_hand`` is what the owner set aside for these asks of what it leased
        before. Errors: ``Conflict`` RW-BUDGET-002 for an owner that never began, ended, or was charged."""

    def settle(self, tx: Transaction, spending: Spending) -> Settled | None:
        """Keep the calls and move what they cost from held to spent; None, and nothing happens, where this
        batch was settled before. A call that stands in another batch is left out: what it cost here is
        given back. What a call cost beyond its lease is spent all the same.

        Errors: ``Conflict`` RW-BUDGET-002 as ``lease``; ``NotFound`` RW-BUDGET-003 for a budget that nobody
        ever asked for."""

    def record(self, tx: Transaction, calls: Sequence[Call]) -> None:
        """Keep calls that steps of workflows made: no lease was held for them, and no budget moves here,
        because what they cost is part of their step. Their ids are new."""

    def end(self, tx: Transaction, owner: str) -> None:
        """Give back what is left of its leases, in peace. Again, or once it was charged: nothing happens."""

    def charge_dead(self, tx: Transaction) -> Mapping[str, Mapping[str, int]]:
        """The rest of every lease whose owner no longer beats is spent now: by owner, what by budget.

        Each is charged once, however many processes ask."""

    def standing(self, tx: Transaction, ids: Sequence[str]) -> Mapping[str, Standing]:
        """How these budgets stand; one that nobody asked for yet is not in the answer."""

    def budgets(
        self, tx: Transaction, *, level: Level | None = None, after: str = "", limit: int = 100
    ) -> Page[Standing]:
        """All of them, by id."""

    def unattributed(self, tx: Transaction, ids: Sequence[str]) -> Mapping[str, int]:
        """What dead owners were charged on these budgets, all told, less what was attributed afterwards."""

    def totals(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[CallTotal, ...]:
        """Calls within a period, grouped by the store."""

    def of_case(
        self, tx: Transaction, use_case: str, case: str, *, after: str = "", limit: int = 100
    ) -> Page[Call]:
        """Calls of one case, oldest first."""

    def of_batch(self, tx: Transaction, batch: str) -> tuple[Call, ...]:
        """Calls of one batch in the order of its root, which ``root_of_calls`` finds again."""


def root_of_calls(calls: Iterable[Call]) -> str:
    """The root of the tree over these calls in the order of their ids, hexadecimal.

    Source: RFC 6962 section 2.1; a leaf is the JSON list of everything that a call says.
    """
    return root_of_lines([line_of(call) for call in sorted(calls, key=lambda call: call.id)])


def root_of_lines(lines: Iterable[Line]) -> str:
    """The same over what the calls say, in the order of their ids."""
    return Frontier().extend([leaf_hash(_encoded(line)) for line in lines]).root().hex()


def line_of(call: Call) -> Line:
    """Everything that a call says, in the order of its root: texts and numbers, as rows hold them."""
    tokens = call.tokens
    return (
        call.id, microseconds(call.at), call.use_case, call.version, call.stage, call.key, call.case, call.step,
        call.wire._value_, call.task, call.model, call.ending._value_, call.status, tokens.read, tokens.written,
        tokens.cached, tokens.stored, tokens.reasoning, call.estimated, call.reserved, call.cost, call.attempts,
        call.tool_calls, call.millis, call.price, call.route,
    )  # fmt: skip


def _encoded(line: Line) -> bytes:
    try:
        return _encode(line)
    except UnicodeEncodeError:  # halves of surrogate pairs, which no UTF-8 can carry
        return json.dumps(line, separators=(",", ":")).encode("ascii")


def microseconds(at: datetime) -> int:
    """Since 1970 in UTC."""
    return (at - _EPOCH) // _MICROSECOND


# What every adapter says in the same words.


def gone(owner: str) -> Conflict:
    """The owner may not lease or settle: it never began, has ended, or was charged as dead."""
    return Conflict(
        GONE,
        Problem(
            f"`{owner}` holds no leases: it never began, has ended, or was taken for dead",
            hint="begin anew under another id",
        ),
    )


def unknown(budget: str) -> NotFound:
    """Nobody ever asked for the budget that a call is charged on."""
    return NotFound(
        "RW-BUDGET-003",
        Problem(f"no budget `{budget}`", hint="ask for a lease of it before a call is charged on it"),
    )


def new_calls(spending: Spending, kept: Iterable[str]) -> tuple[list[Call], dict[str, int], dict[str, int]]:
    """The calls of a batch that are new, what they cost by budget, and what is given back.

    ``kept`` are ids of calls that stand in other batches.
    """
    seen = set(kept)
    calls: list[Call] = []
    cost: dict[str, int] = {}
    returned = {id_: amount for id_, amount in spending.returned.items() if amount}
    for call, path in zip(spending.calls, spending.paths, strict=True):
        again = call.id in seen
        if not again:
            seen.add(call.id)
            calls.append(call)
        into = returned if again else cost
        for id_ in path:
            into[id_] = into.get(id_, 0) + call.cost
    calls.sort(key=lambda call: call.id)
    return calls, cost, returned
