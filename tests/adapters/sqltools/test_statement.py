"""Statements: what counts as a question, and where a placeholder is one."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.adapters.sqltools.statement import Statement, is_identifier, is_table, question, quoted
from roadworthy.errors import InputProblem


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "  SELECT 1",
        "-- how many\nselect 1",
        "/* how\n many */ with x as (select 1) select * from x",
        "values (1)",
    ],
)
def test_a_question_may_begin_with_a_comment(sql: str) -> None:
    assert question(sql, place="q").sql == sql


@pytest.mark.parametrize(
    "sql",
    ["", "delete from t", "pragma query_only=off", "attach 'x' as y", "begin", "selection", "-- select 1"],
)
def test_what_is_no_question_is_named_with_its_place(sql: str) -> None:
    with pytest.raises(InputProblem, match="crm: a question begins with") as caught:
        question(sql, place="crm")
    assert caught.value.code == "RW-SQL-002"


def test_placeholders_are_not_looked_for_in_literals_comments_and_casts() -> None:
    statement = Statement.of(
        """select ':a', ":b", x::text, $$ :c $$ -- :d
        /* :e */ from t where y = :real and z like '%it''s :f%' and w % 2 = 0""",
        place="q",
    )
    assert statement.names == {"real"}
    assert statement.for_postgres().count("%(") == 1
    assert "y = %(real)s" in statement.for_postgres()
    assert "'%%it''s :f%%'" in statement.for_postgres()
    assert "w %% 2" in statement.for_postgres()


def test_every_argument_that_does_not_fit_is_named_without_its_value() -> None:
    statement = Statement.of("select :one, :two, :three", place="crm.find")
    with pytest.raises(InputProblem) as caught:
        statement.bind({"two": object(), "three": 2**63, "four": "secret"})
    assert [problem.message for problem in caught.value.problems] == [
        "the argument `one` is missing",
        "there is no argument `four`",
        "`two` is no text, number or empty value",
        "`three` is a number beyond 64 bits",
    ]
    assert "secret" not in caught.value.message


@given(st.text())
def test_a_text_is_an_identifier_only_if_sql_reads_it_as_one_name(text: str) -> None:
    if is_identifier(text):
        connection = sqlite3.connect(":memory:")
        try:
            connection.execute(f"create table {quoted(text)} ({quoted(text)} text)")
            names = [row[1] for row in connection.execute(f"pragma table_info({quoted(text)})")]
        finally:
            connection.close()
        assert names == [text]
    else:
        assert not is_table(text) or text.count(".") == 1


@pytest.mark.parametrize("text", ["", "a b", 'a"b', "a;b", "1a", "é", "a.b.c", ".a", "a.", "a\n", None, 1])
def test_what_could_break_out_of_a_name_is_no_table(text: object) -> None:
    assert not is_table(text)
