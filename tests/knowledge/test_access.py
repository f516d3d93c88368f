"""Who may read what: the one rule between what a document demands and what a reader has."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.knowledge import KEEPER, Access, Reader, may_read, refusals
from roadworthy.policy import Marking

NAMES = st.frozensets(st.sampled_from(["a", "b", "c"]), max_size=3)
CLASSES = st.integers(0, 3)
PLACES = st.sampled_from(["eu", "us", "ch"])


@st.composite
def accesses(draw: st.DrawFn) -> Access:
    data_class = draw(CLASSES)
    purposes = draw(st.sampled_from([{"any"}, {"service"}, {"service", "audit"}]))
    if data_class >= 2:
        purposes = purposes - {"any"} or {"service"}
    region = draw(st.sampled_from(["any", "nowhere", "eu", "us"]))
    marking = Marking("untrusted", data_class, region, frozenset(purposes), draw(NAMES))
    return Access(marking, draw(st.none() | NAMES))


@st.composite
def readers(draw: st.DrawFn) -> Reader:
    return Reader(
        groups=draw(NAMES),
        clearance=draw(CLASSES),
        region=draw(PLACES | st.just("")),
        purpose=draw(st.sampled_from(["", "service", "audit"])),
        subjects=draw(NAMES),
    )


def open_to_all() -> Access:
    return Access(Marking("trusted", 0, "any", frozenset({"any"}), frozenset()))


def test_a_reader_without_any_right_reads_what_is_public() -> None:
    assert may_read(Reader(), open_to_all())


def test_an_empty_set_of_groups_lets_nobody_in_but_the_keeper() -> None:
    closed = replace(open_to_all(), groups=frozenset())
    assert refusals(Reader(groups=frozenset({"a"}), clearance=3), closed) == ("group",)
    assert may_read(KEEPER, closed)


@pytest.mark.parametrize("region", ["nowhere", "eu"])
def test_a_reader_without_a_region_reads_nothing_that_is_bound_to_one(region: str) -> None:
    bound = Access(Marking("trusted", 0, region, frozenset({"any"}), frozenset()))
    assert refusals(Reader(clearance=3), bound) == ("region",)


def test_what_is_about_somebody_is_read_on_their_behalf_alone() -> None:
    about = Access(Marking("trusted", 1, "any", frozenset({"any"}), frozenset({"s_anna"})))
    assert refusals(Reader(clearance=3), about) == ("subject",)
    assert refusals(Reader(clearance=3, subjects=frozenset({"s_ben"})), about) == ("subject",)
    assert may_read(Reader(clearance=1, subjects=frozenset({"s_anna"})), about)


def test_every_reason_is_told_at_once() -> None:
    strict = Access(
        Marking("trusted", 3, "eu", frozenset({"audit"}), frozenset({"s_anna"})), frozenset({"board"})
    )
    assert refusals(Reader(), strict) == ("class", "group", "region", "purpose", "subject")


@given(readers(), accesses())
def test_a_reader_with_less_never_reads_more(reader: Reader, access: Access) -> None:
    poorer = [
        replace(reader, groups=frozenset()),
        replace(reader, clearance=max(0, reader.clearance - 1)),
        replace(reader, region=""),
        replace(reader, purpose=""),
        replace(reader, subjects=frozenset()),
    ]
    if not may_read(reader, access):
        assert not any(may_read(one, access) for one in poorer)


@given(readers(), accesses(), accesses())
def test_what_is_made_of_two_documents_is_read_only_by_who_may_read_the_stricter_marking(
    reader: Reader, one: Access, other: Access
) -> None:
    try:
        joined = Access(one.marking.join(other.marking))
    except ValueError:
        return
    if may_read(reader, joined) and not (one.marking.subjects or other.marking.subjects):
        assert may_read(reader, replace(one, groups=None))
        assert may_read(reader, replace(other, groups=None))


@given(accesses(), accesses())
def test_two_accesses_share_a_digest_only_if_they_demand_the_same(one: Access, other: Access) -> None:
    assert (one.digest == other.digest) == (one == other)


@given(accesses())
def test_the_keeper_sees_everything(access: Access) -> None:
    assert refusals(KEEPER, access) == ()
