"""Prompts of a use-case folder: everything that is wrong with them, and what a model would be shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import Json
from roadworthy.cli.output import Output
from roadworthy.errors import InputProblem, NotFound, Problem

if TYPE_CHECKING:
    from roadworthy.charter import Charter
    from roadworthy.operate.prompts import PromptOf

Folder = Annotated[Path, typer.Argument(help="The use-case folder, with charter.yaml and prompts/.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(help="What language models are asked with.", no_args_is_help=True)
    group.command("lint")(lint)
    group.command("show")(show)
    app.add_typer(group, name="prompts")


def lint(folder: Folder, *, as_json: Json = False) -> None:
    """Tell everything that is wrong with the prompts of a folder, with file, line and column."""
    from roadworthy.operate.prompts import read_prompts, unused

    out = Output(as_json=as_json)
    charter, files = _read(folder)
    found, idle = read_prompts(charter, files), unused(charter, files)
    if as_json:
        out.data({"prompts": [_as_json(one) for one in found], "unused": list(idle)})
        return
    for name in idle:
        out.say(f"! {name}: no task names it", "yellow")
    out.say(f"{len(found)} prompts, nothing wrong" if found else "no task has a prompt", "green")


def show(
    folder: Folder,
    task: Annotated[str, typer.Argument(help="The task; default: all that have a prompt.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Show what a model is sent, with made-up values: what others write stands fenced in the user's turn."""
    from roadworthy.operate.prompts import read_prompts

    out = Output(as_json=as_json)
    charter, files = _read(folder)
    found = [one for one in read_prompts(charter, files) if task in {"", one.task}]
    if task and not found:
        raise NotFound("RW-PROMPT-009", f"no task `{task}` with a prompt in this folder")
    if as_json:
        out.data({"prompts": [_as_json(one) for one in found]})
        return
    for one in found:
        out.say(f"{one.task} ({one.kind}): {one.file}, {one.digest.removeprefix('sha256:')[:12]}", "bold")
        for name, said in one.variables.items():
            out.say(f"  {name}: {said}", "dim")
        for message in one.example:
            out.say(f"── {message.role}", "cyan")
            out.say(message.content)
    if not found:
        out.say("no task has a prompt", "dim")


def _read(folder: Path) -> tuple[Charter, dict[str, bytes]]:
    from roadworthy.charter import read
    from roadworthy.wiring import folder_files

    files = folder_files(folder)
    if "charter.yaml" not in files:
        raise InputProblem("RW-RELEASE-006", Problem("no charter.yaml in the folder", place=str(folder)))
    return read(files["charter.yaml"], file="charter.yaml"), dict(files)


def _as_json(one: PromptOf) -> dict[str, object]:
    return {
        "task": one.task,
        "kind": one.kind,
        "file": one.file,
        "digest": one.digest,
        "variables": dict(one.variables),
        "example": [{"role": message.role, "content": message.content} for message in one.example],
    }
