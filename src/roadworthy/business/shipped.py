"""The data files that belong to the package like its code: the tick lists and the policy it comes with."""

from __future__ import annotations

from functools import cache
from importlib import resources

from roadworthy.business.lists import TickLists, parse_lists
from roadworthy.business.policy import Policy, parse_policy


@cache
def shipped_lists() -> TickLists:
    """The tick lists of this version of the package."""
    return parse_lists(_text("lists.yaml"), place="lists.yaml")


@cache
def shipped_policy() -> Policy:
    """The thresholds and assumptions of this version of the package; a company may pass its own instead."""
    return parse_policy(_text("policy.yaml"), place="policy.yaml")


def _text(name: str) -> str:
    # Read once, never from a path that somebody gives: as constant as the code beside it.
    return (resources.files("roadworthy.business") / name).read_text(encoding="utf-8")
