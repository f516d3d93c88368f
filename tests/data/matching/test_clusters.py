from datetime import UTC, datetime
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data.matching import (
    Block,
    Comparison,
    Decision,
    Form,
    MatchColumn,
    MatchPlan,
    Measure,
    Mode,
    Pair,
    Role,
    Row,
    cluster,
)

AT = datetime(2026, 1, 2, tzinfo=UTC)
PLAN = MatchPlan(
    tables=("t",),
    mode=Mode.DEDUPE,
    columns=(MatchColumn("name", ("name",), Role.SURNAME, Form.NAME),),
    comparisons=(Comparison("name", ("name",), Measure.EXACT),),
    blocks=(Block(()),),
)


def _row(at: int) -> Row:
    return Row(0, at)


def _pair(left: int, right: int, probability: float = 0.999) -> Pair:
    return Pair(_row(min(left, right)), _row(max(left, right)), probability, {"name": 7.0})


def _said(left: int, right: int, *, same: bool) -> Decision:
    return Decision(_row(left), _row(right), same, "rita", AT)


def _groups(*pairs: Pair, **more: object) -> list[list[int]]:
    found = cluster(pairs, PLAN, **more)  # type: ignore[arg-type]
    return [[row.row for row in one.rows] for one in found.clusters]


PAIRS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([0.3, 0.6, 0.96, 0.99, 1.0])).filter(
        lambda one: one[0] != one[1]
    ),
    max_size=20,
    unique_by=lambda one: (min(one[:2]), max(one[:2])),
).map(lambda found: [_pair(*one) for one in found])
DECISIONS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans()).filter(lambda one: one[0] != one[1]),
    max_size=6,
).map(lambda found: [_said(one, other, same=same) for one, other, same in found])


def test_sure_pairs_join_and_doubtful_ones_do_not() -> None:
    assert _groups(_pair(0, 1), _pair(1, 2), _pair(3, 4, 0.7)) == [[0, 1, 2], [3], [4]]


def test_rows_without_a_partner_stand_alone() -> None:
    assert _groups(_pair(1, 2), singles=[_row(0), _row(1)]) == [[0], [1, 2]]


@given(PAIRS, DECISIONS, st.randoms(use_true_random=False))
def test_the_order_of_pairs_and_decisions_does_not_matter(pairs, decisions, random) -> None:  # type: ignore[no-untyped-def]
    before = cluster(pairs, PLAN, decisions=decisions)
    random.shuffle(pairs)
    random.shuffle(decisions)
    assert cluster(pairs, PLAN, decisions=decisions).clusters == before.clusters


@given(PAIRS, DECISIONS)
def test_what_people_said_without_contradiction_always_holds(
    pairs: list[Pair], decisions: list[Decision]
) -> None:
    found = cluster(pairs, PLAN, decisions=decisions)
    of = {row: at for at, one in enumerate(found.clusters) for row in one.rows}
    if any(one.code == "RW-DATA-430" for one in found.findings):
        return
    for one in decisions:
        if one.same:
            assert of[one.left] == of[one.right]
        elif one.left in of and one.right in of:
            assert of[one.left] != of[one.right]


@given(PAIRS, st.integers(2, 5))
def test_no_cluster_is_larger_than_allowed_and_no_row_is_in_two(pairs: list[Pair], most: int) -> None:
    found = cluster(pairs, PLAN, most_rows=most)
    rows = [row for one in found.clusters for row in one.rows]
    assert len(rows) == len(set(rows))
    assert all(len(one) <= most for one in found.clusters)


@given(PAIRS)
def test_every_two_rows_of_a_cluster_are_linked_by_sure_pairs(pairs: list[Pair]) -> None:
    found = cluster(pairs, PLAN)
    sure = {one.rows for one in pairs if one.probability >= PLAN.automatic_from}
    for one in found.clusters:
        reached, waiting = {one.rows[0]}, [one.rows[0]]
        while waiting:
            at = waiting.pop()
            for other in one.rows:
                if other not in reached and ((at, other) in sure or (other, at) in sure):
                    reached.add(other)
                    waiting.append(other)
        assert reached == set(one.rows)


def test_a_forced_difference_splits_a_chain_at_its_weaker_end() -> None:
    pairs = (_pair(0, 1, 0.999), _pair(1, 2, 0.97))
    assert _groups(*pairs, decisions=[_said(0, 2, same=False)]) == [[0, 1], [2]]


def test_a_forced_sameness_joins_without_any_pair() -> None:
    found = cluster([], PLAN, decisions=[_said(4, 2, same=True)])
    assert [one.rows for one in found.clusters] == [(_row(2), _row(4))]
    assert "confirmed by people" in found.clusters[0].why


def test_opposite_answers_are_told_and_neither_holds() -> None:
    found = cluster([_pair(0, 1)], PLAN, decisions=[_said(0, 1, same=True), _said(1, 0, same=False)])
    assert [one.code for one in found.findings] == ["RW-DATA-430"]
    assert len(found.clusters) == 1


def test_a_difference_inside_what_people_joined_is_told() -> None:
    said = [_said(0, 1, same=True), _said(1, 2, same=True), _said(0, 2, same=False)]
    found = cluster([], PLAN, decisions=said)
    assert [one.code for one in found.findings] == ["RW-DATA-430"]


def test_different_hard_identifiers_never_join() -> None:
    hard = {_row(0): {"vat": "1"}, _row(2): {"vat": "2"}}
    found = cluster([_pair(0, 1, 0.999), _pair(1, 2, 0.98)], PLAN, hard=hard)
    assert [[row.row for row in one.rows] for one in found.clusters] == [[0, 1], [2]]
    assert [(pair.rows, why) for pair, why in found.cut] == [((_row(1), _row(2)), "`vat` differs")]
    assert [one.code for one in found.findings] == ["RW-DATA-431"]


def test_two_dense_groups_held_by_one_weak_pair_are_cut_there() -> None:
    dense = [_pair(a, b) for group in ((0, 1, 2), (3, 4, 5)) for a, b in combinations(group, 2)]
    assert _groups(*dense, _pair(2, 3, 0.96)) == [[0, 1, 2], [3, 4, 5]]
    assert _groups(*dense, _pair(2, 3, 0.995)) == [[0, 1, 2, 3, 4, 5]]
    assert _groups(*dense, _pair(2, 3, 0.96), _pair(1, 4, 0.96)) == [[0, 1, 2, 3, 4, 5]]
    said = [_said(2, 3, same=True)]
    assert _groups(*dense, _pair(2, 3, 0.96), decisions=said) == [[0, 1, 2, 3, 4, 5]]


def test_a_cluster_says_what_joins_it() -> None:
    found = cluster([_pair(0, 1, 0.97)], PLAN)
    assert found.clusters[0].why == "2 rows agree in `name`"
    assert found.clusters[0].weakest == pytest.approx(0.97)


def test_a_long_chain_of_equal_rows_is_one_cluster() -> None:
    chain = [_pair(at, at + step, 1.0) for at in range(3000) for step in (1, 2)]
    assert len(cluster(chain, PLAN, most_rows=10_000).clusters) == 1
