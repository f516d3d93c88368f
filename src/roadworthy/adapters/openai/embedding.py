"""Embeddings from any server that answers ``/embeddings`` on the OpenAI wire."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

import numpy as np

from roadworthy.adapters.openai.exchange import Exchange, Failed
from roadworthy.adapters.openai.refusals import MOST_REQUESTS, Refusals, pause_s
from roadworthy.adapters.openai.wire import whole
from roadworthy.charter import LanguageModelPlan, seconds
from roadworthy.errors import Unavailable
from roadworthy.ports.address import Address
from roadworthy.ports.knowledge import Vectors
from roadworthy.quantities import Digest, digest_of

TEXT_LIMIT: Final = 8_000
"""Characters of a text that are sent: what servers usually take, 8,192 tokens, holds them in every language."""
MOST_DIMENSIONS: Final = 4_000
"""What an index in Postgres can hold as half-precision numbers."""

_BATCH = 32  # with 4,000 numbers of 20 characters each, below what is read of one answer
_PATH = "/embeddings"
_LARGEST = 1e30  # squares of it can still be added up; no model gives larger ones


class _Unreadable(Exception):
    """What is wrong with an answer."""


class OpenAiEmbedder:
    """Asks ``POST {url}/embeddings`` in batches. Several threads may ask at once.

    What cannot be compared is refused, never stored: rows too few, twice or out of place, of another length than
    before, or with numbers that are none. ``timeout`` of the plan is for one batch with all its requests.

    Errors: ``InputProblem`` RW-LLM-001 and 002 when it is made; see ``embed``.
    """

    def __init__(
        self,
        plan: LanguageModelPlan,
        *,
        key: str,
        name: str = "",
        wait: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._refusals = Refusals(
            plan,
            "embedding model",
            "texts",
            "shorter passages may pass (`chunk_chars`); the server's log says more",
        )
        self._exchange = Exchange(address := Address.parse(plan.url), _PATH, key=key)
        self._base = address.base
        self._name = name or plan.model
        self._wait, self._chance, self._clock = wait, chance, clock
        self._dimensions = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"OpenAiEmbedder({self._plan.model!r})"

    @property
    def name(self) -> str:
        return self._name

    @property
    def digest(self) -> Digest:
        """Names address, model and length of its rows; asks the server once for the length. Errors: as ``embed``."""
        return digest_of(
            {
                "wire": "openai/embeddings",
                "url": self._base,
                "model": self._plan.model,
                "dimensions": self.dimensions,
            }
        )

    @property
    def dimensions(self) -> int:
        """Numbers of a row. Errors: as ``embed``."""
        if not self._dimensions:
            self._ask(["dimensions"])
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 a text; zeros for a blank one, which is not sent.

        Errors: ``InputProblem`` RW-LLM-003 for a refused key, RW-LLM-004 for refused texts, RW-LLM-005 for a wrong
        address or model; ``Unavailable`` RW-KNOWLEDGE-037 where no answer came, 038 where it is no use.
        """
        told = [place for place, text in enumerate(texts) if text.strip()]
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for start in range(0, len(told), _BATCH):
            batch = told[start : start + _BATCH]
            vectors[batch] = self._ask([whole(texts[place][:TEXT_LIMIT]) for place in batch])
        return vectors

    def _ask(self, texts: Sequence[str]) -> Vectors:
        fields = {"model": self._plan.model, "input": list(texts), "encoding_format": "float"}
        body = json.dumps(fields).encode("ascii")
        until = self._clock() + seconds(self._plan.timeout)
        tries = 0
        while True:
            tries += 1
            wait_s, code = 0.0, "RW-KNOWLEDGE-037"
            try:
                answer = self._exchange.post(body, timeout_s=until - self._clock())
                wait_s = answer.wait_s
                self._refusals.check(answer)
                if 200 <= answer.status < 300:
                    return self._checked(_rows(answer.body, len(texts)))
                trouble = f"it answers with status {answer.status}"
            except Failed as failure:
                trouble = failure.reason
                if not failure.again:
                    self._give_up(trouble, "RW-KNOWLEDGE-038")
            except _Unreadable as fault:
                trouble, code = str(fault), "RW-KNOWLEDGE-038"
            pause = pause_s(tries, self._chance(), asked_s=wait_s)
            if tries >= MOST_REQUESTS or pause >= until - self._clock():
                self._give_up(f"{trouble} ({tries} requests)", code)
            self._wait(pause)

    def _checked(self, rows: Vectors) -> Vectors:
        with self._lock:
            if self._dimensions and rows.shape[1] != self._dimensions:
                raise _Unreadable(f"its rows have {rows.shape[1]} numbers, before {self._dimensions}")
            self._dimensions = rows.shape[1]
        return rows

    def _give_up(self, trouble: str, code: str) -> NoReturn:
        message = f"the embedding model `{self._plan.model}` gave no vectors: {trouble}"
        if code == "RW-KNOWLEDGE-037":
            raise Unavailable(
                "RW-KNOWLEDGE-037", message, retry_is_safe=True, hint="see that its server runs; try again"
            )
        raise Unavailable(
            "RW-KNOWLEDGE-038",
            message,
            retry_is_safe=True,
            hint="see that `url` and `model` in `models` name an embedding model",
        )


def _rows(body: bytes, count: int) -> Vectors:
    """The rows of an answer in the order of what was asked. Errors: ``_Unreadable``."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise _Unreadable("its answer is no JSON") from None
    data = value.get("data") if isinstance(value, dict) else None
    if not isinstance(data, list) or len(data) != count:
        found = len(data) if isinstance(data, list) else "no"
        raise _Unreadable(f"its answer holds {found} rows, expected {count}")
    rows: dict[int, list[float]] = {}
    for place, each in enumerate(data):
        index = each.get("index", place) if isinstance(each, dict) else None
        numbers = each.get("embedding") if isinstance(each, dict) else None
        if type(index) is not int or not 0 <= index < count or index in rows:
            raise _Unreadable("its rows do not say which text each belongs to")
        if not isinstance(numbers, list) or not 0 < len(numbers) <= MOST_DIMENSIONS:
            raise _Unreadable(f"a row is no list of at most {MOST_DIMENSIONS:,} numbers")
        if not all(type(one) in {int, float} and abs(one) <= _LARGEST for one in numbers):
            raise _Unreadable("a row holds something that is no number")
        rows[index] = numbers
    if len({len(numbers) for numbers in rows.values()}) > 1:
        raise _Unreadable("its rows differ in length")
    table = np.array([rows[place] for place in range(count)], np.float64)
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    if not lengths.all():
        raise _Unreadable("a row has no direction")
    unit: Vectors = (table / lengths).astype(np.float32)
    return unit
