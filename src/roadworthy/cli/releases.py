"""Releases: put the gate's question, start, promote, approve, abort, look."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli import released
from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import NO, OK, Output
from roadworthy.cli.watching import watch_release
from roadworthy.errors import InputProblem

if TYPE_CHECKING:
    from roadworthy.operate.deployment import Deployment
    from roadworthy.principal import Principal
    from roadworthy.release import Release
    from roadworthy.stage import Stage

Named = Annotated[
    str, typer.Option("--release", help="r2, or the first digits of its digest; default: the newest.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    release = typer.Typer(help="Releases and their stages.", no_args_is_help=True)
    release.command("start")(start)
    release.command("status")(status)
    release.command("approve")(approve)
    release.command("promote")(promote)
    release.command("abort")(abort)
    released.register(release)
    release.command("watch")(watch_release)
    app.add_typer(release, name="release")
    app.command()(gate)


def gate(
    use_case: UseCase,
    *,
    stage: Annotated[
        str, typer.Option(help="The stage to enter; default: the one after the present.")
    ] = "",
    release: Named = "",
    measure: Annotated[bool, typer.Option("--measure", help="Measure first what needs no labels.")] = False,
    labelled: Annotated[
        Path | None,
        typer.Option(
            help="CSV of labelled cases: pilot them first. Columns: the input's fields, the label, "
            "and if you have them `key`, `family`, `hostile`."
        ),
    ] = None,
    label: Annotated[str, typer.Option(help="Column with the label.")] = "label",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """May this use case enter that stage? Exit code 3: completed, and the answer is no."""
    from roadworthy.cli.session import opened
    from roadworthy.gate import as_json as verdict_json
    from roadworthy.measure.everything import measure_without_labels
    from roadworthy.operate.verdicts import verdict
    from roadworthy.wiring.prices import known_models

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, place):
        chosen = chosen_release(deployment, use_case, release)
        if labelled:
            _pilot(deployment, principal, chosen, labelled, label, out)
        if measure or labelled:
            for kept in measure_without_labels(
                deployment, principal, chosen, models=partial(known_models, place)
            ):
                out.note(f"measured {kept.kind} {kept.subject}: {kept.value:g} {kept.unit}")
        wanted = _stage(stage) if stage else _following(chosen)
        concluded = verdict(deployment, principal, use_case, chosen.name, wanted)
        if as_json:
            out.data(verdict_json(concluded))
        else:
            out.verdict(concluded)
    return OK if concluded.passes else NO


def start(
    folder: Annotated[Path, typer.Argument(help="The use-case folder with charter.yaml and workflow.py.")],
    *,
    note: Annotated[str, typer.Option(help="What is new, in a few words.")] = "",
    labelled: Annotated[
        Path | None, typer.Option(help="CSV of labelled texts to train the task's model on.")
    ] = None,
    text: Annotated[str, typer.Option(help="Column with the text.")] = "text",
    label: Annotated[str, typer.Option(help="Column with the label.")] = "label",
    task: Annotated[str, typer.Option(help="The task to train; default: the only one.")] = "",
    seed: Annotated[int, typer.Option(help="Same seed, same model.")] = 1,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Build a release from a folder, training its task model on labelled texts if they are given."""
    from roadworthy.cli.options import csv_rows
    from roadworthy.cli.session import opened
    from roadworthy.operate.building import build_from_folder

    out = Output(as_json=as_json)
    rows = csv_rows(labelled, [text, label]) if labelled else []
    with opened(home) as (deployment, principal, _):
        built = build_from_folder(
            deployment,
            principal,
            _files(folder),
            labelled=[(row[text], row[label]) for row in rows],
            task=task,
            seed=seed,
            note=note,
        )
        if as_json:
            out.data(
                {
                    "release": built.name,
                    "digest": built.digest,
                    "use_case": built.use_case,
                    "stage": built.stage,
                }
            )
        out.say(
            f"{built.name} of {built.use_case} is built ({built.digest[7:19]}), stage {built.stage}",
            "green",
        )
        out.say(f"  next: roadworthy gate {built.use_case} --measure", "cyan")


