"""Labelled cases: inputs whose right answer is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Labelled:
    """An input with its truth. ``family`` ties alike messages together: they count once in a proof.

    ``topic`` is what an article should be about to answer it, where that was labelled apart from
    the truth; empty means that it was not. ``planted`` ones are no part of the traffic: they are
    rehearsed, and left out of every figure that speaks of traffic.
    """

    key: str
    data: Mapping[str, object]
    truth: str
    family: str = ""
    hostile: bool = False
    topic: str = ""
    planted: bool = False
