"""What an agent elsewhere calls stands under the rules of its charter, and survives whoever dies in between."""

import pytest
from tests.operate.office import BEN, OLGA, SHOP
from tests.operate.outside.agency import TOLD, Agency

from roadworthy.casework.case import State
from roadworthy.casework.review import Verdict
from roadworthy.errors import Conflict, InputProblem, NotFound, Refused, Unavailable
from roadworthy.operate.intake import submit
from roadworthy.operate.outside.offering import offers
from roadworthy.operate.stopping import resume, stop
from roadworthy.stage import Stage

MAIL = {"to": "ada@example.com", "text": "your parcel is here"}


def ready(office: Agency, key: str = "C-1") -> None:
    office.opens()
    office.submit(key)


def test_a_read_is_a_step_with_its_marking(office: Agency) -> None:
    ready(office)
    assert office.call("books.look", {"who": "ada@example.com"}).body == {"account": "A-1", "balance": 5}
    assert office.steps() == ["call:books.look"]
    assert office.tools["books.look"].calls == 1


def test_a_write_waits_for_a_person_and_is_found_again_by_the_same_call(office: Agency) -> None:
    ready(office)
    told = office.call("mail.reply", MAIL)
    assert (told.body["status"], told.failed) == ("awaiting_review", False)
    assert office.case("C-1").state is State.WAITING
    again = office.call("mail.reply", MAIL)
    assert again.body["effect"] == told.body["effect"]
    assert office.call("books.look").body["balance"] == 5, "it goes on beside the review"
    assert len(office.effects("C-1")) == 1
    office.decide(Verdict.APPROVE)
    office.work()
    done = office.result(told.body["review"])
    assert (done.body["status"], list(office.tools["mail.reply"].felt.values())) == ("done", [MAIL])
    assert office.call("mail.reply", MAIL).body == done.body == office.result(done.body["effect"]).body
    assert len(office.tools["mail.reply"].sends) == 1
    assert office.steps() == ["propose:mail.reply", "call:books.look", "result:mail.reply"]
    assert office.case("C-1").state is State.OPEN


def test_another_key_makes_another_proposal_of_the_same_call(office: Agency) -> None:
    ready(office)
    first, second = (office.call("mail.reply", MAIL, again=key) for key in ("a", "b"))
    assert first.body["effect"] != second.body["effect"]
    assert office.call("mail.reply", MAIL, again="a").body["effect"] == first.body["effect"]
    with pytest.raises(InputProblem) as caught:
        office.call("mail.reply", {**MAIL, "text": "other"}, again="a")
    assert caught.value.code == "RW-EFFECT-003"


def test_two_reviews_are_answered_one_after_the_other(office: Agency) -> None:
    ready(office)
    office.call("mail.reply", MAIL)
    office.call("fax.send", {"to": "ada@example.com"})
    office.decide(Verdict.APPROVE)
    office.decide(Verdict.APPROVE)
    office.work()
    assert {one.state for one in office.effects("C-1")} == {"confirmed"}
    assert office.case("C-1").state is State.OPEN


def test_nobody_approves_what_their_own_agent_proposes(office: Agency) -> None:
    ready(office)
    office.owner = "vera"
    office.call("mail.reply", MAIL)
    with pytest.raises(Refused):
        office.decide(Verdict.APPROVE)
    assert {"call.proposed", "effect.proposed", "review.opened"} <= set(office.events())


def test_a_person_says_no(office: Agency) -> None:
    ready(office)
    told = office.call("mail.reply", MAIL)
    office.decide(Verdict.REJECT)
    refused = office.result(told.body["effect"])
    assert refused.failed
    assert refused.body["error"]["code"] == "RW-MCP-012"
    assert office.tools["mail.reply"].sends == []


def test_what_a_certificate_covers_leaves_at_once(office: Agency) -> None:
    ready(office)
    told = office.call("mail.reply", MAIL, confidence=0.95)
    assert (told.body["status"], told.body["response"]["id"]) == ("done", office.effects("C-1")[0].key)


def test_a_process_that_died_before_it_sent_is_made_up_for_once(office: Agency) -> None:
    ready(office)

    def die() -> None:
        office.tools["mail.reply"].before = lambda: None
        raise KeyboardInterrupt

    office.tools["mail.reply"].before = die
    with pytest.raises(KeyboardInterrupt):
        office.call("mail.reply", MAIL, confidence=0.95)
    office.later(minutes=2)
    office.work()
    assert office.effects("C-1")[0].state == "confirmed"
    assert office.call("mail.reply", MAIL, confidence=0.95).body["status"] == "done"
    assert len(office.tools["mail.reply"].sends) == 1


