import pytest
from tests.operate import flows
from tests.operate.office import Office

from roadworthy.casework.case import State
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.operate.work import handlers


def die() -> None:
    raise KeyboardInterrupt


def away(*, safe: bool):
    def fail() -> None:
        raise Unavailable("RW-X-001", "away", retry_is_safe=safe)

    return fail


def crash_while_sending(office: Office, flow, tool: str, *, felt: bool) -> None:
    office.release(flow)
    office.submit("K-1")
    setattr(office.tools[tool], "after" if felt else "before", die)
    with pytest.raises(KeyboardInterrupt):
        office.work()
    office.tools[tool].after = office.tools[tool].before = lambda: None
    case = office.case("K-1")
    handlers(office.deployment)["segment"](f"{case.id}/1/1")


def test_after_a_crash_a_native_key_is_sent_again_and_felt_once(office: Office) -> None:
    crash_while_sending(office, flows.reply, "mail.reply", felt=True)
    assert len(office.tools["mail.reply"].sends) == 2
    assert len(office.tools["mail.reply"].felt) == 1
    assert office.case("K-1").state is State.CLOSED


@pytest.mark.parametrize("felt", [True, False])
def test_after_a_crash_a_look_up_decides_whether_to_send_again(office: Office, felt) -> None:
    crash_while_sending(office, flows.post, "post.send", felt=felt)
    if not felt:
        assert office.effects("K-1")[0].state == "unknown", (
            "what its receiver does not know yet may still come"
        )
        assert office.tools["post.send"].sends == []
        office.later(minutes=10)
        office.work()
    assert len(office.tools["post.send"].sends) == 1
    assert office.case("K-1").state is State.CLOSED


@pytest.mark.parametrize("felt", [True, False])
def test_without_a_promise_nothing_is_sent_twice_and_a_person_decides(office: Office, felt) -> None:
    crash_while_sending(office, flows.fax, "fax.send", felt=felt)
    office.later(minutes=1)
    office.work()
    assert len(office.tools["fax.send"].sends) == (1 if felt else 0)
    assert office.effects("K-1")[0].state == "unknown"
    assert office.case("K-1").state is State.WAITING
    assert [review.kind for review in office.reviews("K-1")] == ["unclear"]


def test_a_connector_that_is_away_is_asked_again_with_growing_patience(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    office.tools["mail.reply"].before = away(safe=True)
    office.work()
    assert office.effects("K-1")[0].state == "ready"
    office.tools["mail.reply"].before = lambda: None
    office.work()
    assert office.tools["mail.reply"].sends == [], "not before its time"
    office.later(minutes=10)
    office.work()
    assert office.case("K-1").state is State.CLOSED


def test_after_enough_attempts_a_person_decides(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    office.tools["mail.reply"].before = away(safe=True)
    for _ in range(12):
        office.work()
        office.later(minutes=10)
    assert office.effects("K-1")[0].state == "dead"
    assert office.case("K-1").state is State.WAITING


def test_an_unclear_failure_without_a_promise_goes_to_a_person_at_once(office: Office) -> None:
    office.release(flows.fax)
    office.submit("K-1")
    office.tools["fax.send"].before = away(safe=False)
    office.work()
    assert office.effects("K-1")[0].state == "unknown"


def test_what_the_receiver_refuses_for_good_goes_to_a_person(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")

    def refuse() -> None:
        raise InputProblem("RW-X-002", "no such mailbox")

    office.tools["mail.reply"].before = refuse
    office.work()
    assert office.effects("K-1")[0].state == "dead"
    assert "refused it" in office.reviews("K-1")[0].reasons[0]


def test_delivering_twice_finds_nothing_to_do(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    office.work()
    handlers(office.deployment)["deliver"](office.case("K-1").id)
    assert len(office.tools["mail.reply"].sends) == 1
