from importlib.util import find_spec

import duckdb
import pytest
from splink import SettingsCreator
from tests.adapters.splink.made import companies, people, products

from roadworthy.adapters.splink import SplinkMatcher
from roadworthy.adapters.splink.levels import counts, settings
from roadworthy.adapters.splink.sql import MACRO, Backend
from roadworthy.data.matching import of_texts, propose
from roadworthy.errors import InputProblem

PLANS = {
    "people": propose([of_texts("p", people(100)[0])]),
    "companies": propose(
        [of_texts(name, table) for name, table in zip("ab", companies(100)[:2], strict=True)]
    ),
    "products": propose(
        [of_texts(name, table) for name, table in zip("ab", products(100)[:2], strict=True)]
    ),
}


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("backend", ["duckdb", "spark"])
def test_a_plan_becomes_settings_that_splink_accepts(name: str, backend: Backend) -> None:
    made = SettingsCreator(**settings(PLANS[name], None, backend=backend)).get_settings(backend)
    assert [one.output_column_name for one in made.comparisons] == [
        f"k{at}" for at in range(len(PLANS[name].comparisons))
    ]


def test_without_a_model_the_weights_number_the_levels() -> None:
    plan = PLANS["people"]
    for comparison in SettingsCreator(**settings(plan, None)).get_settings("duckdb").comparisons:
        weights = [
            round(one._log2_bayes_factor) for one in comparison.comparison_levels if not one.is_null_level
        ]
        assert weights == list(range(len(weights), 0, -1))
    assert set(counts(plan)) == {one.name for one in plan.comparisons}


def test_words_in_common_count_by_their_rarity() -> None:
    connection = duckdb.connect()
    connection.execute(MACRO)

    def alike(a: list[int], b: list[int]) -> float | None:
        x, y = (sum(one % 4096 for one in words) ** 0.5 for words in (a, b))
        rows = connection.execute("select words_alike(?, ?, ?, ?)", [a, b, x, y]).fetchall()
        return None if rows[0][0] is None else float(rows[0][0])

    rare, common, other = 1 * 4096 + 900, 2 * 4096 + 100, 3 * 4096 + 900
    assert alike([rare, common], [rare, common]) == pytest.approx(1)
    assert alike([rare, common], [rare, other]) == pytest.approx(900 / (1000 * 1800) ** 0.5)
    assert alike([rare], [other]) in (None, 0)


@pytest.mark.skipif(find_spec("pyspark") is not None, reason="pyspark is installed")
def test_spark_that_is_not_installed_is_told() -> None:
    with pytest.raises(InputProblem) as told:
        SplinkMatcher(backend="spark")
    assert told.value.code == "RW-DATA-404"
    assert "pyspark" in told.value.problems[0].message
