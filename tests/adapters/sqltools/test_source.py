"""Sources on SQLite: they answer questions, change nothing, and say what is wrong."""

import sqlite3
import threading
from pathlib import Path

import pytest

from roadworthy.adapters.sqltools import SqlSource
from roadworthy.errors import InputProblem, RoadworthyError, Unavailable

URL = "sqlite:///{data}/desk.sqlite"


@pytest.fixture
def source(desk: Path) -> SqlSource:
    return SqlSource(URL, data=desk.parent)


def test_rows_come_by_column_name(source: SqlSource) -> None:
    rows = source.rows("select id, name from customer order by id")
    assert rows == [{"id": "c1", "name": "Ada"}, {"id": "c2", "name": "Bo"}]
    assert source.rows("select * from customer where 0") == []


def test_no_more_rows_than_the_limit_are_read(source: SqlSource) -> None:
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n"
    assert [row["i"] for row in source.rows(endless, limit=3)] == [1, 2, 3]


def test_two_columns_of_the_same_name_are_refused(source: SqlSource) -> None:
    with pytest.raises(InputProblem, match="two columns have the same name"):
        source.rows("select id, id from customer")


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select * from nobody", "no such table: nobody"),
        ("select surname from customer", "no such column: surname"),
        ("select * form customer", "syntax error"),
        ("select 1; select 2", "more than one statement"),
        ("select :id", "the argument `id` is missing"),
        ("with x as (select 1) delete from customer", "a question may not write"),
    ],
)
def test_a_wrong_question_is_shown_with_its_place(
    source: SqlSource, desk: Path, sql: str, found: str
) -> None:
    with pytest.raises(InputProblem, match=found) as caught:
        source.rows(sql)
    assert str(desk) in str(caught.value.problems[0].place)
    assert caught.value.code in {"RW-SQL-002", "RW-SQL-003"}


def test_a_question_neither_writes_nor_opens_another_file(source: SqlSource, desk: Path) -> None:
    before = desk.read_bytes()
    for sql in [
        "with x as (select 1) insert into customer select 'x', 'x', 'x'",
        "attach database 'other.sqlite' as other",
        "pragma query_only = off",
        "vacuum into 'other.sqlite'",
        "create temp table t (x)",
        "select load_extension('x')",
    ]:
        with pytest.raises(InputProblem):
            source.rows(sql)
    assert desk.read_bytes() == before
    assert [path.name for path in desk.parent.iterdir()] == ["desk.sqlite"]


def test_a_missing_file_is_an_outage_and_appears_by_itself(desk: Path) -> None:
    late = SqlSource("sqlite:///{data}/late.sqlite", data=desk.parent)
    with pytest.raises(Unavailable, match=r"late.sqlite` cannot be opened: no such file") as caught:
        late.rows("select 1 as one")
    assert caught.value.code == "RW-SQL-005"
    assert caught.value.retry_is_safe
    assert "charter.yaml" in caught.value.hint
    assert not (desk.parent / "late.sqlite").exists()
    (desk.parent / "late.sqlite").write_bytes(desk.read_bytes())
    assert late.rows("select 1 as one") == [{"one": 1}]


def test_a_file_that_was_put_in_place_anew_is_seen_at_once(source: SqlSource, desk: Path) -> None:
    assert source.rows("select count(*) as n from customer") == [{"n": 2}]
    repaired = desk.with_name("repaired.sqlite")
    repaired.write_bytes(desk.read_bytes())
    connection = sqlite3.connect(repaired)
    connection.execute("delete from customer where id = 'c2'")
    connection.commit()
    connection.close()
    repaired.replace(desk)
    assert source.rows("select count(*) as n from customer") == [{"n": 1}]


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite").write_bytes(b"not a database at all " * 100)
    source = SqlSource("sqlite:///{data}/notes.sqlite", data=tmp_path)
    with pytest.raises(InputProblem, match="no sound SQLite database") as caught:
        source.rows("select * from customer")
    assert caught.value.code == "RW-SQL-008"


def test_a_question_that_takes_too_long_is_interrupted(desk: Path) -> None:
    source = SqlSource(URL, data=desk.parent, timeout_s=0.05)
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    with pytest.raises(Unavailable, match=r"did not answer within 0.05 s") as caught:
        source.rows(endless)
    assert caught.value.code == "RW-SQL-007"
    assert source.rows("select 1 as one") == [{"one": 1}]


