"""A receiver of posts on loopback that keeps what it hears and answers as it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.operate.watching.loopback import serving


@dataclass
class Ear:
    """What was heard: path, headers and body of every post."""

    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    address: str = ""

    def receive(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.heard.append((path, headers, body))
        return (self.answers.pop(0) if self.answers else 200), b""


@contextmanager
def listening() -> Iterator[Ear]:
    """A receiver while the block runs."""
    ear = Ear()
    with serving(ear.receive) as ear.address:
        yield ear
