"""The gateway: serve it, and issue, list and revoke its keys."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import OK, Output
from roadworthy.quantities import Cost
from roadworthy.stage import Stage
from roadworthy.usage import Call, Level

if TYPE_CHECKING:
    from roadworthy.operate.deployment import Deployment
    from roadworthy.wiring import Workspace


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    gateway = typer.Typer(
        help="Models for any program that speaks the OpenAI wire, within budget and policy.",
        invoke_without_command=True,
        no_args_is_help=False,
    )
    gateway.callback()(serve)
    key = typer.Typer(help="Keys by which programs call.", no_args_is_help=True)
    key.command("issue")(issue)
    key.command("list")(list_keys)
    key.command("revoke")(revoke)
    gateway.add_typer(key, name="key")
    gateway.command("budgets")(budgets)
    gateway.command("calls")(calls)
    app.add_typer(gateway, name="gateway")


def serve(
    context: typer.Context,
    *,
    host: Annotated[
        str, typer.Option(help="Where to listen. Other machines see it only if you say so.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Taken: the next free one.")] = 8788,
    home: Home = None,
) -> None:
    """Serve the OpenAI wire for programs of the use cases. Ctrl+C stops.

    Any number of these may run beside one another on one database.
    """
    if context.invoked_subcommand is not None:
        return
    from roadworthy.cli.session import opened
    from roadworthy.gateway.door import Door
    from roadworthy.gateway.serve import serve as serve_door
    from roadworthy.wiring.gateway import calling

    out = Output(as_json=False)
    with opened(home) as (deployment, _principal, place), calling(place, deployment) as (admission, meter):

        def ready(address: str) -> None:
            out.say("the gateway is up", "bold green")
            out.say(f"  base URL  {address}/v1")
            out.say("  keys      `roadworthy gateway key issue USE_CASE`")
            out.say("  Ctrl+C stops", "dim")

        serve_door(Door(deployment, admission, meter), host=host, port=port, on_ready=ready)


@contextmanager
def beside(
    deployment: Deployment, place: Workspace, *, host: str, port: int, out: Output
) -> Iterator[None]:
    """Serve the gateway from a thread of this process while the context is open."""
    from roadworthy.gateway.door import Door
    from roadworthy.gateway.serve import serve as serve_door
    from roadworthy.wiring.gateway import calling

    stop = threading.Event()
    with calling(place, deployment) as (admission, meter):
        door = Door(deployment, admission, meter)

        def ready(address: str) -> None:
            out.say(f"  gateway {address}/v1")

        serving = threading.Thread(
            target=serve_door,
            args=(door,),
            kwargs={"host": host, "port": port, "on_ready": ready, "stop": stop},
            name="gateway",
            daemon=True,
        )
        serving.start()
        try:
            yield
        finally:
            stop.set()
            serving.join(timeout=35)


def issue(
    use_case: Annotated[str, typer.Argument(help="The use case.")],
    *,
    release: Annotated[
        str, typer.Option(help="Name or digest of the release that calls; default: the newest.")
    ] = "",
    stage: Annotated[
        Stage, typer.Option(help="The furthest stage at which the key is good.")
    ] = Stage.PILOT,
    for_: Annotated[str, typer.Option("--for", help="The account it is for; default: your own.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Issue a key for programs of a use case. It is shown once."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.modelcalls.callers import issue_key, newest_release

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _place):
        named = release or newest_release(deployment, use_case)
        token = issue_key(deployment, principal, use_case, release=named, stage=stage, for_=for_)
    if as_json:
        out.data({"key": token, "use_case": use_case, "release": named, "stage": stage})
        return OK
    out.say(token)
    out.note(f"good for {use_case} until {stage}; it is not shown again")
    return OK


def list_keys(
    use_case: Annotated[str, typer.Argument(help="Of this use case alone.")] = "",
    *,
    after: Annotated[str, typer.Option(help="Where the page before ended.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Which keys there are. Secrets are not kept, so none is shown."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.modelcalls.callers import keys_of

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _place):
        found = keys_of(deployment, principal, use_case, after=after)
    if as_json:
        out.data({"keys": [one.as_json() for one in found.rows], "after": found.after})
        return OK
    out.table(
        ["key", "use case", "release", "good until", "account", "expires"],
        [
            (one.id, one.use_case, one.release, one.stage, one.principal, f"{one.expires_at:%Y-%m-%d}")
            for one in found.rows
        ],
        empty="no keys yet: `roadworthy gateway key issue USE_CASE`",
    )
    if found.after:
        out.note(f"more: --after {found.after}")
    return OK


def revoke(
    key: Annotated[str, typer.Argument(help="The id of the key, as `gateway key list` shows it.")],
    *,
    home: Home = None,
) -> int:
    """Revoke a key. Every gateway refuses it within a second."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.modelcalls.callers import revoke_key

    with opened(home) as (deployment, principal, _place):
        revoke_key(deployment, principal, key)
    Output(as_json=False).say(f"revoked {key}")
    return OK


def budgets(
    *,
    level: Annotated[Level | None, typer.Option(help="Of this level alone.", show_choices=True)] = None,
    after: Annotated[str, typer.Option(help="Where the page before ended.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """How the budgets of calls stand: spent, held, and what is left of each."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.modelcalls.standing import standing

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _place):
        found = standing(deployment, principal, level=level, after=after)
    if as_json:
        out.data({"budgets": [one.as_json() for one in found.rows], "after": found.after})
        return OK
    out.table(
        ["budget", "limit", "spent", "held", "left", "unattributed"],
        [
            (
                one.id,
                str(Cost(one.limit)),
                str(Cost(one.spent)),
                str(Cost(one.held)),
                str(Cost(one.left)),
                str(Cost(one.unattributed)) if one.unattributed else "-",
            )
            for one in found.rows
        ],
        empty="nothing was called yet",
    )
    if found.after:
        out.note(f"more: --after {found.after}")
    return OK


def calls(
    use_case: Annotated[str, typer.Argument(help="The use case.")],
    case: Annotated[str, typer.Argument(help="The external key of the case.")],
    *,
    after: Annotated[str, typer.Option(help="Where the page before ended.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """What the models of a case were asked, and what each call cost."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.modelcalls.standing import calls_of_case

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _place):
        found = calls_of_case(deployment, principal, use_case, case, after=after)
    if as_json:
        out.data({"calls": [_plain(one) for one in found.rows], "after": found.after})
        return OK
    out.table(
        ["at", "asked", "model", "ended", "read", "cached", "written", "cost"],
        [
            (
                f"{one.at:%Y-%m-%d %H:%M:%S}",
                one.step or (f"task:{one.task}" if one.task else one.wire),
                one.model,
                f"{one.ending}{' (reckoned)' if one.estimated else ''}",
                one.tokens.read,
                one.tokens.cached,
                one.tokens.written,
                str(Cost(one.cost)),
            )
            for one in found.rows
        ],
        empty="no model was called for this case",
    )
    if found.rows and not after and not found.after:
        out.say(f"  together {Cost(sum(one.cost for one in found.rows))}")
    if found.after:
        out.note(f"more: --after {found.after}")
    return OK


def _plain(call: Call) -> dict[str, object]:
    tokens = call.tokens
    return {
        **call._asdict(),
        "at": call.at.isoformat(),
        "tokens": {
            "read": tokens.read,
            "cached": tokens.cached,
            "stored": tokens.stored,
            "written": tokens.written,
            "reasoning": tokens.reasoning,
        },
        "reserved": str(Cost(call.reserved)),
        "cost": str(Cost(call.cost)),
    }
