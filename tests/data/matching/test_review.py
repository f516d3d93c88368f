import random
from datetime import UTC, datetime

import pytest
from tests.data.matching.test_clusters import PLAN

from roadworthy.data.matching import Decision, Pair, Row, grey, recalibrate
from roadworthy.errors import InputProblem

AT = datetime(2026, 1, 2, tzinfo=UTC)


def _pair(left: int, right: int, probability: float) -> Pair:
    return Pair(Row(0, left), Row(0, right), probability)


def _answer(pair: Pair, same: bool) -> Decision:
    return Decision(pair.left, pair.right, same, "rita", AT)


def test_people_are_asked_what_is_neither_sure_nor_unlikely() -> None:
    pairs = [_pair(0, 1, 0.4), _pair(0, 2, 0.5), _pair(0, 3, 0.949), _pair(0, 4, 0.95)]
    assert {one.pair.right.row for one in grey(pairs, PLAN)} == {2, 3}


def test_the_most_undecided_question_comes_first() -> None:
    pairs = [_pair(0, 1, 0.9), _pair(2, 3, 0.55), _pair(4, 5, 0.8)]
    assert [one.pair.left.row for one in grey(pairs, PLAN)] == [2, 4, 0]


def test_a_question_that_settles_more_rows_comes_first() -> None:
    sure = [_pair(0, 10, 0.99), _pair(1, 11, 0.99)]
    assert [one.pair.rows for one in grey([*sure, _pair(0, 1, 0.7), _pair(2, 3, 0.7)], PLAN)] == [
        (Row(0, 0), Row(0, 1)),
        (Row(0, 2), Row(0, 3)),
    ]


def test_what_is_decided_is_not_asked_again() -> None:
    pair = _pair(0, 1, 0.7)
    assert grey([pair], PLAN, decisions=[_answer(pair, False)]) == ()


def test_few_answers_propose_nothing() -> None:
    pairs = [_pair(at, at + 1, 0.7) for at in range(0, 40, 2)]
    assert recalibrate(pairs, [_answer(one, True) for one in pairs]) is None


def test_enough_answers_propose_the_lowest_proven_threshold() -> None:
    chance = random.Random(1)
    pairs = [_pair(2 * at, 2 * at + 1, 0.5 + 0.45 * at / 600) for at in range(600)]
    answers = [_answer(one, one.probability > 0.7 or chance.random() < 0.2) for one in pairs]
    found = recalibrate(pairs, answers)
    assert found is not None
    assert found.automatic_from is not None
    assert 0.6 < found.automatic_from < 0.75
    assert found.precision_low >= 0.95
    shares = [share for _, share in found.curve]
    assert shares == sorted(shares)


def test_where_nothing_is_proven_no_threshold_is_named() -> None:
    pairs = [_pair(2 * at, 2 * at + 1, 0.5 + at / 250) for at in range(100)]
    found = recalibrate(pairs, [_answer(one, at % 2 == 0) for at, one in enumerate(pairs)])
    assert found is not None
    assert found.automatic_from is None


def test_a_precision_is_a_share() -> None:
    with pytest.raises(InputProblem) as told:
        recalibrate([], [], precision=95)
    assert told.value.code == "RW-DATA-402"
