"""Reading the ledger from where one stands: every event once, in one order, also after a crash.

Entries have no gaps and never come late, so that a place in the ledger is a safe cursor; the time of a row
is not, where two transactions overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import msgspec

from roadworthy.casework.effect import SETTLED
from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.stage import SIMULATED
from roadworthy.telemetry import CaseFacts
from roadworthy.usage import Call

AT_ONCE: Final = 2_000
"""Entries of one batch."""
CASES_AT_ONCE: Final = 200
MOST_BATCHES: Final = 20
"""Batches of one round: a duty that catches up lets others have their turn."""
_MARKS: Final = (
    b'"kind":"case.', b'"kind":"review.decided"', b'"kind":"calls.settled"', b'"kind":"review.opened"',
    b'"kind":"outcome.recorded"', b'"kind":"effect.lost"', b'"kind":"effect.failed"',
)  # fmt: skip
"""Of events that somebody here reads. Others are passed over before they are parsed; what has a mark by chance
is told by its kind like every other."""
_SIMULATED: Final = frozenset(stage.value for stage in SIMULATED)
_SETTLED: Final = frozenset(state.value for state in SETTLED)


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the ledger, read quickly: what was verified when it was written is not verified again."""

    seq: int
    kind: str
    about: dict[str, str]
    data: dict[str, Any]
    at: str
    """In UTC, as it is written there."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order, and the place after the last of them."""

    start: int
    end: int
    events: tuple[Told, ...]

    @property
    def closed(self) -> tuple[str, ...]:
        """Cases that came to their end in it, each once."""
        return tuple(dict.fromkeys(event.about["case"] for event in self.events if closes(event)))

    def about(self, kind: str, reference: str) -> tuple[str, ...]:
        """What events of a kind are about, each once."""
        return tuple(
            dict.fromkeys(
                event.about[reference]
                for event in self.events
                if event.kind == kind and reference in event.about
            )
        )


def closes(event: Told) -> bool:
    """This event is the last of its case: it was closed, or it was decided where nothing leaves."""
    if "case" not in event.about:
        return False
    if event.kind == "case.closed":
        return True
    return (
        event.kind == "case.decided"
        and event.data.get("stage") in _SIMULATED
        and all(effect.get("state") in _SETTLED for effect in event.data.get("effects", ()))
    )


def read_batch(deployment: Deployment, start: int, *, most: int = AT_ONCE) -> Batch:
    """The next entries from ``start`` on; none where nothing is new."""
    return _batch(deployment, start, most, lambda event: any(mark in event for mark in _MARKS))


def read_told(
    deployment: Deployment, start: int | None, *, most: int = AT_ONCE
) -> tuple[int, tuple[Told, ...]]:
    """Every event from ``start`` on, and the place after the last; from now on where ``start`` is None."""
    if start is None:
        return deployment.store.ledger.size(), ()
    found = _batch(deployment, start, most, lambda _event: True)
    return found.end, found.events


def _batch(deployment: Deployment, start: int, most: int, wanted: Callable[[bytes], bool]) -> Batch:
    end, events = start, []
    for entry in islice(deployment.store.ledger.entries(start=start), most):
        end = entry.seq + 1
        if wanted(entry.event):
            event = msgspec.json.decode(entry.event)
            events.append(Told(entry.seq, event["kind"], event["about"], event["data"], event["at"]))
    return Batch(start, end, tuple(events))


class Reader:
    """What several read of the ledger in one round, read once: they mostly stand at the same place.

    ``edges``: facts come with their lineage, for whoever sends it on.
    """

    def __init__(self, deployment: Deployment, *, edges: bool) -> None:
        self._deployment = deployment
        self._edges = edges
        self._batch: Batch | None = None
        self._facts: dict[str, CaseFacts] = {}
        self._known: set[str] = set()

    def batch(self, start: int) -> Batch:
        """The next entries from ``start`` on."""
        if self._batch is None or self._batch.start != start:
            self._batch = read_batch(self._deployment, start)
            self._facts, self._known = {}, set()
        return self._batch

    def facts(self, cases: Sequence[str]) -> Iterator[CaseFacts]:
        """What is on record about these cases, their calls included; those that are gone are left out."""
        missing = [id_ for id_ in cases if id_ not in self._known]
        if missing:
            self._facts |= {
                one.case.id: one for one in facts_of(self._deployment, missing, edges=self._edges)
            }
            self._known |= set(missing)
        return (self._facts[id_] for id_ in cases if id_ in self._facts)


Step = Callable[[Deployment, Reader], bool]
"""One batch of whoever reads the ledger on; whether there may be more. Errors: as the store, or its own."""


class Follow:
    """A duty: everybody who reads the ledger on goes a batch at a time, over one read of each.

    Who fails is tried again in the next round, and holds up nobody else.
    """

    def __init__(self, steps: Sequence[Step], *, edges: bool) -> None:
        self._steps = tuple(steps)
        self._edges = edges

    def __call__(self, deployment: Deployment) -> None:
        """One round. Errors: the first of those who failed, after all had their turn."""
        reader = Reader(deployment, edges=self._edges)
        going = list(self._steps)
        failed: RoadworthyError | None = None
        for _ in range(MOST_BATCHES):
            for step in tuple(going):
                try:
                    if step(deployment, reader):
                        continue
                except RoadworthyError as problem:
                    failed = failed or problem
                going.remove(step)
            if not going:
                break
        if failed is not None:
            raise failed


def facts_of(
    deployment: Deployment, cases: Sequence[str], *, calls: bool = True, edges: bool = True
) -> Iterator[CaseFacts]:
    """What is on record about these cases, read a few at a time; those that are gone are left out."""
    reference = deployment.case_references()
    for first in range(0, len(cases), CASES_AT_ONCE):
        some = cases[first : first + CASES_AT_ONCE]
        with deployment.store.read() as tx:
            found = deployment.store.observed.facts(tx, some, edges=edges)
            asked: dict[str, set[str]] = {}
            # Only steps of these two kinds ask language models.
            for facts in found.values() if calls else ():
                if any(step.name.startswith(("predict:", "generate:")) for step in facts.steps):
                    case = facts.case
                    asked.setdefault(case.use_case, set()).add(reference(case.use_case, case.key))
            answered = {
                (use_case, one): rows
                for use_case, references in asked.items()
                for one, rows in deployment.store.observed.calls(tx, use_case, sorted(references)).items()
            }
        for id_ in some:
            if id_ in found:
                facts = found[id_]
                yield _with_calls(facts, answered, reference) if answered else facts


def _with_calls(
    facts: CaseFacts,
    answered: Mapping[tuple[str, str], Sequence[Call]],
    reference: Callable[[str, str], str],
) -> CaseFacts:
    case = facts.case
    rows = answered.get((case.use_case, reference(case.use_case, case.key)), ())
    return replace(facts, calls=tuple(call for call in rows if call.step and call.version == case.release))
