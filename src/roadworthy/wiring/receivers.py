"""Who is told of alerts, and whether people are written to about reviews: read from ``alerts.yaml`` in the workspace, with secrets by the names of variables.

::

    receivers:
      - {name: ops, kind: webhook, url: "https://ops.example/hook", secret: "${OPS_SECRET}"}
      - {name: oncall, kind: alertmanager, url: "http://127.0.0.1:9093"}
      - {name: mail, kind: smtp, url: "smtps://mailer:${MAIL_PASSWORD}@mail.example:465",
         from: roadworthy@example.com, to: [oncall@example.com]}
    reviews: {by: mail, every: 4h, address: "https://roadworthy.example"}

``reviews`` is left out where nobody is written to about reviews; ``by`` names the ``smtp`` receiver whose server
takes those mails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import yaml

from roadworthy.charter import seconds
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports.address import is_near
from roadworthy.ports.inbox import Mailer
from roadworthy.ports.posting import Post
from roadworthy.ports.watching import Channel
from roadworthy.webhooks import secret_of
from roadworthy.wiring.place import Workspace, resolved

FILE: Final = "alerts.yaml"
MOST_BYTES: Final = 100_000
_KINDS: Final = {
    "webhook": {"url", "secret"},
    "alertmanager": {"url"},
    "smtp": {"url", "from", "to"},
}
_EVERY = re.compile(r"[1-9][0-9]{0,3}[mhd]")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_MAIL = {"smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("implicit", 465)}


@dataclass(frozen=True, slots=True)
class ReviewMail:
    """How people are written to about reviews that wait for them."""

    mailer: Mailer
    every: timedelta
    address: str


def receivers(place: Workspace) -> tuple[Channel, ...]:
    """The receivers of this installation; none without the file.

    Errors: ``InputProblem`` RW-ALERT-002 with all that is wrong in it, never a secret.
    """
    return _configured(place)[0]


def review_mail(place: Workspace) -> ReviewMail | None:
    """Whether and how people are written to about reviews; None where the file does not say so.

    Errors: as ``receivers``.
    """
    return _configured(place)[1]


def _configured(place: Workspace) -> tuple[tuple[Channel, ...], ReviewMail | None]:
    file = place.home / FILE
    try:
        if not file.exists():
            return (), None
        raw = file.read_bytes()[: MOST_BYTES + 1]
    except OSError as problem:
        raise InputProblem(
            "RW-ALERT-002", Problem(f"cannot be read: {problem.strerror}", place=str(file))
        ) from None
    return _parsed(raw, file)


def _parsed(raw: bytes, file: Path) -> tuple[tuple[Channel, ...], ReviewMail | None]:
    try:
        told = yaml.safe_load(raw) if len(raw) <= MOST_BYTES else None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        told = None
    known = isinstance(told, dict) and {"receivers"} <= set(told) <= {"receivers", "reviews"}
    entries = told["receivers"] if isinstance(told, dict) and known else None
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise InputProblem(
            "RW-ALERT-002",
            Problem(
                "expected a list of receivers under `receivers`, and at most `reviews` beside it",
                place=str(file),
            ),
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
    about_reviews = None
    try:
        about_reviews = _review_mail(told["reviews"], made) if told and "reviews" in told else None
    except ValueError as fault:
        problems.append(Problem(str(fault), place=f"{file.name}: reviews"))
    if problems:
        raise InputProblem("RW-ALERT-002", problems)
    return tuple(made.values()), about_reviews


def _review_mail(entry: object, made: Mapping[str, Channel]) -> ReviewMail:
    """Errors: ``ValueError`` with a sentence."""
    from roadworthy.adapters.smtp import Mail

    if not isinstance(entry, dict) or set(entry) != {"by", "every", "address"}:
        raise ValueError("expected exactly address, by, every")
    mailer = made.get(str(entry["by"]))
    if not isinstance(mailer, Mail):
        raise ValueError("expected the name of an `smtp` receiver as `by`")
    every, address = str(entry["every"]), entry["address"]
    if not _EVERY.fullmatch(every):
        raise ValueError("expected how often at most as `every`, such as `4h` or `1d`")
    if not isinstance(address, str):
        raise ValueError("expected where browsers reach this installation as `address`")
    parts = urlsplit(_checked(address))
    if parts.query or parts.fragment or parts.username:
        raise ValueError("expected an address such as `https://roadworthy.example`")
    return ReviewMail(mailer, timedelta(seconds=seconds(every)), address)


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
