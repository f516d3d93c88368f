import pytest
from tests.operate import flows
from tests.operate.office import CHARTER, Office

from roadworthy.casework.case import State
from roadworthy.errors import Unavailable
from roadworthy.operate.work import handlers
from roadworthy.stage import Stage


def test_a_certified_case_goes_from_intake_to_the_ledger_without_a_person(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    office.work()
    case = office.case("K-1")
    assert (case.state, case.handled_by, case.answer) == (State.CLOSED, "automatic", "refund")
    assert office.tools["mail.reply"].sends == ["desk:K-1:mail.reply-0"]
    assert case.cost.nano > 500
    kinds = list(office.events())
    assert kinds[-4:] == ["case.accepted", "case.decided", "effect.confirmed", "case.closed"]


def test_below_the_threshold_a_person_is_asked(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1", "refund 0.5")
    office.work()
    assert office.case("K-1").state is State.WAITING
    assert "below the certified" in office.reviews("K-1")[0].reasons[0]
    assert office.tools["mail.reply"].sends == []


def test_without_a_certificate_nothing_leaves_alone(office: Office) -> None:
    office.release(flows.reply, threshold=None)
    office.submit("K-1", "refund 1.0")
    office.work()
    assert office.case("K-1").handled_by == "person"
    assert office.tools["mail.reply"].sends == []


def test_where_the_charter_says_suggest_nothing_leaves_alone(office: Office) -> None:
    office.release(flows.reply, charter=CHARTER.replace("autonomy: automatic", "autonomy: suggest"))
    office.submit("K-1", "refund 1.0")
    office.work()
    assert office.case("K-1").state is State.WAITING


def test_a_control_argument_from_the_message_itself_moves_no_money(office: Office) -> None:
    office.release(flows.pay_whom_the_text_names)
    office.submit("K-1", "EVIL-ACCOUNT 1.0")
    office.work()
    effect = office.effects("K-1")[0]
    assert (effect.state, effect.untrusted) == ("refused", ("account",))
    assert office.tools["bank.pay"].sends == []
    assert [review.kind for review in office.reviews("K-1")] == ["work"]


def test_a_recorded_step_never_runs_again(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    model_calls = office.tools["books.look"]

    def die() -> None:
        raise KeyboardInterrupt

    office.tools["mail.reply"].before = die
    with pytest.raises(KeyboardInterrupt):
        office.work()
    office.tools["mail.reply"].before = lambda: None
    case = office.case("K-1")
    handlers(office.deployment)["segment"](f"{case.id}/{case.run}/{case.segment}")
    assert model_calls.calls == 1
    assert office.case("K-1").state is State.CLOSED
    assert len(office.tools["mail.reply"].felt) == 1


def test_a_step_that_was_interrupted_runs_again_and_both_bills_count(office: Office) -> None:
    office.release(flows.reply)
    case = office.submit("K-1")

    def die() -> None:
        raise KeyboardInterrupt

    office.tools["books.look"].before = die
    with pytest.raises(KeyboardInterrupt):
        office.work()
    office.tools["books.look"].before = lambda: None
    handlers(office.deployment)["segment"](f"{case.id}/1/1")
    with office.store.read() as tx:
        steps = office.store.cases.steps(tx, case.id, run=1)
    assert [step.attempts for step in steps] == [1, 2, 1]
    assert steps[1].cost.nano >= 1_000_000
    assert office.case("K-1").cost.nano >= 1_000_000


def test_a_workflow_that_changed_its_mind_goes_to_a_person(office: Office) -> None:
    release = office.release(flows.reply)
    case = office.submit("K-1")

    def die() -> None:
        raise KeyboardInterrupt

    office.tools["mail.reply"].before = die
    office.tools["books.look"].before = die
    with pytest.raises(KeyboardInterrupt):
        office.work()
    # Another process begins with other code at the same place; one step is recorded by hand.
    office.tools["books.look"].before = lambda: None
    with pytest.raises(KeyboardInterrupt):
        handlers(office.deployment)["segment"](f"{case.id}/1/1")
    office.workflows[release.digest] = flows.ask
    with office.store.write() as tx:
        from dataclasses import replace

        stored = office.store.cases.get(tx, case.id)
        assert stored is not None
        office.store.cases.save(
            tx, replace(stored, state=State.OPEN, version=stored.version + 1), expected=stored.version
        )
    handlers(office.deployment)["segment"](f"{case.id}/1/1")
    assert office.case("K-1").state is State.WAITING
    assert "RW-CASE-010" in office.case("K-1").reason


@pytest.mark.parametrize(
    ("flow", "code"),
    [(flows.broken, "RW-RUN-010"), (flows.undeclared, "RW-RUN-001"), (flows.no_decision, "RW-RUN-011")],
)
def test_a_faulty_workflow_hands_the_case_to_a_person(office: Office, flow, code) -> None:
    office.release(flow)
    office.submit("K-1")
    office.work()
    case = office.case("K-1")
    assert case.state is State.WAITING
    assert case.reason.startswith(code)
    assert "42" not in case.reason


def test_an_outside_failure_is_tried_again_later(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    look = office.tools["books.look"]

    def away() -> None:
        if look.calls < 3:
            raise Unavailable("RW-X-001", "away", retry_is_safe=True)

    look.before = away
    for _ in range(4):
        office.work()
        office.later(seconds=10)
    assert office.case("K-1").state is State.CLOSED
    assert look.calls == 3


def test_a_question_ends_the_segment_and_its_answer_starts_the_next(office: Office) -> None:
    from tests.operate.office import VERA

    from roadworthy.casework.review import Verdict
    from roadworthy.operate.reviewing import decide_review

    office.release(flows.ask)
    office.submit("K-1")
    office.work()
    (review,) = office.reviews("K-1")
    assert office.case("K-1").state is State.WAITING
    decide_review(office.deployment, VERA, review.id, Verdict.ANSWER, seen=review.proposal, answer="blue")
    office.work()
    assert office.case("K-1").state is State.CLOSED
    assert office.tools["mail.reply"].felt["desk:K-1:mail.reply-0"]["body"] == "blue"
    assert office.tools["books.look"].calls == 1


def test_an_act_is_sent_once_and_its_result_goes_on(office: Office) -> None:
    office.release(flows.act_then_reply)
    office.submit("K-1")
    office.work()
    assert office.case("K-1").state is State.CLOSED
    felt = office.tools["mail.reply"].felt
    assert felt["desk:K-1:second"]["body"] == "confirmed"
    assert office.tools["mail.reply"].sends == ["desk:K-1:first", "desk:K-1:second"]


def test_an_act_without_confidence_waits_for_a_person(office: Office) -> None:
    from tests.operate.office import VERA

    from roadworthy.casework.review import Verdict
    from roadworthy.operate.reviewing import decide_review

    office.release(flows.act_unsure)
    office.submit("K-1")
    office.work()
    (review,) = office.reviews("K-1")
    decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    office.work()
    assert len(office.tools["mail.reply"].sends) == 1


def test_a_workflow_that_proposes_nothing_leaves_the_work_to_people(office: Office) -> None:
    office.release(flows.nothing)
    office.submit("K-1")
    office.work()
    assert [review.kind for review in office.reviews("K-1")] == ["work"]


def test_in_pilot_nothing_is_sent_whatever_is_decided(office: Office) -> None:
    office.release(flows.reply, stage=Stage.SHADOW)
    office.submit("K-1", "refund 1.0")
    office.work()
    assert office.tools["mail.reply"].sends == []
