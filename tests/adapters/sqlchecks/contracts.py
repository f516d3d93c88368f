"""Contracts for the tests, short to write."""

from __future__ import annotations

from typing import Any

from roadworthy.data.contract import ContractTable, contract_of


def table(
    *properties: dict[str, Any], name: str = "t", levels: list[dict[str, Any]] | None = None, **more: Any
) -> ContractTable:
    """A table of these properties, with no word on columns nobody declared unless ``open`` is False."""
    own = list(more.pop("customProperties", []))
    if more.pop("open", True):
        own.append({"property": "roadworthy.openSchema", "value": True})
    made = {"name": name, "properties": list(properties), "customProperties": own, **more}
    document = {"id": "c", "schema": [made], "slaProperties": levels or []}
    return contract_of(document).tables[0]


def column(name: str, type: str = "", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, **({"logicalType": type} if type else {})}
    return {**made, **more}


def rule(metric: str, **more: Any) -> dict[str, Any]:
    bound = {} if any(key.startswith("must") for key in more) else {"mustBe": 0}
    return {"metric": metric, **bound, **more}
