"""What the API answers. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from typing import TypedDict


class EffectRow(TypedDict):
    """An effect without content. ``case`` is the case's key; times are empty where there are none."""

    id: str
    use_case: str
    case: str
    tool: str
    slot: str
    state: str
    attempts: int
    lookups: int
    held: str
    held_since: str
    due_at: str
    sent_at: str
    passed: bool
    undoes: str
    reasons: list[str]
    created_at: str
    updated_at: str


class EffectList(TypedDict):
    """Effects, newest first."""

    effects: list[EffectRow]
    after: str


class EffectTold(EffectRow):
    """One effect: what holds it, who is in front of it and behind it, how its receiver does."""

    key: str
    arguments_digest: str
    in_front: str
    behind: str
    receiver: str
    review: str
    approved_by: str
    certificate: str
    untrusted: list[str]


class ToolRow(TypedDict):
    """A tool of the charter and what is known of it: ``state`` is good, broken, changed or unknown."""

    tool: str
    use: str
    sink: str
    idempotency: str
    definition: str
    state: str
    reason: str
    since: str | None
    looked_at: str | None
    good_at: str | None
    breaks: int
    promised: bool


class ToolList(TypedDict):
    """Tools by name."""

    use_case: str
    release: str
    tools: list[ToolRow]
    after: str


class LookTold(TypedDict):
    """What a look at a tool found."""

    tool: str
    good: bool
    hold: str
    how: str
    reason: str


class LookList(TypedDict):
    """What looks found; empty where the tool promises nothing."""

    use_case: str
    looks: list[LookTold]


class ToolFreed(TypedDict):
    """A tool that goes again."""

    use_case: str
    tool: str
    state: str
