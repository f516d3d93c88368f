"""Writes the packages ``shapes`` and ``operations`` of the client: a module each for every subject of the API.

``python clients/python/generate.py`` writes them, ``--check`` only says whether they are up to date.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema
from roadworthy.server.api import OPERATIONS
from roadworthy.server.openapi import document
from roadworthy.server.operations import Shape

PACKAGE = Path(__file__).resolve().parent / "src" / "roadworthy_client"
NOTE = "Written by clients/python/generate.py; change the API, not this file."
HEADERS = {"Idempotency-Key": "idempotency_key", "If-Match": "if_match"}
WIDTH = 108
Schema = Mapping[str, Any]


def models_of(subject: str) -> list[type[Shape]]:
    """What the API answers on a subject, in the order in which the API declares it."""
    module = import_module(f"roadworthy.server.answers.{subject}")
    return [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Shape) and one.__module__ == module.__name__
    ]


def shapes(models: Iterable[type[Shape]], homes: Mapping[str, str], schemas: Schema) -> str:
    """A TypedDict for every shape of one subject; ``homes`` says in which module each shape is."""
    written: list[str] = []
    for model in models:
        written += ["", *shape(model, schemas), ""]
    names = {model.__name__ for model in models}
    used = set(re.findall(r"\b\w+\b", "\n".join(line for line in written if '"""' not in line)))
    typing = [name for name in ("Any", "NotRequired", "TypedDict") if name in used]
    lines = [
        *opening("What the API answers."),
        f"from typing import {', '.join(typing)}",
        "",
        *imports({name: homes[name] for name in used & homes.keys() - names}),
    ]
    return ending([*lines, "", *written] if lines[-1] else [*lines, *written])


def every_shape(homes: Mapping[str, str]) -> str:
    """The shapes of all subjects, to be imported from one place."""
    names = sorted(homes)
    return ending(
        [
            *opening("What the API answers, subject by subject."),
            *imports(homes),
            "",
            *laid("__all__ = [", [f'"{name}"' for name in names], "]"),
        ]
    )


def shape(model: type[Shape], schemas: Schema) -> list[str]:
    schema = schemas[model.__name__]
    told = one_line(schema.get("description", ""))
    fields = {field: typed(field, part, schema) for field, part in schema.get("properties", {}).items()}
    if any(keyword.iskeyword(field) or not field.isidentifier() for field in fields):
        inside = [f'        "{field}": "{kind}",' for field, kind in fields.items()]
        return [
            f"{model.__name__} = TypedDict(",
            f'    "{model.__name__}",',
            "    {",
            *inside,
            "    },",
            ")",
            f'"""{told}"""',
        ]
    base, taken_over = "TypedDict", frozenset[str]()
    for parent in model.__bases__:
        if parent is not Shape:
            base, taken_over = parent.__name__, frozenset(schemas[parent.__name__]["properties"])
    lines = [f"class {model.__name__}({base}):", f'    """{told}"""', ""]
    return [*lines, *(f"    {field}: {kind}" for field, kind in fields.items() if field not in taken_over)]


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


def operations(
    subject: str, asked: Sequence[tuple[str, str, Schema]], homes: Mapping[str, str], schemas: Schema
) -> str:
    """A method for every operation of one subject, and one more for every list."""
    written = [f"class {subject.capitalize()}(Sender):", f'    """What the API offers on {subject}."""']
    named: set[str] = set()
    for path, method, one in asked:
        written += ["", *method_of(path, method, one, schemas)]
        named.add(answer_of(one))
        _, kind = rows_of(one, schemas)
        if kind:
            written += ["", *pages_of(one, schemas)]
            named.add(kind)
    code = "\n".join(written)
    lines = opening(f"What a client may ask for: {subject}.")
    if "Iterator[" in code:
        lines.append("from collections.abc import Iterator")
    if re.search(r"\bAny\b", code):
        lines.append("from typing import Any")
    if lines[-1]:
        lines.append("")
    lines += ["from roadworthy_client.sending import Sender"]
    lines += imports({name: homes[name] for name in named & homes.keys()})
    return ending([*lines, "", "", *written])


def every_operation(subjects: Sequence[str]) -> str:
    """The client: the operations of all subjects."""
    classes = ", ".join(subject.capitalize() for subject in subjects)
    return ending(
        [
            *opening("The client."),
            *(
                f"from roadworthy_client.operations.{one} import {one.capitalize()}"
                for one in sorted(subjects)
            ),
            "",
            "",
            f"class Roadworthy({classes}):",
            '    """Everything that the API offers, one method for each operation."""',
        ]
    )


