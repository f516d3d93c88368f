"""Answers that are too large, too late, cut off or left."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import Callable

import pytest

from roadworthy.ports.upstream import Broken, Flow, Incoming
from roadworthy.testing.conformance.upstream.scenes import (
    LARGEST,
    PATIENCE_S,
    SECRET,
    Opener,
    Scenes,
    asked,
    outgoing,
    sends,
    sends_and_ends,
    sends_and_hangs,
    sends_without_end,
)
from roadworthy.testing.serving import Answering, Serving, chunked, whole


class BreakingConformance(Scenes):
    """Every way in which no whole answer comes, and whether it may be billed."""

    @pytest.mark.parametrize("size", [0, 1, 65_536, 200_000])
    def test_an_answer_of_exactly_the_most_bytes_is_whole(
        self, post: Callable[..., Incoming], size: int
    ) -> None:
        assert post(sends(whole(b"x" * size)), most=size).body == b"x" * size
        assert post(sends(chunked(b"x" * size) if size else chunked()), most=size).body == b"x" * size

    @pytest.mark.parametrize("size", [0, 1, 65_536, 200_000])
    def test_one_byte_more_is_too_much(self, post: Callable[..., Incoming], size: int) -> None:
        for answer in (whole(b"x" * (size + 1)), chunked(b"x" * (size + 1))):
            with pytest.raises(Broken, match="larger than") as caught:
                post(sends(answer), most=size)
            assert caught.value.sent

    def test_an_answer_without_end_is_left(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> None:
            upstream = open_upstream(server.base)
            with pytest.raises(Broken, match="larger than 100,000 bytes"):
                await upstream.post(outgoing(server.base), most=100_000)
            await server.left.wait()
            await upstream.close()

        asked(sends_without_end, scenario)

    def test_a_small_answer_that_unpacks_to_much_is_left(self, post: Callable[..., Incoming]) -> None:
        bomb = gzip.compress(bytes(50_000_000))
        with pytest.raises(Broken, match="larger than"):
            post(sends(whole(bomb, headers="Content-Encoding: gzip\r\n")), most=100_000)

    def test_a_server_that_never_answers_is_left_in_time(
        self,
        read: Callable[[Answering], tuple[list[bytes], Broken | None]],
        post: Callable[[Answering], Incoming],
    ) -> None:
        with pytest.raises(Broken, match=r"nothing came for 0\.3 s") as caught:
            post(sends_and_hangs())
        assert caught.value.sent
        parts, broken = read(sends_and_hangs())
        assert broken is not None
        assert broken.sent
        assert not parts

    def test_a_stream_that_stops_is_left_in_time_and_what_came_was_given(
        self,
        read: Callable[[Answering], tuple[list[bytes], Broken | None]],
        post: Callable[[Answering], Incoming],
    ) -> None:
        stops = sends_and_hangs(chunked(b"data: 1\n\n", ended=False))
        parts, broken = read(stops)
        assert parts == [b"data: 1\n\n"]
        assert broken is not None
        assert broken.sent
        assert "nothing came for" in broken.reason
        with pytest.raises(Broken, match="nothing came for"):
            post(stops)

    @pytest.mark.parametrize(
        "came",
        [
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Le",
            b"SSH-2.0-nothing of the kind\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
            chunked(b"abc", ended=False),
            chunked(ended=False) + b"5\r\nab",
            chunked(b"abc", ended=False) + b"zz\r\nabc",
        ],
    )
    @pytest.mark.parametrize("rudely", [False, True])
    def test_an_answer_that_breaks_off_may_be_billed(
        self,
        read: Callable[[Answering], tuple[list[bytes], Broken | None]],
        post: Callable[[Answering], Incoming],
        came: bytes,
        rudely: bool,
    ) -> None:
        with pytest.raises(Broken) as caught:
            post(sends_and_ends(came, rudely=rudely))
        assert caught.value.sent
        _, broken = read(sends_and_ends(came, rudely=rudely))
        assert broken is not None
        assert broken.sent
        for reason in (caught.value.reason, broken.reason):
            assert "127.0.0.1" not in reason
            assert SECRET not in reason

    def test_leaving_a_stream_ends_its_connection(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> None:
            upstream = open_upstream(server.base)
            async with upstream.stream(outgoing(server.base, timeout_s=10.0)) as flow:
                async for part in flow.chunks():
                    assert part
                    break
            await server.left.wait()
            await upstream.close()

        asked(sends_without_end, scenario)
        asked(sends_and_hangs(chunked(b"data: 1\n\n", ended=False)), scenario)

    def test_a_request_that_is_given_up_ends_its_connection_in_time(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> None:
            upstream = open_upstream(server.base)
            asking = asyncio.ensure_future(upstream.post(outgoing(server.base), most=LARGEST))
            while not server.received:
                await asyncio.sleep(0.005)
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
            async with asyncio.timeout(PATIENCE_S * 5):
                await server.left.wait()
            await upstream.close()

        asked(sends_and_hangs(), scenario)

    def test_an_error_within_a_stream_ends_it_and_comes_out(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> None:
            upstream = open_upstream(server.base)

            async def fails(flow: Flow) -> None:
                async for _ in flow.chunks():
                    raise LookupError("ours")

            with pytest.raises(LookupError, match="ours"):
                async with upstream.stream(outgoing(server.base, timeout_s=10.0)) as flow:
                    await fails(flow)
            await server.left.wait()
            await upstream.close()

        asked(sends_without_end, scenario)
