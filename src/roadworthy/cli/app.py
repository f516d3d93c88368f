"""The program: its commands, and how every error leaves it as words and an exit code."""

from __future__ import annotations

import logging
import os
import sys
import traceback
import uuid
from collections.abc import Callable, Sequence
from copy import copy

import typer
import typer.main
from typer.exceptions import TyperException
from typer.models import CommandInfo, TyperInfo

from roadworthy.cli import (
    alerts,
    assess,
    cases,
    costs,
    data,
    demo,
    drills,
    effects,
    evaluate,
    gateway,
    knowledge,
    lineage,
    local_model,
    mcp,
    models,
    operations,
    people,
    policy,
    privacy,
    prompts,
    releases,
    roadmap,
    start,
    tools,
    value,
    waivers,
    watching,
)
from roadworthy.cli.output import FAILURE, OK, USAGE, Output, exit_code
from roadworthy.errors import InputProblem, RoadworthyError, Unavailable

_log = logging.getLogger("roadworthy")


def build() -> typer.Typer:
    """The command tree. Command modules import what is heavy only when called."""
    app = typer.Typer(
        name="roadworthy",
        help="Carries an AI use case from pilot to production and keeps it fit to stay there.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for module in (
        demo,
        assess,
        start,
        data,
        knowledge,
        releases,
        waivers,
        watching,
        roadmap,
        evaluate,
        models,
        cases,
        effects,
        tools,
        value,
        costs,
        prompts,
        policy,
        gateway,
        mcp,
        local_model,
        privacy,
        lineage,
        alerts,
        drills,
        operations,
        people,
    ):
        module.register(app)
    return app


def run() -> int:
    """Parse, act, and turn every error into words and an exit code. Never a traceback for users."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    shown = Output(as_json="--json" in sys.argv)
    try:
        result = _command(build(), sys.argv[1:])(standalone_mode=False)
        return result if isinstance(result, int) else OK
    except typer.Exit as leaving:
        return leaving.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except RoadworthyError as problem:
        shown.problem(problem)
        return exit_code(problem)
    except TyperException as problem:
        message = problem.format_message()
        if message.startswith("Usage: "):  # a group of commands was named, and no command
            print(message, file=sys.stderr)
        else:
            shown.problem(InputProblem("RW-CLI-001", message, hint="`roadworthy --help`"))
        return USAGE
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as fault:  # noqa: BLE001 - the last resort of the program
        number = uuid.uuid4().hex[:8]
        # A traceback may show what people wrote: the log names the place and nothing else.
        _log.error("unexpected fault %s at %s", number, _place(fault))
        shown.problem(
            Unavailable(
                "RW-CLI-002",
                f"something unexpected failed ({type(fault).__name__}), number {number}",
                retry_is_safe=False,
                hint="run `roadworthy doctor`",
            )
        )
        return FAILURE


def _command(app: typer.Typer, words: Sequence[str]) -> Callable[..., object]:
    """What carries the words out: of the tree only their own branch, where they name one."""
    named = branch(app, words)
    return app if named is app else typer.main.get_group(named)


def branch(app: typer.Typer, words: Sequence[str]) -> typer.Typer:
    """As much of the tree as the words name. Typer writes out all it is given, which takes longer than most commands.

    Where a word names nothing, all that it might have named stays, to be listed or proposed.
    """
    commands = [one for one in app.registered_commands if _name_of(one) == words[0]] if words else []
    groups = [one for one in app.registered_groups if _name_of(one) == words[0]] if words else []
    if not commands and not groups:
        return app
    found = copy(app)
    found.registered_commands, found.registered_groups = commands, [copy(one) for one in groups]
    for group in found.registered_groups:
        if group.typer_instance is not None:
            group.typer_instance = branch(group.typer_instance, words[1:])
    return found


def _name_of(one: CommandInfo | TyperInfo) -> str | None:
    if isinstance(one, TyperInfo):
        return typer.main.solve_typer_info_defaults(one).name
    return one.name or (typer.main.get_command_name(one.callback.__name__) if one.callback else None)


def _place(fault: BaseException) -> str:
    trace = traceback.extract_tb(fault.__traceback__)
    return f"{trace[-1].filename}:{trace[-1].lineno}" if trace else "an unknown place"
