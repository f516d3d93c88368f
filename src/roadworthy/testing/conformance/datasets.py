"""What every table keeps to, wherever it lies: nothing is lost, nothing is out of order, nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from roadworthy.data import ColumnType
from roadworthy.errors import InputProblem, NotFound, RoadworthyError
from roadworthy.ports.tables import ArrowStream, Dataset

NAMES = ("id", "name", "amount", "born", "note")
ROWS: tuple[tuple[int, str, float, date, str | None], ...] = (
    (1, "Ada Lovelace", 12.5, date(1915, 12, 10), "first"),
    (2, "Müller, Jürgen", -3.25, date(1970, 2, 28), None),
    (3, 'says "hi"', 0.0, date(2024, 2, 29), "x'; drop table people; --"),
    (4, "日本語", 1000000.0, date(2000, 1, 1), "last\nline"),
)
"""Rows of the table ``people`` that a test's dataset holds, in this order."""

Make = Callable[[Sequence[tuple[int, str, float, date, str | None]]], Dataset]


def batches(stream: ArrowStream) -> list[dict[str, Any]]:
    """All rows of a stream, read as any engine reads them."""
    import pyarrow

    return list(pyarrow.RecordBatchReader.from_stream(stream).read_all().to_pylist())


def numbers(count: int) -> list[tuple[int, str, float, date, str | None]]:
    """Many rows whose order can be told."""
    return [
        (n, f"name {n % 97}", n / 4, date(2000, 1, 1 + n % 28), None if n % 3 else "note")
        for n in range(count)
    ]


def ask(dataset: Dataset, parts: str, rest: str = "", *, limit: int = 1000) -> list[dict[str, Any]]:
    """The answer to a question about the dataset itself."""
    return dataset.rows(f"select {parts} from {dataset.relation} {rest}", limit=limit)  # noqa: S608


