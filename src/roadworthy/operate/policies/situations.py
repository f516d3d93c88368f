"""A situation in the words of a charter, as a request to its policies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord
from roadworthy.charter import Charter
from roadworthy.flow import PERSONAL, of_input
from roadworthy.operate.disposing import tool_facts
from roadworthy.operate.reading import input_marking
from roadworthy.policy import ANY, Marking, Origin, Request
from roadworthy.stage import Stage

PURE_WORDS: Final = frozenset(
    {
        "stage", "autonomy", "purpose", "spent_today", "confidence", "data_class", "region", "purposes",
        "origin", "untrusted", "approvals", "stopped",
    }
)  # fmt: skip
"""What a test may say of the situation beside the tool and its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a call is made in. What is left out is what the charter says, at its least favourable."""

    tool: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    stage: Stage = Stage.PRODUCTION
    autonomy: str = ""
    purpose: str = ""
    spent_today: int = 0
    confidence: float = 1.0
    data_class: int | None = None
    region: str = ""
    purposes: frozenset[str] = frozenset()
    origin: str = "untrusted"
    untrusted: frozenset[str] = frozenset()
    approvals: frozenset[str] = frozenset()
    stopped: bool = False
    amount: int | None = None
    """Minor units, where they are known from elsewhere than the arguments."""
    marking: Marking | None = None
    """What is on record of the data; it goes before ``data_class``, ``region``, ``purposes`` and ``origin``."""


def on_record(
    charter: Charter,
    case: CaseRecord,
    effect: EffectRecord,
    arguments: Mapping[str, object],
    *,
    spent_today: int = 0,
) -> Situation:
    """The situation of an effect of a case, from what is on record of it; ``charter`` is the one it was proposed under."""
    return Situation(
        tool=effect.tool,
        arguments=arguments,
        stage=effect.stage,
        spent_today=spent_today,
        confidence=effect.confidence,
        untrusted=frozenset(effect.untrusted),
        amount=effect.amount,
        marking=effect.marking or input_marking(charter, case),
    )


def request_for(charter: Charter, given: Situation) -> Request:
    """The request that a call in this situation makes. Errors: ``KeyError`` for a tool the charter has not."""
    tool = charter.tools[given.tool]
    named = given.arguments.get(tool.amount) if tool.amount else 0
    amount = named if type(named) is int else 0
    whole = of_input(charter, charter.input.keys(), subject="").data_class
    data_class = whole if given.data_class is None else given.data_class
    purposes = given.purposes or frozenset({charter.purpose})
    confidence = 0.0 if math.isnan(given.confidence) else max(0.0, min(1.0, given.confidence))
    return Request(
        use_case=charter.use_case,
        stage=given.stage,
        tool=tool_facts(charter, given.tool),
        autonomy=given.autonomy or charter.autonomy,
        purpose=given.purpose or charter.purpose,
        amount_minor=amount if given.amount is None else given.amount,
        spent_today_minor=given.spent_today,
        confidence_bp=round(confidence * 10_000),
        marking=given.marking
        or Marking(
            origin=cast("Origin", given.origin),
            data_class=data_class,
            region=given.region or charter.region,
            purposes=purposes - {ANY} if data_class >= PERSONAL else purposes,
            subjects=frozenset(),
        ),
        untrusted_control=given.untrusted,
        approvals=given.approvals,
        stopped=given.stopped,
        arguments=dict(given.arguments) if tool.arguments else {},
    )
