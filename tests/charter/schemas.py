"""The part of JSON Schema (draft 2020-12) that the charter's schema uses, read by the letter."""

import re
from collections.abc import Mapping
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
SPOKEN = {"$schema", "$defs", "title", "description", "default", "examples", "propertyNames"}


def breaches(value: object, schema: Mapping[str, Any], root: Mapping[str, Any], at: str = "") -> list[str]:
    """Where a value breaks a schema. Errors: ``NotImplementedError`` for a keyword that is not read here."""
    found: list[str] = []
    for keyword, asked in schema.items():
        if keyword in SPOKEN:
            continue
        if keyword == "$ref":
            found += breaches(value, root["$defs"][asked.removeprefix("#/$defs/")], root, at)
        elif keyword == "anyOf":
            if all(breaches(value, choice, root, at) for choice in asked):
                found.append(f"{at}: none of the choices")
        elif not _keeps(keyword, asked, value, schema):
            found.append(f"{at}: {keyword}")
    found += _inside(value, schema, root, at)
    return found


def _inside(value: object, schema: Mapping[str, Any], root: Mapping[str, Any], at: str) -> list[str]:
    if isinstance(value, list) and "items" in schema:
        return [
            breach
            for n, item in enumerate(value)
            for breach in breaches(item, schema["items"], root, f"{at}.{n}")
        ]
    found: list[str] = []
    if isinstance(value, dict):
        for name, item in value.items():
            if name in schema.get("properties", {}):
                found += breaches(item, schema["properties"][name], root, f"{at}.{name}")
            for pattern, inner in schema.get("patternProperties", {}).items():
                if re.search(pattern, name):
                    found += breaches(item, inner, root, f"{at}.{name}")
    return found


def _keeps(keyword: str, asked: Any, value: object, schema: Mapping[str, Any]) -> bool:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    match keyword:
        case "type":
            is_bool = isinstance(value, bool)
            return isinstance(value, TYPES[asked]) and (not is_bool or asked == "boolean")
        case "enum":
            return value in asked
        case "const":
            return value == asked
        case "pattern":
            return not isinstance(value, str) or re.search(asked, value) is not None
        case "minLength":
            return not isinstance(value, str) or len(value) >= asked
        case "minItems":
            return not isinstance(value, list) or len(value) >= asked
        case "minProperties":
            return not isinstance(value, dict) or len(value) >= asked
        case "minimum":
            return number is None or number >= asked
        case "maximum":
            return number is None or number <= asked
        case "exclusiveMinimum":
            return number is None or number > asked
        case "exclusiveMaximum":
            return number is None or number < asked
        case "required":
            return not isinstance(value, dict) or all(name in value for name in asked)
        case "additionalProperties":
            return (
                bool(asked)
                or not isinstance(value, dict)
                or set(value) <= set(schema.get("properties", {}))
            )
        case "properties" | "patternProperties" | "items":
            return True
    raise NotImplementedError(keyword)
