"""Releases whose effects reach nobody: receivers that only write down, and models that answer from recordings."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from roadworthy.casework.effect import Idempotency
from roadworthy.casework.prediction import Prediction
from roadworthy.casework.vocabulary import Passage
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.drills.absent import Present, say
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.logged import now_about
from roadworthy.ports import Connector, LoadedRelease, Loader, PricedTaskModel, Retriever, TaskModel, Writer
from roadworthy.ports.language import Completion, LanguageModel, Message
from roadworthy.ports.rehearsing import Gone, Witness
from roadworthy.quantities import Cost, Digest, canonical, digest_of
from roadworthy.usage import Tokens

SEND_S = (0.005, 0.05)
"""How long a simulated receiver takes: between these, by lot."""
TAKEN = 0.5
"""The part of effects that a receiver took before it failed: nobody who sent them can tell which."""
LOOKED_AT = 300
"""So many of the newest cases are searched for recorded answers of models."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One answer of a model: what it was, and how long it took."""

    value: object
    seconds: float


class Rehearsed:
    """Loads releases for a mirrored environment. What they ask is witnessed, what they send reaches nobody.

    Local models, read tools (on the copy of the data), retrieval and templates are the real ones. ``answers``
    gives what a step of a use case was answered with in the past; it is asked only for models of others.
    ``outside`` is what may be away meanwhile.
    Errors, beside those of the loader: ``InputProblem`` RW-DRILL-006 where no answer of such a model is on record.
    """

    def __init__(
        self,
        inner: Loader,
        witness: Witness,
        answers: Callable[[str, str], Sequence[Recorded]],
        *,
        seed: int,
        outside: Present | None = None,
    ) -> None:
        self._inner = inner
        self._witness = witness
        self._outside = outside or Present()
        self._answers = answers
        self._seed = seed
        self._known: dict[str, LoadedRelease] = {}
        self._lock = threading.Lock()

    def charter(self, digest: str) -> Charter:
        """What the release promises."""
        return self._inner.charter(digest)

    def load(self, digest: str) -> LoadedRelease:
        """The release as it runs in a drill."""
        with self._lock:
            if digest not in self._known:
                self._known[digest] = self._rehearsed(self._inner.load(digest))
            return self._known[digest]

    def _rehearsed(self, loaded: LoadedRelease) -> LoadedRelease:
        see = _Seen(self._witness)
        use_case = loaded.charter.use_case
        models: dict[str, TaskModel] = {
            task: _Model(self._replayed(loaded.charter, task, model), task, see)
            if isinstance(model, PricedTaskModel)
            else _Model(model, task, see)
            for task, model in loaded.models.items()
        }
        chats = {
            task: replace(
                chat,
                models={
                    name: _Replay(
                        model,
                        task,
                        self._required(use_case, f"generate:{task}"),
                        self._seed,
                        see,
                        self._provided(loaded.charter, name, f"generate:{task}"),
                    )
                    for name, model in chat.models.items()
                },
            )
            for task, chat in loaded.chats.items()
        }
        tools: dict[str, Connector] = {
            name: _Receiver(name, tool.idempotency, self._witness, self._seed, self._outside)
            if loaded.charter.tools[name].writes
            else _Reader(name, tool, see, self._outside)
            for name, tool in loaded.tools.items()
        }
        return replace(
            loaded,
            models=models,
            chats=chats,
            tools=tools,
            retrievers={name: _Shelf(name, one, see) for name, one in loaded.retrievers.items()},
            writer=_Pen(loaded.writer, see),
        )

    def _replayed(self, charter: Charter, task: str, model: TaskModel) -> TaskModel:
        answers = self._required(charter.use_case, f"predict:{task}")
        asked = charter.tasks[task].model
        provider = self._provided(charter, asked, f"predict:{task}") if asked else None
        return _Oracle(model.digest, answers, self._seed, provider or _Recording())

    def _provided(self, charter: Charter, name: str, step: str) -> _Recording:
        model = self._outside.provider(charter, name)
        return _Recording() if model is None else _Provider(model, name, step, self._outside)

    def _required(self, use_case: str, step: str) -> Sequence[Recorded]:
        found = self._answers(use_case, step)
        if not found:
            raise InputProblem(
                "RW-DRILL-006",
                Problem("no answer of its language model is on record to replay", place=step),
                hint="work some cases first, such as a pilot; a drill asks no model that costs money",
            )
        return found


