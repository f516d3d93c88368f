"""The mirror, and the loop that improves."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress as Bar

from roadworthy.cli.options import Home, Json, UseCase, csv_rows
from roadworthy.cli.output import NO, OK, Output
from roadworthy.errors import InputProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from roadworthy.measure.mirror import Mirrored

_SHOWN = 20


def add_to(group: typer.Typer, app: typer.Typer) -> None:
    """Add the commands of this module to the group `evaluate` and to the program."""
    group.command("mirror")(mirror)
    app.command("improve")(improve)


def mirror(
    use_case: UseCase,
    *,
    release: Annotated[str, typer.Option(help="The release to try; default: the newest.")] = "",
    last: Annotated[int, typer.Option(help="So many of the newest recorded cases.", min=1)] = 200,
    stage: Annotated[str, typer.Option(help="Only cases of shadow, canary or production.")] = "",
    since: Annotated[str, typer.Option(help="Only cases taken in from this day on: 2026-11-01.")] = "",
    key: Annotated[
        list[str] | None, typer.Option(help="Exactly these cases; may stand several times.")
    ] = None,
    live_reads: Annotated[
        bool, typer.Option("--live-reads", help="Ask the systems themselves what was not recorded.")
    ] = False,
    sandbox: Annotated[
        Path | None,
        typer.Option(
            help="A copy of the use case's data folder, under the same name, asked what was not recorded."
        ),
    ] = None,
    all_differences: Annotated[bool, typer.Option("--all", help="Show every difference.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """What another release would have done with recorded cases. Nothing leaves. Exit code 3: something got worse."""
    from roadworthy.cli.releases import chosen_release
    from roadworthy.cli.session import opened
    from roadworthy.measure.fact import keep
    from roadworthy.measure.mirror import mirror as through
    from roadworthy.measure.mirror import mirror_fact
    from roadworthy.measure.recorded import Selection
    from roadworthy.principal import allows
    from roadworthy.stage import Stage
    from roadworthy.wiring import sandbox_loader

    out = Output(as_json=as_json)
    if stage and stage not in set(Stage):
        raise InputProblem("RW-CLI-004", f"`{stage}` is no stage", hint="shadow, canary or production")
    wanted = Selection(
        last=last, stage=Stage(stage) if stage else None, since=_day(since), keys=tuple(key or ())
    )
    with opened(home) as (deployment, principal, place):
        chosen = chosen_release(deployment, use_case, release)
        with Bar(console=out.err, disable=not sys.stderr.isatty(), transient=True) as bar:
            task = bar.add_task("mirroring", total=None)
            found = through(
                deployment,
                principal,
                use_case,
                chosen,
                cases=wanted,
                live_reads=live_reads,
                sandbox=sandbox_loader(place, deployment, sandbox, use_case) if sandbox else None,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        keep(deployment, principal, chosen, [mirror_fact(found)])
        content = allows(principal, "case.read_content", use_case=use_case)
    told = found.as_json(content=content)
    if as_json:
        out.data(told)
    else:
        _tell(found, told, None if all_differences else _SHOWN, out)
    worse = told["counts"].get("regression", 0) or told["counts"].get("failed", 0)
    return NO if worse else OK


def improve(
    use_case: UseCase,
    *,
    task: Annotated[str, typer.Option(help="The task to improve; default: the only one.")] = "",
    release: Annotated[
        str, typer.Option(help="What is to be improved; default: the running release.")
    ] = "",
    texts: Annotated[
        Path | None,
        typer.Option(help="CSV of the labelled texts it was trained on, where it does not keep them."),
    ] = None,
    text: Annotated[str, typer.Option(help="Its column with the text.")] = "text",
    label: Annotated[str, typer.Option(help="Its column with the label.")] = "label",
    since: Annotated[str, typer.Option(help="Only labels from this day on: 2026-11-01.")] = "",
    seed: Annotated[int, typer.Option(help="Same seed and labels: the same release.")] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look, and store nothing.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Learn from reviews, corrections and outcomes; offer what is proven better as a draft. Exit code 3: nothing is.

    Nothing is promoted by this: the draft takes the same road as every other release.
    """
    from roadworthy.cli.session import opened
    from roadworthy.measure.improving.improve import improve as look
    from roadworthy.wiring import prompted_model

    out = Output(as_json=as_json)
    rows = csv_rows(texts, [text, label]) if texts else []
    with opened(home) as (deployment, principal, _):
        found = look(
            deployment,
            principal,
            use_case,
            task=task,
            release=release,
            texts=[(row[text], row[label]) for row in rows],
            since=_day(since),
            prompted_models=prompted_model,
            seed=seed,
            offer=not dry_run,
            progress=lambda _part, doing: out.note(doing),
        )
    if as_json:
        out.data(found.as_json())
        return OK if found.winner else NO
    out.say(found.sentence, "bold green" if found.winner else "bold")
    for line in (*found.words, *(one.sentence for one in found.expected)):
        out.say(f"  {line}")
    for one in found.compared:
        if one.sentence not in found.sentence:
            out.say(f"  {one.sentence}", "dim")
    for noticed in found.noticed:
        out.say(f"  ! {noticed.sentence}", "yellow")
    for note in found.notes:
        out.say(f"  {note}", "dim")
    if found.release:
        out.say(f"  next: roadworthy gate {use_case} --release {found.release} --measure", "cyan")
    return OK if found.winner else NO


def _tell(found: Mirrored, told: dict[str, Any], most: int | None, out: Output) -> None:
    counts = told["counts"]
    out.say(
        f"{counts['compared']} of {counts['cases']} recorded cases compared, nothing left; "
        f"simulated: {', '.join(told['simulated'])}",
        "bold",
    )
    for name, count in counts.items():
        if count and name not in {"cases", "compared"}:
            out.say(f"  {count:6} {name}")
    for one in told["differences"][:most]:
        out.say(f"{one['judged']}: {one['key']}", "red" if one["judged"] == "regression" else "")
        for change in _changes(one):
            out.say(f"    {change}")
    left = len(told["differences"]) - (most or len(told["differences"]))
    if left > 0:
        out.note(f"{left} more: --all")
    for one in told["not_comparable"][:most]:
        out.say(f"not comparable: {one['key']}: {one['reason']}", "yellow")


def _changes(one: dict[str, Any]) -> Iterator[str]:
    """What differs in one case, in words."""
    before, after = one["before"], one["after"]
    if one["failed"]:
        yield f"failed: {one['failed']}"
    if before["answer"] != after["answer"]:
        yield f"answer: {before['answer'] or 'none'} → {after['answer'] or 'none'}"
    if before["automatic"] != after["automatic"]:
        yield "now without a person" if after["automatic"] else "now with a person"
    for effect in one["effects"]:
        moved = f"{effect['before'] or 'not proposed'} → {effect['after'] or 'not proposed'}"
        named = f", other {', '.join(effect['arguments'])}" if effect["arguments"] else ""
        yield f"{effect['tool']}: {moved if effect['before'] != effect['after'] else effect['after']}{named}"
    yield from one["otherwise"]


def _day(text: str) -> datetime | None:
    """Midnight UTC of a day. Errors: ``InputProblem`` RW-CLI-038."""
    from datetime import UTC

    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputProblem("RW-CLI-038", f"`{text}` is no day", hint="such as 2026-11-01") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
