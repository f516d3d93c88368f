"""The tools of a use case as an MCP server, for agents of any framework."""

from __future__ import annotations

from typing import Annotated

import typer

from roadworthy.cli.options import Home
from roadworthy.cli.output import Output
from roadworthy.errors import InputProblem, Problem


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command("mcp")(serve)


def serve(
    *,
    http: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help="Serve over HTTP there, for many agents; default: stdio."),
    ] = "",
    case: Annotated[
        str, typer.Option(help="The external key of the case that every call over stdio is for.")
    ] = "",
    key_from: Annotated[
        str, typer.Option(help="The environment variable that holds the key, over stdio.")
    ] = "ROADWORTHY_KEY",
    home: Home = None,
) -> None:
    """Serve the tools of a use case as an MCP server: same policy, approvals, budgets, simulation and ledger.

    The agent's program needs a key of the gateway (`roadworthy gateway key issue`). Over HTTP it sends it as
    `Authorization: Bearer`, and the case as `x-roadworthy-case`.
    """
    from roadworthy.cli.session import opened
    from roadworthy.wiring.admitting import admitting

    try:
        import anyio

        from roadworthy.mcp.door import Door
        from roadworthy.mcp.serve import PATH, over_http, over_stdio
    except ImportError as fault:
        raise InputProblem(
            "RW-MCP-016", Problem(f"this needs `{fault.name}`", hint="pip install roadworthy[tools]")
        ) from None
    host, port = _address(http) if http else ("", 0)
    token = "" if http else _token(key_from)
    with opened(home) as (deployment, _principal, place), admitting(place, deployment) as admission:
        if http:
            out = Output(as_json=False)

            def ready(address: str) -> None:
                out.say("the tools are up", "bold green")
                out.say(f"  MCP URL  {address}{PATH}")
                out.say("  keys     `roadworthy gateway key issue USE_CASE`")
                out.say("  Ctrl+C stops", "dim")

            over_http(Door(deployment, admission), host=host, port=port, on_ready=ready)
        else:
            # Told now, where somebody reads it, and not with the first call.
            admission.look_up(token)
            anyio.run(over_stdio, Door(deployment, admission, token=token, case=case))


def _token(variable: str) -> str:
    from roadworthy.wiring.place import secret

    try:
        return secret(variable)
    except InputProblem:
        hint = "`roadworthy gateway key issue USE_CASE` makes one"
        raise InputProblem("RW-MCP-017", Problem(f"`{variable}` holds no key", hint=hint)) from None


def _address(told: str) -> tuple[str, int]:
    host, _, port = told.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise InputProblem(
            "RW-MCP-017",
            Problem(f"`{told}` is no address", place="--http", hint="such as `127.0.0.1:8790`"),
        )
    return host.strip("[]") or "127.0.0.1", int(port)
