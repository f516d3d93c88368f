"""Rehearsed cases: mirrors of recorded ones and tests of a suite. Nothing of them leaves, nobody is asked.

A mirrored case runs the same workflow code on another release. Its effects are simulated; what it
asks is answered by what its original recorded. Who else may be asked stands in the name of its
twin, so that whichever process goes on with it asks nobody else.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from roadworthy.casework.case import CaseRecord, Event, State, move
from roadworthy.casework.effect import EffectRecord, EffectState, Idempotency
from roadworthy.casework.journal import Step
from roadworthy.casework.vocabulary import Passage
from roadworthy.charter import Charter
from roadworthy.disposition import Kind
from roadworthy.errors import Conflict, NotFound, Problem, RoadworthyError
from roadworthy.flow import KnownValues
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.plain import plain
from roadworthy.operate.progress import moved_on
from roadworthy.ports import Connector, LoadedRelease, Loader, Retriever, Transaction
from roadworthy.quantities import Cost
from roadworthy.release import Release
from roadworthy.stage import Stage

MIRROR, EVALUATION = "mirror:", "eval:"
NOT_RECORDED = "RW-MIRROR-001"
NOBODY_ANSWERS = "RW-MIRROR-002"

Reads = Literal["recorded", "sandbox", "live"]
"""Who answers what no recording does: nobody, a copy of the data, or the systems themselves."""


@dataclass(frozen=True, slots=True)
class Twin:
    """What the twin of a mirrored case says: of which case, on which release, under which conditions."""

    release: str
    reads: Reads
    conditions: str
    """Hexadecimal digits that stand for the certificates in force: under other ones it is another mirror."""
    original: str

    def __str__(self) -> str:
        return f"{MIRROR}{self.release}:{self.reads}-{self.conditions}:{self.original}"

    @classmethod
    def of(cls, twin: str) -> Twin | None:
        """The twin of a mirrored case; None for any other."""
        if not twin.startswith(MIRROR):
            return None
        release, how, original = twin.removeprefix(MIRROR).rsplit(":", 2)
        reads, _, conditions = how.partition("-")
        return cls(release, cast(Reads, reads), conditions, original)


class Sandboxed:
    """The port ``Loader`` for releases whose read tools work on a copy of the data.

    ``loader`` loads releases that were assembled with the copy's folder. Cases that are mirrored with
    a sandbox ask it; by any other loader they are told that nothing was recorded.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def charter(self, digest: str) -> Charter:
        """As the loader says."""
        return self._loader.charter(digest)

    def load(self, digest: str) -> LoadedRelease:
        """As the loader says."""
        return self._loader.load(digest)


def rehearsed(case: CaseRecord) -> bool:
    """A mirrored case or a test: it ends by itself, whatever happens, and waits for nobody."""
    return case.twin.startswith((MIRROR, EVALUATION))


def begin_mirrored(
    deployment: Deployment,
    tx: Transaction,
    original: CaseRecord,
    release: Release,
    twin: Twin,
    *,
    actor: str,
) -> CaseRecord:
    """The mirror of a case, stored in stage pilot; the one that is there if it began before.

    It names the payload of its original: nothing is copied, and erasing the subject takes both. No job
    is enqueued: whoever mirrors runs it.
    """
    now = deployment.now()
    case = replace(
        original,
        id=deployment.new_id(),
        twin=str(twin),
        release=release.digest,
        stage=Stage.PILOT,
        probability=1.0,
        state=State.OPEN,
        version=1,
        run=1,
        segment=1,
        handled_by="",
        confidence=float("nan"),
        answer="",
        reason="",
        cost=Cost(0),
        created_at=now,
        updated_at=now,
    )
    if not deployment.store.cases.add(tx, case):
        known = deployment.store.cases.by_key(tx, case.use_case, case.key, twin=case.twin)
        if known is None:
            raise Conflict(
                "RW-MIRROR-003", f"the mirror of `{case.key}` began in this moment", hint="ask again"
            )
        return known
    deployment.record(
        tx,
        "case.accepted",
        actor,
        {"case": case.id, "use_case": case.use_case},
        {
            "key": case.key,
            "twin": case.twin,
            "release": case.release,
            "stage": case.stage,
            "original": original.id,
        },
    )
    return case


