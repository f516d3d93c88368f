"""What all commands of drills share: what they are asked, the mirrored environment, what is kept and shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    "outage": ("operation.outage_faults", "operation.outage_fallback_seconds"),
    "drift": ("operation.drift_cases", "operation.drift_faults"),
    "alert": ("operation.alert_faults", "operation.alert_seconds"),
    "injection": ("safety.hijacked_effects", "safety.hijacked_approvals"),
}
"""Every drill, and the kinds of measurement that it leaves."""

ReleaseName = Annotated[str, typer.Option("--release", help="Such as r2; default: the newest.")]
Seed = Annotated[int, typer.Option(help="Same seed, same cases and moments.")]
Workers = Annotated[int, typer.Option(min=1, max=16, help="Worker processes.")]
Dry = Annotated[bool, typer.Option("--dry", help="Keep no measurement.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What every drill's command line says."""

    use_case: str
    release: str
    dry: bool
    as_json: bool
    home: Path | None


@dataclass(frozen=True, slots=True)
class Ground:
    """What a drill runs on: a mirrored environment, with the release in it."""

    mirror: Mirrored
    release: Release
    who: Principal
    progress: Progress


def run_drill(
    name: str, drill: Callable[[Ground], Sequence[Fact]], asked: Asked, *, may_go_away: bool = False
) -> int:
    """Mirror the environment, rehearse in it, keep and show what was measured; the code says whether it held."""
    from roadworthy.cli.session import opened
    from roadworthy.measure.fact import keep
    from roadworthy.principal import require
    from roadworthy.wiring.rehearsal import mirrored

    out = Output(as_json=asked.as_json)
    with opened(asked.home) as (deployment, principal, place):
        require(principal, "measure", use_case=asked.use_case)
        one = release_named(deployment, asked.use_case, asked.release)
        with _shown(out) as progress:
            progress("the environment is mirrored", 0, 0)
            with mirrored(place, deployment, one, may_go_away=may_go_away) as mirror:
                facts = drill(Ground(mirror, one, principal, progress))
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
                "facts": [_fact_json(fact) for fact in facts],
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
        out.say(f"    {key.replace('_', ' ')}: {_shown_value(value)}")
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


def _fact_json(fact: Fact) -> dict[str, object]:
    return {
        "kind": fact.kind,
        "value": fact.value if fact.value == fact.value else None,
        "unit": fact.unit,
        "n": fact.n,
        "method": fact.method,
        "simulated": list(fact.simulated),
        "detail": dict(fact.detail),
    }


def _shown_value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def release_named(deployment: Deployment, use_case: str, name: str) -> Release:
    """The release of this name; without one the newest. Errors: ``NotFound`` RW-CASE-022."""
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
