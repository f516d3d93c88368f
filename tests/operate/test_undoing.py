"""What a halted release sent is taken back by its undo, once a person approved it."""

from __future__ import annotations

from datetime import timedelta

from tests.operate import flows
from tests.operate.effects_office import away, nothing
from tests.operate.office import BEN, CHARTER, VERA, Office

from roadworthy.casework.case import State
from roadworthy.casework.review import ReviewKind, Verdict
from roadworthy.charter import read
from roadworthy.operate.effects.undoing import undo_of
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.rollout import abort_release
from roadworthy.stage import Stage
from roadworthy.testing.conformance.examples import an_effect


def halted(office: Office) -> None:
    office.release(flows.reply, stage=Stage.CANARY, share=0.999)
    office.submit("K-1", "refund 0.95")
    office.work()
    abort_release(office.deployment, BEN, "desk", "r1", reason="bad")
    office.work()


def answer(office: Office, verdict: Verdict) -> None:
    (review,) = [one for one in office.reviews("K-1") if one.kind is ReviewKind.CORRECTION]
    decide_review(office.deployment, VERA, review.id, verdict, seen=review.proposal, reason="wrong reply")
    office.engine.drain(until=office.clock.now() + timedelta(minutes=2))


def test_the_undo_is_prepared_with_the_key_of_what_it_takes_back_and_waits(office: Office) -> None:
    halted(office)
    original, undo = office.effects("K-1")
    assert (undo.tool, undo.state, undo.undoes) == ("mail.withdraw", "proposed", original.id)
    with office.store.read() as tx:
        assert office.deployment.vault.open(tx, undo.arguments) == {"key": original.key}
    assert office.tools["mail.withdraw"].sends == []


def test_approved_it_leaves_by_the_same_door_and_the_original_is_undone(office: Office) -> None:
    halted(office)
    answer(office, Verdict.APPROVE)
    original, undo = office.effects("K-1")
    assert (original.state, undo.state) == ("undone", "confirmed")
    assert office.tools["mail.withdraw"].sends == [undo.key]
    assert office.tools["mail.withdraw"].felt[undo.key] == {"key": original.key}
    assert {"effect.undone"} <= set(office.events())


def test_a_dead_receiver_gets_the_undo_later_and_a_person_hears_of_it_if_not(office: Office) -> None:
    halted(office)
    office.tools["mail.withdraw"].before = away()
    answer(office, Verdict.APPROVE)
    original, undo = office.effects("K-1")
    assert (original.state, undo.state) == ("confirmed", "ready")
    office.tools["mail.withdraw"].before = nothing
    office.engine.drain(until=office.clock.now() + timedelta(minutes=20))
    assert [str(one.state) for one in office.effects("K-1")] == ["undone", "confirmed"]


def test_left_as_it_is_nothing_is_taken_back(office: Office) -> None:
    halted(office)
    answer(office, Verdict.REJECT)
    assert [str(one.state) for one in office.effects("K-1")] == ["confirmed", "refused"]
    assert office.case("K-1").state is State.CLOSED


def test_done_by_hand_the_prepared_undo_is_off(office: Office) -> None:
    halted(office)
    answer(office, Verdict.DONE)
    assert [str(one.state) for one in office.effects("K-1")] == ["confirmed", "refused"]
    assert office.tools["mail.withdraw"].sends == []


def test_an_undo_takes_its_arguments_from_key_response_and_arguments() -> None:
    declared = (
        "mail.withdraw: {use: sql.delete, source: books, sink: delete, idempotency: native, "
        "arguments: {key: {}, ticket: {}, to: {}, why: {required: false}, by: {}}, control: [to, ticket]}"
    )
    charter = CHARTER.replace(
        "mail.withdraw: {use: sql.delete, source: books, sink: delete, idempotency: native}", declared
    )
    effect = an_effect(tool="mail.reply", response='{"ticket": "T-9"}', untrusted=("to",))
    undo = undo_of(read(charter, file="charter.yaml"), effect, {"to": "a@b.example", "body": "x"})
    assert undo.arguments == {"key": effect.key, "ticket": "T-9", "to": "a@b.example"}
    assert undo.untrusted == ("to", "ticket"), "neither a doubted argument nor an answer may steer unseen"
    assert undo.missing == ("by",)
    named = charter.replace("undo: mail.withdraw}", "undo: mail.withdraw, undo_with: {by: arguments.body}}")
    assert undo_of(read(named, file="charter.yaml"), effect, {"body": "x"}).arguments == {"by": "x"}
