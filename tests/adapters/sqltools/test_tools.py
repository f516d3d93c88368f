"""Tools on SQLite: what a charter declares is what happens, once per key."""

import sqlite3
import threading
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from roadworthy.adapters.sqltools import build
from roadworthy.casework.effect import Idempotency
from roadworthy.charter import Tool, read
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.ports import Connector

Make = Callable[..., Connector]
Count = Callable[[], int]
COLUMNS = {"ticket_id": "ticket", "order": "number"}


def test_a_query_answers_the_first_row_or_nothing(make: Make) -> None:
    find = make("sql.query", sql="select id, name from customer where email = :email order by id")
    assert find.call({"email": "ada@example.com"}) == {"id": "c1", "name": "Ada"}
    assert find.call({"email": "nobody@example.com"}) == {}
    assert find.idempotency is Idempotency.NONE


def test_arguments_are_data_whatever_they_contain(make: Make, replies: Count) -> None:
    find = make("sql.query", sql="select id from customer where email = :email")
    assert find.call({"email": "' or 1=1; drop table reply; --"}) == {}
    send = make("sql.insert", table="reply", columns=COLUMNS)
    send.send("k'); drop table reply; --", {"ticket": "x'); delete from reply; --", "number": 1})
    assert replies() == 1


def test_a_repeated_key_is_felt_once_and_answers_the_same(make: Make, replies: Count) -> None:
    send = make("sql.insert", table="reply", columns=COLUMNS)
    assert send.idempotency is Idempotency.NATIVE
    first = send.send("support:T-1:reply", {"ticket": "T-1", "number": 1})
    again = send.send("support:T-1:reply", {"ticket": "T-1", "number": 2})
    assert first == again == {"id": "support:T-1:reply"}
    assert replies() == 1


