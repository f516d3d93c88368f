"""A model that could answer, what a request needs, and how good a model was seen to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from roadworthy.usage import Price

NOTICE_DAYS = 90
"""So many days before a model is retired another one is to be found."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model of a charter. ``name`` is the charter's, ``model`` what its server calls it.

    ``context``: tokens that it reads and writes in one call; ``most_written``: of these, written ones;
    0 where nobody says. ``able``: ``chat``, ``tools``, ``json_schema``, ``images``, ``embeddings``,
    ``streaming``. ``price`` is None where nobody knows it; then ``bound`` says how many nano-units a call
    costs at most, and without one it is not admitted. ``retires`` is the last day on which it is served.
    """

    name: str
    model: str
    region: str
    able: frozenset[str]
    price: Price | None
    bound: int | None = None
    context: int = 0
    most_written: int = 0
    retires: date | None = None

    def most(self, read: int, written: int) -> int | None:
        """Nano-units that such a call costs at most; None where nobody can say."""
        return self.price.most(read, written) if self.price is not None else self.bound


@dataclass(frozen=True, slots=True)
class Need:
    """What one request takes: abilities, tokens read and written at most, and where data may be (`any`).

    ``surely``: tokens that are read in any case, where ``read`` is a wide bound; a model is left out for its
    context by that alone. None: as many as ``read``.
    """

    able: frozenset[str]
    read: int
    written: int
    region: str = "any"
    surely: int | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a model was seen to be at a task: the share that was right, the lower end of its interval,
    and on how many tests."""

    value: float
    low: float
    n: int


def retiring(retires: date | None, today: date) -> int | None:
    """Days until a model is no longer served: 0 on its last day, negative afterwards, None for no known day."""
    return None if retires is None else (retires - today).days
