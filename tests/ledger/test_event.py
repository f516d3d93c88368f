"""An event has one byte string, and only what was written so is read back."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import Corrupt
from roadworthy.ledger import Event, decode, encode
from roadworthy.ledger.event import MOST_BYTES

AT = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
EVENT = Event(
    "case.decided", "p1", AT, {"case": "01J", "use_case": "support"}, {"cost": "0.0031 EUR", "share": 0.25}
)
BYTES = (
    b'{"about":{"case":"01J","use_case":"support"},"actor":"p1","at":"2026-03-04T05:06:07.000089Z",'
    b'"data":{"cost":"0.0031 EUR","share":0.25},"kind":"case.decided","v":1}'
)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé𝄞\uffff", max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def test_an_event_has_this_byte_string() -> None:
    assert encode(EVENT) == BYTES


def test_an_event_is_read_back() -> None:
    assert decode(BYTES) == EVENT
    assert decode(BYTES).at.utcoffset() == timedelta(0)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.text("abcé𝄞", max_size=3), _JSON, max_size=4), st.datetimes(timezones=st.just(UTC))
)
def test_whatever_is_written_is_read_back_as_the_same_bytes(data: dict[str, object], at: datetime) -> None:
    event = Event("case.closed", "system", at, {"case": "1"}, data)
    written = encode(event)
    again = decode(written)
    assert again == event
    assert encode(again) == written


@pytest.mark.parametrize("number", [1e20, 2.0**53, -(2.0**60), 1e21, 5e-324, -0.0, 1.0])
def test_a_float_beyond_the_safe_integers_survives(number: float) -> None:
    event = Event("a.b", "p", AT, {}, {"x": number})
    assert decode(encode(event)).data == {"x": number}


@pytest.mark.parametrize(
    "kind", ["", "case", "Case.decided", "case.", ".case", "case decided", "case..x", "1.x", "é.x", "a.b\n"]
)
def test_a_kind_is_dotted_lower_case(kind: str) -> None:
    with pytest.raises(ValueError, match="is no kind of event"):
        Event(kind, "p", AT)


@pytest.mark.parametrize(
    "at", [AT.replace(tzinfo=None), datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))]
)
def test_the_time_is_aware_and_in_utc(at: datetime) -> None:
    with pytest.raises(ValueError, match="aware and in UTC"):
        Event("a.b", "p", at)


def test_somebody_acted() -> None:
    with pytest.raises(ValueError, match="names who acted"):
        Event("a.b", "", AT)


@pytest.mark.parametrize("about", [{"Case": "1"}, {"": "1"}, {"case": ""}, {"use-case": "1"}])
def test_references_are_lower_case_and_have_an_id(about: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="lower-case reference with an id"):
        Event("a.b", "p", AT, about)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, object(), {1: 2}, "\ud800"])
def test_what_json_cannot_carry_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match="not a JSON value"):
        encode(Event("a.b", "p", AT, {}, {"x": value}))


def test_an_event_fits_the_two_bytes_of_length_in_an_export() -> None:
    empty = len(encode(Event("a.b", "p", AT, {}, {"x": ""})))
    assert len(encode(Event("a.b", "p", AT, {}, {"x": "y" * (MOST_BYTES - empty)}))) == MOST_BYTES
    with pytest.raises(ValueError, match="at most 65535 bytes, found 65536"):
        encode(Event("a.b", "p", AT, {}, {"x": "y" * (MOST_BYTES - empty + 1)}))


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(BYTES), **fields}, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"1",
        b"[" * 100_000,
        BYTES[:-1],
        BYTES + b" ",
        BYTES.replace(b":", b": ", 1),
        BYTES.replace(b'"actor":"p1",', b'"actor":"p1","actor":"p1",'),
        BYTES.replace(b"0.25", b"0.250"),
        BYTES.replace(b"0.25", b"NaN"),
        BYTES.replace(b"0.25", b"9" * 5_000),
        BYTES.replace(b"0.25", b"1e999"),
        BYTES.replace(b'"v":1', b'"v":true'),
        BYTES.replace(b'"v":1', b'"v":1.0'),
        changed(v="1"),
        changed(more=1),
        changed(kind="decided"),
        changed(kind=1),
        changed(actor=""),
        changed(actor=None),
        changed(at="2026-03-04T05:06:07Z"),
        changed(at="2026-03-04T05:06:07.000089+00:00"),
        changed(at="2026-02-30T05:06:07.000089Z"),
        changed(at=1),
        changed(about=[]),
        changed(about={"case": 1}),
        changed(data=None),
    ],
)
def test_bytes_that_were_never_written_are_refused(data: bytes) -> None:
    with pytest.raises(Corrupt) as caught:
        decode(data)
    assert caught.value.code == "RW-LEDGER-020"
    assert caught.value.message.startswith("not an event of the ledger: ")


def test_an_event_of_a_later_version_is_told_apart() -> None:
    with pytest.raises(Corrupt, match="the event has version 2, expected 1") as caught:
        decode(changed(v=2))
    assert caught.value.code == "RW-LEDGER-021"
    assert caught.value.hint
