"""Effects and spending."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from roadworthy.casework.effect import EffectState
from roadworthy.errors import Conflict
from roadworthy.ports import Store
from roadworthy.testing.conformance.examples import RELEASE, UNKNOWN, an_effect, id_at

DAY = date(2026, 3, 4)


class EffectsConformance:
    """What ``Effects`` promises."""

    def test_an_effect_comes_back_as_it_was_stored(self, store: Store) -> None:
        one, other = an_effect(), an_effect(2, reasons=(), untrusted=(), amount=0, response='{"ok": "ü"}')
        with store.write() as tx:
            assert store.effects.add(tx, one)
            assert store.effects.add(tx, other)
        with store.read() as tx:
            assert store.effects.get(tx, one.id) == one
            assert store.effects.get(tx, other.id) == other
            assert store.effects.get(tx, id_at(99)) is None

    def test_an_effect_without_confidence_keeps_having_none(self, store: Store) -> None:
        with store.write() as tx:
            store.effects.add(tx, an_effect(confidence=float("nan")))
            found = store.effects.get(tx, an_effect().id)
        assert found is not None
        assert found.confidence != found.confidence

    def test_a_key_is_taken_once(self, store: Store) -> None:
        with store.write() as tx:
            assert store.effects.add(tx, an_effect(1, key="k"))
            assert not store.effects.add(tx, an_effect(2, key="k"))
            assert store.effects.get(tx, id_at(2)) is None
            assert [effect.id for effect in store.effects.of_case(tx, id_at(1))] == [id_at(1)]

    def test_saving_replaces_the_version_that_was_read(self, store: Store) -> None:
        effect = an_effect()
        sent = replace(effect, state=EffectState.SENDING, version=2, attempts=1)
        with store.write() as tx:
            store.effects.add(tx, effect)
            store.effects.save(tx, sent, expected=1)
            assert store.effects.get(tx, effect.id) == sent
        with pytest.raises(Conflict, match="sending at version 2") as caught, store.write() as tx:
            store.effects.save(tx, replace(effect, state=EffectState.PARKED, version=2), expected=1)
        assert caught.value.code == "RW-STORE-001"

    def test_effects_of_a_case_come_oldest_first(self, store: Store) -> None:
        with store.write() as tx:
            for number in (3, 1, 2):
                store.effects.add(tx, an_effect(number))
            store.effects.add(tx, an_effect(4, case=id_at(2)))
        with store.read() as tx:
            assert store.effects.of_case(tx, id_at(1)) == (an_effect(1), an_effect(2), an_effect(3))
            assert store.effects.of_case(tx, id_at(3)) == ()

    def test_effects_in_a_state_come_oldest_first_and_bounded(self, store: Store) -> None:
        with store.write() as tx:
            for number in (3, 1, 2):
                store.effects.add(tx, an_effect(number, state=EffectState.UNKNOWN))
            store.effects.add(tx, an_effect(4, state=EffectState.UNKNOWN, use_case="invoices"))
            store.effects.add(tx, an_effect(5, state=EffectState.UNKNOWN, release=UNKNOWN))
            store.effects.add(tx, an_effect(6))
        with store.read() as tx:

            def numbers(**wanted: object) -> list[str]:
                found = store.effects.in_state(tx, EffectState.UNKNOWN, **wanted)  # type: ignore[arg-type]
                return [effect.id for effect in found]

            assert numbers() == [id_at(number) for number in (1, 2, 3, 4, 5)]
            assert numbers(limit=2) == [id_at(1), id_at(2)]
            assert numbers(use_case="support", release=RELEASE) == [id_at(1), id_at(2), id_at(3)]
            assert store.effects.in_state(tx, EffectState.UNDONE) == ()

    def test_spending_is_counted_by_use_case_tool_and_day(self, store: Store) -> None:
        def reserve(minor: int, use_case: str = "support", tool: str = "refund", day: date = DAY) -> int:
            with store.write() as tx:
                return store.effects.reserve_spend(tx, use_case, tool, day, minor)

        assert reserve(0) == 0
        assert reserve(300) == 0
        assert reserve(50) == 300
        assert reserve(-350) == 350
        assert reserve(2**61) == 0
        assert reserve(-(2**61)) == 2**61
        assert reserve(5) == 0
        assert reserve(1, use_case="invoices") == 0
        assert reserve(1, tool="usage") == 0
        assert reserve(1, day=date(2026, 3, 5)) == 0
        assert reserve(0) == 5
