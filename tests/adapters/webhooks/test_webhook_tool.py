"""A webhook that an effect sends: signed, with an id that stays, through the guarded client."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.adapters.httpx2.conftest import Desk, desk, http, reply

from roadworthy.adapters.webhooks import WebhookTool, build
from roadworthy.charter import Argument, Tool
from roadworthy.errors import InputProblem, Refused, RoadworthyError, Unavailable
from roadworthy.ports import Connector
from roadworthy.ports.tooling import Http, Secret
from roadworthy.testing.conformance.connectors import WritesConformance
from roadworthy.webhooks import secret_of, verified

__all__ = ["desk", "http"]
OLD, NEW = (f"whsec_{base64.b64encode(letter * 32).decode()}" for letter in (b"o", b"n"))
NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def tool(desk: Desk, http: Http, secret: str = OLD, **declared: Any) -> WebhookTool:
    told: dict[str, Any] = {
        "sink": "message",
        "control": ["id"],
        "arguments": {"id": Argument(max_length=20)},
        "hosts": [desk.place],
        "idempotency": "native",
        "timeout": "3s",
        "options": {"url": f"http://{desk.place}/hook", "type": "order.refunded"},
        **declared,
    }
    return build(
        "shop.tell",
        Tool(use="webhook.send", **told),
        http=http,
        secret=Secret(lambda: secret),
        now=lambda: NOW,
    )


class TestConformance(WritesConformance):
    @pytest.fixture
    def writes(self, desk: Desk, http: Http) -> Connector:
        return tool(desk, http)

    @pytest.fixture
    def felt(self, desk: Desk) -> Callable[[], int]:
        # The receiver of a webhook drops an id that it has seen.
        return lambda: len({headers["webhook-id"] for _, _, headers, _ in desk.asked})

    @pytest.fixture
    def refuses(self, desk: Desk, http: Http) -> Connector:
        return tool(desk, http)


def test_the_receiver_can_verify_it_with_either_secret_and_knows_it_again(desk: Desk, http: Http) -> None:
    sending = tool(desk, http, f"{OLD} {NEW}")
    first, second = sending.send("desk:1:a", {"id": "a1"}), sending.send("desk:1:a", {"id": "a1"})
    assert first == second
    (_, path, headers, body), (_, _, again, same) = desk.asked
    assert path == "/hook"
    assert body == same
    assert json.loads(body) == {"type": "order.refunded", "data": {"id": "a1"}}
    for secret in (OLD, NEW):
        assert (
            verified([secret_of(secret)], headers, body, now=NOW)
            == first["webhook_id"]
            == again["webhook-id"]
        )


@pytest.mark.parametrize(
    ("status", "headers", "kind", "code", "safe", "asked"),
    [
        (410, {}, Refused, "RW-HOOK-002", None, None),
        (429, {"retry_after": "7"}, Unavailable, "RW-HOOK-004", True, 7.0),
        (429, {}, Unavailable, "RW-HOOK-004", True, 0.0),
        (503, {"retry_after": "9" * 300}, Unavailable, "RW-HOOK-004", True, 86_400.0),
        (503, {}, Unavailable, "RW-HOOK-004", True, None),
        (500, {}, Unavailable, "RW-HOOK-004", True, None),
        (302, {"location": "http://127.0.0.1:1/"}, InputProblem, "RW-HOOK-005", None, None),
        (401, {}, InputProblem, "RW-HOOK-005", None, None),
        (404, {}, InputProblem, "RW-HOOK-005", None, None),
    ],
)
def test_what_the_receiver_answers_decides_what_is_done_next(
    desk: Desk, http: Http, status: int, headers: dict[str, str],
    kind: type[RoadworthyError], code: str, safe: bool | None, asked: float | None,
) -> None:  # fmt: skip
    desk.answer = lambda handler: reply(handler, status, b"{}", **headers)
    with pytest.raises(kind) as told:
        tool(desk, http).send("k", {"id": "a1"})
    assert told.value.code == code
    assert len(desk.asked) == 1
    assert (getattr(told.value, "retry_is_safe", None), getattr(told.value, "asked_s", None)) == (
        safe,
        asked,
    )


def test_a_fault_of_a_receiver_that_drops_no_repetition_is_not_safe(desk: Desk, http: Http) -> None:
    desk.answer = lambda handler: reply(handler, 502, b"")
    with pytest.raises(Unavailable) as told:
        tool(desk, http, idempotency="none").send("k", {"id": "a1"})
    assert told.value.retry_is_safe is False


def test_another_host_is_not_reached(desk: Desk, http: Http) -> None:
    with pytest.raises(Refused) as told:
        tool(desk, http, hosts=["example.com"]).send("k", {"id": "a1"})
    assert told.value.code == "RW-TOOL-006"
    assert not desk.asked


def test_a_secret_that_is_none_is_told_without_it(desk: Desk, http: Http) -> None:
    with pytest.raises(InputProblem) as told:
        tool(desk, http, "very-secret").send("k", {"id": "a1"})
    assert told.value.code == "RW-HOOK-003"
    assert "very-secret" not in str(told.value.as_json())


def test_a_declaration_that_does_not_fit_is_told_at_once(http: Http) -> None:
    declared = Tool(use="webhook.send", options={"type": "not a type", "what": 1})
    with pytest.raises(InputProblem) as told:
        build("shop.tell", declared, http=http, secret=None, now=lambda: NOW)
    places = {one.place.removeprefix("tools.shop.tell.") for one in told.value.problems}
    assert places == {"options", "options.url", "options.type", "credential", "arguments", "sink"}
