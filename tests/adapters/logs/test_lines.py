"""A line of a log is one object, tells what it is about, and holds no secret."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.adapters.logs import JsonLine, Line, begin_logs, blackened
from roadworthy.errors import Unavailable
from roadworthy.operate.logged import about, now_about


def record(message: str, *arguments: object, exc_info: object = None, **more: str) -> logging.LogRecord:
    made = logging.LogRecord("roadworthy.x", logging.WARNING, "f.py", 1, message, arguments, exc_info)  # type: ignore[arg-type]
    made.__dict__.update(more)
    return made


def test_a_line_tells_case_trace_use_case_release_and_code() -> None:
    with (
        about(case="01A", trace="ff", job="segment"),
        about(use_case="support", release="sha256:1", run=""),
    ):
        told = json.loads(JsonLine().format(record("waits: %s", "x", code="RW-STORE-010")))
    assert {name: told[name] for name in ("case", "trace", "use_case", "release", "code", "job", "level")} == {
        "case": "01A", "trace": "ff", "use_case": "support", "release": "sha256:1", "code": "RW-STORE-010",
        "job": "segment", "level": "warning",
    }  # fmt: skip
    assert "run" not in told
    assert now_about() == {}


@pytest.mark.parametrize(
    "secret",
    [
        "rw_key_abcdefghijkl_" + "a" * 52 + "01234567", "Bearer eyJhbGciOi.J9.abc-_", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "postgresql://app:hunter2@db/x", "password=hunter2", "'api_key': 'hunter2x'", "sk-abcdefghijklmnop1234",
        "ada.lovelace@example.com",
    ],
)  # fmt: skip
def test_secrets_and_addresses_are_blacked_out_in_both_forms(secret: str) -> None:
    for form in (Line(), JsonLine()):
        line = form.format(record("it said %s here", secret))
        for part in ("hunter2", secret[-14:] if "hunter2" not in secret else "hunter2"):
            assert part not in line
        assert "here" in line


def test_an_exception_is_told_by_class_and_place_not_by_its_words() -> None:
    try:
        raise ValueError("zanzibar 4242")
    except ValueError:
        line = JsonLine().format(record("failed", exc_info=sys.exc_info()))
    told = json.loads(line)
    assert told["error"] == "ValueError"
    assert told["at_line"].startswith("test_lines.py:")
    assert "zanzibar" not in line
    try:
        raise Unavailable("RW-STORE-010", "away", retry_is_safe=True)
    except Unavailable:
        assert json.loads(JsonLine().format(record("x", exc_info=sys.exc_info())))["code"] == "RW-STORE-010"


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_whatever_is_said_is_one_line_of_json(text: str) -> None:
    line = JsonLine().format(record(text))
    assert "\n" not in line
    assert json.loads(line)["message"] == blackened(text)


def test_a_message_that_cannot_be_put_together_is_not_lost() -> None:
    assert json.loads(JsonLine().format(record("%d apples", "no")))["message"] == "%d apples"


def test_the_form_is_set_for_plain_handlers_alone() -> None:
    plain, own = logging.StreamHandler(), logging.NullHandler()
    root = logging.getLogger()
    root.addHandler(plain)
    root.addHandler(own)
    try:
        begin_logs("json")
        assert isinstance(plain.formatter, JsonLine)
        assert own.formatter is None
        begin_logs("text")
        assert isinstance(plain.formatter, Line)
    finally:
        root.removeHandler(plain)
        root.removeHandler(own)
