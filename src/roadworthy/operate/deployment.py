"""What every verb works with: the ports of one installation, and the few things all of them do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from roadworthy.gate import RequirementSet
from roadworthy.ledger import Event, SigningKey, encode
from roadworthy.operate.clearance import Clearance
from roadworthy.ports import (
    Clock,
    Engine,
    Entropy,
    Ideas,
    Instruments,
    Loader,
    ModelStore,
    Passwords,
    Store,
    Trainer,
    Transaction,
    Vault,
)
from roadworthy.ports.slips import Slips
from roadworthy.quantities import Cost, Id, new_id
from roadworthy.usage import case_reference


@dataclass(frozen=True, slots=True)
class Prices:
    """What this machine's own work costs, so that a local model is never counted as free."""

    cpu_second: Cost
    """Default: a small cloud core at 0.04 EUR an hour, rounded up to 12,000 nano-EUR a second."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One installation: its ports, wired. Verbs take it as their first argument."""

    store: Store
    vault: Vault
    engine: Engine
    loader: Loader
    models: ModelStore
    trainer: Trainer
    ideas: Ideas
    passwords: Passwords
    clock: Clock
    entropy: Entropy
    clearance: Clearance
    slips: Slips
    requirements: RequirementSet
    prices: Prices
    ledger_key: SigningKey
    ledger_origin: str
    instruments: Callable[[], AbstractContextManager[Instruments]]
    """What data are looked at with. Errors: ``InputProblem`` RW-DATA-215 without the extra ``data``."""

    def new_id(self) -> Id:
        """A fresh id that sorts by this moment."""
        return new_id(self.clock.now(), self.entropy.bytes(10))

    def record(
        self, tx: Transaction, kind: str, actor: str, about: Mapping[str, str], data: Mapping[str, object]
    ) -> None:
        """One event for the ledger, in the business transaction."""
        self.store.ledger.append(tx, encode(Event(kind, actor, self.clock.now(), dict(about), dict(data))))

    def case_reference(self, use_case: str, key: str) -> str:
        """What stands for a case in the records of calls: no way leads back to its key without the vault's."""
        return self.case_references()(use_case, key)

    def case_references(self) -> Callable[[str, str], str]:
        """``case_reference`` for many cases at once: the vault is asked once."""
        # A name that no data subject has: it becomes a secret of this installation.
        secret = self.vault.pseudonym("\0cases in the records of calls").encode()
        return lambda use_case, key: case_reference(secret, use_case, key)

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return self.clock.now()
