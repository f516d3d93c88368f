"""The OpenAI wire against a real server on loopback, which answers well, wrongly, slowly or not at all."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.adapters.openai.scripted import Scripted, Server, price_of, refuses, says

from roadworthy.adapters.openai import OpenAiModel
from roadworthy.errors import InputProblem, RoadworthyError, Unavailable
from roadworthy.ports.language import Completion, Message, Unanswered
from roadworthy.quantities import Cost
from roadworthy.usage import Price, Tokens

ASKED = (Message("system", "be brief"), Message("user", "hello"))
KEY = "sk-very-secret-7d1f"
SCHEMA = {"type": "object", "properties": {"label": {"enum": ["a", "b"]}}}


class Waits:
    """Keeps what would have been waited, and lets no time pass."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def model(server: Server, waits: Waits | None = None, **changes: Any) -> OpenAiModel:
    plan = server.plan(**changes)
    return OpenAiModel(plan, key=KEY, price=price_of(plan), wait=waits or Waits(), chance=lambda: 0.5)


def ask(*script: Any, schema: Any = None, waits: Waits | None = None, **changes: Any) -> Completion:
    with Server(*script) as server:
        return model(server, waits, **changes).complete(ASKED, schema=schema)


def failure(
    *script: Any, schema: Any = None, waits: Waits | None = None, **changes: Any
) -> RoadworthyError:
    with pytest.raises(RoadworthyError) as raised:
        ask(*script, schema=schema, waits=waits, **changes)
    return raised.value


def test_an_answer_comes_with_its_tokens_and_its_cost() -> None:
    with Server(says("good day", read=1_000, written=3)) as server:
        found = model(server).complete(ASKED, max_tokens=40, temperature=0.25, seed=9)
        sent = server.asked[0]
    assert found == Completion("good day", Tokens(1_000, 3), Cost(504_500), "scripted-1")
    assert server.paths == ["/v1/chat/completions"]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert sent["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hello"},
    ]
    assert (sent["max_tokens"], sent["temperature"], sent["seed"], sent["stream"]) == (40, 0.25, 9, False)


def test_cost_is_rounded_up_to_a_whole_nano_unit() -> None:
    found = ask(says("x", read=1, written=1), read_price="0.0000001 EUR", written_price="0.0000001 EUR")
    assert found.cost == Cost(1)


def test_without_a_key_none_is_sent() -> None:
    with Server(says("ok")) as server:
        OpenAiModel(server.plan(), key="", price=Price(1, 1)).complete(ASKED)
    assert "Authorization" not in server.headers[0]


def test_a_schema_is_sent_and_dropped_step_by_step_where_the_server_knows_none() -> None:
    bad = refuses(400, message="response_format is not supported")
    with Server(says("{}"), bad, bad, says("{}")) as server:
        asking = model(server)
        asking.complete(ASKED, schema=SCHEMA)
        assert asking.complete(ASKED, schema=SCHEMA).requests == 3
        asking.complete(ASKED, schema=SCHEMA)
    forms = [each.get("response_format", {}).get("type") for each in server.asked]
    assert forms == ["json_schema", "json_schema", "json_object", None, None]
    assert server.asked[0]["response_format"]["json_schema"]["schema"] == SCHEMA


def test_words_a_server_does_not_know_are_left_out_one_by_one() -> None:
    with Server(
        refuses(400, param="max_tokens", message="use max_completion_tokens"),
        refuses(400, message="`temperature` is not supported by this model"),
        refuses(422, message="seed: extra field"),
        says("ok"),
    ) as server:
        asking = model(server)
        assert asking.complete(ASKED).requests == 4
        asking.complete(ASKED)
    last = server.asked[-1]
    assert "max_completion_tokens" in last
    assert not {"max_tokens", "temperature", "seed"} & set(last)


def test_a_question_that_stays_refused_is_the_askers_problem() -> None:
    problem = failure(refuses(400, code="context_length_exceeded", message=f"{KEY}: hello is too long"))
    assert isinstance(problem, InputProblem)
    assert problem.code == "RW-LLM-004"
    assert "context_length_exceeded" in problem.message
    assert "hello" not in problem.message


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "RW-LLM-003"),
        (403, "RW-LLM-003"),
        (404, "RW-LLM-005"),
        (405, "RW-LLM-005"),
        (413, "RW-LLM-004"),
    ],
)
def test_what_no_waiting_mends_is_not_asked_again(status: int, code: str) -> None:
    with Server(refuses(status, message="no")) as server, pytest.raises(InputProblem) as raised:
        model(server).complete(ASKED)
    assert raised.value.code == code
    assert len(server.asked) == 1


def test_a_redirect_is_not_followed() -> None:
    with Server(says("stolen")) as other:
        moved = Scripted(status=307, headers={"Location": other.url + "/chat/completions"})
        assert failure(moved).code == "RW-LLM-005"
        assert other.asked == []


