"""What one process holds of budgets, in its memory: leases, and reservations that calls made on them.

Nothing here locks; whoever uses it does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from roadworthy.errors import RoadworthyError
from roadworthy.usage import Ask, Call, Grant, Level, Node, Refusal

_log = logging.getLogger("roadworthy.gateway")

IDLE_CASE = 30
"""Looks, a second apart, after which the lease of a case that nobody used is given back: a model takes seconds to
answer, and the next call of an agent comes after that."""
IDLE = 60
"""The same for every other budget."""


class Lease:
    """A part of one budget. ``owned`` is what the store holds for it once everything waiting is settled.

    Invariant: ``free`` and what open reservations hold make ``owned`` plus the cost of calls not yet settled.
    ``exact``: it was leased for one call alone, because little is left, and what that leaves goes back at once.
    """

    __slots__ = ("exact", "free", "id", "idle", "level", "limit", "owned")

    def __init__(self, node: Node) -> None:
        self.id = node.id
        self.level = node.level
        self.limit = node.limit
        self.free = 0
        self.owned = 0
        self.idle = 0
        self.exact = False


class Reservation:
    """An amount held on every budget of a call's path, until it is settled or cancelled, once."""

    __slots__ = ("amount", "book", "leases", "open")

    def __init__(self, book: Book, leases: tuple[Lease, ...], amount: int) -> None:
        self.book = book
        self.leases = leases
        self.amount = amount
        self.open = True

    @property
    def path(self) -> tuple[str, ...]:
        """The budgets that it is held on."""
        return tuple([lease.id for lease in self.leases])


Answer = Reservation | Refusal | RoadworthyError
"""What comes of asking for a reservation."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who waits for a reservation."""

    ask: Ask
    then: Callable[[Answer], None]

    def tell(self, answer: Answer) -> None:
        """Hand over the answer. One who fails to take it is noted, and the others get theirs."""
        try:
            self.then(answer)
        except Exception:  # noqa: BLE001  # whatever it is, it is not the meter's
            _log.exception("who asked for a reservation could not take the answer")


@dataclass(frozen=True, slots=True)
class Gauges:
    """How a meter is: calls that wait to be settled, asks that wait for an answer, open reservations,
    leases, and why the store cannot be asked at the moment (empty: it can)."""

    waiting: int
    asking: int
    reserved: int
    leases: int
    away: str


class Book:
    """All leases of one owner."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.leases: dict[str, Lease] = {}
        self.loose: set[Lease] = set()
        """Leases whose free part goes back with the next batch."""

    def take(self, path: tuple[Node, ...], amount: int) -> Reservation | None:
        """A reservation where every lease of the path suffices."""
        leases = self.leases
        found = []
        for node in path:
            lease = leases.get(node.id)
            if lease is None or lease.free < amount or lease.limit != node.limit:
                return None
            found.append(lease)
        for lease in found:
            lease.free -= amount
            lease.idle = 0
        return Reservation(self, tuple(found), amount)

    def put_back(self, reservation: Reservation, rest: int) -> None:
        """What a reservation did not use; below 0 where its call cost more than was reserved."""
        for lease in reservation.leases:
            lease.free += rest
            if lease.exact:
                self.loose.add(lease)

    def set_aside(self, asks: Sequence[Ask]) -> dict[str, int]:
        """Take out of the leases what these asks can use of them, by budget."""
        aside: dict[str, int] = {}
        for ask in asks:
            for node in ask.path:
                lease = self.leases.get(node.id)
                if lease is not None and lease.free > 0:
                    # Of a budget whose limit changed all is taken, so that no call passes the new one.
                    taken = lease.free if lease.limit != node.limit else min(lease.free, ask.amount)
                    lease.free -= taken
                    aside[node.id] = aside.get(node.id, 0) + taken
        return aside

    def add(
        self, asks: Sequence[Ask], answers: Sequence[Grant | Refusal], aside: Mapping[str, int]
    ) -> list[Reservation | Refusal]:
        """Enter what was leased for these asks, and make their reservations."""
        granted: dict[str, int] = {}
        needed: dict[str, int] = {}
        made: list[Reservation | Refusal] = []
        for ask, answer in zip(asks, answers, strict=True):
            leases = tuple(self._lease(node) for node in ask.path)
            if isinstance(answer, Refusal):
                made.append(answer)
                continue
            for id_, amount in answer.amounts:
                granted[id_] = granted.get(id_, 0) + amount
            for node in ask.path:
                needed[node.id] = needed.get(node.id, 0) + ask.amount
            made.append(Reservation(self, leases, ask.amount))
        for id_ in {*granted, *needed, *aside}:
            lease, more = self.leases[id_], granted.get(id_, 0)
            rest = aside.get(id_, 0) + more - needed.get(id_, 0)
            lease.owned += more
            lease.free += rest
            if more:
                lease.exact = rest == 0
            if lease.exact and lease.free > 0:
                self.loose.add(lease)
        return made

    def _lease(self, node: Node) -> Lease:
        lease = self.leases.get(node.id)
        if lease is None:
            lease = self.leases[node.id] = Lease(node)
        if lease.limit != node.limit:
            lease.limit = node.limit
            lease.exact = True
        lease.idle = 0
        return lease

    def look(self) -> None:
        """Once a second: what nobody used for a while goes back, what holds nothing is forgotten."""
        empty = []
        for lease in self.leases.values():
            lease.idle += 1
            if lease.idle >= (IDLE_CASE if lease.level is Level.CASE else IDLE):
                if lease.free > 0:
                    self.loose.add(lease)
                elif lease.owned == 0 and lease.free == 0:
                    empty.append(lease.id)
        for id_ in empty:
            del self.leases[id_]

    def cut(self, calls: Sequence[tuple[Call, Reservation | None]]) -> dict[str, int]:
        """What goes back to the store with a batch of these calls, by budget."""
        returned = {}
        for lease in self.loose:
            if lease.free > 0:
                returned[lease.id] = lease.free
                lease.owned -= lease.free
                lease.free = 0
        self.loose.clear()
        touched: set[Lease] = set()
        for call, reservation in calls:
            for lease in reservation.leases if reservation else ():
                lease.owned -= call.cost
                touched.add(lease)
        for lease in touched:
            if lease.owned < 0:
                # Calls cost more than was leased: the store spends that all the same, nobody owes it here.
                lease.free -= lease.owned
                lease.owned = 0
        return returned
