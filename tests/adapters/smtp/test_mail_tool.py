"""A mail that an effect sends, to a real server of this machine (aiosmtpd)."""

import asyncio
import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from hypothesis import given
from hypothesis import strategies as st
from tests.certificates import make_certificate

from roadworthy.adapters.smtp import MailTool, build
from roadworthy.charter import Tool
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.ports import Connector
from roadworthy.ports.incoming import is_own_message_id
from roadworthy.ports.tooling import Secret
from roadworthy.testing.conformance.connectors import WritesConformance

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
GOOD: dict[str, object] = {"to": "ada@example.com", "subject": "Your order", "body": "It left.\n.\n"}


class Post:
    """What a server took, and what it answers."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.answers: dict[str, str] = {}

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get(address, "250 fine")

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:
        self.taken.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        if self.answers.get("DATA") == "lost":
            server.transport.close()
            await asyncio.sleep(0)
        return self.answers.get("DATA", "250 taken")


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def port(post: Post) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        found = free.getsockname()[1]
    server = Controller(post, hostname="127.0.0.1", port=found)
    server.start()
    yield found
    server.stop()


def mail(port: int, *, asks: Callable[[str], bool] | None = None, **declared: Any) -> MailTool:
    options = {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "from": "desk@example.org",
        **declared.pop("options", {}),
    }
    told = {"sink": "message", "control": ["to", "cc"], "timeout": "3s", "options": options, **declared}
    return build(
        "desk.mail",
        Tool(use="mail.send", **told),
        reach=lambda host, _: [host],
        secret=None,
        now=lambda: NOW,
        asks=asks,
    )


class TestConformance(WritesConformance):
    @pytest.fixture
    def writes(self, port: int) -> Connector:
        return mail(port)

    @pytest.fixture
    def good(self) -> dict[str, object]:
        return GOOD

    @pytest.fixture
    def felt(self, post: Post) -> Callable[[], int]:
        return lambda: len(post.taken)

    @pytest.fixture
    def refuses(self, port: int) -> Connector:
        return mail(port)


def test_a_mail_arrives_as_it_was_meant_with_an_id_that_its_key_gives(post: Post, port: int) -> None:
    hanging = [{"name": "a.txt", "text": "Grüße"}, {"name": "b.bin", "base64": "AAE="}]
    given = {**GOOD, "cc": ["bo@example.com"], "attachments": hanging, "in_reply_to": "<m1@example.com>"}
    first = mail(port).send("desk:1:a", given)
    assert mail(port).send("desk:1:a", given) == first
    assert mail(port).send("desk:2:a", given) != first
    sender, to, raw = post.taken[0]
    assert (sender, to) == ("desk@example.org", ["ada@example.com", "bo@example.com"])
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["Message-ID"] == first["message_id"]
    assert is_own_message_id(str(read["Message-ID"]).strip("<>"))
    assert (read["In-Reply-To"], read["Auto-Submitted"]) == ("<m1@example.com>", "auto-generated")
    assert read.get_body().get_content().replace("\r\n", "\n") == "It left.\n.\n"  # type: ignore[union-attr]
    assert [part.get_content() for part in read.iter_attachments()] == ["Grüße".encode(), b"\x00\x01"]


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "ada@example.com\r\nBcc: eve@example.com"},
        {"to": "ada@example.com, eve@example.com"},
        {"to": "Ada <ada@example.com>"},
        {"to": "ada@exämple.com"},
        {"to": ["ada@example.com", 7]},
        {"to": [f"a{n}@example.com" for n in range(51)]},
        {"to": []},
        {"cc": "ada@example.com>"},
        {"subject": "Hi\r\nBcc: eve@example.com"},
        {"subject": "Hi\u2028there"},
        {"subject": "x" * 501},
        {"subject": 7},
        {"body": "a\x00b"},
        {"body": "\ud800"},
        {"body": None},
        {"in_reply_to": "<a@b>\r\nX: y"},
        {"attachments": [{"name": "../a", "text": "x"}]},
        {"attachments": [{"name": 'a"\r\nX: y', "text": "x"}]},
        {"attachments": [{"name": "a", "base64": "?"}]},
        {"attachments": [{"name": "a"}]},
        {"attachments": "x"},
        {"bcc": "eve@example.com"},
    ],
)
def test_nothing_gets_into_the_headers_and_nothing_unfit_leaves(
    post: Post, port: int, changed: dict[str, object]
) -> None:
    with pytest.raises(InputProblem) as told:
        mail(port).send("k", {**GOOD, **changed})
    assert told.value.code == "RW-MAIL-001"
    assert not post.taken
    assert "eve" not in told.value.message


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_a_subject_and_a_body_hold_the_headers_are_ours(subject: str, body: str) -> None:
    tool = mail(1)
    try:
        message, _ = tool._written(
            "x@example.org", {"to": "a@example.com", "subject": subject, "body": body}
        )
    except InputProblem:
        return
    read = email.message_from_bytes(message.as_bytes(policy=email.policy.SMTP), policy=email.policy.default)
    assert set(read.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding",
        "MIME-Version",
    }  # fmt: skip
    assert read["To"] == "a@example.com"


@pytest.mark.parametrize(
    ("answers", "kind", "safe"),
    [
        ({"bo@example.com": "550 nobody"}, InputProblem, None),
        ({"bo@example.com": "450 busy"}, Unavailable, True),
        ({"DATA": "451 later"}, Unavailable, True),
        ({"DATA": "554 no"}, InputProblem, None),
        ({"DATA": "lost"}, Unavailable, False),
    ],
)
def test_what_the_server_answers_decides_what_is_done_next(
    post: Post, port: int, answers: dict[str, str], kind: type[Exception], safe: bool | None
) -> None:
    post.answers = answers
    with pytest.raises(kind) as told:
        mail(port).send("k", {**GOOD, "cc": "bo@example.com"})
    assert getattr(told.value, "retry_is_safe", None) is safe
    # One that is refused is none for all of them.
    assert len(post.taken) == ("DATA" in answers)


def test_a_server_that_is_away_or_drips_for_ever_is_left_and_that_is_safe() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        free = closed.getsockname()[1]
    with pytest.raises(Unavailable) as away:
        mail(free).send("k", GOOD)
    with dripping() as port, pytest.raises(Unavailable) as slow:
        mail(port, timeout="1s").send("k", GOOD)
    assert (away.value.retry_is_safe, slow.value.retry_is_safe) == (True, True)


@contextmanager
def dripping() -> Iterator[int]:
    """A server that greets for ever, a line at a time."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                while not ended.wait(0.05):
                    try:
                        connection.sendall(b"220-wait\r\n")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        ended.set()
        thread.join(5)


