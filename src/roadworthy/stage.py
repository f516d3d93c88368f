"""How far a release may go, and what its effects may do there."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """How far a release is on the road."""

    DRAFT = "draft"
    PILOT = "pilot"
    SHADOW = "shadow"
    CANARY = "canary"
    PRODUCTION = "production"
    HALTED = "halted"
    RETIRED = "retired"


ROAD = (Stage.DRAFT, Stage.PILOT, Stage.SHADOW, Stage.CANARY, Stage.PRODUCTION)
SIMULATED = frozenset({Stage.DRAFT, Stage.PILOT, Stage.SHADOW})
LIVE = frozenset({Stage.SHADOW, Stage.CANARY, Stage.PRODUCTION})
ENDED = frozenset({Stage.HALTED, Stage.RETIRED})
