"""How the contracts of tools hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from roadworthy.casework.toolstate import Hold, Look, after, first
from roadworthy.errors import Conflict
from roadworthy.ports import Store
from roadworthy.testing.conformance.examples import AT, RELEASE, ChangeOfMind, begin_and_roll_back

_FRESH = first(RELEASE, "support", "crm.find", at=AT)


class ToolStatesConformance:
    """What ``ToolStates`` promises."""

    def test_the_state_of_a_tool_comes_back_as_it_was(self, store: Store) -> None:
        state = after(_FRESH, Look(Hold.CHANGED, "`wörter` fehlen", "probe"), at=AT + timedelta(seconds=1))
        with store.write() as tx:
            assert store.tool_states.get(tx, RELEASE, "crm.find") is None
            store.tool_states.save(tx, state, expected=0)
        good = after(state, Look(how="probe"), at=AT + timedelta(seconds=2))
        with store.write() as tx:
            assert store.tool_states.get(tx, RELEASE, "crm.find") == state
            store.tool_states.save(tx, good, expected=state.version)
        with store.read() as tx:
            assert store.tool_states.get(tx, RELEASE, "crm.find") == good

    def test_all_tools_that_are_held_back_are_told(self, store: Store) -> None:
        held = [
            replace(_FRESH, tool=name, hold=Hold.BROKEN, version=1, breaks=1) for name in ("a.b", "b.c")
        ]
        with store.write() as tx:
            for state in (*held, replace(_FRESH, version=1)):
                store.tool_states.save(tx, state, expected=0)
        with store.read() as tx:
            assert store.tool_states.held(tx) == tuple(held)
            assert [one.tool for one in store.tool_states.of_release(tx, RELEASE)] == [
                "a.b",
                "b.c",
                "crm.find",
            ]
            assert store.tool_states.of_release(tx, "sha256:other") == ()

    def test_the_state_of_a_tool_changes_only_as_it_was_seen(self, store: Store) -> None:
        one = replace(_FRESH, version=1)
        with store.write() as tx:
            store.tool_states.save(tx, one, expected=0)
        for expected in (0, 2):
            with pytest.raises(Conflict) as late, store.write() as tx:
                store.tool_states.save(tx, replace(one, version=expected + 1), expected=expected)
            assert late.value.code == "RW-STORE-001"
        with store.read() as tx:
            assert store.tool_states.get(tx, RELEASE, "crm.find") == one

    def test_a_look_that_is_rolled_back_was_never_written(self, store: Store) -> None:
        state = replace(_FRESH, version=1)
        with pytest.raises(ChangeOfMind):
            begin_and_roll_back(store, lambda tx: store.tool_states.save(tx, state, expected=0))
        with store.read() as tx:
            assert store.tool_states.get(tx, RELEASE, "crm.find") is None
