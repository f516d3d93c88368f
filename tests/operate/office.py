"""A small installation for tests of the verbs: real SQLite, real Cedar, a drained engine, plain tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from tests.emptydatabase import an_empty_database, open_sharing

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.adapters.files import FileIdeas, FileSlips
from roadworthy.adapters.sql import SqlStore, SqlVault
from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import Idempotency
from roadworthy.casework.prediction import Prediction
from roadworthy.casework.vocabulary import Handler, Workflow
from roadworthy.charter import Charter, read
from roadworthy.errors import InputProblem, NotFound
from roadworthy.ledger import SigningKey
from roadworthy.operate.clearance import Clearance
from roadworthy.operate.deployment import Deployment, Prices
from roadworthy.operate.intake import submit
from roadworthy.operate.stopping import read_stopped
from roadworthy.operate.work import handlers
from roadworthy.ports import LoadedRelease, Retriever
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import Cost, Digest, Share, digest_of
from roadworthy.release import Archive, Release, sign_release
from roadworthy.stage import Stage
from roadworthy.testing.engine import MemoryEngine
from roadworthy.testing.fixed import FixedClock, SeededEntropy
from roadworthy.trust import Certificate
from roadworthy.wiring import requirements

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)

CHARTER = """
use_case: desk
title: Test desk
objective: Test
purpose: testing
region: eu
owners: {business: olga, technical: ben, risk: rita, support: ben}
kpi: {name: k, unit: share, target: 1, baseline: {source: books, sql: select 1}}
value: {cases_per_month: 100, minutes_per_case: 1, cost_per_hour: 1.00 EUR, cost_of_error: 1.00 EUR}
risk: {tier: limited, worst_case: none}
autonomy: automatic
budget: {per_case: 1.00 EUR, per_month: 1000.00 EUR}
input:
  text: {type: text, max_length: 200}
  sender: {type: email, trusted: true, subject: true, required: false}
  amount: {type: integer, trusted: true, required: false}
data:
  books: {url: "sqlite:///none", owner: olga, steward: olga}
tasks:
  intent: {kind: classify, text: text, floor: 0.5}
certificates:
  intent: {task: intent, alpha: 0.05}
tools:
  books.look: {use: sql.query, source: books, trusted: [account]}
  mail.reply: {use: sql.insert, source: books, sink: message, control: [to], error: intent, idempotency: native, undo: mail.withdraw}
  mail.withdraw: {use: sql.delete, source: books, sink: delete, idempotency: native}
  bank.pay: {use: sql.insert, source: books, sink: money, control: [account], amount: amount, error: intent, idempotency: native}
  fax.send: {use: sql.insert, source: books, sink: message, control: [to], error: intent, idempotency: none}
  post.send: {use: sql.insert, source: books, sink: message, control: [to], error: intent, idempotency: lookup}
review: {hours_per_week: 10, minutes_per_review: 1, due: 1h, escalate_to: owner, undo_window: 0s, editor: text}
release:
  canary: {share: 0.5, min_cases: 20, margin: 0.03, tolerance: 0.2}
"""

POLICIES = """
@id("desk.all")
@reason("the desk may use its tools")
permit (principal, action, resource);

@id("desk.pay-large")
@obligation("approval")
@role("risk_officer")
@reason("a large payment is approved by risk")
forbid (principal, action, resource == Tool::"bank.pay")
when { context.amount_minor > 1000 }
unless { context.approvals.contains("desk.pay-large") };

@id("desk.pay-daily")
@reason("the payments of one day stay below 50.00")
forbid (principal, action, resource == Tool::"bank.pay")
when { context.spent_today_minor + context.amount_minor > 5000 };
"""


@dataclass
class Tool:
    """A connector that keeps what it was sent and does what a test tells it to."""

    idempotency: Idempotency = Idempotency.NATIVE
    felt: dict[str, Mapping[str, object]] = field(default_factory=dict)
    sends: list[str] = field(default_factory=list)
    calls: int = 0
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    answer: Mapping[str, object] = field(default_factory=lambda: {"account": "A-1", "balance": 5})

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        self.calls += 1
        self.before()
        return self.answer

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        self.before()
        self.sends.append(key)
        self.felt.setdefault(key, dict(arguments))
        self.after()
        return {"id": key}

    def lookup(self, key: str) -> Mapping[str, object] | None:
        return {"id": key} if key in self.felt else None


class Model:
    """Says what the text says: ``refund 0.9`` is the label refund with confidence 0.9."""

    digest = digest_of("model")

    def predict(self, text: str) -> Prediction:
        label, _, confidence = text.partition(" ")
        return Prediction("intent", label, float(confidence or 0.9), "other", 0.05, (), self.digest)


class Writer:
    def write(self, task: str, facts: Mapping[str, object]) -> tuple[Mapping[str, object], Cost]:
        if task != "reply":
            raise InputProblem("RW-WRITER-001", f"no template `{task}`")
        return {"text": f"about {facts.get('about')}"}, Cost(500)


@cache
def the_policies() -> CedarPolicies:
    """Read once: a real loader keeps what it loaded, too."""
    return CedarPolicies({"desk.cedar": POLICIES})


@cache
def the_charter(text: str) -> Charter:
    """Read once: the tests' charters are few, and reading one takes longer than most tests."""
    return read(text, file="charter.yaml")


def person(id_: str, *roles: Role) -> Principal:
    return Principal(id_, id_.title(), Kind.PERSON, frozenset(roles))


OLGA = person("olga", Role.OWNER)
RITA = person("rita", Role.RISK_OFFICER)
BEN = person("ben", Role.BUILDER, Role.OPERATOR)
VERA = person("vera", Role.REVIEWER)
SHOP = Principal("shop", "Shop", Kind.SERVICE, frozenset({Role.CLIENT}))


