"""Operations: the stop switch and the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import NO, OK, Output
from roadworthy.cli.packs import check
from roadworthy.errors import Corrupt, InputProblem, Problem, RoadworthyError, Unavailable

if TYPE_CHECKING:
    from roadworthy.operate.deployment import Deployment
    from roadworthy.operate.slips import Thrown
    from roadworthy.principal import Stop

_LOOK_S: Final = 0.2


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    ledger = typer.Typer(help="The record of everything that mattered.", no_args_is_help=True)
    ledger.command("verify")(verify)
    ledger.command("check")(check)
    ledger.command("recount")(recount)
    app.add_typer(ledger, name="ledger")
    app.command()(stop)
    app.command()(stops)
    app.command()(resume)


def stop(
    scope: Annotated[
        str,
        typer.Argument(help="A use case, or all, use_case:…, release:USE_CASE/r2, tool:…, model:…."),
    ],
    *,
    reason: Annotated[str, typer.Option(help="Why, in a few words.")],
    wait: Annotated[
        float, typer.Option(min=0, max=60, help="Seconds to wait for every worker and gateway to obey.")
    ] = 5.0,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Stop at once: no model call and no effect in this scope. A second person resumes.

    Where the database cannot be written, the stop is left in a file: everything on this machine obeys it.
    Exit code 3 if it is thrown, and somebody alive has not said in time that they obey.
    """
    from roadworthy.operate.stopping import await_obedience

    named = scope if scope == "all" or ":" in scope else f"use_case:{scope}"
    out = Output(as_json=as_json)
    with _thrown(home, named, reason) as (thrown, deployment):
        stop = thrown.stop
        out.say(f"stopped: {stop.scope}", "bold red")
        if thrown.left:
            _tell_left(out, thrown, named)
        if thrown.left and not (deployment and _stands(deployment, stop, within_s=wait)):
            if as_json:
                out.data({"id": stop.id, "scope": stop.scope, **thrown.as_json()})
            return NO
        assert deployment is not None, "what stands in the database was written there"
        if thrown.left:
            out.say("  it stands in the database now")
        seen = await_obedience(deployment, stop, within_s=wait)
    if as_json:
        out.data({"id": stop.id, "scope": stop.scope, **thrown.as_json(), **seen.as_json()})
    for worker, after_ms in seen.obeyed.items():
        out.say(f"  {worker} obeys after {after_ms} ms")
    for worker in seen.missing:
        out.say(f"  {worker} has not said so within {wait:g} s; it acts for at most 0.5 s more", "yellow")
    if not seen.obeyed and not seen.missing:
        out.say("  no worker and no gateway is running")
    elif seen.elapsed_ms is not None:
        out.say(f"  every worker and gateway obeys after {seen.elapsed_ms} ms", "green")
    out.say(f"  a second person lifts it: roadworthy resume {stop.id}")
    return NO if seen.missing else OK


