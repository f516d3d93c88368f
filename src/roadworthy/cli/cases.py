"""Cases and reviews: run a file through, list, explain, decide."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from roadworthy.cli.inbox import register as register_reviews
from roadworthy.cli.options import Home, Json, UseCase, csv_rows
from roadworthy.cli.output import NO, OK, Output
from roadworthy.cli.reviewing import tell_origins
from roadworthy.errors import InputProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from roadworthy.operate.deployment import Deployment
    from roadworthy.principal import Principal

Name = Annotated[str, typer.Argument(help="The case's key (T-100001) or id.")]
Limit = Annotated[int, typer.Option(help="At most so many.", min=1, max=500)]
After = Annotated[str, typer.Option(help="Go on after this cursor.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    cases = typer.Typer(help="Cases: list them, look at one.", no_args_is_help=True)
    cases.command("list")(list_cases)
    cases.command("show")(show)
    cases.command("explain")(explain_case)
    app.add_typer(cases, name="cases")
    review = typer.Typer(help="Reviews: what waits for a person.", no_args_is_help=True)
    register_reviews(review)
    app.add_typer(review, name="review")
    app.command("run")(run_file)


def run_file(
    use_case: UseCase,
    file: Annotated[Path, typer.Argument(help="CSV; its columns are the fields of the input contract.")],
    *,
    key: Annotated[str, typer.Option(help="Column with the external key.")] = "key",
    wait_s: Annotated[float, typer.Option("--wait", help="Seconds to wait for the cases to settle.")] = 600,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Take in every row of a CSV file as a case and work them in this process.

    Exit code 3 if some rows were rejected. Run twice: rows that were taken in before are found again.
    """
    from roadworthy.cli.session import opened
    from roadworthy.cli.waiting import worker_of

    out = Output(as_json=as_json)
    rows = csv_rows(file, [key])
    taken, again, rejected = [], 0, []
    with opened(home) as (deployment, principal, _):
        for number, row in enumerate(rows, start=2):
            data = {name: value for name, value in row.items() if name != key and value not in (None, "")}
            try:
                receipt = _submit(deployment, principal, use_case, row[key] or "", data)
                taken.append(receipt.case.id)
                again += receipt.again
            except InputProblem as problem:
                if problem.code not in {"RW-CASE-020", "RW-CASE-021"}:
                    raise
                rejected.append({"line": number, **problem.as_json()["error"]})  # type: ignore[dict-item]
        with worker_of(deployment):
            left = _settle(deployment, taken, wait_s=wait_s, shown=out)
        with deployment.store.read() as tx:
            done = [deployment.store.cases.get(tx, case) for case in taken]
        states: dict[str, int] = {}
        for case in done:
            if case is not None:
                words = f"{case.state} ({case.handled_by})" if case.handled_by else str(case.state)
                states[words] = states.get(words, 0) + 1
        if as_json:
            out.data(
                {"taken": len(taken), "again": again, "rejected": rejected, "states": states, "left": left}
            )
        out.say(f"{len(taken)} cases taken in ({again} known before), {len(rejected)} rejected")
        for words, count in sorted(states.items()):
            out.say(f"  {count:6} {words}")
        for one in rejected[:10]:
            out.say(f"  line {one['line']}: {one['message']}", "red")
    return NO if rejected else OK


