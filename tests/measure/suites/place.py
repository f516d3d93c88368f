"""A small installation for tests of the suite runner: a real SQLite file, a real vault, no engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.emptydatabase import an_empty_database, open_sharing

from roadworthy.adapters.sql import SqlStore, SqlVault
from roadworthy.evaluation import Grader, Suite, Test, Transcript
from roadworthy.ledger import SigningKey, decode
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.clearance import Clearance
from roadworthy.operate.deployment import Deployment, Prices
from roadworthy.operate.stopping import read_stopped
from roadworthy.ports import Store, Vault
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import Cost, digest_of
from roadworthy.testing.fixed import FixedClock, SeededEntropy
from roadworthy.wiring import requirements

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
KEK = b"k" * 32
BEN = Principal("ben", "Ben", Kind.PERSON, frozenset({Role.BUILDER}))
VERA = Principal("vera", "Vera", Kind.PERSON, frozenset({Role.REVIEWER}))
EXACT = Grader("exact", "exact")


def deployment_over(store: Store, vault: Vault, clock: FixedClock, entropy: SeededEntropy) -> Deployment:
    return Deployment(
        store=store,
        vault=vault,
        engine=None,  # type: ignore[arg-type]
        loader=None,  # type: ignore[arg-type]
        models=None,  # type: ignore[arg-type]
        trainer=None,  # type: ignore[arg-type]
        ideas=None,  # type: ignore[arg-type]
        passwords=None,  # type: ignore[arg-type]
        clock=clock,
        entropy=entropy,
        clearance=Clearance(lambda: read_stopped(store), clock),
        slips=None,  # type: ignore[arg-type]
        requirements=requirements(),
        prices=Prices(Cost(12_000)),
        ledger_key=SigningKey("test/ledger", b"s" * 32),
        ledger_origin="test/ledger",
        instruments=None,  # type: ignore[arg-type]
    )


class Place:
    """The installation. A second one over the same folder is the same one as another process sees it."""

    def __init__(self, folder: Path, *, seed: int = 3) -> None:
        self.file = folder / "place.sqlite"
        self.clock = FixedClock(START)
        entropy = SeededEntropy(seed)
        if not self.file.exists():
            self.file.write_bytes(an_empty_database())
        engine = open_sharing(f"sqlite:///{self.file}", pool_size=16)
        self.store = SqlStore(engine)
        self.vault = SqlVault(KEK, self.clock, entropy)
        self.deployment = deployment_over(self.store, self.vault, self.clock, entropy)

    def close(self) -> None:
        self.store.close()

    def events(self) -> list[str]:
        sequence_all(self.deployment)
        return [decode(entry.event).kind for entry in self.store.ledger.entries()]

    def erase(self, subject: str) -> None:
        with self.store.write() as tx:
            self.vault.erase(tx, subject, at=self.clock.now())


class Scripted:
    """A target that answers what a table says, and counts how often it was asked."""

    name = "scripted"

    def __init__(
        self,
        answers: Mapping[str, object] | Callable[[Test, int, int], Transcript],
        *,
        version: str = "1",
    ) -> None:
        self._answers = answers
        self.digest = digest_of(["scripted", version])
        self.asked: list[tuple[str, int, int]] = []

    def answer(self, test: Test, *, attempt: int, seed: int) -> Transcript:
        self.asked.append((test.id, attempt, seed))
        if callable(self._answers):
            return self._answers(test, attempt, seed)
        return Transcript(output=self._answers.get(test.id, "right"), cost=Cost(1_000), seconds=0.25)


def a_suite(count: int = 10, *, graders: tuple[Grader, ...] = (EXACT,), repeats: int = 1) -> Suite:
    """Tests whose right answer is ``right``."""
    tests = [
        Test(f"t-{number}", {"text": f"question {number}"}, "right", slices={"part": f"p{number % 2}"})
        for number in range(count)
    ]
    return Suite.of("tone", tests, graders, repeats=repeats, seed=7)