class Office:
    """The installation, with handles for what tests look at. ``address``: of an empty, migrated database; else one of its own."""

    def __init__(self, folder: Path, *, address: str = "") -> None:
        self.clock = FixedClock(START)
        entropy = SeededEntropy(3)
        if not address:
            (folder / "office.sqlite").write_bytes(an_empty_database())
        self.address = address or f"sqlite:///{folder / 'office.sqlite'}"
        engine = open_sharing(self.address)
        self.store = SqlStore(engine)
        self.engine = MemoryEngine(self.clock)
        self.slips = FileSlips(folder / "stops")
        self.workflows: dict[str, Handler] = {}
        self.charters: dict[str, Charter] = {}
        self.retrievers: dict[str, Retriever] = {}
        self.tools = {
            "books.look": Tool(), "mail.reply": Tool(), "mail.withdraw": Tool(), "bank.pay": Tool(),
            "fax.send": Tool(Idempotency.NONE), "post.send": Tool(Idempotency.LOOKUP),
        }  # fmt: skip
        self.deployment = Deployment(
            store=self.store,
            vault=SqlVault(b"k" * 32, self.clock, entropy),
            engine=self.engine,
            loader=self,
            models=None,  # type: ignore[arg-type]
            trainer=None,  # type: ignore[arg-type]
            ideas=FileIdeas(folder / "ideas"),
            passwords=None,  # type: ignore[arg-type]
            clock=self.clock,
            entropy=entropy,
            clearance=Clearance(lambda: read_stopped(self.store, self.slips), self.clock),
            slips=self.slips,
            requirements=requirements(),
            prices=Prices(Cost(12_000)),
            ledger_key=SigningKey("test/ledger", b"s" * 32),
            ledger_origin="test/ledger",
            instruments=None,  # type: ignore[arg-type]
        )
        self.engine.start(handlers(self.deployment))
        with self.store.write() as tx:
            for who in (OLGA, RITA, BEN, VERA, SHOP):
                self.store.people.add(tx, who)

    def charter(self, digest: str) -> Charter:
        if digest not in self.charters:
            raise NotFound("RW-RELEASE-002", "no such release")
        return self.charters[digest]

    def load(self, digest: str) -> LoadedRelease:
        if digest not in self.workflows:
            raise NotFound("RW-RELEASE-002", "no such release")
        return LoadedRelease(
            digest=Digest(digest),
            charter=self.charters[digest],
            workflow=Workflow("desk", self.workflows[digest]),
            policies=the_policies(),
            models={"intent": Model()},
            retrievers=self.retrievers,
            bases={},
            writer=Writer(),
            tools=self.tools,
            sources={},
        )

    def release(
        self, handler: Handler, *, stage: Stage = Stage.PRODUCTION, share: float = 1.0, threshold: float | None = 0.8,
        number: int = 1, charter: str = CHARTER,
    ) -> Release:  # fmt: skip
        """A release at a stage, with a certificate unless ``threshold`` is None."""
        archive = Archive({"charter.yaml": charter.encode(), "workflow.py": f"# {number}".encode()})
        now = self.clock.now()
        release = Release(archive.digest, "desk", number, "ben", "", stage, Share(share), now, now)
        release = sign_release(release, archive, self.deployment.ledger_key)
        self.workflows[archive.digest] = handler
        self.charters[archive.digest] = the_charter(charter)
        with self.store.write() as tx:
            self.store.releases.add(tx, release, archive)
            if threshold is not None:
                self.store.evidence.add_certificate(
                    tx,
                    Certificate(
                        id=self.deployment.new_id(), use_case="desk", release=release.digest, error_kind="intent",
                        alpha=Share(0.05), delta=Share(0.05), threshold=threshold, n=100, accepted=80, wrong=0,
                        upper=0.04, automation=0.8, data_digest=digest_of([]), certified_at=now,
                        expires_at=now + timedelta(days=30),
                        effects=("mail.reply", "bank.pay", "fax.send", "post.send"),
                    ),
                )  # fmt: skip
        self.deployment.clearance.forget()
        return release

    def submit(self, key: str, text: str = "refund 0.9", **more: str) -> CaseRecord:
        """A case; the last part of its key, where it is a number, is the amount it is about."""
        number = key.rsplit("-", 1)[-1]
        data = {"text": text, "sender": "ada@example.com", **more}
        if number.isdecimal():
            data["amount"] = int(number)
        return submit(self.deployment, SHOP, "desk", key, data).case

    def work(self) -> None:
        """Run every job that is due."""
        self.engine.drain()

    def later(self, **time: float) -> None:
        self.clock.advance(timedelta(**time))

    def case(self, key: str, *, twin: str = "") -> CaseRecord:
        with self.store.read() as tx:
            case = self.store.cases.by_key(tx, "desk", key, twin=twin)
        assert case is not None
        return case

    def effects(self, key: str) -> list[Any]:
        with self.store.read() as tx:
            return list(self.store.effects.of_case(tx, self.case(key).id))

    def reviews(self, key: str) -> list[Any]:
        with self.store.read() as tx:
            return list(self.store.reviews.of_case(tx, self.case(key).id))

    def events(self) -> Iterator[str]:
        from roadworthy.ledger import decode
        from roadworthy.operate.bookkeeping import sequence_all

        sequence_all(self.deployment)
        return (decode(entry.event).kind for entry in self.store.ledger.entries())


__all__ = ["BEN", "CHARTER", "OLGA", "RITA", "SHOP", "START", "VERA", "Office", "Tool", "person"]
