import pytest
from tests.operate import flows
from tests.operate.office import BEN, OLGA, RITA, VERA, Office

from roadworthy.casework.case import State
from roadworthy.casework.review import Verdict
from roadworthy.errors import Conflict, InputProblem, Refused
from roadworthy.operate.reviewing import decide_review
from roadworthy.principal import Kind, Principal, Role


def waiting(office: Office, key: str = "K-1", flow=flows.reply, text: str = "refund 0.5"):
    office.release(flow)
    office.submit(key, text)
    office.work()
    (review,) = office.reviews(key)
    return review


def test_an_approved_effect_leaves_once_under_the_reviewers_name(office: Office) -> None:
    review = waiting(office)
    decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    office.work()
    effect = office.effects("K-1")[0]
    assert (effect.state, effect.approved_by) == ("confirmed", "vera")
    assert office.case("K-1").state is State.CLOSED


def test_the_second_of_two_reviewers_is_told_who_was_first(office: Office) -> None:
    review = waiting(office)
    decide_review(office.deployment, VERA, review.id, Verdict.REJECT, seen=review.proposal, reason="wrong")
    with pytest.raises(Conflict, match="reject by vera"):
        decide_review(office.deployment, OLGA, review.id, Verdict.APPROVE, seen=review.proposal)
    office.work()
    assert office.tools["mail.reply"].sends == []


def test_an_approval_of_something_else_than_was_seen_counts_for_nothing(office: Office) -> None:
    review = waiting(office)
    with pytest.raises(Conflict, match="changed"):
        decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen="sha256:other")


def test_an_edit_is_what_leaves(office: Office) -> None:
    review = waiting(office)
    decide_review(
        office.deployment,
        VERA,
        review.id,
        Verdict.EDIT,
        seen=review.proposal,
        edits={"body": "better words"},
    )
    office.work()
    assert office.tools["mail.reply"].felt["desk:K-1:mail.reply-0"]["body"] == "better words"


@pytest.mark.parametrize("edits", [{}, {"nonsense": 1}])
def test_an_edit_names_arguments_that_exist(office: Office, edits) -> None:
    review = waiting(office)
    with pytest.raises(InputProblem):
        decide_review(office.deployment, VERA, review.id, Verdict.EDIT, seen=review.proposal, edits=edits)
    assert office.reviews("K-1")[0].state == "open", "nothing was lost by the mistake"


def test_an_agent_never_gives_a_persons_yes(office: Office) -> None:
    review = waiting(office)
    agent = Principal("bot", "Bot", Kind.AGENT, frozenset({Role.REVIEWER}))
    with pytest.raises(Refused, match="person"):
        decide_review(office.deployment, agent, review.id, Verdict.APPROVE, seen=review.proposal)


def test_a_builder_does_not_review(office: Office) -> None:
    review = waiting(office)
    with pytest.raises(Refused):
        decide_review(office.deployment, BEN, review.id, Verdict.APPROVE, seen=review.proposal)


def test_a_policy_names_the_role_whose_approval_it_needs(office: Office) -> None:
    review = waiting(office, "K-2000", flows.pay, "pay 0.95")
    assert review.role == "risk_officer"
    with pytest.raises(Refused, match="risk_officer"):
        decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    decide_review(office.deployment, RITA, review.id, Verdict.APPROVE, seen=review.proposal)
    office.work()
    assert office.tools["bank.pay"].sends == ["desk:K-2000:bank.pay-0"]


def test_what_no_approval_satisfies_stays_refused(office: Office) -> None:
    office.release(flows.pay)
    for number in range(5):
        office.submit(f"K{number}-1000", "pay 0.95")
    office.submit("K9-900", "pay 0.95")
    office.work()
    states = [office.effects(f"K{number}-1000")[0].state for number in range(5)]
    assert states == ["confirmed"] * 5
    assert office.effects("K9-900")[0].state == "refused", "the day's limit is reached"


def test_a_rejected_payment_gives_its_reservation_back(office: Office) -> None:
    office.release(flows.pay)
    office.submit("K-4900", "pay 0.95")
    office.work()
    (review,) = office.reviews("K-4900")
    decide_review(office.deployment, RITA, review.id, Verdict.REJECT, seen=review.proposal, reason="no")
    office.submit("K-1000", "pay 0.95")
    office.work()
    assert office.effects("K-1000")[0].state == "confirmed"


def test_a_missed_deadline_escalates_and_approves_nothing(office: Office) -> None:
    waiting(office)
    office.later(hours=2)
    office.work()
    (review,) = office.reviews("K-1")
    assert (review.state, review.role) == ("open", "owner")
    assert office.tools["mail.reply"].sends == []


def test_a_rejection_needs_a_reason(office: Office) -> None:
    review = waiting(office)
    with pytest.raises(InputProblem, match="reason"):
        decide_review(office.deployment, VERA, review.id, Verdict.REJECT, seen=review.proposal)


def test_an_answer_is_one_of_the_choices(office: Office) -> None:
    review = waiting(office, flow=flows.ask)
    with pytest.raises(InputProblem, match="red, blue"):
        decide_review(
            office.deployment, VERA, review.id, Verdict.ANSWER, seen=review.proposal, answer="green"
        )


def test_work_done_by_a_person_closes_the_case(office: Office) -> None:
    review = waiting(office, flow=flows.nothing)
    decide_review(office.deployment, VERA, review.id, Verdict.DONE, seen=review.proposal)
    assert office.case("K-1").state is State.CLOSED
