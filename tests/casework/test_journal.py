"""The journal: what was recorded answers, what does not fit is found at its place."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.casework.journal import Journal, Step
from roadworthy.errors import Corrupt
from roadworthy.quantities import Cost, Id

NOW = datetime(2026, 5, 1, tzinfo=UTC)
calls = st.tuples(
    st.sampled_from(["predict:intent", "retrieve", "call:crm"]), st.sampled_from(["a", "b", "c"])
)
workflows = st.lists(calls, max_size=12)


def step(ordinal: int, name: str, arguments: str) -> Step:
    return Step(Id("case"), 1, ordinal, name, arguments, Id(f"result-{ordinal}"), 1, 1, Cost(0), NOW)


def play(workflow: list[tuple[str, str]], recorded: list[Step]) -> tuple[list[Step], int]:
    """One segment: every call takes its turn. The steps as they stand afterwards, and how many ran anew."""
    journal, steps, ran = Journal(recorded), [], 0
    for name, arguments in workflow:
        ordinal, known = journal.turn(name, arguments)
        ran += known is None
        steps.append(known or step(ordinal, name, arguments))
    journal.finish()
    return steps, ran


@given(workflows)
def test_the_first_run_does_every_step_once_in_order(workflow: list[tuple[str, str]]) -> None:
    steps, ran = play(workflow, [])
    assert ran == len(workflow)
    assert [one.ordinal for one in steps] == list(range(len(workflow)))


@given(workflows, st.integers(0, 12), st.randoms(use_true_random=False))
def test_after_a_crash_what_was_recorded_answers_and_the_rest_runs(workflow, done, random) -> None:
    first, _ = play(workflow, [])
    kept = first[:done]
    random.shuffle(kept)
    again, ran = play(workflow, kept)
    assert again == first
    assert ran == len(workflow) - len(kept)


@given(st.lists(calls, min_size=1, max_size=12), st.data())
def test_another_call_at_a_recorded_place_is_found_at_its_ordinal(workflow, data) -> None:
    recorded, _ = play(workflow, [])
    at = data.draw(st.integers(0, len(workflow) - 1))
    other = data.draw(calls.filter(lambda call: call != workflow[at]))
    with pytest.raises(Corrupt) as found:
        play([*workflow[:at], other, *workflow[at + 1 :]], recorded)
    assert found.value.code == "RW-CASE-010"
    assert found.value.message.startswith(f"step {at} was recorded as `{workflow[at][0]}`")
    assert found.value.broken == (f"step {at} of case case",)
    assert found.value.intact == (f"steps 0 to {at - 1}" if at else "no step before it")


@given(st.lists(calls, min_size=1, max_size=12), st.data())
def test_a_workflow_that_ends_too_early_is_found_at_the_first_step_left(workflow, data) -> None:
    recorded, _ = play(workflow, [])
    at = data.draw(st.integers(0, len(workflow) - 1))
    with pytest.raises(Corrupt) as found:
        play(workflow[:at], recorded)
    assert found.value.code == "RW-CASE-010"
    assert f"ended before step {at} `{workflow[at][0]}`" in found.value.message


@given(st.lists(calls, min_size=2, max_size=12), st.data())
def test_a_step_missing_before_recorded_ones_is_found(workflow, data) -> None:
    recorded, _ = play(workflow, [])
    gone = data.draw(st.integers(0, len(workflow) - 2))
    with pytest.raises(Corrupt) as found:
        play(workflow, recorded[:gone] + recorded[gone + 1 :])
    assert found.value.code == "RW-CASE-011"
    assert found.value.broken == (f"step {gone}",)


def test_other_arguments_are_told_apart_from_another_call() -> None:
    with pytest.raises(Corrupt, match="the workflow now asks for other arguments"):
        Journal([step(0, "retrieve", "a")]).turn("retrieve", "b")
    with pytest.raises(Corrupt, match="the workflow now asks for `predict:intent`"):
        Journal([step(0, "retrieve", "a")]).turn("predict:intent", "a")


def test_it_says_whether_recorded_steps_lie_ahead() -> None:
    journal = Journal([step(0, "a", ""), step(1, "b", "")])
    told = [journal.replaying]
    for name in ("a", "b", "c"):
        journal.turn(name, "")
        told.append(journal.replaying)
    assert told == [True, True, False, False]
    assert not Journal([]).replaying
