"""What the operator says of ways in and out: read from ``connectors.yaml`` in the workspace.

::

    roots: {exchange: /srv/exchange}            # folders that charters may name as `root`
    mail: {listen: "127.0.0.1:2525", protocol: lmtp}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from roadworthy.errors import InputProblem, Problem
from roadworthy.wiring.place import Workspace

FILE: Final = "connectors.yaml"
_MOST_BYTES: Final = 100_000
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_LISTEN = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253}):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class MailListening:
    """Where the mail door listens, and which protocol is spoken there."""

    host: str
    port: int
    lmtp: bool


@dataclass(frozen=True, slots=True)
class Operators:
    """Folders by name, and the mail door; nothing of both without the file."""

    roots: Mapping[str, Path] = field(default_factory=dict)
    mail: MailListening | None = None

    def root(self, name: str, *, otherwise: Path, place: str) -> Path:
        """The folder that a charter means. Errors: ``InputProblem`` RW-FILE-020 for a name that is not known."""
        if not name:
            return otherwise
        if name not in self.roots:
            known = ", ".join(sorted(self.roots)) or "none yet"
            raise InputProblem(
                "RW-FILE-020",
                Problem(
                    f"the operator names no folder `{name}`",
                    place=place,
                    hint=f"`roots` in {FILE}: {known}",
                ),
            )
        return self.roots[name]


def operators(place: Workspace) -> Operators:
    """Read the file. Errors: ``InputProblem`` RW-FILE-021 with all that is wrong in it."""
    file = place.home / FILE
    try:
        raw = file.read_bytes()[: _MOST_BYTES + 1] if file.exists() else b""
        told = yaml.safe_load(raw) if len(raw) <= _MOST_BYTES else None
    except OSError as problem:
        raise _wrong([Problem(f"cannot be read: {problem.strerror}", place=FILE)]) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise _wrong([Problem("expected YAML", place=FILE)]) from None
    if not raw:
        return Operators()
    if not isinstance(told, dict) or set(told) - {"roots", "mail"}:
        raise _wrong([Problem("expected `roots` and `mail`", place=FILE)])
    problems: list[Problem] = []
    roots = dict(_roots(told.get("roots"), problems))
    mail = _mail(told.get("mail"), problems)
    if problems:
        raise _wrong(problems)
    return Operators(roots, mail)


def _roots(told: Any, problems: list[Problem]) -> Iterator[tuple[str, Path]]:
    if not isinstance(told, dict):
        if told is not None:
            problems.append(Problem("expected names and folders", place=f"{FILE}: roots"))
        return
    for name, folder in told.items():
        where = f"{FILE}: roots.{str(name)[:40]}"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            problems.append(Problem("expected a name of small letters, digits, `-` and `_`", place=where))
        elif not isinstance(folder, str) or not Path(folder).is_absolute():
            problems.append(
                Problem("expected a folder from the root on, such as `/srv/exchange`", place=where)
            )
        else:
            yield name, Path(folder)


def _mail(told: Any, problems: list[Problem]) -> MailListening | None:
    if told is None:
        return None
    listen = told.get("listen") if isinstance(told, dict) else None
    found = _LISTEN.fullmatch(listen) if isinstance(listen, str) else None
    protocol = told.get("protocol", "lmtp") if isinstance(told, dict) else None
    if found is None or int(found["port"]) > 65_535:
        problems.append(
            Problem("expected an address such as `127.0.0.1:2525`", place=f"{FILE}: mail.listen")
        )
    if protocol not in {"lmtp", "smtp"} or set(told) - {"listen", "protocol"}:
        problems.append(Problem("expected `listen`, and `protocol`: lmtp or smtp", place=f"{FILE}: mail"))
    if found is None or problems:
        return None
    return MailListening(found["host"].strip("[]"), int(found["port"]), protocol == "lmtp")


def _wrong(problems: list[Problem]) -> InputProblem:
    return InputProblem("RW-FILE-021", problems)
