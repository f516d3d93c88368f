"""State in Postgres is copied into a database of its own on the same server, and dropped when it is done with."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from tests.journeys.drilled import USE_CASE
from tests.postgres import Server

from roadworthy.adapters.dbos import DbosEngine
from roadworthy.adapters.rehearsal import (
    MARKER,
    PREFIX,
    beside,
    copy_rows,
    create_copy,
    drop_copy,
    is_postgres,
)
from roadworthy.adapters.sql import open_engine, upgrade
from roadworthy.errors import InputProblem, Refused
from roadworthy.operate.building import build_from_folder
from roadworthy.principal import Kind, Principal, Role
from roadworthy.wiring import folder_files, open_deployment
from roadworthy.wiring.place import Workspace
from roadworthy.wiring.rehearsal import mirrored, open_mirrored

pytestmark = pytest.mark.postgres
ADA = Principal("ada", "Ada", Kind.PERSON, frozenset({Role.BUILDER}))


def fresh_name() -> str:
    return f"{PREFIX}{uuid.uuid4().hex}"


def set_up(url: str) -> None:
    engine = open_engine(url)
    upgrade(engine)
    DbosEngine.migrate(engine)
    engine.dispose()


def asked(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement.encode())
        return found.fetchall() if found.description else []


def databases(url: str) -> set[object]:
    return {name for (name,) in asked(url, "SELECT datname FROM pg_database")}


@pytest.fixture(scope="module")
def original(postgres_server: Server) -> Iterator[str]:
    url = postgres_server.create()
    set_up(url)
    asked(url, "INSERT INTO tally SELECT 'made', n::text, n FROM generate_series(1, 500) n")
    yield url
    postgres_server.drop(url)


def test_every_row_is_there_as_of_one_moment_while_others_write(original: str) -> None:
    name = fresh_name()
    with psycopg.connect(original) as writer:
        writer.execute("INSERT INTO tally VALUES ('late', 'x', 1)")  # not committed
        url = create_copy(original, name)
        try:
            set_up(url)
            assert copy_rows(original, url) >= 500
            assert asked(url, "SELECT count(*), sum(value) FROM tally") == [(500, 125_250)]
            assert asked(url, "SELECT * FROM schema_version") == asked(
                original, "SELECT * FROM schema_version"
            )
            engine = open_engine(url)
            tables = sa.inspect(engine).get_table_names(schema="dbos")
            engine.dispose()
            assert "workflow_status" in tables
        finally:
            drop_copy(original, name)
    assert name not in databases(original)


def test_an_account_that_may_make_no_database_is_told_so(original: str) -> None:
    asked(original, "DROP ROLE IF EXISTS plain_account")
    asked(original, "CREATE ROLE plain_account LOGIN")
    url = original.replace("postgres@", "plain_account@", 1)
    with pytest.raises(Refused) as refused:
        create_copy(url, fresh_name())
    assert refused.value.code == "RW-DRILL-012"
    assert "CREATEDB" in refused.value.hint
    asked(original, "DROP ROLE plain_account")


def test_only_what_a_drill_made_is_dropped_and_what_is_gone_is_no_error(original: str) -> None:
    own = asked(original, "SELECT current_database()")[0][0]
    drop_copy(original, str(own))
    drop_copy(original, "roadworthy_drill_../x")
    drop_copy(original, fresh_name())
    assert own in databases(original)


def test_an_address_is_told_by_its_scheme_and_keeps_all_but_the_database() -> None:
    assert is_postgres("postgresql+psycopg://h/d")
    assert not is_postgres("sqlite:///postgresql.sqlite")
    assert (
        beside("postgresql://u:p%40@h:1/d?sslmode=require", "e")
        == "postgresql://u:p%40@h:1/e?sslmode=require"
    )


def test_what_a_killed_drill_left_on_the_server_is_dropped_by_the_next(
    original: str, tmp_path: Path
) -> None:
    place = Workspace(tmp_path / "home", original)
    opened = open_deployment(place)
    try:
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        left = place.home / "drills" / uuid.uuid4().hex
        left.mkdir(parents=True)
        (left / MARKER).write_text(str(dead.pid))
        (left / "database").write_text(f"{PREFIX}{left.name}")
        create_copy(original, f"{PREFIX}{left.name}")
        release = build_from_folder(opened, ADA, folder_files(USE_CASE))
        with mirrored(place, opened, release) as mirror:
            mine = {name for name in databases(original) if str(name).startswith(PREFIX)}
            assert len(mine) == 1
            assert f"{PREFIX}{left.name}" not in mine
            with mirror.deployment.store.read() as tx:
                copied = mirror.deployment.store.releases.rollout(tx, "plain").releases
            assert [one.digest for one in copied] == [release.digest]
            mirror.crew.start().end()
        assert not [name for name in databases(original) if str(name).startswith(PREFIX)]
        assert not (place.home / "drills").exists()
    finally:
        opened.store.close()


def test_a_worker_refuses_another_database_than_the_one_made_for_its_folder(
    original: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / MARKER).write_text("1")
    (tmp_path / "database").write_text(fresh_name())
    monkeypatch.setenv("ROADWORTHY_DATABASE_URL", original)
    with pytest.raises(InputProblem) as refused:
        open_mirrored(tmp_path)
    assert refused.value.code == "RW-DRILL-005"
