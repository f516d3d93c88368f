"""What a mirrored environment asks of the outside, where parts of that may go away: every try is written down."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from roadworthy.charter import Charter
from roadworthy.errors import Unavailable
from roadworthy.operate.logged import now_about
from roadworthy.ports.language import LanguageModel, Message
from roadworthy.ports.rehearsing import Gone, Outages, Witness

SILENCE_S: Final = 5.0
"""How long a tool that is silent is waited for."""
_LOOK_S: Final = 0.02


class Present:
    """Everything is there: what most drills take for granted."""

    def provider(self, charter: Charter, name: str) -> LanguageModel | None:
        """The stand-in of a model, asked through the real client; None: nobody is asked."""
        return None

    @contextmanager
    def tried(self, part: str, *, step: str = "", about: str = "") -> Iterator[None]:
        """Ask a part for something."""
        yield

    def how(self, part: str) -> Gone | None:
        """In which way it is away."""
        return None

    def miss(self, part: str, how: Gone, *, retry_is_safe: bool = True) -> Unavailable:
        """What whoever asks a part that is away gets to hear, after the time it takes. Raise it."""
        return Unavailable("RW-DRILL-013", f"`{part}` {how} in a drill", retry_is_safe=retry_is_safe)


class MayGoAway(Present):
    """Parts of the outside that may be away, as ``outages`` says."""

    def __init__(
        self, witness: Witness, outages: Outages, model: Callable[[Charter, str], LanguageModel]
    ) -> None:
        self._witness, self._outages, self._model = witness, outages, model

    def provider(self, charter: Charter, name: str) -> LanguageModel | None:
        """The real client of a model, at the stand-in's address."""
        return self._model(charter, name)

    @contextmanager
    def tried(self, part: str, *, step: str = "", about: str = "") -> Iterator[None]:
        """Note the try, and what came of it."""
        known = now_about()
        where = about or f"{known.get('case', '')}/{known.get('run', '')}"
        self._witness.note("tried", about=where, what=part, digest=step)
        try:
            yield
        except Unavailable:
            self._witness.note("missed", about=where, what=part, digest=step)
            raise
        self._witness.note("answered", about=where, what=part, digest=step)

    def how(self, part: str) -> Gone | None:
        """In which way it is away."""
        return self._outages.how(part)

    def miss(self, part: str, how: Gone, *, retry_is_safe: bool = True) -> Unavailable:
        """The problem; a silent part is waited for first."""
        until = time.monotonic() + SILENCE_S
        while how is Gone.SILENT and self._outages.how(part) is Gone.SILENT and time.monotonic() < until:
            time.sleep(_LOOK_S)
        return super().miss(part, how, retry_is_safe=retry_is_safe)


def say(text: str, seconds: float) -> tuple[Message, ...]:
    """What the stand-in of a model is asked: to say this, and to take so long."""
    return (Message("user", json.dumps({"text": text, "seconds": seconds})),)
