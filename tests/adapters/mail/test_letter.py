"""A mail is opened in bounded time, whatever stands in it, and never raises."""

import base64
import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.mail.letters import a_mail, nested, opener

from roadworthy.ports.incoming import Letter, own_message_id

OPEN = opener()


def opened(
    raw: bytes, *, authserv: str = "", envelope: str | None = "ada@example.com", read: bool = False
) -> Letter:
    return OPEN(raw, authserv=authserv, envelope=envelope, read_attachments=read)


def test_a_mail_says_who_wrote_what() -> None:
    letter = opened(a_mail("Hello\n\n> quoted\n\nBye", In_Reply_To="<before@example.com>"))
    assert letter == Letter(
        id="m1@example.com", sender="ada@example.com", subject="Order 7", body="Hello\n\n> quoted\n\nBye",
        date="2026-05-04", in_reply_to="before@example.com",
    )  # fmt: skip


def test_a_sender_is_proven_by_the_receiving_server_alone() -> None:
    said = "mx.desk.example; dkim=pass header.d=example.com"
    raw = a_mail(Authentication_Results=said)
    assert opened(raw, authserv="mx.desk.example").proven
    assert not opened(raw, authserv="other.example").proven
    assert not opened(raw).proven


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "a@example.com, b@example.com",
        "nobody",
        '"a b"@example.com',
        "group: a@example.com;",
        "a@exam\u043fle.com",
    ],
)
def test_a_sender_that_is_not_one_plain_address_is_none(sender: str) -> None:
    letter = opened(
        a_mail(From=sender, Authentication_Results="mx; dmarc=pass header.from=example.com"), authserv="mx"
    )
    assert (letter.sender, letter.proven) in {("", False), ("a@example.com", False)} or sender.startswith(
        "group"
    )
    if "," in sender:
        assert letter.sender == ""


def test_two_senders_in_two_headers_are_none() -> None:
    raw = b"From: eve@example.org\r\n" + a_mail()
    assert opened(raw).sender == ""


@pytest.mark.parametrize(
    ("headers", "envelope", "told"),
    [
        ({}, "", "bounce"),
        ({"Return_Path": "<>"}, None, "bounce"),
        ({"Content_Type": "multipart/report; boundary=x"}, "a@b.example", "report"),
        ({"Message_ID": f"<{own_message_id('k', 'desk.example')}>"}, "a@b.example", "loop"),
    ],
)
def test_bounces_reports_and_our_own_never_become_cases(
    headers: dict[str, str], envelope: str | None, told: str
) -> None:
    assert told in opened(a_mail(**headers), envelope=envelope).refused


def test_a_mail_that_goes_round_and_round_is_a_loop() -> None:
    assert "loop" in opened(b"Received: from a by b\r\n" * 51 + a_mail()).refused


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; x=1"},
        {"Precedence": "Bulk"},
        {"X_Autoreply": "yes"},
    ],
)
def test_programs_are_known_by_what_they_say(headers: dict[str, str]) -> None:
    assert opened(a_mail(**headers)).automatic
    assert not opened(a_mail(Auto_Submitted="no")).automatic


def test_without_an_id_the_mail_itself_is_one() -> None:
    first, again = opened(a_mail(Message_ID="")), opened(a_mail(Message_ID=""))
    assert first.id == again.id
    assert first.id.startswith("mail-")
    assert opened(a_mail(Message_ID="<a b@c>")).id.startswith("mail-")
    assert opened(a_mail("other", Message_ID="")).id != first.id


def test_attachments_are_named_and_read_where_that_is_wanted() -> None:
    message = EmailMessage()
    message["From"], message["Message-ID"] = "ada@example.com", "<m1@example.com>"
    message.set_content("See there.")
    message.add_attachment("The text.", filename="notes.txt")
    message.add_attachment(b"MZ\x00", maintype="application", subtype="octet-stream", filename="../run.exe")
    raw = message.as_bytes()
    assert [one.text for one in opened(raw).attachments] == ["", ""]
    first, second = opened(raw, read=True).attachments
    assert (first.name, first.text) == ("notes.txt", "The text.\n")
    assert second.text == ""


BOMBS = {
    "deep": nested(11),
    "deeper": nested(5_000),
    "mails in mails": b"From: a@example.com\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "many parts": b'From: a@example.com\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    + b"--b\r\n\r\nx\r\n" * 300,
    "lines and boundaries": nested(9) + b"\r\n" * 900_000,
    "one header": b"From: a@example.com\r\nSubject: " + b"=?utf-8?q?a?= " * 300_000,
    "many headers": b"X: y\r\n" * 300_000,
    "brackets": b"From: " + b"(" * 100_000 + b"\r\n\r\n",
    "no letters": bytes(range(256)) * 4_000,
    "nothing": b"",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_mail_bomb_ends_in_bounded_time(bomb: bytes) -> None:
    begun = time.process_time()
    letter = opened(bomb, authserv="mx", read=True)
    assert time.process_time() - begun < 5
    assert letter.unread or letter.body == "" or len(letter.body) < 2_000_000


def test_packed_attachments_are_left_to_readers_that_bound_them() -> None:
    message = EmailMessage()
    message["From"] = "ada@example.com"
    message.set_content("x")
    message.add_attachment(
        base64.b64encode(b"PK\x03\x04" + b"\0" * 1000), maintype="a", subtype="b", filename="bomb.docx"
    )
    (one,) = opened(message.as_bytes(), read=True).attachments
    assert one.text == ""


@given(st.binary(max_size=300))
def test_whatever_is_sent_is_a_letter(raw: bytes) -> None:
    assert opened(raw).id


@given(st.text(max_size=100))
def test_whatever_headers_say_is_a_letter(text: str) -> None:
    raw = f"From: {text}\r\nSubject: {text}\r\nMessage-ID: {text}\r\nDate: {text}\r\n\r\n{text}".encode(
        "utf-8", "surrogatepass"
    )
    assert opened(raw, authserv=text).id
