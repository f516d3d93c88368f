import csv
import logging
import re
import tempfile
import warnings
from collections import defaultdict
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pytest
from tests.adapters.splink.made import Table, companies, people, products

from roadworthy.adapters.splink import SplinkMatcher
from roadworthy.data.matching import (
    Block,
    Key,
    MatchPlan,
    Mode,
    Pair,
    cluster,
    of_texts,
    pairwise,
    propose,
)
from roadworthy.errors import InputProblem, Unavailable

FEBRL = Path(__file__).resolve().parents[4] / "shared" / "data" / "febrl"


def _match(table: Table, plan: MatchPlan | None = None, **more: object) -> tuple[list[Pair], SplinkMatcher]:
    matcher = SplinkMatcher()
    plan = plan or propose([of_texts("t", table)])
    return list(matcher.pairs([("t", table)], plan, **more)), matcher  # type: ignore[arg-type]


def _link(first: Table, second: Table, mode: Mode | None = None) -> list[Pair]:
    plan = propose([of_texts("a", first), of_texts("b", second)], mode=mode)
    return list(SplinkMatcher().pairs([("a", first), ("b", second)], plan))


def _true(labels: list[object]) -> set[tuple[int, int]]:
    of: dict[object, list[int]] = defaultdict(list)
    for at, label in enumerate(labels):
        of[label].append(at)
    return {pair for rows in of.values() for pair in combinations(rows, 2)}


def _f1(found: set[tuple[int, int]], true: set[tuple[int, int]]) -> float:
    return 2 * len(found & true) / (len(found) + len(true))


def _rows(pairs: list[Pair]) -> set[tuple[int, int]]:
    return {(one.left.row, one.right.row) for one in pairs}


def test_people_entered_twice_are_found_and_households_are_not_joined() -> None:
    table, labels = people(250)
    pairs, _ = _match(table)
    assert _f1(_rows(pairs), _true(labels)) > 0.97
    sure = {one.rows for one in pairs if one.probability >= 0.95}
    assert len({(a.row, b.row) for a, b in sure} - _true(labels)) <= 1


