"""Writes ``shapes.py`` and ``operations.py`` of the client from the OpenAPI document.

``python clients/python/generate.py`` writes them, ``--check`` only says whether they are up to date.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from roadworthy.server.api import OPERATIONS
from roadworthy.server.openapi import document

PACKAGE = Path(__file__).resolve().parent / "src" / "roadworthy_client"
NOTE = "Written by clients/python/generate.py; change the API, not this file."
HEADERS = {"Idempotency-Key": "idempotency_key", "If-Match": "if_match"}
Schema = Mapping[str, Any]


def shapes(described: Schema) -> str:
    """Every schema of an answer or of a part of one, as a TypedDict."""
    schemas = described["components"]["schemas"]
    names = sorted(reachable(schemas, answers(described)))
    lines = [
        f'"""What the API answers. {NOTE}"""',
        "# fmt: off",
        "",
        "from __future__ import annotations",
        "",
        "from typing import Any, NotRequired, TypedDict",
        "",
    ]
    for name in names:
        lines += ["", *shape(name, schemas[name]), ""]
    return "\n".join(lines).rstrip() + "\n"


def shape(name: str, schema: Schema) -> list[str]:
    told = one_line(schema.get("description", ""))
    fields = {field: typed(field, part, schema) for field, part in schema.get("properties", {}).items()}
    if any(keyword.iskeyword(field) or not field.isidentifier() for field in fields):
        inside = [f'        "{field}": "{kind}",' for field, kind in fields.items()]
        return [f"{name} = TypedDict(", f'    "{name}",', "    {", *inside, "    },", ")", f'"""{told}"""']
    lines = [f"class {name}(TypedDict):", f'    """{told}"""', ""]
    return [*lines, *(f"    {field}: {kind}" for field, kind in fields.items())]


def typed(field: str, part: Schema, schema: Schema) -> str:
    kind = type_of(part)
    return kind if field in schema.get("required", ()) else f"NotRequired[{kind}]"


def type_of(schema: Schema) -> str:
    """The Python type of a schema. Errors: ``KeyError`` for a kind that no operation uses so far."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(type_of(one) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return "str"
    if "type" not in schema:
        return "Any"
    if schema["type"] == "array":
        return f"list[{type_of(schema.get('items', {}))}]"
    if schema["type"] == "object":
        inner = schema.get("additionalProperties", True)
        return f"dict[str, {'Any' if inner is True else type_of(inner)}]"
    return {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}[
        schema["type"]
    ]


def operations(described: Schema) -> str:
    """The client: a method for every operation, and one more for every list."""
    schemas = described["components"]["schemas"]
    used = sorted({answer for _, _, one in every(described) for answer in [answer_of(one)]})
    rows = {kind for _, _, one in every(described) for _, kind in [rows_of(one, schemas)] if kind}
    named = sorted(set(used) | {kind for kind in rows if kind in schemas}, key=str.lower)
    lines = [
        f'"""The client. {NOTE}"""',
        "# fmt: off",
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Iterator",
        "from typing import Any, cast",
        "",
        "from roadworthy_client.sending import Sender",
        "from roadworthy_client.shapes import (",
        *(f"    {name}," for name in named),
        ")",
        "",
        "",
        "class Roadworthy(Sender):",
        '    """Everything that the API offers, one method for each operation."""',
    ]
    for path, method, one in every(described):
        lines += ["", *method_of(path, method, one, schemas)]
        if rows_of(one, schemas)[0]:
            lines += ["", *pages_of(one, schemas)]
    return "\n".join(lines).rstrip() + "\n"


def method_of(path: str, method: str, one: Schema, schemas: Schema) -> list[str]:
    names, query, body, headers = parameters(one, schemas)
    given = [*(f"{safe(name)}: str" for name in names)]
    optional = [argument(name, kind, required) for name, kind, required in [*body, *query]]
    optional += [f'{HEADERS[name]}: str = ""' for name in headers]
    lines = [
        f"    def {snake(one['operationId'])}(",
        "        self,",
        *(f"        {part}," for part in given),
    ]
    lines += ["        *,", *(f"        {part}," for part in optional)] if optional else []
    answer = answer_of(one)
    lines += [
        f"    ) -> {answer}:",
        f'        """{one_line(one["summary"])}"""',
        f"        return cast({answer}, self._send(",
    ]
    inside = ", ".join(f'"{name}": {safe(name)}' for name in names)
    lines += [f'            "{method.upper()}", "{path}", {{{inside}}},']
    if query:
        lines.append(
            "            query={" + ", ".join(f'"{name}": {safe(name)}' for name, _, _ in query) + "},"
        )
    if "requestBody" in one:
        lines.append(
            "            body={" + ", ".join(f'"{name}": {safe(name)}' for name, _, _ in body) + "},"
        )
    lines += [f"            {HEADERS[name]}={HEADERS[name]}," for name in headers]
    return [*lines, "        ))"]


