"""Opening an installation: keys are made once and never replaced, and no charter reaches the product's own state."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import command

from roadworthy.adapters.sql import open_engine
from roadworthy.adapters.sql.migrations.version import configured
from roadworthy.charter import Charter, read
from roadworthy.errors import InputProblem
from roadworthy.operate import access
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.rollout import build
from roadworthy.release import Archive
from roadworthy.stage import Stage
from roadworthy.wiring import (
    Workspace,
    example_folder,
    folder_files,
    open_deployment,
    refuse_own_state,
    workspace,
)


@contextmanager
def opened(place: Workspace) -> Iterator[Deployment]:
    deployment = open_deployment(place)
    try:
        yield deployment
    finally:
        deployment.store.close()


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of an installation in which something was sealed and signed."""
    home = tmp_path_factory.mktemp("used") / "home"
    with opened(workspace(home)) as deployment:
        access.first_account(deployment, id_="ada", name="Ada")
        with deployment.store.write() as tx:
            deployment.vault.seal(tx, "someone", {"text": "hello"})
        sequence_all(deployment)
    return home


@pytest.fixture
def place(used: Path, tmp_path: Path) -> Workspace:
    return workspace(shutil.copytree(used, tmp_path / "home"))


def refused(place: Workspace, code: str) -> InputProblem:
    with pytest.raises(InputProblem) as caught:
        open_deployment(place)
    assert caught.value.code == code
    return caught.value


@pytest.mark.parametrize("name", ["kek", "ledger"])
def test_a_missing_key_is_told_and_never_replaced(place: Workspace, name: str) -> None:
    (place.keys / name).unlink()
    problem = refused(place, "RW-KEYS-003")
    assert [one.place for one in problem.problems] == [str(place.keys / name)]
    assert "restore" in problem.hint
    assert not (place.keys / name).exists()


def test_all_missing_keys_are_told_at_once(place: Workspace) -> None:
    shutil.rmtree(place.keys)
    assert len(refused(place, "RW-KEYS-003").problems) == 2


@pytest.mark.parametrize("name", ["kek", "ledger"])
def test_another_key_in_its_place_is_noticed(place: Workspace, name: str) -> None:
    (place.keys / name).write_bytes(b"x" * 32)
    problem = refused(place, "RW-KEYS-004")
    assert [one.place for one in problem.problems] == [str(place.keys / name)]


def of_the_first_release(database: Path) -> None:
    """Lead a database back to the first schema: its tables made anew, with what of their rows stood there then."""
    newer = database.rename(database.with_suffix(".newer"))
    engine = open_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        command.upgrade(configured(connection), "0001")
    engine.dispose()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("attach database ? as newer", (str(newer),))
        for (table,) in connection.execute(
            "select name from sqlite_master where type = 'table'"
        ).fetchall():
            if table == "schema_version":
                continue
            names = ", ".join(row[1] for row in connection.execute(f"pragma table_info({table})"))
            connection.execute(f"insert into {table} ({names}) select {names} from newer.{table}")


def test_an_installation_of_the_first_release_goes_on_with_its_keys(place: Workspace) -> None:
    of_the_first_release(place.home / "roadworthy.sqlite")
    with opened(place):
        pass
    (place.keys / "kek").write_bytes(b"x" * 32)
    refused(place, "RW-KEYS-004")


def test_keys_are_made_where_nothing_was_sealed_yet_and_stay(tmp_path: Path) -> None:
    place = workspace(tmp_path / "home")
    with opened(place):
        made = {path.name: path.read_bytes() for path in place.keys.iterdir()}
    assert sorted(made) == ["kek", "ledger"]
    with opened(place):
        assert {path.name: path.read_bytes() for path in place.keys.iterdir()} == made


def test_a_second_machine_on_the_same_database_needs_the_keys_of_the_first(
    place: Workspace, tmp_path: Path
) -> None:
    other = workspace(tmp_path / "other", database_url=place.database_url)
    assert len(refused(other, "RW-KEYS-003").problems) == 2
    assert not list(other.keys.iterdir())
    shutil.copytree(place.keys, other.keys, dirs_exist_ok=True)
    with opened(other):
        pass


def charter_on(url: str) -> Charter:
    text = (example_folder() / "charter.yaml").read_text(encoding="utf-8")
    charter = read(text, file="charter.yaml")
    sources = {name: source.model_copy(update={"url": url}) for name, source in charter.data.items()}
    return charter.model_copy(update={"data": sources})


@pytest.mark.parametrize("how", ["plain", "dots", "link", "hard link", "without a scheme"])
def test_no_charter_names_the_products_own_database_as_a_source(place: Workspace, how: str) -> None:
    own = place.home / "roadworthy.sqlite"
    aside = place.home.parent / "other.sqlite"
    if how == "link":
        aside.symlink_to(own)
    elif how == "hard link":
        aside.hardlink_to(own)
    named = {"plain": own, "without a scheme": own, "dots": place.data / ".." / "roadworthy.sqlite"}.get(
        how, aside
    )
    charter = charter_on(f"{'' if how == 'without a scheme' else 'sqlite:///'}{named}")
    with pytest.raises(InputProblem) as caught:
        refuse_own_state(charter, place)
    assert caught.value.code == "RW-SQL-009"
    assert all(one.place.startswith("data.") for one in caught.value.problems)


@pytest.mark.parametrize(
    ("own", "named", "same"),
    [
        ("postgresql://rw:x@db.example/state", "postgresql://db.example:5432/state", True),
        ("postgresql://rw@localhost/state", "postgres://eve@127.0.0.1/state", True),
        ("postgresql://rw@/state?host=/run/pg", "postgresql+psycopg://eve@/state?host=/run/pg", True),
        ("postgresql://rw@db.example/state", "postgresql://db.example:5433/state", False),
        ("postgresql://rw@db.example/state", "postgresql://db.example/crm", False),
        ("postgresql://rw@db.example/state", "postgresql://other.example/state", False),
        ("postgresql://rw@db.example/state", "sqlite:///{data}/state", False),
        ("postgresql://rw@db.example/state", "mysql://db.example/state", False),
    ],
)
def test_a_source_on_a_server_is_compared_by_place_not_by_user(
    tmp_path: Path, own: str, named: str, same: bool
) -> None:
    place = workspace(tmp_path, database_url=own)
    if same:
        with pytest.raises(InputProblem, match="its own state"):
            refuse_own_state(charter_on(named), place)
    else:
        refuse_own_state(charter_on(named), place)


def test_a_release_on_the_products_own_database_does_not_load(place: Workspace) -> None:
    files = folder_files(example_folder())
    text = re.sub(
        r"sqlite:///[^\s,\"]+", f"sqlite:///{place.home}/roadworthy.sqlite", files["charter.yaml"].decode()
    )
    archive = Archive({**files, "charter.yaml": text.encode(), "models.json": b"{}"})
    with opened(place) as deployment:
        builder = access.first_account(deployment, id_="ada", name="Ada")
        with pytest.raises(InputProblem) as caught:
            build(deployment, builder, archive)
        assert caught.value.code == "RW-SQL-009"
        with deployment.store.read() as tx:
            rollout = deployment.store.releases.rollout(tx, "support")
    assert [release.stage for release in rollout.releases] == [Stage.HALTED]
