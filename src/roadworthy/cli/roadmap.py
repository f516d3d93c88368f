"""The way to production: what stands, what is missing, and answers to what nobody can measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import MARKS, NO, OK, STYLES, Output
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.charter import Charter
    from roadworthy.gate.roadmap import Roadmap, Step
    from roadworthy.gate.scaling import Limit
    from roadworthy.stage import Stage

Named = Annotated[
    str,
    typer.Option(
        "--release", help="r2, or the first digits of its digest; default: the newest that has not ended."
    ),
]


class _ShowUnlessNamed(TyperGroup):
    """`roadmap support` is `roadmap show support`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front where none is named."""
        named = args and (args[0] in self.commands or args[0] in {"--help", "-h"})
        return super().parse_args(ctx, args if named or not args else ["show", *args])


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    road = typer.Typer(
        cls=_ShowUnlessNamed,
        help="The way to production (`roadmap USE_CASE`), and answers to what nobody can measure.",
        no_args_is_help=True,
    )
    road.command("show")(show)
    road.command("answer")(answer)
    app.add_typer(road, name="roadmap")


def show(
    use_case: UseCase,
    *,
    to: Annotated[str, typer.Option(help="The stage at the end of the way.")] = "production",
    hours: Annotated[
        list[str] | None,
        typer.Option(
            "--hours", help="ACCOUNT=HOURS an owner has for this in a week; default: 8. Repeatable."
        ),
    ] = None,
    assessment: Annotated[
        Path | None, typer.Option(help="The assessment it came from: say what is promised otherwise now.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write the roadmap as a page to print, too.")
    ] = None,
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """What stands, what is missing, in which order, by whom and until when. Exit code 3: something is missing."""
    from roadworthy.cli.releases import going_release
    from roadworthy.cli.session import opened
    from roadworthy.gate.roadmap import as_json as roadmap_json
    from roadworthy.operate.roadmaps import road_ahead

    out = Output(as_json=as_json)
    target, capacity = _target(to), _capacity(hours or [])
    with opened(home) as (deployment, principal, _):
        chosen = going_release(deployment, use_case, release)
        made, notes = road_ahead(
            deployment,
            principal,
            use_case,
            chosen.name,
            target=target,
            hours_a_week=capacity,
            since_assessed=_compared(assessment, deployment.loader.charter(chosen.digest)),
        )
    if output:
        _write(output, made, notes)
        out.note(f"written to {output}")
    if as_json:
        out.data({**roadmap_json(made), "answers": dict(notes)})
    else:
        _tell(out, made, notes)
    return NO if made.missing else OK


def answer(
    use_case: UseCase,
    row: Annotated[str, typer.Argument(help="The row, such as `operation.on_call`.")],
    *,
    yes: Annotated[bool | None, typer.Option("--yes/--no", help="Does it hold?")] = None,
    note: Annotated[
        str, typer.Option(help="Where the proof lies, or what is missing. No personal data.")
    ] = "",
    until: Annotated[
        str,
        typer.Option(help="The last day it is believed, YYYY-MM-DD; default: as long as the row allows."),
    ] = "",
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Answer, as the owner whom the charter names, what nobody can measure. It runs out."""
    from roadworthy.cli.releases import going_release
    from roadworthy.cli.session import opened
    from roadworthy.operate import answers

    out = Output(as_json=as_json)
    day = _day(until) if until else None
    with opened(home) as (deployment, principal, _):
        chosen = going_release(deployment, use_case, release)
        given = answers.answer(
            deployment, principal, use_case, chosen.name, row, yes=yes, note=note, until=day
        )
    if as_json:
        out.data(
            {
                "row": row,
                "answer": "yes" if given.value else "no",
                "by": principal.id,
                "demo": principal.demo,
                "at": given.at.isoformat(),
                "valid_until": given.valid_until.isoformat(),
                "measurement": given.id,
            }
        )
    demo = ", a demo account" if principal.demo else ""
    out.say(
        f"{row}: {'yes' if given.value else 'no'}, answered by {principal.id}{demo}, "
        f"believed until {given.valid_until:%Y-%m-%d %H:%M} UTC",
        "green" if given.value else "red",
    )


