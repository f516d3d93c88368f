"""An effect is felt once: its states, and the key that a connector sees."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.casework.effect import (
    SENT,
    SETTLED,
    EffectEvent,
    EffectState,
    effect_key,
    move_effect,
)
from roadworthy.errors import Conflict

E, S = EffectEvent, EffectState
events = st.lists(st.sampled_from(EffectEvent), max_size=40)
words = st.text(max_size=12) | st.text("ab:%3A", max_size=8)


def after(state: EffectState, happened: Sequence[EffectEvent]) -> list[EffectState]:
    states = [state]
    for event in happened:
        try:
            states.append(move_effect(states[-1], event))
        except Conflict:
            states.append(states[-1])
    return states


def test_an_approved_effect_is_sent_and_confirmed() -> None:
    assert after(S.PROPOSED, [E.APPROVED, E.STARTED, E.CONFIRMED])[1:] == [S.READY, S.SENDING, S.CONFIRMED]


def test_an_attempt_that_was_not_felt_is_made_again_and_one_that_was_lost_is_not() -> None:
    assert move_effect(S.SENDING, E.RETRIED) is S.READY
    assert move_effect(S.SENDING, E.LOST) is S.UNKNOWN
    with pytest.raises(Conflict):
        move_effect(S.UNKNOWN, E.STARTED)


def test_an_attempt_cut_off_by_a_crash_can_begin_again() -> None:
    assert move_effect(S.SENDING, E.STARTED) is S.SENDING


@given(st.sampled_from([S.REFUSED, S.SIMULATED, S.UNDONE]), events)
def test_what_is_refused_simulated_or_undone_stays_so(
    state: EffectState, happened: list[EffectEvent]
) -> None:
    assert set(after(state, happened)) == {state}


@given(events)
def test_what_was_confirmed_is_never_sent_again(happened: list[EffectEvent]) -> None:
    assert set(after(S.CONFIRMED, happened)) <= {S.CONFIRMED, S.UNDONE}


@given(st.sampled_from([S.PROPOSED, S.READY, S.PARKED]), events)
def test_an_effect_is_sent_only_from_ready_and_begins_only_by_being_started(
    start: EffectState, happened: list[EffectEvent]
) -> None:
    states = after(start, happened)
    for before, event, following in zip(states, happened, states[1:], strict=False):
        if following is S.SENDING and before is not S.SENDING:
            assert before is S.READY
            assert event is E.STARTED


@given(events)
def test_after_an_unclear_or_dead_one_only_a_person_or_a_look_up_makes_it_ready_again(
    happened: list[EffectEvent],
) -> None:
    by_whom = {S.UNKNOWN: {E.APPROVED, E.RETRIED}, S.DEAD: {E.APPROVED}}
    for state, events in by_whom.items():
        states = after(state, happened)
        for before, event, following in zip(states, happened, states[1:], strict=False):
            if before is state and following is S.READY:
                assert event in events


@given(events)
def test_a_proposed_effect_is_never_ready_without_an_approval(happened: list[EffectEvent]) -> None:
    """A parked one may be released: it was ready before, or a person parked it knowingly."""
    states = after(S.PROPOSED, [event for event in happened if event not in {E.APPROVED, E.RELEASED}])
    assert not set(states) & (SENT | {S.READY})


@pytest.mark.parametrize("state", EffectState)
def test_every_effect_can_come_to_rest(state: EffectState) -> None:
    found, edge = {state}, [state]
    while edge:
        for following in {after(edge[0], [event])[-1] for event in EffectEvent} - found:
            found.add(following)
            edge.append(following)
        edge.pop(0)
    assert found & SETTLED


def test_what_the_world_may_have_felt_is_never_begun_from_scratch() -> None:
    assert {S.SENDING, S.UNKNOWN, S.CONFIRMED, S.UNDONE} == SENT
    assert not SENT & {S.PROPOSED, S.READY, S.PARKED, S.REFUSED, S.SIMULATED}


def test_a_move_that_is_not_possible_is_a_conflict() -> None:
    with pytest.raises(Conflict, match="an effect that is simulated cannot be approved") as refused:
        move_effect(S.SIMULATED, E.APPROVED)
    assert refused.value.code == "RW-EFFECT-001"


def test_the_key_is_made_of_use_case_case_and_slot_and_of_nothing_else() -> None:
    assert effect_key("support", "T-100001", "helpdesk.reply-0") == "support:T-100001:helpdesk.reply-0"


@given(st.tuples(words, words, words), st.tuples(words, words, words))
def test_two_effects_share_a_key_only_if_they_are_the_same_effect(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert (effect_key(*one) == effect_key(*other)) is (one == other)


def test_a_colon_in_an_external_key_does_not_make_it_another_case_s_effect() -> None:
    assert effect_key("support", "T:1", "a") != effect_key("support", "T", "1:a")
    assert effect_key("support", "T:1", "a") != effect_key("support", "T%3A1", "a")
