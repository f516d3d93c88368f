from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data.matching.learning import (
    Lesson,
    Patterns,
    assumed_m,
    assumed_u,
    in_order,
    kinds,
    learn,
    together,
    unrelated,
)

M = ([0.85, 0.1, 0.05], [0.7, 0.2, 0.1], [0.9, 0.1])
U = ([0.01, 0.04, 0.95], [0.05, 0.1, 0.85], [0.2, 0.8])


def _pairs(count: int, share: float, *, seed: int = 1, missing: float = 0.1) -> Patterns:
    chance = np.random.default_rng(seed)
    match = chance.random(count) < share
    levels = np.empty((count, 3), np.int64)
    for at, (m, u) in enumerate(zip(M, U, strict=True)):
        levels[:, at] = np.where(
            match, chance.choice(len(m), count, p=m), chance.choice(len(u), count, p=u)
        )
        levels[chance.random(count) < missing, at] = -1
    rows, counts = np.unique(levels, axis=0, return_counts=True)
    return Patterns(rows, counts.astype(np.float64))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
def test_em_finds_the_parameters_that_pairs_were_drawn_with(share: float) -> None:
    lesson = learn(_pairs(40_000, share), U)
    assert lesson.share == pytest.approx(share, abs=0.02)
    for at, m in enumerate(M):
        assert lesson.m[at] == pytest.approx(m, abs=0.04)


def test_a_block_teaches_nothing_about_what_it_was_made_by() -> None:
    assert sorted(learn(_pairs(1_000, 0.5), U, without=[1]).m) == [0, 2]


def test_no_pairs_teach_nothing() -> None:
    empty = Patterns(np.zeros((0, 3), np.int64), np.zeros(0))
    assert learn(empty, U) == Lesson(0.0, 0.0, {})
    assert empty.shares(0, 3) is None


def test_pairs_without_a_match_are_not_believed() -> None:
    assert not learn(_pairs(5_000, 0.0), U).believable([0, 1, 2])


def test_a_household_is_not_believed_to_be_one_person() -> None:
    lesson = Lesson(500.0, 0.5, {0: [0.02, 0.03, 0.95], 1: [0.9, 0.05, 0.05]})
    assert not lesson.believable([0])
    assert lesson.believable([1])


def test_what_no_lesson_taught_stays_as_assumed() -> None:
    m, taught = together([Lesson(100.0, 1.0, {1: M[1]})], 0, 3)
    assert not taught
    assert m == pytest.approx(assumed_m(3))


@given(st.integers(2, 9))
def test_assumptions_are_shares(count: int) -> None:
    for one in (assumed_m(count), assumed_u(count)):
        assert len(one) == count
        assert sum(one) == pytest.approx(1)
        assert min(one) > 0


SHARES = st.lists(st.floats(0.001, 1), min_size=2, max_size=8).map(lambda one: [x / sum(one) for x in one])


@given(st.data())
def test_a_closer_level_never_says_less_than_a_farther_one(data: st.DataObject) -> None:
    m = data.draw(SHARES)
    u = data.draw(SHARES.filter(lambda one: len(one) == len(m)) if len(m) == 2 else st.just(m[::-1]))
    ordered = in_order(m, u)
    ratios = [one / other for one, other in zip(ordered, u, strict=True)]
    assert all(a >= b - 1e-9 for a, b in pairwise(ratios))
    assert sum(ordered) == pytest.approx(sum(m))


def test_matches_among_random_pairs_are_not_taken_for_chance() -> None:
    counted = [0.5 * 0.85 + 0.5 * 0.01, 0.5 * 0.1 + 0.5 * 0.04, 0.5 * 0.05 + 0.5 * 0.95]
    assert unrelated(counted, 3, M[0], equal=None, prior=0.5, pairs=1e6) == pytest.approx(
        [0.0218, 0.0395, 0.9387], abs=0.02
    )


def test_kinds_of_pairs_are_told_apart_by_what_families_do_not_share() -> None:
    # 100 matches (20 bits shared, 10 own), 300 of one family (20 shared, -5 own), and a million strangers.
    bits, own = np.array([30.0, 15.0, -20.0]), np.array([10.0, -5.0, -5.0])
    found = kinds(bits, own, np.array([100.0, 300.0, 1e6]), possible=1_000_400, prior=0.001)
    assert found.prior == pytest.approx(100 / 1_000_400, rel=0.05)
    assert found.companions == pytest.approx(3, rel=0.1)


def test_without_families_pairs_match_or_do_not() -> None:
    bits = np.array([30.0, -20.0])
    found = kinds(bits, bits, np.array([100.0, 1e6]), possible=1_000_100, prior=0.01, companions=0.0)
    assert found.prior == pytest.approx(100 / 1_000_100, rel=0.01)
    assert found.companions == 0


def test_a_given_prior_is_kept() -> None:
    bits = np.array([30.0])
    assert kinds(bits, bits, np.array([9.0]), possible=100, prior=0.2, fixed_prior=True).prior == 0.2