def test_a_process_that_died_while_it_sent_is_made_up_for_once(office: Agency) -> None:
    ready(office)

    def die() -> None:
        office.tools["mail.reply"].after = lambda: None
        raise KeyboardInterrupt

    office.tools["mail.reply"].after = die
    with pytest.raises(KeyboardInterrupt):
        office.call("mail.reply", MAIL, confidence=0.95)
    office.later(minutes=2)
    assert office.call("mail.reply", MAIL, confidence=0.95).body["status"] == "done"
    assert len(office.tools["mail.reply"].felt) == 1


def test_a_read_that_trusted_values_led_to_lets_its_answer_steer_the_next_call(office: Agency) -> None:
    ready(office)
    office.call("bank.pay", {"account": "A-1", "amount": 1}, confidence=0.95)
    office.call("books.look", {"who": "somebody else"})
    office.call("bank.pay", {"account": "A-1", "amount": 2}, confidence=0.95)
    office.call("books.look", {"who": "ada@example.com"})
    office.call("bank.pay", {"account": "A-1", "amount": 3}, confidence=0.95)
    assert ["account" in one.untrusted for one in office.effects("C-1")] == [True, True, False]
    assert office.effects("C-1")[2].marking.origin == "untrusted"


@pytest.mark.parametrize("stage", [Stage.PILOT, Stage.SHADOW])
def test_before_the_canary_nothing_leaves(office: Agency, stage: Stage) -> None:
    office.opens(stage=stage)
    told = office.call("mail.reply", MAIL, confidence=0.95)
    assert told.body["status"] == "simulated"
    assert office.call("books.look").body["balance"] == 5
    assert office.tools["mail.reply"].sends == []
    assert office.end("replied").body == {"status": "over"}


def test_a_rehearsal_leaves_the_real_case_alone(office: Agency) -> None:
    office.opens(stage=Stage.SHADOW)
    office.call("mail.reply", MAIL)
    assert submit(office.deployment, SHOP, "desk", "C-1", {"text": "refund 0.9"}).again is False


def test_a_call_without_a_case_is_refused_beyond_the_pilot(office: Agency) -> None:
    office.opens()
    with pytest.raises(InputProblem) as caught:
        office.call("books.look", key="")
    assert caught.value.code == "RW-MCP-003"
    office.opens(stage=Stage.PILOT, number=2)
    assert office.call("books.look", key="").body["balance"] == 5


def test_a_live_case_is_taken_in_before_it_is_worked_on(office: Agency) -> None:
    office.opens()
    with pytest.raises(InputProblem, match="nobody took this case in") as caught:
        office.call("books.look", key="C-9")
    assert caught.value.code == "RW-MCP-004"


def test_a_case_that_needs_no_input_begins_with_its_first_call(office: Agency) -> None:
    office.opens(charter=TOLD.replace("max_length: 200}", "max_length: 200, required: false}"))
    assert office.call("books.look", key="C-9").body["balance"] == 5
    assert office.call("books.look", key="C-9").body["balance"] == 5
    assert office.steps("C-9") == ["call:books.look"] * 2


def test_a_case_of_people_is_not_the_agents(office: Agency) -> None:
    office.opens(stage=Stage.CANARY, share=0.001)
    office.submit("C-1")
    with pytest.raises(Refused) as caught:
        office.call("books.look")
    assert caught.value.code == "RW-MCP-005"


def test_what_is_unknown_or_wrong_asks_nothing(office: Agency) -> None:
    ready(office)
    with pytest.raises(NotFound):
        office.call("crm.delete")
    for bad in (
        {},
        {"to": 10**300},
        {"to": "a", "times": 10**300},
        {"to": "a", "bcc": "b"},
        {"to": "a" * 2_000_000},
    ):
        with pytest.raises(InputProblem) as caught:
            office.call("mail.reply", bad)
        assert caught.value.code == "RW-RUN-013"
    assert office.effects("C-1") == []
    assert office.steps() == []


def test_a_policy_refuses_and_the_ledger_knows(office: Agency) -> None:
    ready(office)
    told = office.call("bank.pay", {"account": "A-1", "amount": 9_000}, confidence=0.95)
    assert told.failed
    assert "below 50.00" in str(told.body["error"]["reasons"])
    assert office.call("bank.pay", {"account": "A-1", "amount": 9_000}).body == told.body
    assert "effect.proposed" in set(office.events())


