"""Savings come with money, evidence and risk, and never where the evidence says worse."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from roadworthy.business.costs.advice import (
    Rival,
    cached,
    cheaper_release,
    dear_slices,
    fewer_retries,
    ranked,
)
from roadworthy.business.costs.rows import OneCase, Repeats, StepCost, Work
from roadworthy.quantities import Cost
from roadworthy.trust import Comparison, Scored, compare

DAY = date(2026, 11, 3)


def test_interrupted_attempts_of_live_work_are_what_fewer_retries_save() -> None:
    def a_step(work: Work, interrupted: int) -> StepCost:
        return StepCost(
            DAY, "support", "r1", work, "generate:reply", 10, 14, 0, Cost(900), Cost(interrupted)
        )

    (found,) = fewer_retries(
        [a_step(Work.LIVE, 100), a_step(Work.PILOT, 500), a_step(Work.LIVE, 0)], days=30
    )
    assert found.yearly == Cost(100 * 365 // 30)
    assert found.evidence.startswith("4 attempts beyond the first of 10 calls")
    assert found.ready


def test_repeated_calls_can_be_cached_but_never_reads_of_systems() -> None:
    found = cached(
        [
            Repeats("support", "sha256:aa", "predict:intent", 100, 40, Cost(4_000)),
            Repeats("support", "sha256:aa", "call:crm.look", 100, 40, Cost(4_000)),
            Repeats("support", "sha256:aa", "generate:reply", 1_000, 3, Cost(9)),
        ],
        days=365,
    )
    assert [(one.subject, one.yearly, one.ready) for one in found] == [
        ("predict:intent of aa", Cost(4_000), False)
    ]


def compared(worse: int, better: int, tests: int = 400) -> Comparison:
    names = [str(at) for at in range(tests)]
    running = [1.0] * (tests - 40) + [0.0] * 40
    rival = list(running)
    for at in range(worse):
        rival[at] = 0.0
    for at in range(better):
        rival[-1 - at] = 1.0
    return compare(Scored(names, rival), Scored(names, running), margin=0.05)


@pytest.mark.parametrize(
    ("worse", "better", "offered", "ready"),
    [(0, 20, True, True), (2, 2, True, True), (18, 5, True, False), (90, 0, False, False)],
)
def test_a_cheaper_release_is_offered_as_far_as_its_quality_is_proven(
    worse: int, better: int, offered: bool, ready: bool
) -> None:
    rival = Rival("r7", "intents", 50.0, 200.0, compared(worse, better))
    found = cheaper_release([rival], usage=Cost(1_000_000), days=365)
    assert bool(found) is offered
    if found:
        assert found[0].yearly == Cost(750_000)
        assert found[0].ready is ready
        assert "to be tested as a release" in found[0].next_step
        assert "difference in quality" in found[0].risk


def test_a_dearer_release_is_no_saving_and_a_free_one_has_nothing_to_save() -> None:
    dear = Rival("r7", "intents", 300.0, 200.0, compared(0, 20))
    free = Rival("r7", "intents", 0.0, 0.0, compared(0, 20))
    assert cheaper_release([dear, free], usage=Cost(10), days=30) == []


def cases(costs: dict[str, float], *, days: int = 20, each: int = 5, seed: int = 1) -> list[OneCase]:
    rng = np.random.default_rng(seed)
    return [
        OneCase(DAY + timedelta(days=day), "r1", name, int(mean * rng.lognormal(0, 0.3)))
        for day in range(days)
        for name, mean in costs.items()
        for _ in range(each)
    ]


def test_a_slice_that_costs_more_is_found_with_what_it_costs_more() -> None:
    (found,) = dear_slices(cases({"de": 1e6, "fr": 1e6, "it": 2e6}), days=365)
    assert found.subject == "it"
    assert found.yearly.nano == pytest.approx(100 * 1e6, rel=0.15)
    assert not found.ready


def test_slices_alike_ring_no_more_often_than_stated() -> None:
    wrong = sum(
        bool(dear_slices(cases({"de": 1e6, "fr": 1e6, "it": 1e6}, seed=seed), days=30))
        for seed in range(100)
    )
    assert wrong <= 12


def test_one_slice_alone_or_too_few_cases_say_nothing() -> None:
    assert dear_slices(cases({"de": 1e6}), days=30) == []
    assert dear_slices(cases({"de": 1e6, "it": 9e6}, days=2, each=3), days=30) == []
    assert dear_slices([], days=30) == []


def test_what_saves_most_comes_first() -> None:
    found = cached(
        [Repeats("s", "r", f"predict:{name}", 10, 5, Cost(nano)) for name, nano in (("a", 5), ("b", 50))],
        days=365,
    )
    assert [one.yearly.nano for one in ranked(found)] == [50, 5]
