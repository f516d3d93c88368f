"""A case: one unit of business work, its states, and what moves it from one to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from roadworthy.errors import Conflict, Problem
from roadworthy.quantities import Cost, Digest, Id
from roadworthy.stage import Stage


class State(StrEnum):
    """Where a case stands."""

    OPEN = "open"  # a segment is enqueued or runs
    WAITING = "waiting"  # a person owes an answer
    DELIVERING = "delivering"  # decided; effects are on their way
    PARKED = "parked"  # stopped, halted or unclear: nothing moves until a person acts
    CLOSED = "closed"  # nothing left to do


class Event(StrEnum):
    """What moves a case on."""

    ASKED = "asked"  # a segment ended with a question or a reviewed effect
    ANSWERED = "answered"  # the person's answer starts the next segment
    DECIDED = "decided"  # the workflow concluded, effects may leave
    SETTLED = "settled"  # every review answered, effects may leave
    DELIVERED = "delivered"  # every effect confirmed, refused or simulated
    PARKED = "parked"
    REQUEUED = "requeued"  # begins again on another release, no effect was sent
    HANDED_OVER = "handed over"  # a person does the whole case
    ENDED = "ended"  # a person closed it, or nothing was to be done


_MOVES: dict[tuple[State, Event], State] = {
    (State.OPEN, Event.ASKED): State.WAITING,
    (State.OPEN, Event.DECIDED): State.DELIVERING,
    (State.OPEN, Event.PARKED): State.PARKED,
    (State.OPEN, Event.REQUEUED): State.OPEN,
    (State.OPEN, Event.HANDED_OVER): State.WAITING,
    (State.OPEN, Event.ENDED): State.CLOSED,
    (State.WAITING, Event.ANSWERED): State.OPEN,
    (State.WAITING, Event.SETTLED): State.DELIVERING,
    (State.WAITING, Event.PARKED): State.PARKED,
    (State.WAITING, Event.REQUEUED): State.OPEN,
    (State.WAITING, Event.HANDED_OVER): State.WAITING,
    (State.WAITING, Event.ENDED): State.CLOSED,
    (State.DELIVERING, Event.DELIVERED): State.CLOSED,
    (State.DELIVERING, Event.ASKED): State.WAITING,
    (State.DELIVERING, Event.PARKED): State.PARKED,
    (State.DELIVERING, Event.REQUEUED): State.OPEN,
    (State.DELIVERING, Event.HANDED_OVER): State.WAITING,
    (State.PARKED, Event.REQUEUED): State.OPEN,
    (State.PARKED, Event.SETTLED): State.DELIVERING,
    (State.PARKED, Event.HANDED_OVER): State.WAITING,
    (State.PARKED, Event.PARKED): State.PARKED,
    (State.PARKED, Event.ENDED): State.CLOSED,
}


def move(state: State, event: Event) -> State:
    """The state after the event. Errors: ``Conflict`` where the event does not apply (somebody was first)."""
    try:
        return _MOVES[state, event]
    except KeyError:
        possible = sorted(known for before, known in _MOVES if before is state)
        raise Conflict(
            "RW-CASE-001",
            Problem(
                f"a case that is {state} cannot be {event}",
                hint=f"possible: {', '.join(possible)}" if possible else "it is over",
            ),
        ) from None


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case as stored. Content lives encrypted in the payload named by ``input``, never here.

    ``release`` is empty where people do the work; ``stage`` is the stage that release had when
    the case was taken in, and decides for good what its effects may do. ``twin`` is empty for the
    case itself; a shadow or pilot run of the same key carries its release there. ``run`` counts
    from 1 and grows when the case begins again on another release.
    """

    id: Id
    use_case: str
    key: str
    twin: str
    subject: str
    input: Id
    release: str
    stage: Stage
    probability: float
    state: State
    version: int
    run: int
    segment: int
    handled_by: str
    confidence: float
    answer: str
    reason: str
    slice: str
    cost: Cost
    created_at: datetime
    updated_at: datetime

    @property
    def digest(self) -> Digest:
        return Digest(self.release)
