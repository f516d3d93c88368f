"""A suite put to a target: asked by several threads, kept batch by batch, resumed where it stopped."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from roadworthy.errors import Conflict, InputProblem, Problem, RoadworthyError, Unavailable
from roadworthy.evaluation import Evaluation, Suite
from roadworthy.evaluation.graders import needs_instrument
from roadworthy.measure.suites.answering import Answered, ask
from roadworthy.measure.suites.asks import Ask, asks_of, graders_digest, owners
from roadworthy.measure.suites.crew import Crew
from roadworthy.measure.suites.keeping import keep
from roadworthy.measure.suites.kept import KeptWords
from roadworthy.measure.suites.pacing import Pace
from roadworthy.measure.suites.recording import every_result, finish, read_evaluation
from roadworthy.operate.deployment import Deployment
from roadworthy.ports.evaluating import EvaluationRecord, Grading, ResultRecord, Target
from roadworthy.principal import Principal, require

BATCH: Final = 256
BATCH_S: Final = 1.0
"""A batch is kept when it has so many results, so much text, or after this time: what a killed process loses."""
BATCH_TEXT: Final = 16_777_216
MOST_THREADS: Final = 256
_LOOKS_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an evaluation is: attempts with a result, of all, and what became of them."""

    done: int
    of: int
    passed: int = 0
    failed: int = 0
    ungraded: int = 0
    errors: int = 0
    reused: int = 0


