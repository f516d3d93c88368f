"""The server that other tests lean on does what its replies say, seen through a plain socket."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing
from typing import Any

import pytest
from tests.gateway.upstream import Reply, Upstream

CHAT = {"model": "small", "messages": [{"role": "user", "content": "good day to you"}]}


def connection(upstream: Upstream) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=10)


def posted(upstream: Upstream, path: str = "/v1/chat/completions", **changes: object) -> tuple[int, bytes]:
    with closing(connection(upstream)) as link:
        link.request("POST", path, json.dumps({**CHAT, **changes}))
        with link.getresponse() as answer:
            return answer.status, answer.read()


def events(body: bytes) -> list[Any]:
    found = [part.removeprefix("data: ") for part in body.decode().split("\n\n") if part]
    return [each if each == "[DONE]" else json.loads(each) for each in found]


def test_a_connection_is_kept_for_many_requests(upstream: Upstream) -> None:
    link = connection(upstream)
    for _ in range(3):
        link.request("POST", "/v1/chat/completions", json.dumps(CHAT), {"X-Case": "17"})
        assert json.loads(link.getresponse().read())["usage"]["prompt_tokens"] == 4
    link.close()
    assert [one.body for one in upstream.seen] == [CHAT] * 3
    assert {one.headers["x-case"] for one in upstream.seen} == {"17"}
    assert upstream.until(lambda: upstream.ended("whole") == 3)
    assert upstream.connections == 1


def test_what_a_stream_says_is_what_the_whole_answer_says(upstream: Upstream) -> None:
    whole = json.loads(posted(upstream, n=2)[1])
    _, body = posted(upstream, n=2, stream=True, stream_options={"include_usage": True})
    found = events(body)
    assert found[-1] == "[DONE]"
    assert found[-2]["choices"] == []
    assert found[-2]["usage"] == whole["usage"]
    said = ["", ""]
    for each in found[:-2]:
        assert each["usage"] is None
        for choice in each["choices"]:
            said[choice["index"]] += choice["delta"].get("content") or ""
    assert said == [choice["message"]["content"] for choice in whole["choices"]]


@pytest.mark.parametrize(
    ("counting", "asked", "places"),
    [
        ("asked", False, []),
        ("asked", True, [-2]),
        ("always", False, [-2]),
        ("never", True, []),
        ("early", False, [0]),
        ("with_choices", False, [-2]),
        ("zero", True, [-2]),
    ],
)
def test_tokens_are_told_where_the_reply_says(
    upstream: Upstream, counting: Any, asked: bool, places: list[int]
) -> None:
    upstream.always = Reply(counting=counting)
    found = events(posted(upstream, stream=True, stream_options={"include_usage": asked})[1])
    told = [place for place, each in enumerate(found) if each != "[DONE]" and each.get("usage")]
    assert told == [place % len(found) for place in places]
    if counting == "zero":
        assert found[-2]["usage"]["total_tokens"] == 0
    if counting == "with_choices":
        assert found[-2]["choices"]


@pytest.mark.parametrize(
    "counts", [{"prompt_tokens": -5}, {"total_tokens": "many"}, {"prompt_tokens": 10**30}, None]
)
def test_it_lies_about_tokens_when_told_to(upstream: Upstream, counts: Any) -> None:
    upstream.always = Reply(counts=counts)
    told = json.loads(posted(upstream)[1]).get("usage")
    assert told is None if counts is None else counts.items() <= told.items()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("breaks", ["reset", "close"])
@pytest.mark.parametrize("when", ["before", "headers", "within"])
def test_it_breaks_off_where_it_was_told(upstream: Upstream, stream: bool, breaks: Any, when: Any) -> None:
    upstream.always = Reply(breaks=breaks, when=when)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        posted(upstream, stream=stream)
    assert upstream.until(lambda: upstream.ended("broken") == 1)
    assert upstream.seen[0].pieces == (2 if when == "within" else 0)


@pytest.mark.parametrize("when", ["before", "headers", "within"])
def test_what_hangs_goes_on_when_released(upstream: Upstream, when: Any) -> None:
    upstream.then(Reply(breaks="hang", when=when))
    link = connection(upstream)
    link.request("POST", "/v1/chat/completions", json.dumps({**CHAT, "stream": True}))
    assert upstream.until(lambda: len(upstream.seen) == 1)
    assert upstream.ended() == 0
    upstream.release()
    assert events(link.getresponse().read())[-1] == "[DONE]"
    link.close()


@pytest.mark.parametrize("when", ["before", "headers", "within"])
def test_a_client_that_leaves_a_hanging_answer_is_noticed(upstream: Upstream, when: Any) -> None:
    upstream.then(Reply(breaks="hang", when=when))
    link = connection(upstream)
    link.request("POST", "/v1/chat/completions", json.dumps({**CHAT, "stream": True}))
    assert upstream.until(lambda: len(upstream.seen) == 1)
    link.close()
    assert upstream.until(lambda: upstream.ended("dropped") == 1)


@pytest.mark.parametrize(
    ("lines", "holds"),
    [
        ("crlf", b"}\r\n\r\ndata: "),
        ("cr", b"}\r\rdata: "),
        ("multi", b'data: {\ndata:  "id": '),
        ("comments", b": ping\n\n"),
        ("close_colon", b"data:{"),
        ("mark", b"\xef\xbb\xbfdata: "),
        ("garbage", b"data: %%% not JSON\n\n"),
        ("after_done", b"data: [DONE]\n\ndata: {"),
    ],
)
def test_a_stream_is_written_in_the_manner_asked_for(upstream: Upstream, lines: Any, holds: bytes) -> None:
    upstream.always = Reply(lines=lines)
    assert holds in posted(upstream, stream=True)[1]


def test_a_stream_can_lack_its_end_or_half_an_event(upstream: Upstream) -> None:
    upstream.then(Reply(lines="no_done"), Reply(lines="half"))
    assert b"[DONE]" not in posted(upstream, stream=True)[1]
    with pytest.raises(json.JSONDecodeError):
        events(posted(upstream, stream=True)[1])


def test_pieces_cut_through_letters(upstream: Upstream) -> None:
    upstream.always = Reply(piece=1)
    link = connection(upstream)
    link.request("POST", "/v1/chat/completions", json.dumps({**CHAT, "stream": True}))
    body = link.getresponse().read()
    link.close()
    assert upstream.seen[0].pieces == len(body)
    assert "🙂" in body.decode()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 502, 503])
def test_every_status_has_an_error_in_openai_s_shape(upstream: Upstream, status: int) -> None:
    upstream.always = Reply(status=status, retry_after="2")
    found, body = posted(upstream, stream=True)
    assert found == status
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}


def test_a_body_can_be_anything_of_any_kind(upstream: Upstream) -> None:
    upstream.then(
        Reply(status=502, body=b"<html>bad gateway</html>", kind="text/html"), Reply(body=b'{"a":')
    )
    assert posted(upstream) == (502, b"<html>bad gateway</html>")
    assert posted(upstream) == (200, b'{"a":')


def test_a_hundred_megabytes_are_sent_in_blocks(upstream: Upstream) -> None:
    upstream.always = Reply(body=b" " * 100_000_000)
    with socket.create_connection(("127.0.0.1", upstream.port), timeout=10) as link:
        link.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
        assert b"content-length: 100000000" in link.recv(1 << 16)
    assert upstream.until(lambda: upstream.ended("dropped") == 1)


def test_answers_can_wait_until_so_many_are_asked_for(upstream: Upstream) -> None:
    upstream.always = Reply(together=2)
    one, other = connection(upstream), connection(upstream)
    one.request("POST", "/v1/chat/completions", json.dumps(CHAT))
    assert upstream.until(lambda: len(upstream.seen) == 1)
    assert upstream.ended() == 0
    other.request("POST", "/v1/chat/completions", json.dumps(CHAT))
    assert [link.getresponse().status for link in (one, other)] == [200, 200]
    assert upstream.peak == 2
    one.close()
    other.close()


def test_a_chunked_request_is_read_whole(upstream: Upstream) -> None:
    link = connection(upstream)
    link.request("POST", "/v1/chat/completions", iter([b'{"model":', b'"small"}']), encode_chunked=True,
                 headers={"Transfer-Encoding": "chunked"})  # fmt: skip
    assert link.getresponse().status == 200
    link.close()
    assert upstream.seen[0].body == {"model": "small"}


def test_models_are_listed_and_one_is_told() -> None:
    with Upstream(models=("small", "large")) as upstream:
        link = connection(upstream)
        link.request("GET", "/v1/models")
        assert [each["id"] for each in json.loads(link.getresponse().read())["data"]] == ["small", "large"]
        link.request("GET", "/v1/models/large")
        assert json.loads(link.getresponse().read())["id"] == "large"
        link.request("GET", "/v1/models/other")
        assert link.getresponse().status == 404
        link.close()
