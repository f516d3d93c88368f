"""Operations: the stop switch and the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import NO, OK, Output
from roadworthy.errors import InputProblem, Problem


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    ledger = typer.Typer(help="The record of everything that mattered.", no_args_is_help=True)
    ledger.command("verify")(verify)
    app.add_typer(ledger, name="ledger")
    drill = typer.Typer(help="Rehearsals that yield measurements.", no_args_is_help=True)
    drill.command("stop")(drill_stop)
    app.add_typer(drill, name="drill")
    app.command()(stop)
    app.command()(resume)


def stop(
    scope: Annotated[
        str, typer.Argument(help="A use case, or all, use_case:…, release:…, tool:…, model:….")
    ],
    *,
    reason: Annotated[str, typer.Option(help="Why, in a few words.")],
    home: Home = None,
) -> None:
    """Stop at once: no model call and no effect in this scope. A second person resumes."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.stopping import stop as throw

    named = scope if scope == "all" or ":" in scope else f"use_case:{scope}"
    with opened(home) as (deployment, principal, _):
        thrown = throw(deployment, principal, named, reason=reason)
        out = Output(as_json=False)
        out.say(f"stopped: {named}", "bold red")
        out.say(f"  a second person lifts it: roadworthy resume {thrown.id}")


def resume(
    stop_id: Annotated[
        str, typer.Argument(help="The stop's id; leave it out to see what is stopped.")
    ] = "",
    *,
    reason: Annotated[str, typer.Option(help="Why, in a few words.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Lift a stop that somebody else threw. What was parked goes on where it was."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.stopping import resume as lift

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        if stop_id:
            lifted = lift(deployment, principal, stop_id, reason=reason)
            out.say(f"resumed: {lifted.scope}", "green")
            return
        with deployment.store.read() as tx:
            active = deployment.store.switches.active(tx)
            seen = deployment.store.switches.acknowledgements(tx)
        rows = [
            {"id": s.id, "scope": s.scope, "by": s.stopped_by, "at": s.stopped_at.isoformat(timespec="seconds"),
             "reason": s.reason, "obeyed_by": sorted(name for name, (last, _) in seen.items() if last >= s.id)}
            for s in active
        ]  # fmt: skip
        if as_json:
            out.data({"stops": rows})
            return
        out.table(
            ["id", "scope", "by", "since", "reason", "obeyed by"],
            [
                (r["id"], r["scope"], r["by"], r["at"], r["reason"], f"{len(r['obeyed_by'])} workers")
                for r in rows
            ],
            empty="nothing is stopped",
        )


def drill_stop(use_case: UseCase, *, as_json: Json = False, home: Home = None) -> None:
    """Throw the stop switch, measure how fast every worker obeys, and lift it again."""
    from roadworthy.cli.session import opened
    from roadworthy.cli.waiting import worker_of
    from roadworthy.errors import NotFound
    from roadworthy.measure.fact import keep
    from roadworthy.measure.stages import stop_drill

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        with deployment.store.read() as tx:
            releases = deployment.store.releases.rollout(tx, use_case).releases
        if not releases:
            raise NotFound("RW-CASE-022", f"no use case `{use_case}` here")
        newest = max(releases, key=lambda release: release.number)
        with worker_of(deployment):
            fact = stop_drill(deployment, principal, newest)
        (kept,) = keep(deployment, principal, newest, [fact])
        if as_json:
            out.data({"kind": kept.kind, "seconds": kept.value, "at": kept.at.isoformat()})
        out.say(f"every worker obeyed within {kept.value:.2f} s", "green")


def verify(
    *,
    pin: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint kept elsewhere; may stand several times.")
    ] = None,
    checkpoint: Annotated[
        bool, typer.Option("--checkpoint", help="Print the newest checkpoint, to be kept elsewhere.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Prove that nothing was altered, dropped or reordered. Exit code 3 if something was."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.bookkeeping import sequence_all, verify_ledger

    pinned = []
    for path in pin or ():
        try:
            pinned.append(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            raise InputProblem(
                "RW-CLI-011", Problem("cannot be read as a checkpoint", place=str(path))
            ) from None
    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        sequence_all(deployment)
        if checkpoint:
            notes = list(deployment.store.ledger.notes())
            print(notes[-1] if notes else "", end="")
            return OK
        audit = verify_ledger(deployment, principal, pinned=pinned)
    if as_json:
        out.data(
            {
                "holds": audit.holds,
                "size": audit.size,
                "root": audit.root.hex(),
                "intact_to": audit.intact_to,
                "findings": [
                    {"code": f.code, "at": f.seq_or_size, "message": f.message} for f in audit.findings
                ],
            }
        )
    elif audit.holds:
        out.say(f"✓ {audit.size} entries, none altered, dropped or reordered", "green")
        out.say(f"  root {audit.root.hex()}")
        if not pinned:
            out.note(
                "without a checkpoint kept elsewhere (--pin) a dropped tail cannot be told from one never written"
            )
    else:
        out.say("✗ the ledger does not hold", "bold red")
        for finding in audit.findings:
            out.say(f"  {finding.code} {finding.message}", "red")
        out.say(f"  intact: the first {audit.intact_to} of {audit.size} entries")
    return OK if audit.holds else NO
