"""Tools: what they are, what was approved of them, whether they still are what was promised."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import NO, OK, Output, replace_file
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.charter import Charter
    from roadworthy.ports.tooling import Definition

Folder = Annotated[Path, typer.Argument(help="The use case's folder, with its charter.yaml.")]
Named = Annotated[str, typer.Argument(help="The tool's name in the charter, such as `crm.find`.")]
_STYLES = {"good": "green", "broken": "bold red", "changed": "bold red", "unknown": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    tools = typer.Typer(
        help="Tools: their contracts, what was approved of them, what is held back.", no_args_is_help=True
    )
    tools.command("list")(list_tools)
    tools.command("status")(status)
    tools.command("approve")(approve)
    tools.command("check")(check)
    tools.command("call")(call)
    tools.command("release")(release)
    app.add_typer(tools, name="tools")


def list_tools(use_case: UseCase, *, as_json: Json = False, home: Home = None) -> None:
    """Every tool of the release that works: its kind, sink, idempotency, and whether it was approved."""
    rows = _rows(use_case, home)
    out = Output(as_json=as_json)
    if as_json:
        out.data({"schema_version": 1, "use_case": use_case, "tools": rows})
        return
    out.table(
        ["tool", "use", "sink", "idempotency", "definition", "state"],
        [
            (row["tool"], row["use"], row["sink"], row["idempotency"], row["definition"], row["state"])
            for row in rows
        ],
        empty="the charter declares no tools",
    )


def status(use_case: UseCase, *, as_json: Json = False, home: Home = None) -> int:
    """What is known of tools whose answers are promised. Exit code 3 where one is held back."""
    rows = [row for row in _rows(use_case, home) if row["promised"]]
    out = Output(as_json=as_json)
    held = [row for row in rows if row["state"] in {"broken", "changed"}]
    if as_json:
        out.data({"schema_version": 1, "use_case": use_case, "tools": rows})
        return NO if held else OK
    for row in rows:
        looked = f"looked at {row['looked_at']:%Y-%m-%d %H:%M}" if row["looked_at"] else "never looked at"
        out.say(
            f"{row['state']:8} {row['tool']:28} {looked}, {row['breaks']} breaks", _STYLES[row["state"]]
        )
        if row["reason"]:
            out.say(f"           {row['reason']}", "dim")
        if row in held:
            out.say(f"           → roadworthy tools release {use_case} {row['tool']} --reason '…'", "cyan")
    if not rows:
        out.say("no tool of the charter promises its answers: `answer`, or a kind that describes itself")
    return NO if held else OK


def approve(
    folder: Folder,
    tool: Annotated[
        list[str] | None, typer.Argument(help="Only these tools; default: all that servers describe.")
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Show what servers say of their tools now, and write it into tools.lock: then build a new release.

    Approving is reading: every description and schema is shown, with what changed since it was approved.
    """
    from roadworthy.charter import read
    from roadworthy.operate.tools.lock import FILE, read_lock, written
    from roadworthy.wiring import workspace
    from roadworthy.wiring.tools import Toolmaker

    out = Output(as_json=as_json)
    charter = read((folder / "charter.yaml").read_bytes(), file="charter.yaml")
    lock = folder / FILE
    before = dict(read_lock(lock.read_bytes() if lock.exists() else None))
    _require_known(charter, tool or ())
    maker = Toolmaker(workspace(home))
    try:
        found = {name: one for name, one in maker.definitions(charter, folder) if not tool or name in tool}
    finally:
        maker.close()
    after = {name: one for name, one in {**before, **found}.items() if name in charter.tools}
    if not as_json:
        for name, one in found.items():
            _show(out, name, before.get(name), one)
    if after == before:
        _approved(out, as_json, found, changed=False)
        return OK
    if not (yes or as_json or typer.confirm("Approve this, and write it into tools.lock?")):
        return NO
    if yes or not as_json:
        replace_file(lock, written(after))
    _approved(out, as_json, found, changed=True)
    return OK


