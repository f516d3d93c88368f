"""Words of SQL. Every name in it is made here; nothing of a table's own text becomes SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import duckdb

Backend = Literal["duckdb", "spark"]

# The words two rows have in common, each with the square of its rarity in the low bits of its number.
RARITY = 4096
MACRO = (
    "create or replace macro words_alike(a, b, x, y) as "
    f"list_sum(list_transform(list_intersect(a, b), lambda one: one % {RARITY})) / nullif(x * y, 0)"
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How an engine calls the similarities that levels are made of."""

    backend: Backend

    def letters(self, left: str, right: str) -> str:
        """How far letters agree in about the same order, 0 to 1 (Winkler 1990)."""
        name = "jaro_winkler_similarity" if self.backend == "duckdb" else "jaro_winkler"
        return f"{name}({left}, {right})"

    def within(self, left: str, right: str, edits: float) -> str:
        """Whether so few characters differ; swapped neighbours are one. Letters in no like order are soon told."""
        return f"({self.letters(left, right)} >= 0.6 and damerau_levenshtein({left}, {right}) <= {literal(edits)})"

    def words(self, column: str) -> str:
        """Cosine of the words' rarities, 0 to 1; null where nothing is in common."""
        a, b, x, y = f"{column}_w_l", f"{column}_w_r", f"{column}_n_l", f"{column}_n_r"
        if self.backend == "duckdb":
            return f"words_alike({a}, {b}, {x}, {y})"
        total = f"aggregate(array_intersect({a}, {b}), cast(0 as bigint), (s, one) -> s + one % {RARITY})"
        return f"({total} / ({x} * {y}))"


def literal(number: float) -> str:
    """A number as SQL has it. Texts never become SQL."""
    return repr(float(number))


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """The first row of an answer. All of it is fetched: a result half read would hold the connection."""
    rows = connection.execute(sql).fetchall()
    return tuple(rows[0]) if rows else ()
