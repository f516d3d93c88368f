"""Effects: changes in the world that a workflow proposes and the outbox carries out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from roadworthy.errors import Conflict, Problem
from roadworthy.policy import Marking
from roadworthy.quantities import Digest, Id
from roadworthy.stage import Stage


class EffectState(StrEnum):
    """Where an effect stands."""

    PROPOSED = "proposed"  # a person owes an answer
    READY = "ready"  # may be sent
    SENDING = "sending"  # an attempt began; a crash leaves it here
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"  # sent, and nobody knows whether it was felt
    REFUSED = "refused"
    SIMULATED = "simulated"
    PARKED = "parked"
    DEAD = "dead"  # given up, and surely not felt: refused for good, or tried too often; a person decides
    UNDONE = "undone"


class EffectEvent(StrEnum):
    """What moves an effect on."""

    APPROVED = "approved"
    REFUSED = "refused"
    STARTED = "started"
    CONFIRMED = "confirmed"
    RETRIED = "retried"  # no attempt was felt, for sure
    LOST = "lost"  # the attempt may have been felt
    FAILED = "failed"  # it was refused for good, or tried too often
    PARKED = "parked"
    RELEASED = "released"
    HELD = "held"  # what let it leave no longer holds: a person is asked
    UNDONE = "undone"


_S, _E = EffectState, EffectEvent
_MOVES: dict[tuple[EffectState, EffectEvent], EffectState] = {
    (_S.PROPOSED, _E.APPROVED): _S.READY,
    (_S.PROPOSED, _E.REFUSED): _S.REFUSED,
    (_S.PROPOSED, _E.PARKED): _S.PARKED,
    (_S.READY, _E.STARTED): _S.SENDING,
    (_S.READY, _E.PARKED): _S.PARKED,
    (_S.READY, _E.REFUSED): _S.REFUSED,
    (_S.READY, _E.HELD): _S.PROPOSED,
    (_S.READY, _E.FAILED): _S.DEAD,
    (_S.SENDING, _E.STARTED): _S.SENDING,
    (_S.SENDING, _E.CONFIRMED): _S.CONFIRMED,
    (_S.SENDING, _E.RETRIED): _S.READY,
    (_S.SENDING, _E.LOST): _S.UNKNOWN,
    (_S.SENDING, _E.FAILED): _S.DEAD,
    (_S.SENDING, _E.PARKED): _S.PARKED,
    (_S.UNKNOWN, _E.CONFIRMED): _S.CONFIRMED,
    (_S.UNKNOWN, _E.RETRIED): _S.READY,
    (_S.UNKNOWN, _E.APPROVED): _S.READY,
    (_S.UNKNOWN, _E.REFUSED): _S.REFUSED,
    (_S.DEAD, _E.APPROVED): _S.READY,
    (_S.DEAD, _E.CONFIRMED): _S.CONFIRMED,
    (_S.DEAD, _E.REFUSED): _S.REFUSED,
    (_S.PARKED, _E.RELEASED): _S.READY,
    (_S.PARKED, _E.APPROVED): _S.READY,
    (_S.PARKED, _E.REFUSED): _S.REFUSED,
    (_S.CONFIRMED, _E.UNDONE): _S.UNDONE,
}

SETTLED = frozenset({_S.CONFIRMED, _S.REFUSED, _S.SIMULATED, _S.UNDONE})
OWED = frozenset({_S.PROPOSED, _S.READY, _S.SENDING, _S.UNKNOWN, _S.DEAD, _S.PARKED})
"""States in which something is still to happen: where order counts, who comes later waits behind them."""
SENT = frozenset({_S.SENDING, _S.CONFIRMED, _S.UNKNOWN, _S.UNDONE})
"""States in which the world may have felt the effect: its case is never begun again from scratch."""


def move_effect(state: EffectState, event: EffectEvent) -> EffectState:
    """The state after the event. Errors: ``Conflict`` where the event does not apply."""
    try:
        return _MOVES[state, event]
    except KeyError:
        raise Conflict("RW-EFFECT-001", Problem(f"an effect that is {state} cannot be {event}")) from None


class Idempotency(StrEnum):
    """What a connector promises about a repeated key."""

    NATIVE = "native"  # the receiver drops a repeated key: felt exactly once
    LOOKUP = "lookup"  # one can ask whether a key was carried out: felt exactly once
    NONE = "none"  # sent at most once; an unclear outcome goes to a person


@dataclass(frozen=True, slots=True)
class EffectRecord:
    """An effect as stored: the outbox row. ``arguments`` names an encrypted payload.

    ``untrusted`` names the control arguments whose value came from no trusted source. ``amount`` is business money
    in minor units, 0 where the tool moves none. ``key`` = use case, case, slot. It never depends on the arguments
    or the attempt, so a change of mind can not turn one effect into two; an approval is bound to
    ``arguments_digest`` instead.
    """

    id: Id
    case: Id
    use_case: str
    slot: str
    key: str
    tool: str
    arguments: Id
    arguments_digest: Digest
    amount: int
    state: EffectState
    version: int
    stage: Stage
    release: str
    confidence: float
    certificate: str
    approved_by: str
    disposition: str
    reasons: tuple[str, ...]
    untrusted: tuple[str, ...]
    attempts: int
    response: str
    created_at: datetime
    updated_at: datetime
    lane: str = ""
    """Whose effects leave one after the other: one tool and account, as a pseudonym. Empty: no order."""
    held: str = ""
    """Why it does not leave now although it may: ``rate``, ``circuit``, ``order:`` and the effect in front, ``by:``
    and who parked it and why, ``turn`` once it is its turn. Nothing is polled: whoever ends the reason wakes it."""
    held_since: datetime | None = None
    due_at: datetime | None = None
    """Not before this moment: the next attempt, or for an unknown one the next look-up (None: a person decides)."""
    sent_at: datetime | None = None
    """When the newest attempt began."""
    lookups: int = 0
    """How often its receiver was asked what became of it, since that attempt."""
    undoes: str = ""
    """The effect that it takes back."""
    passed: bool = False
    """A person let those behind it in its lane go first."""
    origins: tuple[tuple[str, str], ...] = ()
    """By control argument, and by `body:link` for links in content: where its value came from, in words."""
    marking: Marking | None = None
    """Of everything the run had read when it proposed this. None where it was not noted yet."""

    @property
    def is_looked_up(self) -> bool:
        """Nobody knows whether it was felt, and its receiver is asked (again) before a person is."""
        return self.state is EffectState.UNKNOWN and self.due_at is not None


def effect_key(use_case: str, case_key: str, slot: str) -> str:
    """The idempotency key a connector sees: another one for every other case or slot."""
    return ":".join(part.replace("%", "%25").replace(":", "%3A") for part in (use_case, case_key, slot))


class TrueOutcome(StrEnum):
    """How a case turned out against what was decided."""

    RIGHT = "right"
    WRONG = "wrong"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an effect was held back for good."""

    effect: Id
    reasons: tuple[str, ...]
    untrusted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What turned out to be right, learned later. ``truth`` is a label, not content."""

    id: Id
    case: Id
    use_case: str
    truth: str
    judgement: TrueOutcome
    source: str
    principal: str
    at: datetime
