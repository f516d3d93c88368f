"""What policies still ask of a call, found by partial evaluation. Advice for people, never a decision."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import cedarpy

_NAMED = re.compile(r"(?<!\w)\((context(?:\.\w+)*)\)")
_NEVER = [{"kind": "when", "body": {"Value": False}}]


def conditions(
    policies: cedarpy.PolicySet,
    schema: cedarpy.Schema,
    entities: cedarpy.Entities,
    asked: Mapping[str, Any],
    *,
    ids: Sequence[str],
) -> dict[str, str]:
    """For each policy that may still apply to the tool: what is left of it while the context stays open."""
    partly = {name: written(asked[name]) for name in ("principal", "action", "resource")}
    result = cedarpy.is_authorized_partial(partly, policies, entities, schema=schema)
    left = result.residuals
    possible = [name for name in ids if name in left and left[name]["conditions"] != _NEVER]
    return {name: f"{left[name]['effect']} {_words(left[name])}" for name in possible}


def written(uid: Mapping[str, str]) -> str:
    """An entity as Cedar writes it, which is the only form that partial evaluation takes."""
    return f"{uid['type']}::{json.dumps(uid['id'], ensure_ascii=False)}"


def _words(residual: Mapping[str, Any]) -> str:
    """The conditions of a residual as Cedar writes them; `always` where none is left."""
    bodies = [_folded(each["body"]) for each in residual["conditions"]]
    left = [each for each in bodies if each != {"Value": True}]
    if not left:
        return "always"
    alone = {**residual, "annotations": {}, "conditions": [{"kind": "when", "body": each} for each in left]}
    text = cedarpy.policies_from_json_str(
        json.dumps({"templates": {}, "staticPolicies": {"left": alone}, "templateLinks": []})
    )
    _, _, said = text.partition("when {")
    said = " ".join(said.rstrip().removesuffix(";").rstrip().removesuffix("}").split())
    # Cedar puts every part in brackets.
    return "when " + _NAMED.sub(r"\1", _NAMED.sub(r"\1", said)).replace("} when {", "&&")


def _folded(node: Any) -> Any:
    """The condition without what partial evaluation found to be true, and with its name for what is open."""
    if isinstance(node, list):
        return [_folded(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "unknown" in node:
        return {"Var": "context"}
    folded = {name: _folded(each) for name, each in node.items()}
    if "&&" in folded:
        sides = [side for side in (folded["&&"]["left"], folded["&&"]["right"]) if side != {"Value": True}]
        if len(sides) < 2:
            return sides[0] if sides else {"Value": True}
    return folded
