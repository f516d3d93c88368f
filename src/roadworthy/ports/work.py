"""What cases run with: durable execution, models, policies, connectors, sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from roadworthy.casework.effect import Idempotency
from roadworthy.casework.prediction import Prediction
from roadworthy.casework.vocabulary import Passage, Workflow
from roadworthy.charter import Charter
from roadworthy.data.contract import Contract
from roadworthy.errors import Problem
from roadworthy.flow import KnownValues
from roadworthy.policy import Answer, Duty, PolicyTest, Request, Rule, Tool
from roadworthy.ports.language import LanguageModel
from roadworthy.ports.state import Transaction
from roadworthy.prompting import ChatPrompt
from roadworthy.quantities import Cost, Digest, digest_of
from roadworthy.routing import Candidate
from roadworthy.usage import Ending, Tokens

if TYPE_CHECKING:
    from roadworthy.ports.knowledge import KnowledgeSource

# ── durable execution ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do later: which handler, under which idempotency key, about which id."""

    kind: str
    key: str
    reference: str
    delay_s: float = 0.0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """How the durable engine does."""

    waiting: int
    running: int
    dead_letters: int
    oldest_waiting_s: float
    executors: int


class Engine(Protocol):
    """Runs jobs until their handler returned once; after a crash, again, by somebody else."""

    def enqueue(self, tx: Transaction, job: Job) -> None:
        """Visible when the transaction commits. The same key twice is one job."""

    def start(self, handlers: Mapping[str, Callable[[str], None]]) -> None: ...

    def stop(self, *, grace_s: float) -> None: ...

    def health(self) -> EngineHealth: ...


# ── what a release runs with ──────────────────────────────────────────────────────────────────────


class TaskModel(Protocol):
    """A model for one task."""

    @property
    def digest(self) -> Digest: ...

    def predict(self, text: str) -> Prediction: ...


@runtime_checkable
class PricedTaskModel(TaskModel, Protocol):
    """A task model whose answers are paid for, each apart from the machine's own work."""

    def predict_priced(self, text: str) -> tuple[Prediction, Cost]:
        """A prediction, and what it cost."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question to a language model, and what it took. No content.

    ``model`` is its name in the charter, ``price`` the snapshot of its price, ``reserved`` the most that the
    question could cost, ``route`` why this model was asked.
    """

    task: str
    model: str
    ending: Ending
    tokens: Tokens
    cost: Cost
    attempts: int = 1
    estimated: bool = False
    reserved: int = 0
    millis: int = 0
    price: str = ""
    route: str = ""


@runtime_checkable
class MeteredTaskModel(PricedTaskModel, Protocol):
    """A task model that asks a language model, and tells every question apart."""

    def predict_metered(self, text: str) -> tuple[Prediction, tuple[Exchange, ...]]:
        """A prediction, and the questions behind it: together they cost what ``predict_priced`` says.

        Errors: ``Unanswered`` with the bill of all of them.
        """


@dataclass(frozen=True, slots=True)
class Chat:
    """A task of kind ``chat``: its prompt, and the models of the charter that may answer.

    ``prices`` names the snapshot of each candidate's price. ``floor`` is None where no suite measures them.
    """

    task: str
    prompt: ChatPrompt
    candidates: tuple[Candidate, ...]
    models: Mapping[str, LanguageModel]
    prices: Mapping[str, str]
    region: str
    floor: float | None
    escalate_below: float | None

    @property
    def digest(self) -> Digest:
        """Of everything that decides what is asked."""
        return digest_of(
            {
                "prompt": self.prompt.digest,
                "models": {name: model.digest for name, model in self.models.items()},
                "escalate_below": repr(self.escalate_below),
            }
        )


class Retriever(Protocol):
    """Finds passages in one knowledge source."""

    def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        """The best passages that may be read on behalf of this data subject (a pseudonym), best first.

        Errors: ``Unavailable`` where something it searches with does not answer.
        """


class Writer(Protocol):
    """Generates text for a task. The built-in one fills approved templates."""

    def write(self, task: str, facts: Mapping[str, object]) -> tuple[Mapping[str, object], Cost]:
        """Fields of the answer (``text`` at least) and what it cost.

        Errors: ``InputProblem`` RW-WRITER-001 if it knows no such task or a fact is missing.
        """


