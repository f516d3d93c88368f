"""A case moves only where its table lets it, and always has a way to its end."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.casework.case import CaseRecord, Event, State, move
from roadworthy.errors import Conflict
from roadworthy.quantities import Cost, Id
from roadworthy.stage import Stage

events = st.lists(st.sampled_from(Event), max_size=40)


def after(state: State, happened: Sequence[Event]) -> list[State]:
    """The states a case goes through; events that do not apply leave it where it is."""
    states = [state]
    for event in happened:
        try:
            states.append(move(states[-1], event))
        except Conflict:
            states.append(states[-1])
    return states


def reachable(start: State) -> set[State]:
    found, edge = {start}, [start]
    while edge:
        state = edge.pop()
        for following in {after(state, [event])[-1] for event in Event} - found:
            found.add(following)
            edge.append(following)
    return found


def test_an_automatic_case_goes_straight_through() -> None:
    assert after(State.OPEN, [Event.DECIDED, Event.DELIVERED]) == [
        State.OPEN,
        State.DELIVERING,
        State.CLOSED,
    ]


def test_a_reviewed_case_waits_and_goes_on() -> None:
    happened = [Event.ASKED, Event.ANSWERED, Event.ASKED, Event.SETTLED, Event.DELIVERED]
    assert after(State.OPEN, happened)[1:] == [
        State.WAITING,
        State.OPEN,
        State.WAITING,
        State.DELIVERING,
        State.CLOSED,
    ]


@given(events)
def test_what_is_closed_stays_closed(happened: list[Event]) -> None:
    assert set(after(State.CLOSED, happened)) == {State.CLOSED}


@given(st.sampled_from(State), events)
def test_a_case_is_always_in_a_state_and_closes_only_by_an_event_that_ends_it(
    start: State, happened: list[Event]
) -> None:
    states = after(start, happened)
    for before, event, following in zip(states, happened, states[1:], strict=False):
        if before is not State.CLOSED and following is State.CLOSED:
            assert event in {Event.DELIVERED, Event.ENDED}


@given(events)
def test_nothing_is_delivered_that_was_not_decided(happened: list[Event]) -> None:
    states = after(State.OPEN, happened)
    if State.CLOSED in states:
        at = states.index(State.CLOSED)
        if happened[at - 1] is Event.DELIVERED:
            assert states[at - 1] is State.DELIVERING
            entered = next(n for n in range(at - 1, -1, -1) if states[n - 1] is not State.DELIVERING)
            assert happened[entered - 1] in {Event.DECIDED, Event.SETTLED}


@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_every_case_can_be_parked_and_can_come_to_its_end(state: State) -> None:
    assert move(state, Event.PARKED) is State.PARKED
    assert State.CLOSED in reachable(state)
    assert move(state, Event.HANDED_OVER) is State.WAITING


@given(st.integers(1, 20))
def test_a_parked_case_moves_only_when_somebody_acts(times: int) -> None:
    assert after(State.PARKED, [Event.PARKED] * times)[-1] is State.PARKED
    for event in (Event.ASKED, Event.ANSWERED, Event.DECIDED, Event.DELIVERED):
        with pytest.raises(Conflict):
            move(State.PARKED, event)


def test_a_move_that_is_not_possible_says_which_ones_are() -> None:
    with pytest.raises(Conflict) as refused:
        move(State.DELIVERING, Event.DECIDED)
    assert refused.value.code == "RW-CASE-001"
    assert "a case that is delivering cannot be decided" in refused.value.message
    assert "delivered" in refused.value.message
    with pytest.raises(Conflict, match="it is over"):
        move(State.CLOSED, Event.PARKED)


def test_the_digest_of_a_case_is_that_of_its_release() -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    case = CaseRecord(
        id=Id("i"), use_case="support", key="T-1", twin="", subject="s", input=Id("p"), release="sha256:1", stage=Stage.CANARY,
        probability=0.4, state=State.OPEN, version=1, run=1, segment=1, handled_by="", confidence=0.0, answer="", reason="",
        slice="en", cost=Cost(0), created_at=now, updated_at=now,
    )  # fmt: skip
    assert case.digest == "sha256:1"
