"""Requests as they arrive, and answers as they come back."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable

import pytest

from roadworthy.ports.upstream import Broken, Incoming
from roadworthy.testing.conformance.upstream.scenes import (
    LARGEST,
    PATIENCE_S,
    SECRET,
    Opener,
    Scenes,
    asked,
    outgoing,
    sends,
)
from roadworthy.testing.serving import Answering, Received, Serving, chunk, chunked, whole


class AnsweringConformance(Scenes):
    """Whole answers, and answers that come bit by bit."""

    def test_a_request_arrives_as_it_was_written(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> Received:
            upstream = open_upstream(server.base)
            body = '{"text":"Grüße 😀\\u0000"}'.encode()
            await upstream.post(outgoing(server.base, body, headers={"x-request": "a b"}), most=LARGEST)
            await upstream.close()
            return server.received[0]

        got = asked(sends(whole(b"{}", headers="Set-Cookie: a=1\r\n")), scenario)
        assert (got.method, got.path) == ("POST", "/v1/chat/completions")
        assert got.body == '{"text":"Grüße 😀\\u0000"}'.encode()
        assert got.headers["authorization"] == f"Bearer {SECRET}"
        assert got.headers["content-type"] == "application/json"
        assert got.headers["x-request"] == "a b"
        assert "referer" not in got.headers
        assert "python" not in got.headers["user-agent"].lower()

    def test_cookies_are_not_kept(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> list[Received]:
            upstream = open_upstream(server.base)
            for _ in range(2):
                await upstream.post(outgoing(server.base), most=LARGEST)
            await upstream.close()
            return server.received

        got = asked(sends(whole(b"{}", headers="Set-Cookie: a=1\r\n")), scenario)
        assert all("cookie" not in each.headers for each in got)

    @pytest.mark.parametrize(
        "status", ["200 OK", "400 Bad Request", "429 Too Many Requests", "503 Unavailable"]
    )
    def test_every_status_is_an_answer(self, post: Callable[..., Incoming], status: str) -> None:
        headers = "Retry-After: 7\r\nX-Request-Id: Abc\r\n"
        got = post(sends(whole(b'{"a":1}', status=status, headers=headers)))
        assert got.status == int(status[:3])
        assert got.body == b'{"a":1}'
        assert got.headers["retry-after"] == "7"
        assert got.headers["x-request-id"] == "Abc"
        assert all(name == name.lower() for name in got.headers)

    def test_an_answer_without_a_body_is_empty(self, post: Callable[..., Incoming]) -> None:
        assert post(sends(whole(b""))).body == b""
        assert post(sends(b"HTTP/1.1 204 No Content\r\n\r\n")).body == b""

    def test_redirects_are_answers_and_are_not_followed(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> tuple[Incoming, int]:
            upstream = open_upstream(server.base)
            got = await upstream.post(outgoing(server.base), most=LARGEST)
            await upstream.close()
            return got, len(server.received)

        moved = whole(b"", status="307 Temporary Redirect", headers="Location: /v1/elsewhere\r\n")
        got, requests = asked(sends(moved), scenario)
        assert (got.status, got.headers["location"], requests) == (307, "/v1/elsewhere", 1)

    def test_a_packed_answer_is_unpacked_and_says_nothing_of_it(
        self, post: Callable[..., Incoming]
    ) -> None:
        body = b'{"text":"' + b"a" * 5_000 + b'"}'
        packed = gzip.compress(body)
        for answer in (whole(packed, headers="Content-Encoding: gzip\r\n"),
                       chunked(packed[:50], packed[50:], headers="Content-Encoding: gzip\r\n")):  # fmt: skip
            got = post(sends(answer))
            assert got.body == body
            assert "content-encoding" not in got.headers
            assert got.headers.get("content-length", str(len(body))) == str(len(body))

    def test_a_header_that_is_no_text_does_not_cost_the_answer(self, post: Callable[..., Incoming]) -> None:
        answer = b"HTTP/1.1 200 OK\r\nX-Odd: \xff\xfe\r\nX-Even: b\r\nContent-Length: 2\r\n\r\n{}"
        got = post(sends(answer))
        assert (got.body, got.headers["x-even"]) == (b"{}", "b")

    def test_a_stream_is_given_as_it_comes(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> tuple[int, str, list[bytes]]:
            upstream = open_upstream(server.base)
            parts = []
            async with upstream.stream(outgoing(server.base)) as flow:
                async for part in flow.chunks():
                    parts.append(part)
                    seen.release()
            await upstream.close()
            return flow.status, flow.headers["content-type"], parts

        async def answering(_: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(chunked(headers="Content-Type: text/event-stream\r\n", ended=False))
            for number in range(5):
                writer.write(chunk(f"data: {number}\n\n".encode()))
                await seen.acquire()  # the next one is not sent before this one was seen
            writer.write(b"0\r\n\r\n")

        seen = asyncio.Semaphore(0)
        status, kind, parts = asked(answering, scenario)
        assert (status, kind) == (200, "text/event-stream")
        assert parts == [f"data: {number}\n\n".encode() for number in range(5)]

    def test_an_answer_may_take_longer_than_the_time_between_two_chunks(
        self,
        read: Callable[[Answering], tuple[list[bytes], Broken | None]],
        post: Callable[[Answering], Incoming],
    ) -> None:
        text = b"data: one byte at a time\n\n"

        async def answering(_: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(chunked(ended=False))
            for byte in text:
                writer.write(chunk(bytes([byte])))
                await writer.drain()
                await asyncio.sleep(PATIENCE_S / 12)
            writer.write(b"0\r\n\r\n")

        parts, broken = read(answering)
        assert broken is None
        assert b"".join(parts) == text
        assert post(answering).body == text

    def test_fifty_streams_at_once_do_not_mix(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> list[bytes]:
            upstream = open_upstream(server.base)

            async def one(number: int) -> bytes:
                request = outgoing(server.base, str(number).encode(), timeout_s=10.0)
                async with upstream.stream(request) as flow:
                    return b"".join([part async for part in flow.chunks()])

            found = await asyncio.gather(*(one(number) for number in range(50)))
            await upstream.close()
            return found

        async def answering(request: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(chunked(ended=False))
            waiting.add(request.body)
            if len(waiting) == 50:
                all_here.set()
            await all_here.wait()
            for _ in range(20):
                writer.write(chunk(request.body + b";"))
                await writer.drain()
            writer.write(b"0\r\n\r\n")

        waiting: set[bytes] = set()
        all_here = asyncio.Event()
        found = asked(answering, scenario)
        assert found == [f"{number};".encode() * 20 for number in range(50)]