@runtime_checkable
class ApprovedWriter(Writer, Protocol):
    """A writer that fills texts in which somebody approved with the release."""

    @property
    def approved(self) -> Sequence[str]:
        """Those texts: links that stand in them may stand in what is sent."""


class Policies(Protocol):
    """What is allowed, judged request by request."""

    @property
    def digest(self) -> str: ...

    def decide(self, request: Request) -> Answer: ...

    def may(self, duty: Duty) -> Answer:
        """May this person say yes to this, after what they did before? Roles were asked elsewhere."""

    def coverage(self, tools: Sequence[Tool]) -> Mapping[str, bool]: ...

    def lint(self, tools: Sequence[Tool] = ()) -> Sequence[Problem]:
        """What is legal in the use case's own policies but probably not meant."""

    def remaining(self, request: Request) -> Mapping[str, str]:
        """By policy: what it still asks of the situation of this request's tool. Advice, never a decision."""

    def place_of(self, rule: str) -> str:
        """Where a rule stands, ``file:line``; empty for what the engine itself says."""

    def written(self) -> Sequence[Rule]:
        """Every rule with its text: those about calls, then those about people, the house's first."""


class Connector(Protocol):
    """One tool: a read call, or a write that is felt once per key as far as it promises."""

    @property
    def idempotency(self) -> Idempotency: ...

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Read. Errors: ``Unavailable``, ``InputProblem``."""

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Write. Errors: ``Unavailable`` (with ``retry_is_safe``), ``InputProblem`` if refused for good."""

    def lookup(self, key: str) -> Mapping[str, object] | None:
        """What became of a key; None if it was never felt. Only where ``idempotency`` is lookup."""


class SourceReader(Protocol):
    """Read-only questions to a declared data source."""

    def rows(self, sql: str, *, limit: int = 100_000) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class LoadedRelease:
    """A release ready to run in this process."""

    digest: Digest
    charter: Charter
    workflow: Workflow
    policies: Policies
    models: Mapping[str, TaskModel]
    retrievers: Mapping[str, Retriever]
    bases: Mapping[str, KnowledgeSource]
    """What the retrievers search, by knowledge source."""
    writer: Writer
    tools: Mapping[str, Connector]
    sources: Mapping[str, SourceReader]
    chats: Mapping[str, Chat] = field(default_factory=dict)
    """What language models write, by task; every other task is written by ``writer``."""
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    """What is promised about the data, by source; sources without a contract are missing here."""
    locations: Mapping[str, str] = field(default_factory=dict)
    """Where the sources lie, ready to be opened as tables."""
    registries: Mapping[str, Mapping[str, KnownValues]] = field(default_factory=dict)
    """Where control arguments have to stand to be trusted, by tool and argument."""
    policy_tests: tuple[PolicyTest, ...] = ()
    """What the use case's policies are held to."""


class Loader(Protocol):
    """Unpacks a release under a package name of its own and keeps it; several live side by side."""

    def charter(self, digest: str) -> Charter:
        """What the release promises. Nothing of the release runs: this is how to look at a draft.

        Errors: as ``load``, as far as archive and charter are concerned."""

    def load(self, digest: str) -> LoadedRelease:
        """The release, ready to run: its code is imported here.

        Errors: ``InputProblem`` RW-LOADER-00x for what the release lacks, ``Corrupt`` if altered."""


class ModelStore(Protocol):
    """Trained models by content."""

    def put(self, blob: bytes) -> Digest: ...

    def get(self, digest: str) -> bytes:
        """Errors: ``Corrupt`` RW-MODEL-001 if it is missing, RW-MODEL-002 if it was altered."""


class Trainer(Protocol):
    """Makes task models."""

    def train(
        self, task: str, texts: Sequence[str], labels: Sequence[str], *, features: str, seed: int
    ) -> tuple[TaskModel, bytes]:
        """A model and the bytes that bring it back."""


class Passwords(Protocol):
    """Turns passwords into what may be stored."""

    def hash(self, password: str) -> str: ...

    def verify(self, hashed: str, password: str) -> bool: ...
