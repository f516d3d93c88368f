"""Who may be reached: by name, by every way to write an address, by names that change, and by redirects."""

import asyncio
import socket
import threading
import time
from typing import Any

import httpcore2
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.httpx2.conftest import Desk, reply

from roadworthy.adapters.httpx2 import guarded_client, is_outside, why_not_named
from roadworthy.adapters.httpx2.guard import Guard
from roadworthy.errors import Refused, Unavailable
from roadworthy.ports.tooling import Barred, BrokenAnswer, Http

ELEVEN = (
    "127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0.0.0.0",
    "169.254.169.254", "[::1]", "100.64.0.1", "[64:ff9b::7f00:1]",
)  # fmt: skip


def ask(http: Http, url: str, hosts: list[str], **changes: Any) -> Any:
    given_: dict[str, Any] = {"headers": {}, "body": None, "timeout_s": 3.0, "most_bytes": 10_000}
    return http("GET", url, hosts=hosts, **{**given_, **changes})


@pytest.mark.parametrize("form", ELEVEN)
def test_no_way_to_write_a_private_address_is_reached(http: Http, form: str) -> None:
    # Named as a host, so that only the address itself is in the way.
    with pytest.raises(Refused) as refused:
        ask(http, f"http://{form}/", [form])
    assert refused.value.code == "RW-TOOL-006"


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "192.168.0.1", "172.16.0.1", "fe80::1", "fd00::1", "ff02::1", "224.0.0.1", "255.255.255.255",
     "2002:7f00:1::", "2001:0:7f00:1::", "64:ff9b:1::7f00:1", "::127.0.0.1", "198.18.0.1", "240.0.0.1", "::"],
)  # fmt: skip
def test_addresses_that_are_not_the_internet_are_told_apart(address: str) -> None:
    assert not is_outside(address)


def test_addresses_of_the_internet_are_outside() -> None:
    assert all(
        map(is_outside, ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"])
    )


@given(st.ip_addresses(v=4))
def test_an_address_hidden_in_another_is_judged_as_itself(address: Any) -> None:
    for hidden in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert is_outside(hidden) <= is_outside(str(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com@evil.example/",
        "https://api.example.com:443@evil.example/",
        "https://user:pass@api.example.com/",
        "https://evil.example#@api.example.com/",
        "https://evil.example?@api.example.com/",
        "https://evil.example\\@api.example.com/",
        "https://api.example.com.evil.example/",
        "https://api.example.com./",
        "https://api.example.com:8443/",
        "http://api.example.com:443/",
        "file://api.example.com/etc/passwd",
        "gopher://api.example.com/",
        "//api.example.com/",
        "https:///",
        "https://api.example.com\r\nx: y/",
        "https://[::1",
        "",
    ],
)
def test_no_trick_in_an_address_passes_for_a_named_host(url: str) -> None:
    assert why_not_named(url, ["api.example.com"])


def test_a_named_host_is_reached_on_its_own_port_alone() -> None:
    assert not why_not_named("https://API.example.com/x", ["api.example.com"])
    assert not why_not_named("https://api.example.com:443/", ["api.example.com"])
    assert not why_not_named("https://api.example.com:8443/", ["api.example.com:8443"])
    assert not why_not_named("http://[::1]:80/", ["::1"])
    assert why_not_named("https://api.example.com/", [])


def test_a_private_address_is_reached_where_it_is_named_with_its_port(http: Http, desk: Desk) -> None:
    assert ask(http, f"http://{desk.place}/", [desk.place]).status == 200
    with pytest.raises(Refused):
        ask(http, f"http://{desk.place}/", ["127.0.0.1"])
    port = desk.place.rpartition(":")[2]
    with pytest.raises(Refused, match="leads to an address inside a network"):
        ask(http, f"http://localhost:{port}/", [f"localhost:{port}"])
    named = [f"localhost:{port}", desk.place, f"[::1]:{port}"]
    assert ask(http, f"http://localhost:{port}/", named).status == 200


def test_a_name_that_answers_otherwise_a_moment_later_gains_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    connected: list[str] = []
    faces = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])

    async def resolve(_self: object, host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in next(faces)]

    async def connect(_self: object, host: str, *_: object, **__: object) -> None:
        connected.append(host)
        raise httpcore2.ConnectError("closed")

    async def work() -> None:
        guard = Guard(["rebind.example"])
        with pytest.raises(httpcore2.ConnectError):
            await guard.connect_tcp("rebind.example", 80)
        with pytest.raises(Barred):
            await guard.connect_tcp("rebind.example", 80)

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve)
    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    asyncio.run(work())
    # Connected to by the number that was looked at: no second question in between.
    assert (asked, connected) == (["rebind.example"] * 2, ["93.184.216.34"])