def list_cases(
    *,
    use_case: Annotated[str, typer.Option("--use-case", help="Only of this use case.")] = "",
    state: Annotated[str, typer.Option(help="open, waiting, delivering, parked or closed.")] = "",
    rejected: Annotated[
        bool, typer.Option("--rejected", help="What broke its input contract instead.")
    ] = False,
    rehearsed: Annotated[
        bool, typer.Option("--rehearsed", help="Shadow, pilot, suite and mirror runs too.")
    ] = False,
    limit: Limit = 25,
    after: After = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Newest cases first; what only rehearsed them is left out."""
    from roadworthy.casework.case import State
    from roadworthy.cli.session import opened
    from roadworthy.operate.explain import case_json
    from roadworthy.principal import require

    if state and state not in set(State):
        raise InputProblem("RW-CLI-005", f"`{state}` is no state", hint=f"states: {', '.join(State)}")
    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        require(principal, "case.read", use_case=use_case)
        with deployment.store.read() as tx:
            if rejected:
                kept = deployment.store.cases.rejects(tx, use_case, after=after, limit=limit)
                rejects = [
                    {"id": r.id, "key": r.key, "at": r.at.isoformat(), "problems": list(r.problems)}
                    for r in kept.rows
                ]
                if as_json:
                    out.data({"rejects": rejects, "after": kept.after})
                else:
                    out.table(
                        ["at", "key", "problems"],
                        [(r["at"], r["key"], "; ".join(r["problems"])) for r in rejects],
                        empty="no rejects",
                    )
                return
            page = deployment.store.cases.list(
                tx,
                use_case,
                state=State(state) if state else None,
                twin=None if rehearsed else "",
                after=after,
                limit=limit,
            )
        rows = [case_json(case) for case in page.rows]
        if as_json:
            out.data({"cases": rows, "after": page.after})
            return
        out.table(
            ["key", "use case", "release", "stage", "state", "by", "answer", "confidence", "cost"],
            [
                (r["key"], r["use_case"], r["release"], f"{r['stage']}{' (watching)' if r['shadow'] else ''}",
                 r["state"], r["handled_by"], r["answer"], r["confidence"] or "", r["cost"])
                for r in rows
            ],
            empty="no cases yet: `roadworthy run USE_CASE FILE.csv`, or POST /api/v1/cases",
        )  # fmt: skip
        if page.after:
            out.note(f"more: --after {page.after}")


def show(name: Name, *, as_json: Json = False, home: Home = None) -> None:
    """One case: where it stands."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.explain import case_json, find_case
    from roadworthy.principal import require

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        with deployment.store.read() as tx:
            case = find_case(deployment, tx, name)
        require(principal, "case.read", use_case=case.use_case)
        if as_json:
            out.data(case_json(case))
            return
        for field, value in case_json(case).items():
            out.say(f"{field:12} {'' if value is None else value}")


def explain_case(name: Name, *, as_json: Json = False, home: Home = None) -> None:
    """Why a case went as it did: inputs, steps, confidence, policies, effects, people, proof."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.explain import explain

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        page = explain(deployment, principal, name)
    if as_json:
        out.data(page)
    else:
        _tell(out, page)


def _submit(
    deployment: Deployment, principal: Principal, use_case: str, key: str, data: Mapping[str, object]
) -> Any:
    from roadworthy.operate.intake import submit

    return submit(deployment, principal, use_case, key, data)


def _settle(deployment: Deployment, cases: list[str], *, wait_s: float, shown: Output) -> int:
    """Wait until no case is on its way any more; returns how many still are."""
    from roadworthy.casework.case import State

    moving = {State.OPEN, State.DELIVERING}
    pending, deadline = list(cases), time.monotonic() + wait_s
    with Progress(console=shown.err, disable=not sys.stderr.isatty(), transient=True) as progress:
        bar = progress.add_task("cases", total=len(cases))
        while pending and time.monotonic() < deadline:
            with deployment.store.read() as tx:
                while pending:
                    case = deployment.store.cases.get(tx, pending[-1])
                    if case is not None and case.state in moving:
                        break
                    pending.pop()
            progress.update(bar, completed=len(cases) - len(pending))
            time.sleep(0.1)
    return len(pending)


def _tell(out: Output, page: dict[str, Any]) -> None:
    case = page["case"]
    out.say(
        f"{case['key']} · {case['use_case']} · {case['release']} in {case['stage']} · {case['state']}",
        "bold",
    )
    out.say(f"  {_sentence(page)}")
    out.say("Inputs", "bold cyan")
    if isinstance(page["input"], dict):
        for name, value in page["input"].items():
            out.say(f"  {name:10} {str(value)[:300]}")
    else:
        out.say(f"  {page['input']}")
    out.say("Decision", "bold cyan")
    for step in page["steps"]:
        repeats = f", {step['attempts']} attempts" if step["attempts"] > 1 else ""
        out.say(f"  {step['ordinal']} {step['name']} ({step['cost']}{repeats})")
        value = step["result"].get("value") if isinstance(step["result"], dict) else step["result"]
        if isinstance(value, dict) and "nearest" in value:
            out.say(
                f"      {value['label']} {value['confidence']:.3f}; runner-up {value['runner_up']} {value['runner_up_confidence']:.3f}"
            )
            for near in value["nearest"][:3]:
                out.say(f"      near {near['similarity']:.2f} [{near['label']}] {near['text'][:90]}", "dim")
        elif isinstance(value, list):
            for passage in value[:4]:
                out.say(
                    f"      {passage['document']}: {passage['title']} (as of {passage['as_of']})", "dim"
                )
        else:
            out.say(f"      {json.dumps(value, ensure_ascii=False)[:200]}", "dim")
    out.say("Effects", "bold cyan")
    for effect in page["effects"]:
        out.say(f"  {effect['tool']} → {effect['state']} ({effect['disposition']})")
        for reason in effect["reasons"]:
            out.say(f"      because {reason}", "dim")
        out.say(f"      with {json.dumps(effect['arguments'], ensure_ascii=False)[:300]}", "dim")
        tell_origins(effect, out)
        if effect["undo"]:
            out.say(f"      undo: {effect['undo']}", "dim")
    if not page["effects"]:
        out.say("  none")
    for review in page["reviews"]:
        by = f"{review['verdict']} by {review['by']}" if review["by"] else review["state"]
        out.say(f"  review ({review['kind']}) {by}: {'; '.join(review['reasons'])}")
    for outcome in page["outcomes"]:
        out.say(f"  outcome {outcome['judgement']}: {outcome['truth']} (says {outcome['source']})")
    out.say("Ledger", "bold cyan")
    for entry in page["ledger"]:
        out.say(
            f"  {entry['seq']:>6} {entry['at'][:19]} {entry['kind']:20} by {entry['actor']} leaf {entry['leaf'][:16]}",
            "dim",
        )
    if not page["ledger"]:
        out.say("  waiting for its place", "dim")


def _sentence(page: dict[str, Any]) -> str:
    case = page["case"]
    threshold = next((e["threshold"] for e in page["effects"] if e["threshold"] is not None), None)
    known = "" if case["confidence"] is None else f", confidence {case['confidence']:.3f}"
    if threshold is not None and known:
        known += f" {'≥' if case['confidence'] >= threshold else '<'} {threshold:.3f}"
    answer = f"answered `{case['answer']}`" if case["answer"] else "no answer"
    who = {"automatic": "without a person", "person": "with a person"}.get(
        case["handled_by"], "not yet handled"
    )
    return f"{answer} {who}{known}" + (f": {case['reason']}" if case["reason"] else "")