def method_of(path: str, method: str, one: Schema, schemas: Schema) -> list[str]:
    names, query, body, headers = parameters(one, schemas)
    optional = [argument(*part) for part in [*body, *query]]
    optional += [f'{HEADERS[name]}: str = ""' for name in headers]
    answer = answer_of(one)
    sent = [answer, f'"{method.upper()}"', f'"{path}"', mapping(names)]
    if query:
        sent.append("query=" + mapping(name for name, _, _ in query))
    if "requestBody" in one:
        sent.append("body=" + mapping(name for name, _, _ in body))
    sent += [f"{HEADERS[name]}={HEADERS[name]}" for name in headers]
    return [
        *signature(snake(one["operationId"]), names, optional, answer),
        f'        """{one_line(one["summary"])}"""',
        *laid("        return self._send(", sent, ")"),
    ]


def pages_of(one: Schema, schemas: Schema) -> list[str]:
    names, query, _, _ = parameters(one, schemas)
    rows, kind = rows_of(one, schemas)
    kept = [part for part in query if part[0] != "after"]
    name = snake(one["operationId"])
    given = [*(safe(part) for part in names), *(f"{safe(part)}={safe(part)}" for part, _, _ in kept)]
    asking = f"lambda after: self.{name}({', '.join([*given, 'after=after'])})"
    return [
        *signature(
            f"iter_{name.partition('_')[2]}", names, [argument(*part) for part in kept], f"Iterator[{kind}]"
        ),
        f'        """{one_line(one["summary"])} Page after page, until the end."""',
        *laid("        return self._pages(", [asking, f'"{rows}"'], ")"),
    ]


def signature(name: str, names: Sequence[str], optional: Sequence[str], answer: str) -> list[str]:
    parts = ["self", *(f"{safe(part)}: str" for part in names), *(["*", *optional] if optional else [])]
    return laid(f"    def {name}(", parts, f") -> {answer}:")


def mapping(names: Iterable[str]) -> str:
    return "{" + ", ".join(f'"{name}": {safe(name)}' for name in names) + "}"


def opening(told: str) -> list[str]:
    return [
        f'"""{told} {NOTE}"""',
        "# fmt: off",
        "",
        "from __future__ import annotations",
        "",
    ]


def imports(homes: Mapping[str, str]) -> list[str]:
    """Imports of these shapes from the modules of their subjects, laid out as the linter wants them."""
    lines: list[str] = []
    for subject in sorted(set(homes.values())):
        names = sorted((name for name, home in homes.items() if home == subject), key=str.lower)
        start = f"from roadworthy_client.shapes.{subject} import "
        line = start + ", ".join(names)
        lines += [line] if len(line) <= WIDTH else [f"{start}(", *(f"    {name}," for name in names), ")"]
    return lines


def laid(start: str, parts: Sequence[str], end: str) -> list[str]:
    """What stands between brackets: on one line where it fits, else on lines of its own."""
    inside = ", ".join(parts)
    if len(start + inside + end) <= WIDTH:
        return [start + inside + end]
    indent = " " * (len(start) - len(start.lstrip()))
    return [start, *filled(parts, indent + "    "), indent + end]


def filled(parts: Sequence[str], indent: str) -> Iterator[str]:
    """The parts on as few lines as hold them; none is broken."""
    line = ""
    for part in parts:
        if line and len(indent + line + part) + 2 > WIDTH:
            yield indent + line.rstrip()
            line = ""
        line += f"{part}, "
    yield indent + line.rstrip()


def ending(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


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


def answer_of(one: Schema) -> str:
    good = next(told for status, told in one["responses"].items() if status.startswith("2"))
    return str(good["content"]["application/json"]["schema"]["$ref"]).rpartition("/")[2]


def safe(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def one_line(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace('"""', "'''")


def written() -> dict[Path, str]:
    """Every file as it should be."""
    described = document(OPERATIONS, title="Roadworthy")
    subjects = [tag["name"] for tag in described["tags"]]
    models = {subject: models_of(subject) for subject in subjects}
    homes = {model.__name__: subject for subject in subjects for model in models[subject]}
    _, made = models_json_schema(
        [(model, "validation") for among in models.values() for model in among],
        ref_template="#/components/schemas/{model}",
    )
    schemas = described["components"]["schemas"] | made["$defs"]
    asked: dict[str, list[tuple[str, str, Schema]]] = {subject: [] for subject in subjects}
    for path, method, one in every(described):
        asked[one["tags"][0]].append((path, method, one))
    files = {
        "shapes/__init__.py": every_shape(homes),
        "operations/__init__.py": every_operation(subjects),
    }
    for subject in subjects:
        files[f"shapes/{subject}.py"] = shapes(models[subject], homes, schemas)
        files[f"operations/{subject}.py"] = operations(subject, asked[subject], homes, schemas)
    return {PACKAGE / name: text for name, text in files.items()}


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with ``--check`` say which ones are out of date."""
    stale = {
        path: text
        for path, text in written().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(PACKAGE)} is out of date: run `python clients/python/generate.py`")
        return 1 if stale else 0
    for path, text in stale.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(PACKAGE)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
