"""The serving process: real sockets, real signals."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx2
import pytest
from tests.server.desk import SIGNED_IN_BY_FORM, hidden

from roadworthy.server.guard import MAX_BODY_BYTES

ROOT = Path(__file__).resolve().parents[2]


class Served:
    """A running process with the address, the key and the link it printed."""

    def __init__(self, port: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.serving", str(port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.key, self.link, self.url = self.line(), self.line(), self.line()

    def line(self) -> str:
        return _pipe(self.process.stdout).readline().strip()

    def end(self, number: int) -> tuple[int, str]:
        """Send the signal; the exit status and what was said on stderr."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    process = Served(0)
    yield process
    if process.process.poll() is None:
        process.end(signal.SIGTERM)


def test_it_answers_over_a_real_socket(served: Served) -> None:
    with httpx2.Client(base_url=served.url, headers={"authorization": f"Bearer {served.key}"}) as client:
        assert client.get("/readyz").json() == {"ready": True}
        body = {"use_case": "desk", "key": "a/b c", "data": {"text": "refund 0.9"}}
        assert client.post("/api/v1/cases", json=body).status_code == 202
        assert client.get("/api/v1/cases/a%2Fb%20c").json()["case"]["key"] == "a/b c"
        assert client.get("/readyz", headers={"host": "evil.example"}).status_code == 200
        assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_a_person_signs_in_over_a_real_socket(served: Served) -> None:
    with httpx2.Client(base_url=served.url) as client:
        page = client.get(f"/sign-in?token={served.link}")
        fields = hidden(page.text, "/sign-in", {})
        answer = client.post("/sign-in", data=fields, headers=SIGNED_IN_BY_FORM)
        assert answer.status_code == 303
        assert "Test desk" in client.get("/portfolio").text


def test_a_body_without_a_length_is_cut_off_at_the_limit(served: Served) -> None:
    with httpx2.Client(base_url=served.url, headers={"authorization": f"Bearer {served.key}"}) as client:
        parts = (b" " * 65_536 for _ in range(MAX_BODY_BYTES // 65_536 + 1))
        answer = client.post("/api/v1/cases", content=parts, headers={"content-type": "application/json"})
        assert answer.status_code == 413


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_what_is_in_hand_was_answered(number: int) -> None:
    process = Served(0)
    answers: list[str] = []

    def ask() -> None:
        answers.append(httpx2.get(f"{process.url}/slow", timeout=20).text)

    asking = threading.Thread(target=ask)
    asking.start()
    assert process.line() == "in hand"
    status, said = process.end(number)
    asking.join()
    assert answers == ["answered while ending"]
    assert (status, said) == (0, "")


def test_a_port_that_is_taken_leads_to_the_next_one_and_is_said() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        process = Served(taken)
        assert taken < int(process.url.rsplit(":", 1)[1]) <= taken + 20
        status, said = process.end(signal.SIGTERM)
    assert status == 0
    assert f"port {taken} is taken" in said
