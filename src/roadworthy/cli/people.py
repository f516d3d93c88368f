"""Accounts: who there is, what they are trusted with, and where they get their mail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import Output

if TYPE_CHECKING:
    from roadworthy.principal import Principal

Name = Annotated[str, typer.Argument(help="The account's id.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    user = typer.Typer(help="Accounts of people and programs.", no_args_is_help=True)
    user.command("list")(list_users)
    user.command("add")(add)
    user.command("email")(email)
    user.command("roles")(roles)
    user.command("disable")(disable)
    user.command("enable")(enable)
    app.add_typer(user, name="user")


def list_users(*, as_json: Json = False, home: Home = None) -> None:
    """Who there is. Whether somebody has an address is told, not which."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.keys import who_is_here

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        people = who_is_here(deployment, principal)
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "kind": one.kind.value,
            "roles": sorted(one.roles),
            "mail": has_address,
            "disabled": one.disabled,
        }
        for one, has_address in people
    ]
    if as_json:
        out.data({"users": rows})
        return
    out.table(
        ["id", "name", "kind", "roles", "mail", "state"],
        [_shown(one, mail=has_address) for one, has_address in people],
        empty="nobody is here yet",
    )


def _shown(one: Principal, *, mail: bool) -> tuple[str, ...]:
    roles = ", ".join(sorted(one.roles))
    return (
        one.id,
        one.name,
        one.kind.value,
        roles,
        "yes" if mail else "-",
        "disabled" if one.disabled else "enabled",
    )


def add(
    name: Name,
    *,
    role: Annotated[
        list[str] | None, typer.Option("--role", help="What they are trusted with; again for more.")
    ] = None,
    shown: Annotated[str, typer.Option("--name", help="The name that pages show; default: the id.")] = "",
    kind: Annotated[str, typer.Option(help="person, service or agent.")] = "person",
    address: Annotated[
        str, typer.Option("--email", help="Where mail about waiting reviews goes; default: nowhere.")
    ] = "",
    home: Home = None,
) -> None:
    """Create an account without a password; `roadworthy login --link` lets somebody in."""
    from roadworthy.cli.session import opened
    from roadworthy.errors import InputProblem, Problem
    from roadworthy.operate.keys import new_account
    from roadworthy.principal import Kind, Principal, parse_roles

    if kind not in set(Kind):
        raise InputProblem(
            "RW-ACCESS-010",
            Problem(f"`{kind[:40]}` is no kind", place="--kind", hint=f"kinds are {', '.join(Kind)}"),
        )
    account = Principal(name, shown or name, Kind(kind), parse_roles(role or []))
    with opened(home) as (deployment, principal, _):
        new_account(deployment, principal, account, email=address)
    Output(as_json=False).say(f"{name} is here: {', '.join(sorted(account.roles)) or 'no role'}", "green")


def email(
    name: Name,
    address: Annotated[str, typer.Argument(help="The address; left out: none any more.")] = "",
    *,
    home: Home = None,
) -> None:
    """Say where somebody gets mail about reviews that wait for them, or that they get none."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.access import set_email

    with opened(home) as (deployment, principal, _):
        set_email(deployment, principal, name, address)
    Output(as_json=False).say(f"{name} {'gets mail' if address else 'gets no mail'}", "green")


def roles(
    name: Name,
    *,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", help="A role they have from now on; again for more. None named: none left."),
    ] = None,
    home: Home = None,
) -> None:
    """Say with which roles somebody is trusted from now on, in place of those they have. Nobody gives one to themselves."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.keys import set_roles
    from roadworthy.principal import parse_roles

    with opened(home) as (deployment, principal, _):
        changed = set_roles(deployment, principal, name, parse_roles(role or []))
    Output(as_json=False).say(f"{name} has {', '.join(sorted(changed.roles)) or 'no role'}", "green")


def disable(name: Name, *, home: Home = None) -> None:
    """Disable an account: no key, link or session of it is recognised any more. What it did stays as it is."""
    _disabled(name, home, disabled=True)


def enable(name: Name, *, home: Home = None) -> None:
    """Enable a disabled account. Keys and sessions of it that have not expired work again."""
    _disabled(name, home, disabled=False)


def _disabled(name: str, home: Path | None, *, disabled: bool) -> None:
    from roadworthy.cli.session import opened
    from roadworthy.operate.keys import set_disabled

    with opened(home) as (deployment, principal, _):
        set_disabled(deployment, principal, name, disabled=disabled)
    Output(as_json=False).say(f"{name} is {'disabled' if disabled else 'enabled'}", "green")
