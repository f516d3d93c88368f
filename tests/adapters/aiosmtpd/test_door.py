"""The mail door, spoken to by the standard library's clients."""

import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.adapters.mail.letters import a_mail, opener
from tests.operate.flows import reply
from tests.operate.office import CHARTER, Office

from roadworthy.adapters.aiosmtpd import MailDoor, Take, Taken
from roadworthy.errors import Unavailable
from roadworthy.operate.incoming.mails import Fate, Mails
from roadworthy.operate.incoming.rates import Rates
from roadworthy.wiring.incoming import taking_mails


@contextmanager
def door(take: Take, *, lmtp: bool = True, takes: Callable[[str], bool] = lambda _: True) -> Iterator[int]:
    opened = MailDoor("127.0.0.1", 0, lmtp=lmtp, most_bytes=10_000, takes=takes, take=take)
    opened.start()
    try:
        yield opened.port
    finally:
        opened.stop()
        opened.stop()


def hand_in(
    port: int,
    raw: bytes,
    *,
    to: str = "help@desk.example",
    sender: str = "ada@example.com",
    lmtp: bool = True,
) -> None:
    client = smtplib.LMTP("127.0.0.1", port) if lmtp else smtplib.SMTP("127.0.0.1", port)
    with client:
        client.sendmail(sender, [to], raw)


@pytest.mark.parametrize("lmtp", [True, False])
def test_a_mail_is_handed_over_as_it_came(lmtp: bool) -> None:
    taken = []
    with door(lambda *mail: taken.append(mail) or Taken(""), lmtp=lmtp) as port:  # type: ignore[func-returns-value]
        hand_in(port, a_mail(".dots\n..more"), lmtp=lmtp)
    assert taken == [("ada@example.com", "help@desk.example", a_mail(".dots\n..more"))]


def fails(*_: object) -> Taken:
    raise Unavailable("RW-STORE-001", "the database is away", retry_is_safe=True)


@pytest.mark.parametrize(
    ("take", "status"),
    [
        (lambda *_: Taken("later", "too many"), 451),
        (lambda *_: Taken("never", "no"), 554),
        (fails, 451),
    ],
)
def test_what_is_not_written_down_is_not_answered_for(take: Take, status: int) -> None:
    with door(take) as port, pytest.raises(smtplib.SMTPDataError) as told:
        hand_in(port, a_mail())
    assert told.value.smtp_code == status
    assert b"database" not in told.value.smtp_error  # type: ignore[operator]


def test_strangers_second_recipients_and_what_is_too_large_are_refused() -> None:
    taken: list[object] = []

    def take(*mail: object) -> Taken:
        taken.append(mail)
        return Taken("")

    with door(take, takes=lambda address: address == "help@desk.example") as port:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            hand_in(port, a_mail(), to="root@desk.example")
        with pytest.raises(smtplib.SMTPSenderRefused):
            hand_in(port, a_mail("x" * 20_000))
        with smtplib.LMTP("127.0.0.1", port) as client:
            refused = client.sendmail("a@example.com", ["help@desk.example", "HELP@desk.example"], a_mail())
            assert [code for code, _ in refused.values()] == [452]
    assert len(taken) == 1


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        opened = MailDoor("127.0.0.1", port, lmtp=True, most_bytes=1, takes=lambda _: True, take=fails)
        with pytest.raises(Unavailable) as told:
            opened.start()
    assert told.value.code == "RW-MAIL-012"


def test_a_mail_through_the_door_becomes_a_case(office: Office) -> None:
    office.release(reply, charter=CHARTER + """
intake:
  mail: {help: {address: help@desk.example, fields: {text: body}, rate_per_sender: 2/h}}
""")  # fmt: skip
    mails = taking_mails(office.deployment)

    def take(envelope: str, recipient: str, raw: bytes) -> Taken:
        address = mails.at_the_door(recipient)
        assert address is not None
        return Taken("later" if mails.take(address, raw, envelope=envelope) is Fate.LATER else "")

    with door(take, takes=lambda address: mails.at_the_door(address) is not None) as port:
        hand_in(port, a_mail("refund 0.9"), to="Help@Desk.example")
        hand_in(port, a_mail("refund 0.9"))
        with pytest.raises(smtplib.SMTPDataError):
            hand_in(port, a_mail("refund 0.9", Message_ID="<m3@example.com>"))
    with office.store.read() as tx:
        assert [one.key for one in office.store.cases.list(tx, "desk").rows] == ["m1@example.com"]


def test_rates_and_openers_are_those_of_the_wiring(office: Office) -> None:
    assert isinstance(taking_mails(office.deployment), Mails)
    assert opener()(a_mail(), authserv="", envelope="", read_attachments=False).refused
    assert Rates().allows("a", "1/s", at=0.0)
