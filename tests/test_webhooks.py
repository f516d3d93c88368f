"""Signed messages: the published example verifies, and nothing that was altered does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.webhooks import ID, SIGNATURE, TIMESTAMP, secret_of, signature, signed, verified

# The example of standardwebhooks.com and of the library standardwebhooks 1.1.
SECRET = secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
MARK = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", TIMESTAMP: "1614265330", SIGNATURE: MARK}


def test_the_published_example_is_signed_and_verified_as_published() -> None:
    assert signature(SECRET, HEADERS[ID], AT, BODY) == MARK
    assert verified([SECRET], HEADERS, BODY, now=AT) == HEADERS[ID]


def test_any_of_several_secrets_and_any_of_several_signatures_will_do() -> None:
    other = b"o" * 32
    headers = signed((other, SECRET), "m1", AT, BODY)
    assert verified([SECRET], headers, BODY, now=AT) == "m1"
    assert verified([b"x" * 32, other], headers, BODY, now=AT) == "m1"
    assert verified([], headers, BODY, now=AT) == ""


@pytest.mark.parametrize("seconds", [-301, 301, 10**9])
def test_a_message_of_another_time_is_not_taken(seconds: int) -> None:
    assert verified([SECRET], HEADERS, BODY, now=AT + timedelta(seconds=seconds)) == ""
    assert verified([SECRET], HEADERS, BODY, now=AT + timedelta(seconds=299)) == HEADERS[ID]


@pytest.mark.parametrize(
    "changed",
    [
        {SIGNATURE: "v1"},
        {SIGNATURE: ""},
        {SIGNATURE: "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {SIGNATURE: "v1,???"},
        {SIGNATURE: "v1,é"},
        {SIGNATURE: MARK.replace("v1", "v1a")},
        {SIGNATURE: MARK.replace("v1", "v2")},
        {SIGNATURE: "v1, " * 5000 + MARK},
        {TIMESTAMP: "1614265331"},
        {TIMESTAMP: " 1614265330"},
        {TIMESTAMP: "1614265330.0"},
        {TIMESTAMP: "-1"},
        {TIMESTAMP: "٣"},
        {TIMESTAMP: "9" * 400},
        {ID: "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330"},
        {ID: ""},
        {ID: "a" * 201},
    ],
)
def test_altered_or_malformed_headers_are_no_exception_and_no_message(changed: dict[str, str]) -> None:
    assert verified([SECRET], {**HEADERS, **changed}, BODY, now=AT) == ""
    assert verified([SECRET], {}, BODY, now=AT) == ""


def test_id_and_body_cannot_trade_places() -> None:
    # What is signed is joined by full stops: an id with one in it could be read as id and time.
    headers = {**HEADERS, ID: "a.1614265330", SIGNATURE: signature(SECRET, "a.1614265330", AT, BODY)}
    assert verified([SECRET], headers, BODY, now=AT) == ""


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.binary(max_size=60))
def test_whatever_is_sent_only_a_signature_is_recognised(id_: str, at: str, mark: str, body: bytes) -> None:
    assert verified([SECRET], {ID: id_, TIMESTAMP: at, SIGNATURE: mark}, body, now=AT) == ""


@pytest.mark.parametrize("text", ["whsec_", "whsec_AAAA", "whsec_*", "whsec_" + "A" * 200])
def test_a_secret_is_24_to_64_bytes(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        secret_of(text)