def recorded_answers(deployment: Deployment) -> Callable[[str, str], Sequence[Recorded]]:
    """Answers of models in the newest cases, by use case and name of their step. What was erased is left out."""
    known: dict[str, dict[str, list[Recorded]]] = {}

    def answers(use_case: str, step: str) -> Sequence[Recorded]:
        if use_case not in known:
            known[use_case] = _read(deployment, use_case)
        return known[use_case].get(step, [])

    return answers


def _read(deployment: Deployment, use_case: str) -> dict[str, list[Recorded]]:
    found: dict[str, list[Recorded]] = {}
    after, left = "", LOOKED_AT
    while left > 0:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(tx, use_case, after=after, limit=min(left, 100))
            gone = deployment.vault.erased(tx, [case.subject for case in page.rows])
            for case in page.rows:
                if case.subject in gone:
                    continue
                for step in deployment.store.cases.steps(tx, case.id, run=case.run):
                    if step.name.startswith(("predict:", "generate:")) and step.began_at is not None:
                        value = deployment.vault.open(tx, step.result)["value"]
                        took = max(0.0, (step.recorded_at - step.began_at).total_seconds())
                        found.setdefault(step.name, []).append(Recorded(value, took))
        left -= len(page.rows)
        after = page.after
        if not after:
            break
    return found


class _Seen:
    """Notes that a step begins, with the case that this thread works on."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    def __call__(self, what: str, asked: object) -> None:
        about = now_about()
        if about.get("case"):
            where = f"{about['case']}/{about.get('run', '')}"
            self._witness.note("step", about=where, what=what, digest=digest_of(asked))


class _Model:
    def __init__(self, inner: TaskModel, task: str, see: _Seen) -> None:
        self._inner, self._task, self._see = inner, task, see

    @property
    def digest(self) -> Digest:
        return self._inner.digest

    def predict(self, text: str) -> Prediction:
        self._see(f"predict:{self._task}", text)
        return self._inner.predict(text)


class _Recording:
    """Gives a recorded answer after the time that it took."""

    def told(self, text: str, seconds: float) -> None:
        """Return when it is given. Errors: ``Unavailable`` where there is nobody to give it."""
        time.sleep(seconds)


class _Provider(_Recording):
    """Gives it through the real client and a stand-in of the model's server, which may be away."""

    def __init__(self, model: LanguageModel, name: str, step: str, outside: Present) -> None:
        self._model, self._name, self._step, self._outside = model, name, step, outside

    def told(self, text: str, seconds: float) -> None:
        with self._outside.tried(f"model:{self._name}", step=self._step):
            self._model.complete(say(text, seconds))


class _Oracle:
    """A model of others: answers what it answered in the past, as fast as it did."""

    def __init__(
        self, digest: Digest, answers: Sequence[Recorded], seed: int, provider: _Recording
    ) -> None:
        self._digest, self._answers, self._seed, self._provider = digest, answers, seed, provider

    @property
    def digest(self) -> Digest:
        return self._digest

    def predict(self, text: str) -> Prediction:
        one = _drawn(self._answers, self._seed, text)
        self._provider.told(canonical(one.value).decode(), one.seconds)
        assert isinstance(one.value, Mapping)
        return Prediction.from_json(one.value)


