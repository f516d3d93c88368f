"""The same scales on Spark, for whoever has a cluster: rows and pairs are found here, pairs are weighed there."""

# ruff: noqa: S608 - every name in a statement is made in this package; no text of a table becomes SQL
from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from itertools import count
from typing import Any

import duckdb
from splink import Linker

from roadworthy.adapters.splink.quiet import quiet
from roadworthy.adapters.splink.sql import Backend
from roadworthy.adapters.splink.weighing import Weighed, keyed_pairs
from roadworthy.data.matching import MatchPlan
from roadworthy.errors import InputProblem


def need_spark() -> None:
    """Errors: ``InputProblem`` RW-DATA-404 where Spark is not installed."""
    if find_spec("pyspark") is None:
        raise InputProblem(
            "RW-DATA-404",
            "Spark is asked for and `pyspark` is not installed",
            hint="install `pyspark`, or leave out `backend`: DuckDB needs nothing else",
        )


class SparkScales:
    """Weighs pairs of the tables ``t0``, ``t1`` … of a connection in a Spark session.

    The rows go to Spark once, each chunk of pairs when it is weighed; what comes back is a table of the connection.
    """

    backend: Backend = "spark"

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        plan: MatchPlan,
        levels: Mapping[str, int],
        session: Any,
    ) -> None:
        need_spark()
        import splink

        api: Any = splink.SparkAPI

        self.levels = levels
        self._connection = connection
        self._plan = plan
        self._numbers = count()
        with quiet():
            self._api = api(spark_session=session)
        self._rows = [
            session.createDataFrame(connection.execute(f"select * from t{at}").to_arrow_table())
            for at in range(len(plan.tables))
        ]
        self._linker: Linker | None = None

    def set(self, settings: Mapping[str, Any]) -> None:
        """From now on weigh by this model."""
        number = next(self._numbers)
        with quiet():
            inputs = [
                self._api.register(rows, dataset_display_name=f"t{at}", table_name=f"in{number}_{at}")
                for at, rows in enumerate(self._rows)
            ]
            self._linker = Linker(inputs, dict(settings), log_level=None, validate_settings=False)

    def weigh(self, pairs: str, *, first: int = 0, most: int | None = None) -> Weighed:
        """Levels and weights of the pairs in a table (l, r), in a table that the caller drops."""
        assert self._linker is not None, "a model is set before anything is weighed"
        number = next(self._numbers)
        chunk = self._connection.execute(keyed_pairs(self._plan, pairs, first, most)).to_arrow_table()
        with quiet():
            self._linker.table_management.register_blocked_pairs_for_predict(self._api.register(chunk))
            found: Any = self._linker.inference.predict(warning_mode="never")
            back = found.as_pyarrow_table()
            found.drop_table_from_database_and_remove_from_cache()
        self._connection.register("from_spark", back)
        self._connection.execute(f"create table spark{number} as select * from from_spark")
        self._connection.unregister("from_spark")
        return Weighed(f"spark{number}", self._connection)