class DatasetConformance:
    """What ``Dataset`` promises, to be inherited.

    @pytest.fixture
    def make(self) -> Make: ...   # a dataset of ``people`` with these rows, closed by the fixture
    """

    @staticmethod
    def amount_is(text: str | None, value: float) -> bool:
        """Whether a source spells this amount so: `12.5` is `12.5000` in a column of four decimals."""
        return text is not None and float(text) == value

    @pytest.fixture
    def people(self, make: Make) -> Dataset:
        """The table that most tests look at."""
        return make(ROWS)

    def test_the_columns_come_in_the_order_of_the_source_with_their_types(self, people: Dataset) -> None:
        assert [column.name for column in people.columns][:5] == list(NAMES)
        kinds = {column.name: column.type for column in people.columns}
        assert kinds["id"] is ColumnType.INTEGER
        assert kinds["name"] is ColumnType.TEXT
        assert kinds["amount"] is ColumnType.NUMBER
        assert kinds["born"] is ColumnType.DATE
        assert kinds["note"] is ColumnType.TEXT

    def test_a_stream_has_every_row_once_and_in_order(self, people: Dataset) -> None:
        rows = batches(people.stream(NAMES))
        assert [tuple(row.values()) for row in rows] == [
            (number, name, pytest.approx(amount), born, note) for number, name, amount, born, note in ROWS
        ]

    def test_a_numbered_stream_counts_from_zero_in_front(self, people: Dataset) -> None:
        rows = batches(people.stream(["name"], numbered=True))
        assert [list(row) for row in rows] == [["__row", "name"]] * 4
        assert [row["__row"] for row in rows] == [0, 1, 2, 3]

    def test_a_limit_takes_the_first_rows(self, people: Dataset) -> None:
        assert [row["id"] for row in batches(people.stream(["id"], limit=2))] == [1, 2]
        assert batches(people.stream(limit=0)) == []
        assert people.texts(["id"], limit=3) == {"id": ["1", "2", "3"]}

    def test_columns_come_in_the_order_in_which_they_are_named(self, people: Dataset) -> None:
        rows = batches(people.stream(["name", "id"]))
        assert list(rows[0]) == ["name", "id"]
        assert list(people.texts(["note", "id"])) == ["note", "id"]

    def test_texts_hold_what_stands_in_the_source(self, people: Dataset) -> None:
        texts = people.texts()
        assert texts["id"] == ["1", "2", "3", "4"]
        assert texts["name"] == [row[1] for row in ROWS]
        assert texts["born"] == [row[3].isoformat() for row in ROWS]
        assert all(self.amount_is(text, row[2]) for text, row in zip(texts["amount"], ROWS, strict=True))
        assert [text or None for text in texts["note"]] == [row[4] for row in ROWS]

    def test_questions_are_answered_in_the_dialect_of_the_dataset(self, people: Dataset) -> None:
        assert ask(people, "count(*) as n, max(id) as most") == [{"n": 4, "most": 4}]
        found = ask(people, "name", "where born >= '1970-01-01' order by id")
        assert [row["name"] for row in found] == [row[1] for row in ROWS[1:]]

    def test_an_answer_has_at_most_so_many_rows(self, people: Dataset) -> None:
        assert len(ask(people, "id", limit=3)) == 3
        assert ask(people, "id", "order by id", limit=1) == [{"id": 1}]
        assert ask(people, "id", "where id = 99") == []

    @pytest.mark.parametrize(
        "sql",
        [
            "delete from {table}",
            "update {table} set id = 0",
            "drop table {table}",
            "insert into {table} values (1)",
            "create table other (a int)",
            "select 1; select 2",
            "select 1; drop table {table}",
            "select nothing_of_that_name from {table}",
            "select * from no_such_table_anywhere",
            "this is no question",
            "select 1 as a, 2 as a",
            "select '\0'",
            "",
        ],
    )
    def test_what_is_no_single_question_is_refused_and_changes_nothing(
        self, people: Dataset, sql: str
    ) -> None:
        with pytest.raises(InputProblem) as caught:
            people.rows(sql.replace("{table}", people.relation))
        assert caught.value.code.startswith("RW-DATA-1")
        assert ask(people, "count(*) as n") == [{"n": 4}]

    def test_an_unknown_column_is_named(self, people: Dataset) -> None:
        with pytest.raises(InputProblem, match="nmae"):
            people.stream(["nmae"])
        with pytest.raises(InputProblem, match="nmae"):
            people.texts(["nmae"])

    def test_looking_again_at_the_same_content_gives_the_same_snapshot(self, people: Dataset) -> None:
        first, second = people.snapshot(), people.snapshot()
        assert first.digest == second.digest
        assert first.partitions

    def test_one_partition_alone_is_the_same_table(self, people: Dataset) -> None:
        names = [one.name for one in people.snapshot().partitions]
        same = people.only(names)
        assert [column.name for column in same.columns] == [column.name for column in people.columns]
        assert same.texts(["id"]) == people.texts(["id"])

    def test_a_partition_that_is_not_there_is_not_found(self, people: Dataset) -> None:
        with pytest.raises(NotFound):
            people.only(["no such partition"])

    def test_an_empty_table_has_its_columns_and_no_rows(self, make: Make) -> None:
        empty = make([])
        assert [column.name for column in empty.columns] == list(NAMES)
        assert batches(empty.stream()) == []
        assert empty.texts(["id"]) == {"id": []}
        assert ask(empty, "count(*) as n") == [{"n": 0}]

    def test_many_rows_keep_their_order_whatever_columns_are_asked_for(self, make: Make) -> None:
        rows = numbers(5_000)
        many = make(rows)
        seen = batches(many.stream(["id", "name"], numbered=True))
        assert [row["id"] for row in seen] == [row["__row"] for row in seen] == list(range(5_000))
        assert many.texts(["name"])["name"] == [row[1] for row in rows]

    def test_a_stream_that_is_left_early_does_no_harm(self, make: Make) -> None:
        many = make(numbers(5_000))
        first = next(iter(many.stream()))  # type: ignore[call-overload]
        assert first.num_rows
        del first
        assert ask(many, "count(*) as n") == [{"n": 5_000}]

    def test_its_name_and_its_errors_hold_no_secret(self, people: Dataset) -> None:
        told = [people.name, people.relation, repr(people.reading), repr(people.snapshot())]
        try:
            people.rows("select no_such_column_at_all")
        except RoadworthyError as error:
            told += [str(error), error.hint, repr(error.as_json())]
        assert not [text for text in told if "pw-of-the-tests" in text]
