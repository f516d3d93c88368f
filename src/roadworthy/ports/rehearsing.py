"""What a drill needs of the outside: worker processes to be hard on, and a witness of what they really did."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing that a process began to do, written down before it did it.

    ``word``: ``step`` (a model, a read tool or a knowledge source is asked), ``sent`` (an effect is handed to its
    receiver) or ``felt`` (the receiver takes it). ``about`` is the case and run of a step (``id/1``), else the
    key of the effect. ``what`` names model or tool, ``digest`` what it was asked. ``at``: seconds since 1970.

    Where parts may go away, also ``tried``, and then ``answered`` or ``missed``: ``what`` is the part, ``digest``
    the step that asks it.
    """

    word: str
    at: float
    process: int
    about: str
    what: str
    digest: str


class Witness(Protocol):
    """Kept apart from the database: what a drill counts must not rest on what it tests."""

    def note(self, word: str, *, about: str, what: str, digest: str = "") -> None:
        """Write down a sighting. It stays when the process is killed in the next moment."""

    def first(self, key: str) -> bool:
        """True the first time that anybody names this key, in whatever process."""

    def sightings(self) -> tuple[Sighting, ...]:
        """Everything so far, of all processes, in the order of time."""


@dataclass(frozen=True, slots=True)
class Used:
    """What a worker took, from its start to its orderly end."""

    cpu_s: float
    peak_mb: float


class WorkerProcess(Protocol):
    """A worker in a process of its own."""

    @property
    def name(self) -> str:
        """As it acknowledges stops."""

    @property
    def pid(self) -> int: ...

    def kill(self) -> None:
        """At once and without a word, with SIGKILL. Returns when it is dead."""

    def end(self) -> Used | None:
        """In good order. None if it had to be killed, or was dead already."""


class Crew(Protocol):
    """The workers of a mirrored environment."""

    def start(self) -> WorkerProcess:
        """One more; returns when it takes jobs. Errors: ``Unavailable`` RW-DRILL-003 if it does not."""


class Gone(StrEnum):
    """In which way something outside is away."""

    REFUSING = "refuses connections"
    FAILING = "answers with status 500"
    SILENT = "does not answer"


class Outages(Protocol):
    """Parts of a mirrored environment that can go away: ``model:NAME`` and ``tool:NAME``."""

    def how(self, part: str) -> Gone | None:
        """In which way it is away now, whichever process said so; None: it is there."""

    def begin(self, parts: Collection[str], how: Gone) -> None:
        """These parts are away from now on, and no others."""

    def end(self) -> None:
        """All of them are back."""


class AlertStandIn(Protocol):
    """Stands where a receiver of alerts would, on this machine."""

    @property
    def name(self) -> str:
        """The receiver's own name."""

    @property
    def kind(self) -> str: ...

    def away(self, how: Gone | None) -> None:
        """In which way it is away from now on; None: it takes what it is told."""

    def taken(self) -> tuple[tuple[float, str, str], ...]:
        """What it took: when (seconds since 1970), the state told, and by which id it knows repeats."""
