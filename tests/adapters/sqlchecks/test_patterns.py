"""A pattern means the same to every engine, or it is not put to it."""

from __future__ import annotations

import psycopg
import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.adapters.sqlchecks.patterns import spelled
from roadworthy.adapters.sqlchecks.quoting import Inexpressible, text

ATOMS = ["a", "B", "1", "é", ".", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", "[a-c]", "[^a]", r"[\d.]", r"[\w-]", "[]a]", "[a-]",
         "[^]]", "[[:digit:]x]", r"\.", r"\-", r"\\", "\\n", "(a|b)", "(?:1|é)", "^", "$", r"\z", r"\A", " ", "-", r"[&&a]",
         r"[a\]b]", r"\$", "#", "~", r"[\^a]", "{", "}", "a{,2}", r"[ -~]", "'"]  # fmt: skip
REPEATS = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?", "+?"]
PATTERN = st.lists(st.tuples(st.sampled_from(ATOMS), st.sampled_from(REPEATS)), min_size=1, max_size=4).map(
    lambda parts: "".join(
        atom + ("" if atom in "^$" or atom in (r"\z", r"\A") else times) for atom, times in parts
    )
)
VALUES = [
    "",
    "a",
    "B",
    "1",
    "ab",
    "a\n",
    "\n",
    "a1B",
    "é",
    "É",
    "-",
    ".",
    "\\",
    " ",
    "a b",
    "]",
    "&",
    "_",
    "11",
    "٣",
    "x\ty",
    "{",
    "a{,2}",
    "^",
    "'",
    "$",
]


@pytest.mark.postgres
def test_postgres_finds_what_re2_finds(postgres_url: str) -> None:
    put = 0
    with psycopg.connect(postgres_url, autocommit=True) as connection:

        @settings(max_examples=300, deadline=None, derandomize=True)
        @given(PATTERN)
        def property(pattern: str) -> None:
            nonlocal put
            try:
                there = spelled(pattern, "postgres")
            except Inexpressible:
                return
            values = ", ".join(
                f"({number}, {text(value, 'postgres')})" for number, value in enumerate(VALUES)
            )
            sql = f'select n from (values {values}) as v(n, x) where x collate "C" ~ {text(there, "postgres")} order by n'
            found = [row[0] for row in connection.execute(sql.encode()).fetchall()]
            assert found == [n for n, value in enumerate(VALUES) if re2.search(pattern, value)], (
                pattern,
                there,
            )
            put += 1

        property()
    assert put > 150


def test_what_an_engine_of_linear_time_does_not_know_is_told() -> None:
    for pattern in ("(?=a)", r"(a)\1", "(?<!x)y", "a{2", "[", "("):
        if pattern == "a{2":
            assert spelled(pattern, "duckdb") == pattern
            continue
        with pytest.raises(Inexpressible, match="none that an engine"):
            spelled(pattern, "duckdb")


@pytest.mark.parametrize(
    "pattern", [r"(?i)abc", r"(?P<year>\d+)", r"\pL", r"\bword\b", "a{300}", r"[\D]", "[[:^alpha:]]"]
)
def test_what_another_engine_would_read_differently_is_not_put_to_it(pattern: str) -> None:
    assert spelled(pattern, "duckdb") == pattern
    for dialect in ("postgres", "mysql"):
        with pytest.raises(Inexpressible):
            spelled(pattern, dialect)  # type: ignore[arg-type]


def test_the_end_is_the_very_end_in_mysql_too() -> None:
    assert spelled("^a$", "mysql") == r"^a\z"
    assert spelled("^a$", "postgres") == "^a$"


def test_a_pattern_without_end_is_not_tried() -> None:
    with pytest.raises(Inexpressible, match="2001 characters"):
        spelled("a" * 2001, "duckdb")
