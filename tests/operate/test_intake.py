import pytest
from tests.operate.flows import reply
from tests.operate.office import SHOP, VERA, Office

from roadworthy.casework.case import State
from roadworthy.errors import Conflict, InputProblem, NotFound, Refused
from roadworthy.operate.intake import submit
from roadworthy.stage import Stage


def test_the_same_key_twice_is_the_same_case(office: Office) -> None:
    office.release(reply)
    first = submit(office.deployment, SHOP, "desk", "K-1", {"text": "refund 0.9"})
    again = submit(office.deployment, SHOP, "desk", "K-1", {"text": "refund 0.9"})
    assert again.again
    assert again.case.id == first.case.id


def test_the_same_key_with_other_content_is_refused(office: Office) -> None:
    office.release(reply)
    office.submit("K-1")
    with pytest.raises(Conflict, match="other content"):
        office.submit("K-1", "other 0.9")


def test_every_breach_of_the_contract_is_named_and_the_message_is_kept(office: Office) -> None:
    office.release(reply)
    with pytest.raises(InputProblem) as found:
        submit(office.deployment, SHOP, "desk", "K-1", {"sender": "nobody", "extra": 1, "text": "x" * 201})
    assert [problem.place for problem in found.value.problems] == ["extra", "text", "sender"]
    with office.store.read() as tx:
        kept = office.store.cases.rejects(tx, "desk").rows
        assert [reject.key for reject in kept] == ["K-1"]
        assert office.deployment.vault.open(tx, kept[0].input)["sender"] == "nobody"
        assert office.store.cases.by_key(tx, "desk", "K-1") is None


@pytest.mark.parametrize("key", ["", " K", "K\n", "K" * 201, "K\x00"])
def test_a_key_is_printable_and_short(office: Office, key: str) -> None:
    office.release(reply)
    with pytest.raises(InputProblem):
        submit(office.deployment, SHOP, "desk", key, {"text": "refund 0.9"})


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", 5, None, ["x"], "x" * 10_000_000])
def test_what_is_no_text_is_rejected_and_never_crashes(office: Office, text: object) -> None:
    office.release(reply)
    with pytest.raises(InputProblem):
        submit(office.deployment, SHOP, "desk", "K-1", {"text": text})
    with office.store.read() as tx:
        assert len(office.store.cases.rejects(tx, "desk").rows) == 1


def test_a_problem_never_repeats_what_was_written(office: Office) -> None:
    office.release(reply)
    with pytest.raises(InputProblem) as found:
        submit(office.deployment, SHOP, "desk", "K-1", {"text": "ok 0.9", "sender": "secret-name"})
    assert "secret-name" not in str(found.value.as_json())


def test_an_unknown_use_case_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound):
        office.submit("K-1")


def test_a_reviewer_takes_no_cases_in(office: Office) -> None:
    office.release(reply)
    with pytest.raises(Refused):
        submit(office.deployment, VERA, "desk", "K-1", {"text": "refund 0.9"})


def test_without_a_live_release_people_get_the_case(office: Office) -> None:
    office.release(reply, stage=Stage.PILOT)
    case = office.submit("K-1")
    office.work()
    assert (case.state, case.release) == (State.WAITING, "")
    assert [review.kind for review in office.reviews("K-1")] == ["work"]


def test_in_shadow_people_work_while_the_release_watches(office: Office) -> None:
    release = office.release(reply, stage=Stage.SHADOW)
    office.submit("K-1")
    office.work()
    assert office.case("K-1").release == ""
    watching = office.case("K-1", twin=release.digest)
    assert (watching.state, watching.handled_by, watching.answer) == (State.CLOSED, "automatic", "refund")
    assert office.tools["mail.reply"].sends == []
