"""Who is told of alerts: read from ``alerts.yaml`` in the workspace, with secrets by the names of variables.

::

    receivers:
      - {name: ops, kind: webhook, url: "https://ops.example/hook", secret: "${OPS_SECRET}"}
      - {name: oncall, kind: alertmanager, url: "http://127.0.0.1:9093"}
      - {name: mail, kind: smtp, url: "smtps://mailer:${MAIL_PASSWORD}@mail.example:465",
         from: roadworthy@example.com, to: [oncall@example.com]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import yaml

from roadworthy.alerting.messages import secret_of
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports.address import is_near
from roadworthy.ports.posting import Post
from roadworthy.ports.watching import Channel
from roadworthy.wiring.place import Workspace, resolved

FILE: Final = "alerts.yaml"
MOST_BYTES: Final = 100_000
_KINDS: Final = {
    "webhook": {"url", "secret"},
    "alertmanager": {"url"},
    "smtp": {"url", "from", "to"},
}
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_MAIL = {"smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("implicit", 465)}


def receivers(place: Workspace) -> tuple[Channel, ...]:
    """The receivers of this installation; none without the file.

    Errors: ``InputProblem`` RW-ALERT-002 with all that is wrong in it, never a secret.
    """
    file = place.home / FILE
    try:
        if not file.exists():
            return ()
        raw = file.read_bytes()[: MOST_BYTES + 1]
    except OSError as problem:
        raise InputProblem(
            "RW-ALERT-002", Problem(f"cannot be read: {problem.strerror}", place=str(file))
        ) from None
    return _parsed(raw, file)


def _parsed(raw: bytes, file: Path) -> tuple[Channel, ...]:
    try:
        told = yaml.safe_load(raw) if len(raw) <= MOST_BYTES else None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        told = None
    entries = told.get("receivers") if isinstance(told, dict) and set(told) == {"receivers"} else None
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise InputProblem(
            "RW-ALERT-002", Problem("expected a list of receivers under `receivers`", place=str(file))
        )
    from roadworthy.adapters.posting import HttpPost

    post = HttpPost()
    problems: list[Problem] = []
    made: dict[str, Channel] = {}
    for number, entry in enumerate(entries):
        where = f"{file.name}: receivers[{number}]"
        try:
            channel = _channel(entry, post)
        except ValueError as fault:
            problems.append(Problem(str(fault), place=where))
            continue
        except InputProblem as fault:
            problems += [
                Problem(one.message, place=f"{where} {one.place}".rstrip()) for one in fault.problems
            ]
            continue
        if channel.name in made:
            problems.append(Problem(f"a second receiver is called `{channel.name}`", place=where))
        made[channel.name] = channel
    if problems:
        raise InputProblem("RW-ALERT-002", problems)
    return tuple(made.values())


def _channel(entry: Mapping[Any, Any], post: Post) -> Channel:
    """Errors: ``ValueError`` with a sentence, ``InputProblem`` for a variable that is not set."""
    kind, name = entry.get("kind"), entry.get("name")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"expected a kind: {', '.join(sorted(_KINDS))}")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError("expected a name of lower-case letters, digits, `-` and `_`")
    needed = _KINDS[kind] | {"name", "kind"}
    if set(entry) != needed:
        raise ValueError(f"expected exactly {', '.join(sorted(needed))}")
    if not isinstance(entry["url"], str):
        raise ValueError("expected an address as `url`")
    if kind == "smtp":
        return _mail(name, entry)
    url = _checked(resolved(entry["url"]))
    if kind == "alertmanager":
        from roadworthy.adapters.alertmanager import Alertmanager

        return Alertmanager(name, post, url, headers={})
    from roadworthy.adapters.webhooks import Webhook

    secret = entry["secret"]
    if not isinstance(secret, str) or not secret.startswith("${"):
        raise ValueError("expected the secret by the name of a variable: `${NAME}`")
    return Webhook(name, post, url, secret=secret_of(resolved(secret)))


def _mail(name: str, entry: Mapping[Any, Any]) -> Channel:
    from roadworthy.adapters.smtp import Mail, MailServer

    sender, to = entry["from"], entry["to"]
    addresses = [sender, *to] if isinstance(to, list) and to else []
    if not addresses or not all(_is_address(one) for one in addresses):
        raise ValueError("expected mail addresses as `from` and as a list `to`")
    parts = urlsplit(resolved(entry["url"]))
    if parts.scheme not in _MAIL or not parts.hostname:
        raise ValueError("expected an address such as `smtps://user:${PASSWORD}@host:465`")
    tls, port = _MAIL[parts.scheme]
    if tls == "none" and (parts.username or not _here(parts.hostname)):
        raise ValueError("mail would travel unencrypted: expected `smtps://` or `smtp+starttls://`")
    server = MailServer(
        parts.hostname,
        parts.port or port,
        tls,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )
    return Mail(name, server, sender=sender, to=to)


def _checked(url: str) -> str:
    """Encrypted, or on this machine or network."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("expected an address such as `https://host/path`")
    if parts.scheme == "http" and not _here(parts.hostname):
        raise ValueError("it would travel unencrypted: expected `https://`")
    return url


def _here(host: str) -> bool:
    return host == "localhost" or is_near(host)


def _is_address(text: object) -> bool:
    if not isinstance(text, str) or not text.isprintable() or any(char in text for char in " ,<>"):
        return False
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain)
