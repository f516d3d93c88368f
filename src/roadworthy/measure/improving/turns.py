"""Turns: who looks again and again finds something better by luck, so that all looks share one risk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from roadworthy.operate.deployment import Deployment
from roadworthy.release import Release

_WATCH: Final = "improve:"
_NONE: Final = '{"looks": 0, "known": {}}'
_REMEMBERED: Final = 200
"""Turns that are known again; an older one that comes back is a new turn, with less risk."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Which look for something better than a release this is, counted from 1, and the risk that it may take."""

    number: int
    risk: float
    over: str

    @property
    def sentence(self) -> str:
        """How careful this look had to be, for people."""
        return (
            f"look {self.number} for something better than {self.over}: the risk of taking luck for better is "
            f"{self.risk:.2%} this time, and a fixed sum over all looks"
        )


def take_turn(deployment: Deployment, release: Release, task: str, content: str, *, risk: float) -> Turn:
    """Count this look, before anybody sees what it says.

    The k-th look at proposals for one release and task takes ``risk / (k (k + 1))``: over any number of
    looks these add up to ``risk`` at most (union bound), whatever one look made the next one try, and
    whether or not labels came in between. ``content`` names all that a verdict rests on: cases, what is right,
    and who answered right. The same content is the same turn, so that asking again says the same.
    A release that takes the place of this one begins anew.
    """
    kind = f"{_WATCH}{task}"
    with deployment.store.write() as tx:
        stored = deployment.store.evidence.watch(tx, release.use_case, release.digest, kind)
        state: dict[str, Any] = json.loads(stored or _NONE)
        known: dict[str, int] = state["known"]
        number = known.get(content, 0)
        if not number:
            number = int(state["looks"]) + 1
            newest = sorted({**known, content: number}.items(), key=lambda one: one[1])[-_REMEMBERED:]
            text = json.dumps({"looks": number, "known": dict(newest)})
            deployment.store.evidence.save_watch(tx, release.use_case, release.digest, kind, text)
    return Turn(number, risk / (number * (number + 1)), release.name)
