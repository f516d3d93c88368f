"""Figures of cases by day and hour."""

from __future__ import annotations

from roadworthy.ports import Store
from roadworthy.telemetry.rollup import Cell, Count, Grain, Name
from roadworthy.testing.conformance.examples import RELEASE, id_at


def a_cell(slot: str = "2026-05-04", **changes: str) -> Cell:
    """Cases that a machine handled on a day."""
    told = {"use_case": "support", "name": Name.CLOSED.value, "label": "automatic", "release": RELEASE,
            "stage": "production", **changes}  # fmt: skip
    grain = Grain.HOUR if "T" in slot else Grain.DAY
    return Cell(grain=grain, slot=slot, **told)


class RollupsConformance:
    """What ``Rollups`` promises."""

    def test_counts_add_up_and_keep_the_newest_example(self, store: Store) -> None:
        with store.write() as tx:
            store.rollups.add(tx, {a_cell(): (2, id_at(1)), a_cell("2026-05-05"): (2**40, id_at(2))})
            store.rollups.add(tx, {a_cell(): (3, id_at(3)), a_cell("2026-05-06"): (-1, "")})
            store.rollups.add(tx, {a_cell(): (1, "")})
            store.rollups.add(tx, {})
        with store.read() as tx:
            found = store.rollups.sums(tx, ["support"], Grain.DAY, "2026-05-04", "2026-05-06")
            assert found == (
                Count("", "support", RELEASE, "production", "closed", "automatic", 5 + 2**40, id_at(3)),
            )
            for names, rows in (
                ([Name.CLOSED], found),
                ([Name.CLOSED, Name.COST], found),
                ([Name.COST], ()),
            ):
                asked = store.rollups.sums(
                    tx, ["support"], Grain.DAY, "2026-05-04", "2026-05-06", names=names
                )
                assert asked == rows
            by_day = store.rollups.slotted(
                tx, ["support"], Grain.DAY, "2026-05-04", "2026-05-06", names=[Name.CLOSED]
            )
            assert [(one.slot, one.value) for one in by_day] == [
                ("2026-05-04", 6), ("2026-05-05", 2**40), ("2026-05-06", -1),
            ]  # fmt: skip
            joined = store.rollups.slotted(
                tx, ["support"], Grain.DAY, "2026-05-04", "2026-05-06", names=[Name.CLOSED], together=True
            )
            assert joined[0] == Count("2026-05-04", "", "", "", "closed", "automatic", 6, id_at(3))
            assert len(joined) == 3
            assert all(one.value.__class__ is int for one in (*found, *by_day))

    def test_use_cases_grains_slots_and_names_are_told_apart(self, store: Store) -> None:
        cells = {
            a_cell(): 1, a_cell("2026-05-04T09"): 2, a_cell(use_case="other"): 4, a_cell(label="person"): 8,
            a_cell(release=""): 16, a_cell(stage="canary"): 32, a_cell("2026-05-04T07", stage="pilot"): 0, a_cell("2026-05-03"): 64,
            a_cell(name=Name.ERROR.value, label="ü/\"'"): 128,
        }  # fmt: skip
        with store.write() as tx:
            store.rollups.add(tx, {cell: (value, "") for cell, value in cells.items()})
        with store.read() as tx:
            ask = store.rollups
            day = ask.sums(tx, ["support"], Grain.DAY, "2026-05-04", "2026-05-04")
            assert sorted(one.value for one in day) == [1, 8, 16, 32, 128]
            assert [one.label for one in day if one.value == 128] == ["ü/\"'"]
            both = ask.sums(tx, ["other", "support"], Grain.DAY, "2026-05-03", "2026-05-04")
            assert sum(one.value for one in both) == sum(cells.values()) - 2
            hour = ask.slotted(
                tx, ["support"], Grain.HOUR, "2026-05-04T09", "2026-05-04T10", names=["closed"]
            )
            assert [(one.slot, one.value) for one in hour] == [("2026-05-04T09", 2)]
            live = ask.slotted(
                tx,
                ["other", "support"],
                Grain.DAY,
                "2026-05-04",
                "2026-05-04",
                names=["closed"],
                together=True,
            )
            assert [(one.label, one.value) for one in live] == [
                ("automatic", 1 + 4 + 16 + 32),
                ("person", 8),
            ]
            assert (
                ask.slotted(tx, ["support"], Grain.DAY, "2026-05-01", "2026-05-09", names=["rating"]) == ()
            )
            assert ask.slotted(tx, ["support"], Grain.DAY, "2026-05-01", "2026-05-09", names=[]) == ()
            assert ask.sums(tx, [], Grain.DAY, "2026-05-01", "2026-05-09") == ()

    def test_old_slots_are_dropped_and_everything_is_cleared(self, store: Store) -> None:
        cells = [
            a_cell("2026-05-04T08"),
            a_cell("2026-05-04T09"),
            a_cell(),
            a_cell("2026-05-04T08", use_case="x"),
        ]
        with store.write() as tx:
            store.rollups.add(tx, dict.fromkeys(cells, (1, "")))
            store.rollups.drop(tx, ["support"], Grain.HOUR, before="2026-05-04T09")
            store.rollups.drop(tx, [], Grain.HOUR, before="2026-05-05T09")
        whole = ("2026-05-04", "2026-05-05")
        with store.read() as tx:
            assert len(store.rollups.slotted(tx, ["support"], Grain.HOUR, *whole, names=["closed"])) == 1
            assert len(store.rollups.sums(tx, ["support"], Grain.DAY, *whole)) == 1
            assert len(store.rollups.sums(tx, ["x"], Grain.HOUR, *whole)) == 1
        with store.write() as tx:
            store.rollups.clear(tx)
        with store.read() as tx:
            assert store.rollups.sums(tx, ["support", "x"], Grain.HOUR, *whole) == ()
            assert store.rollups.sums(tx, ["support"], Grain.DAY, *whole) == ()