def test_a_busy_server_is_asked_again_after_the_time_it_asks_for() -> None:
    waits = Waits()
    busy = Scripted(b"{}", 429, {"Retry-After": "3"})
    found = ask(busy, Scripted(b"oops", 503), says("ok"), waits=waits)
    assert (found.text, found.requests) == ("ok", 3)
    assert waits.seconds == [3.0, 1.0]


def test_a_date_to_retry_after_is_understood_and_nonsense_is_not() -> None:
    waits = Waits()
    past = Scripted(b"{}", 429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
    ask(past, Scripted(b"{}", 429, {"Retry-After": "soon"}), says("ok"), waits=waits)
    assert waits.seconds == [0.5, 1.0]


def test_a_server_that_asks_to_wait_longer_than_an_answer_may_take_is_given_up() -> None:
    waits = Waits()
    problem = failure(Scripted(b"{}", 429, {"Retry-After": "120"}), waits=waits)
    assert isinstance(problem, Unavailable)
    assert (problem.code, problem.retry_is_safe, waits.seconds) == ("RW-LLM-006", True, [])
    assert "120 s" in problem.message


def test_attempts_have_a_budget() -> None:
    waits = Waits()
    with Server(Scripted(b"{}", 500)) as server, pytest.raises(Unavailable, match="after 4 requests"):
        model(server, waits).complete(ASKED)
    assert (len(server.asked), waits.seconds) == (4, [0.5, 1.0, 2.0])


@pytest.mark.parametrize("how", ["reset", "short"])
def test_a_connection_that_breaks_is_tried_again(how: str) -> None:
    assert ask(Scripted(b'{"choices"', how=how), says("ok")).text == "ok"
    problem = failure(Scripted(b'{"choices"', how=how))
    assert problem.code == "RW-LLM-006"


def test_a_server_that_hangs_is_left_when_the_time_is_up() -> None:
    problem = failure(Scripted(how="hang"), timeout="1s")
    assert problem.code == "RW-LLM-006"
    assert "did not answer in time" in problem.message
    assert "within 1s" in problem.message


def test_nobody_listening_is_unavailable() -> None:
    with Server(says("ok")) as server:
        plan = server.plan()
    with pytest.raises(Unavailable, match="no connection could be made"):
        OpenAiModel(plan, key="", price=Price(1, 1), wait=Waits()).complete(ASKED)


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with Server(Scripted(b"{", how="endless")) as server, pytest.raises(Unavailable) as raised:
        model(server).complete(ASKED)
    assert raised.value.code == "RW-LLM-007"
    assert "larger than 4,000,000 bytes" in raised.value.message
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b"[]",
        b'{"choices": []}',
        b'{"choices": [7]}',
        b'{"choices": [{"message": "hi"}]}',
        b'{"choices": [{"message": {"content": 7}}]}',
        b"[" * 100_000,
        b'{"choices": \xff}',
    ],
    ids=lambda body: body[:34].decode("latin-1"),
)
def test_an_answer_that_cannot_be_read_is_asked_for_again_and_then_unavailable(body: bytes) -> None:
    assert ask(Scripted(body), says("ok")).text == "ok"
    assert failure(Scripted(body)).code == "RW-LLM-007"


def test_unreadable_answers_that_were_billed_are_on_the_bill() -> None:
    empty = Scripted(
        json.dumps({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 10}}).encode()
    )
    found = ask(empty, says("ok", read=10, written=10))
    assert found.cost == Cost(2 * 20_000)
    assert f"{Cost(4 * 20_000)} were billed" in failure(empty).message


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (-5, 3),
        (5, -3),
        (0, 3),
        (5, 0),
        (True, 3),
        ("9", 3),
        (5.5, 3),
        (10**12, 3),
        (5, 10**12),
        (None, None),
    ],
)
def test_token_counts_that_cannot_be_are_not_believed(read: object, written: object) -> None:
    found = ask(says("nine words in the answer", read=read, written=written))
    assert found.estimated
    assert 20 < found.tokens.read < 200
    assert found.tokens.written == 8
    assert found.cost == Cost(found.tokens.read * 500 + found.tokens.written * 1_500)


def test_cut_off_and_refused_answers_say_so() -> None:
    assert not ask(says("half a", finish="length")).ended
    assert ask(says("", finish="content_filter", written=0)).refused
    declined = {"choices": [{"message": {"content": None, "refusal": "I cannot"}, "finish_reason": "stop"}]}
    found = ask(Scripted(json.dumps(declined).encode()))
    assert (found.text, found.refused) == ("", True)


