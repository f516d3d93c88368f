"""What a decision about one call of a tool rests on: tool, situation, and the marking of the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from roadworthy.quantities import Digest, digest_of
from roadworthy.stage import Stage

Origin = Literal["trusted", "untrusted"]
Sink = Literal["none", "browse", "message", "egress", "money", "identity", "write", "delete"]

SINKS: Final[tuple[str, ...]] = get_args(Sink)
AUTONOMIES: Final = ("suggest", "approve", "automatic")
ANY: Final = "any"
NOWHERE: Final = "nowhere"

LIMIT: Final = 10**15
"""Largest amount, in minor units. Sums of a few amounts then stay far from the 64 bits of an engine
that would drop a rule on overflow."""

_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "amount_minor": (0, LIMIT),
    "spent_today_minor": (0, LIMIT),
    "confidence_bp": (0, 10_000),
    "data_class": (0, 3),
}
_TOOL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:-]{0,127}")


@dataclass(frozen=True, slots=True)
class Marking:
    """Where a value comes from and what may be done with it; it travels with the value.

    ``data_class``: 0 public, 1 internal, 2 personal or confidential, 3 special, identity, secret.
    ``region``: a region, ``any`` (may be anywhere) or ``nowhere`` (mixed regions: may not move).
    ``purposes``: purposes the data may serve; ``{"any"}`` for data without such a limit, which
    exist only in the classes 0 and 1.
    ``subjects``: references of the people the value is about.
    """

    origin: Origin
    data_class: int
    region: str
    purposes: frozenset[str]
    subjects: frozenset[str]

    def __post_init__(self) -> None:
        if self.origin not in get_args(Origin):
            raise ValueError(f"an origin is `trusted` or `untrusted`, found `{self.origin}`")
        if type(self.data_class) is not int or not 0 <= self.data_class <= 3:
            raise ValueError(f"a data class is 0, 1, 2 or 3, found `{self.data_class}`")
        if not self.region:
            raise ValueError("a marking names a region, `any` or `nowhere`")
        if ANY in self.purposes and len(self.purposes) > 1:
            raise ValueError("the purpose `any` stands alone")
        # Invariant: else joining with a public value of one purpose would grant that purpose.
        if ANY in self.purposes and self.data_class >= 2:
            raise ValueError("personal and confidential data name the purposes they serve")

    def join(self, other: Marking) -> Marking:
        """Marking of what is made from both values: never freer than either.

        Origin and class rise, region and purposes narrow, subjects gather. Associative,
        commutative and idempotent: order and repetition of joins do not matter.
        """
        return Marking(
            origin="untrusted" if "untrusted" in (self.origin, other.origin) else "trusted",
            data_class=max(self.data_class, other.data_class),
            region=_common_region(self.region, other.region),
            purposes=_common_purposes(self.purposes, other.purposes),
            subjects=self.subjects | other.subjects,
        )


NEUTRAL: Final = Marking("trusted", 0, ANY, frozenset({ANY}), frozenset())
"""Joins without effect: where a fold over markings starts."""


def _common_region(one: str, other: str) -> str:
    if one == ANY:
        return other
    return one if other in (ANY, one) else NOWHERE


def _common_purposes(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    if ANY in one:
        return other
    return one if ANY in other else one & other


@dataclass(frozen=True, slots=True)
class Tool:
    """What policy knows of a tool: what it does to the world, how secret its data may be, where it runs.

    ``clearance`` is the highest data class it may see. A tool whose region is ``any`` promises no
    place, so only data that may be anywhere reach it.
    """

    name: str
    sink: Sink
    clearance: int
    region: str

    def __post_init__(self) -> None:
        if not _TOOL_NAME.fullmatch(self.name):
            raise ValueError(f"`{self.name}` is not a tool name such as `helpdesk.reply`")
        if self.sink not in SINKS:
            raise ValueError(f"`{self.sink}` is not a sink, expected one of {', '.join(SINKS)}")
        if type(self.clearance) is not int or not 0 <= self.clearance <= 3:
            raise ValueError(f"a clearance is 0, 1, 2 or 3, found `{self.clearance}`")
        if not self.region or self.region == NOWHERE:
            raise ValueError("a tool runs in a region, or in `any`")

    @property
    def connector(self) -> str:
        """The part of the name before the first dot: ``helpdesk`` of ``helpdesk.reply``."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """May this tool be called now?

    ``amount_minor`` is 0 where no money moves. ``spent_today_minor`` is without this amount.
    ``untrusted_control`` names the control arguments (who, where, how much) whose value does not
    come from a trusted source. ``approvals`` holds ids of obligations already met for exactly
    these arguments. Numbers are not checked here: they may come from a model, and a bad one must
    end in a recorded denial.
    """

    use_case: str
    stage: Stage
    tool: Tool
    autonomy: str
    purpose: str
    amount_minor: int
    spent_today_minor: int
    confidence_bp: int
    marking: Marking
    untrusted_control: frozenset[str]
    approvals: frozenset[str]
    stopped: bool

    @property
    def digest(self) -> Digest:
        """Digest of everything the answer may depend on.

        Unchecked numbers are text in it: a request refused for its amount has a digest, too.
        """
        return digest_of(
            {
                "use_case": self.use_case,
                "stage": str(self.stage),
                "tool": [self.tool.name, self.tool.sink, self.tool.clearance, self.tool.region],
                "autonomy": str(self.autonomy),
                "purpose": self.purpose,
                "amount_minor": str(self.amount_minor),
                "spent_today_minor": str(self.spent_today_minor),
                "confidence_bp": str(self.confidence_bp),
                "marking": {
                    "origin": self.marking.origin,
                    "data_class": self.marking.data_class,
                    "region": self.marking.region,
                    "purposes": sorted(self.marking.purposes),
                    "subjects": sorted(self.marking.subjects),
                },
                "untrusted_control": sorted(self.untrusted_control),
                "approvals": sorted(self.approvals),
                "stopped": self.stopped,
            }
        )


def out_of_range(context: Mapping[str, object]) -> tuple[str, ...]:
    """The numbers of a request's context that lie outside what they can mean, as sentences."""
    return tuple(
        f"`{name}` lies between {low} and {high}, found {value}"
        for name, (low, high) in _RANGES.items()
        if isinstance(value := context.get(name), int) and not low <= value <= high
    )
