"""A step is passed when enough was seen, for long enough, and nothing is worse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.quantities import Share
from roadworthy.release import PASSED, Compared, Step, Word, stand

SINCE = datetime(2026, 5, 1, tzinfo=UTC)
STEPS = (Step(Share(0.05), 50, timedelta(days=1)), Step(Share(0.25), 100))


def seen(state: Word, *, metric: str = "error", in_step: int = 60) -> Compared:
    return Compared(metric, state, 80, 90, 0.1, 0.1, 0.03, 0.1, in_step)


def test_a_step_is_passed_once_enough_was_seen_for_long_enough() -> None:
    after = SINCE + timedelta(days=1)
    said = stand(1, STEPS, [seen(Word.NOT_WORSE), seen(Word.BETTER, metric="cost")], since=SINCE, now=after)
    assert (said.state, said.missing, said.passed) == (Word.NOT_WORSE, (), True)
    assert stand(1, STEPS, [seen(Word.BETTER)], since=SINCE, now=after).state is Word.BETTER


def test_what_is_missing_is_said() -> None:
    early = SINCE + timedelta(hours=6)
    metrics = [seen(Word.NOT_WORSE, in_step=12), seen(Word.INCONCLUSIVE, metric="cost")]
    said = stand(1, STEPS, metrics, since=SINCE, now=early)
    assert said.state is Word.INCONCLUSIVE
    assert said.missing == (
        "error is known of 12 of the canary's cases in this step, asked 50",
        "6 hours have passed, asked 24 hours",
        "cost is not yet proven not worse by 10.0% (80 cases against 90)",
    )
    assert said.sentence.startswith("step 1 of 2 is inconclusive: error is known of 12")


def test_one_metric_that_is_worse_makes_the_whole_worse_however_early() -> None:
    metrics = [seen(Word.BETTER, in_step=0), seen(Word.WORSE, metric="latency", in_step=0)]
    said = stand(1, STEPS, metrics, since=SINCE, now=SINCE)
    assert said.state is Word.WORSE
    assert said.missing == (
        "more cases that are too slow: 10.0% of 80 cases against 10.0% of 90 beside it (margin 3.0%)",
    )


def test_a_clock_that_went_back_has_waited_for_nothing() -> None:
    said = stand(1, STEPS, [seen(Word.BETTER)], since=SINCE, now=SINCE - timedelta(days=400))
    assert said.missing == ("0 seconds have passed, asked 24 hours",)


def test_without_a_metric_nothing_is_passed() -> None:
    assert stand(2, STEPS, [], since=SINCE, now=SINCE + timedelta(days=9)).state is Word.INCONCLUSIVE


@given(
    st.lists(st.tuples(st.sampled_from(list(Word)), st.integers(0, 200)), max_size=5),
    st.integers(1, 2),
    st.floats(-10, 10),
)
def test_nothing_that_is_inconclusive_is_ever_passed(metrics, number, days) -> None:
    compared = [seen(state, metric=f"m{i}", in_step=n) for i, (state, n) in enumerate(metrics)]
    said = stand(number, STEPS, compared, since=SINCE, now=SINCE + timedelta(days=days))
    step = STEPS[number - 1]
    good = bool(metrics) and all(s in PASSED and n >= step.min_cases for s, n in metrics)
    waited = max(timedelta(0), timedelta(days=days))
    assert said.passed == (good and waited >= step.min_duration)
    assert (said.state is Word.WORSE) == any(state is Word.WORSE for state, _ in metrics)
    assert said.passed or said.missing


@pytest.mark.parametrize("word", list(Word))
def test_every_state_reads_as_a_sentence(word: Word) -> None:
    assert "80 cases against" in seen(word).sentence
