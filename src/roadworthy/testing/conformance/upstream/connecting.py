"""Which servers are connected to, and how connections are kept."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from roadworthy.ports.upstream import Broken, Outgoing
from roadworthy.testing.conformance.upstream.scenes import (
    LARGEST,
    PATIENCE_S,
    Opener,
    Scenes,
    asked,
    outgoing,
    sends,
    sends_and_ends,
)
from roadworthy.testing.serving import Serving, chunked, whole


class ConnectingConformance(Scenes):
    """Connections that cannot be, must not be, are kept and are given back."""

    def test_without_a_connection_nothing_was_sent(self, open_upstream: Opener) -> None:
        async def scenario() -> None:
            with socket.create_server(("127.0.0.1", 0)) as taken:
                port = taken.getsockname()[1]
            base = f"http://127.0.0.1:{port}/v1"
            upstream = open_upstream(base)
            with pytest.raises(Broken, match="no connection") as caught:
                await upstream.post(outgoing(base), most=LARGEST)
            assert not caught.value.sent
            with pytest.raises(Broken, match="no connection") as caught:
                async with upstream.stream(outgoing(base)):
                    pass
            assert not caught.value.sent
            await upstream.close()

        asyncio.run(scenario())

    def test_a_certificate_nobody_vouches_for_is_refused(
        self, open_upstream: Opener, self_signed: ssl.SSLContext
    ) -> None:
        async def scenario() -> tuple[Broken, int]:
            async with Serving(sends(whole(b"{}")), tls=self_signed) as server:
                upstream = open_upstream(server.base)
                with pytest.raises(Broken) as caught:
                    await upstream.post(outgoing(server.base, timeout_s=5.0), most=LARGEST)
                await upstream.close()
                return caught.value, len(server.received)

        broken, requests = asyncio.run(scenario())
        assert not broken.sent
        assert requests == 0

    def test_connections_are_kept_and_used_again(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> int:
            upstream = open_upstream(server.base)
            for number in range(10):
                await upstream.post(outgoing(server.base), most=LARGEST)
                async with upstream.stream(outgoing(server.base)) as flow:
                    assert b"".join([part async for part in flow.chunks()]) == b"ab", number
            await upstream.close()
            return server.connections

        assert asked(sends(chunked(b"a", b"b")), scenario) <= 2

    def test_a_connection_that_was_closed_meanwhile_is_not_used_again(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> int:
            upstream = open_upstream(server.base)
            for _ in range(3):
                await upstream.post(outgoing(server.base), most=LARGEST)
                await asyncio.sleep(0.05)
            await upstream.close()
            return server.connections

        assert asked(sends_and_ends(whole(b"{}")), scenario) == 3

    @pytest.mark.parametrize(
        ("name", "value"), [("x-a", "b\r\nx-c: d"), ("x-a\r\n", "b"), ("x a", "b"), ("x-a", "b\x00")]
    )
    def test_a_header_that_cannot_be_is_not_sent(
        self, open_upstream: Opener, name: str, value: str
    ) -> None:
        async def scenario(server: Serving) -> int:
            upstream = open_upstream(server.base)
            with pytest.raises(Broken, match="header") as caught:
                await upstream.post(outgoing(server.base, headers={name: value}), most=LARGEST)
            assert not caught.value.sent
            await upstream.close()
            return len(server.received)

        assert asked(sends(whole(b"{}")), scenario) == 0

    @pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1/x", "http://127.0.0.1:1.example/v1/x", ""])
    def test_a_request_for_another_server_is_not_sent(self, open_upstream: Opener, url: str) -> None:
        async def scenario(server: Serving) -> int:
            upstream = open_upstream(server.base)
            with pytest.raises(Broken, match="does not belong") as caught:
                await upstream.post(Outgoing(url, {}, b"{}", PATIENCE_S), most=LARGEST)
            assert not caught.value.sent
            await upstream.close()
            return len(server.received)

        assert asked(sends(whole(b"{}")), scenario) == 0

    def test_a_name_is_asked_at_whichever_of_its_addresses_answers(
        self, open_upstream: Opener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def found(*_: object, **__: object) -> list[tuple[object, ...]]:
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, ports[0]))
                for each in ("127.0.0.9", "127.0.0.1")
            ]

        async def scenario(server: Serving) -> list[int]:
            ports.append(server.port)
            base = f"http://llm.internal:{server.port}/v1"
            upstream = open_upstream(base)
            got = await asyncio.gather(
                *(upstream.post(outgoing(base, timeout_s=5.0), most=LARGEST) for _ in range(8))
            )
            async with upstream.stream(outgoing(base, timeout_s=5.0)) as flow:
                last = flow.status
            await upstream.close()
            assert {each.headers["host"] for each in server.received} == {f"llm.internal:{server.port}"}
            return [*(each.status for each in got), last]

        ports: list[int] = []
        monkeypatch.setattr(socket, "getaddrinfo", found)
        assert asked(sends(whole(b"{}")), scenario) == [200] * 9

    @pytest.mark.parametrize("addresses", [("93.184.216.34",), ("127.0.0.1", "93.184.216.34")])
    def test_a_name_of_a_public_host_is_not_asked_in_the_clear(
        self, open_upstream: Opener, monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
    ) -> None:
        def found(*_: object, **__: object) -> list[tuple[object, ...]]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in addresses]

        async def scenario(server: Serving) -> int:
            base = f"http://llm.internal:{server.port}/v1"
            upstream = open_upstream(base)
            with pytest.raises(Broken, match="public host") as caught:
                await upstream.post(outgoing(base), most=LARGEST)
            assert not caught.value.sent
            await upstream.close()
            return len(server.received)

        monkeypatch.setattr(socket, "getaddrinfo", found)
        assert asked(sends(whole(b"{}")), scenario) == 0

    def test_a_name_that_is_not_found_is_no_connection(
        self, open_upstream: Opener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def found(*_: object, **__: object) -> list[tuple[object, ...]]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        async def scenario() -> Broken:
            base = "http://llm.internal:8080/v1"
            upstream = open_upstream(base)
            with pytest.raises(Broken) as caught:
                await upstream.post(outgoing(base), most=LARGEST)
            await upstream.close()
            return caught.value

        monkeypatch.setattr(socket, "getaddrinfo", found)
        assert not asyncio.run(scenario()).sent

    def test_closing_gives_back_every_connection(self, open_upstream: Opener) -> None:
        async def scenario(server: Serving) -> None:
            upstream = open_upstream(server.base)
            await upstream.post(outgoing(server.base), most=LARGEST)
            await upstream.close()
            await server.left.wait()
            await upstream.close()

        asked(sends(whole(b"{}")), scenario)
