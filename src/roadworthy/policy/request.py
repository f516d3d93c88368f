"""What a decision about one call of a tool rests on: tool, situation, and the marking of the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from roadworthy.policy.marking import NOWHERE, Marking
from roadworthy.quantities import Digest, digest_of
from roadworthy.stage import Stage

Sink = Literal["none", "browse", "message", "egress", "money", "identity", "write", "delete"]

SINKS: Final[tuple[str, ...]] = get_args(Sink)
AUTONOMIES: Final = ("suggest", "approve", "automatic")

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
    come from a trusted source, and, as `body:link`, content that leads somewhere no trusted source names. ``approvals`` holds ids of obligations already met for exactly
    these arguments. ``arguments`` holds the values of the arguments the charter declares for the
    tool; an optional argument that was not given is absent. Numbers and arguments are not checked
    here: they may come from a model, and a bad one must end in a recorded denial.
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
    arguments: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def digest(self) -> Digest:
        """Digest of everything the answer may depend on.

        Unchecked values are text in it: a request refused for its amount has a digest, too.
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
                "marking": self.marking.as_json(),
                "untrusted_control": sorted(self.untrusted_control),
                "approvals": sorted(self.approvals),
                "stopped": self.stopped,
                "arguments": {name: _as_text(value) for name, value in self.arguments.items()},
            }
        )


def _as_text(value: object) -> str:
    """The value with its type, so that `1`, `"1"` and `True` differ; any value has such a text."""
    return f"{type(value).__name__}:{value!r}"


def out_of_range(context: Mapping[str, object]) -> tuple[str, ...]:
    """The numbers of a request's context that lie outside what they can mean, as sentences."""
    return tuple(
        f"`{name}` lies between {low} and {high}, found {value}"
        for name, (low, high) in _RANGES.items()
        if isinstance(value := context.get(name), int) and not low <= value <= high
    )
