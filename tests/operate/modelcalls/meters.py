"""Meters over a store, and what tests ask of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from tests.measure.suites.place import deployment_over

from roadworthy.errors import Unavailable
from roadworthy.ledger import Event, decode
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls.leases import Answer, Reservation
from roadworthy.operate.modelcalls.metering import Meter
from roadworthy.ports import Store
from roadworthy.testing.conformance.examples import AT
from roadworthy.testing.fixed import FixedClock, SeededEntropy
from roadworthy.testing.memory import MemoryStore
from roadworthy.testing.memory.transaction import MemoryTransaction
from roadworthy.usage import Level, Node

PATIENCE_S = 20.0
PLATFORM = Node("platform@2026-03", Level.PLATFORM, 10_000)
KEY = Node("key:k@2026-03", Level.KEY, 1_000)
PATH = (PLATFORM, KEY)


class Fickle(MemoryStore):
    """A store that can be away, or lose the news of a commit."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.loses_news = 0
        self.writes = 0

    @contextmanager
    def write(self) -> Iterator[MemoryTransaction]:
        if self.away:
            raise Unavailable("RW-STORE-008", "the database cannot be reached", retry_is_safe=True)
        with super().write() as tx:
            self.writes += 1
            yield tx
        if self.loses_news:
            self.loses_news -= 1
            raise Unavailable(
                "RW-STORE-008", "the connection was lost while committing", retry_is_safe=False
            )


def a_deployment(store: Store, *, seed: int = 3) -> Deployment:
    return deployment_over(store, None, FixedClock(AT), SeededEntropy(seed))  # type: ignore[arg-type]


def events(deployment: Deployment) -> list[Event]:
    sequence_all(deployment)
    return [decode(entry.event) for entry in deployment.store.ledger.entries()]


def ask(meter: Meter, amount: int, path: tuple[Node, ...] = PATH) -> Answer:
    """The answer, at once or later."""
    later: SimpleQueue[Answer] = SimpleQueue()
    return meter.reserve(path, amount, later.put) or later.get(timeout=PATIENCE_S)


def reserved(meter: Meter, amount: int, path: tuple[Node, ...] = PATH) -> Reservation:
    answer = ask(meter, amount, path)
    assert isinstance(answer, Reservation), answer
    return answer


def standing(store: Store, node: Node) -> tuple[int, int]:
    """(spent, held)."""
    with store.read() as tx:
        one = store.metering.standing(tx, [node.id])[node.id]
    return one.spent, one.held