class _Replay:
    """A language model of others: writes what was written in the past, as fast as it was."""

    def __init__(
        self,
        inner: LanguageModel,
        task: str,
        answers: Sequence[Recorded],
        seed: int,
        see: _Seen,
        provider: _Recording,
    ) -> None:
        self._inner, self._task, self._answers, self._seed, self._see = inner, task, answers, seed, see
        self._provider = provider

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def digest(self) -> Digest:
        return self._inner.digest

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 1,
        schema: Mapping[str, object] | None = None,
    ) -> Completion:
        asked = [str(message) for message in messages]
        self._see(f"generate:{self._task}", asked)
        one = _drawn(self._answers, self._seed + seed, "".join(asked))
        fields = one.value if isinstance(one.value, Mapping) else {}
        plain = schema is None and isinstance(fields.get("text"), str)
        text = str(fields["text"]) if plain else canonical(one.value).decode()
        self._provider.told(text, one.seconds)
        return Completion(text, Tokens(), Cost(0), self._inner.name)


class _Reader:
    def __init__(self, name: str, inner: Connector, see: _Seen, outside: Present) -> None:
        self._name, self._inner, self._see, self._outside = name, inner, see, outside
        self._part = f"tool:{name}"

    @property
    def idempotency(self) -> Idempotency:
        return self._inner.idempotency

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        self._see(f"call:{self._name}", sorted((name, str(value)) for name, value in arguments.items()))
        with self._outside.tried(self._part, step=f"call:{self._name}"):
            if how := self._outside.how(self._part):
                raise self._outside.miss(self._part, how)
            return self._inner.call(arguments)

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        raise InputProblem("RW-DRILL-005", Problem("a read tool sends nothing", place=self._name))

    def lookup(self, key: str) -> Mapping[str, object] | None:
        return None


class _Receiver:
    """Takes effects and does nothing with them; keeps the promise about repeated keys that the real one gives."""

    def __init__(
        self, name: str, idempotency: Idempotency, witness: Witness, seed: int, outside: Present
    ) -> None:
        self._name, self._idempotency, self._witness, self._seed = name, idempotency, witness, seed
        self._outside, self._part = outside, f"tool:{name}"

    @property
    def idempotency(self) -> Idempotency:
        return self._idempotency

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        raise InputProblem(
            "RW-DRILL-005", Problem("a write tool is not asked in a drill", place=self._name)
        )

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        self._witness.note("sent", about=key, what=self._name)
        lot = random.Random(f"{self._seed} {key}")  # noqa: S311 - seeded lots, no secrets
        moment = lot.uniform(*SEND_S)
        with self._outside.tried(self._part, step=f"send:{self._name}", about=key):
            if how := self._outside.how(self._part):
                if how is not Gone.REFUSING and lot.random() < TAKEN:
                    self._feel(key)
                raise self._outside.miss(self._part, how, retry_is_safe=how is Gone.REFUSING)
            time.sleep(moment / 2)
            self._feel(key)
            time.sleep(moment / 2)
        return {"simulated": True}

    def _feel(self, key: str) -> None:
        if self._idempotency is not Idempotency.NATIVE or self._witness.first(key):
            self._witness.note("felt", about=key, what=self._name)

    def lookup(self, key: str) -> Mapping[str, object] | None:
        if how := self._outside.how(self._part):
            raise self._outside.miss(self._part, how)
        felt = any(one.word == "felt" and one.about == key for one in self._witness.sightings())
        return {"simulated": True} if felt else None


class _Shelf:
    def __init__(self, name: str, inner: Retriever, see: _Seen) -> None:
        self._name, self._inner, self._see = name, inner, see

    def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        self._see(f"retrieve:{self._name}", [query, top_k])
        return self._inner.search(query, top_k=top_k, subject=subject)


class _Pen:
    def __init__(self, inner: Writer, see: _Seen) -> None:
        self._inner, self._see = inner, see

    def write(self, task: str, facts: Mapping[str, object]) -> tuple[Mapping[str, object], Cost]:
        self._see(f"generate:{task}", sorted((name, str(value)) for name, value in facts.items()))
        return self._inner.write(task, facts)


def _drawn(answers: Sequence[Recorded], seed: int, asked: str) -> Recorded:
    return random.Random(f"{seed} {asked}").choice(answers)  # noqa: S311 - a seeded draw, not a secret
