"""The Python client: as the document says, against a served installation and against servers that fail."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from roadworthy_client import (
    Conflict,
    Fault,
    InputProblem,
    NotFound,
    Refused,
    Roadworthy,
    Unavailable,
    Unreachable,
    etag_of,
)
from tests.server.test_serve import Served

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "clients" / "python"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    process = Served(0)
    yield process
    process.end(signal.SIGTERM)


@pytest.fixture
def builder(served: Served) -> Iterator[Roadworthy]:
    """The client of somebody who builds and operates."""
    with Roadworthy(served.url, key=served.key) as client:
        yield client


def failing(
    *answers: httpx2.Response | Exception, retries: int = 3
) -> tuple[Roadworthy, list[Any], list[float]]:
    """A client whose server answers so, one after the other; what it was sent, and how long the client waited."""
    sent: list[Any] = []
    waited: list[float] = []
    waiting = list(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        found = waiting.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    made = Roadworthy("http://there", key="k", client=client, retries=retries, wait=waited.append)
    return made, sent, waited


def problem(status: int, kind: str, code: str = "RW-X-001", **more: Any) -> httpx2.Response:
    headers = {"Retry-After": "2"} if status in {409, 503} else {}
    return httpx2.Response(
        status, json={"kind": kind, "code": code, "detail": "no", **more}, headers=headers
    )


GOOD = {"stops": [], "after": ""}


def test_the_client_is_as_the_document_says() -> None:
    done = subprocess.run(
        [sys.executable, str(CLIENT / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_needs_nothing_of_roadworthy() -> None:
    program = "import roadworthy_client, sys; print(sorted(m for m in sys.modules if m.split('.')[0] == 'roadworthy'))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(CLIENT / "src"), "PATH": ""},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_case_is_taken_in_listed_and_explained(builder: Roadworthy) -> None:
    data = {"text": "refund 0.9", "sender": "ada@example.com"}
    keys = [f"a/b ü?#%{number}" for number in range(5)]
    for key in keys:
        taken = builder.submit_case(use_case="desk", key=key, data=data)
        assert taken["again"] is False
    assert builder.submit_case(use_case="desk", key=keys[0], data=data)["again"] is True
    found = [row["key"] for row in builder.iter_cases(use_case="desk", limit=2)]
    assert set(keys) <= set(found)
    assert len(found) == len(set(found))
    told = builder.explain_case(keys[0], use_case="desk")
    assert told["case"]["key"] == keys[0]
    assert etag_of(told)


def test_a_request_with_a_key_of_ones_own_happens_once(builder: Roadworthy) -> None:
    first = builder.stop(scope="tool:fax.send", reason="a test", idempotency_key="mine")
    again = builder.stop(scope="tool:fax.send", reason="a test", idempotency_key="mine")
    assert first["stop"]["id"] == again["stop"]["id"]
    assert len([one for one in builder.iter_stops() if one["scope"] == "tool:fax.send"]) == 1
    with pytest.raises(InputProblem) as caught:
        builder.stop(scope="tool:mail.reply", reason="another", idempotency_key="mine")
    assert caught.value.code == "RW-SERVER-008"


def test_a_version_is_named_in_a_change(builder: Roadworthy) -> None:
    shown = builder.show_release("desk", "r1")
    with pytest.raises(Conflict) as caught:
        builder.abort_release("desk", "r1", reason="a test", if_match='"older.0"')
    assert (caught.value.status, caught.value.code) == (412, "RW-SERVER-019")
    assert etag_of(shown).startswith('"production-')


def test_errors_carry_what_the_server_says(builder: Roadworthy) -> None:
    with pytest.raises(NotFound) as missing:
        builder.explain_case("nobody")
    assert missing.value.code == "RW-CASE-023"
    with pytest.raises(InputProblem) as wrong:
        builder.stop(scope="planet:earth", reason="x")
    assert wrong.value.problems
    with pytest.raises(Refused) as refused:
        builder.list_accounts()
    assert refused.value.reasons == ("needs one of the roles admin",)


def test_what_may_pass_is_tried_again_with_the_same_key() -> None:
    client, sent, waited = failing(
        httpx2.ConnectError("gone"),
        problem(503, "unavailable", retry_is_safe=True),
        problem(409, "conflict", "RW-SERVER-017"),
        httpx2.Response(200, json={"stop": {}}),
    )
    client.stop(scope="all", reason="x")
    assert len({request.headers["idempotency-key"] for request in sent}) == 1
    assert waited[1:] == [2.0, 2.0]
    assert 0.1 < waited[0] < 0.3


def test_what_may_have_been_carried_out_outside_is_not() -> None:
    client, sent, _ = failing(problem(503, "unavailable", retry_is_safe=False))
    with pytest.raises(Unavailable):
        client.stop(scope="all", reason="x")
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (problem(409, "conflict"), Conflict),
        (problem(403, "refused"), Refused),
        (problem(500, "corrupt"), Fault),
        (httpx2.Response(500, text="<html>oops"), Fault),
        (httpx2.Response(404, text="nginx"), InputProblem),
        (httpx2.Response(200, text="not json"), Fault),
        (httpx2.Response(200, json=[1]), Fault),
    ],
)
def test_what_will_not_pass_is_told_at_once(answer: httpx2.Response, error: type[Exception]) -> None:
    client, sent, _ = failing(answer)
    with pytest.raises(error):
        client.list_stops()
    assert len(sent) == 1


def test_a_server_that_does_not_answer_is_unreachable_and_the_key_is_told() -> None:
    client, sent, waited = failing(*[httpx2.ReadTimeout("slow")] * 3, retries=2)
    with pytest.raises(Unreachable) as caught:
        client.stop(scope="all", reason="x", idempotency_key="mine")
    assert (len(sent), len(waited), caught.value.idempotency_key) == (3, 2, "mine")


def test_what_is_not_given_is_not_sent() -> None:
    client, sent, _ = failing(httpx2.Response(200, json=GOOD), httpx2.Response(200, json={"review": {}}))
    client.list_stops(limit=5)
    assert str(sent[0].url) == "http://there/api/v1/stop?limit=5"
    client.decide_review("r/1", verdict="approve", seen="d")
    assert sent[1].url.raw_path == b"/api/v1/reviews/r%2F1/decide"
    assert json.loads(sent[1].content) == {"verdict": "approve", "seen": "d"}


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_lead_elsewhere_is_not_sent(name: str) -> None:
    client, sent, _ = failing()
    with pytest.raises(ValueError, match="cannot stand"):
        client.show_review(name)
    assert sent == []
