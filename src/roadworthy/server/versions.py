"""Versions of single things: ``ETag`` on what is shown, ``If-None-Match`` and ``If-Match`` on what is asked.

A tag is ``"version.content"``: the version that the thing is stored with, and a digest of what was shown, which also
depends on who looks and on what lies around the thing. Whether somebody has the newest is told by all of it, whether a
change was made for what is there now by the version alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from roadworthy.errors import Conflict, InputProblem, Problem
from roadworthy.ports import Store, Transaction
from roadworthy.server.asking import Ask

Version = Callable[[Ask, Transaction], str]


def tag(version: str, text: str) -> str:
    """The ``ETag`` of a thing in this version that was shown as this text."""
    return f'"{version}.{hashlib.sha256(text.encode()).hexdigest()[:16]}"'


def known(header: str, etag: str) -> bool:
    """Does ``If-None-Match`` name this tag, weak or strong? ``*`` names every one."""
    return any(one.removeprefix("W/") in {"*", etag} for one in _tags(header))


def made_for(ask: Ask, header: str, version: Version | None) -> Ask:
    """The question, bound to a version: its change is made only if the thing is still the one that was seen.

    It is looked at here, and again within the first transaction that writes. Errors: ``InputProblem`` RW-SERVER-020
    where the operation knows no versions; ``Conflict`` RW-SERVER-019 for another version.
    """
    if version is None:
        raise InputProblem(
            "RW-SERVER-020",
            Problem("this operation knows no versions", place="If-Match"),
            hint="leave `If-Match` out",
        )
    wanted = {
        one if one == "*" else one.strip('"').rpartition(".")[0]
        for one in _tags(header)
        if not one.startswith("W/")
    }

    def check(tx: Transaction) -> None:
        if not wanted & {"*", version(ask, tx)}:
            raise Conflict(
                "RW-SERVER-019",
                Problem("it changed since it was shown", place="If-Match"),
                hint="look at it again, then decide",
            )

    with ask.deployment.store.read() as tx:
        check(tx)
    store = cast(Store, _Checked(ask.deployment.store, check))
    return replace(ask, deployment=replace(ask.deployment, store=store))


def _tags(header: str) -> list[str]:
    return [part for one in header[:2_000].split(",") if (part := one.strip())]


class _Checked:
    """A store whose first write looks at something before anything else happens in its transaction."""

    def __init__(self, store: Store, check: Callable[[Transaction], None]) -> None:
        self._store = store
        self._check: Callable[[Transaction], None] | None = check

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._store.write() as tx:
            check, self._check = self._check, None
            if check is not None:
                check(tx)
            yield tx

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)
