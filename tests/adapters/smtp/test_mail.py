"""A mail reaches a server that takes it; one that does not is a reason to try again."""

from __future__ import annotations

import email
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from roadworthy.adapters.smtp import Mail, MailServer
from roadworthy.errors import Unavailable
from roadworthy.testing.conformance.examples import AT
from roadworthy.testing.conformance.watching import a_notice, an_alert


@contextmanager
def taking_mail(*, refuse: bool = False) -> Iterator[tuple[int, list[str]]]:
    """A server that speaks as much SMTP (RFC 5321) as handing in one mail needs."""
    listener = socket.create_server(("127.0.0.1", 0))
    taken: list[str] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as line:

            def say(text: str) -> None:
                line.write(f"{text}\r\n".encode())
                line.flush()

            say("220 here")
            for raw in line:
                word = raw.decode().upper()
                if word.startswith("DATA"):
                    say("354 go on")
                    lines = []
                    for part in line:
                        if part == b".\r\n":
                            break
                        lines.append(part.decode())
                    taken.append("".join(lines))
                    say("250 taken")
                elif word.startswith("QUIT"):
                    say("221 bye")
                    return
                elif word.startswith("RCPT") and refuse:
                    say("550 no such person ada@example.com")
                else:
                    say("250 fine")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], taken
    finally:
        listener.close()
        thread.join(5)


def mail(port: int) -> Mail:
    return Mail(
        "mail", MailServer("127.0.0.1", port, "none"), sender="rw@example.com", to=["ops@example.com"]
    )


def test_a_mail_says_what_since_when_and_what_to_do() -> None:
    with taking_mail() as (port, taken):
        mail(port).send(a_notice(), an_alert(1, summary="a\nb: 100 % of the budget"), at=AT)
    read = email.message_from_string(taken[0])
    assert read["Subject"].replace("\n", "") == "[FIRING] support: a b: 100 % of the budget"
    assert read["Message-ID"] == f"<{a_notice().id}@roadworthy.invalid>"
    assert "safe step  stop" in str(read.get_payload())


def test_a_server_that_refuses_or_is_away_is_asked_again_and_its_words_are_not_repeated() -> None:
    with taking_mail(refuse=True) as (port, taken):
        with pytest.raises(Unavailable) as caught:
            mail(port).send(a_notice(), an_alert(), at=AT)
        assert caught.value.code == "RW-ALERT-010"
        assert "ada@" not in str(caught.value)
        assert taken == []
    with pytest.raises(Unavailable):
        mail(port).send(a_notice(), an_alert(), at=AT)
