"""Models on the command line: what they cost, which one would answer, and how good each is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.openai.scripted import Scripted, Server, says
from tests.doors.saying import USE_CASE, Say, plain_data

MODELS = """
suites: {{capitals: {{floor: 0.5}}}}
models:
  cheap: {{url: "{url}", model: small-1, read_price: 0.10 EUR, written_price: 0.20 EUR, retires: 2099-12-31}}
  dear: {{url: "{url}", model: large-1, listed_as: openai/gpt-4o}}
  strange: {{url: "{url}", model: odd-1, listed_as: openai/not-there}}
tasks:
  capital: {{kind: chat, floor: 0.8, models: [strange, cheap, dear], suite: capitals}}
  other: {{kind: chat, floor: 0.8, models: [cheap]}}
"""
"""Stands where the tasks of the plain use case begin."""


def answering(body: dict[str, Any]) -> Scripted:
    """Large models know every capital, small ones half of them."""
    number = int(body["messages"][-1]["content"].split()[-1])
    return says("right" if body["model"] == "large-1" or number % 2 else "wrong")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(answering) as server:
        yield server


@pytest.fixture
def started(say: Say, server: Server, tmp_path: Path) -> Say:
    folder = tmp_path / "plain"
    shutil.copytree(USE_CASE, folder)
    charter = folder / "charter.yaml"
    models = MODELS.format(url=server.url).lstrip()
    charter.write_text(charter.read_text().replace("tasks:\n", models, 1))
    data = plain_data(tmp_path / "home")
    (data / "evals").mkdir()
    tests = [{"id": f"t{at}", "input": {"text": f"capital {at}"}, "expected": "right"} for at in range(30)]
    (data / "evals" / "capitals.jsonl").write_text("\n".join(map(json.dumps, tests)))
    built = say("release", "start", str(folder))
    assert built.code == 0, built.err
    return say


def test_every_model_is_listed_with_its_price_and_where_it_was_read(started: Say) -> None:
    told = {row["model"]: row for row in started("models", "list", "plain", "--json").json["models"]}
    assert told["cheap"]["price"]["read"] == "0.1"
    assert told["cheap"]["price"]["source"] == "charter"
    assert told["cheap"]["days_left"] > 20_000
    assert told["dear"]["price"]["source"].startswith("genai-prices")
    assert told["dear"]["context"] == 128_000
    assert len(told["dear"]["snapshot"]) == 16
    assert (told["strange"]["price"], told["strange"]["snapshot"]) == (None, "unpriced")
    assert told["strange"]["remarks"] == ["the list of prices has no `openai/not-there`"]
    shown = started("models", "list")
    assert "nobody knows its price" in shown.out
    assert "small-1" in shown.out


def test_before_anything_is_measured_no_model_is_chosen(started: Say) -> None:
    found = started("models", "route", "plain", "capital", "--json")
    assert found.code == 3
    assert found.json["chosen"] is None
    assert found.json["dropped"] == {
        "strange": "nobody knows its price",
        "cheap": "its quality was never measured",
        "dear": "its quality was never measured",
    }
    assert "models measure plain capital" in started("models", "route", "plain", "capital").out
    unmeasured = started("models", "route", "plain", "other", "--json")
    assert (unmeasured.code, unmeasured.json["chosen"]) == (0, "cheap"), "no suite is asked for"


def test_models_are_measured_and_the_cheapest_that_is_good_enough_is_chosen(
    started: Say, tmp_path: Path, server: Server
) -> None:
    (tmp_path / "home" / "prices.yaml").write_text(
        "models: {openai/not-there: {read: 3 EUR, written: 9 EUR}}"
    )
    found = started("models", "measure", "plain", "capital", "--json")
    assert found.code == 0, found.err
    told = {row["model"]: row for row in found.json["models"]}
    assert (told["cheap"]["value"], told["cheap"]["reaches"]) == (0.5, False)
    assert (told["dear"]["value"], told["dear"]["tests"], told["dear"]["reaches"]) == (1.0, 30, True)
    route = started(
        "models", "route", "plain", "capital", "--read", "1000", "--written", "100", "--json"
    ).json
    assert route["chosen"] == "dear"
    assert route["order"][0]["most"] == "0.0035"
    assert route["dropped"]["cheap"].startswith("its quality is at least 0.3")
    assert len(server.asked) == 90
    again = started("models", "measure", "plain", "capital", "--model", "dear")
    assert again.code == 0
    assert "reaches 80.0%" in again.out
    assert len(server.asked) == 90, "what was answered is not asked again"
    listed = {row["model"]: row for row in started("models", "list", "plain", "--json").json["models"]}
    assert listed["dear"]["quality"]["capital"]["tests"] == 30


def test_the_gate_asks_for_prices_last_days_and_quality(started: Say) -> None:
    found = started("gate", "plain", "--stage", "shadow", "--measure", "--json")
    told = {(one["requirement"], one["subject"]): one for one in found.json["findings"]}
    assert told["cost.priced", "cheap"]["mark"] == "pass"
    assert told["cost.priced", "dear"]["mark"] == "pass"
    assert told["cost.priced", "strange"]["mark"] == "hold"
    assert told["cost.retirement", "cheap"]["mark"] == "pass"
    assert told["quality.routed", "capital"]["mark"] == "not evaluated"


def test_a_task_without_models_or_without_a_suite_is_named(started: Say) -> None:
    found = started("models", "route", "plain", "nothing")
    assert found.code == 1
    assert "RW-ROUTE-001" in found.err
    assert "capital, other" in found.err
    assert "RW-ROUTE-006" in started("models", "measure", "plain", "other").err


def test_the_shipped_list_is_searched_and_paged_without_an_installation(say: Say, tmp_path: Path) -> None:
    first = say("models", "prices", "--provider", "openai", "--search", "gpt-4o", "--limit", "2", "--json")
    assert first.code == 0
    assert first.json["source"].startswith("genai-prices ")
    assert first.json["next_after"] == 2
    further = say(
        "models", "prices", "--provider", "openai", "--search", "gpt-4o", "--after", "2", "--json"
    )
    names = [one["listed_as"] for one in (*first.json["models"], *further.json["models"])]
    assert len(names) == len(set(names)) == first.json["of"]
    assert "openai/gpt-4o" in names
    assert not (tmp_path / "home").exists(), "it takes no workspace"
    shown = say("models", "prices", "--provider", "openai", "--search", "gpt-4o-mini")
    assert "EUR for a million tokens, 1 USD = 1 EUR, not stated" in shown.err
    unknown = say("models", "prices", "--provider", "opnai")
    assert (unknown.code, "did you mean `openai`?" in unknown.err) == (1, True)


def test_a_price_file_with_mistakes_is_told_with_lines(started: Say, tmp_path: Path) -> None:
    (tmp_path / "home" / "prices.yaml").write_text("models:\n  a: {read: 1 EUR}\n  b: {discount: 9}\n")
    found = started("models", "list", "plain", "--json")
    assert found.code == 2
    assert [one["line"] for one in json.loads(found.err)["error"]["problems"]] == [2, 3]
