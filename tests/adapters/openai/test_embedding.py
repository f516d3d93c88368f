"""Embeddings over the wire: only rows that can be compared are taken."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from tests.adapters.openai.scripted import Scripted, Server, refuses

from roadworthy.adapters.openai import OpenAiEmbedder
from roadworthy.charter import LanguageModelPlan
from roadworthy.errors import InputProblem, Unavailable


def gives(*rows: object, indexes: tuple[object, ...] | None = None) -> Scripted:
    places = indexes or tuple(range(len(rows)))
    data = [{"index": place, "embedding": row} for place, row in zip(places, rows, strict=True)]
    return Scripted(json.dumps({"data": data}).encode())


def by_length(asked: dict[str, Any]) -> Scripted:
    """Rows that say how long each text is, in the reverse of the order asked."""
    rows = [[float(len(text)), 1.0] for text in asked["input"]]
    places = tuple(range(len(rows)))
    return gives(*reversed(rows), indexes=tuple(reversed(places)))


def embedder(server: Server, **more: Any) -> OpenAiEmbedder:
    plan = LanguageModelPlan(
        url=server.url, model="emb-1", timeout="5s", read_price="0 EUR", written_price="0 EUR"
    )
    return OpenAiEmbedder(plan, key="secret-key", wait=lambda _: None, chance=lambda: 0.5, **more)


def test_rows_come_in_the_order_of_the_texts_and_have_length_one() -> None:
    with Server(by_length) as server:
        model = embedder(server, name="mine")
        rows = model.embed(["a", "", "four", " \n", *["x" * n for n in range(1, 60)]])
        assert model.name == "mine"
        assert model.dimensions == 2
    assert rows.shape == (63, 2)
    assert rows.dtype == np.float32
    assert rows[1].tolist() == rows[3].tolist() == [0, 0]
    assert np.allclose(rows[2], np.array([4, 1]) / math.sqrt(17))
    assert np.allclose(np.linalg.norm(rows[[0, 2, *range(4, 63)]], axis=1), 1)
    assert max(len(asked["input"]) for asked in server.asked) <= 32
    assert set(server.paths) == {"/v1/embeddings"}
    assert {name.lower(): value for name, value in server.headers[0].items()}[
        "authorization"
    ] == "Bearer secret-key"


def test_the_digest_names_address_model_and_length() -> None:
    with Server(by_length) as server:
        one, other = embedder(server), embedder(server)
        assert one.digest == other.digest
    with Server(gives([1.0, 2.0, 3.0])) as longer:
        assert embedder(longer).digest != one.digest


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Scripted(b"no json"), "no JSON"),
        (Scripted(b'{"data": 3}'), "no rows, expected 2"),
        (gives([1.0, 2.0]), "1 rows, expected 2"),
        (gives([1.0, 2.0], [1.0, 2.0], indexes=(0, 0)), "which text"),
        (gives([1.0, 2.0], [1.0, 2.0], indexes=(0, 7)), "which text"),
        (gives([1.0, 2.0], [1.0, 2.0], indexes=(0, True)), "which text"),
        (gives([1.0, 2.0], [1.0]), "differ in length"),
        (gives([1.0, 2.0], []), "no list"),
        (gives([1.0, 2.0], "AAAA"), "no list"),
        (gives([1.0, 2.0], [1.0, float("nan")]), "no number"),
        (gives([1.0, 2.0], [1.0, None]), "no number"),
        (gives([1.0, 2.0], [0.0, 0.0]), "no direction"),
        (gives([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]), "before 2"),
        (gives([1.0, 2.0], [1e300, 1e300]), "no number"),
    ],
)
def test_an_answer_that_cannot_be_compared_is_refused(answer: Scripted, why: str) -> None:
    with Server(gives([1.0, 1.0]), answer) as server:
        model = embedder(server)
        assert model.dimensions == 2
        with pytest.raises(Unavailable, match=why) as caught:
            model.embed(["one", "two"])
    assert caught.value.code == "RW-KNOWLEDGE-038"


def test_a_busy_server_is_asked_again() -> None:
    with Server(refuses(429), Scripted(status=503), gives([3.0, 4.0])) as server:
        assert embedder(server).embed(["text"]).shape == (1, 2)
    assert len(server.asked) == 4


def test_a_server_that_stays_away_is_unavailable() -> None:
    with Server(Scripted(status=503)) as server, pytest.raises(Unavailable) as caught:
        embedder(server).embed(["text"])
    assert caught.value.code == "RW-KNOWLEDGE-037"
    assert caught.value.retry_is_safe


@pytest.mark.parametrize(
    ("status", "code"), [(401, "RW-LLM-003"), (404, "RW-LLM-005"), (400, "RW-LLM-004")]
)
def test_what_no_waiting_mends_is_said_at_once(status: int, code: str) -> None:
    with Server(refuses(status, code="bad_words")) as server, pytest.raises(InputProblem) as caught:
        embedder(server).embed(["text"])
    assert caught.value.code == code
    assert len(server.asked) == 1
    assert "secret-key" not in str(caught.value)
