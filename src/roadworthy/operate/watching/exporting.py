"""Traces for a collector: closed cases and answered reviews, from a stored place in the ledger on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from roadworthy.casework.review import ReviewState
from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.watching.feed import MOST_BATCHES, Batch, Reader
from roadworthy.ports.watching import SpanExporter
from roadworthy.telemetry import Span, sampled, span_of_review, spans_of_case

FEED: Final = "otlp"
IN_REQUEST: Final = 500
"""Spans of one request."""
NOTED_EVERY_S: Final = 60.0
"""How often a place is noted where nothing is new: what stands still is told from what is up to date by it."""
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 300.0
_log = logging.getLogger("roadworthy.telemetry")


@dataclass(slots=True)
class Exported:
    """What one round did."""

    spans: int = 0
    refused: int = 0
    entries: int = 0


class Export:
    """A duty. A collector that is away holds nothing up and costs nothing: the place in the ledger waits.

    The first round begins at the present end of the ledger: a collector is not flooded with the past. Where two
    workers export at once, or one dies before it noted its place, spans are sent twice, under the same ids.
    """

    def __init__(
        self, exporter: SpanExporter, *, share: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._exporter = exporter
        self._share = share
        self._clock = clock
        self._not_before = 0.0
        self._wait_s = FIRST_WAIT_S

    def __call__(self, deployment: Deployment) -> Exported:
        """One round alone. Errors: as the exporter; rounds before the wait is over do nothing."""
        done = Exported()
        reader = Reader(deployment, edges=True)
        for _ in range(MOST_BATCHES):
            if not self._step(deployment, reader, done):
                break
        return done

    def step(self, deployment: Deployment, reader: Reader) -> bool:
        """One batch of it, for who follows the ledger beside others. Errors: as the exporter."""
        return self._step(deployment, reader, Exported())

    def _step(self, deployment: Deployment, reader: Reader, done: Exported) -> bool:
        if self._clock() < self._not_before:
            return False
        try:
            more = self._batch(deployment, reader, done)
        except RoadworthyError:
            self._not_before = self._clock() + self._wait_s
            self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
            raise
        self._wait_s = FIRST_WAIT_S
        if done.refused:
            _log.error("the collector refused %d spans for good", done.refused)
        return more

    def _batch(self, deployment: Deployment, reader: Reader, done: Exported) -> bool:
        """Whether there may be more."""
        observed = deployment.store.observed
        with deployment.store.read() as tx:
            position = observed.position(tx, FEED)
            newest = observed.newest(tx)
        start = position[0] if position else newest
        batch = reader.batch(start) if start < newest else Batch(start, start, ())
        waiting: list[Span] = []
        for span in self._spans(reader, batch):
            waiting.append(span)
            if len(waiting) >= IN_REQUEST:
                done.refused += self._exporter.export(waiting)
                done.spans += len(waiting)
                waiting = []
        if waiting:
            done.refused += self._exporter.export(waiting)
            done.spans += len(waiting)
        if (
            position
            and not batch.events
            and (deployment.now() - position[1]).total_seconds() < NOTED_EVERY_S
        ):
            return False
        with deployment.store.write() as tx:
            moved = observed.move(
                tx, FEED, before=position[0] if position else None, to=batch.end, at=deployment.now()
            )
        done.entries += batch.end - batch.start
        return moved and batch.end > batch.start

    def _spans(self, reader: Reader, batch: Batch) -> Iterator[Span]:
        for facts in reader.facts(batch.closed):
            if sampled(facts, self._share):
                yield from spans_of_case(facts)
        reviews = set(batch.about("review.decided", "review"))
        cases = batch.about("review.decided", "case")
        for facts in reader.facts(cases):
            for review in facts.reviews:
                if review.id in reviews and review.state is not ReviewState.OPEN:
                    yield span_of_review(review, facts.case.run)
