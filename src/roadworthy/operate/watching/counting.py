"""Figures that only grow, counted from the ledger: each case once, also after a crash.

They are counted apart from the work, so that no two cases wait for one counter, and read from a few rows, so
that asking for them costs the same after a million cases.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from roadworthy.operate.deployment import Deployment
from roadworthy.operate.watching.feed import MOST_BATCHES, Batch, Reader
from roadworthy.ports.watching import Tally
from roadworthy.telemetry import CaseFacts
from roadworthy.telemetry.exposition import LONG_SECONDS, SECONDS, bucket_of
from roadworthy.telemetry.names import reason_of
from roadworthy.telemetry.tree import troubled
from roadworthy.usage import Call

FEED: Final = "figures"
_MICROSECONDS: Final = 1_000_000


def count_round(deployment: Deployment) -> int:
    """Count what is new. Returns how many events. Twice at once: one of both counts."""
    total = 0
    reader = Reader(deployment, edges=False)
    for _ in range(MOST_BATCHES):
        counted = _count_batch(deployment, reader)
        total += counted
        if not counted:
            break
    return total


def count_step(deployment: Deployment, reader: Reader) -> bool:
    """One batch of it, for who follows the ledger beside others."""
    return _count_batch(deployment, reader) > 0


def _count_batch(deployment: Deployment, reader: Reader) -> int:
    observed = deployment.store.observed
    with deployment.store.read() as tx:
        position = observed.position(tx, FEED)
        newest = observed.newest(tx)
    start = position[0] if position else 0
    if position and start >= newest:
        # What is up to date is told from what stands still by when it was looked at last.
        if (deployment.now() - position[1]).total_seconds() > 60:
            with deployment.store.write() as tx:
                observed.move(tx, FEED, before=start, to=start, at=deployment.now())
        return 0
    batch = reader.batch(start)
    tallies = _tallies(deployment, reader, batch)
    with deployment.store.write() as tx:
        before = start if position else None
        # The place and the figures move together: nothing is counted twice.
        if not observed.move(tx, FEED, before=before, to=batch.end, at=deployment.now()):
            return 0
        observed.count(tx, tallies)
    return batch.end - batch.start


def _tallies(deployment: Deployment, reader: Reader, batch: Batch) -> Counter[Tally]:
    found: Counter[Tally] = Counter()
    for event in batch.events:
        if event.kind == "case.accepted":
            found["accepted", (event.about["use_case"],)] += 1
        elif event.kind == "case.rejected":
            found["rejected", (event.about["use_case"],)] += 1
    for facts in reader.facts(batch.closed):
        _of_case(found, facts)
    _of_reviews(found, reader, batch)
    for id_ in batch.about("calls.settled", "batch"):
        with deployment.store.read() as tx:
            for call in deployment.store.metering.of_batch(tx, id_):
                _of_call(found, call)
    return found


def _of_case(found: Counter[Tally], facts: CaseFacts) -> None:
    case = facts.case
    alike = (case.use_case, case.release or "people", case.stage.value)
    found["closed", (*alike, case.handled_by or "nobody")] += 1
    if troubled(facts):
        found["troubled", alike] += 1
    _observe(found, "case_seconds", (case.use_case, case.stage.value),
             (case.updated_at - case.created_at).total_seconds(), LONG_SECONDS)  # fmt: skip
    found["cost", (case.use_case, case.stage.value, case.cost.currency)] += case.cost.nano
    for step in facts.steps:
        found["step_attempts", (case.use_case, step.name)] += step.attempts
        if step.began_at is not None:
            seconds = (step.recorded_at - step.began_at).total_seconds()
            _observe(found, "step_seconds", (case.use_case, step.name), seconds, SECONDS)
    for effect in facts.effects:
        found["decisions", (case.use_case, effect.disposition, reason_of(effect))] += 1
        found["effects", (case.use_case, effect.tool, effect.state.value)] += 1
    for call in facts.calls:
        _of_call(found, call)


def _of_reviews(found: Counter[Tally], reader: Reader, batch: Batch) -> None:
    reviews = set(batch.about("review.decided", "review"))
    for facts in reader.facts(batch.about("review.decided", "case")):
        for review in facts.reviews:
            if review.id not in reviews or review.decided_at is None:
                continue
            found["reviews", (review.use_case, review.kind.value, review.verdict)] += 1
            seconds = (review.decided_at - review.created_at).total_seconds()
            _observe(found, "review_seconds", (review.use_case, review.kind.value), seconds, LONG_SECONDS)


def _of_call(found: Counter[Tally], call: Call) -> None:
    alike = (call.use_case, call.model)
    found["calls", (*alike, call.ending.value)] += 1
    found["tokens", (*alike, "read")] += call.tokens.read
    found["tokens", (*alike, "written")] += call.tokens.written
    found["call_cost", (*alike, "EUR")] += call.cost


def _observe(
    found: Counter[Tally], name: str, labels: tuple[str, ...], seconds: float, bounds: tuple[float, ...]
) -> None:
    # A clock that jumped back measures nothing.
    known = max(0.0, seconds)
    found[name, (*labels, str(bucket_of(known, bounds)))] += 1
    found[f"{name}_sum", labels] += round(known * _MICROSECONDS)
