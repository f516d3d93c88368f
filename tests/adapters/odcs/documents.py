"""Documents of the Open Data Contract Standard, made from a seed: whatever may stand in one, and more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

LETTERS = "abcXYZ019_- ÄéΩ漢😀\"'`:#{}&*!|>%@,.\\\n\t\r\x85\u2028\ufeff\x00\x1f?=~[]"
WORDS = (
    "NO",
    "yes",
    "null",
    "~",
    "1e3",
    "0x1F",
    "017",
    "1:30",
    "2024-01-01",
    "<<",
    "=",
    ".5",
    "true",
    "- a",
    " a ",
    "",
)
Field = Callable[[Random], Any]


def text(random: Random) -> str:
    if random.random() < 0.2:
        return random.choice(WORDS)
    return "".join(random.choice(LETTERS) for _ in range(random.randrange(10)))


def name(random: Random) -> str:
    return f"{text(random)}n{random.randrange(10**6)}"


def number(random: Random) -> float:
    return random.choice(
        [random.randrange(-(10**18), 10**18), random.uniform(-1e3, 1e3), 10 ** random.uniform(-300, 300)]
    )


def truth(random: Random) -> bool:
    return random.random() < 0.5


def scalar(random: Random) -> Any:
    return random.choice([lambda one: None, truth, number, text])(random)


def anything(random: Random, depth: int = 2) -> Any:
    kind = random.randrange(4) if depth else 0
    if kind == 1:
        return [anything(random, depth - 1) for _ in range(random.randrange(3))]
    if kind == 2:
        return {text(random): anything(random, depth - 1) for _ in range(random.randrange(3))}
    return scalar(random)


def one_of(*values: Any) -> Field:
    return lambda random: random.choice(values)


def several(field: Field, *, most: int = 3, least: int = 0) -> Field:
    return lambda random: [field(random) for _ in range(random.randrange(least, most))]


def some(required: Mapping[str, Field], optional: Mapping[str, Field], *, chance: float = 0.35) -> Field:
    """A mapping of the standard, with a field of somebody's own now and then."""

    def made(random: Random) -> dict[str, Any]:
        there = {**required, **{key: field for key, field in optional.items() if random.random() < chance}}
        keys = list(there)
        random.shuffle(keys)
        found = {key: there[key](random) for key in keys}
        if random.random() < 0.1:
            found["x-" + text(random)] = anything(random)
        return found

    return made


CUSTOM = several(some({"property": name, "value": anything}, {"vendor": text}))
TAGS = several(text)
ABOUT = {"id": name, "name": text, "description": text, "severity": text, "tags": TAGS, "customProperties": CUSTOM,
         "dimension": one_of("accuracy", "completeness", "timeliness")}  # fmt: skip


def operator(random: Random) -> dict[str, Any]:
    pair = sorted([number(random), number(random)])
    return random.choice([
        {"mustBe": scalar(random)}, {"mustNotBe": scalar(random)}, {"mustBeLessOrEqualTo": number(random)},
        {"mustBeGreaterThan": number(random)}, {"mustBeBetween": pair}, {"mustNotBeBetween": pair},
    ])  # fmt: skip


def rule(random: Random) -> dict[str, Any]:
    kind = random.choice(["library", "sql", "text", "custom"])
    own: dict[str, Mapping[str, Field]] = {
        "library": {"metric": one_of("nullValues", "invalidValues", "rowCount", "duplicateValues"),
                    "arguments": lambda random: {text(random): anything(random)}},
        "sql": {"query": lambda random: f"select\n  {text(random)}\nfrom ${{table}}"},
        "text": {},
        "custom": {"engine": text, "implementation": one_of("a: b\nc: d\n", {"a": [1]})},
    }  # fmt: skip
    made = some({"type": one_of(kind), **own[kind]}, ABOUT)(random)
    return {**made, **operator(random)} if kind in ("library", "sql") else made


QUALITY = several(rule)
ELEMENT = {"id": name, "description": text, "businessName": text, "physicalName": name, "physicalType": text,
           "deprecated": truth, "tags": TAGS, "quality": QUALITY, "customProperties": CUSTOM,
           "authoritativeDefinitions": several(some({"url": text, "type": text}, {}))}  # fmt: skip
RELATIONS = several(
    some({"to": one_of("a.b", "/schema/a/properties/b")}, {"customProperties": CUSTOM}), most=2
)
FIELDS = {**ELEMENT, "logicalType": one_of("string", "integer", "date", "object"), "required": truth,
          "unique": truth, "primaryKey": truth, "classification": text,
          "logicalTypeOptions": lambda random: {"pattern": text(random), "format": text(random)},
          "examples": several(anything), "relationships": RELATIONS,
          "enum": several(some({"value": scalar}, {"label": text}), least=1)}  # fmt: skip
INNER = several(some({"name": name}, FIELDS))
TABLE = some(
    {"name": name},
    {**ELEMENT, "properties": several(some({"name": name}, {**FIELDS, "properties": INNER}), most=4)},
)
MEMBER = some({}, {"username": text, "role": text, "dateOut": text})
_DOCUMENT = some(
    {"apiVersion": one_of("v3.1.0", "v3.0.2"), "kind": one_of("DataContract"), "id": name, "version": name,
     "schema": several(TABLE)},
    {"status": text, "domain": text, "tags": TAGS, "customProperties": CUSTOM,
     "description": some({}, {"usage": text, "customProperties": CUSTOM}),
     "team": lambda random: random.choice([some({}, {"name": text, "members": several(MEMBER)}), several(MEMBER)])(random),
     "roles": several(some({"role": text}, {"access": text})),
     "servers": several(some({"server": text, "type": text}, {"port": one_of(5432, "5432"), "path": text, "own": anything})),
     "slaProperties": several(some({"property": one_of("availability"), "value": scalar}, {"unit": text, "element": text})),
     "support": several(some({"channel": text, "url": text}, {}))},
)  # fmt: skip


def document(seed: int) -> dict[str, Any]:
    """The same document for the same seed."""
    made: dict[str, Any] = _DOCUMENT(Random(seed))
    return made
