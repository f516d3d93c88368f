"""`roadworthy prompts` on a use-case folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from tests.operate.office import CHARTER
from typer.testing import CliRunner

from roadworthy.charter import read
from roadworthy.cli import prompts
from roadworthy.errors import InputProblem, NotFound
from roadworthy.wiring import folder_files, prompted_model
from roadworthy.wiring.language import chat_task
from roadworthy.wiring.place import workspace

TASKS = """
  sort: {kind: classify, text: text, floor: 0.5, model: small, prompt: prompts/sort.txt, labels: [a, b]}
  reply: {kind: chat, models: [small], prompt: prompts/reply.md, floor: 0.5}
certificates:
"""
MODELS = """
models:
  small: {url: "http://127.0.0.1:1/v1", model: small-1, read_price: 0.001 EUR, written_price: 0.004 EUR}
"""
REPLY = (
    "---\nvariables: {message: text, tone: {type: text, default: calm}}\n---\nIn a {tone} tone: {message}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    text = CHARTER.replace("\ncertificates:\n", TASKS, 1) + MODELS
    (tmp_path / "charter.yaml").write_text(text)
    (tmp_path / "workflow.py").write_text("")
    (tmp_path / "prompts" / "reply.md").write_text(REPLY)
    (tmp_path / "prompts" / "sort.txt").write_text("Sort {text} into {labels}. {examples}")
    (tmp_path / "prompts" / "sort.examples.jsonl").write_text('{"text": "x", "label": "a"}\n')
    return tmp_path


def run(*words: str) -> str:
    app = typer.Typer()
    prompts.register(app)
    result = CliRunner().invoke(app, ["prompts", *words], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.stdout


def test_prompts_without_a_mistake_are_counted_and_idle_files_told(folder: Path) -> None:
    assert "2 prompts, nothing wrong" in run("lint", str(folder))
    (folder / "prompts" / "old.md").write_text("x")
    told = json.loads(run("lint", str(folder), "--json"))
    assert told["unused"] == ["prompts/old.md"]
    assert [one["task"] for one in told["prompts"]] == ["sort", "reply"]


def test_a_prompt_is_shown_as_a_model_would_get_it(folder: Path) -> None:
    text = run("show", str(folder), "reply")
    assert "In a calm tone: (the block `message` of the user message)" in text
    assert "(message)" in text
    assert "── system" in text
    assert "Sort" not in text
    assert "- a\n- b" in run("show", str(folder), "sort")


def test_mistakes_of_all_files_are_told_together(folder: Path) -> None:
    (folder / "prompts" / "reply.md").write_text(REPLY.replace("{tone} tone", "{tune} tone"))
    (folder / "prompts" / "sort.txt").write_text("Sort {text} into {labels}.")
    with pytest.raises(InputProblem) as raised:
        run("lint", str(folder))
    assert raised.value.code == "RW-PROMPT-008"
    assert [(one.place, one.line) for one in raised.value.problems] == [
        ("prompts/sort.examples.jsonl", 0),
        ("prompts/reply.md", 2),
        ("prompts/reply.md", 4),
    ]


def test_a_prompt_that_is_not_there_is_told(folder: Path) -> None:
    (folder / "prompts" / "sort.txt").unlink()
    with pytest.raises(InputProblem, match=r"prompts/sort\.txt: the prompt is missing"):
        run("lint", str(folder))


def test_a_task_without_a_prompt_is_not_there(folder: Path) -> None:
    with pytest.raises(NotFound) as raised:
        run("show", str(folder), "intent")
    assert raised.value.code == "RW-PROMPT-009"
    (folder / "charter.yaml").unlink()
    with pytest.raises(InputProblem, match=r"no charter\.yaml"):
        run("lint", str(folder))


def test_a_chat_task_is_wired_with_its_models_prices_and_region(folder: Path, tmp_path: Path) -> None:
    files = folder_files(folder)
    charter = read(files["charter.yaml"], file="charter.yaml")
    chat = chat_task(charter, "reply", files, workspace(tmp_path / "home"))
    assert [(one.name, one.model, one.region) for one in chat.candidates] == [("small", "small-1", "eu")]
    assert set(chat.models) == set(chat.prices) == {"small"}
    assert chat.floor is None
    assert chat.digest != chat_task(
        charter, "reply", {**files, "prompts/reply.md": REPLY.encode() + b"!"}, workspace(tmp_path / "home")
    ).digest  # fmt: skip
    with pytest.raises(InputProblem) as missing:
        chat_task(charter, "reply", {}, workspace(tmp_path / "home"))
    assert missing.value.code == "RW-PROMPT-007"
    assert prompted_model(charter, "sort", files).digest
