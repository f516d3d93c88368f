"""What an operation of the API is: one row of the table that routes, document and client are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from roadworthy.ports import Transaction
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import Body

PREFIX: Final = "/api/v1"
PAGED: Final[Mapping[str, str]] = {
    "after": "cursor: `after` of the page before",
    "limit": "rows, 1 to 200 (default 50)",
}
ONE_USE_CASE: Final[Mapping[str, str]] = {"use_case": "only this one"}


class Shape(BaseModel):
    """A part of an answer, as the document describes it. A later release may add fields, and takes none away."""

    model_config = ConfigDict(frozen=True)


class Nothing(Body):
    """Nothing needs to be said."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation answers: status and JSON object.

    ``kept`` is what a repeated request gets instead, where the answer holds a secret that is shown once.
    """

    status: int
    content: Mapping[str, Any]
    kept: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a machine may ask for.

    ``query`` names its parameters, each with what it means. ``answer`` describes what comes back.
    ``version`` reads the version of the one thing that the path names: answers then carry an ``ETag``, and a change
    may name the one it was made for in ``If-Match``. ``urgent``: it is done even where the key of a repeated
    request cannot be noted, because doing it twice is better than not at all.
    """

    method: str
    path: str
    name: str
    summary: str
    act: Callable[[Ask, Any], Reply]
    body: type[Body] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    statuses: tuple[int, ...] = (200,)
    answer: type[Shape] = Shape
    version: Callable[[Ask, Transaction], str] | None = None
    urgent: bool = False

    @property
    def is_list(self) -> bool:
        """Is it answered page by page?"""
        return {"after", "limit"} <= set(self.query)


def showing(view: Callable[[Ask], Mapping[str, Any]]) -> Callable[[Ask, None], Reply]:
    """An operation that answers with what a view shows."""
    return lambda ask, _body: Reply(200, view(ask))


def doing(act: Callable[[Ask, Any], Mapping[str, Any]]) -> Callable[[Ask, Any], Reply]:
    """An operation that changes something and answers with what it changed."""
    return lambda ask, body: Reply(200, act(ask, body))
