"""A mailbox of a real Dovecot: nothing is lost, whatever fails between reading and moving."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.adapters.mail.letters import a_mail, opener
from tests.dovecot import PASSWORD, USER, Dovecot
from tests.operate.flows import reply
from tests.operate.office import CHARTER, Office

from roadworthy.adapters.imap import Account, open_mailbox
from roadworthy.charter import Charter, Tool
from roadworthy.charter.incoming import Imap
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.operate.incoming.mails import Mails, look_into_mailboxes
from roadworthy.operate.incoming.rates import Rates
from roadworthy.ports.incoming import own_message_id
from roadworthy.testing.memory import MemoryStore
from roadworthy.wiring.place import Workspace
from roadworthy.wiring.tools import Toolmaker


def account(port: int, *, password: str = PASSWORD) -> Account:
    return Account("127.0.0.1", port, "none", lambda: (USER, password), lambda host, _: [host])


def test_mails_are_listed_read_unread_and_moved(dovecot: Dovecot) -> None:
    dovecot.deliver(a_mail("one"))
    dovecot.deliver(a_mail("two" * 1000, Message_ID="<m2@example.com>"))
    with open_mailbox(account(dovecot.port), "INBOX") as mailbox:
        first, second = mailbox.waiting(most=10)
        assert second.size > first.size
        assert mailbox.read(first.number, most_bytes=100_000) == a_mail("one")
        assert len(mailbox.read(second.number, most_bytes=50)) == 50
        assert len(mailbox.waiting(most=1)) == 1
        mailbox.move(first.number, "Done")
        assert [one.number for one in mailbox.waiting(most=10)] == [second.number]
        assert mailbox.holds("m2@example.com")
        assert not mailbox.holds("m1@example.com")
    assert dovecot.lying("Done") == [a_mail("one")]
    with dovecot.client() as client:
        client.select("INBOX", readonly=True)
        assert client.search(None, "SEEN")[1] == [b""]


def test_a_server_that_cannot_move_copies_and_marks(dovecot: Dovecot) -> None:
    dovecot.deliver(a_mail("one"))
    with open_mailbox(account(dovecot.port), "INBOX") as mailbox:
        mailbox._moves = False
        (one,) = mailbox.waiting(most=10)
        mailbox.move(one.number, "Done")
        assert mailbox.waiting(most=10) == ()
        assert not mailbox.holds("m1@example.com")
    assert dovecot.lying("Done") == [a_mail("one")]
    assert dovecot.lying("INBOX") == []


def test_a_server_that_does_not_let_in_or_is_away_says_so_without_its_secret(dovecot: Dovecot) -> None:
    with (
        pytest.raises(InputProblem) as refused,
        open_mailbox(account(dovecot.port, password="wrong"), "INBOX"),
    ):
        pass
    with pytest.raises(InputProblem) as missing, open_mailbox(account(dovecot.port), "Nowhere"):
        pass
    with pytest.raises(InputProblem), open_mailbox(account(dovecot.port), "a\r\nLOGOUT"):
        pass
    with pytest.raises(Unavailable) as away, open_mailbox(account(1), "INBOX"):
        pass
    assert {refused.value.code, missing.value.code} == {"RW-MAIL-011"}
    assert away.value.code == "RW-MAIL-010"
    assert "wrong" not in refused.value.message


def desk(folder: Path, port: int) -> tuple[Office, Mails]:
    office = Office(folder)
    office.release(reply, charter=CHARTER + f"""
intake:
  mail:
    help:
      address: help@desk.example
      authserv: mx.desk.example
      fields: {{text: body, sender: verified_from}}
      imap: {{host: 127.0.0.1, port: {port}, tls: none, credential: "env:MAIL"}}
