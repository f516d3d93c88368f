"""The demo: the whole road in about a minute, told scene by scene."""

from __future__ import annotations

import resource
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from roadworthy.cli.output import FAILURE, OK, Output
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.example.material import People
    from roadworthy.operate.deployment import Deployment
    from roadworthy.wiring import Workspace


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command()(demo)


def demo(
    *,
    messages: Annotated[
        Path | None, typer.Option(help="Your own CSV of labelled texts instead of the example's.")
    ] = None,
    text: Annotated[str, typer.Option(help="Its column with the text.")] = "text",
    label: Annotated[str, typer.Option(help="Its column with the label.")] = "label",
    seed: Annotated[int, typer.Option(help="Same seed, same verdicts.")] = 7,
    home: Annotated[
        Path | None,
        typer.Option("--home", help="Where the demo keeps its files; default: demo in the workspace."),
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset/--no-reset", help="Begin anew if a demo lies there already.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Carry an example company's use case from charter to production, and through a bad release.

    Nothing leaves this machine, nothing is scripted: what the gate holds, what the certificate
    allows and why the second release is rolled back all come out of measurements of this run.
    """
    from roadworthy.cli.stage import set_up
    from roadworthy.example.road import Road
    from roadworthy.operate.bookkeeping import verify_ledger
    from roadworthy.operate.work import Worker
    from roadworthy.wiring import demo_workspace, open_deployment

    out = Output(as_json=as_json)
    place = demo_workspace(home)
    make_way(place, reset=reset)
    begun, cpu_begun = time.monotonic(), time.process_time()
    out.say(f"Roadworthy demo · workspace {place.home} · nothing leaves this machine", "bold")
    deployment = open_deployment(place)
    scenes = []
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
        console=out.err, transient=True, disable=as_json or not sys.stderr.isatty(),
    )  # fmt: skip
    with bar:
        task = bar.add_task("setting up", total=None)
        people, material, company = set_up(
            deployment, place, seed=seed, messages=messages, text=text, label=label
        )
        out.say(f"\n{company}")
        worker = Worker(deployment, name=f"demo-{deployment.new_id()}")
        worker.start()
        try:
            road = Road(
                deployment,
                people,
                material,
                seed=seed,
                progress=lambda what, done, total: bar.update(
                    task, description=what, completed=done, total=total
                ),
            )
            for number, scene in enumerate(road.travel(), start=1):
                scenes.append(scene)
                took = time.monotonic() - begun
                out.say(
                    f"\n{number:2} {scene.title}  ({took:.1f} s)",
                    "bold green" if scene.good else "bold red",
                )
                for line in scene.lines:
                    out.say(f"     {line}")
        finally:
            worker.stop(grace_s=20)
    _look_over(out, deployment, place, people, material.use_case)
    audit = verify_ledger(deployment, people.owner)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024 if sys.platform != "darwin" else 1024**2
    )
    figures = {
        "seconds": round(time.monotonic() - begun, 1),
        "cpu_seconds": round(time.process_time() - cpu_begun, 1),
        "peak_rss_mb": round(memory_mb),
        "ledger_entries": audit.size,
        "ledger_holds": audit.holds,
    }
    reached = any(scene.name == "production" for scene in scenes)
    if as_json:
        out.data(
            {
                "seed": seed,
                "use_case": material.use_case,
                "reached_production": reached,
                "scenes": [
                    {"name": s.name, "title": s.title, "good": s.good, "figures": dict(s.figures)}
                    for s in scenes
                ],
                **figures,
            }
        )
    out.say(
        f"\nledger: {audit.size} entries, {'verified' if audit.holds else 'BROKEN'} · "
        f"{figures['seconds']} s, {figures['peak_rss_mb']} MB",
        "bold",
    )
    _advice(out, place, scenes, deployment, material.use_case)
    deployment.store.close()
    return OK if audit.holds and reached else FAILURE


def _look_over(
    out: Output, deployment: Deployment, place: Workspace, people: People, use_case: str
) -> None:
    """What the page "Data" shows beside the figures of the gate, found as by the commands of the same names."""
    from roadworthy.cli.data import look_over_data
    from roadworthy.cli.knowledge_health import look_over_knowledge
    from roadworthy.cli.releases import going_release
    from roadworthy.operate.bookkeeping import sequence_all
    from roadworthy.wiring import open_knowledge

    release = going_release(deployment, use_case, "")
    charter = deployment.loader.charter(release.digest)
    if charter.data:
        made = look_over_data(deployment, people.builder, release, title="", tell=None)
        out.say(f"\n{made['verdict']['sentence']}")
    for name in charter.knowledge:
        base = open_knowledge(place, deployment, charter, name)
        report = look_over_knowledge(
            deployment, people.builder, charter, base, touched=None, gaps=None, content=False
        )
        out.say(f"{name}: {report.documents} documents; to do for their owners: {len(report.todo)}")
    sequence_all(deployment)


def _advice(out: Output, place: Workspace, scenes: list[Any], deployment: Any, use_case: str) -> None:
    from roadworthy.wiring import acting_on

    with deployment.store.read() as tx:
        page = deployment.store.cases.list(tx, use_case, limit=1)
    key = page.rows[0].key if page.rows else "T-100001"
    prefix = acting_on(place)
    out.say("\nNow you:")
    out.say(f"  look around   {prefix} up")
    out.say(f"  see why       {prefix} cases explain {key}")
    out.say(f"  the verdict   {prefix} gate {use_case} --release r2 --stage production")
    out.say(f"  prove it      {prefix} ledger verify")
    out.say(f"  stop it       {prefix} stop {use_case} --reason 'trying the brake'")


def make_way(place: Workspace, *, reset: bool) -> None:
    """Make the demo's folder, or clear away what an earlier demo made there; anything else in it stays.

    Errors: ``InputProblem`` RW-DEMO-002 for what no demo made, RW-DEMO-003 for a demo without ``reset``.
    """
    home = place.home
    marker = home / ".roadworthy-demo"
    if home.exists() and not (home.is_dir() and not any(home.iterdir())):
        if marker.is_symlink() or not marker.is_file():
            raise InputProblem(
                "RW-DEMO-002",
                Problem("is not empty and no demo made it", place=str(home)),
                hint="choose another folder with --home",
            )
        if not reset:
            raise InputProblem(
                "RW-DEMO-003",
                Problem("a demo lies here", place=str(home)),
                hint="leave out --no-reset to begin anew",
            )
        for belonging in place.belongings:
            if belonging.is_dir() and not belonging.is_symlink():
                shutil.rmtree(belonging)
            else:
                belonging.unlink(missing_ok=True)
    home.mkdir(parents=True, exist_ok=True)
    marker.touch()