def run_suite(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    suite: Suite,
    target: Target,
    *,
    gradings: Mapping[str, Grading] | None = None,
    release: str = "",
    concurrency: int = 8,
    repeats: int | None = None,
    seed: int | None = None,
    per_second: float | None = None,
    reuse: bool = True,
    erased: Iterable[str] = (),
    progress: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """Every test of the suite put to the target, graded, and kept as one record that never changes.

    ``gradings`` are instruments by the kind of grader that needs one. ``release`` is the digest of the
    release that the target stands for, if it does. ``erased`` are tests that dropped out because the
    subject of their case was erased. An answer that the target gave to an earlier evaluation under the
    same seed is taken from there, unless ``reuse`` is False; answers that were errors are asked again.

    Run twice: an evaluation that was stopped, interrupted or killed goes on where it was, and loses at
    most what was under way; a finished one is recorded anew. Neither the number of threads nor the order
    in which answers come changes the record.
    Units:   ``per_second`` is the most answers asked for in a second, by all threads together.
    Errors:  ``Unavailable`` RW-EVAL-055 if the target or an instrument cannot be asked, RW-EVAL-056 if
             ``stop`` said so: what was answered is kept. ``InputProblem`` RW-EVAL-052 and RW-EVAL-057.
    """
    require(principal, "measure", use_case=use_case)
    repeats = suite.repeats if repeats is None else repeats
    seed = suite.seed if seed is None else seed
    gradings = gradings or {}
    _check(suite, gradings, concurrency=concurrency, repeats=repeats, per_second=per_second)
    owned, gone = owners(deployment, suite.tests)
    dropped = {*erased, *gone}
    asks = asks_of(suite, target.digest, owned, repeats=repeats, seed=seed)
    record = EvaluationRecord(
        id=deployment.new_id(),
        use_case=use_case,
        suite=suite.name,
        suite_digest=suite.digest,
        target=target.name,
        target_digest=target.digest,
        graders=graders_digest(suite.graders, gradings),
        repeats=repeats,
        seed=seed,
        principal=principal.id,
        started_at=deployment.now(),
        release=release,
        settings={"concurrency": concurrency, "per_second": per_second},
    )
    with deployment.store.write() as tx:
        record = deployment.store.evaluations.begin(tx, record)
    with deployment.store.read() as tx:
        done = {(one.test, one.attempt): one for one in every_result(deployment, tx, record.id)}
        inputs = {one.key.input for one in asks}
        answers = deployment.store.evaluations.kept_answers(tx, target.digest, inputs) if reuse else {}
    kept = KeptWords(deployment, answers)
    left = [one for one in asks if (one.test.id, one.attempt) not in done]
    batches = _Batches(deployment, record.id, len(asks), done.values(), progress)

    def work(one: Ask) -> Answered:
        return ask(one, target, gradings, kept, owned[one.test.id])

    crew = Crew(left, work, size=concurrency, pace=Pace(per_second))
    try:
        _drive(crew, batches, stop)
    except Conflict as problem:
        # Another process with the same evaluation was faster; its record stands.
        if problem.code != "RW-EVAL-050":
            raise
        with deployment.store.read() as tx:
            return read_evaluation(deployment, tx, record.id)
    return finish(deployment, principal, suite, record, frozenset(dropped | batches.erased))


def _drive(crew: Crew, batches: _Batches, stop: Callable[[], bool]) -> None:
    """Take results and keep them until the crew is over. Whatever goes wrong, what is at hand is kept first."""
    crew.start()
    stopped = False
    try:
        while not crew.over:
            found = crew.take(_LOOKS_S)
            if found is not None:
                batches.add(found)
            batches.keep_if_due()
            if not stopped and stop():
                stopped = True
                crew.halt()
    except BaseException:
        crew.abandon()
        # The first fault is the one to tell: a store that takes nothing now took nothing before.
        try:
            for found in crew.at_hand():
                batches.add(found)
            batches.keep()
        except RoadworthyError:
            pass
        raise
    batches.keep()
    if crew.unavailable is not None:
        problem = crew.unavailable
        raise Unavailable(
            "RW-EVAL-055",
            f"{batches.told}, then: {problem.message} ({problem.code})",
            retry_is_safe=problem.retry_is_safe,
            hint=f"{problem.hint + '; then ' if problem.hint else ''}evaluate again: it goes on where it stopped",
        ) from problem
    if stopped and not batches.complete:
        raise Unavailable(
            "RW-EVAL-056",
            f"stopped: {batches.told}",
            retry_is_safe=True,
            hint="evaluate again: it goes on where it stopped",
        )


class _Batches:
    """Results that wait to be kept, and the counts of those that are."""

    def __init__(
        self,
        deployment: Deployment,
        evaluation: str,
        of: int,
        done: Iterable[ResultRecord],
        progress: Callable[[Progress], None],
    ) -> None:
        self._deployment = deployment
        self._evaluation = evaluation
        self._of = of
        self._progress = progress
        self._waiting: list[Answered] = []
        self._text = 0
        self._since = time.monotonic()
        self._counts: Counter[str] = Counter()
        self.erased: set[str] = set()
        self._count(done)

    def add(self, one: Answered) -> None:
        """One more."""
        self._waiting.append(one)
        self._text += len(one.answer)

    def keep_if_due(self) -> None:
        """Keep the batch if it is full or old."""
        due = time.monotonic() - self._since >= BATCH_S
        if due or len(self._waiting) >= BATCH or self._text >= BATCH_TEXT:
            self.keep()

    def keep(self) -> None:
        """Keep what waits, and tell how far it is."""
        batch = self._waiting
        if batch:
            # Taken out only once it is kept: an interrupt in between leaves it to be kept after all.
            found = keep(self._deployment, self._evaluation, batch)
            self._waiting, self._text = [], 0
            self.erased |= found.erased
            self._of -= sum(one.ask.test.id in found.erased for one in batch)
            self._count(found.results)
            counts = self._counts
            self._progress(
                Progress(
                    counts["done"], self._of, counts["passed"], counts["failed"], counts["ungraded"],
                    counts["error"], counts["reused"],
                )
            )  # fmt: skip
        self._since = time.monotonic()

    @property
    def complete(self) -> bool:
        """Every attempt has a result."""
        return self._counts["done"] >= self._of

    @property
    def told(self) -> str:
        """How much is kept, for a sentence."""
        return f"{self._counts['done']} of {self._of} results are kept"

    def _count(self, results: Iterable[ResultRecord]) -> None:
        for one in results:
            self._counts[one.came] += 1
            self._counts["done"] += 1
            self._counts["reused"] += one.reused


def _check(
    suite: Suite,
    gradings: Mapping[str, Grading],
    *,
    concurrency: int,
    repeats: int,
    per_second: float | None,
) -> None:
    problems = [
        Problem(
            f"grader `{grader.name}` of kind `{grader.kind}` needs an instrument that is not set up",
            place=suite.name,
            hint="name a model for it in the charter, or take the grader out of the suite",
        )
        for grader in suite.graders
        if needs_instrument(grader) and grader.kind not in gradings
    ]
    if not 1 <= concurrency <= MOST_THREADS:
        problems.append(Problem(f"found {concurrency}, expected 1 to {MOST_THREADS}", place="concurrency"))
    if repeats < 1:
        problems.append(Problem(f"found {repeats}, expected at least 1", place="repeats"))
    if per_second is not None and not 0 < per_second < 1e6:
        problems.append(Problem(f"found {per_second}, expected more than 0", place="per_second"))
    if problems:
        raise InputProblem("RW-EVAL-057", problems)
