"""Which port is served on. That a process serves, drains and ends is tested with the doors."""

from __future__ import annotations

import socket
from importlib import import_module

import pytest

from roadworthy.errors import Unavailable

serving = import_module("roadworthy.adapters.granian.serving")


def test_where_no_port_is_free_it_says_which_were_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "TRIES", 0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Unavailable, match="no free port") as raised:
            serving.free_port("127.0.0.1", other.getsockname()[1])
    assert raised.value.code == "RW-SERVER-001"


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(Unavailable, match="no address of this machine"):
        serving.free_port(host, 0)


def test_port_0_is_any_free_port() -> None:
    assert serving.free_port("127.0.0.1", 0) > 1023
