"""How a tool's contract holds for one release: held back by one break, set going again by a person alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from roadworthy.errors import Conflict, Problem, Refused
from roadworthy.quantities import Digest


class Hold(StrEnum):
    """Why nothing leaves through a tool."""

    NONE = "none"
    BROKEN = "broken"  # an answer was not what was promised
    CHANGED = "changed"  # what the server says of the tool is not what a person approved


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a tool found: nothing wrong, a break, or that nobody answered (``hold`` and a reason)."""

    hold: Hold = Hold.NONE
    reason: str = ""
    how: str = "call"
    """``call``, ``probe`` or ``definition``."""
    answered: bool = True
    """False where the tool could not be reached: that is no break, and no proof of the contrary."""

    @property
    def is_good(self) -> bool:
        return self.answered and self.hold is Hold.NONE


@dataclass(frozen=True, slots=True)
class ToolState:
    """What is known of a tool of a release. ``good_at``: the last good look since the last break, None without."""

    release: Digest
    use_case: str
    tool: str
    hold: Hold
    reason: str
    since: datetime
    looked_at: datetime
    how: str
    good_at: datetime | None
    breaks: int
    version: int

    @property
    def scope(self) -> str:
        """What clearance asks for."""
        return held_scope(f"release:{self.release}", f"tool:{self.tool}")


def held_scope(release: str, tool: str) -> str:
    """The scope of a tool of one release, from the scopes ``release:…`` and ``tool:…``."""
    return f"{release}/{tool}"


def first(release: Digest, use_case: str, tool: str, *, at: datetime) -> ToolState:
    """A tool that nobody looked at yet."""
    return ToolState(release, use_case, tool, Hold.NONE, "", at, at, "", None, 0, 0)


def after(state: ToolState, look: Look, *, at: datetime) -> ToolState:
    """The state after a look.

    Invariant: no look ends a hold; a good one is noted and a person decides. A break takes away every good look
    before it. What could not be reached stays as it was.
    """
    seen = replace(state, looked_at=at, how=look.how, version=state.version + 1)
    if not look.answered:
        return replace(seen, reason=state.reason or look.reason)
    if look.hold is Hold.NONE:
        return replace(seen, good_at=at, reason=state.reason if state.hold is not Hold.NONE else "")
    return replace(
        seen,
        hold=look.hold,
        reason=look.reason,
        since=state.since if state.hold is not Hold.NONE else at,
        good_at=None,
        breaks=state.breaks + 1,
    )


def released(state: ToolState, *, at: datetime, probed: bool) -> ToolState:
    """The state after a person set the tool going again.

    ``probed``: the tool can be looked at without an effect, so a good look since the last break is asked for.
    Errors: ``Conflict`` RW-TOOL-013 where nothing is held, ``Refused`` RW-TOOL-012 without that good look.
    """
    if state.hold is Hold.NONE:
        raise Conflict("RW-TOOL-013", Problem(f"`{state.tool}` is not held back"))
    if probed and state.good_at is None:
        raise Refused(
            "RW-TOOL-012",
            f"`{state.tool}` is still not what was promised",
            reasons=[state.reason],
            may_overrule="nobody",
            hint="mend the tool, or approve what it is now in a new release: `roadworthy tools approve`",
        )
    return replace(state, hold=Hold.NONE, reason="", since=at, version=state.version + 1)
