"""A language model that says what a test lets it say, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from roadworthy.errors import RoadworthyError
from roadworthy.ports.language import Completion, Message
from roadworthy.quantities import Cost, Digest, digest_of
from roadworthy.usage import Tokens

PRICE = Cost(1_000)


@dataclass(frozen=True)
class Question:
    system: str
    user: str
    temperature: float
    seed: int


Say = str | Completion | RoadworthyError | Callable[[Question], str]


def verdict(word: object, reason: str = "because") -> str:
    return json.dumps({"reason": reason, "verdict": word})


def completion(text: str, *, ended: bool = True, refused: bool = False) -> Completion:
    return Completion(text, Tokens(10, 5), PRICE, "spoken-1", ended=ended, refused=refused)


class Spoken:
    """Says the lines of its script in turn, the last one again and again."""

    def __init__(self, *script: Say, name: str = "spoken") -> None:
        self.name = name
        self.asked: list[Question] = []
        self._script = list(script)
        self._lock = threading.Lock()

    @property
    def digest(self) -> Digest:
        return digest_of({"spoken": self.name})

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 1,
        schema: Mapping[str, object] | None = None,
    ) -> Completion:
        question = Question(messages[0].content, messages[-1].content, temperature, seed)
        with self._lock:
            self.asked.append(question)
            line = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(line, RoadworthyError):
            raise line
        if isinstance(line, Completion):
            return line
        return completion(line if isinstance(line, str) else line(question))