def status(use_case: UseCase, *, as_json: Json = False, home: Home = None) -> None:
    """All releases of a use case: where they stand, since when, and why."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.outcomes import canary_watch
    from roadworthy.operate.telling import standing_json, standing_of

    out = Output(as_json=as_json)
    with opened(home) as (deployment, _, _place):
        with deployment.store.read() as tx:
            rollout = deployment.store.releases.rollout(tx, use_case)
        standing = standing_of(deployment, rollout)
        rows = []
        for release in rollout.releases:
            watch = canary_watch(deployment, use_case, release)
            rows.append(
                {
                    "release": release.name,
                    "digest": release.digest,
                    "stage": release.stage,
                    "share": float(release.share),
                    "since": release.stage_since.isoformat(timespec="seconds"),
                    "author": release.author,
                    "note": release.note,
                    "reason": release.reason,
                    "canary": watch.state if watch else "",
                    "cases": watch.harm.candidate.cases if watch else 0,
                }
            )
        if as_json:
            told = standing_json(standing) if standing else None
            out.data({"use_case": use_case, "releases": rows, "canary": told})
            return
        out.table(
            ["release", "digest", "stage", "share", "since", "canary", "note / reason"],
            [
                (r["release"], str(r["digest"])[7:19], r["stage"], f"{r['share']:.0%}", r["since"],
                 f"{r['canary']} (n={r['cases']})" if r["canary"] else "", r["reason"] or r["note"])
                for r in rows
            ],
            empty=f"no release of {use_case} yet: `roadworthy release start FOLDER`",
        )  # fmt: skip
        if standing is not None:
            out.say(f"canary: {standing.sentence}", "green" if standing.passed else "yellow")


def approve(
    use_case: UseCase,
    *,
    release: Named = "",
    reason: Annotated[str, typer.Option(help="Why, in a few words.")] = "",
    home: Home = None,
) -> None:
    """Give your yes to a release, as its business owner or risk officer."""
    from roadworthy.cli.session import opened
    from roadworthy.operate import verdicts

    with opened(home) as (deployment, principal, _):
        chosen = chosen_release(deployment, use_case, release)
        approval = verdicts.approve(deployment, principal, use_case, chosen.name, reason=reason)
        Output(as_json=False).say(
            f"{chosen.name} approved as {approval.role} until {approval.expires_at:%Y-%m-%d}", "green"
        )


def promote(
    use_case: UseCase,
    *,
    to: Annotated[str, typer.Option(help="The stage to enter; default: the one after the present.")] = "",
    share: Annotated[float | None, typer.Option(help="A canary's part of the live cases, 0 to 1.")] = None,
    release: Named = "",
    home: Home = None,
) -> None:
    """Move a release one stage on, if the gate passes; a canary one step on, until its last one is passed.

    Exit code 3 if the gate does not pass, or the canary's step is not passed.
    """
    from roadworthy.cli.session import opened
    from roadworthy.operate.rollout import promote_release
    from roadworthy.quantities import Share

    if share is not None and not 0 < share < 1:
        raise InputProblem("RW-CLI-003", f"a share lies between 0 and 1, found {share}")
    with opened(home) as (deployment, principal, _):
        chosen = chosen_release(deployment, use_case, release)
        wanted = _stage(to) if to else _next(deployment, chosen)
        part = Share(share) if share is not None else None
        change = promote_release(deployment, principal, use_case, chosen.name, wanted, share=part)
        out = Output(as_json=False)
        for moved, before in change.moved:
            step = f", step {moved.step} with {moved.share} of the cases" if moved.stage == "canary" else ""
            out.say(f"{moved.name}: {before} → {moved.stage}{step}", "green")
        if not change.moved:
            out.say(f"{chosen.name} is in {wanted} already")


def abort(
    use_case: UseCase,
    *,
    release: Named = "",
    reason: Annotated[str, typer.Option(help="Why, in a few words.")],
    home: Home = None,
) -> None:
    """Halt a release at once, whatever its stage. Its cases go back to the running release or to people."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.rollout import abort_release

    with opened(home) as (deployment, principal, _):
        chosen = chosen_release(deployment, use_case, release)
        change = abort_release(deployment, principal, use_case, chosen.name, reason=reason)
        words = "is halted" if change.moved else f"had ended already ({chosen.stage})"
        Output(as_json=False).say(f"{chosen.name} {words}", "bold red")


