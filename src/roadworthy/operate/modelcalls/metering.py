"""The meter: what one process that calls models may spend, decided in memory, kept by the store.

A process leases parts of budgets and spends from them without asking. The store adds up what is leased and
what is spent, and never more than the limit; so no number of processes spends too much, and one that dies
leaves a lease that is charged in full.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from roadworthy.errors import InputProblem, RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls import keeping
from roadworthy.operate.modelcalls.leases import Answer, Asked, Book, Gauges, Reservation
from roadworthy.operate.modelcalls.patience import Patience, full, stopped
from roadworthy.ports.metering import GONE, Spending
from roadworthy.usage import Ask, Call, Grant, Node, Refusal

MOST: Final = 10**15
"""Nano-units: more than a million is nobody's call, and sums of it would leave the columns."""
IN_BATCH: Final = 2_000
"""Calls in one batch, so that its ledger event stays small."""
UNFIT: Final = "RW-STORE-014"
"""The store found a value that no column can hold."""
AT_ONCE: Final = 200
"""Asks answered in one transaction."""
LOOK_S: Final = 1.0
LAST_TRIES: Final = 5
"""Attempts to write what waits while stopping."""
_log = logging.getLogger("roadworthy.gateway")

__all__ = ["Answer", "Gauges", "Meter", "Reservation"]