def _tell(out: Output, made: Roadmap, notes: Mapping[str, str]) -> None:
    out.say(made.sentence, "bold red" if made.missing else "bold green")
    for number, step in enumerate(made.missing, start=1):
        _tell_step(out, f"{number:3}.", step, notes)
    if made.stands:
        out.say(f"\nwhat stands ({len(made.stands)})", "bold")
    for step in made.stands:
        until = f", until {step.valid_until:%Y-%m-%d}" if step.valid_until else ""
        out.say(
            f"  {MARKS[step.mark]} {step.name}: {step.reason}{until}{_noted(step, notes)}",
            STYLES[step.mark],
        )
    if made.to_renew:
        out.say(
            f"  ! runs out before the rest is done: {', '.join(step.name for step in made.to_renew)}",
            "yellow",
        )
    for title, parts in (("phases", made.phases), ("checklist", made.points)):
        out.say(f"\n{title}", "bold")
        out.table(
            ["", "stands", "missing", "hours", "done"],
            [(p.name or "further", p.stands, p.missing, f"{p.hours:g}" if p.missing else "", p.done or "") for p in parts],
            empty="nothing is asked",
        )  # fmt: skip
    out.say("\nhow will this scale?", "bold")
    out.say(f"  {made.scale.sentence}")
    out.table(["", *(f"{at.multiple}×" for at in made.scale.limits[0].at), "limit", "rests on"],
              [(limit.name, *cells(limit), _figure(limit.limit, limit.unit), limit.rests_on) for limit in made.scale.limits],
              empty="nothing was measured")  # fmt: skip
    if made.since_assessed is not None:
        out.say("\nsince the assessment", "bold")
        for difference in made.since_assessed or ("nothing differs",):
            out.say(f"  {difference}")
    for note in made.notes:
        out.say(f"  ! {note}", "yellow")


def _tell_step(out: Output, number: str, step: Step, notes: Mapping[str, str]) -> None:
    when = f"{step.begins} to {step.done}" if step.begins and step.done else "no hours for it"
    waits = f" + {step.waits:.1f} days of cases" if step.waits else ""
    out.say(
        f"{number} {MARKS[step.mark]} {step.name}: {step.asks}: {step.reason}{_noted(step, notes)}",
        STYLES[step.mark],
    )
    out.say(
        f"       {step.phase}, for {step.stage}; {step.account} ({step.owner}), {step.hours:g} h{waits}, {when}"
    )
    if step.question:
        out.say(f"       ? {step.question}")
    if step.next_step:
        out.say(f"       → {step.next_step}", "cyan")
    if step.after:
        out.say(f"       after {', '.join(step.after)}", "dim")


def _noted(step: Step, notes: Mapping[str, str]) -> str:
    note = notes.get(step.measurement, "")
    return f" ({note})" if note else ""


def cells(limit: Limit) -> Sequence[str]:
    """Per multiple the figure, and whether it holds: in signs, not in colour alone."""
    signs = {True: "✓", False: "✗", None: "?"}
    return [f"{signs[at.holds]} {_figure(at.value, limit.unit)}".strip() for at in limit.at]


def _figure(value: float | None, unit: str) -> str:
    from roadworthy.server.roadmap_page import figure_of

    return "" if value is None else figure_of(value, unit)


def _compared(file: Path | None, charter: Charter) -> list[str] | None:
    """What the charter promises otherwise than the assessment did; None without one."""
    if file is None:
        return None
    from roadworthy.business import compare_with_charter, shipped_policy
    from roadworthy.cli.judging import read_idea

    return [found.sentence for found in compare_with_charter(read_idea(file), charter, shipped_policy())]


def _write(output: Path, made: Roadmap, notes: Mapping[str, str]) -> None:
    from roadworthy.server.roadmap_page import roadmap_page

    try:
        output.write_text(roadmap_page(made, notes), encoding="utf-8")
    except OSError as problem:
        raise InputProblem(
            "RW-ROADMAP-005",
            Problem(f"cannot be written: {problem.strerror}", place=str(output)),
            hint="name a file in a folder that is there and that you may write to",
        ) from None


def _capacity(told: Sequence[str]) -> dict[str, float]:
    capacity, problems = {}, []
    for one in told:
        account, _, hours = one.partition("=")
        try:
            capacity[account.strip()] = float(hours)
        except ValueError:
            problems.append(
                Problem(f"`{one}` is no account with hours", place="hours", hint="such as `--hours mara=4`")
            )
    if problems:
        raise InputProblem("RW-ROADMAP-004", problems)
    return capacity


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputProblem(
            "RW-ROADMAP-002", Problem(f"`{text}` is no day", place="until", hint="such as 2027-03-31")
        ) from None


def _target(name: str) -> Stage:
    from roadworthy.stage import ROAD, Stage

    if name not in {str(stage) for stage in ROAD[1:]}:
        raise InputProblem("RW-CLI-004", f"`{name}` is no stage", hint=f"stages: {', '.join(ROAD[1:])}")
    return Stage(name)
