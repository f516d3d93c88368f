"""Markings form a lattice that only ever narrows; requests have one digest."""

from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.policy import ANY, NEUTRAL, NOWHERE, SINKS, Marking, Request, Tool, out_of_range
from roadworthy.stage import Stage

names = st.sampled_from(["billing", "support", "research"])


@st.composite
def any_marking(draw: st.DrawFn) -> Marking:
    purposes = st.frozensets(names)
    data_class = draw(st.integers(0, 3))
    return Marking(
        origin=draw(st.sampled_from(["trusted", "untrusted"])),
        data_class=data_class,
        region=draw(st.sampled_from([ANY, NOWHERE, "eu", "us"])),
        purposes=draw(purposes if data_class >= 2 else purposes | st.just(frozenset({ANY}))),
        subjects=draw(st.frozensets(st.sampled_from(["s1", "s2", "s3"]))),
    )


markings = any_marking()

REQUEST = Request(
    use_case="support",
    stage=Stage.CANARY,
    tool=Tool("helpdesk.reply", "message", 2, "eu"),
    autonomy="automatic",
    purpose="support",
    amount_minor=0,
    spent_today_minor=0,
    confidence_bp=9000,
    marking=Marking("untrusted", 2, "eu", frozenset({"support"}), frozenset({"s1"})),
    untrusted_control=frozenset(),
    approvals=frozenset(),
    stopped=False,
)


def allows(marking: Marking, purpose: str, region: str) -> tuple[bool, bool]:
    return (
        marking.purposes == {ANY} or purpose in marking.purposes,
        marking.region in (ANY, region),
    )


@settings(derandomize=True)
@given(markings, markings, markings)
def test_joining_does_not_depend_on_grouping(a: Marking, b: Marking, c: Marking) -> None:
    assert a.join(b).join(c) == a.join(b.join(c))


@settings(derandomize=True)
@given(markings, markings)
def test_joining_does_not_depend_on_order(a: Marking, b: Marking) -> None:
    assert a.join(b) == b.join(a)


@settings(derandomize=True)
@given(markings, markings)
def test_joining_again_changes_nothing(a: Marking, b: Marking) -> None:
    assert a.join(a) == a
    assert a.join(b).join(b) == a.join(b)


@settings(derandomize=True)
@given(markings)
def test_joining_with_the_neutral_marking_changes_nothing(a: Marking) -> None:
    assert a.join(NEUTRAL) == a == NEUTRAL.join(a)


@settings(derandomize=True)
@given(st.lists(markings, min_size=1, max_size=4), names, st.sampled_from(["eu", "us", "cn"]))
def test_what_is_made_from_values_is_never_freer_than_any_of_them(
    sources: list[Marking], purpose: str, region: str
) -> None:
    made = reduce(Marking.join, sources)
    for source in sources:
        assert made.data_class >= source.data_class
        assert made.subjects >= source.subjects
        assert made.origin == "untrusted" or source.origin == "trusted"
        for ours, theirs in zip(
            allows(made, purpose, region), allows(source, purpose, region), strict=True
        ):
            assert ours <= theirs


def test_two_regions_leave_nowhere_to_go() -> None:
    eu = replace(NEUTRAL, region="eu")
    us = replace(NEUTRAL, region="us")
    assert eu.join(us).region == NOWHERE
    assert eu.join(us).join(NEUTRAL).region == NOWHERE


def test_public_data_do_not_wipe_out_the_purpose_of_personal_data() -> None:
    personal = Marking("trusted", 2, "eu", frozenset({"support"}), frozenset({"s1"}))
    assert personal.join(NEUTRAL).purposes == {"support"}


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "Trusted"},
        {"data_class": 4},
        {"data_class": -1},
        {"data_class": True},
        {"region": ""},
        {"purposes": frozenset({ANY, "billing"})},
        {"data_class": 2},
    ],
)
def test_a_marking_without_a_meaning_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence differs per case
        replace(NEUTRAL, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "facts",
    [
        ("", "none", 0, "eu"),
        ("helpdesk reply", "none", 0, "eu"),
        ("hеlpdesk.reply", "none", 0, "eu"),  # a Cyrillic letter
        ("helpdesk.reply", "shout", 0, "eu"),
        ("helpdesk.reply", "none", 4, "eu"),
        ("helpdesk.reply", "none", 0, NOWHERE),
        ("helpdesk.reply", "none", 0, ""),
    ],
)
def test_a_tool_without_a_meaning_is_refused(facts: tuple[str, str, int, str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Tool(*facts)  # type: ignore[arg-type]


def test_a_tool_belongs_to_its_connector() -> None:
    assert Tool("helpdesk.reply", "message", 2, "eu").connector == "helpdesk"


@pytest.mark.parametrize(
    "change",
    [
        {"use_case": "claims"},
        {"stage": Stage.SHADOW},
        {"tool": Tool("helpdesk.reply", "message", 2, "us")},
        {"autonomy": "suggest"},
        {"purpose": "billing"},
        {"amount_minor": 1},
        {"spent_today_minor": 1},
        {"confidence_bp": 8999},
        {"marking": NEUTRAL},
        {"untrusted_control": frozenset({"to"})},
        {"approvals": frozenset({"base.autonomy"})},
        {"stopped": True},
    ],
)
def test_everything_an_answer_may_depend_on_is_in_the_digest(change: dict[str, object]) -> None:
    assert replace(REQUEST, **change).digest != REQUEST.digest  # type: ignore[arg-type]


def test_the_digest_does_not_depend_on_the_order_of_sets() -> None:
    one = replace(REQUEST, approvals=frozenset(["a", "b", "c"]))
    other = replace(REQUEST, approvals=frozenset(["c", "b", "a"]))
    assert one.digest == other.digest


def test_a_request_with_an_absurd_amount_still_has_a_digest() -> None:
    assert replace(REQUEST, amount_minor=2**70).digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("context", "found"),
    [
        ({"amount_minor": 10**15}, 0),
        ({"amount_minor": 10**15 + 1}, 1),
        ({"amount_minor": -1, "spent_today_minor": -1}, 2),
        ({"confidence_bp": 10_001}, 1),
        ({"data_class": 4}, 1),
        ({"amount_minor": "2"}, 0),
        ({}, 0),
    ],
)
def test_numbers_outside_what_they_can_mean_are_named(context: dict[str, object], found: int) -> None:
    assert len(out_of_range(context)) == found


def test_the_words_for_sinks_are_the_reading_one_and_seven_that_act() -> None:
    assert SINKS[0] == "none"
    assert len(set(SINKS)) == 8
