"""What was sent and cannot be taken: every way of being wrong has its status, its code and its place."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.desk import PEOPLE, Desk, Machine, reply

from roadworthy.errors import InputProblem
from roadworthy.principal import Role
from roadworthy.server.bodies import MAX_DEPTH, read_form, read_json, read_query
from roadworthy.server.guard import MAX_BODY_BYTES

CASE = {"use_case": "desk", "key": "K-1", "data": {"text": "refund 0.9"}}
JSON = "application/json"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.office.release(reply)
    yield desk.machine(PEOPLE[Role.OWNER])
    desk.office.store.close()


UNREADABLE = {
    "empty": b"",
    "not JSON": b"{use_case: desk}",
    "cut off": b'{"use_case": "desk", "key"',
    "two values": b"{} {}",
    "a list": b"[]",
    "a text": b'"case"',
    "null": b"null",
    "latin-1": json.dumps(CASE, ensure_ascii=False).replace("refund", "Gebühr").encode("latin-1"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": json.dumps(CASE).encode("utf-16"),
    "lone surrogate": b'{"use_case": "desk", "key": "K", "data": {"text": "\\ud800"}}',
    "lone surrogate as a name": b'{"\\udfff": 1}',
    "NaN": b'{"use_case": "desk", "key": "K", "data": {"n": NaN}}',
    "infinity": b'{"use_case": "desk", "key": "K", "data": {"n": -Infinity}}',
    "too large a float": b'{"use_case": "desk", "key": "K", "data": {"n": 1e999}}',
    "too large an integer": b'{"use_case": "desk", "key": "K", "data": {"n": 9007199254740993}}',
    "thousands of digits": b'{"use_case": "desk", "key": "K", "data": {"n": ' + b"9" * 5000 + b"}}",
    "a name twice": b'{"use_case": "desk", "use_case": "other", "key": "K", "data": {}}',
    "deep lists": b'{"data": ' + b"[" * 500 + b"]" * 500 + b"}",
    "very deep": b"[" * 200_000,
    "deep objects": b'{"data":' * 40 + b"1" + b"}" * 40,
    "a NUL byte": b'{"use_case": "\x00"}',
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_refused_with_400(machine: Machine, what: str) -> None:
    answer = machine.client.post("/api/v1/cases", content=UNREADABLE[what], headers={"content-type": JSON})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["kind"] == "input"
    assert error["code"] == "RW-SERVER-004"
    assert error["problems"]


WRONG: dict[str, tuple[object, list[str]]] = {
    "nothing": ({}, ["use_case", "key", "data"]),
    "unknown fields": ({**CASE, "stage": "production", "no": 1}, ["stage", "no"]),
    "numbers for text": ({**CASE, "use_case": 1, "key": True}, ["use_case", "key"]),
    "text for an object": ({**CASE, "data": "text"}, ["data"]),
    "null": ({**CASE, "key": None}, ["key"]),
    "a key of spaces": ({**CASE, "key": "  "}, ["key"]),
    "a key too long": ({**CASE, "key": "k" * 201}, ["key"]),
    "a key with a line end": ({**CASE, "key": "a\nb"}, ["key"]),
    "input that breaks its contract": ({**CASE, "data": {"sender": "nobody", "colour": "red"}}, ["colour", "text", "sender"]),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_field_by_field(machine: Machine, what: str) -> None:
    body, places = WRONG[what]
    answer = machine.post("/api/v1/cases", body)
    assert answer.status_code == 422, answer.text
    assert [problem["place"] for problem in answer.json()["error"]["problems"]] == places


def test_personal_data_are_not_repeated_in_an_error(machine: Machine) -> None:
    answer = machine.post(
        "/api/v1/cases", {**CASE, "data": {"text": "x" * 300, "sender": "ada at example"}}
    )
    assert answer.status_code == 422
    assert "ada" not in answer.text
    assert "xxx" not in answer.text


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "multipart/form-data; boundary=x"]
)  # fmt: skip
def test_another_content_type_is_415(machine: Machine, kind: str) -> None:
    answer = machine.client.post(
        "/api/v1/cases", content=json.dumps(CASE).encode(), headers={"content-type": kind}
    )
    assert answer.status_code == 415
    assert answer.json()["error"]["code"] == "RW-SERVER-003"


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON", 'application/json; charset="utf-8"']
)
def test_json_by_any_usual_name_is_taken(machine: Machine, kind: str) -> None:
    answer = machine.client.post(
        "/api/v1/cases", content=json.dumps(CASE).encode(), headers={"content-type": kind}
    )
    assert answer.status_code in {200, 202}


def test_a_body_that_is_too_large_is_413_whether_or_not_it_says_so(machine: Machine) -> None:
    large = b" " * (MAX_BODY_BYTES + 1)
    declared = machine.client.post("/api/v1/cases", content=large, headers={"content-type": JSON})
    streamed = machine.client.post(
        "/api/v1/cases",
        content=iter([large[:1_000_000], large[1_000_000:]]),
        headers={"content-type": JSON},
    )
    for answer in (declared, streamed):
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "RW-SERVER-002"


def test_the_largest_body_is_taken(machine: Machine) -> None:
    body = json.dumps(CASE).encode()
    padded = body + b" " * (MAX_BODY_BYTES - len(body))
    answer = machine.client.post("/api/v1/cases", content=padded, headers={"content-type": JSON})
    assert answer.status_code in {200, 202}


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("stat=open", "stat"),
        ("state=opened", "state"),
        ("stage=live", "stage"),
        ("limit=0", "limit"),
        ("limit=1000", "limit"),
        ("limit=²", "limit"),
        ("limit=10&limit=20", "limit"),
    ],
)
def test_a_parameter_that_is_unknown_or_wrong_is_named(machine: Machine, query: str, place: str) -> None:
    answer = machine.get(f"/api/v1/cases?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]["problems"][0]["place"] == place


def test_a_cursor_that_was_not_given_out_is_refused(machine: Machine) -> None:
    assert machine.get("/api/v1/cases?after=nonsense").status_code == 422


def test_nesting_up_to_the_limit_is_read() -> None:
    value: object = 1
    for _ in range(MAX_DEPTH - 2):
        value = [value]
    assert read_json(json.dumps({"data": value}).encode(), content_type=JSON) == {"data": value}
    with pytest.raises(InputProblem):
        read_json(json.dumps({"data": [value]}).encode(), content_type=JSON)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for read, kind in ((read_json, JSON), (read_form, "application/x-www-form-urlencoded")):
        try:
            json.dumps(read(raw, content_type=kind), ensure_ascii=False, allow_nan=False).encode()
        except InputProblem as problem:
            json.dumps(problem.as_json(), ensure_ascii=False).encode()


def test_a_form_keeps_text_as_it_was_before_the_browser() -> None:
    read = read_form(b"body=one%0D%0Atwo&name=%C3%A4", content_type="application/x-www-form-urlencoded")
    assert read == {"body": "one\ntwo", "name": "ä"}


def test_a_field_that_stands_twice_is_refused() -> None:
    with pytest.raises(InputProblem, match="twice"):
        read_form(b"verdict=approve&verdict=reject", content_type="application/x-www-form-urlencoded")


def test_empty_parameters_count_as_not_given() -> None:
    assert read_query("state=&use_case=desk", known=("state", "use_case")) == {"use_case": "desk"}


def test_what_a_mail_program_adds_to_a_link_is_passed_over_on_pages_only() -> None:
    assert read_query("state=open&utm_source=mail", known=("state",), strict=False) == {"state": "open"}
    with pytest.raises(InputProblem, match="unknown parameter"):
        read_query("state=open&utm_source=mail", known=("state",))