def test_the_same_rows_plan_and_seed_give_the_same_pairs_however_they_come(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    table, _ = people(100)
    plan = propose([of_texts("t", table)])
    told: list[float] = []
    caplog.set_level(logging.DEBUG, logger="splink")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, _ = _match(table, plan, seed=7)
        stream = pa.table(table)
        second = SplinkMatcher().pairs(
            [("t", stream)],
            plan,
            seed=7,
            progress=lambda part, doing: told.append(part) if part is not None else None,
        )
        assert list(second) == first
    assert first
    # Splink says nothing, and progress only goes forward.
    assert [one for one in caplog.records if one.name.startswith("splink")] == []
    assert capfd.readouterr() == ("", "")
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_table_without_duplicates_has_none() -> None:
    table, _ = people(200, duplicates=0)
    pairs, _ = _match(table)
    assert [one for one in pairs if one.probability >= 0.95] == []
    assert len(pairs) <= 2


def test_rows_that_are_all_equal_are_one_thing() -> None:
    one, _ = people(1, duplicates=0)
    table = {name: cells * 300 for name, cells in one.items()}
    plan = propose([of_texts("t", table)])
    pairs, matcher = _match(table, plan)
    assert [len(found) for found in cluster(pairs, plan, most_rows=1000).clusters] == [300]
    assert [found.code for found in matcher.findings] == ["RW-DATA-415"]


def test_a_place_alone_makes_no_two_rows_one_thing() -> None:
    table, _ = people(200, duplicates=0)
    pairs, _ = _match({"Ort": table["Ort"]})
    assert pairs == []


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_hardly_any_rows_are_no_trouble(rows: int) -> None:
    table, _ = people(3, duplicates=0, households=0)
    assert _match({name: cells[:rows] for name, cells in table.items()})[0] == []


def test_suppliers_of_two_systems_with_other_columns_are_linked() -> None:
    first, second, true = companies(200)
    pairs = _link(first, second)
    assert all((one.left.table, one.right.table) == (0, 1) for one in pairs)
    assert _f1(_rows(pairs), set(true)) > 0.97


def test_of_several_partners_in_a_clean_table_only_the_best_stays() -> None:
    first, _ = people(120, duplicates=0, households=0)
    # The second table holds every one of them, and of each fifth one another with another birthday and telephone.
    second = {name: [*cells, *cells[::5]] for name, cells in first.items()}
    rows = len(first["Vorname"])
    for at in range(rows, len(second["Vorname"])):
        second["Geburtsdatum"][at] = "01.01.1901"
        second["Telefon"][at] = "0999 999999"
    plan = propose([of_texts("a", first), of_texts("b", second)])
    matcher = SplinkMatcher()
    exclusive = _rows(list(matcher.pairs([("a", first), ("b", second)], replace(plan, exclusive=True))))
    assert exclusive == {(at, at) for at in range(rows)}
    assert "RW-DATA-414" in {one.code for one in matcher.findings}
    several = _rows(list(matcher.pairs([("a", first), ("b", second)], replace(plan, exclusive=False))))
    assert exclusive < several
    assert "RW-DATA-414" not in {one.code for one in matcher.findings}


def test_products_described_in_other_words_are_linked() -> None:
    first, second, true = products(200)
    assert _f1(_rows(_link(first, second)), set(true)) > 0.95


def test_linking_and_deduplicating_finds_pairs_within_and_across() -> None:
    table, labels = people(150, duplicates=0.5)
    half = len(labels) // 2
    first = {name: cells[:half] for name, cells in table.items()}
    second = {name: cells[half:] for name, cells in table.items()}
    pairs = _link(first, second, Mode.LINK_AND_DEDUPE)
    found = {(a.table * half + a.row, b.table * half + b.row) for a, b in (one.rows for one in pairs)}
    assert _f1(found, _true(labels)) > 0.96


def test_strange_names_and_values_are_only_text() -> None:
    table, _ = people(60)
    strange = 'x"; drop table rows; --'
    table[strange] = table.pop("Vorname")
    table["Nachname"][0] = "x'); drop table rows; --"
    table["Nachname"][1] = "nul\x00byte"
    table["Ort"][2] = "\ud800 surrogate"
    table["E-Mail"][3] = "a\x00'\ud800@b"
    pairs, _ = _match(table)
    assert pairs


def test_a_value_too_frequent_to_compare_is_told_and_does_not_explode() -> None:
    table, _ = people(200)
    plan = propose([of_texts("t", table)])
    small = replace(plan, blocks=(Block((Key("Ort"),)),), most_pairs=200, training=())
    pairs, matcher = _match(table, small, threshold=0.001)
    assert "RW-DATA-411" in {one.code for one in matcher.findings}
    assert len(pairs) < 2000


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    table, _ = people(60)
    pairs = SplinkMatcher(folder=tmp_path).pairs([("t", table)], propose([of_texts("t", table)]))
    next(pairs)
    assert list(tmp_path.iterdir())
    pairs.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


def test_a_plan_for_other_tables_is_refused() -> None:
    table, _ = people(20)
    plan = propose([of_texts("t", table)])
    with pytest.raises(InputProblem) as told:
        SplinkMatcher().pairs([("t", table), ("u", table)], plan)
    assert told.value.code == "RW-DATA-401"
    table.pop("Vorname")
    with pytest.raises(InputProblem) as told:
        list(SplinkMatcher().pairs([("t", table)], plan))
    assert [one.place for one in told.value.problems] == ["columns.Vorname"]


def test_too_little_memory_is_told() -> None:
    table, _ = people(50)
    with pytest.raises(Unavailable) as told:
        list(SplinkMatcher(memory_mb=1).pairs([("t", table)], propose([of_texts("t", table)])))
    assert told.value.code == "RW-DATA-420"
    assert tempfile.gettempdir() not in told.value.message


@pytest.mark.skipif(
    not FEBRL.exists(), reason="FEBRL is not at hand: it lies in ../shared/data beside the checkout"
)
def test_febrl_people_are_found_without_a_label_or_a_setting() -> None:
    with (FEBRL / "dataset1.csv").open(newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file, skipinitialspace=True)
    table = {name.strip(): [row[at].strip() for row in rows] for at, name in enumerate(names)}
    labels = [re.findall(r"\d+", one)[0] for one in table["rec_id"]]
    plan = propose([of_texts("febrl", table)])
    assert not plan.column("rec_id").used
    pairs, _ = _match(table, plan)
    found = cluster(pairs, plan)
    true: dict[str, list[int]] = defaultdict(list)
    for at, label in enumerate(labels):
        true[label].append(at)
    assert pairwise([[row.row for row in one.rows] for one in found.clusters], true.values()).f1 > 0.99
