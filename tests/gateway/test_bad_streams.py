"""Streams from models that misbehave, and bodies of no stated length: an error in the wire's words, a true cost, nothing held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.desk import ASKED, Desk, Sent, charter
from tests.gateway.upstream import Reply, Upstream

from roadworthy.gateway import door

STREAMED = {**ASKED, "stream": True}
Make = Callable[..., Desk]


@pytest.fixture
def desk(tmp_path: Path, upstream: Upstream) -> Iterator[Make]:
    made: list[Desk] = []

    def make(**changes: str) -> Desk:
        made.append(Desk(tmp_path / f"desk{len(made)}", charter(upstream.url, **changes)))
        return made[-1]

    yield make
    for one in made:
        one.deployment.store.close()


def once(desk: Desk, body: Any, **more: Any) -> Sent:
    """One request through an open door; closed afterwards, with everything settled."""

    async def within() -> Sent:
        with desk.open():
            try:
                return await desk.post(desk.key(), body, **more)
            finally:
                await desk.close()

    return asyncio.run(within())


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (Reply(status=500), 502, "model_unreachable"),
        (Reply(status=500, retry_after="120"), 502, "model_unreachable"),
        (Reply(status=503, retry_after="120"), 502, "model_unreachable"),
        (Reply(status=429), 429, "rate_limit_exceeded"),
        (Reply(status=429, retry_after="120"), 429, "rate_limit_exceeded"),
        (Reply(breaks="reset", when="before"), 502, "model_unreachable"),
    ],
    ids=["500", "500-later", "503-later", "429", "429-later", "reset"],
)
def test_a_stream_that_never_begins_is_an_answer_with_an_error(
    desk: Make, upstream: Upstream, reply: Reply, status: int, code: str
) -> None:
    here = desk(gateway="attempts: 1")
    upstream.then(reply)
    found = once(here, STREAMED)
    assert (found.status, found.error["code"]) == (status, code), found.body
    assert found.headers["content-type"] == "application/json"
    if reply.retry_after:
        assert found.headers["retry-after"] == "120"
    budget = here.budget()
    assert budget.held == 0
    assert (budget.spent > 0) is (reply.breaks == "reset"), "what may have been billed is on the bill"


@pytest.mark.parametrize("when", ["before", "within"])
def test_a_stream_that_hangs_ends_with_an_error_and_is_charged(
    desk: Make, upstream: Upstream, when: Any
) -> None:
    models = f"  slow: {{url: {upstream.url}, model: s, timeout: 1s, read_price: 1.00 EUR, written_price: 1.00 EUR}}"
    here = desk(gateway="attempts: 1", models=models)
    upstream.then(Reply(breaks="hang", when=when, after=2))
    found = once(here, {**STREAMED, "model": "slow"})
    told = found.error if when == "before" else found.events[-1]["error"]
    assert told["code"] == "model_timeout"
    assert here.budget().held == 0
    assert here.budget().spent > 0
    assert all(row.estimated for row in here.totals())
    upstream.release()


@pytest.mark.parametrize(
    "counts", [{"prompt_tokens": -5}, {"prompt_tokens": 10**12}, {"completion_tokens": "many"}, None]
)
def test_a_stream_that_lies_about_usage_is_charged_as_the_most_it_can_be(
    desk: Make, upstream: Upstream, counts: dict[str, object] | None
) -> None:
    here = desk()
    upstream.then(Reply(counts=counts))
    assert once(here, STREAMED).status == 200
    (row,) = here.totals()
    assert row.estimated == 1
    assert row.cost > 1_024 * 2_000, "the whole reservation"
    assert here.budget().held == 0


def test_a_part_of_usage_that_cannot_be_leaves_the_dearer_bill(desk: Make, upstream: Upstream) -> None:
    here = desk()
    upstream.then(Reply(counts={"prompt_tokens_details": {"cached_tokens": 10**9, "audio_tokens": None}}))
    assert once(here, ASKED).status == 200
    (row,) = here.totals()
    assert (row.estimated, row.cached) == (0, 0)
    assert row.read > 0


def test_a_body_of_no_stated_length_is_read_no_further_than_a_request_may_be_long(
    desk: Make, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "LARGEST", 100_000)
    here = desk()
    told = b'{"model": "small", "messages": [{"role": "user", "content": "%b"}]}'
    assert once(here, told % (b"a" * 50_000), content_length="").status == 200
    found = once(here, told % (b"a" * 200_000), content_length="")
    assert (found.status, found.error["code"]) == (413, "request_too_large")
    assert len(upstream.seen) == 1