def test_a_server_that_keeps_what_it_sent_is_asked_about_a_key(port: int) -> None:
    kept: set[str] = set()
    tool = mail(port, asks=lambda id_: id_ in kept, idempotency="lookup")
    assert tool.lookup("k") is None
    sent = tool.send("k", GOOD)
    kept.add(str(sent["message_id"]).strip("<>"))
    assert tool.lookup("k") == {"message_id": sent["message_id"]}


def test_only_named_domains_are_written_to(post: Post, port: int) -> None:
    tool = mail(port, options={"domains": ["example.org"]})
    with pytest.raises(InputProblem, match="domains"):
        tool.send("k", GOOD)
    tool.send("k", {**GOOD, "to": "ada@EXAMPLE.org"})
    assert len(post.taken) == 1


def test_a_mail_that_is_too_large_does_not_leave(post: Post, port: int) -> None:
    with pytest.raises(InputProblem, match="bytes"):
        mail(port, options={"max_bytes": 500}).send("k", {**GOOD, "body": "x" * 1000})
    assert not post.taken


def test_a_declaration_that_does_not_fit_is_told_at_once() -> None:
    options = {
        "host": "mail.example.com",
        "tls": "none",
        "from": "desk",
        "max_bytes": -1,
        "domains": "x",
        "y": 1,
    }
    with pytest.raises(InputProblem) as told:
        build(
            "desk.mail", Tool(use="mail.send", idempotency="native", control=["body"], options=options),
            reach=lambda host, _: [host], secret=Secret(lambda: "a:b"), now=lambda: NOW, asks=None,
        )  # fmt: skip
    places = sorted(one.place.removeprefix("tools.desk.mail.") for one in told.value.problems)
    assert places == [
        "control", "control", "idempotency", "options", "options.domains", "options.from", "options.max_bytes",
        "options.tls", "sink",
    ]  # fmt: skip


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_an_encrypted_server_has_to_prove_its_name_before_it_hears_the_password(
    post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    certificate, key = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    heard: list[object] = []

    def asked(_server: Any, _session: Any, _envelope: Any, _how: str, told: Any) -> AuthResult:
        heard.append((told.login, told.password))
        return AuthResult(success=told.password == b"pa:ss", handled=False)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    how = (
        {"ssl_context": context}
        if tls == "implicit"
        else {"tls_context": context, "require_starttls": True}
    )
    server = Controller(
        post, hostname="127.0.0.1", port=port, authenticator=asked, auth_required=tls == "starttls",
        auth_require_tls=tls == "starttls", **how,
    )  # fmt: skip
    options = {"host": "127.0.0.1", "port": port, "tls": tls, "from": "desk@example.org"}
    declared = Tool(use="mail.send", sink="message", control=["to", "cc"], options=options, timeout="5s")

    def sends(secret: str) -> Mapping[str, object]:
        tool = build(
            "desk.mail",
            declared,
            reach=lambda host, _: [host],
            secret=Secret(lambda: secret),
            now=lambda: NOW,
            asks=None,
        )
        return tool.send("k", GOOD)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server.start()
    try:
        sends("desk:pa:ss")
        with pytest.raises(InputProblem) as wrong:
            sends("desk:other")
        assert wrong.value.code == "RW-MAIL-002"
        assert "other" not in str(wrong.value.as_json())
        monkeypatch.delenv("SSL_CERT_FILE")
        heard.clear()
        with pytest.raises(Unavailable) as stranger:
            sends("desk:pa:ss")
        assert stranger.value.retry_is_safe
        assert heard == []
    finally:
        server.stop()
    assert len(post.taken) == 1
