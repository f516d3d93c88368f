"""Kinds of tools that send mail, send webhooks and lay down files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Connector
from roadworthy.ports.address import is_near
from roadworthy.ports.tooling import Http
from roadworthy.wiring.operators import operators
from roadworthy.wiring.place import Workspace
from roadworthy.wiring.reaching import addresses_of

if TYPE_CHECKING:
    from roadworthy.wiring.tools import Making


def mail_tool(making: Making) -> Connector:
    """``use: mail.send``. Errors: ``InputProblem`` RW-TOOL-001."""
    from roadworthy.adapters.smtp import build

    tool = making.tool
    reach = partial(addresses_of, hosts=tool.hosts)
    asks = _asks(making) if "imap" in tool.options else None
    _require_named(making, tool.options.get("host"), tool.options.get("port"))
    return build(making.name, tool, reach=reach, secret=making.secret, now=_now, asks=asks)


def webhook_tool(making: Making, http: Http) -> Connector:
    """``use: webhook.send``. Errors: ``InputProblem`` RW-TOOL-001."""
    from roadworthy.adapters.webhooks import build

    return build(making.name, making.tool, http=http, secret=making.secret, now=_now)


def file_tool(making: Making, place: Workspace) -> Connector:
    """``use: file.drop``. Errors: ``InputProblem`` RW-TOOL-001, RW-FILE-020, RW-FILE-021."""
    from roadworthy.adapters.drops import build

    where = f"tools.{making.name}.options.root"
    named = making.tool.options.get("root", "")
    if not isinstance(named, str):
        raise InputProblem("RW-TOOL-001", Problem("expected the name of a folder", where))
    root = operators(place).root(named, otherwise=making.data, place=where)
    return build(making.name, making.tool, root)


def _now() -> datetime:
    return datetime.now(UTC)


def _require_named(making: Making, host: Any, port: Any) -> None:
    named = {one.strip().lower() for one in making.tool.hosts}
    if isinstance(host, str) and not {host.lower(), f"{host.lower()}:{port}"} & named:
        raise InputProblem(
            "RW-TOOL-001",
            Problem(f"`{host[:253]}` is not among those that `hosts` names", f"tools.{making.name}.hosts"),
        )


def _asks(making: Making) -> Callable[[str], bool]:
    """Whether the folder of sent mail holds a Message-ID. Errors: ``InputProblem`` RW-TOOL-001 for the declaration."""
    from roadworthy.adapters.imap import Account, open_mailbox

    tool, place = making.tool, f"tools.{making.name}.options.imap"
    told = tool.options["imap"]
    fits = (
        isinstance(told, dict)
        and set(told) <= {"host", "port", "tls", "sent"}
        and isinstance(told.get("host"), str)
        and isinstance(told.get("sent"), str)
        and isinstance(told.get("port", 993), int)
        and told.get("tls", "implicit") in {"implicit", "starttls", "none"}
        and making.secret is not None
    )
    if not fits or (told.get("tls") == "none" and not is_near(str(told["host"]))):
        hint = "and a `credential` of the form `user:password`"
        raise InputProblem(
            "RW-TOOL-001", Problem("expected `host`, `sent`, `port` and `tls`", place, hint=hint)
        )
    _require_named(making, told["host"], told.get("port", 993))
    account = Account(
        told["host"],
        told.get("port", 993),
        told.get("tls", "implicit"),
        partial(login_of, making.secret.value if making.secret is not None else str),
        partial(addresses_of, hosts=tool.hosts),
    )

    def holds(message_id: str) -> bool:
        with open_mailbox(account, told["sent"], readonly=True) as mailbox:
            return mailbox.holds(message_id)

    return holds


def login_of(read: Callable[[], str]) -> tuple[str, str]:
    """User and password of a credential ``user:password``."""
    user, _, password = read().partition(":")
    return user, password