def check(
    use_case: UseCase,
    tool: Annotated[str, typer.Argument(help="Only this tool.")] = "",
    *,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Look at the tools of the release that works now: their definitions, and the sample calls of the charter.

    Exit code 3 where one is not what was promised, or cannot be looked at.
    """
    from roadworthy.cli.session import opened
    from roadworthy.operate.tools.keeping import chosen, declared, look_at
    from roadworthy.principal import require

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        require(principal, "measure", use_case=use_case)
        loaded = deployment.loader.load(chosen(deployment, use_case).digest)
        if tool:
            declared(loaded.charter, tool)
        found = look_at(deployment, loaded, only=tool)
    rows = [
        {"tool": name, "good": look.is_good, "hold": str(look.hold), "how": look.how, "reason": look.reason}
        for name, (look, _state) in found.items()
    ]
    if as_json:
        out.data({"schema_version": 1, "use_case": use_case, "tools": rows})
    for row in rows:
        out.say(
            f"{'✓' if row['good'] else '✗'} {row['tool']}: {row['reason'] or row['how']}",
            "green" if row["good"] else "bold red",
        )
    if not rows:
        out.say("no tool here promises its answers")
    return OK if all(row["good"] for row in rows) else NO


def call(
    use_case: UseCase,
    tool: Named,
    argument: Annotated[
        list[str] | None, typer.Argument(help="NAME=VALUE; a value in JSON, anything else is a text.")
    ] = None,
    *,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Ask a read tool by hand. A tool that writes is never called so."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.tools.keeping import chosen, declared
    from roadworthy.principal import require

    out = Output(as_json=as_json)
    arguments = _arguments(argument or ())
    with opened(home) as (deployment, principal, _):
        require(principal, "case.read_content", use_case=use_case)
        loaded = deployment.loader.load(chosen(deployment, use_case).digest)
        if declared(loaded.charter, tool).writes:
            raise InputProblem(
                "RW-TOOL-017",
                Problem(f"`{tool}` writes", hint="a case proposes what is written, and policies decide"),
            )
        with deployment.store.write() as tx:
            about = {"use_case": use_case, "release": loaded.digest}
            deployment.record(tx, "tool.called", principal.id, about, {"tool": tool})
        answer = loaded.tools[tool].call(arguments)
    if as_json:
        out.data({"schema_version": 1, "tool": tool, "answer": answer})
        return
    out.say(json.dumps(answer, indent=2, ensure_ascii=False, default=str))


def release(
    use_case: UseCase,
    tool: Named,
    *,
    reason: Annotated[str, typer.Option(help="Why, in a few words.")],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Set a tool going again that is held back. It is looked at first; what was parked goes on."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.tools.keeping import chosen, let_go

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        let_go(deployment, principal, chosen(deployment, use_case), tool, reason=reason)
    if as_json:
        out.data({"schema_version": 1, "use_case": use_case, "tool": tool, "state": "good"})
        return
    out.say(f"{tool} goes again; what was parked goes on", "green")


def _rows(use_case: str, home: Path | None) -> list[dict[str, Any]]:
    from roadworthy.cli.session import opened
    from roadworthy.operate.tools.keeping import chosen, told
    from roadworthy.operate.tools.lock import FILE, read_lock
    from roadworthy.principal import require

    with opened(home) as (deployment, principal, _):
        require(principal, "gate.read", use_case=use_case)
        release = chosen(deployment, use_case)
        charter = deployment.loader.charter(release.digest)
        with deployment.store.read() as tx:
            files = deployment.store.releases.archive(tx, release.digest).files
            states = {one.tool: one for one in deployment.store.tool_states.of_release(tx, release.digest)}
    lock = read_lock(files.get(FILE))
    promised = charter.subjects("promised_tools")
    return [
        {
            **told(name, tool, states.get(name), approved=name in lock if tool.use == "mcp" else None),
            "promised": name in promised,
        }
        for name, tool in charter.tools.items()
    ]


def _show(out: Output, name: str, before: Definition | None, now: Definition) -> None:
    changed = now.differences(before) if before is not None else ()
    if before is not None and not changed:
        out.say(f"= {name}: as approved, {now.digest[7:19]}", "green")
        return
    out.say(f"{'~' if before is not None else '+'} {name}: {now.digest[7:19]}", "bold yellow")
    said, earlier = now.as_json(), before.as_json() if before is not None else {}
    for part in changed or tuple(said):
        if part in earlier:
            out.say(f"  - {part}: {_line(earlier[part])}", "red")
        out.say(f"  + {part}: {_line(said[part])}", "green")


def _line(value: object) -> str:
    """What a stranger wrote, on one line and without characters that move the cursor."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True)


def _approved(out: Output, as_json: bool, found: dict[str, Definition], *, changed: bool) -> None:
    if as_json:
        tools = {name: {"digest": one.digest, "definition": one.as_json()} for name, one in found.items()}
        out.data({"schema_version": 1, "changed": changed, "tools": tools})
    elif changed:
        out.say("tools.lock is written: build a new release of this folder", "green")
    else:
        out.say("nothing changed since it was approved", "green")


def _require_known(charter: Charter, tools: Sequence[str]) -> None:
    from roadworthy.operate.tools.keeping import declared

    for name in tools:
        if declared(charter, name).use != "mcp":
            raise InputProblem(
                "RW-TOOL-018", Problem(f"`{name}` is described in the folder, there is nothing to approve")
            )


def _arguments(given: Sequence[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for one in given:
        name, separator, value = one.partition("=")
        if not separator or not name:
            raise InputProblem("RW-TOOL-002", Problem(f"`{one}` is not NAME=VALUE"))
        try:
            found[name] = json.loads(value)
        except (ValueError, RecursionError):
            found[name] = value
    return found
