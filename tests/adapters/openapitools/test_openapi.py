"""Operations of an OpenAPI document as tools."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.adapters.openapitools.conftest import Desk, Make, reply

from roadworthy.adapters.openapitools import header_key
from roadworthy.errors import InputProblem, Refused, Unavailable
from roadworthy.ports import Connector
from roadworthy.testing.conformance.connectors import ConnectorConformance

ORDER = {"id": "a1", "note": None, "total": 12}


def answering(desk: Desk, value: object, status: int = 200, **headers: str) -> None:
    desk.answer = lambda handler: reply(handler, status, json.dumps(value).encode(), **headers)


class TestConformance(ConnectorConformance):
    """An HTTP interface with keys of its own is a connector like any other."""

    @pytest.fixture
    def book(self, desk: Desk) -> set[str]:
        kept: set[str] = set()

        def answer(handler: Any) -> None:
            if handler.command == "POST":
                kept.add(handler.headers["Idempotency-Key"])
            reply(handler, 200, json.dumps({"id": "a1"}).encode())

        desk.answer = answer
        return kept

    @pytest.fixture
    def reads(self, make: Make, book: set[str]) -> Connector:
        return make("findOrder")

    @pytest.fixture
    def writes(self, make: Make, book: set[str]) -> Connector:
        return make("refund", sink="money", control=["id"], idempotency="native")

    @pytest.fixture
    def felt(self, book: set[str]) -> Callable[[], int]:
        return lambda: len(book)

    @pytest.fixture
    def refuses(self, make: Make, desk: Desk) -> Connector:
        answering(desk, {"detail": "a1 is unknown"}, 404)
        return make("findOrder")


def test_arguments_stand_where_the_document_says(make: Make, desk: Desk) -> None:
    answering(desk, ORDER)
    asked = {"id": "../a 1?&ä", "fields": ["x", "y"], "X-Region": "eu"}
    assert make("findOrder").call(asked) == ORDER
    method, path, headers, body = desk.asked[0]
    assert (method, path) == ("GET", "/v1/orders/..%2Fa%201%3F%26%C3%A4?fields=x&fields=y")
    assert (headers["x-region"], body) == ("eu", b"")


@pytest.mark.parametrize(
    "arguments",
    [{"id": ".."}, {"id": ""}, {"id": "a", "X-Region": "eu\r\nx: y"}, {"id": ["a"]}, {"id": {"a": 1}}, {},
     {"id": "a", "other": 1}],
)  # fmt: skip
def test_an_argument_cannot_leave_its_place(make: Make, desk: Desk, arguments: dict[str, Any]) -> None:
    with pytest.raises(InputProblem) as refused:
        make("findOrder").call(arguments)
    assert refused.value.code == "RW-TOOL-002"
    assert desk.asked == []


def test_a_body_is_checked_before_it_leaves_and_carries_the_key(make: Make, desk: Desk) -> None:
    refund = make("refund", sink="money", control=["id"], idempotency="native")
    assert refund.send("desk:c1:refund", {"id": "a1", "cents": 500}) == {}
    _, path, headers, body = desk.asked[0]
    assert (path, json.loads(body)) == ("/v1/refunds", {"id": "a1", "cents": 500})
    assert headers["idempotency-key"] == "desk:c1:refund"
    with pytest.raises(InputProblem) as refused:
        refund.send("k", {"id": "a" * 21, "cents": "5"})
    assert {one.message for one in refused.value.problems} == {
        "`id` does not meet `maxLength`", "`cents` is no integer",
    }  # fmt: skip
    assert len(desk.asked) == 1


def test_a_key_that_no_header_carries_becomes_its_digest() -> None:
    assert header_key("desk:c1:refund") == "desk:c1:refund"
    assert header_key("desk:Mü:refund") == header_key("desk:Mü:refund") != header_key("desk:Mu:refund")
    assert len(header_key("x" * 1_000)) == 67


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"note": "n"}, "the answer lacks `id`"),
        ({"id": 1}, "`id` is no string"),
        ({"id": "a", "parts": [{"id": "b", "parts": [{}]}]}, "`parts/0/parts/0` lacks `id`"),
        ({"id": "a", "total": 0}, "`total` does not meet `exclusiveMinimum`"),
        (["a"], "the answer is no object"),
    ],
)
def test_an_answer_that_is_not_as_described_is_refused(
    make: Make, desk: Desk, value: object, told: str
) -> None:
    answering(desk, value)
    with pytest.raises(Refused) as refused:
        make("findOrder").call({"id": "a1"})
    assert (refused.value.code, refused.value.reasons) == ("RW-TOOL-010", (told,))


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"{", "application/json"), (b'{"id": NaN}', "application/json"), (b"<html>", "text/html"), (b"", "application/json"),
     (b"[" * 100_000, "application/json"), (b'{"id":' * 70 + b"1" + b"}" * 70, "application/json")],
)  # fmt: skip
def test_what_is_no_sound_json_is_refused(make: Make, desk: Desk, body: bytes, kind: str) -> None:
    desk.answer = lambda handler: reply(handler, 200, body, content_type=kind)
    with pytest.raises(Refused, match="not what was promised"):
        make("findOrder").call({"id": "a1"})


@pytest.mark.parametrize(
    ("status", "headers", "kind", "read_is_safe", "write_is_safe"),
    [
        (429, {}, Unavailable, True, True),
        (503, {"retry_after": "3"}, Unavailable, True, True),
        (503, {}, Unavailable, True, False),
        (500, {}, Unavailable, True, False),
        (408, {}, Unavailable, True, False),
        (400, {}, InputProblem, None, None),
        (401, {}, InputProblem, None, None),
        (302, {"location": "http://169.254.169.254/"}, InputProblem, None, None),
    ],
)
def test_statuses_become_errors_that_say_whether_to_try_again(
    make: Make,
    desk: Desk,
    status: int,
    headers: dict[str, str],
    kind: type,
    read_is_safe: bool,
    write_is_safe: bool,
) -> None:
    answering(desk, {"detail": "a1 belongs to Ada"}, status, **headers)
    with pytest.raises(kind) as read:
        make("findOrder").call({"id": "a1"})
    with pytest.raises(kind) as write:
        make("refund", sink="money", control=["id"]).send("k", {"id": "a1"})
    assert getattr(read.value, "retry_is_safe", None) is read_is_safe
    assert getattr(write.value, "retry_is_safe", None) is write_is_safe
    assert "Ada" not in str(read.value) + str(write.value)
    if status == 500:
        with pytest.raises(Unavailable) as native:
            make("refund", sink="money", control=["id"], idempotency="native").send("k", {"id": "a1"})
        assert native.value.retry_is_safe


def test_a_status_may_say_that_there_is_nothing(make: Make, desk: Desk) -> None:
    answering(desk, {}, 404)
    assert make("findOrder", options={"missing": [404]}).call({"id": "a1"}) == {}


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [("", "authorization", "Bearer u:pass-word"), ("bearer", "authorization", "Bearer u:pass-word"),
     ("basic", "authorization", "Basic dTpwYXNzLXdvcmQ="), ("header:X-Api-Key", "x-api-key", "u:pass-word")],
)  # fmt: skip
def test_a_credential_is_sent_as_declared_and_hidden_in_what_comes_back(
    make: Make, desk: Desk, monkeypatch: pytest.MonkeyPatch, auth: str, header: str, value: str
) -> None:
    monkeypatch.setenv("CRM_TOKEN", "u:pass-word")
    answering(desk, {"id": f"echo {value}", "note": "pass-word"})
    find = make("findOrder", credential="env:CRM_TOKEN", options={"auth": auth} if auth else {})
    found = find.call({"id": "a1"})
    assert desk.asked[0][2][header] == value
    assert "pass-word" not in str(found)
    assert "dTpwYXNzLXdvcmQ=" not in str(found)
    assert "pass-word" not in repr(vars(find))


def test_a_credential_that_is_not_there_stops_the_call(make: Make, desk: Desk) -> None:
    with pytest.raises(InputProblem) as missing:
        make("findOrder", credential="file:nowhere").call({"id": "a1"})
    assert missing.value.code == "RW-TOOL-007"
    assert desk.asked == []


def _set(*path: str, to: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        here = document
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (_set("openapi", to="2.0"), "expected an OpenAPI 3 document"),
        (_set("servers", to=[]), "names no address of a server"),
        (_set("servers", to=[{"url": "https://evil.example"}]), "is not among those that `hosts` names"),
        (
            _set("paths", "/orders/{id}", "get", "operationId", to="other"),
            "no operations are called `findOrder`",
        ),
        (_set("components", "parameters", "Id", "in", to="cookie"), "of a form that is not spoken"),
        (
            _set("components", "parameters", "Id", to={"$ref": "#/components/parameters/Id"}),
            "lead in a circle",
        ),
        (_set("components", "parameters", "Id", to={"$ref": "http://x/y"}), "leads out of it"),
        (_set("components", "parameters", to={}), "leads nowhere"),
        (
            _set("components", "schemas", "Order", "properties", "id", to={"type": "strange"}),
            "no JSON Schema",
        ),
    ],
)
def test_a_document_that_does_not_fit_is_told_where_it_is_read(
    make: Make, document: Callable[[dict[str, Any]], None], told: str
) -> None:
    with pytest.raises(InputProblem, match=told) as refused:
        make("findOrder", document=document)
    assert refused.value.code == "RW-TOOL-001"


def test_a_declaration_tells_everything_that_does_not_fit(make: Make) -> None:
    def keyless(document: dict[str, Any]) -> None:
        document["paths"]["/refunds"]["post"]["parameters"] = []

    with pytest.raises(InputProblem) as refused:
        make("refund", document=keyless, sink="money", control=["iban"], idempotency="native")
    assert [one.message for one in refused.value.problems] == [
        "the operation has no argument `iban`", "promises `native`, and no header takes the key",
    ]  # fmt: skip
    with pytest.raises(InputProblem, match="no file"):
        make("findOrder", options={"document": "../../etc/passwd"})
