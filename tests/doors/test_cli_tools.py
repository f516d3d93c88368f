"""Tools on the command line: approved, listed, looked at, asked, set going again."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.operate import flows
from tests.operate.office import CHARTER, OLGA, VERA, Office
from typer.testing import CliRunner

from roadworthy.casework.toolstate import Hold, Look
from roadworthy.cli import session, tools
from roadworthy.errors import InputProblem, NotFound
from roadworthy.operate.tools.keeping import note

ROUGH = Path(__file__).parents[1] / "adapters" / "mcptools" / "rough_server.py"
DESCRIBED = f"""
  desk.say: {{use: mcp, options: {{command: [{sys.executable}, "-S", "{ROUGH}"], tool: say}}}}
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    office = Office(tmp_path)
    who = [VERA]

    @contextmanager
    def opened(home: Any) -> Iterator[Any]:
        yield office.deployment, who[0], None

    monkeypatch.setattr(session, "opened", opened)
    office.who = who  # type: ignore[attr-defined]
    yield office
    office.store.close()


def told(*words: str, code: int = 0, typed: str = "") -> str:
    app = typer.Typer()
    tools.register(app)
    done = CliRunner().invoke(
        app, ["tools", *words], catch_exceptions=False, standalone_mode=False, input=typed
    )
    assert (done.return_value or 0) == code, done.output
    return done.stdout


def test_tools_are_listed_with_what_is_known_of_them(office: Office) -> None:
    office.release(flows.reply)
    rows = {one["tool"]: one for one in json.loads(told("list", "desk", "--json"))["tools"]}
    assert (rows["mail.reply"]["sink"], rows["mail.reply"]["state"]) == ("message", "unknown")
    assert rows["mail.reply"]["definition"] == "in the folder"
    assert "bank.pay" in told("list", "desk")
    assert "no tool" in told("status", "desk")
    with pytest.raises(NotFound):
        told("list", "nowhere")


def test_a_held_tool_is_told_and_set_going_again(office: Office) -> None:
    line = next(one for one in CHARTER.splitlines() if "books.look:" in one)
    release = office.release(
        flows.reply, charter=CHARTER.replace(line, line.replace("{use", "{answer: {type: object}, use"))
    )
    look = Look(Hold.BROKEN, "the answer lacks `id`")
    note(office.store, release.digest, "desk", "books.look", look, at=office.deployment.now())
    said = told("status", "desk", code=3)
    assert "broken   books.look" in said
    assert "the answer lacks `id`" in said
    office.who[0] = OLGA  # type: ignore[attr-defined]
    assert "goes again" in told("release", "desk", "books.look", "--reason", "mended")
    assert json.loads(told("status", "desk", "--json"))["tools"][0]["state"] == "unknown"


def test_a_read_tool_is_asked_by_hand_and_a_write_never(office: Office) -> None:
    office.release(flows.reply)
    office.who[0] = OLGA  # type: ignore[attr-defined]
    assert json.loads(told("call", "desk", "books.look", "id=7"))["balance"] == 5
    with pytest.raises(InputProblem) as refused:
        told("call", "desk", "mail.reply", "to=a@b.c")
    assert refused.value.code == "RW-TOOL-017"
    assert office.tools["mail.reply"].sends == []
    with pytest.raises(InputProblem, match="not NAME=VALUE"):
        told("call", "desk", "books.look", "id")
    assert "tool.called" in set(office.events())


def test_what_servers_say_is_shown_approved_and_written(tmp_path: Path) -> None:
    folder, home = tmp_path / "desk", ["--home", str(tmp_path / "home")]
    folder.mkdir()
    (folder / "charter.yaml").write_text(CHARTER.replace("tools:\n", f"tools:{DESCRIBED}"))
    assert not (folder / "tools.lock").exists()
    said = told("approve", str(folder), *home, code=3, typed="n\n")
    assert "+ desk.say" in said
    assert not (folder / "tools.lock").exists()
    told("approve", str(folder), "--yes", *home)
    lock = json.loads((folder / "tools.lock").read_text())
    assert lock["tools"]["desk.say"]["definition"]["name"] == "say"
    assert "nothing changed" in told("approve", str(folder), *home)
    with pytest.raises(InputProblem, match="described in the folder"):
        told("approve", str(folder), "books.look", *home)
