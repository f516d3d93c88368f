"""Pace, order, receivers that turn away, look-ups and what an operator does about effects."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.operate.effects_office import ORDERED, PACED, away, mail, nothing, post
from tests.operate.office import BEN, OLGA, RITA, VERA, Office

from roadworthy.casework.case import State
from roadworthy.errors import Conflict, InputProblem, NotFound, Refused
from roadworthy.operate.outgoing import (
    confirm_effect,
    list_effects,
    park_effect,
    release_effect,
    retry_effect,
    show_effect,
)
from roadworthy.operate.stopping import resume, stop
from roadworthy.operate.tending import tend_effects


def submit(office: Office, *keys: str, **more: str) -> None:
    """One after the other: cases of the same moment have no order."""
    for key in keys:
        office.submit(key, **more)
        office.later(milliseconds=5)


def states(office: Office, *keys: str) -> list[str]:
    return [str(office.effects(key)[0].state) for key in keys]


def test_never_more_leave_in_any_minute_than_the_rate_says_and_all_of_them_in_order(office: Office) -> None:
    office.release(post, charter=PACED)
    keys = [f"K-{number:02}" for number in range(25)]
    submit(office, *keys)
    sent_at: list[float] = []
    office.tools["post.send"].before = lambda: sent_at.append(office.clock.now().timestamp())
    office.work()
    assert len(sent_at) == 1, "a tenth at once"
    office.engine.drain(until=office.clock.now() + timedelta(minutes=5))
    assert len(sent_at) == 25
    for first in sent_at:
        assert sum(first <= one < first + 60 for one in sent_at) <= 10
    assert [key.split(":")[1] for key in office.tools["post.send"].sends] == keys, "nobody overtakes"
    assert sent_at[-1] - sent_at[0] < 24 * 6.5, "and nobody waits longer than the rate asks for"


def test_who_waits_for_the_rate_is_not_looked_at_again_and_again(office: Office) -> None:
    office.release(post, charter=PACED)
    for number in range(20):
        office.submit(f"K-{number}")
    office.work()
    calls = office.engine.drain(until=office.clock.now() + timedelta(minutes=2, seconds=30))
    # One job of the tool and one of the case for each that leaves, and the deadlines of nobody.
    assert calls <= 2 * 20 + 2


def test_effects_of_one_account_leave_in_the_order_of_their_cases_and_a_dead_one_blocks(
    office: Office,
) -> None:
    office.release(mail, charter=ORDERED)
    submit(office, "K-0", "K-1", "K-2")
    office.submit("K-other", sender="bob@example.com")

    def refuse_first() -> None:
        if any(one.state == "sending" for one in office.effects("K-0")):
            raise InputProblem("RW-X-002", "no such mailbox")

    office.tools["mail.reply"].before = refuse_first
    office.work()
    assert states(office, "K-0", "K-1", "K-2", "K-other") == ["dead", "ready", "ready", "confirmed"]
    first, second = office.effects("K-0")[0], office.effects("K-1")[0]
    assert show_effect(office.deployment, BEN, second.id)["in_front"] == first.id
    with pytest.raises(Conflict, match=f"behind the effect {first.id}"):
        release_effect(office.deployment, BEN, second.id, reason="now")
    office.later(hours=2)
    office.work()
    assert states(office, "K-1", "K-2") == ["ready", "ready"], "not by time alone"
    release_effect(office.deployment, BEN, first.id, reason="its mailbox is gone", behind=True)
    office.work()
    assert states(office, "K-0", "K-1", "K-2") == ["dead", "confirmed", "confirmed"]
    left = [key.split(":")[1] for key in office.tools["mail.reply"].sends]
    assert left == ["K-other", "K-1", "K-2"]


def test_what_a_person_says_of_the_one_in_front_lets_those_behind_it_go(office: Office) -> None:
    office.release(mail, charter=ORDERED)
    submit(office, "K-0", "K-1")
    tool = office.tools["mail.reply"]

    def refuse() -> None:
        raise InputProblem("RW-X-002", "no")

    tool.before = refuse
    office.work()
    tool.before = nothing
    confirm_effect(office.deployment, VERA, office.effects("K-0")[0].id, reason="the customer has it")
    office.work()
    assert states(office, "K-0", "K-1") == ["confirmed", "confirmed"]
    assert len(tool.sends) == 1


def test_one_that_waits_for_a_person_keeps_its_place_in_the_order(office: Office) -> None:
    office.release(mail, charter=ORDERED, threshold=0.95)
    office.submit("K-0")
    office.work()
    assert states(office, "K-0") == ["proposed"]
    assert office.effects("K-0")[0].lane
    front = office.effects("K-0")[0]
    with office.store.read() as tx:
        later = office.store.effects.in_front(tx, front)
    assert later is None


def test_a_receiver_that_turns_away_costs_no_attempt_and_is_asked_when_it_said(office: Office) -> None:
    office.release(mail)
    office.submit("K-1")
    office.submit("K-2")
    tool = office.tools["mail.reply"]
    tool.before = away(asked_s=30.0)
    office.work()
    assert [office.effects(key)[0].attempts for key in ("K-1", "K-2")] == [0, 0]
    tool.before = nothing
    office.engine.drain(until=office.clock.now() + timedelta(seconds=29))
    assert tool.sends == []
    office.engine.drain(until=office.clock.now() + timedelta(seconds=10))
    assert len(tool.felt) == 2


def test_a_dead_receiver_does_not_use_up_the_attempts_of_many(office: Office) -> None:
    office.release(mail)
    for number in range(40):
        office.submit(f"K-{number}")
    tool = office.tools["mail.reply"]
    tool.before = away()
    office.engine.drain(until=office.clock.now() + timedelta(minutes=10))
    attempts = [office.effects(f"K-{number}")[0].attempts for number in range(40)]
    assert sum(attempts) < 40, "a few to see that it is away, then one each time"
    assert max(attempts) <= 2
    tool.before = nothing
    office.engine.drain(until=office.clock.now() + timedelta(minutes=3))
    assert len(tool.felt) == 40


def test_an_answer_that_a_key_is_not_known_counts_only_once_nothing_can_come_any_more(
    office: Office,
) -> None:
    office.release(post)
    office.submit("K-1")
    tool = office.tools["post.send"]
    tool.before = away(safe=False)
    office.work()
    assert states(office, "K-1") == ["unknown"]
    tool.before = nothing
    # Limit of a call 30 s, and what the charter grants the receiver, 60 s.
    office.engine.drain(until=office.clock.now() + timedelta(seconds=89))
    assert (states(office, "K-1"), tool.sends) == (["unknown"], [])
    tool.felt["desk:K-1:post.send-0"] = {}  # it was carried out late after all
    office.engine.drain(until=office.clock.now() + timedelta(seconds=60))
    assert (states(office, "K-1"), tool.sends) == (["confirmed"], [])
    assert office.case("K-1").state is State.CLOSED


def test_what_surely_was_never_felt_is_sent_under_the_same_key(office: Office) -> None:
    office.release(post)
    office.submit("K-1")
    tool = office.tools["post.send"]
    tool.before = away(safe=False)
    office.work()
    tool.before = nothing
    office.engine.drain(until=office.clock.now() + timedelta(minutes=3))
    assert tool.sends == ["desk:K-1:post.send-0"]
    assert office.case("K-1").state is State.CLOSED


def test_a_receiver_that_cannot_be_asked_for_long_leaves_it_to_a_person(office: Office) -> None:
    office.release(post)
    office.submit("K-1")
    tool = office.tools["post.send"]
    tool.before = away(safe=False)
    tool.lookup = lambda key: away()()  # type: ignore[method-assign]
    office.engine.drain(until=office.clock.now() + timedelta(hours=3))
    assert states(office, "K-1") == ["unknown"]
    assert [review.kind for review in office.reviews("K-1")] == ["unclear"]


def test_a_person_parks_a_ready_one_and_no_lifted_stop_lets_it_go(office: Office) -> None:
    office.release(mail)
    office.submit("K-1")
    office.tools["mail.reply"].before = away()
    office.work()
    effect = office.effects("K-1")[0]
    with pytest.raises(Refused):
        park_effect(office.deployment, VERA, effect.id, reason="wait")
    with pytest.raises(InputProblem):
        park_effect(office.deployment, BEN, effect.id, reason=" ")
    park_effect(office.deployment, BEN, effect.id, reason="wait for the bank")
    office.tools["mail.reply"].before = nothing
    office.work()
    assert office.case("K-1").state is State.PARKED
    thrown = stop(office.deployment, OLGA, "all", reason="test")
    resume(office.deployment, RITA, thrown.id, reason="over")
    office.later(hours=1)
    office.work()
    assert states(office, "K-1") == ["parked"]
    release_effect(office.deployment, BEN, effect.id, reason="the bank answered")
    office.work()
    assert office.case("K-1").state is State.CLOSED
    assert {"effect.parked", "effect.let_go"} <= set(office.events())


def test_a_person_lets_a_dead_one_be_sent_again(office: Office) -> None:
    office.release(mail)
    office.submit("K-1")
    tool = office.tools["mail.reply"]

    def refuse() -> None:
        raise InputProblem("RW-X-002", "no")

    tool.before = refuse
    office.work()
    effect = office.effects("K-1")[0]
    tool.before = nothing
    retry_effect(office.deployment, VERA, effect.id, reason="the mailbox is there now")
    office.engine.drain(until=office.clock.now() + timedelta(minutes=1))
    assert tool.sends == [effect.key]
    with pytest.raises(Conflict):
        retry_effect(office.deployment, VERA, effect.id, reason="once more")


def test_effects_are_listed_in_pages_and_by_state(office: Office) -> None:
    office.release(mail)
    for number in range(5):
        submit(office, f"K-{number}")
        office.work()
    first = list_effects(office.deployment, BEN, state="confirmed", limit=3)
    rest = list_effects(office.deployment, BEN, state="confirmed", limit=3, after=first["after"])
    assert [one["case"] for one in (*first["effects"], *rest["effects"])] == [
        f"K-{n}" for n in (4, 3, 2, 1, 0)
    ]
    assert list_effects(office.deployment, BEN, state="owed")["effects"] == []
    with pytest.raises(InputProblem, match="no state"):
        list_effects(office.deployment, BEN, state="sent")
    with pytest.raises(NotFound):
        show_effect(office.deployment, BEN, "01ARZ3NDEKTSV4RRFFQ69G5FAV")


def test_the_round_wakes_who_was_left_asleep(office: Office) -> None:
    office.release(post, charter=PACED)
    for number in range(3):
        office.submit(f"K-{number}")
    office.work()
    office.engine._waiting = [one for one in office.engine._waiting if one.job.kind != "pace"]
    office.later(minutes=5)
    office.work()
    assert states(office, "K-0", "K-1", "K-2").count("confirmed") == 1
    assert tend_effects(office.deployment) > 0
    office.engine.drain(until=office.clock.now() + timedelta(minutes=2))
    assert states(office, "K-0", "K-1", "K-2") == ["confirmed"] * 3