def _pilot(
    deployment: Deployment, principal: Principal, release: Release, file: Path, label: str, out: Output
) -> None:
    """Pilot every labelled case of a file in this process, and keep what it shows."""
    from roadworthy.cli.options import csv_rows
    from roadworthy.cli.waiting import waited, worker_of
    from roadworthy.measure.everything import measure_with_labels
    from roadworthy.measure.labelled import Labelled

    fields = deployment.loader.charter(release.digest).input
    cases = [
        Labelled(
            key=row.get("key") or f"{file.name}:{number}",
            data={name: row[name] for name in fields if row.get(name)},
            truth=row[label],
            family=row.get("family") or "",
            hostile=(row.get("hostile") or "").lower() in {"1", "true", "yes"},
        )
        for number, row in enumerate(csv_rows(file, [label]), start=2)
    ]
    with worker_of(deployment):
        for kept in measure_with_labels(
            deployment, principal, release, cases, wait=lambda left: waited(left, out), progress=out.note
        ):
            out.note(f"measured {kept.kind} {kept.subject}: {kept.value:g} {kept.unit} (n={kept.n})")


def chosen_release(deployment: Deployment, use_case: str, name: str) -> Release:
    """The release of this name, or the newest. Errors: ``NotFound`` RW-CASE-022."""
    from roadworthy.errors import NotFound

    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
        known = ", ".join(deployment.store.releases.use_cases(tx))
    if not rollout.releases:
        raise NotFound(
            "RW-CASE-022", f"no use case `{use_case}` here", hint=f"known: {known or 'none yet'}"
        )
    return rollout.named(name) if name else max(rollout.releases, key=lambda release: release.number)


def going_release(deployment: Deployment, use_case: str, name: str) -> Release:
    """The release of this name; else the newest that has not ended, or the newest. Errors: ``NotFound`` RW-CASE-022."""
    from roadworthy.stage import ENDED

    newest = chosen_release(deployment, use_case, name)
    if name or newest.stage not in ENDED:
        return newest
    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
    going = [release for release in rollout.releases if release.stage not in ENDED]
    return max(going, key=lambda release: release.number, default=newest)


def _stage(name: str) -> Stage:
    from roadworthy.stage import ROAD, Stage

    if name not in {str(stage) for stage in ROAD[1:]}:
        raise InputProblem("RW-CLI-004", f"`{name}` is no stage", hint=f"stages: {', '.join(ROAD[1:])}")
    return Stage(name)


def _following(release: Release) -> Stage:
    from roadworthy.stage import ROAD, Stage

    if release.stage not in ROAD or release.stage is Stage.PRODUCTION:
        return Stage.PRODUCTION
    return ROAD[ROAD.index(release.stage) + 1]


def _next(deployment: Deployment, release: Release) -> Stage:
    """The stage after the present; canary again while its canary has steps left."""
    from roadworthy.operate.canaries import steps_of
    from roadworthy.stage import Stage

    steps = steps_of(deployment.loader.charter(release.digest)) if release.stage is Stage.CANARY else ()
    return Stage.CANARY if max(release.step, 1) < len(steps) else _following(release)


def _files(folder: Path) -> dict[str, bytes]:
    from roadworthy.wiring import folder_files

    return folder_files(folder)
