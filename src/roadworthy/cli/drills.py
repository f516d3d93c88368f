"""Drills: rehearsals on a mirrored environment, with their progress, that leave measurements for the gate."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import NO, OK, Output

if TYPE_CHECKING:
    from roadworthy.measure.drills.mirrored import Mirrored, Progress
    from roadworthy.measure.fact import Fact
    from roadworthy.operate.deployment import Deployment
    from roadworthy.principal import Principal
    from roadworthy.release import Release

KINDS = {
    "load": ("operation.load_p95_seconds", "operation.load_held"),
    "crash": ("operation.crash_faults", "operation.crash_recovery_seconds"),
    "rollback": ("operation.rollback_left", "operation.rollback_seconds"),
    "stop": ("operation.stop_seconds", "operation.stop_last_seconds"),
}
"""Every drill, and the kinds of measurement that it leaves."""

ReleaseName = Annotated[str, typer.Option("--release", help="Such as r2; default: the newest.")]
Seed = Annotated[int, typer.Option(help="Same seed, same cases and moments.")]
Workers = Annotated[int, typer.Option(min=1, max=16, help="Worker processes.")]
Dry = Annotated[bool, typer.Option("--dry", help="Keep no measurement.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    drill = typer.Typer(help="Rehearsals that yield measurements.", no_args_is_help=True)
    drill.command("list")(drill_list)
    drill.command("load")(drill_load)
    drill.command("crash")(drill_crash)
    drill.command("rollback")(drill_rollback)
    drill.command("stop")(drill_stop)
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

    return _run(
        "load",
        lambda at: load_drill(at.mirror, at.release, asked, progress=at.progress),
        _Asked(use_case, release, dry=dry, as_json=as_json, home=home),
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

    return _run(
        "crash",
        lambda at: crash_drill(at.mirror, at.release, asked, progress=at.progress),
        _Asked(use_case, release, dry=dry, as_json=as_json, home=home),
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

    return _run(
        "rollback",
        lambda at: rollback_drill(at.mirror, at.release, workers=workers, seed=seed, progress=at.progress),
        _Asked(use_case, release, dry=dry, as_json=as_json, home=home),
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

    return _run(
        "stop",
        lambda at: stop_under_load(
            at.mirror, at.who, at.release, workers=workers, seed=seed, progress=at.progress
        ),
        _Asked(use_case, release, dry=dry, as_json=as_json, home=home),
    )


def _stop_live(use_case: str, release: str, *, dry: bool, as_json: bool, home: Path | None) -> int:
    from roadworthy.cli.session import opened
    from roadworthy.cli.waiting import worker_of
    from roadworthy.measure.fact import keep
    from roadworthy.measure.stages import stop_drill

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        one = _release(deployment, use_case, release)
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
        _release(deployment, use_case, "")
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every drill's command line says."""

    use_case: str
    release: str
    dry: bool
    as_json: bool
    home: Path | None


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a drill runs on: a mirrored environment, with the release in it."""

    mirror: Mirrored
    release: Release
    who: Principal
    progress: Progress


def _run(name: str, drill: Callable[[_Ground], Sequence[Fact]], asked: _Asked) -> int:
    """Mirror the environment, rehearse in it, keep and show what was measured; the code says whether it held."""
    from roadworthy.cli.session import opened
    from roadworthy.measure.fact import keep
    from roadworthy.principal import require
    from roadworthy.wiring.rehearsal import mirrored

    out = Output(as_json=asked.as_json)
    with opened(asked.home) as (deployment, principal, place):
        require(principal, "measure", use_case=asked.use_case)
        one = _release(deployment, asked.use_case, asked.release)
        with _shown(out) as progress:
            progress("the environment is mirrored", 0, 0)
            with mirrored(place, deployment, one) as mirror:
                facts = drill(_Ground(mirror, one, principal, progress))
        if not asked.dry:
            keep(deployment, principal, one, facts)
        failed = _failed(deployment, one, facts)
    if asked.as_json:
        out.data(
            {
                "drill": name,
                "use_case": asked.use_case,
                "release": one.name,
                "passed": not failed,
                "kept": not asked.dry,
                "facts": [_as_json(fact) for fact in facts],
            }
        )
    for fact in facts:
        wrong = fact.kind in failed
        out.say(
            f"{'✗' if wrong else '✓'} {fact.kind}: {fact.value:,.3g} {fact.unit} (n={fact.n})"
            + (f", asked {failed[fact.kind]}" if wrong else ""),
            "red" if wrong else "green",
        )
    for key, value in facts[0].detail.items():
        out.say(f"    {key.replace('_', ' ')}: {value}")
    out.note(f"simulated: {', '.join(facts[0].simulated)}")
    return NO if failed else OK


def _failed(deployment: Deployment, release: Release, facts: Sequence[Fact]) -> dict[str, str]:
    """What the gate's own rows would not let pass, whatever the tier: by kind, what is asked."""
    charter = deployment.loader.charter(release.digest)
    found = {}
    for row in deployment.requirements.requirements:
        fact = next((one for one in facts if one.kind == row.measured_by), None)
        if fact is None:
            continue
        asked = row.threshold if isinstance(row.threshold, float) else charter.number(row.threshold)
        fewest = row.min_n if isinstance(row.min_n, int) else 0
        if asked is None:
            continue
        holds = fact.value >= asked if row.compare == "at least" else fact.value <= asked
        if fact.n < fewest:
            found[fact.kind] = f"at least {fewest} of them"
        elif not holds:
            found[fact.kind] = f"{row.compare} {asked:g} {row.unit}"
    return found


def _as_json(fact: Fact) -> dict[str, object]:
    return {
        "kind": fact.kind,
        "value": fact.value if fact.value == fact.value else None,
        "unit": fact.unit,
        "n": fact.n,
        "method": fact.method,
        "simulated": list(fact.simulated),
        "detail": dict(fact.detail),
    }


def _release(deployment: Deployment, use_case: str, name: str) -> Release:
    from roadworthy.errors import NotFound

    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
    if not rollout.releases:
        raise NotFound("RW-CASE-022", f"no use case `{use_case}` here")
    return rollout.named(name) if name else max(rollout.releases, key=lambda release: release.number)


@contextmanager
def _shown(out: Output) -> Iterator[Progress]:
    """Progress on a terminal, on stderr."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))  # fmt: skip
    with Progress(*columns, console=out.err, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("a drill begins", total=None)
        yield lambda what, done, of: bar.update(task, description=what, completed=done, total=of or None)
