"""Waivers: asked for by one person, granted by a second one, withdrawn by any who may."""

from __future__ import annotations

from typing import Annotated

import typer

from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import Output

Requirement = Annotated[str, typer.Argument(help="The requirement, such as `knowledge.stale`.")]
Subject = Annotated[
    str, typer.Argument(help="Of what, such as the name of a source; none: of the use case.")
]
Reason = Annotated[str, typer.Option(help="Why, in a few words.")]
Asked = Annotated[str, typer.Argument(help="The request's id.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    waiver = typer.Typer(help="Exceptions from requirements of the gate.", no_args_is_help=True)
    waiver.command("list")(list_)
    waiver.command("ask")(ask)
    waiver.command("grant")(grant)
    waiver.command("decline")(decline)
    waiver.command("withdraw")(withdraw)
    app.add_typer(waiver, name="waiver")


def list_(use_case: UseCase, *, as_json: Json = False, home: Home = None) -> None:
    """What is asked for, what is in force and until when, and what has ended."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.waivers import asked_waivers
    from roadworthy.principal import require

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        require(principal, "gate.read", use_case=use_case)
        now = deployment.now()
        with deployment.store.read() as tx:
            asked = asked_waivers(deployment, tx, use_case)
            granted = deployment.store.evidence.waivers(tx, use_case)
    rows = [
        {
            "state": "asked", "id": one.id, "requirement": one.requirement, "subject": one.subject, "by": one.asked_by,
            "until": "", "reason": one.reason,
        }
        for one in asked
    ] + [
        {
            "state": "in force" if one.holds(now) else "ended", "id": "", "requirement": one.requirement,
            "subject": one.subject, "by": f"{one.asked_by}, {one.granted_by}",
            "until": one.expires_at.isoformat(timespec="seconds"), "reason": one.reason,
        }
        for one in granted
    ]  # fmt: skip
    if as_json:
        out.data({"use_case": use_case, "waivers": rows})
        return
    titles = ["state", "id", "requirement", "subject", "by", "until", "reason"]
    out.table(
        titles, [tuple(row[title] for title in titles) for row in rows], empty="no waiver was asked for"
    )


def ask(
    use_case: UseCase,
    requirement: Requirement,
    subject: Subject = "",
    *,
    reason: Reason,
    days: Annotated[
        int, typer.Option(help="So long it would hold, from the moment it is granted: 1 to 90.")
    ],
    home: Home = None,
) -> None:
    """Ask for an exception. It changes no verdict until a second person grants it."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.waivers import ask_waiver

    with opened(home) as (deployment, principal, _):
        asked = ask_waiver(deployment, principal, use_case, requirement, subject, reason=reason, days=days)
    Output(as_json=False).say(
        f"asked for; a second person grants it: roadworthy waiver grant {use_case} {asked.id}"
    )


def grant(use_case: UseCase, asked: Asked, *, home: Home = None) -> None:
    """Grant what somebody else asked for."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.waivers import grant_asked

    with opened(home) as (deployment, principal, _):
        waiver = grant_asked(deployment, principal, use_case, asked)
    until = f"{waiver.expires_at:%Y-%m-%d %H:%M} UTC"
    Output(as_json=False).say(f"{waiver.requirement} {waiver.subject} is waived until {until}", "green")


def decline(use_case: UseCase, asked: Asked, *, reason: Reason = "", home: Home = None) -> None:
    """Say no to a request, or take one's own back."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.waivers import decline_asked

    with opened(home) as (deployment, principal, _):
        found = decline_asked(deployment, principal, use_case, asked, reason=reason)
    Output(as_json=False).say(f"the request about {found.requirement} is closed")


def withdraw(
    use_case: UseCase,
    requirement: Requirement,
    subject: Subject = "",
    *,
    reason: Reason,
    home: Home = None,
) -> None:
    """End a waiver before its day: the gate asks for the requirement again. One person is enough."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.waivers import withdraw_waiver

    with opened(home) as (deployment, principal, _):
        withdraw_waiver(deployment, principal, use_case, requirement, subject, reason=reason)
    Output(as_json=False).say(f"{requirement} {subject} is waived no more".replace("  ", " "), "green")
