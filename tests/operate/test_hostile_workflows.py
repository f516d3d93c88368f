"""A workflow is code that somebody wrote: whatever it does, nothing leaves that was not weighed, and no case is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from tests.operate import flows
from tests.operate.office import OLGA, RITA, VERA, Office

import roadworthy as rw
from roadworthy.casework.case import State
from roadworthy.casework.review import ReviewKind, Verdict
from roadworthy.errors import Corrupt
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.stopping import resume, stop


def pay(account: str = "A-1", amount: int = 900) -> rw.Effect:
    return rw.effect("bank.pay", account=account, amount=amount)


async def asks_and_pays_beside(case: rw.Case, run: rw.Run) -> rw.Decision:
    account = await run.call("books.look")
    await asyncio.gather(
        run.ask("pay?", choices=["yes", "no"]),
        run.act(pay(account["account"], case.data.amount), confidence=0.9),
        return_exceptions=True,
    )
    return rw.Decision("paid", confidence=0.9)


async def asks_and_pays_finally(case: rw.Case, run: rw.Run) -> rw.Decision:
    account = await run.call("books.look")
    try:
        await run.ask("pay?", choices=["yes", "no"])
    finally:
        await run.act(pay(account["account"], case.data.amount), confidence=0.9)
    return rw.Decision("paid", confidence=0.9)


async def asks_and_swallows(case: rw.Case, run: rw.Run) -> rw.Decision:
    account = await run.call("books.look")
    with suppress(BaseException):
        await run.ask("pay?", choices=["yes", "no"])
    return rw.Decision("paid", confidence=0.9, effects=[pay(account["account"], case.data.amount)])


@pytest.mark.parametrize("flow", [asks_and_pays_beside, asks_and_pays_finally, asks_and_swallows])
def test_nothing_leaves_while_a_question_is_open(office: Office, flow: Any) -> None:
    office.release(flow)
    office.submit("K-900")
    office.work()
    assert office.tools["bank.pay"].sends == []
    assert office.case("K-900").state is State.WAITING
    assert [review.kind for review in office.reviews("K-900")] == [ReviewKind.QUESTION]


async def swallows_a_stop(case: rw.Case, run: rw.Run) -> rw.Decision:
    with suppress(BaseException):
        await run.predict("intent", case.data.text)
    return rw.Decision(
        "x", confidence=0.99, effects=[rw.effect("mail.reply", to=case.data.sender, body="x")]
    )


@pytest.mark.parametrize("scope", ["model:intent", "tool:mail.reply"])
def test_a_swallowed_stop_still_stops(office: Office, scope: str) -> None:
    office.release(swallows_a_stop)
    stop(office.deployment, RITA, scope, reason="odd answers")
    office.submit("K-1")
    office.work()
    assert office.tools["mail.reply"].sends == []
    assert office.case("K-1").state is State.PARKED


async def leaves_a_task_behind(case: rw.Case, run: rw.Run) -> rw.Decision:
    async def later() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        await run.act(pay(), confidence=0.99)

    leaves_a_task_behind.tasks.append(asyncio.ensure_future(later()))  # type: ignore[attr-defined]
    return rw.Decision("done", confidence=0.9)


def test_a_task_left_behind_asks_for_nothing_in_the_next_case(office: Office) -> None:
    leaves_a_task_behind.tasks = []  # type: ignore[attr-defined]
    office.release(leaves_a_task_behind)
    for key in ("K-1", "K-2", "K-3"):
        office.submit(key)
    office.work()
    assert office.tools["bank.pay"].sends == []
    assert all(task.cancelled() for task in leaves_a_task_behind.tasks[:-1])  # type: ignore[attr-defined]


class Odd(BaseException):
    pass


def returns(decision: Callable[[], object]) -> Any:
    async def flow(case: rw.Case, run: rw.Run) -> Any:
        await run.call("books.look")
        return decision()

    return flow


def raises(fault: BaseException) -> Any:
    async def flow(case: rw.Case, run: rw.Run) -> rw.Decision:
        if case.key == "K-1":
            raise fault
        return await flows.reply(case, run)

    return flow


MALFORMED = {
    "infinite": lambda: rw.Decision("x", confidence=float("inf")),
    "below": lambda: rw.Decision("x", confidence=-0.1),
    "above": lambda: rw.Decision("x", confidence=5.0),
    "huge": lambda: rw.Decision("x", confidence=1e308),
    "none": lambda: rw.Decision("x", confidence=None),  # type: ignore[arg-type]
    "text": lambda: rw.Decision("x", confidence="0.9"),  # type: ignore[arg-type]
    "truth": lambda: rw.Decision("x", confidence=True),
    "no list": lambda: rw.Decision("x", effects=0),  # type: ignore[arg-type]
    "no effect": lambda: rw.Decision("x", effects=["pay"]),  # type: ignore[list-item]
    "no reasons": lambda: rw.Decision("x", because=None),  # type: ignore[arg-type]
    "too many": lambda: rw.Decision("x", effects=[pay()] * 150),
    "slot": lambda: rw.Decision("x", effects=[rw.effect("bank.pay", slot="a~1", account="A", amount=1)]),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_decision_goes_to_a_person(office: Office, what: str) -> None:
    office.release(returns(MALFORMED[what]))
    office.submit("K-1")
    office.work()
    case = office.case("K-1")
    assert (case.state, case.handled_by) == (State.WAITING, "person")
    assert case.reason.startswith("RW-RUN-011")
    assert office.effects("K-1") == []


@pytest.mark.parametrize(
    "fault",
    [
        SystemExit(3),
        GeneratorExit(),
        asyncio.CancelledError(),
        Odd("x"),
        BaseExceptionGroup("x", [Odd("y")]),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_whatever_a_workflow_raises_its_case_goes_to_a_person(office: Office, fault: BaseException) -> None:
    office.release(raises(fault))
    office.submit("K-1")
    office.work()
    assert office.case("K-1").state is State.WAITING
    assert [review.kind for review in office.reviews("K-1")] == [ReviewKind.WORK]
    # And the worker lives on.
    office.submit("K-2")
    office.work()
    assert office.case("K-2").state is State.CLOSED


async def hides_a_changed_mind(case: rw.Case, run: rw.Run) -> rw.Decision:
    hides_a_changed_mind.runs += 1  # type: ignore[attr-defined]
    try:
        await run.call("books.look", about=hides_a_changed_mind.runs)  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - that is the point
        return rw.Decision(
            "x", confidence=0.99, effects=[rw.effect("mail.reply", to=case.data.sender, body="x")]
        )
    await run.ask("go on?")
    return rw.Decision("x", confidence=0.99)


def test_a_journal_that_no_longer_fits_cannot_be_hidden(office: Office) -> None:
    hides_a_changed_mind.runs = 0  # type: ignore[attr-defined]
    office.release(hides_a_changed_mind)
    office.submit("K-1")
    office.work()
    (review,) = office.reviews("K-1")
    decide_review(office.deployment, VERA, review.id, Verdict.ANSWER, seen=review.proposal, answer="yes")
    office.work()
    assert office.tools["mail.reply"].sends == []
    assert office.reviews("K-1")[-1].kind is ReviewKind.UNCLEAR


def test_what_is_looked_up_by_the_senders_words_is_as_untrusted_as_they_are(office: Office) -> None:
    async def looks_up_what_the_text_names(case: rw.Case, run: rw.Run) -> rw.Decision:
        intent = await run.predict("intent", case.data.text)
        account = await run.call("books.look", about=intent.label)
        return rw.Decision("paid", confidence=1.0, effects=[pay(account["account"], case.data.amount)])

    office.release(looks_up_what_the_text_names)
    office.submit("K-5", "EVIL 1.0")
    office.work()
    assert office.effects("K-5")[0].untrusted == ("account",)
    assert office.tools["bank.pay"].sends == []


def test_an_amount_is_a_control_argument_whether_the_charter_says_so_or_not(office: Office) -> None:
    async def pays_what_the_text_says(case: rw.Case, run: rw.Run) -> rw.Decision:
        intent = await run.predict("intent", case.data.text)
        account = await run.call("books.look")
        return rw.Decision("paid", confidence=1.0, effects=[pay(account["account"], int(intent.label))])

    office.release(pays_what_the_text_says)
    office.submit("K-x", "700 1.0")
    office.work()
    assert office.effects("K-x")[0].untrusted == ("amount",)
    assert office.tools["bank.pay"].sends == []


def change(office: Office, effect: Any, **columns: object) -> None:
    """What somebody who can write to the database does."""
    with office.store.write() as tx:
        fresh = office.store.effects.get(tx, effect.id)
        assert fresh is not None
        office.store.effects.save(
            tx, replace(fresh, version=fresh.version + 1, **columns), expected=fresh.version
        )


def test_arguments_swapped_after_the_approval_do_not_leave(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1", "refund 0.1")
    office.submit("K-2", "refund 0.2")
    office.work()
    (review,) = office.reviews("K-1")
    decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    other = office.effects("K-2")[0]
    change(office, office.effects("K-1")[0], arguments=other.arguments)
    with office.store.write() as tx:
        # Another content under the same key of the same person.
        forged = office.deployment.vault.seal(tx, office.case("K-1").subject, {"to": "x", "body": "evil"})
    change(office, office.effects("K-1")[0], arguments=forged.id)
    office.work()
    assert office.tools["mail.reply"].sends == []
    assert {review.kind for review in office.reviews("K-1") if review.state == "open"} == {
        ReviewKind.UNCLEAR
    }


def test_an_amount_made_small_in_the_database_needs_the_same_approval(office: Office) -> None:
    office.release(flows.pay)
    office.submit("K-2000", "refund 0.9")
    office.work()
    (review,) = office.reviews("K-2000")
    change(office, office.effects("K-2000")[0], amount=5)
    with pytest.raises(Corrupt) as caught:
        decide_review(office.deployment, RITA, review.id, Verdict.APPROVE, seen=review.proposal)
    assert caught.value.code == "RW-EFFECT-006"
    assert office.tools["bank.pay"].sends == []


def stopped_before_delivery(office: Office) -> Any:
    """A decided effect, parked by a stop before it could leave."""
    thrown: list[Any] = []

    async def decides_then_stops(case: rw.Case, run: rw.Run) -> rw.Decision:
        return await flows.reply(case, run)

    office.release(decides_then_stops)
    office.submit("K-1")
    record = office.deployment.store.effects.add

    def add_then_stop(tx: Any, row: Any) -> bool:
        tx.on_commit(lambda: thrown.append(stop(office.deployment, RITA, "tool:mail.reply", reason="look")))
        return record(tx, row)

    office.store.effects.add = add_then_stop  # type: ignore[method-assign]
    try:
        office.work()
    finally:
        del office.store.effects.add
    assert office.effects("K-1")[0].state == "parked"
    return thrown[0]


def test_an_effect_parked_past_its_certificate_asks_a_person(office: Office) -> None:
    thrown = stopped_before_delivery(office)
    office.later(days=60)
    resume(office.deployment, OLGA, thrown.id, reason="all well")
    office.work()
    assert office.tools["mail.reply"].sends == []
    assert office.effects("K-1")[0].state == "proposed"
    assert office.reviews("K-1")[-1].kind is ReviewKind.EFFECT


def test_an_effect_parked_for_an_hour_leaves_when_the_stop_is_over(office: Office) -> None:
    thrown = stopped_before_delivery(office)
    office.later(hours=1)
    resume(office.deployment, OLGA, thrown.id, reason="all well")
    office.work()
    assert office.effects("K-1")[0].state == "confirmed"


def test_a_waiting_effect_parked_by_hand_is_still_waited_for(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1", "refund 0.1")
    office.work()
    change(office, office.effects("K-1")[0], state=rw_parked())
    case = office.case("K-1")
    with office.store.write() as tx:
        office.store.cases.save(
            tx, replace(case, state=State.PARKED, version=case.version + 1), expected=case.version
        )
    thrown = stop(office.deployment, RITA, "tool:fax.send", reason="drill")
    resume(office.deployment, OLGA, thrown.id, reason="over")
    office.work()
    assert office.tools["mail.reply"].sends == []
    assert office.effects("K-1")[0].state == "proposed"


def rw_parked() -> Any:
    from roadworthy.casework.effect import EffectState

    return EffectState.PARKED