@contextmanager
def _thrown(home: Path | None, scope: str, reason: str) -> Iterator[tuple[Thrown, Deployment | None]]:
    """The switch thrown; without an installation where the database cannot even be opened."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.slips import throw
    from roadworthy.wiring import workspace

    # Opening makes a workspace that is not there, in which nothing runs that could obey.
    is_there = workspace(home).home.is_dir()
    with ExitStack() as stack:
        try:
            deployment, principal, _ = stack.enter_context(opened(home))
        except (Unavailable, Corrupt) as problem:
            if not is_there:
                raise
            yield _left_unseen(home, scope, reason, problem), None
        else:
            yield throw(deployment, principal, scope, reason=reason), deployment


def _left_unseen(home: Path | None, scope: str, reason: str, problem: RoadworthyError) -> Thrown:
    """A stop by whoever may write into the workspace: who that is cannot be looked up."""
    from roadworthy.operate import access
    from roadworthy.operate.slips import KEY, leave, widened
    from roadworthy.principal import Stop
    from roadworthy.wiring import acting_name, beside_the_database, workspace

    place = workspace(home)
    try:
        key = access.TOKEN.fullmatch(place.session.read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        key = None
    slips, clock, new_id = beside_the_database(place)
    by = f"{KEY}{key[2]}" if key else acting_name()
    stop = Stop(new_id(), widened(scope), reason, by, clock.now())
    return leave(slips, stop, problem, asked=scope)


def _stands(deployment: Deployment, stop: Stop, *, within_s: float) -> bool:
    """Whether a slip got into the database in time, by this process or another one."""
    from roadworthy.operate.slips import adopt

    until = time.monotonic() + within_s
    while True:
        try:
            adopt(deployment)
            with deployment.store.read() as tx:
                if deployment.store.switches.get(tx, stop.id) is not None:
                    return True
        except RoadworthyError:
            pass  # it lies in its slip
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_S)


def _tell_left(out: Output, thrown: Thrown, asked: str) -> None:
    out.say(f"  the database cannot be written: {thrown.because}", "yellow")
    out.say(f"  the stop was left in {thrown.left}")
    if thrown.widened:
        out.say(
            f"  {asked} could not be looked up or written down: {thrown.stop.scope} is stopped", "yellow"
        )
    out.say("  workers and gateways on this machine obey within 0.5 s")
    if thrown.until is not None:
        out.say(
            f"  every other one that cannot write the database stops by itself by {thrown.until:%H:%M:%S} UTC; "
            "one that can runs on until the stop stands there"
        )
    out.say(
        "  the first process here that can write the database puts it there; then a second person lifts it"
    )


def stops(*, as_json: Json = False, home: Home = None) -> None:
    """What is stopped now: by whom, since when, why, and who obeys."""
    from roadworthy.cli.session import opened

    with opened(home) as (deployment, _principal, _):
        _list_stops(deployment, Output(as_json=as_json))


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
    from roadworthy.operate.slips import adopt
    from roadworthy.operate.stopping import resume as lift

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        if not stop_id:
            _list_stops(deployment, out)
            return
        adopt(deployment)
        lifted = lift(deployment, principal, stop_id, reason=reason)
        if as_json:
            out.data({"id": lifted.id, "scope": lifted.scope, "resumed_by": lifted.resumed_by})
        out.say(f"resumed: {lifted.scope}", "green")


def recount(*, as_json: Json = False, home: Home = None) -> None:
    """Forget the figures of operations, counted from the ledger, and count it anew from its first entry.

    Takes minutes after millions of entries; pages show what has been counted so far. Interrupted: a worker goes on.
    """
    from roadworthy.cli.session import opened
    from roadworthy.operate.watching.rollup import rebuild

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        entries = rebuild(deployment, principal)
    if as_json:
        out.data({"entries": entries})
    out.say(f"{entries} entries counted anew", "green")


def _list_stops(deployment: Deployment, out: Output) -> None:
    from roadworthy.operate.slips import in_force
    from roadworthy.operate.stopping import obedience

    left = {slip.id for slip in deployment.slips.all()}
    with deployment.store.read() as tx:
        found = [(thrown, obedience(deployment, tx, thrown)) for thrown in in_force(deployment, tx)]
    rows = [
        {"id": s.id, "scope": s.scope, "by": s.stopped_by, "at": s.stopped_at.isoformat(timespec="seconds"),
         "reason": s.reason, "left": s.id in left, **seen.as_json()}
        for s, seen in found
    ]  # fmt: skip
    if out.as_json:
        out.data({"stops": rows})
        return
    out.table(
        ["id", "scope", "by", "since", "reason", "obeyed by"],
        [
            (r["id"], r["scope"], r["by"], r["at"], r["reason"],
             ", ".join(f"{name} ({ms} ms)" for name, ms in seen.obeyed.items())
             or ("whoever runs on this machine" if r["left"] else "nobody yet"))
            for r, (_, seen) in zip(rows, found, strict=True)
        ],
        empty="nothing is stopped",
    )  # fmt: skip


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
