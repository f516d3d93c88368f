"""How the contracts of tools hold."""

from __future__ import annotations

from roadworthy.casework.toolstate import Hold, ToolState
from roadworthy.errors import Conflict, Problem
from roadworthy.ports import Transaction
from roadworthy.testing.memory.transaction import opened


class MemoryToolStates:
    """The port ``ToolStates``."""

    def get(self, tx: Transaction, release: str, tool: str) -> ToolState | None:
        return opened(tx).table("tool_state").get((release, tool))

    def of_release(self, tx: Transaction, release: str) -> tuple[ToolState, ...]:
        return tuple(one for one in self._all(tx) if one.release == release)

    def held(self, tx: Transaction) -> tuple[ToolState, ...]:
        return tuple(one for one in self._all(tx) if one.hold is not Hold.NONE)

    def save(self, tx: Transaction, state: ToolState, *, expected: int) -> None:
        now = self.get(tx, state.release, state.tool)
        if (now.version if now is not None else 0) != expected:
            raise Conflict(
                "RW-STORE-001",
                Problem(
                    f"the state of the tool `{state.tool}` was changed meanwhile, expected version {expected}",
                    hint="look at it again, then decide",
                ),
            )
        opened(tx).change("tool_state")[state.release, state.tool] = state

    def _all(self, tx: Transaction) -> tuple[ToolState, ...]:
        table = opened(tx).table("tool_state")
        return tuple(table[key] for key in sorted(table))