""")  # fmt: skip
    return office, Mails(office.deployment, opener(), Rates())


def test_mails_become_cases_and_go_where_they_belong(dovecot: Dovecot, tmp_path: Path) -> None:
    office, mails = desk(tmp_path, dovecot.port)
    proven = "mx.desk.example; dkim=pass header.d=example.com"
    dovecot.deliver(a_mail("refund 0.9", Authentication_Results=proven))
    dovecot.deliver(a_mail("x" * 300, Message_ID="<long@example.com>"))
    dovecot.deliver(a_mail("away", Message_ID="<auto@example.com>", Auto_Submitted="auto-replied"))

    def opened(imap: Imap) -> object:
        return open_mailbox(account(imap.port), imap.folder)

    assert look_into_mailboxes(mails, opened) == 3  # type: ignore[arg-type]
    case = office.case("m1@example.com")
    with office.store.read() as tx:
        assert office.deployment.vault.open(tx, case.input) == {
            "text": "refund 0.9",
            "sender": "ada@example.com",
        }
        rejects = office.store.cases.rejects(tx, "desk").rows
    assert {one.key for one in rejects} == {"long@example.com", "auto@example.com"}
    assert len(dovecot.lying("Done")) == 1
    assert len(dovecot.lying("Rejected")) == 2
    assert dovecot.lying("INBOX") == []
    office.store.close()


def test_what_cannot_be_written_down_stays_in_the_mailbox_and_becomes_one_case(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, mails = desk(tmp_path, dovecot.port)
    dovecot.deliver(a_mail("refund 0.9"))
    moves: list[str] = []

    def opened(imap: Imap) -> object:
        return open_mailbox(account(imap.port), imap.folder)

    from roadworthy.adapters.imap import ImapMailbox

    real = ImapMailbox.move

    def dies(self: ImapMailbox, number: str, folder: str) -> None:
        moves.append(folder)
        if len(moves) == 1:
            raise Unavailable("RW-MAIL-010", "the line went dead after the commit", retry_is_safe=True)
        real(self, number, folder)

    monkeypatch.setattr(ImapMailbox, "move", dies)
    assert look_into_mailboxes(mails, opened) == 0  # type: ignore[arg-type]
    assert len(dovecot.lying("INBOX")) == 1
    assert look_into_mailboxes(mails, opened) == 1  # type: ignore[arg-type]
    assert moves == ["Done", "Done"]
    with office.store.read() as tx:
        assert len(office.store.cases.list(tx, "desk").rows) == 1
        assert office.store.cases.rejects(tx, "desk").rows == ()
    office.store.close()


def test_an_effect_looks_for_its_mail_where_the_server_keeps_what_it_sent(
    dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL", f"{USER}:{PASSWORD}")
    here = f"127.0.0.1:{dovecot.port}"
    tool = Tool(
        use="mail.send", sink="message", control=["to", "cc"], idempotency="lookup", credential="env:MAIL",
        hosts=[here, "127.0.0.1:1"],
        options={
            "host": "127.0.0.1", "port": 1, "tls": "none", "from": "desk@example.org",
            "imap": {"host": "127.0.0.1", "port": dovecot.port, "tls": "none", "sent": "Sent"},
        },
    )  # fmt: skip
    charter = Charter.model_construct(use_case="desk", tools={"desk.mail": tool}, data={})
    maker = Toolmaker(Workspace(tmp_path, ""), MemoryStore())
    sending = maker.connectors("sha256:1", charter, "", tmp_path, tmp_path)["desk.mail"]
    id_ = own_message_id("desk:1:mail", "example.org")
    dovecot.deliver(a_mail(Message_ID="<other@example.org>"), "Sent")
    assert sending.lookup("desk:1:mail") is None
    dovecot.deliver(a_mail(Message_ID=f"<{id_}>"), "Sent")
    assert sending.lookup("desk:1:mail") == {"message_id": f"<{id_}>"}


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_an_encrypted_mailbox_has_to_prove_its_name(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    dovecot.deliver(a_mail("one"))
    port = dovecot.secure_port if tls == "implicit" else dovecot.port
    known = replace(account(port), tls=tls)
    with pytest.raises(Unavailable), open_mailbox(known, "INBOX"):
        pass
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.certificate))
    with open_mailbox(known, "INBOX") as mailbox:
        assert len(mailbox.waiting(most=10)) == 1
