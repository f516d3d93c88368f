"""A release as the target of an evaluation: tests become cases, effects simulated, through the engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from roadworthy.casework.case import CaseRecord, State
from roadworthy.errors import InputProblem, Refused, RoadworthyError, Unavailable
from roadworthy.evaluation import Test, Transcript
from roadworthy.measure.transcripts import transcript_of
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import begin, check_input, check_key, subject_of
from roadworthy.operate.mirroring import EVALUATION
from roadworthy.ports import Transaction
from roadworthy.principal import Principal, require
from roadworthy.quantities import Digest, Id, digest_of
from roadworthy.release import Release
from roadworthy.stage import Stage

LIMIT_S: Final = 120.0
BREAKS_CONTRACT: Final = "RW-MIRROR-021"
TOO_LATE: Final = "RW-MIRROR-023"
GATHER_S: Final = 0.004
"""How long the first to ask waits for others: their cases begin in one transaction."""
LOOK_EVERY_S: Final = 0.02
_FIRST_FEW, _LOOK_AT_ALL = 4, 8


@dataclass(slots=True)
class _Asked:
    """One question under way. ``woken`` is set when it is answered, or when it is to look after all others."""

    test: Test
    attempt: int
    until: float
    woken: threading.Event = field(default_factory=threading.Event)
    case: Id | None = None
    answer: Transcript | None = None
    fault: BaseException | None = None

    @property
    def settled(self) -> bool:
        return self.answer is not None or self.fault is not None


class ReleaseTarget:
    """The port ``Target`` for a release. A worker has to run in this process, or on the same database.

    However many threads ask, one of them begins the cases of all and looks after them: cases that are
    asked for within a few milliseconds begin in one transaction. ``evaluation_id`` names the evaluation:
    asked again under the same one for the same test and attempt, the case that is stored answers.
    """

    def __init__(
        self,
        deployment: Deployment,
        principal: Principal,
        release: Release,
        *,
        evaluation_id: str,
        limit_s: float = LIMIT_S,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        require(principal, "measure", use_case=release.use_case)
        self._deployment = deployment
        self._principal = principal
        self._release = release
        self._loaded = deployment.loader.load(release.digest)
        self._evaluation = evaluation_id
        self._limit_s = limit_s
        self._rest = rest
        self._digest = self._digested()
        self._lock = threading.Lock()
        self._waiting: list[_Asked] = []
        self._led = False
        self._rounds = 0

    @property
    def name(self) -> str:
        """Use case and release."""
        return f"{self._release.use_case} {self._release.name}"

    @property
    def digest(self) -> Digest:
        """Of release, articles and certificates in force; where its tools read, of the evaluation too, because
        nobody can say what they would answer another time."""
        return self._digest

    def answer(self, test: Test, *, attempt: int, seed: int) -> Transcript:
        """What the release makes of the test. ``seed`` changes nothing: a release draws no lots.

        An input that breaks its contract, a workflow that fails or asks a person, and a case that takes
        longer than the limit are transcripts with an error.

        Errors: ``Unavailable`` where the store does not answer; ``InputProblem`` RW-MIRROR-020 if this
        test was asked with another input in this evaluation.
        """
        problems = check_input(self._loaded.charter, test.input)
        if problems:
            places = ", ".join(f"`{problem.place}`" for problem in problems)
            return Transcript(
                error=f"{BREAKS_CONTRACT}: the input breaks the contract of the release: {places}"
            )
        mine = _Asked(test, attempt, time.monotonic() + self._limit_s)
        with self._lock:
            self._waiting.append(mine)
            leads = not self._led
            self._led = True
        if not leads:
            mine.woken.wait()
        if not mine.settled:
            self._lead(mine)
        if mine.fault is not None:
            raise mine.fault
        if mine.answer is None:
            raise Unavailable("RW-MIRROR-022", "the question was given up", retry_is_safe=True)
        return mine.answer

    def _lead(self, mine: _Asked) -> None:
        """Look after everybody's cases until one's own is answered, then hand that over."""
        try:
            self._rest(GATHER_S)
            while True:
                self._round()
                if mine.settled:
                    break
                self._rest(LOOK_EVERY_S)
        except BaseException as fault:
            with self._lock:
                left, self._waiting, self._led = self._waiting, [], False
            for one in left:
                # Nobody waits for ever, whatever ended this thread.
                one.fault = fault if isinstance(fault, RoadworthyError) else _given_up()
                one.woken.set()
            raise
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._led = following is not None
        if following is not None:
            following.woken.set()

    def _round(self) -> None:
        with self._lock:
            asked = list(self._waiting)
        fresh = [one for one in asked if one.case is None]
        if fresh:
            with self._deployment.store.write() as tx:
                for one in fresh:
                    try:
                        one.case = self._begun(tx, one)
                    except InputProblem as problem:
                        one.fault = problem
                    except Refused as problem:
                        one.answer = Transcript(error=f"{problem.code}: {problem.message}")
        ended = [one for one in asked if one.settled]
        self._rounds += 1
        unanswered = 0
        with self._deployment.store.read() as tx:
            for one in asked:
                if one.settled:
                    continue
                if self._answered(tx, one):
                    ended.append(one)
                    continue
                unanswered += 1
                # Cases end about in the order they began: the first few tell whether to look further.
                if unanswered == _FIRST_FEW and self._rounds % _LOOK_AT_ALL:
                    break
        if not ended:
            return
        with self._lock:
            self._waiting = [one for one in self._waiting if not one.settled]
        for one in ended:
            one.woken.set()

    def _begun(self, tx: Transaction, one: _Asked) -> Id:
        deployment, charter, test = self._deployment, self._loaded.charter, one.test
        key = test.id if not check_key(test.id) else digest_of(test.id)
        twin = f"{EVALUATION}{self._release.digest}:{self._evaluation}:{one.attempt}"
        known = deployment.store.cases.by_key(tx, charter.use_case, key, twin=twin)
        if known is not None:
            if digest_of(deployment.vault.open(tx, known.input)) != digest_of(dict(test.input)):
                raise InputProblem(
                    "RW-MIRROR-020", f"test `{test.id}` was asked with another input in this evaluation",
                    hint="begin a new evaluation",
                )  # fmt: skip
            return known.id
        # The content of a recorded case stays under the key of its subject: erasing takes it along.
        recorded = deployment.store.cases.get(tx, test.reference) if test.reference else None
        if recorded is not None:
            # Refused once it was erased: sealing would give the subject a new key.
            deployment.vault.open(tx, recorded.input)
        case = begin(
            deployment,
            tx,
            charter,
            key=key,
            data=test.input,
            subject=recorded.subject if recorded else subject_of(deployment, charter, test.input),
            release=self._release,
            probability=1.0,
            actor=self._principal.id,
            twin=twin,
            stage=Stage.PILOT,
        )
        if case is None:
            raise InputProblem("RW-MIRROR-020", f"test `{test.id}` began elsewhere in this moment")
        return case.id

    def _answered(self, tx: Transaction, one: _Asked) -> bool:
        case = self._deployment.store.cases.get(tx, one.case or "")
        if case is not None and case.state not in {State.OPEN, State.DELIVERING, State.PARKED}:
            one.answer = self._transcript(tx, case)
        elif time.monotonic() > one.until:
            why = f" ({case.reason})" if case is not None and case.state is State.PARKED else ""
            one.answer = Transcript(
                error=f"{TOO_LATE}: not decided within {self._limit_s:g} seconds{why}",
                seconds=self._limit_s,
            )
        return one.settled

    def _transcript(self, tx: Transaction, case: CaseRecord) -> Transcript:
        try:
            return transcript_of(self._deployment, tx, case)
        except RoadworthyError as problem:
            return Transcript(error=f"{problem.code}: {problem.message}")

    def _digested(self) -> Digest:
        now = self._deployment.now()
        with self._deployment.store.read() as tx:
            issued = self._deployment.store.evidence.certificates(
                tx, self._release.use_case, release=self._release.digest
            )
        in_force = [
            one.id for one in issued if not one.suspended_at and one.certified_at <= now < one.expires_at
        ]
        knowledge = {
            name: [[document, version] for document, _, version in base.index.stamps()]
            for name, base in self._loaded.bases.items()
        }
        reads = any(not tool.writes for tool in self._loaded.charter.tools.values())
        return digest_of(
            [self._release.digest, sorted(in_force), knowledge, self._evaluation if reads else ""]
        )


def _given_up() -> Unavailable:
    return Unavailable("RW-MIRROR-022", "whoever looked after the cases ended", retry_is_safe=True)
