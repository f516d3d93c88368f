"""Parts are disjoint, never change for a case, and hold nothing that anybody learned from."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.measure.improving.shop import label

from roadworthy.casework.label import Chance, Label, Labels, clustered, same_text
from roadworthy.errors import InputProblem
from roadworthy.measure.improving.parts import Parts, part_of, require_enough, split

KNOWN = frozenset({"a", "b"})
CASES = st.lists(
    st.tuples(
        st.integers(0, 6), st.sampled_from(["one", "two", "Two!", "three", "four"]), st.sampled_from("abc")
    ),
    max_size=24,
)


def rows_of(cases: list[tuple[int, str, str]]) -> list[Label]:
    made = [label(number, text, truth, anchor=f"s{who}") for number, (who, text, truth) in enumerate(cases)]
    return clustered(made)


def homes(parts: Parts) -> dict[str, str]:
    named = (("fit", parts.fit), ("compare", parts.compare), ("certify", parts.certify))
    return {row.case: name for name, rows in named for row in rows}


@settings(max_examples=80, deadline=None)
@given(CASES)
def test_no_person_and_no_text_stands_in_two_parts(cases: list[tuple[int, str, str]]) -> None:
    parts = split(rows_of(cases), known=KNOWN)
    for name in ("anchor", "same_text"):
        held = [{getattr(row, name) for row in rows} for rows in (parts.fit, parts.compare, parts.certify)]
        assert not held[0] & held[1]
        assert not held[0] & held[2]
        assert not held[1] & held[2]


@settings(max_examples=80, deadline=None)
@given(CASES, CASES)
def test_a_case_never_moves_to_another_part_as_labels_come_in(
    before: list[tuple[int, str, str]], more: list[tuple[int, str, str]]
) -> None:
    rows = rows_of(before + more)
    first, later = homes(split(rows[: len(before)], known=KNOWN)), homes(split(rows, known=KNOWN))
    assert all(later.get(case, part) == part for case, part in first.items())


@settings(max_examples=80, deadline=None)
@given(CASES, st.sampled_from(["", "one", "two"]))
def test_every_label_is_in_one_part_or_counted_aside(cases: list[tuple[int, str, str]], seen: str) -> None:
    parts = split(rows_of(cases), known=KNOWN, learned={same_text(seen): "a"} if seen else None)
    used = len(parts.fit) + len(parts.compare) + len(parts.certify)
    assert used + sum(parts.aside.values()) == len(cases)
    measured = {row.same_text for row in (*parts.compare, *parts.certify)}
    assert not seen or same_text(seen) not in measured
    assert {row.truth for row in parts.fit} <= KNOWN


@settings(max_examples=40, deadline=None)
@given(CASES)
def test_the_order_of_labels_does_not_matter(cases: list[tuple[int, str, str]]) -> None:
    rows = rows_of(cases)
    assert split(rows, known=KNOWN) == split(rows[::-1], known=KNOWN)


def test_the_parts_have_the_sizes_they_are_meant_to_have() -> None:
    rows = [label(number, f"text {number}", "a") for number in range(4000)]
    parts = split(rows, known=KNOWN)
    assert [len(part) / 4000 for part in (parts.fit, parts.compare, parts.certify)] == pytest.approx(
        [0.5, 0.25, 0.25], abs=0.03
    )


def first_in(part: str, *, start: int = 0) -> int:
    return next(n for n in range(start, start + 1000) if part_of(label(n, "", "a")) == part)


def test_cases_seen_because_the_release_was_unsure_are_learned_from_and_not_measured_on() -> None:
    fit, compare = first_in("fit"), first_in("compare")
    rows = [
        label(number, f"text {number}", "a", chance=Chance.SELECTED, sources=("review",))
        for number in (fit, compare)
    ]
    parts = split(rows, known=KNOWN)
    assert [row.case for row in parts.fit] == [rows[0].case]
    assert parts.compare == ()
    assert sum(parts.aside.values()) == 1
    also_told = [rows[0], replace(rows[1], chance=Chance.REPORTED, sources=("review", "crm"))]
    assert len(split(also_told, known=KNOWN).compare) == 1


def test_what_contradicts_the_original_texts_or_itself_is_not_learned() -> None:
    one = first_in("fit")
    two = first_in("fit", start=one + 1)
    same = [label(one, "x", "a"), label(two, "X!", "b")]
    assert split(same, known=KNOWN).fit == ()
    (reason,) = split(same, known=KNOWN).aside
    assert "different labels" in reason
    (reason,) = split([label(one, "x", "a")], known=KNOWN, learned={same_text("x"): "b"}).aside
    assert "contradicts" in reason


def test_parts_that_are_too_small_are_all_told_with_what_is_missing() -> None:
    rows = tuple(label(number, f"text {number}", "a") for number in range(120))
    parts = split(rows, known=KNOWN)
    with pytest.raises(InputProblem) as caught:
        require_enough(parts, Labels("desk", "intent", rows, {}))
    problem = caught.value
    assert problem.code == "RW-IMPROVE-003"
    assert {one.place for one in problem.problems} == {"compare", "certify"}
    missing = (50 - len(parts.compare)) * 4
    assert f"about {missing} more labels" in problem.problems[0].hint


def test_one_busy_customer_is_one_draw() -> None:
    rows = clustered([label(number, f"text {number}", "a", anchor="shop") for number in range(500)])
    with pytest.raises(InputProblem, match="holds 1 independent"):
        require_enough(split(rows, known=KNOWN), Labels("desk", "intent", tuple(rows), {}))
