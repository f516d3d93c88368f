"""Splink as a pair of scales: pairs of rows in, their levels and weights out."""

# ruff: noqa: S608 - every name in a statement is made in this package; no text of a table becomes SQL
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

import duckdb
from splink import DuckDBAPI, Linker

from roadworthy.adapters.splink.quiet import quiet
from roadworthy.adapters.splink.sql import Backend
from roadworthy.data.matching import MatchPlan, Mode


class Scales(Protocol):
    """Weighs pairs of rows by the model that was set. ``levels``: how many each comparison has."""

    backend: Backend
    levels: Mapping[str, int]

    def set(self, settings: Mapping[str, Any]) -> None: ...

    def weigh(self, pairs: str, *, first: int = 0, most: int | None = None) -> Weighed: ...


@dataclass(frozen=True, slots=True)
class Weighed:
    """A table with the weights of pairs, until it is dropped."""

    table: str
    connection: duckdb.DuckDBPyConnection

    def drop(self) -> None:
        """Give the table's space back. Once only."""
        self.connection.execute(f'drop table "{self.table}"')


def keyed_pairs(plan: MatchPlan, pairs: str, first: int, most: int | None) -> str:
    """A question for pairs (l, r) in the keys by which Splink knows rows."""
    key = "{0}.uid" if plan.mode is Mode.DEDUPE else "{0}.src || '-__-' || {0}.uid"
    part = "" if most is None else f"limit {int(most)} offset {int(first)}"
    return (
        f"select '0' as match_key, {key.format('a')} as join_key_l, {key.format('b')} as join_key_r "
        f"from (select l, r from {pairs} {part}) c join rows a on a.uid = c.l join rows b on b.uid = c.r"
    )


class DuckDBScales:
    """Weighs pairs of the tables ``t0``, ``t1`` … in their connection."""

    backend: Backend = "duckdb"

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, plan: MatchPlan, levels: Mapping[str, int]
    ) -> None:
        self.levels = levels
        self._connection = connection
        self._plan = plan
        self._numbers = count()
        with quiet():
            self._api = DuckDBAPI(connection)
        self._linker: Linker | None = None

    def set(self, settings: Mapping[str, Any]) -> None:
        """From now on weigh by this model."""
        number = next(self._numbers)
        with quiet():
            inputs = [
                self._api.register(
                    f"t{at}", dataset_display_name=f"in{number}_{at}", table_name=f"in{number}_{at}"
                )
                for at in range(len(self._plan.tables))
            ]
            self._linker = Linker(inputs, dict(settings), log_level=None, validate_settings=False)

    def weigh(self, pairs: str, *, first: int = 0, most: int | None = None) -> Weighed:
        """Levels and weights of the pairs in a table (l, r), in a table that the caller drops."""
        assert self._linker is not None, "a model is set before anything is weighed"
        name = f"weigh{next(self._numbers)}"
        self._connection.execute(f"create table {name} as {keyed_pairs(self._plan, pairs, first, most)}")
        with quiet():
            self._linker.table_management.register_blocked_pairs_for_predict(self._api.register(name))
            found = self._linker.inference.predict(warning_mode="never")
        self._connection.execute(f"drop table {name}")
        return Weighed(found.physical_name, self._connection)
