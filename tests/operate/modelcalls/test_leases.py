"""Whatever processes reserve, settle, give back or die of: no budget is passed, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from roadworthy.operate.modelcalls.leases import IDLE_CASE, Book, Reservation
from roadworthy.ports.metering import Spending
from roadworthy.testing.conformance.examples import AT, id_at
from roadworthy.testing.conformance.metering import DEAD_AT_ONCE_S, a_call
from roadworthy.testing.memory import MemoryStore
from roadworthy.usage import Ask, Call, Level, Node, Refusal

ROOT = Node("platform@2026-03", Level.PLATFORM, 3_000)
LEAVES = (
    *(Node(f"key:{number}@2026-03", Level.KEY, 1_000) for number in range(2)),
    Node("case:desk/a", Level.CASE, 60),
)
OWNERS = st.sampled_from(["one", "two", "three"])
AMOUNTS = st.integers(0, 40)


class Processes(RuleBasedStateMachine):
    """Some processes that share one store. Every call costs at most what was reserved for it."""

    @initialize()
    def begin(self) -> None:
        self.store = MemoryStore()
        self.books: dict[str, Book] = {}
        self.open: dict[str, list[Reservation]] = {}
        self.ended: dict[str, list[tuple[Call, Reservation | None]]] = {}
        self.limits = {node.id: node.limit for node in (ROOT, *LEAVES)}
        self.number = 0
        self.cost: dict[str, int] = {}

    def book(self, name: str) -> Book:
        if name not in self.books:
            self.number += 1
            self.books[name] = Book(f"{name}/{self.number}")
            self.open[name], self.ended[name] = [], []
            with self.store.write() as tx:
                self.store.metering.begin(tx, self.books[name].owner, ttl_s=60.0)
        return self.books[name]

    @rule(name=OWNERS, leaf=st.sampled_from(LEAVES), amounts=st.lists(AMOUNTS, min_size=1, max_size=4))
    def reserve(self, name: str, leaf: Node, amounts: list[int]) -> None:
        book = self.book(name)
        rest = []
        for amount in amounts:
            made = book.take((ROOT, leaf), amount)
            if made is None:
                rest.append(Ask((ROOT, leaf), amount))
            else:
                self.open[name].append(made)
        aside = book.set_aside(rest)
        with self.store.write() as tx:
            answers = self.store.metering.lease(tx, book.owner, rest, in_hand=aside)
        for one in book.add(rest, answers, aside):
            if isinstance(one, Refusal):
                assert one.left < max(ask.amount for ask in rest)
            else:
                self.open[name].append(one)

    @rule(name=OWNERS, part=st.floats(0, 1))
    def settle(self, name: str, part: float) -> None:
        if self.open.get(name):
            held = self.open[name].pop()
            self.number += 1
            call = a_call(self.number, cost=int(held.amount * part))
            held.book.put_back(held, held.amount - call.cost)
            self.ended[name].append((call, held))

    @rule(name=OWNERS)
    def cancel(self, name: str) -> None:
        if self.open.get(name):
            held = self.open[name].pop(0)
            held.book.put_back(held, held.amount)

    @rule(name=OWNERS, times=st.integers(1, 31))
    def look(self, name: str, times: int) -> None:
        for _ in range(times):
            self.book(name).look()

    @rule(name=OWNERS)
    def flush(self, name: str) -> None:
        book = self.book(name)
        calls, self.ended[name] = self.ended[name], []
        spending = self._spending(book.owner, calls)
        self._keep(replace(spending, returned=book.cut(calls)))

    @rule(name=OWNERS)
    def die(self, name: str) -> None:
        """It lives after all: what had ended is settled under a new id, what was under way is lost."""
        book = self.book(name)
        with self.store.write() as tx:
            self.store.metering.begin(tx, book.owner, ttl_s=DEAD_AT_ONCE_S)
            assert set(self.store.metering.charge_dead(tx)) == {book.owner}
        late = self.ended[name]
        del self.books[name]
        self._keep(replace(self._spending(self.book(name).owner, late), instead_of=book.owner))

    def _spending(self, owner: str, calls: list[tuple[Call, Reservation | None]]) -> Spending:
        self.number += 1
        paths = tuple(tuple(lease.id for lease in held.leases) for _, held in calls if held)
        return Spending(id_at(self.number), owner, AT, tuple(call for call, _ in calls), paths, {})

    def _keep(self, spending: Spending) -> None:
        with self.store.write() as tx:
            assert self.store.metering.settle(tx, spending) is not None
        for call, path in zip(spending.calls, spending.paths, strict=True):
            for id_ in path:
                self.cost[id_] = self.cost.get(id_, 0) + call.cost

    @invariant()
    def no_budget_is_passed_and_nothing_is_lost(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.read() as tx:
            standing = self.store.metering.standing(tx, list(self.limits))
            charged = self.store.metering.unattributed(tx, list(self.limits))
        for id_, one in standing.items():
            assert one.spent + one.held <= self.limits[id_]
            assert one.spent == self.cost.get(id_, 0) + charged.get(id_, 0)
            leases = [(name, book.leases[id_]) for name, book in self.books.items() if id_ in book.leases]
            waiting = sum(
                call.cost
                for name, _ in leases
                for call, held in self.ended[name]
                if held and id_ in {lease.id for lease in held.leases}
            )
            assert one.held == sum(lease.owned for _, lease in leases)
            reserved = sum(
                held.amount for name, lease in leases for held in self.open[name] if lease in held.leases
            )
            assert sum(lease.free for _, lease in leases) + reserved + waiting == one.held
            assert all(lease.free >= 0 for _, lease in leases)

    def teardown(self) -> None:
        for name, book in getattr(self, "books", {}).items():
            for held in self.open[name]:
                held.book.put_back(held, held.amount)
            self._keep(
                replace(self._spending(book.owner, self.ended[name]), returned=book.cut(self.ended[name]))
            )
            with self.store.write() as tx:
                self.store.metering.end(tx, book.owner)
        if hasattr(self, "store"):
            with self.store.read() as tx:
                standing = self.store.metering.standing(tx, list(self.limits))
                charged = self.store.metering.unattributed(tx, list(self.limits))
            for id_, one in standing.items():
                assert one.held == 0
                assert one.spent == self.cost.get(id_, 0) + charged.get(id_, 0)


TestProcesses = Processes.TestCase
TestProcesses.settings = settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True)


def _asked(store: MemoryStore, book: Book, path: tuple[Node, ...], amount: int) -> Reservation:
    ask = Ask(path, amount)
    aside = book.set_aside([ask])
    with store.write() as tx:
        store.metering.begin(tx, book.owner, ttl_s=60.0)
        answers = store.metering.lease(tx, book.owner, [ask], in_hand=aside)
    (made,) = book.add([ask], answers, aside)
    assert isinstance(made, Reservation)
    return made


def test_what_little_is_left_goes_back_with_the_next_batch() -> None:
    store, book = MemoryStore(), Book("one")
    small = Node("key:k@2026-03", Level.KEY, 30)
    held = _asked(store, book, (small,), 10)
    book.put_back(held, 6)
    assert book.cut([(a_call(cost=4), held)]) == {small.id: 6}
    assert book.leases[small.id].owned == 0


def test_a_lease_that_is_used_stays_and_one_that_is_not_goes_back() -> None:
    store, book = MemoryStore(), Book("one")
    case = Node("case:desk/a", Level.CASE, 100_000)
    _asked(store, book, (ROOT, case), 1)
    assert book.leases[ROOT.id].free == 29
    for _ in range(IDLE_CASE):
        assert book.cut([]) == {}
        book.look()
    assert book.cut([]) == {case.id: 999}
    for _ in range(29):
        assert book.take((ROOT,), 1) is not None
        book.look()
    assert book.loose == set()


def test_calls_dearer_than_their_lease_leave_no_debt_in_memory() -> None:
    store, book = MemoryStore(), Book("one")
    key = Node("key:k@2026-03", Level.KEY, 30)
    first, second = _asked(store, book, (key,), 10), _asked(store, book, (key,), 10)
    book.put_back(first, 10 - 15)
    assert book.cut([(a_call(1, cost=15), first)]) == {}
    assert (book.leases[key.id].free, book.leases[key.id].owned) == (-5, 5)
    book.put_back(second, 0)
    assert book.cut([(a_call(2, cost=10), second)]) == {}
    assert (book.leases[key.id].free, book.leases[key.id].owned) == (0, 0)


def test_a_changed_limit_is_asked_of_the_store_and_old_money_goes_back() -> None:
    store, book = MemoryStore(), Book("one")
    wide = Node("key:k@2026-03", Level.KEY, 10_000)
    _asked(store, book, (wide,), 1)
    narrow = replace(wide, limit=500)
    assert book.take((narrow,), 1) is None
    assert _asked(store, book, (narrow,), 1).amount == 1
    assert book.cut([]) == {wide.id: 98}