def test_text_in_parts_is_joined_and_half_characters_are_replaced() -> None:
    parts = [{"type": "text", "text": "a\ud800"}, {"type": "image"}, {"type": "text", "text": "b"}]
    assert ask(says(parts)).text == "a?b"
    with Server(says("ok")) as server:
        model(server).complete((Message("user", "x\udfffy"),))
    assert server.asked[0]["messages"][0]["content"] == "x?y"


def test_the_key_shows_in_no_error_and_no_name() -> None:
    with Server(says("ok")) as server:
        asking = model(server)
        shown = [repr(asking), asking.name, asking.digest, repr(vars(asking)["_exchange"])]
    shown += [
        str(failure(refuses(status, message=f"bad key {KEY}", code=f"{KEY} x")).as_json())
        for status in (400, 401, 404, 500)
    ]
    assert not [each for each in shown if KEY in each]


def test_a_key_that_could_split_a_header_is_refused_without_being_shown() -> None:
    with Server(says("ok")) as server, pytest.raises(InputProblem) as raised:
        OpenAiModel(server.plan(), key="abc\r\nX-Evil: 1", price=Price(1, 1))
    assert raised.value.code == "RW-LLM-002"
    assert "Evil" not in str(raised.value.as_json())


def test_address_and_model_make_the_digest_and_prices_do_not() -> None:
    with Server(says("ok")) as server:
        one = model(server).digest
        assert one == model(server, read_price="9 EUR", timeout="5s").digest
        assert one == model(server, url=server.url + "/").digest
        assert one != model(server, model="other").digest


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://93.184.216.34/v1", "unencrypted"),
        ("http://169.254.169.254/v1", "unencrypted"),
        ("https://user:pw@host/v1", "name or password"),
        ("https://host/v1?key=1", "query"),
        ("https://host:99999/v1", "no address"),
        ("https://", "no host"),
        ("https://ho st/v1", "spaces"),
        ("${MODEL_URL}", "neither"),
    ],
)
def test_an_address_that_would_not_do_is_refused_at_once(url: str, words: str) -> None:
    with Server(says("ok")) as server, pytest.raises(InputProblem, match=words) as raised:
        model(server, url=url)
    assert raised.value.code == "RW-LLM-001"
    assert "pw" not in raised.value.message


@pytest.mark.parametrize("url", ["https://example.org/v1", "http://10.1.2.3:8080/v1", "http://[::1]:9/v1"])
def test_addresses_that_are_encrypted_or_near_are_allowed(url: str) -> None:
    with Server(says("ok")) as server:
        assert model(server, url=url).name == "small"


def test_a_name_that_leads_to_a_public_host_is_not_asked_in_the_clear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def found(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("10.0.0.7", 80)), (2, 1, 6, "", ("93.184.216.34", 80))]

    with Server(says("ok")) as server:
        asking = model(server, url="http://llm.internal/v1")
        monkeypatch.setattr("roadworthy.adapters.openai.address.socket.getaddrinfo", found)
        with pytest.raises(InputProblem, match="public host"):
            asking.complete(ASKED)


def test_many_threads_share_one_model() -> None:
    def echo(body: dict[str, Any]) -> Scripted:
        return says(body["messages"][0]["content"])

    with Server(echo) as server, ThreadPoolExecutor(16) as pool:
        asking = model(server)
        texts = [f"text {number}" for number in range(200)]
        found = list(pool.map(lambda text: asking.complete((Message("user", text),)).text, texts))
    assert found == texts


def test_cached_and_reasoning_tokens_are_told_apart_and_billed_as_such() -> None:
    details = {
        "prompt_tokens_details": {"cached_tokens": 600},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    answer = says("x", read=1_000, written=50, **details)
    found = ask(answer, cached_price="0.05 EUR")
    assert found.tokens == Tokens(1_000, 50, cached=600, reasoning=30)
    assert found.cost == Cost(400 * 500 + 600 * 50 + 50 * 1_500)


@pytest.mark.parametrize("told", [1_001, -1, True, 2.5, "600", None])
@pytest.mark.parametrize("details", ["prompt_tokens_details", "completion_tokens_details"])
def test_parts_of_tokens_that_cannot_be_leave_the_dearer_bill(told: object, details: str) -> None:
    hidden = {details: {"cached_tokens": told, "reasoning_tokens": told}}
    found = ask(says("x", read=1_000, written=50, **hidden), cached_price="0.05 EUR")
    assert found.tokens == Tokens(1_000, 50)
    assert found.cost == Cost(1_000 * 500 + 50 * 1_500)
    assert not found.estimated


def test_no_answer_carries_the_bill_of_what_was_sent_for_it() -> None:
    nothing = Scripted(
        json.dumps({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 1}}).encode()
    )
    problem = failure(nothing)
    assert isinstance(problem, Unanswered)
    assert (problem.requests, problem.tokens) == (4, Tokens(36, 4))
    assert problem.cost == Cost(4 * (9 * 500 + 1_500))
