"""Labels that come late: a case counts when it is old enough, on both arms alike."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from roadworthy.errors import InputProblem
from roadworthy.trust.ripe import Labelled, ripe

DAY = timedelta(days=1)
START = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_case_counts_once_it_is_old_enough_with_what_was_known_then():
    cases = [
        Labelled("a", "candidate", START, START + DAY, 1.0),
        Labelled("b", "baseline", START, START + 5 * DAY, 0.0),
        Labelled("c", "baseline", START + 6 * DAY, START + 6 * DAY, 0.0),
        Labelled("d", "candidate", START),
        Labelled("e", "baseline", START, START + 8 * DAY, 1.0),
    ]
    found = ripe(cases, now=START + 9 * DAY, age=7 * DAY)
    assert found.counted == (("a", "candidate", 1.0), ("b", "baseline", 0.0))
    assert found.waiting == (0, 1)
    assert found.unlabelled == (1, 1)
    assert found.late == (0, 1)


def test_arms_that_are_labelled_at_different_speed_are_not_biased():
    # Complaints come within a day, confirmations after six; the new release is a week younger.
    random = np.random.default_rng(1)
    cases = []
    for n in range(4000):
        arm = "candidate" if n % 2 else "baseline"
        at = START + (7 * DAY if arm == "candidate" else 0 * DAY) + timedelta(hours=n % 160)
        wrong = bool(random.random() < 0.1)
        cases.append(Labelled(str(n), arm, at, at + (DAY / 2 if wrong else 6 * DAY), float(wrong)))
    now = START + 14 * DAY
    early = [case for case in cases if case.label_at <= now]
    naive = {
        arm: np.mean([case.value for case in early if case.arm == arm]) for arm in ("candidate", "baseline")
    }
    assert naive["candidate"] > 2 * naive["baseline"]
    counted = ripe(cases, now=now, age=6 * DAY).counted
    rates = {arm: np.mean([v for _, a, v in counted if a == arm]) for arm in ("candidate", "baseline")}
    assert rates["candidate"] == pytest.approx(rates["baseline"], abs=0.04)
    assert sum(a == "candidate" for _, a, _ in counted) > 200


def test_labels_that_contradict_count_as_the_worst_and_are_told():
    cases = [
        Labelled("a", "candidate", START, START + DAY, 0.0),
        Labelled("a", "candidate", START, START + 2 * DAY, 1.0),
    ]
    found = ripe(cases, now=START + 9 * DAY, age=3 * DAY)
    assert found.counted == (("a", "candidate", 1.0),)
    assert found.contradicted == ("a",)


def test_a_label_from_before_its_case_counts_as_known_at_once():
    found = ripe([Labelled("a", "candidate", START, START - DAY, 1.0)], now=START, age=timedelta(0))
    assert len(found.counted) == 1


def test_cases_that_cannot_be_are_refused_all_at_once():
    cases = [
        Labelled("a", "candidate", START),
        Labelled("a", "baseline", START),
        Labelled("b", "candidate", START, START, None),
    ]
    with pytest.raises(InputProblem) as found:
        ripe(cases, now=START, age=DAY)
    assert {problem.place for problem in found.value.problems} == {"a", "b"}
    with pytest.raises(InputProblem, match="not negative"):
        ripe([], now=START, age=-DAY)
