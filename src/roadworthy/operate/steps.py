"""How steps are kept: each runs once, is recorded with its marking, and answers from its record ever after."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.journal import Journal, Opening, Step
from roadworthy.errors import RoadworthyError
from roadworthy.flow import Readings
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.edges import keep_edges
from roadworthy.operate.modelcalls.stepping import Done, calls_of
from roadworthy.operate.plain import plain
from roadworthy.policy import Marking
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.quantities import Cost
from roadworthy.usage import Call

RESERVE = Cost(1_000_000)
"""What an attempt is billed if it is interrupted: 0.001, more than a local step ever costs."""


class Suspended(BaseException):
    """Ends a segment: a person owes an answer. Not an ``Exception``: a workflow does not catch it."""


class Halted(BaseException):
    """Ends a segment: clearance is gone. The case is parked and goes on where it was."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Finished:
    """A step that ran and is not yet recorded; it is, before anything else happens."""

    ordinal: int
    name: str
    arguments: str
    value: object
    cost: Cost
    asked: Mapping[str, object] | None = None
    """What a read tool or a knowledge source was asked: sealed beside the answer, so that a transcript can show it."""
    calls: tuple[Call, ...] = ()
    marking: Marking | None = None
    """Of everything that had been read once it was done: sealed beside the result, restored with it."""


class Steps:
    """The recorded steps of one segment, and the next one. What a builder may ask for stands in ``Run``."""

    def __init__(
        self,
        deployment: Deployment,
        release: LoadedRelease,
        case: CaseRecord,
        journal: Journal,
        readings: Readings,
    ) -> None:
        self._deployment = deployment
        self._release = release
        self._case = case
        self._journal = journal
        self._finished: Finished | None = None
        self.readings = readings
        """What was read so far: before the first recorded step answered, the input alone."""
        self.spent = case.cost
        self.ended: BaseException | None = None
        """What ended this segment. Whatever the workflow does with it, nothing is asked for afterwards."""

    @contextmanager
    def _for_good(self) -> Iterator[None]:
        """A step that did not come to its end ends the segment: a workflow that catches that gets it again."""
        if self.ended is not None:
            raise self.ended
        try:
            yield
        except (Suspended, Halted, RoadworthyError) as end:
            self.ended = end
            raise

    def flush(self, tx: Transaction) -> None:
        """Record the step that ran last, if it is not recorded yet."""
        finished = self._finished
        if finished is None:
            return
        tx.on_commit(self._flushed)
        kept: dict[str, object] = {"value": finished.value}
        if finished.asked is not None:
            kept["asked"] = finished.asked
        if finished.marking is not None:
            kept["marking"] = finished.marking.as_json()
        sealed = self._deployment.vault.seal(tx, self._case.subject, kept)
        step = Step(
            case=self._case.id,
            run=self._case.run,
            ordinal=finished.ordinal,
            name=finished.name,
            arguments=finished.arguments,
            result=sealed.id,
            segment=self._case.segment,
            attempts=1,
            cost=finished.cost,
            recorded_at=self._deployment.now(),
        )
        self._deployment.store.cases.record_step(tx, step)
        keep_edges(self._deployment, tx, step, finished.value, sealed.digest)
        if finished.calls:
            self._deployment.store.metering.record(tx, finished.calls)

    def _flushed(self) -> None:
        self._finished = None

    def _step(
        self,
        name: str,
        arguments: Mapping[str, object],
        perform: Callable[[], Done],
        reserve: Cost,
        read: Callable[[object], None] = lambda value: None,
    ) -> object:
        """The result of a step, recorded or new. ``read`` notes what it means to have read it, both times alike."""
        with self._for_good():
            ordinal, digest, step = self._turn(name, arguments, reserve=reserve)
            if step is not None:
                value = self._recorded(step)
                read(value)
                return value
            done = perform()
            if done.problem is not None:
                self._bill(name, ordinal, digest, done)
                raise done.problem
        cost = done.cost
        # What the workflow sees now is exactly what it will see when the step is replayed.
        value = json.loads(json.dumps(done.value, default=str))
        read(value)
        asked = plain(arguments) if name.startswith(("call:", "retrieve:")) else None
        calls = calls_of(self._deployment, self._case, name, done.exchanges)
        self._finished = Finished(ordinal, name, digest, value, cost, asked, calls, self.readings.marking)
        self.spent = self.spent + cost
        return value

    def _bill(self, name: str, ordinal: int, digest: str, done: Done) -> None:
        """An attempt without a result costs what it cost: that is known, so its reserve is not charged."""
        case = self._case
        with self._deployment.store.write() as tx:
            opened = Opening(
                case.id, case.run, ordinal, name, digest, case.segment, done.cost, self._deployment.now()
            )
            self._deployment.store.cases.bill_attempt(tx, opened)
            if calls := calls_of(self._deployment, case, name, done.exchanges):
                self._deployment.store.metering.record(tx, calls)

    def _turn(
        self, name: str, arguments: Mapping[str, object], *, reserve: Cost | None = None
    ) -> tuple[int, str, Step | None]:
        """Take the next ordinal. Where nothing is recorded: check clearance, record the step before,
        and open this one, in one transaction."""
        deployment, case = self._deployment, self._case
        as_json = plain(arguments)
        if self._journal.replaying:
            with deployment.store.read() as tx:
                digest = deployment.vault.digest(tx, case.subject, as_json)
            # While recorded steps lie ahead the journal answers, or finds that it no longer fits.
            ordinal, step = self._journal.turn(name, digest)
            return ordinal, digest, step
        self._check_clearance(name)
        with deployment.store.write() as tx:
            # First, because it refuses what is no JSON: the step before is then still to be recorded.
            digest = deployment.vault.digest(tx, case.subject, as_json)
            self.flush(tx)
            ordinal, _ = self._journal.turn(name, digest)
            if reserve is not None:
                deployment.store.cases.open_step(
                    tx,
                    Opening(
                        case.id, case.run, ordinal, name, digest, case.segment, reserve, deployment.now()
                    ),
                )
        return ordinal, digest, None

    def _recorded(self, step: Step) -> object:
        """The recorded result. What was known of its marking holds again: no segment launders it."""
        with self._deployment.store.read() as tx:
            kept = self._deployment.vault.open(tx, step.result)
        if "marking" in kept:
            self.readings.rise(Marking.from_json(kept["marking"]))
        return kept["value"]

    def _check_clearance(self, name: str) -> None:
        kind, _, what = name.partition(":")
        scope = f"{'model' if kind in {'predict', 'generate'} else 'tool'}:{what}"
        reason = self._deployment.clearance.why_not(
            f"use_case:{self._case.use_case}", f"release:{self._case.release}", scope
        )
        if reason:
            raise Halted(reason)

    def _cpu_cost(self, begun: int) -> Cost:
        """Of this thread's own work since then, in nanoseconds of its clock."""
        nanoseconds = time.thread_time_ns() - begun
        price = self._deployment.prices.cpu_second
        return Cost(price.nano * nanoseconds // 1_000_000_000 + 1, price.currency)