def taken_up(deployment: Deployment, case: CaseRecord) -> CaseRecord:
    """A mirrored case that a stop had parked, open again; any other as it is."""
    if case.state is not State.PARKED:
        return case
    with deployment.store.write() as tx:
        return moved_on(deployment, tx, case, Event.REQUEUED, reason="")


def end_rehearsed(deployment: Deployment, case: CaseRecord, problem: RoadworthyError) -> None:
    """The rehearsal ends with what went wrong. ``handled_by`` stays empty: nobody decided it."""
    with deployment.store.write() as tx:
        fresh = deployment.store.cases.get(tx, case.id)
        if fresh is None or fresh.version != case.version:
            return
        ended = replace(
            fresh,
            state=move(fresh.state, Event.ENDED),
            version=fresh.version + 1,
            cost=deployment.store.cases.spent(tx, case.id),
            reason=f"{problem.code}: {problem.message}"[:500],
            updated_at=deployment.now(),
        )
        deployment.store.cases.save(tx, ended, expected=fresh.version)
        deployment.record(
            tx,
            "case.closed",
            "system",
            {"case": case.id, "use_case": case.use_case},
            {"handled_by": "", "cost_nano": str(ended.cost.nano), "reason": ended.reason},
        )


def from_recordings(deployment: Deployment, case: CaseRecord, release: LoadedRelease) -> LoadedRelease:
    """The release as a mirrored case runs on it: its read tools and retrieval answer from recordings.

    Any other case runs on the release as it is.
    """
    twin = Twin.of(case.twin)
    if twin is None:
        return release
    tape = Recordings(deployment, case, twin)
    sandboxed = twin.reads == "sandbox" and isinstance(deployment.loader, Sandboxed)
    may_ask = twin.reads == "live" or sandboxed
    return replace(
        release,
        tools={name: _RecordedTool(name, tool, tape, may_ask) for name, tool in release.tools.items()},
        retrievers={
            name: _RecordedRetriever(name, retriever, tape, may_ask)
            for name, retriever in release.retrievers.items()
        },
        registries=release.registries if may_ask else tape.registries(release),
    )


class Recordings:
    """What the original of a mirrored case was answered, by what it asked.

    The same question of one run is answered in the order of asking, the last answer again after that;
    where several runs asked it, the newest one counts.
    """

    def __init__(self, deployment: Deployment, case: CaseRecord, twin: Twin) -> None:
        self._deployment = deployment
        self._case = case
        self._twin = twin
        self._lock = threading.Lock()
        self._runs: list[Mapping[tuple[str, str], Sequence[Step]]] | None = None

    def take(self, name: str, arguments: Mapping[str, object]) -> tuple[bool, object]:
        """Whether a step of this name with equal arguments was recorded, and what it gave.

        Errors: ``Refused`` RW-VAULT-001 once the subject was erased.
        """
        deployment = self._deployment
        with deployment.store.read() as tx:
            digest = deployment.vault.digest(tx, self._case.subject, plain(arguments))
            asked = (name, digest)
            answers = next((run[asked] for run in self._recorded(tx) if asked in run), ())
            if not answers:
                return False, None
            # The step before was recorded when this one was opened: the journal counts for us.
            own = deployment.store.cases.steps(tx, self._case.id, run=self._case.run)
            before = sum((step.name, step.arguments) == asked for step in own)
            answer = answers[min(before, len(answers) - 1)]
            return True, deployment.vault.open(tx, answer.result)["value"]

    def registries(self, release: LoadedRelease) -> Mapping[str, Mapping[str, KnownValues]]:
        """The registries of a release, as far as they endorsed something when the case was live."""
        return {
            tool: {name: _RecordedRegistry(registry, self, tool, name) for name, registry in each.items()}
            for tool, each in release.registries.items()
        }

    def endorsed(self, tool: str, argument: str, value: object) -> bool:
        """Whether an effect of the original carries this value in an argument that was trusted."""
        deployment = self._deployment
        with deployment.store.read() as tx:
            for effect in deployment.store.effects.of_case(tx, self._twin.original):
                known = effect.tool == tool and argument not in effect.untrusted
                if known and argument in dict(effect.origins):
                    held = deployment.vault.open(tx, effect.arguments).get(argument)
                    if held == value or (isinstance(held, list) and value in held):
                        return True
        return False

    def _recorded(self, tx: Transaction) -> list[Mapping[tuple[str, str], Sequence[Step]]]:
        with self._lock:
            if self._runs is None:
                cases = self._deployment.store.cases
                original = cases.get(tx, self._twin.original)
                runs = range(original.run, 0, -1) if original else ()
                self._runs = [_by_question(cases.steps(tx, self._twin.original, run=run)) for run in runs]
            return self._runs