def test_a_key_sent_by_many_threads_at_once_is_felt_once(make: Make, replies: Count) -> None:
    send = make("sql.insert", table="reply", columns=COLUMNS)
    answers: list[object] = []

    def push() -> None:
        answers.extend(send.send(f"k{n}", {"ticket": "T-1", "number": 1})["id"] for n in range(10))

    threads = [threading.Thread(target=push) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 40
    assert replies() == 10


def test_a_delete_takes_back_what_a_key_added_and_may_be_repeated(make: Make, replies: Count) -> None:
    make("sql.insert", table="reply", columns=COLUMNS).send("k1", {"ticket": "T-1", "number": 1})
    make("sql.insert", table="reply", columns=COLUMNS).send("k2", {"ticket": "T-2", "number": 2})
    withdraw = make("sql.delete", table="reply")
    for _ in range(2):
        assert withdraw.send("undo", {"key": "k1"}) == {"id": "k1"}
        assert replies() == 1


def test_a_row_that_breaks_a_rule_is_refused_for_good(make: Make, replies: Count) -> None:
    send = make("sql.insert", table="reply", columns=COLUMNS)
    refused: list[tuple[dict[str, object], str]] = [
        ({"ticket": None, "number": 1}, "NOT NULL"),
        ({"ticket": "T", "number": 100}, "CHECK"),
    ]
    for arguments, rule in refused:
        with pytest.raises(InputProblem, match=f"desk.tool: the row breaks a rule: {rule}") as caught:
            send.send("k1", arguments)
        assert caught.value.code == "RW-SQL-004"
    assert replies() == 0


def test_a_locked_database_may_be_tried_again(
    make: Make, desk: Path, replies: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.adapters.sqltools.sqlite.LOCK_WAIT_S", 0.01)
    send = make("sql.insert", table="reply", columns=COLUMNS)
    other = sqlite3.connect(desk, isolation_level=None)
    try:
        other.execute("begin immediate")
        with pytest.raises(Unavailable) as caught:
            send.send("k1", {"ticket": "T-1", "number": 1})
        other.execute("rollback")
    finally:
        other.close()
    assert (caught.value.code, caught.value.retry_is_safe) == ("RW-SQL-006", True)
    send.send("k1", {"ticket": "T-1", "number": 1})
    assert replies() == 1


def test_a_full_disk_is_an_outage_and_nothing_is_kept(make: Make, desk: Path, replies: Count) -> None:
    send = make("sql.insert", table="reply", columns=COLUMNS)
    send.send("k1", {"ticket": "T-1", "number": 1})
    opened = send._database._open()  # type: ignore[attr-defined]
    opened.raw.execute(f"pragma max_page_count = {opened.raw.execute('pragma page_count').fetchone()[0]}")
    with pytest.raises(Unavailable, match="cannot be opened, read or written") as caught:
        send.send("k2", {"ticket": "T" * 100_000, "number": 1})
    assert caught.value.retry_is_safe
    assert replies() == 1


def test_a_table_whose_key_is_not_unique_is_refused(make: Make) -> None:
    with pytest.raises(InputProblem) as caught:
        make("sql.insert", table="plain", columns={"ticket_id": "ticket"}).send("k1", {"ticket": "T"})
    assert caught.value.code == "RW-SQL-002"


def test_a_missing_key_column_never_deletes_anything(make: Make, desk: Path) -> None:
    connection = sqlite3.connect(desk)
    connection.execute("insert into plain values ('T-1')")
    connection.commit()
    with pytest.raises(InputProblem, match="no such column: idempotency_key"):
        make("sql.delete", table="plain").send("undo", {"key": "idempotency_key"})
    assert connection.execute("select count(*) from plain").fetchone() == (1,)
    connection.close()


def test_a_wrong_argument_is_named_and_nothing_is_sent(make: Make, replies: Count) -> None:
    send = make("sql.insert", table="reply", columns=COLUMNS)
    with pytest.raises(InputProblem, match="the argument `number` is missing") as caught:
        send.send("k1", {"ticket": "T-1", "to": "x"})
    assert caught.value.code == "RW-SQL-003"
    assert replies() == 0


def test_reading_and_writing_are_not_mixed_up(make: Make) -> None:
    find = make("sql.query", sql="select 1 as one")
    withdraw = make("sql.delete", table="reply")
    with pytest.raises(InputProblem, match="this tool reads"):
        find.send("k", {})
    with pytest.raises(InputProblem, match="this tool writes"):
        withdraw.call({"key": "k"})
    with pytest.raises(InputProblem, match="not asked about keys"):
        withdraw.lookup("k")


@pytest.mark.parametrize(
    ("use", "options", "declared", "found"),
    [
        ("sql.update", {}, {}, "no kind of tool `sql.update`"),
        ("sql.query", {}, {}, "sql.query needs the option `sql`"),
        ("sql.query", {"sql": "select 1", "table": "t"}, {}, "sql.query has no option `table`"),
        ("sql.query", {"sql": 1}, {}, "expected a text"),
        ("sql.query", {"sql": "delete from customer"}, {}, "a question begins with"),
        ("sql.query", {"sql": "select 1"}, {"sink": "write"}, "only reads, its sink is `none`"),
        ("sql.delete", {"table": "reply"}, {"sink": "none"}, "writes, its sink says what"),
        ("sql.delete", {"table": "reply; drop table reply"}, {}, "no name of a table"),
        (
            "sql.delete",
            {"table": "reply"},
            {"control": ["to"]},
            "there is no argument `to`; arguments: key",
        ),
        ("sql.insert", {"table": "reply", "columns": {}}, {}, "expected columns with their arguments"),
        ("sql.insert", {"table": "reply", "columns": {"a b": "c"}}, {}, "`a b: c` is no column"),
        ("sql.insert", {"table": "reply", "columns": {"Idempotency_Key": "c"}}, {}, "the effect's key"),
        ("sql.insert", {"table": "reply", "columns": {"a": "b"}}, {"amount": "c"}, "no argument `c`"),
        ("sql.insert", {"table": "reply", "columns": {"a": "b"}}, {"source": None}, "names no data source"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused_when_it_is_loaded(
    make: Make, use: str, options: dict[str, Any], declared: dict[str, Any], found: str
) -> None:
    if declared.get("source", "") is None:
        with pytest.raises(InputProblem, match=found):
            build("desk.tool", Tool(use=use, sink="write", options=options), "", Path())
        return
    with pytest.raises(InputProblem, match=found) as caught:
        make(use, declared=declared, **options)
    assert caught.value.code in {"RW-SQL-001", "RW-SQL-002"}


@pytest.mark.parametrize("example", ["support", "triage"])
def test_every_tool_of_the_examples_can_be_built(example: str, tmp_path: Path) -> None:
    file = resources.files("roadworthy") / "example" / example / "charter.yaml"
    charter = read(file.read_bytes(), file="charter.yaml")
    for name, tool in charter.tools.items():
        assert tool.source is not None
        connector = build(name, tool, charter.data[tool.source].url, tmp_path)
        assert (connector.idempotency is Idempotency.NATIVE) == tool.writes


def test_tools_of_one_source_share_their_connection(make: Make) -> None:
    one, other = make("sql.delete", table="reply"), make("sql.delete", table="reply")
    reader = make("sql.query", sql="select 1 as one")
    assert one._database is other._database  # type: ignore[attr-defined]
    assert one._database is not reader._database  # type: ignore[attr-defined]


def test_a_closed_tool_opens_again_when_used(make: Make) -> None:
    find = make("sql.query", sql="select 1 as one")
    assert find.call({}) == {"one": 1}
    find.close()  # type: ignore[attr-defined]
    assert find.call({}) == {"one": 1}
