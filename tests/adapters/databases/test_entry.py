"""What keeps us out of a database is told in words that one can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.postgres import Server

from roadworthy.adapters.databases import open_table, tables
from roadworthy.errors import InputProblem, RoadworthyError, Unavailable


def fails(address: str, table: str = "t") -> RoadworthyError:
    with pytest.raises((InputProblem, Unavailable)) as problem:
        open_table(address, table, place="the place", timeout_s=5.0)
    with pytest.raises((InputProblem, Unavailable)):
        tables(address, place="the place", timeout_s=5.0)
    return problem.value


def test_a_wrong_password_for_postgres(postgres_server: Server, postgres_url: str) -> None:
    access = postgres_server.folder / "data" / "pg_hba.conf"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("create role locked_out login password 'right'")
        before = access.read_text()
        access.write_text("local all locked_out scram-sha-256\n" + before)
        try:
            connection.execute("select pg_reload_conf()")
            # The server reads its rules anew in its own time.
            while not connection.execute(
                "select 1 from pg_hba_file_rules where 'locked_out' = any(user_name)"
            ).fetchone():
                continue
            address = postgres_url.replace("postgres@", "locked_out:wr0ng@", 1)
            for _ in range(200):
                problem = fails(address)
                if problem.code == "RW-DATA-172":
                    break
        finally:
            access.write_text(before)
            connection.execute("select pg_reload_conf()")
            connection.execute("drop role locked_out")
    assert problem.code == "RW-DATA-172"
    assert "wr0ng" not in str(problem.as_json())


def test_a_wrong_password_for_mariadb(mariadb_url: str) -> None:
    problem = fails(mariadb_url.replace(":pw-of-the-tests@", ":wr0ng@"))
    assert problem.code == "RW-DATA-172"
    assert "wr0ng" not in str(problem.as_json())


def test_no_such_database(postgres_url: str, mariadb_url: str, tmp_path: Path) -> None:
    postgres = postgres_url.replace("/test_", "/no_such_", 1)
    assert fails(postgres).code == "RW-DATA-172"
    assert fails(mariadb_url.replace("/test_", "/no_such_", 1)).code == "RW-DATA-172"
    missing = fails(f"sqlite:///{tmp_path / 'missing.sqlite'}")
    assert missing.code == "RW-DATA-171"
    assert not (tmp_path / "missing.sqlite").exists()


def test_no_such_host() -> None:
    for scheme in ("postgresql", "mysql"):
        problem = fails(f"{scheme}://user:secret@127.0.0.1:1/database")
        assert (problem.code, problem.kind) == ("RW-DATA-171", "unavailable")
        assert "secret" not in str(problem.as_json())


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "other.sqlite").write_bytes(b"name,age\n" * 1000)
    assert fails(f"sqlite:///{tmp_path / 'other.sqlite'}").code == "RW-DATA-178"


@pytest.mark.parametrize(
    "address", ["oracle://h/x", "nonsense", "", "sqlite://", "postgresql+asyncpg://h/x", "mysql://h"]
)
def test_an_address_that_is_none(address: str) -> None:
    assert fails(address).code == "RW-DATA-170"


@pytest.mark.parametrize("prefix", ["mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"])
def test_every_spelling_of_an_address_of_mariadb(mysql: Any, prefix: str) -> None:
    mysql.do("create table t (n int)")
    address = prefix + mysql.address.removeprefix("mysql")
    assert tables(address, place="p") == ("t",)


def test_mariadb_is_reached_through_the_network_too(mariadb_server: Any, mysql: Any) -> None:
    mysql.do("create table t (n int)")
    name = mysql.address.partition("?")[0].rpartition("/")[2]
    assert tables(mariadb_server.network_address(name), place="p") == ("t",)
    refused = fails(mariadb_server.network_address(name, password="wr0ng"))
    assert refused.code == "RW-DATA-172"


@pytest.mark.parametrize("prefix", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_an_address_of_postgres(postgres: Any, prefix: str) -> None:
    postgres.do("create table t (n int)")
    address = prefix + postgres.address.removeprefix("postgresql")
    assert tables(address, place="p") == ("t",)


def test_options_in_the_address_of_postgres_are_kept(postgres: Any) -> None:
    postgres.do("create schema other", "create table other.inside (n int)")
    address = postgres.address + "&options=-csearch_path%3Dother"
    assert tables(address, place="p") == ("inside",)
    again = postgres.address + "&options=-cdefault_transaction_read_only%3Doff"
    dataset = open_table(again, "other.inside", place="p")
    with pytest.raises(InputProblem):
        dataset.rows("with x as (insert into other.inside values (1) returning n) select n from x")


def test_a_file_with_odd_characters_in_its_path(tmp_path: Path) -> None:
    from tests.adapters.databases.conftest import sqlite_at

    plain = tmp_path / "a b#c"
    plain.mkdir()
    sqlite_at(plain / "x.sqlite").do("create table t (n int)")
    assert "t" in tables(f"sqlite:///{plain / 'x.sqlite'}", place="p")