def recorded_answer(deployment: Deployment, case: CaseRecord, question: Mapping[str, object]) -> str:
    """What a person answered to this question when the case was live.

    Errors: ``NotFound`` RW-MIRROR-001 where that was not asked, RW-MIRROR-002 for a test of a suite.
    """
    twin = Twin.of(case.twin)
    if twin is None:
        raise NotFound(
            NOBODY_ANSWERS,
            "the workflow asks a person, and nobody answers in an evaluation",
            hint="mirror recorded cases instead: their answers are known",
        )
    found, answer = Recordings(deployment, case, twin).take("ask", question)
    if not found:
        raise _not_recorded("a person")
    return str(answer)


def simulated_act(
    deployment: Deployment, case: CaseRecord, effect: EffectRecord, arguments: Mapping[str, object]
) -> dict[str, Any]:
    """What a workflow sees of an effect that it waited for and that is simulated.

    A mirrored case sees what its original saw of the same effect. What a person had refused counts only
    where a person would be asked again.
    """
    value: dict[str, Any] = {"state": str(effect.state), "response": {}}
    twin = Twin.of(case.twin)
    if twin is None or effect.state is not EffectState.SIMULATED:
        return value
    found, answer = Recordings(deployment, case, twin).take(
        f"act:{effect.tool}", {"arguments": dict(arguments)}
    )
    if found and isinstance(answer, Mapping):
        done = answer.get("state") in {EffectState.CONFIRMED, EffectState.SIMULATED}
        if done or effect.disposition == Kind.REVIEW:
            return dict(answer)
    return value


class _RecordedTool:
    """The port ``Connector`` of a mirrored case. It never sends."""

    def __init__(self, name: str, tool: Connector, tape: Recordings, may_ask: bool) -> None:
        self._name = name
        self._tool = tool
        self._tape = tape
        self._may_ask = may_ask

    @property
    def idempotency(self) -> Idempotency:
        return self._tool.idempotency

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        found, answer = self._tape.take(f"call:{self._name}", arguments)
        if found and isinstance(answer, Mapping):
            return answer
        if not self._may_ask:
            raise _not_recorded(f"`{self._name}`")
        return self._tool.call(arguments)

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        raise NotFound(NOT_RECORDED, f"a mirrored case sends nothing, `{self._name}` was asked to")

    def lookup(self, key: str) -> Mapping[str, object] | None:
        return None


class _RecordedRegistry:
    """A registry of a mirrored case: it knows what was endorsed then, and nothing new."""

    def __init__(self, registry: KnownValues, tape: Recordings, tool: str, argument: str) -> None:
        self._registry = registry
        self._tape = tape
        self._tool = tool
        self._argument = argument

    @property
    def names(self) -> frozenset[str]:
        return self._registry.names

    def knows(self, values: Mapping[str, object]) -> bool:
        return self._tape.endorsed(self._tool, self._argument, values["value"])


class _RecordedRetriever:
    """The port ``Retriever`` of a mirrored case."""

    def __init__(self, name: str, retriever: Retriever, tape: Recordings, may_ask: bool) -> None:
        self._name = name
        self._retriever = retriever
        self._tape = tape
        self._may_ask = may_ask

    def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        found, answer = self._tape.take(f"retrieve:{self._name}", {"query": query, "top_k": top_k})
        if found and isinstance(answer, list):
            return tuple(Passage.from_json(item) for item in answer)
        if not self._may_ask:
            raise _not_recorded(f"the knowledge source `{self._name}`")
        return self._retriever.search(query, top_k=top_k, subject=subject)


def _by_question(steps: Sequence[Step]) -> Mapping[tuple[str, str], Sequence[Step]]:
    found: dict[tuple[str, str], list[Step]] = defaultdict(list)
    for step in steps:
        found[step.name, step.arguments].append(step)
    return dict(found)


def _not_recorded(what: str) -> NotFound:
    return NotFound(
        NOT_RECORDED,
        Problem(
            f"the mirrored case asked {what} something that was not recorded",
            hint="mirror with a sandbox, a copy of the data that is asked instead",
        ),
    )
