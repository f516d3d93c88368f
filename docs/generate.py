"""Writes the reference pages that the program itself knows best: cli.md, charter.md, graders.md and api.md.

``python docs/generate.py`` writes them, ``--check`` only says whether they are up to date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from roadworthy.charter import json_schema
from roadworthy.cli.app import build
from roadworthy.evaluation import KINDS
from roadworthy.server.api import OPERATIONS
from roadworthy.server.openapi import document

REFERENCE = Path(__file__).resolve().parent / "reference"
NOTE = "<!-- Written by docs/generate.py; change the program, not this page. -->"

CLI_INTRODUCTION = """
`roadworthy COMMAND --help` shows the same in the terminal; `roadworthy --version` shows the version.
Results go to stdout, progress and advice to stderr; with `--json` stdout carries one JSON document and
nothing else. Commands act as whoever is signed in on this machine (`roadworthy login`).

| exit code | what it says |
|---|---|
| 0 | done; where a question was asked, the answer is yes |
| 1 | failed |
| 2 | the command or its input is wrong; every problem is listed |
| 3 | done, and the answer is no (the gate holds, rows were rejected, the ledger does not hold) |
| 4 | not allowed, and it says who may |
| 5 | something outside cannot be reached |

[errors.md](errors.md) lists every error code.
"""

CHARTER_INTRODUCTION = """
`charter.yaml` says what was promised for one use case.
Unknown fields are errors, aliases are not read, and every problem is told at once with line and column:
`roadworthy charter lint FOLDER`. The JSON Schema for editors: `roadworthy charter lint --schema FOLDER`.

Amounts are written `49.90 EUR`, durations `30s`, `30m`, `4h` or `90d`, shares as numbers from 0 to 1.
"""


API_INTRODUCTION = """
All of it lies under `/api/v1`; [api.md](../api.md) says how it is asked. What comes back is described by the document that every
installation serves at `/api/v1/openapi.json` (OpenAPI 3.1). What is needed stands in bold.
"""


GRADERS_INTRODUCTION = """
A grader says of one answer how right it is, from 0 to 1, and why. `passes_at` (default 1) is the lowest value that counts
as passed. What a grader cannot say is *ungraded*: counted apart, never 0 and never left out. They stand in the settings
beside a suite, `evals/NAME.yaml`:

```yaml
graders:
  intent: {kind: label}
  harmless: {kind: effects, forbidden: [{tool: refunds.issue, disposition: execute}]}
```
"""


def cli_page() -> str:
    """Every command with its arguments and options."""
    lines = ["# Command line", "", NOTE, CLI_INTRODUCTION]
    for path, command in commands(typer.main.get_command(build()), ("roadworthy",)):
        lines += [f"## {' '.join(path)}", "", f"`{' '.join([*path, *usage(command)])}`", ""]
        lines += [cleaned(command.help or ""), ""]
        rows = [
            (spelling(param), kind(param), default(param), param.help or "") for param in command.params
        ]
        lines += [*table(("argument or option", "type", "default", "meaning"), rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that lead to it."""
    inner: Mapping[str, Any] = getattr(command, "commands", {})
    if not inner:
        yield path, command
    for name, one in sorted(inner.items()):
        yield from commands(one, (*path, name))


def usage(command: Any) -> list[str]:
    words = []
    for param in command.params:
        if param.param_type_name == "argument":
            words.append(shown_name(param) if param.required else f"[{shown_name(param)}]")
        elif param.required:
            words.append(f"{param.opts[0]} …")
    optional = any(param.param_type_name == "option" and not param.required for param in command.params)
    return [*words, "[OPTIONS]"] if optional else words


def shown_name(param: Any) -> str:
    return str(param.metavar or param.name).upper()


