"""Effects and spending."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from roadworthy.casework.effect import EffectState
from roadworthy.casework.pace import Pace, Rate
from roadworthy.errors import Conflict
from roadworthy.ports import Store
from roadworthy.testing.conformance.examples import AT, RELEASE, UNKNOWN, an_effect, id_at

DAY = date(2026, 3, 4)


class EffectsConformance:
    """What ``Effects`` promises."""

    def test_an_effect_comes_back_as_it_was_stored(self, store: Store) -> None:
        one, other = (
            an_effect(),
            an_effect(
                2, reasons=(), untrusted=(), origins=(), marking=None, amount=0, response='{"ok": "ü"}'
            ),
        )
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
            several = store.effects.of_cases(tx, [id_at(3), id_at(1), id_at(1)])
            assert several == (an_effect(3), an_effect(2), an_effect(1))
            assert store.effects.of_cases(tx, []) == ()

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

    def test_the_one_in_front_is_of_the_same_lane_owed_and_of_an_earlier_case(self, store: Store) -> None:
        with store.write() as tx:
            for number in (1, 2, 3):
                store.effects.add(tx, an_effect(number, case=id_at(number), lane="a"))
            store.effects.add(tx, an_effect(4, case=id_at(4), lane="b"))
            store.effects.add(tx, an_effect(5, case=id_at(5)))

        def front(number: int) -> str:
            with store.write() as tx:
                effect = store.effects.get(tx, id_at(number))
                assert effect is not None
                found = store.effects.in_front(tx, effect)
            return found.id if found else ""

        def change(number: int, **changed: object) -> None:
            with store.write() as tx:
                effect = store.effects.get(tx, id_at(number))
                assert effect is not None
                after = replace(effect, version=effect.version + 1, **changed)  # type: ignore[arg-type]
                store.effects.save(tx, after, expected=effect.version)

        assert [front(number) for number in (1, 2, 3, 4, 5)] == ["", id_at(1), id_at(1), "", ""]
        change(1, state=EffectState.CONFIRMED)
        assert [front(2), front(3)] == ["", id_at(2)]
        change(2, state=EffectState.UNKNOWN, passed=True)
        assert front(3) == ""
        with store.write() as tx:
            first = store.effects.get(tx, id_at(1))
            assert first is not None
            behind = store.effects.behind(tx, first)
            alone = store.effects.behind(tx, an_effect(5, case=id_at(5)))
        assert behind is not None
        assert behind.id == id_at(2)
        assert alone is None

    def test_those_that_wait_for_a_tool_come_the_longest_waiting_first(self, store: Store) -> None:
        with store.write() as tx:
            for number, why in enumerate(("rate", "circuit", "order:x", "rate", ""), start=1):
                since = AT - timedelta(seconds=number) if why else None
                store.effects.add(tx, an_effect(number, held=why, held_since=since))
            store.effects.add(tx, an_effect(6, held="rate", held_since=AT, state=EffectState.PARKED))
            example = an_effect()
        with store.read() as tx:
            found = store.effects.waiting(tx, example.use_case, example.tool)
            assert [one.id for one in found] == [id_at(4), id_at(2), id_at(1)]
            assert len(store.effects.waiting(tx, example.use_case, example.tool, limit=2)) == 2
            assert store.effects.waiting(tx, example.use_case, "other") == ()

    def test_the_overdue_are_those_whose_time_has_long_come(self, store: Store) -> None:
        before, later = AT - timedelta(minutes=5), AT + timedelta(minutes=5)
        with store.write() as tx:
            store.effects.add(tx, an_effect(1, due_at=before))
            store.effects.add(tx, an_effect(2, due_at=later))
            store.effects.add(tx, an_effect(3, held="rate", held_since=before))
            store.effects.add(tx, an_effect(4, due_at=before, state=EffectState.CONFIRMED))
            store.effects.add(tx, an_effect(5))
        with store.read() as tx:
            page = store.effects.overdue(tx, AT, limit=1)
            rest = store.effects.overdue(tx, AT, after=page.after)
        assert [one.id for one in (*page.rows, *rest.rows)] == [id_at(1), id_at(3)]

    def test_effects_are_listed_newest_first_in_pages(self, store: Store) -> None:
        with store.write() as tx:
            for number in (1, 2, 3):
                store.effects.add(tx, an_effect(number))
            store.effects.add(tx, an_effect(4, state=EffectState.DEAD, tool="other"))
        with store.read() as tx:
            first = store.effects.list(tx, states=(EffectState.READY, EffectState.PROPOSED), limit=2)
            rest = store.effects.list(
                tx, states=(EffectState.READY, EffectState.PROPOSED), after=first.after, limit=2
            )
            assert [one.id for one in (*first.rows, *rest.rows)] == [id_at(3), id_at(2), id_at(1)]
            assert [one.id for one in store.effects.list(tx, tool="other").rows] == [id_at(4)]
            assert store.effects.list(tx, "nothing").rows == ()

    def test_refusals_are_those_of_the_newest_that_take_nothing_back(self, store: Store) -> None:
        refused = EffectState.REFUSED
        with store.write() as tx:
            for number in (1, 2):
                store.effects.add(tx, an_effect(number, state=refused, reasons=(f"rule {number}",)))
            store.effects.add(tx, an_effect(3, state=refused, undoes=id_at(1)))
            store.effects.add(tx, an_effect(4, state=refused, use_case="other"))
            store.effects.add(tx, an_effect(5))
        with store.read() as tx:
            found = store.effects.refusals(tx, ["support"])
            assert [(one.effect, one.reasons) for one in found] == [
                (id_at(2), ("rule 2",)),
                (id_at(1), ("rule 1",)),
            ]
            assert found[0].untrusted == an_effect().untrusted
            assert [one.effect for one in store.effects.refusals(tx, ["support"], limit=3)] == [id_at(2)]
            assert store.effects.refusals(tx, []) == ()

    def test_a_pace_comes_back_as_it_was_kept(self, store: Store) -> None:
        with store.write() as tx:
            pace = store.effects.pace(tx, "support", "mail", lock=True)
            assert pace == Pace("support", "mail")
            kept = pace.took(1_800_000_000.25, Rate.of(60, 60)).failed(1_800_000_000.5)
            store.effects.save_pace(tx, kept)
        with store.read() as tx:
            assert store.effects.pace(tx, "support", "mail") == kept
            assert store.effects.pace(tx, "support", "other") == Pace("support", "other")
            assert store.effects.paces(tx) == (kept,)
