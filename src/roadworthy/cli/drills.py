"""Drills: rehearsals on a mirrored environment, with their progress, that leave measurements for the gate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.drilling import (
    KINDS,
    Asked,
    Dry,
    ReleaseName,
    Seed,
    Workers,
    release_named,
    run_drill,
)
from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import OK, Output
from roadworthy.cli.outside_drills import drill_alert, drill_drift, drill_outage
from roadworthy.cli.safety_drills import drill_injection


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    drill = typer.Typer(help="Rehearsals that yield measurements.", no_args_is_help=True)
    drill.command("list")(drill_list)
    drill.command("load")(drill_load)
    drill.command("crash")(drill_crash)
    drill.command("rollback")(drill_rollback)
    drill.command("stop")(drill_stop)
    drill.command("outage")(drill_outage)
    drill.command("drift")(drill_drift)
    drill.command("alert")(drill_alert)
    drill.command("injection")(drill_injection)
    drill.command("worker", hidden=True)(drill_worker)
    app.add_typer(drill, name="drill")


def drill_load(
    use_case: UseCase,
    *,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long cases arrive.")] = 20.0,
    factor: Annotated[
        float, typer.Option(help="Times the charter's cases a month, spread evenly over it.")
    ] = 10.0,
    rate: Annotated[
        float, typer.Option(min=0, help="Cases a second instead; 0: by the factor, 100 cases at least.")
    ] = 0.0,
    workers: Workers = 2,
    release: ReleaseName = "",
    seed: Seed = 7,
    dry: Dry = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Let recorded cases arrive at a busy hour's rate; see whether they are decided in the time of the SLO."""
    from roadworthy.measure.drills.load import Load, load_drill

    asked = Load(seconds=seconds, factor=factor, rate=rate, workers=workers, seed=seed)
    asked.check()

    return run_drill(
        "load",
        lambda at: load_drill(at.mirror, at.release, asked, progress=at.progress),
        Asked(use_case, release, dry=dry, as_json=as_json, home=home),
    )


def drill_crash(
    use_case: UseCase,
    *,
    kills: Annotated[int, typer.Option(min=1, max=100, help="Workers killed, one after the other.")] = 5,
    cases: Annotated[int, typer.Option(min=1, max=1000, help="Cases handed in before each.")] = 20,
    workers: Workers = 2,
    release: ReleaseName = "",
    seed: Seed = 7,
    dry: Dry = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Kill workers with SIGKILL while they work; nothing may be lost, repeated or sent twice."""
    from roadworthy.measure.drills.crash import Crash, crash_drill

    asked = Crash(kills=kills, cases=cases, workers=workers, seed=seed)
    asked.check()

    return run_drill(
        "crash",
        lambda at: crash_drill(at.mirror, at.release, asked, progress=at.progress),
        Asked(use_case, release, dry=dry, as_json=as_json, home=home),
    )


def drill_rollback(
    use_case: UseCase,
    *,
    workers: Workers = 2,
    release: ReleaseName = "",
    seed: Seed = 7,
    dry: Dry = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Make a canary answer wrongly until it is halted; see how soon none of its cases is left with it."""
    from roadworthy.measure.drills.rollback import rollback_drill

    return run_drill(
        "rollback",
        lambda at: rollback_drill(at.mirror, at.release, workers=workers, seed=seed, progress=at.progress),
        Asked(use_case, release, dry=dry, as_json=as_json, home=home),
    )


def drill_stop(
    use_case: UseCase,
    *,
    under_load: Annotated[
        bool, typer.Option("--under-load", help="In a mirrored environment, while several processes work.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Worker processes under load.")] = 4,
    release: ReleaseName = "",
    seed: Seed = 7,
    dry: Dry = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Throw the stop switch, measure how fast every worker obeys, and lift it again."""
    if not under_load:
        return _stop_live(use_case, release, dry=dry, as_json=as_json, home=home)
    from roadworthy.measure.drills.stop import stop_under_load

    return run_drill(
        "stop",
        lambda at: stop_under_load(
            at.mirror, at.who, at.release, workers=workers, seed=seed, progress=at.progress
        ),
        Asked(use_case, release, dry=dry, as_json=as_json, home=home),
    )


def _stop_live(use_case: str, release: str, *, dry: bool, as_json: bool, home: Path | None) -> int:
    from roadworthy.cli.session import opened
    from roadworthy.cli.waiting import worker_of
    from roadworthy.measure.fact import keep
    from roadworthy.measure.stages import stop_drill

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        one = release_named(deployment, use_case, release)
        with worker_of(deployment):
            fact = stop_drill(deployment, principal, one)
        if not dry:
            keep(deployment, principal, one, [fact])
        if as_json:
            out.data({"kind": fact.kind, "seconds": fact.value, "at": deployment.now().isoformat()})
        out.say(f"every worker obeyed within {fact.value:.2f} s", "green")
    return OK


def drill_list(use_case: UseCase, *, as_json: Json = False, home: Home = None) -> None:
    """Every drill, when it was last run, and what it showed."""
    from roadworthy.cli.session import opened

    out = Output(as_json=as_json)
    with opened(home) as (deployment, _principal, _):
        release_named(deployment, use_case, "")
        with deployment.store.read() as tx:
            kept = deployment.store.evidence.measurements(tx, use_case)
            names = {
                str(one.digest): one.name
                for one in deployment.store.releases.rollout(tx, use_case).releases
            }
    rows = []
    for name, kinds in KINDS.items():
        found = next((one for one in kept if one.kind == kinds[0]), None)
        second = next(
            (one for one in kept if found and one.kind == kinds[1] and one.release == found.release), None
        )
        shown = [one for one in (found, second) if one is not None]
        rows.append(
            {
                "drill": name,
                "at": found.at.isoformat(timespec="seconds") if found else "",
                "release": names.get(found.release, "") if found else "",
                "showed": [
                    {"kind": one.kind, "value": one.value, "unit": one.unit, "n": one.n} for one in shown
                ],
                "simulated": list(found.simulated) if found else [],
                "command": f"roadworthy drill {name} {use_case}",
            }
        )
        rows[-1]["words"] = ", ".join(f"{one.value:,.3g} {one.unit}" for one in shown) or "never run"
    if as_json:
        out.data({"use_case": use_case, "drills": rows})
        return
    out.table(
        ["drill", "last run", "release", "showed", "again"],
        [(r["drill"], r["at"] or "-", r["release"] or "-", r["words"], r["command"]) for r in rows],
        empty="no drills",
    )


def drill_worker(
    *,
    name: Annotated[str, typer.Option(help="As it acknowledges stops.")],
    home: Annotated[Path, typer.Option("--home", help="A workspace that a drill has mirrored.")],
) -> None:
    """A worker of a mirrored environment. Drills start it; it ends when its input is closed."""
    import json
    import resource

    from roadworthy.operate.work import Worker
    from roadworthy.wiring.rehearsal import READY, open_mirrored

    deployment, _ = open_mirrored(home)
    worker = Worker(deployment, name=name)
    worker.start()
    try:
        print(READY, flush=True)
        sys.stdin.read()
    finally:
        worker.stop(grace_s=20)
        deployment.store.close()
    used = resource.getrusage(resource.RUSAGE_SELF)
    a_megabyte = 1024**2 if sys.platform == "darwin" else 1024
    print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / a_megabyte]), flush=True)
