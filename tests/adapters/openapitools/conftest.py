"""Operations of a desk that is described in OpenAPI, on a real server of this machine."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from tests.adapters.httpx2.conftest import Desk, desk, http, reply

from roadworthy.charter import Charter, Tool
from roadworthy.ports import Connector
from roadworthy.testing.memory import MemoryStore
from roadworthy.wiring.place import Workspace
from roadworthy.wiring.tools import Toolmaker

__all__ = ["Desk", "desk", "http", "reply"]

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Desk", "version": "1"},
    "servers": [{"url": "http://{host}/v1", "variables": {"host": {"default": "HOST"}}}],
    "paths": {
        "/orders/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {
                "operationId": "findOrder",
                "parameters": [
                    {
                        "name": "fields",
                        "in": "query",
                        "schema": {"type": "array", "items": {"type": "string"}},
                    },
                    {"name": "X-Region", "in": "header", "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {
                        "description": "it",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                    }
                },
            },
        },
        "/refunds": {
            "post": {
                "operationId": "refund",
                "parameters": [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refund"}}},
                },
                "responses": {
                    "2XX": {
                        "description": "done",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    }
                },
            }
        },
    },
    "components": {
        "parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}},
        "schemas": {
            "Order": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "note": {"type": "string", "nullable": True},
                    "total": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}},
                },
            },
            "Refund": {
                "type": "object",
                "required": ["id"],
                "additionalProperties": False,
                "properties": {"id": {"type": "string", "maxLength": 20}, "cents": {"type": "integer"}},
            },
        },
    },
}
Make = Callable[..., Connector]


@pytest.fixture
def make(tmp_path_factory: pytest.TempPathFactory, desk: Desk) -> Any:
    """An operation as a tool: ``make("findOrder", hosts=[…])``; ``document`` changes the description."""
    home = tmp_path_factory.mktemp("home")
    maker = Toolmaker(Workspace(home, ""), MemoryStore())

    def connector(
        operation: str,
        *,
        document: Callable[[dict[str, Any]], object] = lambda _: None,
        options: dict[str, Any] | None = None,
        **declared: Any,
    ) -> Connector:
        described = json.loads(json.dumps(DOCUMENT).replace("HOST", desk.place))
        document(described)
        (home / "desk.openapi.yaml").write_text(yaml.safe_dump(described))
        declared.setdefault("hosts", [desk.place])
        declared.setdefault("timeout", "3s")
        named = {"document": "desk.openapi.yaml", "operation": operation, **(options or {})}
        tools = {"desk.it": Tool(use="openapi", options=named, **declared)}
        charter = Charter.model_construct(use_case="desk", tools=tools, data={})
        return maker.connectors("sha256:1", charter, "", home, home)["desk.it"]

    yield connector
    maker.close()
