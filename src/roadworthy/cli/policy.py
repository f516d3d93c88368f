"""Policies of a use-case folder: what is wrong with them, their tests, why they say what they say, and a dry run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import NO, OK, Output
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.charter import Charter
    from roadworthy.operate.policies.explaining import Explained
    from roadworthy.operate.policies.replaying import DryRun
    from roadworthy.policy import PolicyTest
    from roadworthy.ports import Policies

Folder = Annotated[Path, typer.Argument(help="The use-case folder, with charter.yaml and policies/.")]
_STYLES = {"allow": "green", "review": "yellow", "deny": "red"}


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(
        help="What is allowed: lint, tests, reasons, coverage, and a dry run.", no_args_is_help=True
    )
    group.command("lint")(lint)
    group.command("test")(run)
    group.command("explain")(explain)
    group.command("coverage")(coverage)
    group.command("dry-run")(dry_run)
    app.add_typer(group, name="policy")


def lint(folder: Folder, *, as_json: Json = False) -> int:
    """Tell everything that is wrong with the policies of a folder, and what is probably not meant. Exit code 3: that."""
    out = Output(as_json=as_json)
    _, policies, tests = _read(folder)
    findings = policies.lint()
    if as_json:
        out.data(
            {
                "digest": policies.digest,
                "tests": len(tests),
                "findings": [finding.as_json() for finding in findings],
            }
        )
    else:
        for finding in findings:
            out.say(f"! {finding}", "yellow")
        if not findings:
            out.say(f"nothing wrong, {len(tests)} tests", "green")
    return NO if findings else OK


def run(folder: Folder, *, as_json: Json = False) -> int:
    """Run the tests in policies/tests. Exit code 3: one fails."""
    from roadworthy.policy import run_tests

    out = Output(as_json=as_json)
    _, policies, tests = _read(folder)
    checked = run_tests(tests, policies.decide, policies.may)
    failing = [one for one in checked if one.wrong]
    if as_json:
        out.data(
            {
                "tests": len(checked),
                "failing": len(failing),
                "results": [
                    {
                        "says": one.test.says,
                        "place": one.test.place,
                        "line": one.test.line,
                        "wrong": one.wrong,
                        "answer": one.answer.as_json(),
                    }
                    for one in checked
                ],
            }
        )
        return NO if failing else OK
    for one in checked:
        where = f"{one.test.place}:{one.test.line}"
        if one.wrong:
            out.say(f"✗ {where} {one.test.says}: {one.wrong}", "red")
            for sentence in (*one.answer.sentences, *one.answer.errors):
                out.say(f"    {sentence}", "dim")
        else:
            out.say(f"✓ {one.test.says}", "green")
    out.say(
        f"{len(checked) - len(failing)} of {len(checked)} tests hold"
        if checked
        else "no tests: write policies/tests/*.yaml"
    )
    return NO if failing else OK


def explain(
    name: Annotated[
        str, typer.Argument(help="A use-case folder (with --tool or --request), or a case's id or key.")
    ],
    *,
    tool: Annotated[str, typer.Option(help="The tool that is called.")] = "",
    arguments: Annotated[str, typer.Option(help="Its arguments, as JSON.")] = "{}",
    given: Annotated[
        str, typer.Option(help="More of the situation in the words of a test, as JSON.")
    ] = "{}",
    request: Annotated[
        Path | None, typer.Option(help="A file with the request in the words of a test.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Say which rules decide about a request, or decided about a case, and what a denied tool still waits for."""
    out = Output(as_json=as_json)
    if tool or request:
        from roadworthy.operate.policies.explaining import explain_request
        from roadworthy.operate.policies.tests import read_request
        from roadworthy.policy import Request

        charter, policies, _ = _read(Path(name))
        text = request.read_bytes() if request and request.is_file() else None
        if request and text is None:
            raise InputProblem("RW-CLI-010", Problem("no such file", place=str(request)))
        words = (
            text
            or json.dumps(
                {
                    **_mapping("--given", given),
                    "tool": tool,
                    "arguments": _mapping("--arguments", arguments),
                }
            ).encode()
        )
        asked = read_request(charter, words, file=str(request or "command line")).asks
        if not isinstance(asked, Request):
            answer = policies.may(asked)
            out.data(answer.as_json()) if as_json else _tell_answer(out, answer.outcome, answer.sentences)
            return OK
        found: tuple[Explained, ...] = (explain_request(policies, asked),)
    else:
        from roadworthy.cli.session import opened
        from roadworthy.operate.policies.explaining import explain_effects

        with opened(home) as (deployment, principal, _):
            found = explain_effects(deployment, principal, name)
    if as_json:
        out.data({"explained": [one.as_json() for one in found]})
        return OK
    for one in found:
        _tell(out, one)
    if not found:
        out.say("no effect: nothing was asked of the policies")
    return OK


