"""The door, from a client's request to the row that is kept: real state, a real upstream over a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.desk import ASKED, Desk, Sent, charter
from tests.gateway.upstream import Reply, Upstream

from roadworthy.operate.modelcalls.callers import keys_of, revoke_key
from roadworthy.operate.stopping import stop
from roadworthy.stage import Stage


@pytest.fixture
def desk(tmp_path: Path, upstream: Upstream) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(**changes: str) -> Desk:
        made.append(Desk(tmp_path / f"desk{len(made)}", charter(upstream.url, **changes)))
        return made[-1]

    yield make
    for one in made:
        one.deployment.store.close()


Make = Callable[..., Desk]


def ask(desk: Desk, act: Callable[[Desk, str], Awaitable[Any]]) -> Any:
    """One event loop, one open door, one key; closed afterwards, with everything settled."""

    async def within() -> Any:
        with desk.open():
            try:
                return await act(desk, desk.key())
            finally:
                await desk.close()

    return asyncio.run(within())


def once(desk: Desk, body: Any = ASKED, **more: Any) -> Sent:
    return ask(desk, lambda open_desk, key: open_desk.post(key, body, **more))


# ── answers ──


def test_an_answer_passes_as_it_came_and_says_what_it_cost(desk: Make, upstream: Upstream) -> None:
    here = desk()
    found = once(here)
    assert found.status == 200, found.body
    assert found.json["choices"][0]["message"]["content"]
    seen = upstream.seen[0].body
    assert (seen["model"], seen["max_completion_tokens"]) == ("small-1", 1_024)
    usage = found.json["usage"]
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    nano = (usage["prompt_tokens"] - cached) * 1_000 + cached * 100 + usage["completion_tokens"] * 2_000
    (row,) = here.totals()
    assert (row.cost, row.read, row.written) == (nano, usage["prompt_tokens"], usage["completion_tokens"])
    assert found.headers["x-roadworthy-cost"] == f"{nano / 1e9:.9f} EUR"
    assert found.headers["x-roadworthy-route"] == "small; the only one"
    assert (here.budget().spent, here.budget().held) == (nano, 0)


def test_a_stream_passes_and_is_on_the_bill(desk: Make, upstream: Upstream) -> None:
    here = desk()
    found = once(here, {**ASKED, "stream": True})
    assert found.headers["content-type"].startswith("text/event-stream")
    assert found.text
    assert found.body.endswith(b"data: [DONE]\n\n")
    assert b": x-roadworthy-cost 0.0" in found.body
    assert b"prompt_tokens" not in found.body, "the client did not ask for it"
    (row,) = here.totals()
    assert row.cost > 0
    assert not row.estimated


def test_a_task_is_answered_by_the_cheapest_of_its_models(desk: Make, upstream: Upstream) -> None:
    models = (
        f"  tiny: {{url: {upstream.url}, model: tiny-1, read_price: 0.10 EUR, written_price: 0.20 EUR}}"
    )
    here = desk(models=models, more="tasks: {reply: {kind: chat, models: [small, tiny], floor: 0.8}}")
    found = once(here, {**ASKED, "model": "task:reply"})
    assert found.status == 200, found.body
    assert upstream.seen[0].body["model"] == "tiny-1"
    assert found.headers["x-roadworthy-route"] == "tiny; cheapest of 2 that may answer"


def test_where_the_first_model_fails_the_next_one_answers(desk: Make, upstream: Upstream) -> None:
    models = (
        f"  tiny: {{url: {upstream.url}, model: tiny-1, read_price: 0.10 EUR, written_price: 0.20 EUR}}"
    )
    here = desk(models=models, more="tasks: {reply: {kind: chat, models: [small, tiny], floor: 0.8}}")
    upstream.then(Reply(status=503), Reply(text="at last"))
    found = once(here, {**ASKED, "model": "task:reply"})
    assert found.json["choices"][0]["message"]["content"] == "at last"
    assert [one.body["model"] for one in upstream.seen] == ["tiny-1", "small-1"]


def test_an_answer_that_is_not_sure_enough_goes_to_the_next_model(desk: Make, upstream: Upstream) -> None:
    models = f"  tiny: {{url: {upstream.url}, model: tiny-1, able: [chat, json_schema], read_price: 0.10 EUR, written_price: 0.20 EUR}}"
    here = desk(
        models=models,
        more="tasks: {reply: {kind: chat, models: [small, tiny], floor: 0.8, escalate_below: 0.5}}",
    )
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    upstream.then(Reply(finish="length"), Reply())
    found = once(here, {**ASKED, "model": "task:reply", "response_format": form})
    assert found.json["choices"][0]["finish_reason"] == "stop"
    assert [one.body["model"] for one in upstream.seen] == ["tiny-1", "small-1"]
    assert sum(row.calls for row in here.totals()) == 2, "both bills are kept"
    assert found.headers["x-roadworthy-route"] == "small; `tiny` was not sure enough"


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/responses"])
def test_the_other_wires_are_metered_too(desk: Make, upstream: Upstream, path: str) -> None:
    here = desk()
    found = once(here, {"model": "small", "input": "Where is my parcel?"}, path=path)
    assert found.status == 200, found.body
    (row,) = here.totals()
    assert row.cost > 0
    assert row.wire == path.removeprefix("/v1/")


def test_models_and_tasks_are_listed(desk: Make) -> None:
    here = desk(more="tasks: {reply: {kind: chat, models: [small], floor: 0.8}}")
    found = ask(here, lambda open_desk, key: open_desk.get(key, "/v1/models"))
    assert [one["id"] for one in found.json["data"]] == ["small", "task:reply"]
    one = ask(here, lambda open_desk, key: open_desk.get(key, "/v1/models/small"))
    assert one.json["id"] == "small"


# ── who may ──


@pytest.mark.parametrize("key", ["", "sk-nonsense", "rw_gateway_aaaaaaaaaaaa_" + "b" * 52 + "00000000"])
def test_a_key_that_is_none_is_refused_in_the_wire_s_own_words(
    desk: Make, upstream: Upstream, key: str
) -> None:
    found = ask(desk(), lambda open_desk, _: open_desk.post(key, ASKED))
    assert found.status == 401
    assert found.error["code"] == "invalid_api_key"
    assert upstream.seen == []


def test_a_revoked_key_ends_within_the_half_second(desk: Make, upstream: Upstream) -> None:
    async def act(here: Desk, key: str) -> int:
        assert (await here.post(key, ASKED)).status == 200
        (row,) = keys_of(here.deployment, here.person, "desk").rows
        revoke_key(here.deployment, here.person, row.id)
        while (found := await here.post(key, ASKED)).status == 200:
            assert len(upstream.seen) < 5_000
            await asyncio.sleep(0)
        return found.status

    assert ask(desk(), act) == 401


def test_beyond_the_pilot_a_call_says_which_case_it_is_for(desk: Make) -> None:
    here = desk()
    here.put(Stage.SHADOW)
    found = once(here)
    assert (found.status, found.error["code"], found.error["param"]) == (
        400,
        "case_missing",
        "x-roadworthy-case",
    )
    told = once(here, x_roadworthy_case="ticket 7")
    assert told.status == 200
    assert told.headers["x-roadworthy-case"] not in {"", "ticket 7"}
    assert here.budget("case:").spent > 0


def test_a_key_is_not_good_beyond_its_stage(desk: Make) -> None:
    here = desk()
    here.put(Stage.CANARY)

    async def act(open_desk: Desk, _: str) -> Sent:
        return await open_desk.post(open_desk.key(Stage.SHADOW), ASKED, x_roadworthy_case="1")

    found = ask(here, act)
    assert (found.status, found.error["code"]) == (403, "release_not_running")


def test_a_release_that_ended_calls_no_more(desk: Make) -> None:
    here = desk()
    here.put(Stage.HALTED)
    assert once(here).status == 403


def test_the_stop_switch_stops_calls(desk: Make, upstream: Upstream) -> None:
    here = desk()
    stop(here.deployment, here.person, "use_case:desk", reason="a drill")
    found = once(here)
    assert (found.status, found.error["code"], found.headers["x-should-retry"]) == (503, "stopped", "false")
    assert upstream.seen == []


# ── budgets ──


def test_a_call_that_a_budget_does_not_hold_is_refused_before_it_leaves(
    desk: Make, upstream: Upstream
) -> None:
    here = desk(per_month="0.00 EUR")
    found = once(here)
    assert (found.status, found.error["code"]) == (429, "insufficient_quota")
    assert "use case" in found.error["message"]
    assert found.headers["x-should-retry"] == "false"
    assert upstream.seen == []


def test_the_budget_of_a_case_holds_for_that_case_alone(desk: Make) -> None:
    here = desk(per_case="0.006 EUR")

    async def act(open_desk: Desk, key: str) -> list[int]:
        body = {**ASKED, "max_tokens": 2_000}
        return [
            (await open_desk.post(key, body, x_roadworthy_case=case)).status
            for case in ("1", "1", "2", "1")
        ]

    assert ask(here, act) == [200, 200, 200, 200]
    dear = desk(per_case="0.003 EUR")
    assert ask(dear, act) == [429, 429, 429, 429]


# ── upstreams that misbehave: an error in the wire's words, a true cost, no reservation left ──


@pytest.mark.parametrize(
    ("reply", "status", "code", "billed"),
    [
        (Reply(breaks="reset", when="before"), 502, "model_unreachable", True),
        (Reply(breaks="reset", when="headers"), 502, "model_unreachable", True),
        (Reply(breaks="close", when="within"), 502, "model_unreachable", True),
        (Reply(status=500), 502, "model_unreachable", False),
        (Reply(status=429), 429, "rate_limit_exceeded", False),
        (Reply(status=429, retry_after="120"), 429, "rate_limit_exceeded", False),
        (Reply(status=401), 502, "model_unreachable", False),
        (Reply(body=b"<html>busy</html>", kind="text/html"), 502, "model_answer_malformed", True),
        (Reply(body=b'{"choices": [', kind="application/json"), 502, "model_answer_malformed", True),
    ],
    ids=["reset", "headers", "closed", "500", "429", "429-later", "401", "html", "half"],
)
def test_an_upstream_that_fails_leaves_an_error_and_a_true_bill(
    desk: Make, upstream: Upstream, reply: Reply, status: int, code: str, billed: bool
) -> None:
    here = desk(gateway="attempts: 1")
    upstream.then(reply)
    found = once(here)
    assert (found.status, found.error["code"]) == (status, code), found.body
    assert set(found.error) >= {"message", "type", "param", "code"}
    if reply.retry_after:
        assert int(found.headers["retry-after"]) == 120
    budget = here.budget()
    assert budget.held == 0
    assert (budget.spent > 0) is billed
    assert all(row.estimated for row in here.totals())


def test_while_a_model_rests_callers_are_told_for_how_long(desk: Make, upstream: Upstream) -> None:
    upstream.then(Reply(status=429, retry_after="120"))

    async def act(here: Desk, key: str) -> Sent:
        await here.post(key, ASKED)
        return await here.post(key, ASKED)

    found = ask(desk(gateway="attempts: 1"), act)
    assert (found.status, found.error["code"]) == (429, "rate_limit_exceeded")
    assert 100 < int(found.headers["retry-after"]) <= 120
    assert found.headers["x-request-id"]
    assert len(upstream.seen) == 1, "it was left alone"


def test_a_busy_upstream_is_asked_again(desk: Make, upstream: Upstream) -> None:
    here = desk()
    upstream.then(Reply(status=429), Reply(status=503), Reply(text="at last"))
    assert once(here).json["choices"][0]["message"]["content"] == "at last"
    assert len(upstream.seen) == 3
    (row,) = here.totals()
    assert row.attempts == 3


def test_what_a_model_refuses_is_the_client_s_to_read(desk: Make, upstream: Upstream) -> None:
    here = desk()
    upstream.then(Reply(status=400))
    found = once(here)
    assert found.status == 400
    assert found.error
    assert here.budget().spent == 0


def test_an_upstream_that_hangs_is_given_up(desk: Make, upstream: Upstream) -> None:
    models = f"  slow: {{url: {upstream.url}, model: s, timeout: 1s, read_price: 1.00 EUR, written_price: 1.00 EUR}}"
    here = desk(gateway="attempts: 1", models=models)
    upstream.then(Reply(breaks="hang", when="before"))
    found = once(here, {**ASKED, "model": "slow"})
    assert (found.status, found.error["code"]) == (504, "model_timeout")
    assert here.budget().held == 0
    assert here.budget().spent > 0
    upstream.release()


@pytest.mark.parametrize(
    "counts",
    [
        {"prompt_tokens": -5},
        {"prompt_tokens": 1.5},
        {"completion_tokens": "many"},
        {"prompt_tokens": 10**12},
        None,
    ],
)
def test_a_lie_about_usage_is_charged_as_the_most_it_can_be(
    desk: Make, upstream: Upstream, counts: dict[str, object] | None
) -> None:
    here = desk()
    upstream.then(Reply(counts=counts))
    assert once(here).status == 200
    (row,) = here.totals()
    assert row.estimated == 1
    assert row.cost > 1_024 * 2_000, "the whole reservation"
    assert here.budget().held == 0


@pytest.mark.parametrize("lines", ["garbage", "half"])
def test_a_malformed_stream_ends_with_an_error(desk: Make, upstream: Upstream, lines: Any) -> None:
    here = desk(gateway="attempts: 1")
    upstream.then(Reply(lines=lines))
    found = once(here, {**ASKED, "stream": True})
    last = [line for line in found.body.split(b"\n\n") if line][-1]
    assert json.loads(last.removeprefix(b"data: "))["error"]["code"] == "model_answer_malformed"
    assert here.budget().held == 0
    assert here.budget().spent > 0


@pytest.mark.parametrize(
    "lines", ["plain", "crlf", "cr", "multi", "comments", "close_colon", "mark", "no_done"]
)
def test_any_stream_that_the_standard_allows_passes(desk: Make, upstream: Upstream, lines: Any) -> None:
    here = desk(gateway="attempts: 1")
    upstream.then(Reply(lines=lines, text="Your parcel is in Porto."))
    found = once(here, {**ASKED, "stream": True})
    assert found.text == "Your parcel is in Porto."
    (row,) = here.totals()
    assert not row.estimated


def test_a_stream_that_breaks_off_is_told_and_charged(desk: Make, upstream: Upstream) -> None:
    here = desk(gateway="attempts: 1")
    upstream.then(Reply(breaks="reset", when="within", after=2))
    found = once(here, {**ASKED, "stream": True})
    assert found.events[-1]["error"]["code"] == "model_unreachable"
    assert here.budget().held == 0
    assert all(row.estimated for row in here.totals())


def test_a_client_that_leaves_does_not_spoil_the_bill(desk: Make, upstream: Upstream) -> None:
    here = desk()
    upstream.then(Reply(gap_s=0.05))  # so that its events come one by one
    once(here, {**ASKED, "stream": True}, leaves_after=1)
    (row,) = here.totals()
    assert (row.ending, row.estimated) == ("left", 0)
    assert row.written > 0
    assert upstream.seen[0].ended == "whole", "the answer was read to its end"


# ── requests that are wrong ──


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (json.dumps({**ASKED, "max_tokens": -3}).encode(), "max_tokens"),
        (json.dumps({**ASKED, "model": 7}).encode(), "model"),
        (json.dumps({"model": "small"}).encode(), "messages"),
    ],
)
def test_a_request_that_cannot_be_is_refused_with_its_place(
    desk: Make, upstream: Upstream, body: bytes, param: str | None
) -> None:
    found = once(desk(), body)
    assert (found.status, found.error["type"], found.error["param"]) == (
        400,
        "invalid_request_error",
        param,
    )
    assert upstream.seen == []


def test_an_unknown_model_is_not_found(desk: Make) -> None:
    found = once(desk(), {**ASKED, "model": "gpt-99"})
    assert (found.status, found.error["code"]) == (404, "model_not_found")
    assert "`small`" in found.error["message"]


@pytest.mark.parametrize("told", ["99999999999", "nonsense", "-1"])
def test_a_body_that_is_too_large_is_refused_unread(desk: Make, told: str) -> None:
    assert once(desk(), content_length=told).status == 413


# ── the same again ──


def test_a_repeated_request_gets_the_same_answer_and_no_second_bill(desk: Make, upstream: Upstream) -> None:
    here = desk()

    async def act(open_desk: Desk, key: str) -> list[Sent]:
        return [await open_desk.post(key, ASKED, idempotency_key="once") for _ in range(3)]

    first, second, third = ask(here, act)
    assert first.body == second.body == third.body
    assert (second.headers["idempotency-replayed"], second.headers["x-roadworthy-cost"]) == (
        "true",
        "0.000000000 EUR",
    )
    assert len(upstream.seen) == 1
    other = once(here, {**ASKED, "max_tokens": 5}, idempotency_key="once")
    assert other.status == 200, "another key of the gateway has its own"


def test_a_key_of_another_request_is_a_conflict(desk: Make) -> None:
    async def act(open_desk: Desk, key: str) -> Sent:
        await open_desk.post(key, ASKED, idempotency_key="once")
        return await open_desk.post(key, {**ASKED, "max_tokens": 5}, idempotency_key="once")

    assert ask(desk(), act).status == 409


def test_equal_requests_at_one_moment_are_one_call(desk: Make, upstream: Upstream) -> None:
    async def act(open_desk: Desk, key: str) -> list[Sent]:
        return list(
            await asyncio.gather(*(open_desk.post(key, ASKED, idempotency_key="x") for _ in range(8)))
        )

    found = ask(desk(), act)
    assert {one.status for one in found} == {200}
    assert len(upstream.seen) == 1


def test_an_exact_cache_answers_the_same_case_and_no_other(desk: Make, upstream: Upstream) -> None:
    here = desk(gateway="cache: exact")
    cold = {**ASKED, "temperature": 0}

    async def act(open_desk: Desk, key: str) -> list[str]:
        found = [
            await open_desk.post(key, cold, x_roadworthy_case="1"),
            await open_desk.post(key, cold, x_roadworthy_case="1"),
            await open_desk.post(key, cold, x_roadworthy_case="2"),
            await open_desk.post(key, ASKED, x_roadworthy_case="1"),
            await open_desk.post(key, cold),
        ]
        return [one.headers.get("x-roadworthy-cache", "") for one in found]

    assert ask(here, act) == ["", "hit", "", "", ""]
    assert len(upstream.seen) == 4
    assert sum(row.calls for row in here.totals() if row.ending == "cached") == 1


def test_many_calls_at_once_are_each_answered_and_settled(desk: Make, upstream: Upstream) -> None:
    here = desk()

    async def act(open_desk: Desk, key: str) -> list[int]:
        found = await asyncio.gather(
            *(open_desk.post(key, {**ASKED, "stream": number % 2 == 0}) for number in range(60))
        )
        return [one.status for one in found]

    assert ask(here, act) == [200] * 60
    assert sum(row.calls for row in here.totals()) == 60
    assert here.budget().held == 0
    assert here.budget().spent == sum(row.cost for row in here.totals())


# ── personal data ──

PERSONAL = "I am Ada, write to ada.lovelace@example.org or call +351 912 345 678."


def _said_back(asked: Any) -> str:
    return f"You said: {asked['messages'][-1]['content']}"


def test_personal_data_does_not_reach_the_model_and_comes_back(desk: Make, upstream: Upstream) -> None:
    here = desk(gateway="personal: pseudonymise")
    upstream.then(Reply(text=_said_back), Reply(text=_said_back))
    asked = {"model": "small", "messages": [{"role": "user", "content": PERSONAL}]}
    whole = once(here, asked, x_roadworthy_case="1")
    assert whole.json["choices"][0]["message"]["content"] == f"You said: {PERSONAL}"
    stream = once(here, {**asked, "stream": True}, x_roadworthy_case="1")
    assert stream.text == f"You said: {PERSONAL}"
    assert stream.body.endswith(b"data: [DONE]\n\n")
    for seen in upstream.seen:
        assert b"example.org" not in seen.raw
        assert b"912" not in seen.raw
    assert upstream.seen[0].body["messages"] == upstream.seen[1].body["messages"], (
        "a case keeps its stand-ins"
    )


def test_redacted_data_stays_away(desk: Make, upstream: Upstream) -> None:
    here = desk(gateway="personal: redact")
    upstream.then(Reply(text=_said_back))
    found = once(here, {"model": "small", "messages": [{"role": "user", "content": PERSONAL}]})
    assert "[EMAIL]" in found.json["choices"][0]["message"]["content"]


def test_what_cannot_be_searched_is_not_sent(desk: Make, upstream: Upstream) -> None:
    here = desk(gateway="personal: pseudonymise")
    found = once(
        here, b'{"model": "small", "messages": [], "messages": [{"role": "user", "content": "a@b.org"}]}'
    )
    assert found.status == 400
    assert upstream.seen == []
