"""The course of a canary's comparison: kept ever sparser, and ranges that hold however often one looks."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from roadworthy.errors import InputProblem
from roadworthy.operate import comparing
from roadworthy.operate.comparing import Running, Seen
from roadworthy.quantities import Share
from roadworthy.trust.arms import Stratum, Values, difference_range


def begun() -> Running:
    return comparing.begun(margin=0.03, tolerance=0.05, delta=Share(0.05), of=1, against="sha256:x", step=1)


def fed(running: Running, cases: int, *, share: float, wrong: float, seed: int = 1) -> Running:
    chance = random.Random(seed)
    for _ in range(cases):
        arm = "candidate" if chance.random() < share else "baseline"
        loss = float(chance.random() < wrong)
        running = running.update(arm, loss, share=Share(share), step=1, of_step=True)  # type: ignore[arg-type]
    return running


def test_the_newest_entry_is_always_the_whole_and_old_ones_become_sparser() -> None:
    running = fed(begun(), 2_000, share=0.3, wrong=0.1)
    newest = running.trail[-1]
    assert (newest.cases, newest.beside) == (
        running.watch.harm.candidate.cases,
        running.watch.harm.baseline.cases,
    )
    assert newest.total == running.watch.harm.candidate.total
    assert len(running.trail) < 40
    numbers = [one.number for one in running.trail]
    assert numbers == sorted(numbers)
    assert comparing.read(running.text(), against="", step=1) == running


def test_with_another_share_a_new_part_begins_and_both_count() -> None:
    running = fed(fed(begun(), 300, share=0.1, wrong=0.1), 300, share=0.5, wrong=0.1, seed=2)
    last_of_first = [one for one in running.trail if one.share == 0.1][-1]
    end = running.trail[-1]
    expected = difference_range(
        [
            Stratum(
                Values.counted(int(last_of_first.total), last_of_first.cases),
                Values.counted(int(last_of_first.total_beside), last_of_first.beside),
            ),
            Stratum(
                Values.counted(int(end.total - last_of_first.total), end.cases - last_of_first.cases),
                Values.counted(
                    int(end.total_beside - last_of_first.total_beside), end.beside - last_of_first.beside
                ),
            ),
        ],
        alpha=Share(0.05),
    )
    assert last_of_first.number == 300
    assert comparing.difference(running.trail) == expected


def test_what_was_kept_before_courses_were_has_no_range_and_goes_on_from_there() -> None:
    text = replace(fed(begun(), 50, share=0.5, wrong=0.1), trail=()).text()
    old = comparing.read(text, against="", step=1)
    assert comparing.difference(old.trail) is None
    after = fed(old, 200, share=0.5, wrong=0.1, seed=3)
    found = comparing.difference(after.trail)
    assert found is not None
    assert found.low < 0 < found.high


def test_an_arm_without_a_case_has_no_range() -> None:
    assert comparing.difference(()) is None
    assert comparing.difference((Seen(), Seen(0.5, 3, 1.0, 0, 0.0))) is None
    assert comparing.course(begun(), most=5) == ()


def test_a_course_is_shown_at_no_more_entries_than_asked_for_the_newest_among_them() -> None:
    running = fed(begun(), 800, share=0.5, wrong=0.1)
    shown = comparing.course(running, most=5)
    assert 1 < len(shown) <= 5
    assert shown[-1][0] == running.trail[-1]


def test_values_known_by_their_sum_give_a_range_that_is_never_too_narrow() -> None:
    chance = random.Random(5)
    parts = [chance.random() / 5 for _ in range(200)]
    exact, summed = Values.of(parts), Values.summed(sum(parts), len(parts))
    other = Values.counted(10, 200)
    narrow = difference_range([Stratum(exact, other)], alpha=Share(0.05))
    wide = difference_range([Stratum(summed, other)], alpha=Share(0.05))
    assert wide.low <= narrow.low
    assert wide.high >= narrow.high
    assert Values.summed(7, 20) == Values.counted(7, 20)
    with pytest.raises(InputProblem, match="never add up"):
        Values.summed(3.5, 2)


def test_a_range_leaves_the_truth_out_in_few_of_many_streams_that_are_looked_at_all_the_time() -> None:
    left_out = 0
    for seed in range(60):
        running = fed(begun(), 150, share=0.4, wrong=0.2, seed=seed)
        left_out += any(
            found and not found.low <= 0 <= found.high for _, found in comparing.course(running, most=6)
        )
    assert left_out <= 6
