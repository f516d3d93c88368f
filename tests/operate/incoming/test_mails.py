"""A mail becomes a case once; what is no case is kept with its reason; whoever sends too many waits."""

import pytest
from tests.adapters.mail.letters import a_mail, nested, opener
from tests.operate.flows import reply
from tests.operate.office import CHARTER, Office

from roadworthy.errors import Conflict
from roadworthy.operate.incoming import standing
from roadworthy.operate.incoming.mails import Address, Fate, Mails
from roadworthy.operate.incoming.rates import MOST_SENDERS, Rates
from roadworthy.stage import Stage

MAIL = """
intake:
  mail:
    help:
      address: help@desk.example
      authserv: mx
      fields: {text: body, sender: verified_from}
      max_bytes: 2000
      rate_per_sender: 2/h
      rate: 3/h
"""
PROVEN = "mx; dmarc=pass header.from=example.com"


def mails(
    office: Office, charter: str = CHARTER + MAIL, stage: Stage = Stage.PRODUCTION, number: int = 1
) -> Mails:
    office.release(reply, charter=charter, stage=stage, number=number)
    return Mails(office.deployment, opener(), Rates())


def at(taking: Mails) -> Address:
    found = taking.at_the_door("<HELP@desk.example>")
    assert found is not None
    return found


def rejects(office: Office) -> list[tuple[str, tuple[str, ...]]]:
    with office.store.read() as tx:
        return [(one.key, tuple(one.problems)) for one in office.store.cases.rejects(tx, "desk").rows]


def test_the_same_mail_twice_is_one_case(office: Office) -> None:
    taking = mails(office)
    raw = a_mail("refund 0.9", Authentication_Results=PROVEN)
    assert taking.take(at(taking), raw, envelope="ada@example.com") is Fate.TAKEN
    assert taking.take(at(taking), b"Received: by mx\r\n" + raw, envelope="ada@example.com") is Fate.TAKEN
    case = office.case("m1@example.com")
    with office.store.read() as tx:
        assert office.deployment.vault.open(tx, case.input) == {
            "text": "refund 0.9",
            "sender": "ada@example.com",
        }
        assert len(office.store.cases.list(tx, "desk").rows) == 1
    assert rejects(office) == []


def test_a_sender_that_is_not_proven_fills_no_trusted_field(office: Office) -> None:
    taking = mails(office)
    taking.take(at(taking), a_mail("refund 0.9"), envelope="ada@example.com")
    with office.store.read() as tx:
        assert office.deployment.vault.open(tx, office.case("m1@example.com").input) == {
            "text": "refund 0.9"
        }


def test_another_mail_under_the_same_id_is_kept_and_changes_nothing(office: Office) -> None:
    taking = mails(office)
    taking.take(at(taking), a_mail("refund 0.9"), envelope="ada@example.com")
    assert taking.take(at(taking), a_mail("other 0.9"), envelope="eve@example.org") is Fate.REJECTED
    ((key, problems),) = rejects(office)
    assert key == "m1@example.com"
    assert "other content" in problems[0]


@pytest.mark.parametrize(
    ("raw", "envelope", "fate", "told"),
    [
        (a_mail("x" * 300), "ada@example.com", Fate.REJECTED, "at most 200 are taken"),
        (a_mail(""), "ada@example.com", Fate.REJECTED, "is missing"),
        (a_mail("returned"), "", Fate.REJECTED, "bounce"),
        (a_mail("away", Auto_Submitted="auto-replied"), "ada@example.com", Fate.REJECTED, "Auto-Submitted"),
        (a_mail("x" * 3_000), "ada@example.com", Fate.UNFIT, "at most 2000"),
        (nested(11), "a@b.example", Fate.UNFIT, "deep"),
    ],
)  # fmt: skip
def test_what_is_no_case_is_kept_once_with_its_reason(
    office: Office, raw: bytes, envelope: str, fate: Fate, told: str
) -> None:
    taking = mails(office)
    for _ in range(2):
        assert taking.take(at(taking), raw, envelope=envelope) is fate
    (one,) = rejects(office)[:1]
    assert told in one[1][0]
    if one[0]:
        assert len(rejects(office)) == 1


def test_mails_of_programs_are_cases_where_the_charter_says_so(office: Office) -> None:
    taking = mails(office, CHARTER + MAIL + "      automatic: true\n")
    raw = a_mail("refund 0.9", Auto_Submitted="auto-generated")
    assert taking.take(at(taking), raw, envelope="shop@example.com") is Fate.TAKEN


def test_a_sender_and_all_senders_together_wait_beyond_their_rates(office: Office) -> None:
    taking = mails(office)

    def send(number: int, sender: str) -> Fate:
        return taking.take(
            at(taking), a_mail("a 0.9", Message_ID=f"<m{number}@x.example>"), envelope=sender
        )

    assert [send(n, "eve@example.org") for n in range(3)] == [Fate.TAKEN, Fate.TAKEN, Fate.LATER]
    assert [send(n, f"s{n}@example.org") for n in (4, 5)] == [Fate.TAKEN, Fate.LATER]
    office.later(hours=1)
    assert send(2, "eve@example.org") is Fate.TAKEN
    assert rejects(office) == []


def test_senders_are_counted_in_bounded_memory() -> None:
    rates = Rates()
    assert all(rates.allows(str(n), "1/h", at=0.0) for n in range(MOST_SENDERS + 10))
    assert not rates.allows(str(MOST_SENDERS + 9), "1/h", at=0.0)
    assert len(rates._windows) == MOST_SENDERS


def test_a_draft_opens_no_door_and_a_halted_release_leaves_it_open_for_people(office: Office) -> None:
    assert mails(office, stage=Stage.DRAFT).at_the_door("help@desk.example") is None
    halted = mails(office, CHARTER + MAIL + "      automatic: true\n", Stage.HALTED, 2)
    assert halted.take(at(halted), a_mail("refund 0.9"), envelope="ada@example.com") is Fate.TAKEN
    assert office.case("m1@example.com").release == ""


def test_two_workers_with_one_mail_at_the_same_moment_make_one_case(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking = mails(office)
    address, raw = at(taking), a_mail("refund 0.9")
    real, raced = standing.submit, []

    def races(*args: object) -> object:
        raced.append(args)
        if len(raced) == 1:
            real(*args)  # type: ignore[arg-type]  # the other worker
            raise Conflict("RW-CASE-021", "was taken in this moment")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(standing, "submit", races)
    assert taking.take(address, raw, envelope="ada@example.com") is Fate.TAKEN
    assert rejects(office) == []


def test_a_mail_that_the_store_cannot_take_now_is_no_reject(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking = mails(office)
    address = at(taking)

    def fails(*_: object) -> None:
        raise Conflict("RW-STORE-001", "another change was faster")

    monkeypatch.setattr(standing, "submit", fails)
    with pytest.raises(Conflict):
        taking.take(address, a_mail("refund 0.9"), envelope="ada@example.com")
    assert rejects(office) == []