def coverage(folder: Folder, *, as_json: Json = False) -> int:
    """For every tool that writes: does any policy permit it, and does a test speak of it? Exit code 3: one has no rule."""
    from roadworthy.operate.disposing import tool_facts

    out = Output(as_json=as_json)
    charter, policies, tests = _read(folder)
    covered = policies.coverage([tool_facts(charter, name) for name in charter.write_tools])
    rows = {
        name: {"permitted": bool(covered.get(name)), "tests": sum(test.tool == name for test in tests)}
        for name in charter.write_tools
    }
    if as_json:
        out.data({"tools": rows})
    else:
        out.table(
            ["tool", "sink", "a policy permits it", "tests"],
            [
                [name, charter.tools[name].sink, "yes" if row["permitted"] else "NO", row["tests"]]
                for name, row in rows.items()
            ],
            empty="no tool writes",
        )
    return OK if all(row["permitted"] for row in rows.values()) else NO


def dry_run(
    folder: Folder,
    *,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far to look back.")] = 30,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Ask the policies of a folder about every effect of the last days, and tell what would have been otherwise."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.policies.replaying import dry_run as replay

    out = Output(as_json=as_json)
    charter, policies, _ = _read(folder)
    with opened(home) as (deployment, principal, _):
        found = replay(deployment, principal, charter, policies, days=days, progress=out.note)
    if as_json:
        out.data(found.as_json())
    else:
        _tell_run(out, found)
    return OK


def _read(folder: Path) -> tuple[Charter, Policies, tuple[PolicyTest, ...]]:
    from roadworthy.charter import read
    from roadworthy.operate.policies.tests import read_tests
    from roadworthy.wiring import folder_files
    from roadworthy.wiring.policies import policies_of

    files = folder_files(folder)
    if "charter.yaml" not in files:
        raise InputProblem("RW-RELEASE-006", Problem("no charter.yaml in the folder", place=str(folder)))
    charter = read(files["charter.yaml"], file="charter.yaml")
    return charter, policies_of(charter, files), read_tests(charter, files)


def _mapping(option: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise InputProblem("RW-CLI-001", Problem(f"not JSON: {problem}", place=option)) from None
    if not isinstance(found, dict):
        raise InputProblem("RW-CLI-001", Problem("expected a JSON object", place=option))
    return found


def _tell(out: Output, one: Explained) -> None:
    if one.effect:
        out.say(f"{one.tool} ({one.effect}): {one.recorded}", "bold")
        for reason in one.recorded_reasons:
            out.say(f"  recorded: {reason}", "dim")
    _tell_answer(out, f"{one.tool}: {one.answer.outcome}", one.answer.errors, style=one.answer.outcome)
    for rule in one.reasons:
        where = f"  ({rule.place})" if rule.place else ""
        asks = f" — asks {rule.asks}" if rule.asks else ""
        out.say(f"  {rule.rule}{where}: {rule.sentence}{asks}")
    if one.remaining:
        out.say(
            "  advice only: what policies ask of this tool, the rest of the situation being open", "dim"
        )
        for rule_id, left in one.remaining.items():
            out.say(f"    {rule_id}: {left}", "dim")


def _tell_answer(out: Output, head: str, more: tuple[str, ...], *, style: str = "") -> None:
    out.say(head, _STYLES.get(style or head, ""))
    for sentence in more:
        out.say(f"  {sentence}")


def _tell_run(out: Output, found: DryRun) -> None:
    out.say(f"{found.cases} cases since {found.since:%Y-%m-%d}: {found.sentence}", "bold")
    for name, change in found.changes.items():
        if not change.effects:
            continue
        why = ", ".join(f"{rule} {count}" for rule, count in change.because.most_common(5))
        out.say(f"{name} {change.effects} ({why})", "yellow")
        for one in change.examples:
            out.say(f"  {one.case}  {one.tool}: {one.before} → {one.after}")
    for reason, count in found.unknown.items():
        out.say(f"not comparable {count}: {reason}", "dim")