def spelling(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{shown_name(param)}`"
    return " / ".join(f"`{option}`" for option in (*param.opts, *param.secondary_opts))


def kind(param: Any) -> str:
    if getattr(param, "is_flag", False):
        return "flag"
    annotation = param.type_descriptor.annotation
    words = {"str": "text", "int": "whole number", "float": "number", "bool": "flag", "Path": "path"}
    name = getattr(annotation, "__name__", str(annotation))
    return words.get(name, name) + (", repeatable" if param.multiple else "")


def default(param: Any) -> str:
    if param.required:
        return "required"
    if getattr(param, "is_flag", False):
        # A flag without a negative form is off unless given.
        spelt = (*param.opts, *param.secondary_opts)
        return f"`{spelt[0] if param.default else spelt[-1]}`" if param.secondary_opts else ""
    return "" if param.default in (None, "", [], ()) else f"`{param.default}`"


def charter_page() -> str:
    """Every field of a charter, part by part in the order in which they are met."""
    schema = json_schema()
    parts = schema["$defs"]
    lines = ["# Charter", "", NOTE, CHARTER_INTRODUCTION]
    lines += [schema["description"], "", *fields(schema), ""]
    for name in order(schema, parts):
        lines += [f"## {title(name)}", "", parts[name].get("description", ""), "", *fields(parts[name]), ""]
    return "\n".join(lines).rstrip() + "\n"


def graders_page() -> str:
    """Every kind of grader with its options."""
    lines = ["# Graders", "", NOTE, GRADERS_INTRODUCTION]
    for kind in KINDS.values():
        schema = kind.options.model_json_schema()
        lines += [f"## {kind.name}", "", f"{kind.says[:1].upper()}{kind.says[1:]}.", ""]
        if kind.rule is None:
            lines += [
                "It needs an instrument: an embedding, or the language model that the charter names.",
                "",
            ]
        described = schema.get("description", "").partition(".")[2].strip()
        lines += [described, ""] if described else []
        lines += [*fields(schema), ""] if schema.get("properties") else ["It has no options.", ""]
    return "\n".join(lines).rstrip() + "\n"


def api_page() -> str:
    """Every operation of the API, by subject, with what it takes."""
    described = document(OPERATIONS, title="Roadworthy")
    lines = ["# API", "", NOTE, API_INTRODUCTION]
    for tag in described["tags"]:
        lines += [f"## {title(tag['name'])}", ""]
        rows = [
            (
                f"`{method.upper()} {path.removeprefix('/api/v1')}`",
                f"`{one['operationId']}`",
                one["summary"],
                taken(one),
            )
            for path, methods in described["paths"].items()
            for method, one in methods.items()
            if one["tags"] == [tag["name"]]
        ]
        lines += [*table(("request", "name", "what it does", "takes"), rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def taken(one: Mapping[str, Any]) -> str:
    """Parameters of the query and fields of the body; those that are needed first, in bold."""
    found = [(part["name"], part["required"]) for part in one["parameters"] if part["in"] == "query"]
    if "requestBody" in one:
        name = one["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        body = next(
            each.body for each in OPERATIONS if each.body is not None and each.body.__name__ == name
        )
        found += [(field, part.is_required()) for field, part in body.model_fields.items()]
    found.sort(key=lambda part: not part[1])
    return ", ".join(f"**{name}**" if needed else name for name, needed in found)


def order(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> list[str]:
    met: list[str] = []
    waiting = [schema]
    while waiting:
        for name in references(waiting.pop(0)["properties"]):
            if name not in met:
                met.append(name)
                waiting.append(parts[name])
    return met


def references(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if "$ref" in node:
            yield str(node["$ref"]).rpartition("/")[2]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def title(name: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.rstrip("_"))
    return words.upper() if words.lower() in {"kpi", "slo"} else words.capitalize()


def fields(part: Mapping[str, Any]) -> list[str]:
    rows = []
    for name, field in part["properties"].items():
        needed = name in part.get("required", [])
        rows.append(
            (
                f"`{name}`",
                type_of(field),
                "required" if needed else value(field.get("default")),
                field.get("description", ""),
            )
        )
    return table(("field", "type", "default", "meaning"), rows)


def type_of(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        name = title(str(field["$ref"]).rpartition("/")[2])
        return f"[{name if name.isupper() else name.lower()}](#{name.lower().replace(' ', '-')})"
    if "anyOf" in field:
        return " or ".join(type_of(choice) for choice in field["anyOf"] if choice.get("type") != "null")
    if "enum" in field or "const" in field:
        return ", ".join(f"`{choice}`" for choice in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"list of {type_of(field['items'])}"
    if "patternProperties" in field:
        inner = next(iter(field["patternProperties"].values()))
        return f"name → {type_of(inner)}"
    return {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "`true` or `false`",
        "object": "mapping",
    }[field["type"]] + bounds(field)


def bounds(field: Mapping[str, Any]) -> str:
    if field.get("type") == "string" and "examples" in field:
        return f" such as `{field['examples'][0]}`"
    low = f"from {field['minimum']}" if "minimum" in field else ""
    low = low or (f"above {field['exclusiveMinimum']}" if "exclusiveMinimum" in field else "")
    high = f"to {field['maximum']}" if "maximum" in field else ""
    high = high or (f"below {field['exclusiveMaximum']}" if "exclusiveMaximum" in field else "")
    return "".join(f" {end}" for end in (low, high) if end)


def value(found: Any) -> str:
    if found in (None, "", [], {}):
        return ""
    if isinstance(found, Mapping):
        return "its defaults"
    return f"`{str(found).lower() if isinstance(found, bool) else found}`"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [line(head), "|" + "---|" * len(head), *(line(row) for row in escaped)]


def line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def cleaned(text: str) -> str:
    """Paragraphs on one line each."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with ``--check`` say which ones are out of date."""
    pages = {
        REFERENCE / "cli.md": cli_page(),
        REFERENCE / "charter.md": charter_page(),
        REFERENCE / "graders.md": graders_page(),
        REFERENCE / "api.md": api_page(),
    }
    stale = [
        path
        for path, text in pages.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in arguments:
        for path in stale:
            print(f"docs/reference/{path.name} is out of date: run `python docs/generate.py`")
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")
        print(f"wrote docs/reference/{path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
