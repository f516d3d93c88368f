"""The pages of the documentation are complete, up to date, and lead where they say."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.house.tree import ROOT, files, shown

from roadworthy.charter import json_schema
from roadworthy.cli.app import build

REFERENCE = ROOT / "docs" / "reference"
PAGES = [path for path in files() if path.suffix == ".md" and "src" not in path.relative_to(ROOT).parts]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


@cache
def commands() -> tuple[tuple[str, Any], ...]:
    def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
        yield path, command
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, f"{path} {name}")

    return tuple(walk(typer.main.get_command(build()), "roadworthy"))


def test_every_command_says_what_it_does() -> None:
    assert [path for path, command in commands() if not (command.help or "").strip()] == []


def test_every_argument_and_option_says_what_it_is() -> None:
    silent = [
        f"{path} {param.opts[0]}"
        for path, command in commands()
        for param in command.params
        if not (param.help or "").strip()
    ]
    assert silent == []


def test_options_that_mean_the_same_are_spelt_the_same() -> None:
    for path, command in commands():
        for param in command.params:
            assert re.fullmatch(r"--[a-z-]+|[a-z_]+", param.opts[0]), f"{path} {param.opts}"


def test_the_generated_pages_are_up_to_date() -> None:
    checked = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_command_stands_in_the_reference() -> None:
    page = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    assert [
        path
        for path, command in commands()
        if not hasattr(command, "commands") and f"## {path}\n" not in page
    ] == []


def test_every_field_of_the_charter_stands_in_the_reference() -> None:
    page = (REFERENCE / "charter.md").read_text(encoding="utf-8")
    schema = json_schema()
    for part in (schema, *schema["$defs"].values()):
        assert [field for field in part["properties"] if f"| `{field}` |" not in page] == []


def anchors(page: Path) -> set[str]:
    """Anchors as the usual renderers of Markdown make them from headings."""
    found = set()
    for heading in re.findall(r"^#{1,6} (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    lost = []
    for found in LINK.finditer(text):
        target = found[1] or found[2]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        if not there.exists() or not there.is_relative_to(ROOT):
            lost.append(f"{target}: no such file")
        elif anchor and there.suffix == ".md" and anchor not in anchors(there):
            lost.append(f"{target}: no such heading")
    assert lost == []


def named_commands(text: str) -> Iterator[list[str]]:
    """The words after `roadworthy` wherever a command is shown: between backticks, or in a block of code."""
    shown_as_code = re.findall(r"```.*?```", text, re.DOTALL) + re.findall(r"`[^`\n]+`", text)
    for code in shown_as_code:
        for line in re.findall(
            r"(?<!import)(?:^|[`\s/])roadworthy((?: [a-z][a-z-]*)+)", code, re.MULTILINE
        ):
            yield line.split()


SPEAKING = [
    *PAGES,
    *(
        path
        for path in files()
        if "src" in path.relative_to(ROOT).parts and path.suffix in {".py", ".yaml", ".html"}
    ),
]


def test_every_command_that_a_page_or_a_hint_names_exists() -> None:
    known = {path for path, _ in commands()}
    groups = {path for path, command in commands() if hasattr(command, "commands")}
    lost = []
    for page in SPEAKING:
        for words in named_commands(page.read_text(encoding="utf-8")):
            path = f"roadworthy {words[0]}"
            if path in groups and len(words) > 1:
                path += f" {words[1]}"
            if path not in known:
                lost.append(f"{shown(page)}: {path}")
    assert lost == []


def test_the_rule_finds_commands_in_code_and_leaves_prose_alone() -> None:
    told = "Use roadworthy well.\n`roadworthy cases list --json`\n```\n.venv/bin/roadworthy up\n```"
    assert list(named_commands(told)) == [["up"], ["cases", "list"]]
