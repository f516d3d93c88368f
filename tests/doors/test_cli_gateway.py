"""`roadworthy gateway` without a server: keys, budgets, and what a case asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from tests.gateway.desk import ASKED, Desk, charter
from tests.gateway.upstream import Upstream
from typer.testing import CliRunner

from roadworthy.cli import gateway
from roadworthy.errors import InputProblem, NotFound
from roadworthy.stage import Stage


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An installation whose program made one call for the case `ticket 7`."""
    with Upstream() as upstream:
        desk = Desk(tmp_path / "home", charter(upstream.url))
        desk.put(Stage.PRODUCTION)

        async def one() -> int:
            with desk.open():
                sent = await desk.post(desk.key(), ASKED, x_roadworthy_case="ticket 7")
                await desk.close()
                return sent.status

        assert asyncio.run(one()) == 200
        desk.deployment.store.close()
        yield desk.place.home


def run(home: Path, *words: str) -> str:
    app = typer.Typer()
    gateway.register(app)
    result = CliRunner().invoke(app, ["gateway", *words, "--home", str(home)], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.output


def test_a_key_is_shown_once_and_listed_without_its_secret(home: Path) -> None:
    made = json.loads(run(home, "key", "issue", "desk", "--stage", "canary", "--json"))
    assert made["key"].startswith("rw_gateway_")
    listed = json.loads(run(home, "key", "list", "--json"))["keys"]
    (one,) = [each for each in listed if each["id"] in made["key"]]
    assert (one["release"], one["stage"]) == ("r1", "canary")
    assert made["key"].rsplit("_", 1)[1] not in run(home, "key", "list")
    run(home, "key", "revoke", one["id"])
    assert len(json.loads(run(home, "key", "list", "--json"))["keys"]) == len(listed) - 1
    with pytest.raises(NotFound, match="no key"):
        run(home, "key", "revoke", one["id"])


def test_a_key_is_for_a_release_that_is_there_and_a_stage_at_which_one_runs(home: Path) -> None:
    with pytest.raises(NotFound, match="known: r1"):
        run(home, "key", "issue", "desk", "--release", "r9")
    with pytest.raises(NotFound, match="no running release of `shop`"):
        run(home, "key", "issue", "shop")
    with pytest.raises(InputProblem, match="no key is good at the stage `retired`"):
        run(home, "key", "issue", "desk", "--stage", "retired")


def test_budgets_are_shown_with_what_is_left(home: Path) -> None:
    found = {one["id"]: one for one in json.loads(run(home, "budgets", "--json"))["budgets"]}
    month = next(one for id_, one in found.items() if id_.startswith("use_case:desk@"))
    assert (month["spent"], month["held"], month["limit"]) == ("0.0000182 EUR", "0.00 EUR", "1000.00 EUR")
    assert month["left"] == "999.9999818 EUR"
    assert "case:desk/" in run(home, "budgets", "--level", "case")
    assert "use_case" not in run(home, "budgets", "--level", "case")


def test_what_a_case_asked_is_told_by_its_key(home: Path) -> None:
    (call,) = json.loads(run(home, "calls", "desk", "ticket 7", "--json"))["calls"]
    assert (call["model"], call["wire"], call["cost"]) == ("small", "chat", "0.0000182 EUR")
    assert call["tokens"]["cached"] == 2
    assert "ticket" not in json.dumps(call)
    assert "together 0.0000182 EUR" in run(home, "calls", "desk", "ticket 7")
    assert "no model was called" in run(home, "calls", "desk", "ticket 8")
