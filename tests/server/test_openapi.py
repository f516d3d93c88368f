"""The OpenAPI document says what the routes do, all of it and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.routing import Route
from tests.operate.office import BEN
from tests.server.desk import Desk

from roadworthy.server.api import OPERATIONS
from roadworthy.server.operations import PREFIX


@pytest.fixture
def document(desk: Desk) -> dict[str, Any]:
    """Read as anybody reads it: it names no secret, so it needs no key."""
    answer = desk.browser().get(f"{PREFIX}/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_every_route_of_the_api_is_described_and_nothing_else(desk: Desk, document: dict[str, Any]) -> None:
    served = {
        (re.sub(r":\w+}", "}", route.path), method)
        for route in desk.app.routes
        if isinstance(route, Route)
        and route.path.startswith(PREFIX)
        and not route.path.endswith("openapi.json")
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = {
        (path, method.upper()) for path, methods in document["paths"].items() for method in methods
    }
    assert served == described
    assert len(described) == len(OPERATIONS)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(document)))
    assert references == set(document["components"]["schemas"])


def test_every_operation_has_a_name_of_its_own_and_says_what_can_go_wrong(document: dict[str, Any]) -> None:
    operations = [one for methods in document["paths"].values() for one in methods.values()]
    names = [one["operationId"] for one in operations]
    assert len(set(names)) == len(names)
    for one in operations:
        assert one["summary"].endswith(".")
        assert {"401", "403", "422", "500", "503"} <= set(one["responses"])
        assert any(status.startswith("2") for status in one["responses"])


def test_parameters_of_the_path_are_described(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for one in methods.values():
            described = {parameter["name"] for parameter in one["parameters"] if parameter["in"] == "path"}
            assert described == set(re.findall(r"{(\w+)}", path))


def test_a_body_is_described_as_it_is_checked(desk: Desk, document: dict[str, Any]) -> None:
    described = document["components"]["schemas"]["NewCase"]
    assert described["required"] == ["use_case", "key", "data"]
    assert described["additionalProperties"] is False
    assert described["properties"]["data"]["type"] == "object"
    answer = desk.machine(BEN).post(f"{PREFIX}/cases", {})
    assert [one["place"] for one in answer.json()["error"]["problems"]] == described["required"]


def test_queries_that_are_described_are_the_ones_that_are_taken(
    desk: Desk, document: dict[str, Any]
) -> None:
    machine = desk.machine(BEN)
    for path, methods in document["paths"].items():
        if "get" not in methods or "{" in path:
            continue
        described = [one["name"] for one in methods["get"]["parameters"] if one["in"] == "query"]
        hint = machine.get(f"{path}?no-such-parameter=1").json()["error"]["problems"][0]["hint"]
        assert hint == f"known: {', '.join(described) or 'none'}"