def test_a_stop_holds_and_nothing_is_refused_for_good(office: Agency) -> None:
    ready(office)
    thrown = stop(office.deployment, BEN, "tool:mail.reply", reason="too many mails")
    office.deployment.clearance.forget()
    with pytest.raises(Unavailable) as caught:
        office.call("mail.reply", MAIL)
    assert (caught.value.code, caught.value.retry_is_safe) == ("RW-MCP-007", True)
    assert office.effects("C-1") == []
    resume(office.deployment, OLGA, thrown.id, reason="over")
    office.deployment.clearance.forget()
    assert office.call("mail.reply", MAIL).body["status"] == "awaiting_review"


def test_what_was_approved_under_a_stop_leaves_once_it_is_lifted(office: Agency) -> None:
    ready(office)
    office.call("mail.reply", MAIL)
    thrown = stop(office.deployment, BEN, "use_case:desk", reason="wait")
    office.deployment.clearance.forget()
    resume(office.deployment, OLGA, thrown.id, reason="over")
    office.deployment.clearance.forget()
    office.decide(Verdict.APPROVE)
    thrown = stop(office.deployment, BEN, "tool:mail.reply", reason="too many mails")
    office.deployment.clearance.forget()
    office.work()
    assert (office.effects("C-1")[0].state, office.case("C-1").state) == ("parked", State.PARKED)
    resume(office.deployment, OLGA, thrown.id, reason="over")
    office.work()
    assert office.effects("C-1")[0].state == "confirmed"
    assert office.case("C-1").state is State.OPEN


def test_a_case_ends_once_all_is_settled(office: Agency) -> None:
    ready(office)
    told = office.call("mail.reply", MAIL)
    ends = office.end("replied")
    assert ends.body == {"status": "ends_once_settled", "waits_for": [told.body["effect"]]}
    with pytest.raises(Conflict):
        office.call("books.look")
    office.decide(Verdict.APPROVE)
    office.work()
    case = office.case("C-1")
    assert (case.state, case.answer, case.handled_by) == (State.CLOSED, "replied", "person")
    assert office.end("replied").body == {"status": "over"}
    assert office.result(told.body["effect"]).body["status"] == "done"


def test_a_case_that_its_agent_left_goes_to_a_person(office: Agency) -> None:
    ready(office)
    office.call("books.look")
    office.later(hours=23)
    office.work()
    assert office.case("C-1").state is State.OPEN
    office.later(hours=2)
    office.work()
    assert (office.case("C-1").state, office.reviews("C-1")[0].kind) == (State.WAITING, "work")
    with pytest.raises(Refused):
        office.call("books.look")


def test_an_outcome_nobody_knows_is_asked_of_a_person(office: Agency) -> None:
    ready(office)

    def die() -> None:
        raise Unavailable("RW-TEST-001", "cut off", retry_is_safe=False)

    office.tools["fax.send"].after = die
    told = office.call("fax.send", {"to": "ada@example.com"}, confidence=0.95)
    assert told.body["status"] == "unclear"
    assert [one.kind for one in office.reviews("C-1")] == ["unclear"]


def test_a_hijacked_agent_names_nobody_new(office: Agency) -> None:
    ready(office)
    told = office.call("mail.reply", {"to": "thief@evil.example", "text": "all of it"}, confidence=0.99)
    effect = office.effects("C-1")[0]
    assert told.body["status"] != "done"
    assert effect.untrusted == ("to",)
    assert office.tools["mail.reply"].sends == []


def test_the_tools_shown_are_those_that_policies_could_allow(office: Agency) -> None:
    office.opens()
    shown = {one.name: one for one in offers(office.deployment, office.agent)}
    assert shown.keys() == {
        "books_look",
        "mail_reply",
        "mail_withdraw",
        "bank_pay",
        "fax_send",
        "post_send",
    }
    assert shown["mail_reply"].schema["required"] == ["to"]
    assert "wait for a person" in shown["mail_reply"].description


def test_an_agent_that_asks_again_and_again_does_not_pile_up_work(office: Agency) -> None:
    ready(office)

    def silent() -> None:
        raise Unavailable("RW-TEST-001", "nobody there", retry_is_safe=True)

    office.tools["mail.reply"].before = silent
    told = office.call("mail.reply", MAIL, confidence=0.95)
    assert told.body["status"] == "on_its_way"
    before = office.engine.health().waiting
    for _ in range(20):
        assert office.result(told.body["effect"]).body["status"] == "on_its_way"
    assert office.engine.health().waiting == before
    office.tools["mail.reply"].before = lambda: None
    for _ in range(4):
        office.later(minutes=10)
        office.work()
    assert office.result(told.body["effect"]).body["status"] == "done"
    assert len(office.tools["mail.reply"].sends) == 1