class Meter:
    """What one process spends from. Any thread may use it; one thread of its own talks to the store.

    A call is reserved before it is sent and settled, or cancelled, exactly once afterwards. Settled calls are
    written every ``flush_s`` in batches, each with one ledger event ``calls.settled`` in the same transaction:
    its root (RFC 6962), number and cost, and what it added to each budget above the case. A batch that could
    not be written is tried again under the same id, and so is never written twice.

    When the store is away, leases are spent as before; who needs more than they hold gets ``Unavailable``.
    At most ``most_waiting`` calls are kept for it, beyond that nothing is reserved.

    A process that does not beat for ``ttl_s`` is charged the whole rest of its leases by any other one, with a
    ledger event ``calls.unattributed``. Where it lives after all (it was suspended, or cut off), it drops its
    leases and begins anew under another id. Whatever it spent meanwhile came from leases that were charged in
    full, so no limit was passed. Calls of the old id that are settled afterwards are kept, with an event that
    says ``instead_of``; their cost takes the place of what was charged for nobody, and is not charged again. Only
    what they cost beyond that is. What of the charge no call explains stays charged.
    """

    def __init__(
        self,
        deployment: Deployment,
        *,
        owner: str,
        flush_s: float = 0.5,
        ttl_s: float = 10.0,
        most_waiting: int = 20_000,
    ) -> None:
        self._deployment = deployment
        self._name = owner
        self._flush_s = flush_s
        self._ttl_s = ttl_s
        self._most = most_waiting
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._book: Book | None = None
        self._asks: list[Asked] = []
        self._calls: list[tuple[Call, Reservation | None]] = []
        self._reserved = 0
        self._running = False
        self._thread: threading.Thread | None = None
        # Moments of the monotonic clock; 0: not due.
        self._flush_at = self._beat_at = self._look_at = 0.0
        self._patience = Patience()
        self._batch: Spending | None = None

    # ── asked by any thread ──

    def reserve(
        self, path: tuple[Node, ...], amount: int, then: Callable[[Answer], None]
    ) -> Reservation | None:
        """Hold ``amount`` on every budget of the path: at once where the leases suffice.

        Otherwise None, and ``then`` is called exactly once, from the thread of the meter: with a reservation,
        with the first budget that has not enough left, or with what went wrong. It must not block. Who does
        not wait any more cancels the reservation it is handed.
        Errors: ``Unavailable`` RW-BUDGET-010 where too many calls wait for the store already, RW-BUDGET-011
        where the meter does not run; ``then`` is not called then. ``ValueError`` for an amount that is none.
        """
        reservation = self.take(path, amount)
        if reservation is None:
            self._ask(path, amount, then)
        return reservation

    def take(self, path: tuple[Node, ...], amount: int) -> Reservation | None:
        """The same where the leases suffice, else None and nothing is asked. Errors: ``ValueError``."""
        if not 0 <= amount <= MOST:
            raise ValueError(f"an amount lies between 0 and {MOST}")
        with self._lock:
            book = self._book
            if book is not None and self._running and len(self._calls) + self._reserved < self._most:
                if (reservation := book.take(path, amount)) is not None:
                    self._reserved += 1
                return reservation
        return None

    def _ask(self, path: tuple[Node, ...], amount: int, then: Callable[[Answer], None]) -> None:
        asked = Asked(Ask(path, amount), then)
        with self._lock:
            if not self._running:
                raise stopped()
            if len(self._calls) + self._reserved + len(self._asks) >= self._most:
                raise full(len(self._calls), self._reserved)
            self._asks.append(asked)
            self._wake.notify()

    def settle(self, reservation: Reservation, call: Call) -> bool:
        """The call came to its end: charge ``call.cost`` and free the rest. False if that was done before.

        An estimated call is charged at least what was reserved: an under-estimate never gives money back. A
        cost beyond a million cannot be, and is taken for an estimate.
        After ``stop`` it is False as well: what is reserved then is charged without saying for what.
        """
        cost = call.cost
        if cost > MOST or (call.estimated and cost < reservation.amount):
            call = call._replace(cost=reservation.amount, estimated=True)
            cost = reservation.amount
        if cost < 0:
            raise ValueError("a call costs nothing or more")
        with self._lock:
            if not reservation.open or not self._running:
                return False
            reservation.open = False
            self._reserved -= 1
            rest = reservation.amount - cost
            if rest:
                reservation.book.put_back(reservation, rest)
            self._calls.append((call, reservation))
            if not self._flush_at:
                self._flush_soon()
        return True

    def cancel(self, reservation: Reservation) -> bool:
        """Nothing was sent: all of it is free again, and no row is written. False if it was settled."""
        with self._lock:
            if not reservation.open or not self._running:
                return False
            reservation.open = False
            self._reserved -= 1
            reservation.book.put_back(reservation, reservation.amount)
            if reservation.book.loose and not self._flush_at:
                self._flush_soon()
        return True

    def record(self, call: Call) -> None:
        """A call that cost nothing and reserved nothing, such as an answer from the cache, becomes a row.

        Errors: ``ValueError`` for one that cost something. Once ``most_waiting`` calls wait it is left out.
        """
        if call.cost:
            raise ValueError("a call that costs something is charged on a reservation")
        with self._lock:
            if self._running and len(self._calls) < self._most:
                self._calls.append((call, None))
                if not self._flush_at:
                    self._flush_soon()

    def gauges(self) -> Gauges:
        """For a page that shows how things are."""
        with self._lock:
            return Gauges(
                waiting=len(self._calls) + (len(self._batch.calls) if self._batch else 0),
                asking=len(self._asks),
                reserved=self._reserved,
                leases=len(self._book.leases) if self._book else 0,
                away=self._patience.problem.message if self._patience.problem else "",
            )

    def start(self) -> None:
        """Begin to lease. Started twice: nothing happens. Errors: those of the store."""
        if self._running:
            return
        self._begin()
        self._beat_at = 0.0  # what others left is charged at once
        self._running = True
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits and give the leases back. Stopped twice: nothing happens.

        What is still reserved is not given back: nobody beats for it any more, and it is charged after
        ``ttl_s`` as if the process had died. So is what could not be written.
        """
        with self._lock:
            self._running = False
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    # ── the thread of the meter ──

    def _flush_soon(self) -> None:
        self._flush_at = time.monotonic() + self._flush_s
        self._wake.notify()

    def _run(self) -> None:
        while self._wait():
            if self._book is None and self._patience.is_over:
                self._try(self._begin)
            self._serve()
            if not self._patience.is_over:
                continue
            now = time.monotonic()
            if now >= self._beat_at:
                self._try(self._beat)
            if self._batch is not None or 0 < self._flush_at <= now:
                self._try(self._flush)
            if now >= self._look_at:
                self._look(now)
        self._end()

    def _wait(self) -> bool:
        """Until there is something to do; False once the meter is to stop."""
        with self._lock:
            while self._running and not self._asks:
                due = min(self._beat_at, self._look_at, self._flush_at or self._beat_at)
                if self._batch is not None or self._book is None:
                    due = 0.0
                left = max(due, self._patience.until) - time.monotonic()
                if left <= 0:
                    break
                self._wake.wait(left)
            return self._running

    def _try(self, step: Callable[[], None]) -> RoadworthyError | None:
        """Do it now, or leave it for later; what went wrong, if anything."""
        problem = self._patience.attempt(step)
        if problem is not None and problem.code == GONE:
            self._drop()
        return problem

    def _begin(self) -> None:
        book = Book(f"{self._name}/{self._deployment.new_id()}")
        with self._deployment.store.write() as tx:
            self._deployment.store.metering.begin(tx, book.owner, ttl_s=self._ttl_s)
        with self._lock:
            self._book = book
        self._beat_at = time.monotonic() + self._ttl_s / 3

    def _drop(self) -> None:
        """Taken for dead: nothing of the old leases is spent any more, what waits is settled under a new id."""
        with self._lock:
            old, self._book = self._book, None
        if old is not None:
            _log.warning("the leases of `%s` were charged: it did not beat for too long", old.owner)

    def _beat(self) -> None:
        book = self._book
        if book is None:
            return
        alive = keeping.beat(self._deployment, book.owner)
        self._beat_at = time.monotonic() + self._ttl_s / 3
        if not alive:
            self._drop()

    def _look(self, now: float) -> None:
        with self._lock:
            book = self._book
            if book is not None:
                book.look()
                self._give_back_soon(book, now)
            # Without leases there is nothing to look at before the next beat.
            idle = book is None or not book.leases
        self._look_at = max(now + LOOK_S, self._beat_at) if idle else now + LOOK_S

    def _give_back_soon(self, book: Book, now: float) -> None:
        if book.loose and not self._flush_at:
            self._flush_at = now + self._flush_s

    # ── asks ──

    def _serve(self) -> None:
        with self._lock:
            asked, self._asks = self._asks[:AT_ONCE], self._asks[AT_ONCE:]
            book, answered, rest = self._book, [], []
            for one in asked:
                made = book.take(one.ask.path, one.ask.amount) if book else None
                if made is None:
                    rest.append(one)
                else:
                    self._reserved += 1
                    answered.append((one, made))
        for one, reservation in answered:
            one.tell(reservation)
        if book is not None and rest and self._patience.is_over:
            answers = self._ask_store(book, [one.ask for one in rest])
        else:
            answers = [self._patience.why] * len(rest)
        for one, answer in zip(rest, answers, strict=True):
            one.tell(answer)

    def _ask_store(self, book: Book, asks: Sequence[Ask]) -> list[Answer]:
        leased: tuple[Grant | Refusal, ...] = ()
        unfit: list[InputProblem] = []

        def lease() -> None:
            nonlocal leased
            try:
                leased = keeping.lease(self._deployment, book.owner, asks, aside)
            except InputProblem as problem:
                if problem.code == GONE:
                    raise
                unfit.append(problem)

        with self._lock:
            aside = book.set_aside(asks)
        self._try(lease)
        with self._lock:
            if leased:
                made = book.add(asks, leased, aside)
                self._reserved += sum(isinstance(one, Reservation) for one in made)
            else:
                book.add([], [], aside)
            self._give_back_soon(book, time.monotonic())
        if leased:
            return [*made]
        if unfit and len(asks) > 1:
            # One of them cannot be meant, and which one shows when each is asked alone.
            return [answer for ask in asks for answer in self._ask_store(book, [ask])]
        return [unfit[0] if unfit else self._patience.why] * len(asks)

    # ── batches ──

    def _flush(self) -> None:
        """Write one batch. Where more waits, the next one is due at once."""
        if self._batch is None:
            self._cut()
        if self._batch is not None:
            self._settle(self._batch)
            self._batch = None

    def _settle(self, batch: Spending) -> None:
        book = self._book
        if book is not None and batch.owner != book.owner:
            # Its owner was charged as dead before it could be settled.
            late = batch.instead_of or batch.owner
            batch = self._batch = replace(batch, owner=book.owner, instead_of=late, returned={})
        try:
            keeping.settle(self._deployment, batch)
        except InputProblem as problem:
            if problem.code != UNFIT:
                raise
            # What cannot be written as it was told must not keep everything else from being written.
            batch = self._batch = keeping.fitting(batch)
            keeping.settle(self._deployment, batch)

    def _cut(self) -> None:
        """Make the next batch: calls that were reserved by one owner, in the order of their end."""
        with self._lock:
            now = self._book
            if now is None:
                return
            book = next((held.book for _, held in self._calls[:1] if held is not None), now)
            size = 0
            for _, held in self._calls[:IN_BATCH]:
                if held is not None and held.book is not book:
                    break
                size += 1
            cut, self._calls = self._calls[:size], self._calls[size:]
            returned = book.cut(cut) if book is now else {}
            if not self._calls:
                self._flush_at = 0.0
            if cut or returned:
                calls, paths = [call for call, _ in cut], [held.path if held else () for _, held in cut]
                about = (self._deployment.new_id(), book.owner, self._deployment.now())
                self._batch = Spending(*about, tuple(calls), tuple(paths), returned)

    def _end(self) -> None:
        with self._lock:
            asked, self._asks = self._asks, []
        for one in asked:
            one.tell(stopped())
        failed = 0
        while failed < LAST_TRIES:
            problem = self._try(self._begin) if self._book is None else None
            if problem is None:
                with self._lock:
                    if self._book is not None and self._reserved:
                        self._book.loose.update(self._book.leases.values())
                problem = self._try(self._flush)
            if problem is not None:
                failed += 1
                time.sleep(self._patience.pause_s)
            elif self._batch is None and not self._calls:
                break
        book = self._book
        if book is None or self._batch is not None or self._calls or self._reserved:
            _log.error("what could not be settled will be charged as the rest of a lease")
            return

        def end() -> None:
            with self._deployment.store.write() as tx:
                self._deployment.store.metering.end(tx, book.owner)

        self._try(end)
        with self._lock:
            self._book = None