def test_a_name_with_one_private_address_among_others_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def resolve(_self: object, _host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("1.1.1.1", "10.0.0.1")]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve)
    with pytest.raises(Barred):
        asyncio.run(Guard([]).connect_tcp("two.example", 80))


def test_no_redirect_is_followed(http: Http, desk: Desk) -> None:
    desk.answer = lambda handler: reply(handler, 302, b"", location="http://169.254.169.254/latest/")
    assert ask(http, f"http://{desk.place}/", [desk.place]).status == 302
    assert len(desk.asked) == 1


def test_a_client_of_the_library_asks_no_proxy_and_no_other_host(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def work() -> int:
        async with guarded_client([desk.place], timeout_s=3.0, most_bytes=1_000) as client:
            with pytest.raises(Barred):
                await client.get("http://evil.example/", follow_redirects=True)
            found: httpx2.Response = await client.get(f"http://{desk.place}/")
            return found.status_code

    assert asyncio.run(work()) == 200


def test_an_answer_is_read_no_further_than_allowed(http: Http, desk: Desk) -> None:
    desk.answer = lambda handler: reply(handler, 200, b"x" * 10_001)
    with pytest.raises(BrokenAnswer, match="longer than 10000 bytes"):
        ask(http, f"http://{desk.place}/", [desk.place])
    desk.answer = lambda handler: reply(handler, 200, b"x" * 10_000)
    assert len(ask(http, f"http://{desk.place}/", [desk.place]).body) == 10_000


def test_a_packed_answer_is_not_unpacked(http: Http, desk: Desk) -> None:
    desk.answer = lambda handler: reply(handler, 200, b"\x1f\x8b", content_encoding="gzip")
    with pytest.raises(BrokenAnswer, match="packed"):
        ask(http, f"http://{desk.place}/", [desk.place])


def test_a_server_that_drips_is_left_after_the_whole_time(http: Http, desk: Desk) -> None:
    ended = threading.Event()

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(200):
            try:
                handler.wfile.write(b"x")
                handler.wfile.flush()
            except OSError:
                break
            if ended.wait(0.05):
                break
        handler.close_connection = True

    desk.answer = drip
    begun = time.monotonic()
    with pytest.raises(Unavailable, match=r"no answer within 0.4 s") as late:
        ask(http, f"http://{desk.place}/", [desk.place], timeout_s=0.4)
    ended.set()
    assert time.monotonic() - begun < 5
    assert not late.value.retry_is_safe


def test_a_closed_port_is_safe_to_try_again(http: Http) -> None:
    with pytest.raises(Unavailable) as nobody:
        ask(http, "http://127.0.0.1:1/", ["127.0.0.1:1"])
    assert nobody.value.retry_is_safe


def test_no_cookie_is_carried_from_one_call_to_the_next(http: Http, desk: Desk) -> None:
    desk.answer = lambda handler: reply(handler, 200, b"{}", set_cookie="case=1")
    ask(http, f"http://{desk.place}/", [desk.place])
    ask(http, f"http://{desk.place}/", [desk.place])
    assert "cookie" not in desk.asked[1][2]
