"""Whether a JSON value fits a JSON Schema, as far as models can be asked for a shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard

DEEPEST = 40
MOST_STEPS = 200_000

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": Mapping,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


class _Spent(Exception):
    """The schema asks for more work than an answer is worth."""


def fits(value: object, schema: object) -> bool:
    """Whether a value has the shape: types, fields, items, constants, bounds, alternatives, local references.

    Looked at are the words of JSON Schema that servers of models support for answers. ``pattern``, ``format``
    and whatever else stands there is passed over: it belongs to the server that promised it. False, too, where
    the schema refers to what is not in it, nests deeper than DEEPEST, or takes more than MOST_STEPS to check.
    """
    try:
        return _Check(schema).fits(value, schema, 0)
    except _Spent:
        return False


class _Check:
    def __init__(self, root: object) -> None:
        self._root = root
        self._steps = 0

    def fits(self, value: object, schema: object, depth: int) -> bool:
        self._steps += 1
        if depth > DEEPEST or self._steps > MOST_STEPS:
            raise _Spent
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, Mapping):
            return False
        if "$ref" in schema and not self.fits(value, self._referred(schema["$ref"]), depth + 1):
            return False
        return (
            _of_type(value, schema.get("type"))
            and self._is_one_of(value, schema)
            and self._within(value, schema)
            and self._combined(value, schema, depth)
            and self._object(value, schema, depth)
            and self._array(value, schema, depth)
        )

    def _referred(self, reference: object) -> object:
        if not isinstance(reference, str) or not reference.startswith("#"):
            return False
        found = self._root
        for part in reference.removeprefix("#").split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name, False) if isinstance(found, Mapping) else False
        return found

    def _is_one_of(self, value: object, schema: Mapping[str, object]) -> bool:
        if "const" in schema and not self._same(value, schema["const"]):
            return False
        known = schema.get("enum")
        return not isinstance(known, list) or any(self._same(value, one) for one in known)

    def _same(self, one: object, other: object) -> bool:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise _Spent
        # In JSON a truth is no number, and 1 and 1.0 are one number.
        return isinstance(one, bool) == isinstance(other, bool) and one == other

    def _within(self, value: object, schema: Mapping[str, object]) -> bool:
        checks: list[tuple[str, float, bool]] = []
        if isinstance(value, int | float) and not isinstance(value, bool):
            checks = [("minimum", value, True), ("maximum", value, False)]
            low, high = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
            if (_is_number(low) and not value > low) or (_is_number(high) and not value < high):
                return False
        elif isinstance(value, str):
            checks = [("minLength", len(value), True), ("maxLength", len(value), False)]
        elif isinstance(value, list):
            checks = [("minItems", len(value), True), ("maxItems", len(value), False)]
        for word, size, least in checks:
            limit = schema.get(word)
            if _is_number(limit) and (size < limit if least else size > limit):
                return False
        return True

    def _combined(self, value: object, schema: Mapping[str, object], depth: int) -> bool:
        for word in ("anyOf", "allOf", "oneOf"):
            parts = schema.get(word)
            if not isinstance(parts, list):
                continue
            fitting = sum(self.fits(value, part, depth + 1) for part in parts)
            wanted = {"anyOf": fitting > 0, "allOf": fitting == len(parts), "oneOf": fitting == 1}
            if not wanted[word]:
                return False
        return "not" not in schema or not self.fits(value, schema["not"], depth + 1)

    def _object(self, value: object, schema: Mapping[str, object], depth: int) -> bool:
        if not isinstance(value, Mapping):
            return True
        needed = schema.get("required")
        if isinstance(needed, list) and any(name not in value for name in needed):
            return False
        told = schema.get("properties")
        known = told if isinstance(told, Mapping) else {}
        # Names that fit a pattern are not looked at here, and are not forbidden either.
        others = True if "patternProperties" in schema else schema.get("additionalProperties", True)
        return all(self.fits(one, known.get(name, others), depth + 1) for name, one in value.items())

    def _array(self, value: object, schema: Mapping[str, object], depth: int) -> bool:
        if not isinstance(value, list):
            return True
        first = schema.get("prefixItems")
        ahead: Sequence[object] = first if isinstance(first, list) else ()
        for one, part in zip(value, ahead, strict=False):
            if not self.fits(one, part, depth + 1):
                return False
        if "items" not in schema:
            return True
        return all(self.fits(one, schema["items"], depth + 1) for one in value[len(ahead) :])


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_type(value: object, wanted: object) -> bool:
    if wanted is None:
        return True
    names = wanted if isinstance(wanted, list) else [wanted]
    return any(isinstance(name, str) and _is_a(value, name) for name in names)


def _is_a(value: object, name: str) -> bool:
    if name == "number":
        return _is_number(value)
    if name == "integer":
        return _is_number(value) and (isinstance(value, int) or float(value).is_integer())
    kind = _TYPES.get(name)
    return kind is not None and isinstance(value, kind)