def pages_of(one: Schema, schemas: Schema) -> list[str]:
    names, query, _, _ = parameters(one, schemas)
    rows, kind = rows_of(one, schemas)
    kept = [(name, type_, required) for name, type_, required in query if name != "after"]
    name = snake(one["operationId"])
    lines = [
        f"    def iter_{name.partition('_')[2]}(",
        "        self,",
        *(f"        {safe(part)}: str," for part in names),
    ]
    lines += ["        *,", *(f"        {argument(*part)}," for part in kept)] if kept else []
    given = ", ".join(
        [
            *(safe(part) for part in names),
            *(f"{safe(part)}={safe(part)}" for part, _, _ in kept),
            "after=after",
        ]
    )
    return [
        *lines,
        f"    ) -> Iterator[{kind}]:",
        f'        """{one_line(one["summary"])} Page after page, until the end."""',
        f'        return self._pages(lambda after: self.{name}({given}), "{rows}")',
    ]


def parameters(
    one: Schema, schemas: Schema
) -> tuple[list[str], list[tuple[str, str, bool]], list[tuple[str, str, bool]], list[str]]:
    """Names of the path, parameters of the query, fields of the body, headers that a caller may set."""
    found: dict[str, list[Schema]] = {"path": [], "query": [], "header": []}
    for parameter in one["parameters"]:
        found[parameter["in"]].append(parameter)
    body: list[tuple[str, str, bool]] = []
    if "requestBody" in one:
        schema = schemas[
            one["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        ]
        body = [
            (name, type_of(part), name in schema.get("required", ()))
            for name, part in schema.get("properties", {}).items()
        ]
    names = [parameter["name"] for parameter in found["path"]]
    query = [
        (part["name"], "int" if part["name"] == "limit" else "str", part["required"])
        for part in found["query"]
    ]
    spelt = [*names, *(name for name, _, _ in [*query, *body])]
    if len(set(spelt)) != len(spelt):
        raise ValueError(f"two parameters of {one['operationId']} have one name: {sorted(spelt)}")
    return names, query, body, [part["name"] for part in found["header"] if part["name"] in HEADERS]


def argument(name: str, kind: str, required: bool) -> str:
    if required:
        return f"{safe(name)}: {kind}"
    return f"{safe(name)}: {kind.removesuffix(' | None')} | None = None"


def rows_of(one: Schema, schemas: Schema) -> tuple[str, str]:
    """The rows of a list, and what they are; empty for anything but a list."""
    if not {"after", "limit"} <= {part["name"] for part in one["parameters"]}:
        return "", ""
    for name, part in schemas[answer_of(one)]["properties"].items():
        if part.get("type") == "array" and "$ref" in part["items"]:
            return name, type_of(part["items"])
    raise ValueError(f"{one['operationId']} is paged and has no rows")


def every(described: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            yield path, method, one


def answers(described: Schema) -> set[str]:
    return {answer_of(one) for _, _, one in every(described)}


def answer_of(one: Schema) -> str:
    good = next(told for status, told in one["responses"].items() if status.startswith("2"))
    return str(good["content"]["application/json"]["schema"]["$ref"]).rpartition("/")[2]


def reachable(schemas: Schema, names: set[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += re.findall(r"#/components/schemas/(\w+)", str(schemas[name]))
    return found


def safe(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def one_line(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace('"""', "'''")


def written() -> dict[Path, str]:
    """Both files as they should be."""
    described = document(OPERATIONS, title="Roadworthy")
    return {PACKAGE / "shapes.py": shapes(described), PACKAGE / "operations.py": operations(described)}


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with ``--check`` say which ones are out of date."""
    stale = {
        path: text
        for path, text in written().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    if "--check" in arguments:
        for path in stale:
            print(f"{path.name} is out of date: run `python clients/python/generate.py`")
        return 1 if stale else 0
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
