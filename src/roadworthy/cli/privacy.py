"""Privacy: erase a person."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import Output
from roadworthy.errors import InputProblem, Problem


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(help="What people may ask of their data.", no_args_is_help=True)
    group.callback()(_group)
    group.command("erase")(erase)
    app.add_typer(group, name="privacy")


def _group() -> None:
    """Keeps `erase` a command of its own while it is the only one."""


def erase(
    person: Annotated[
        str, typer.Argument(help="As cases and documents name them, such as an e-mail address.")
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Erase a person: what is encrypted under their key, and documents about them in every index. For good."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.erasing import erase_person
    from roadworthy.wiring.knowledge import forget_subject

    out = Output(as_json=as_json)
    if not yes:
        if not sys.stdin.isatty():
            raise InputProblem(
                "RW-PRIVACY-002", Problem("this cannot be undone", hint="say so with `--yes`")
            )
        typer.confirm("Nobody can restore what this erases. Go on?", abort=True, err=True)
    with opened(home) as (deployment, principal, place):
        done = erase_person(deployment, principal, person, indexes=partial(forget_subject, place))
    if as_json:
        out.data(
            {
                "subject": done.subject,
                "payloads": done.payloads,
                "documents": list(done.documents),
                "chunks": done.chunks,
            }
        )
        return
    out.say(
        f"erased: {done.payloads} sealed payloads, {len(done.documents)} documents of the indexes", "green"
    )
    for document in done.documents:
        out.say(
            f"  {document} still lies where it came from: delete it there; it is not indexed again",
            "yellow",
        )
