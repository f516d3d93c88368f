"""The choice of a model: the cheapest that is good enough, able and healthy, with a reason for every other."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.routing import Candidate, Need, Quality, Route, choose, retiring
from roadworthy.usage import Price

TODAY = date(2026, 11, 21)
CHAT = frozenset({"chat"})
NEED = Need(CHAT, 1_000, 200, "eu")
FEW = settings(max_examples=80, deadline=None)


def candidate(name: str = "a", *, read: int = 1_000, written: int = 4_000, **changes: object) -> Candidate:
    one = Candidate(name, f"wire-{name}", "eu", CHAT, Price(read, written))
    return replace(one, **changes)  # type: ignore[arg-type]


candidates = st.lists(
    st.builds(
        Candidate,
        name=st.sampled_from("abcdef"),
        model=st.just("m"),
        region=st.sampled_from(["", "eu", "us"]),
        able=st.sampled_from([CHAT, CHAT | {"tools"}, frozenset({"embeddings"})]),
        price=st.none() | st.builds(Price, read=st.integers(0, 10**10), written=st.integers(0, 10**10)),
        bound=st.none() | st.integers(0, 10**9),
        context=st.sampled_from([0, 500, 1_200, 8_000]),
        most_written=st.sampled_from([0, 100, 200]),
        retires=st.none() | st.dates(TODAY - timedelta(3), TODAY + timedelta(3)),
    ),
    max_size=6,
)
measured = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(
        Quality, value=st.floats(0, 1), low=st.floats(0, 1) | st.just(math.nan), n=st.integers(0, 99)
    ),
)
floors = st.none() | st.floats(0, 1)


def chosen(found: list[Candidate], seen: dict[str, Quality], floor: float | None) -> Route:
    return choose(found, need=NEED, today=TODAY, floor=floor, quality=seen)


def cost(one: Candidate) -> int:
    most = one.most(NEED.read, NEED.written)
    assert most is not None
    return most


@FEW
@given(candidates, measured, floors)
def test_every_candidate_is_asked_or_dropped_with_a_reason(
    found: list[Candidate], seen: dict[str, Quality], floor: float | None
) -> None:
    route = chosen(found, seen, floor)
    asked = [one.name for one in route.order]
    assert sorted([*asked, *route.dropped]) == sorted({one.name for one in found})
    assert all(route.dropped.values())
    assert route.reason
    assert route == chosen(found, seen, floor)


@FEW
@given(candidates, measured, floors)
def test_nobody_is_asked_who_may_not_be(
    found: list[Candidate], seen: dict[str, Quality], floor: float | None
) -> None:
    order = chosen(found, seen, floor).order
    for one in order:
        assert one.able >= NEED.able
        assert one.region in {"", "eu"}
        assert one.retires is None or one.retires >= TODAY
        assert one.price is not None or one.bound is not None
        assert not one.context or one.context >= NEED.read + NEED.written
        assert floor is None or seen[one.name].low >= floor
    assert [cost(one) for one in order] == sorted(cost(one) for one in order)


@FEW
@given(candidates, candidates, measured, floors)
def test_a_further_candidate_never_makes_the_chosen_dearer(
    found: list[Candidate], more: list[Candidate], seen: dict[str, Quality], floor: float | None
) -> None:
    before, after = chosen(found, seen, floor), chosen([*found, *more], seen, floor)
    if before.order:
        assert cost(after.order[0]) <= cost(before.order[0])


@FEW
@given(candidates, measured, floors, st.integers(0, 6))
def test_who_may_not_answer_changes_nothing_for_the_others(
    found: list[Candidate], seen: dict[str, Quality], floor: float | None, place: int
) -> None:
    unfit = candidate("unfit", able=frozenset({"embeddings"}))
    before = chosen(found, seen, floor)
    after = chosen([*found[:place], unfit, *found[place:]], seen, floor)
    assert after.order == before.order
    assert {**before.dropped, "unfit": "it does not do chat"} == after.dropped


REASONS = {
    "an ability": ({"able": frozenset({"embeddings"})}, "it does not do chat"),
    "another region": ({"region": "us"}, "it runs in us, data may be in eu"),
    "no price": ({"price": None}, "nobody knows its price"),
    "a small context": ({"context": 1_000}, "1200 tokens do not fit into 1000"),
    "short answers": ({"most_written": 100}, "it writes at most 100 tokens, 200 are asked for"),
    "its end": ({"retires": date(2026, 11, 20)}, "it was retired after 2026-11-20"),
}


@pytest.mark.parametrize("why", REASONS)
def test_each_reason_is_said_in_plain_words(why: str) -> None:
    changes, said = REASONS[why]
    route = choose([candidate("a", **changes), candidate("b")], need=NEED, today=TODAY)  # type: ignore[arg-type]
    assert route.dropped == {"a": said}
    assert [one.name for one in route.order] == ["b"]
    assert route.reason == "the only one of 2 that may answer"


def test_on_its_last_day_a_model_still_answers() -> None:
    assert choose([candidate(retires=TODAY)], need=NEED, today=TODAY).order


def test_a_bound_stands_for_a_price_that_nobody_knows() -> None:
    bounded, priced = candidate("a", price=None, bound=10**9), candidate("b")
    assert [one.name for one in choose([bounded, priced], need=NEED, today=TODAY).order] == ["b", "a"]


def test_quality_is_the_lower_end_and_what_was_never_measured_has_none() -> None:
    seen = {"a": Quality(0.99, 0.89, 20), "b": Quality(0.93, 0.91, 900)}
    three = [candidate("a"), candidate("b", read=5_000), candidate("c")]
    route = choose(three, need=NEED, today=TODAY, floor=0.9, quality=seen)
    assert [one.name for one in route.order] == ["b"]
    assert route.dropped == {
        "a": "its quality is at least 0.890, 0.900 is asked for",
        "c": "its quality was never measured",
    }
    assert route.reason == "the only one of 3 that may answer, 0.910 of at least 0.900"


def test_where_cost_is_equal_the_better_one_is_first_and_then_the_one_named_first() -> None:
    three = [candidate("a"), candidate("b"), candidate("c")]
    assert [one.name for one in choose(three, need=NEED, today=TODAY).order] == ["a", "b", "c"]
    seen = {"c": Quality(0.9, 0.8, 50)}
    order = choose(three, need=NEED, today=TODAY, quality=seen).order
    assert [one.name for one in order] == ["c", "a", "b"]


def test_one_that_rests_is_passed_over_with_its_reason() -> None:
    two = [candidate("a"), candidate("b", read=9_000)]
    route = choose(two, need=NEED, today=TODAY, resting={"a": "failed 5 times in a row"})
    assert [one.name for one in route.order] == ["b"]
    assert route.dropped == {"a": "failed 5 times in a row"}


def test_nobody_left_says_so() -> None:
    assert choose([], need=NEED, today=TODAY).reason == "there is no model to ask"
    assert choose([candidate(price=None)], need=NEED, today=TODAY).reason == "no model may be asked"
    assert choose([candidate()], need=NEED, today=TODAY).reason == "the only one"


def test_days_until_a_model_is_retired() -> None:
    assert retiring(None, TODAY) is None
    assert retiring(TODAY, TODAY) == 0
    assert retiring(date(2027, 2, 19), TODAY) == 90
    assert retiring(date(2026, 11, 20), TODAY) == -1
