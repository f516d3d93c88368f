"""A rule of policies as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from roadworthy.policy.answer import Obligation


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it does where it applies, the sentence it tells people, its text and where that stands.

    ``about_people``: it says who may say yes, not what a tool may do. ``of_house``: it is always on, whatever a
    use case says. ``asks`` is what lifts a forbid that a person may lift.
    """

    id: str
    effect: Literal["permit", "forbid"]
    reason: str
    place: str
    text: str
    asks: Obligation | None = None
    about_people: bool = False
    of_house: bool = False
