"""What tools are made of: connections to the outside, secrets, definitions, and what is known of their contracts."""

from __future__ import annotations

import base64
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar, runtime_checkable

from roadworthy.casework.toolstate import Hold, Look, ToolState
from roadworthy.quantities import Digest, digest_of

if TYPE_CHECKING:
    from roadworthy.ports.state import Transaction

T = TypeVar("T")
HIDDEN: Final = "•••"
LONGEST_SHOWN: Final = 300
_SHORTEST: Final = 4
_DEEPEST: Final = 80


Check = Callable[[object], tuple[str, ...]]
"""What is wrong with a value, in sentences that repeat nothing of it; empty where nothing is."""


class BrokenAnswer(Exception):
    """A tool is not what was promised. ``sent``: a write had left when that was found out.

    Not of the tree in ``errors``: whoever holds connectors to their contracts gives it its kind and notes it.
    """

    def __init__(self, reason: str, *, hold: Hold = Hold.BROKEN, sent: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hold = hold
        self.sent = sent


class Barred(Exception):
    """A host or an address that may not be reached, in words. Whoever made the connection gives it its kind."""


class HttpAnswer(NamedTuple):
    """Status, headers with names in small letters, and the body as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """Requests to the outside: to named hosts alone, no redirect followed, bounded in time and size."""

    def __call__(
        self,
        method: str,
        url: str,
        *,
        hosts: Sequence[str],
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_s: float,
        most_bytes: int,
    ) -> HttpAnswer:
        """Ask once. Errors: ``Refused`` RW-TOOL-006 for a host or an address that may not be reached,
        ``Unavailable`` RW-TOOL-004 (safe to retry where nothing was sent), ``BrokenAnswer`` for a body that is
        too long or packed."""


class Background(Protocol):
    """Runs coroutines for callers that are none: the adapters' one other colour."""

    def run(self, work: Coroutine[Any, Any, T], *, within_s: float) -> T:
        """Wait for a result. Errors: its own, ``TimeoutError`` after ``within_s``; the work is cancelled then."""


class Secret:
    """A secret by reference: read when it is needed, and taken out of whatever comes back.

    Remembers the values it gave out, so that an answer to a call before a rotation shows neither.
    """

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._given: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Secret(•••)"

    def value(self) -> str:
        """Errors: ``InputProblem`` RW-TOOL-007 where it is not there."""
        value = self._read()
        if value not in self._given:
            self._given = (*self._given[-3:], value)
        return value

    def hide(self, value: Any) -> Any:
        """The value with every secret in its texts, keys included, replaced; plain or in base64."""
        forms = [
            form
            for given in self._given
            for form in (given, *given.split(":", 1)[1:], base64.b64encode(given.encode()).decode())
            if len(form) >= _SHORTEST
        ]
        return _hidden(value, sorted(forms, key=len, reverse=True), _DEEPEST) if forms else value


def _hidden(value: Any, forms: Sequence[str], depth: int) -> Any:
    if isinstance(value, str):
        for form in forms:
            value = value.replace(form, HIDDEN)
        return value
    if depth and isinstance(value, Mapping):
        return {_hidden(key, forms, 0): _hidden(one, forms, depth - 1) for key, one in value.items()}
    if depth and isinstance(value, list | tuple):
        return [_hidden(one, forms, depth - 1) for one in value]
    return value


NO_SECRET: Final = Secret(lambda: "")


def shown(text: object, secret: Secret = NO_SECRET) -> str:
    """What a stranger's program said, fit for a problem: one short line without the secret."""
    line = " ".join(str(secret.hide(str(text))).split())
    line = "".join(character if character.isprintable() else "?" for character in line).replace("`", "'")
    return f"{line[:LONGEST_SHOWN]}…" if len(line) > LONGEST_SHOWN else line


def as_mapping(value: Any) -> Mapping[str, object]:
    """An answer as connectors give it: nothing is an empty one, a plain value stands under ``result``."""
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"result": value}


@dataclass(frozen=True, slots=True)
class Definition:
    """What a server says of a tool: all of it steers who uses the tool, so all of it is approved as one."""

    name: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any] | None = None
    annotations: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Every part, under the name that differences are told by."""
        return {
            "name": self.name,
            "description": self.description,
            "input_schema": dict(self.input_schema),
            "output_schema": None if self.output_schema is None else dict(self.output_schema),
            "annotations": dict(self.annotations),
        }

    @property
    def digest(self) -> Digest:
        return digest_of(self.as_json())

    def differences(self, other: Definition) -> tuple[str, ...]:
        """Which parts differ, by name."""
        here, there = self.as_json(), other.as_json()
        return tuple(name for name in here if here[name] != there[name])


@runtime_checkable
class Described(Protocol):
    """A connector whose server says itself what the tool is."""

    def definition(self) -> Definition:
        """What it says now. Errors: ``Unavailable``; ``BrokenAnswer`` where the tool is gone."""

    def require_approved(self) -> None:
        """Compare that with what a person approved. Errors: as ``definition``; ``BrokenAnswer`` where it differs."""


@runtime_checkable
class Watched(Protocol):
    """A connector that is held to its contract."""

    @property
    def can_be_probed(self) -> bool:
        """It can be looked at without an effect."""

    def look(self) -> Look:
        """Look now: compare its definition, and ask the declared sample where it reads. Raises nothing of the tree."""


class ToolStates(Protocol):
    """How the contracts of tools hold, by release and tool."""

    def get(self, tx: Transaction, release: str, tool: str) -> ToolState | None: ...

    def of_release(self, tx: Transaction, release: str) -> tuple[ToolState, ...]:
        """By the name of the tool."""

    def held(self, tx: Transaction) -> tuple[ToolState, ...]:
        """All that are held back, of all releases; never limited."""

    def save(self, tx: Transaction, state: ToolState, *, expected: int) -> None:
        """``expected`` 0: it is new. Errors: ``Conflict`` RW-STORE-001 if somebody else was first."""
