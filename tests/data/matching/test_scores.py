from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data.matching import b_cubed, pairwise

LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=14)


def _clusters(labels: list[int]) -> list[list[int]]:
    return [[at for at, label in enumerate(labels) if label == one] for one in sorted(set(labels))]


@given(LABELS)
def test_pairwise_scores_are_those_of_every_pair_counted(labels: list[tuple[int, int]]) -> None:
    found, true = [one for one, _ in labels], [other for _, other in labels]
    pairs = list(combinations(range(len(labels)), 2))
    together = [(a, b) for a, b in pairs if found[a] == found[b]]
    belong = [(a, b) for a, b in pairs if true[a] == true[b]]
    right = len(set(together) & set(belong))
    score = pairwise(_clusters(found), _clusters(true))
    assert score.precision == pytest.approx(right / len(together) if together else 1.0)
    assert score.recall == pytest.approx(right / len(belong) if belong else 1.0)


@given(LABELS)
def test_b_cubed_scores_are_those_of_every_item_counted(labels: list[tuple[int, int]]) -> None:
    found, true = [one for one, _ in labels], [other for _, other in labels]
    precision, recall = [], []
    for at in range(len(labels)):
        mine = {one for one in range(len(labels)) if found[one] == found[at]}
        theirs = {one for one in range(len(labels)) if true[one] == true[at]}
        precision.append(len(mine & theirs) / len(mine))
        recall.append(len(mine & theirs) / len(theirs))
    score = b_cubed(_clusters(found), _clusters(true))
    n = len(labels)
    assert score.precision == pytest.approx(sum(precision) / n if n else 1.0)
    assert score.recall == pytest.approx(sum(recall) / n if n else 1.0)


def test_an_item_that_one_side_lacks_stands_alone_there() -> None:
    assert pairwise([], [["a", "b"]]).recall == 0
    assert b_cubed([["a"]], [["a", "b"]]).recall == pytest.approx(0.5)


def test_no_item_stands_in_two_clusters() -> None:
    with pytest.raises(ValueError, match="two clusters"):
        pairwise([["a"], ["a"]], [])


def test_f1_of_nothing_right_is_nothing() -> None:
    assert pairwise([["a", "b"]], [["a", "c"], ["b"]]).f1 == 0
