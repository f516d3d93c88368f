"""Claims, four eyes, quorum, undo, escalation, bulk and blind answers, on a real database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.operate import flows
from tests.operate.office import CHARTER, OLGA, RITA, START, VERA, Office, person

import roadworthy as rw
from roadworthy.casework.case import State
from roadworthy.casework.review import Review, Verdict
from roadworthy.charter import read
from roadworthy.errors import Conflict, InputProblem, Refused
from roadworthy.operate.intake import submit
from roadworthy.operate.reviewing import decide_review, undo_decision
from roadworthy.operate.reviews import bulk, figures, holding
from roadworthy.operate.reviews.listing import count_inbox, list_inbox
from roadworthy.operate.stopping import stop
from roadworthy.principal import Kind, Principal, Role

USUAL = "undo_window: 0s, editor: text}"
NINA = person("nina", Role.REVIEWER)
WALT = person("walt", Role.REVIEWER, Role.RISK_OFFICER, Role.ADMIN, Role.OWNER)


@pytest.fixture
def office(office: Office) -> Office:
    with office.store.write() as tx:
        for who in (NINA, WALT):
            office.store.people.add(tx, who)
    return office


def asked(office: Office, plan: str = "undo_window: 10s}", key: str = "K-1", flow=flows.reply) -> Review:
    office.release(flow, charter=CHARTER.replace(USUAL, plan))
    return another(office, key)


def another(office: Office, key: str, text: str = "refund 0.5", **more: str) -> Review:
    office.submit(key, text, **more)
    office.work()
    return newest(office, key)


def newest(office: Office, key: str = "K-1") -> Review:
    return max(office.reviews(key), key=lambda one: one.id)


def approve(
    office: Office, who: Principal, review: Review, verdict: Verdict = Verdict.APPROVE, **more
) -> Review:
    return decide_review(office.deployment, who, review.id, verdict, seen=review.proposal, **more)


def sent(office: Office) -> list[str]:
    return [key for tool in office.tools.values() for key in tool.sends]


def test_an_approved_effect_leaves_after_its_undo_window_and_not_before(office: Office) -> None:
    decided = approve(office, VERA, asked(office))
    assert decided.leaves_at == office.clock.now() + timedelta(seconds=10)
    office.later(seconds=9)
    office.work()
    assert sent(office) == []
    office.later(seconds=2)
    office.work()
    assert len(sent(office)) == 1
    assert office.case("K-1").state is State.CLOSED
    with pytest.raises(Conflict, match="over"):
        undo_decision(office.deployment, VERA, decided.id)


def test_what_is_taken_back_is_open_again_and_never_leaves(office: Office) -> None:
    decided = approve(office, VERA, asked(office))
    with pytest.raises(Refused):
        undo_decision(office.deployment, NINA, decided.id)
    undo_decision(office.deployment, VERA, decided.id)
    office.later(minutes=5)
    office.work()
    assert (newest(office).state, newest(office).decided_by, sent(office)) == ("open", "", [])
    approve(office, NINA, newest(office))
    office.later(minutes=5)
    office.work()
    assert len(sent(office)) == 1
    assert office.effects("K-1")[0].approved_by == "nina"


def test_a_stop_in_the_undo_window_wins(office: Office) -> None:
    review = asked(office)
    approve(office, VERA, review)
    stop(office.deployment, OLGA, "tool:mail.reply", reason="wrong template")
    office.later(seconds=30)
    office.work()
    assert sent(office) == []
    assert newest(office).state == "open"
    assert any("held before it left" in reason for reason in newest(office).reasons)


def test_whoever_opened_the_case_or_built_the_release_never_approves_whatever_they_are(
    office: Office,
) -> None:
    office.release(flows.reply, charter=CHARTER)
    for clerk in (person("walt", Role.OPERATOR), person("ben", Role.OPERATOR)):
        submit(
            office.deployment,
            clerk,
            "desk",
            f"C-{clerk.id}",
            {"text": "refund 0.5", "sender": "ada@example.com"},
        )
    office.work()
    builder = person("ben", Role.REVIEWER, Role.ADMIN)
    for who, key in ((WALT, "C-walt"), (builder, "C-ben")):
        with pytest.raises(Refused, match="second person"):
            approve(office, who, newest(office, key))
    approve(office, WALT, newest(office, "C-walt"), Verdict.REJECT, reason="my own mistake")
    approve(office, VERA, newest(office, "C-ben"))


def test_an_edit_is_approved_by_somebody_else(office: Office) -> None:
    review = asked(office, "undo_window: 0s}")
    approve(office, VERA, review, Verdict.EDIT, edits={"body": "better words"})
    office.work()
    assert sent(office) == []
    second = newest(office)
    assert second.proposal != review.proposal
    with pytest.raises(Refused, match="second person"):
        approve(office, VERA, second)
    approve(office, NINA, second)
    office.work()
    assert office.tools["mail.reply"].felt["desk:K-1:mail.reply-0"]["body"] == "better words"


def test_a_claim_holds_others_off_until_it_is_over(office: Office) -> None:
    review = asked(office)
    holding.claim_review(office.deployment, VERA, review.id)
    with pytest.raises(Conflict, match="vera is on this"):
        approve(office, NINA, review)
    with pytest.raises(Conflict, match="vera is on this"):
        holding.claim_review(office.deployment, NINA, review.id)
    office.later(minutes=8)
    holding.claim_review(office.deployment, VERA, review.id)
    office.later(minutes=8)
    assert list_inbox(office.deployment, VERA, "mine").rows[0].id == review.id
    assert list_inbox(office.deployment, NINA, "free").rows == ()
    office.later(minutes=3)
    with pytest.raises(Conflict, match="claim it again"):
        approve(office, VERA, review)
    assert holding.claim_next(office.deployment, NINA).id == review.id  # type: ignore[union-attr]
    with pytest.raises(Conflict, match="nina is on this"):
        approve(office, VERA, review)
    holding.release_review(office.deployment, NINA, review.id)
    approve(office, VERA, newest(office))


def test_what_an_absent_person_has_goes_to_the_deputy_who_gains_no_role(office: Office) -> None:
    review = asked(office)
    holding.assign_review(office.deployment, OLGA, review.id, "vera")
    with pytest.raises(Conflict, match="vera"):
        approve(office, NINA, review)
    now = office.clock.now()
    away = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=3)}
    holding.note_absence(office.deployment, VERA, person="vera", deputy="nina", **away)
    assert [one.id for one in list_inbox(office.deployment, NINA, "mine").rows] == [review.id]
    assert list_inbox(office.deployment, VERA, "mine").rows == ()
    approve(office, NINA, newest(office))
    large = another(office, "K-2000", "refund 0.5")
    holding.note_absence(office.deployment, RITA, person="rita", deputy="nina", **away)
    escalated = replace(large, role="risk_officer", version=large.version + 1)
    with office.store.write() as tx:
        office.store.reviews.save(tx, escalated, expected=large.version)
    with pytest.raises(InputProblem, match="risk officer"):
        holding.assign_review(office.deployment, OLGA, large.id, "rita")


def test_a_skill_is_asked_for_beside_the_role(office: Office) -> None:
    plan = "undo_window: 0s, queues: [{name: letters, tools: [mail.reply], skill: german, priority: 90, due: 30m}]}"
    review = asked(office, plan)
    assert (review.queue, review.skill, review.rank) == ("letters", "german", 10)
    assert review.due_at == START + timedelta(minutes=30)
    with pytest.raises(Refused, match="german"):
        approve(office, VERA, review)
    assert list_inbox(office.deployment, VERA, "queues").rows == ()
    holding.set_skill(office.deployment, OLGA, "vera", "german", has=True)
    with pytest.raises(Refused):
        holding.set_skill(office.deployment, OLGA, "olga", "german", has=True)
    counts = count_inbox(office.deployment, VERA)
    assert (counts.queues, counts.all, counts.by_queue[0].queue) == (1, 1, "letters")
    approve(office, VERA, review)


def test_a_chain_of_escalation_ends_as_the_charter_says(office: Office) -> None:
    plan = "undo_window: 0s, escalation: [{after: 1h, to: owner}, {after: 2h, to: risk_officer}], at_the_end: refuse}"
    asked(office, plan)
    roles = []
    for hours in (1.1, 2.1, 1.1):
        office.later(hours=hours)
        office.work()
        roles.append((newest(office).role, newest(office).state))
    assert roles == [("owner", "open"), ("risk_officer", "open"), ("risk_officer", "decided")]
    assert (office.effects("K-1")[0].state, sent(office)) == ("refused", [])


def test_silence_approves_only_where_nothing_can_go_wrong() -> None:
    silent = CHARTER.replace(USUAL, "at_the_end: approve}")
    with pytest.raises(InputProblem) as caught:
        read(silent, file="charter.yaml")
    assert "limited" in str(caught.value)
    assert "bank.pay" in str(caught.value)


async def by_rote(case: rw.Case[Any], _run: rw.Run) -> rw.Decision:
    """Answers everybody of one kind with the same words: only the sender differs."""
    kind = case.data.text.split()[0]
    effects = [rw.effect("mail.reply", to=case.data.sender, body=f"thank you for your {kind}")]
    return rw.Decision("x", confidence=0.1, effects=effects)


def test_only_what_asks_the_same_is_answered_together(office: Office) -> None:
    first = asked(office, "undo_window: 0s}", key="A-1", flow=by_rote)
    same = another(office, "A-2", sender="bob@example.com")
    other = another(office, "A-3", "other 0.5")
    found = bulk.alike(office.deployment, VERA, first.id)
    assert [one.id for one in found] == [first.id, same.id], (
        "whose case it is makes no difference, what is said does"
    )
    seen = {one.id: one.proposal for one in (first, same, other)}
    with pytest.raises(InputProblem, match="does not ask the same"):
        bulk.decide_bulk(office.deployment, VERA, seen, Verdict.APPROVE)
    assert newest(office, "A-1").state == "open", "nothing is decided in part"
    del seen[other.id]
    approve(office, NINA, same)
    told = bulk.decide_bulk(office.deployment, VERA, seen, Verdict.APPROVE)
    assert ([one.id for one in told.decided], list(told.problems)) == ([first.id], [same.id])
    office.work()
    assert sorted(sent(office)) == ["desk:A-1:mail.reply-0", "desk:A-2:mail.reply-0"]
    assert newest(office, "A-3").state == "open"
    with pytest.raises(InputProblem):
        bulk.decide_bulk(office.deployment, VERA, {other.id: other.proposal}, Verdict.EDIT)


def test_money_and_untrusted_values_are_answered_alone(office: Office) -> None:
    review = asked(office, "undo_window: 0s}", key="A-2000", flow=flows.pay)
    with pytest.raises(Refused, match="answered alone"):
        bulk.alike(office.deployment, WALT, review.id)


def test_a_hidden_proposal_is_shown_after_an_answer_of_ones_own(office: Office) -> None:
    review = asked(office, "undo_window: 0s, blind: 1.0}")
    assert review.blind
    with pytest.raises(Conflict, match="hidden"):
        approve(office, VERA, review)
    with pytest.raises(InputProblem, match="choices"):
        holding.answer_first(office.deployment, VERA, review.id, "nonsense")
    look = holding.answer_first(office.deployment, VERA, review.id, "refund")
    assert (look.own, look.proposed) == ("refund", "refund")
    office.later(seconds=40)
    approve(office, VERA, review, active_ms=10**9)
    with office.store.read() as tx:
        kept = office.store.inbox.look(tx, review.id, "vera")
    assert kept is not None
    assert kept.active_ms == 40_000, "no more than there was"
    (mine,) = figures.reviewer_figures(office.deployment, VERA, "desk", reviewer="vera")
    assert (mine.answers, mine.blind, mine.seconds) == (1, None, None), "too few to tell anything"
    for nosy in (NINA, RITA):
        with pytest.raises(Refused):
            figures.reviewer_figures(office.deployment, nosy, "desk", reviewer="vera")
    assert figures.reviewer_figures(office.deployment, OLGA, "desk")


def test_no_machine_claims_or_assigns_to_itself(office: Office) -> None:
    review = asked(office)
    bot = Principal("bot", "Bot", Kind.AGENT, frozenset({Role.REVIEWER, Role.OWNER}))
    for act in (holding.claim_review, holding.release_review):
        with pytest.raises(Refused, match="person"):
            act(office.deployment, bot, review.id)