def test_a_locked_file_is_an_outage_that_passes(
    source: SqlSource, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.adapters.sqltools.sqlite.LOCK_WAIT_S", 0.01)
    other = sqlite3.connect(desk, isolation_level=None)
    try:
        other.execute("begin exclusive")
        with pytest.raises(Unavailable, match="locked by another transaction") as caught:
            source.rows("select 1 from customer")
        other.execute("rollback")
    finally:
        other.close()
    assert (caught.value.code, caught.value.retry_is_safe) == ("RW-SQL-006", True)
    assert len(source.rows("select 1 from customer")) == 2


def test_a_reader_leaves_no_lock_behind(source: SqlSource, desk: Path) -> None:
    source.rows("select * from customer", limit=1)
    writer = sqlite3.connect(desk, timeout=0, isolation_level=None)
    try:
        writer.execute("begin exclusive")
    finally:
        writer.close()


def test_a_value_that_is_no_text_is_not_shown(desk: Path) -> None:
    connection = sqlite3.connect(desk)
    connection.execute("insert into customer (id, name) values ('c9', cast(x'41646180' as text))")
    connection.commit()
    connection.close()
    with pytest.raises(InputProblem) as caught:
        SqlSource(URL, data=desk.parent).rows("select name from customer where id = 'c9'")
    assert "Ada" not in str(caught.value.as_json())
    assert caught.value.__cause__ is None


def test_a_database_in_wal_mode_can_be_asked(source: SqlSource, desk: Path) -> None:
    connection = sqlite3.connect(desk)
    connection.execute("pragma journal_mode = wal")
    connection.execute("delete from customer where id = 'c1'")
    connection.commit()
    try:
        assert source.rows("select id from customer") == [{"id": "c2"}]
    finally:
        connection.close()


@pytest.mark.parametrize("url", ["", "mysql://x/y", "crm.sqlite", "sqlite:///", "sqlite://crm.sqlite"])
def test_another_kind_of_address_is_refused_at_once(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="no address of a database") as caught:
        SqlSource(url, data=tmp_path)
    assert caught.value.code == "RW-SQL-001"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///../desk.sqlite",
        "sqlite:///./sub/../../desk.sqlite",
        "sqlite:///{data}/../desk.sqlite",
        "sqlite:///../../../../../../../../etc/passwd",
        "sqlite:///link.sqlite",
        "sqlite:///{data}/folder/desk.sqlite",
        "sqlite:///{data}2/desk.sqlite",
    ],
)
def test_a_relative_address_stays_in_the_data_folder(url: str, desk: Path) -> None:
    data = desk.parent / "data"
    (data / "sub").mkdir(parents=True)
    (data / "link.sqlite").symlink_to(desk)
    (data / "folder").symlink_to(desk.parent, target_is_directory=True)
    with pytest.raises(InputProblem, match="leads out of the data folder") as caught:
        SqlSource(url, data=data)
    assert caught.value.code == "RW-SQL-009"


def test_an_address_inside_the_data_folder_and_an_absolute_one_are_taken(desk: Path) -> None:
    data = desk.parent / "data"
    (data / "sub").mkdir(parents=True)
    (data / "sub" / "desk.sqlite").write_bytes(desk.read_bytes())
    (desk.parent / "named").symlink_to(data, target_is_directory=True)
    for url in (
        "sqlite:///sub/desk.sqlite",
        "sqlite:///{data}/sub/../sub/desk.sqlite",
        f"sqlite:///{desk}",
    ):
        for folder in (data, desk.parent / "named"):
            assert SqlSource(url, data=folder).rows("select 1 as one") == [{"one": 1}]


@pytest.mark.parametrize("url", ["sqlite:///a\0b", "sqlite:////a\0b", "sqlite:///loop/desk.sqlite"])
def test_an_address_that_no_disk_knows_is_refused(url: str, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(InputProblem) as caught:
        SqlSource(url, data=tmp_path)
    assert caught.value.code in {"RW-SQL-001", "RW-SQL-009"}


def test_a_folder_with_strange_letters_is_found(desk: Path) -> None:
    folder = desk.parent / "who? #1 50%"
    folder.mkdir()
    (folder / "desk.sqlite").write_bytes(desk.read_bytes())
    assert SqlSource(URL, data=folder).rows("select 1 as one") == [{"one": 1}]


def test_each_thread_asks_through_its_own_connection(source: SqlSource) -> None:
    answers: list[object] = []

    def ask() -> None:
        try:
            for _ in range(50):
                answers.append(source.rows("select count(*) as n from customer")[0]["n"])
        except RoadworthyError as problem:
            answers.append(problem)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [2] * 200


def test_a_closed_source_opens_again_when_asked(source: SqlSource) -> None:
    assert source.rows("select 1 as one") == [{"one": 1}]
    source.close()
    source.close()
    assert source.rows("select 1 as one") == [{"one": 1}]
