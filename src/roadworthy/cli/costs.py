"""Costs: the books, where a month will end, unusual days, what could be cheaper, and the FOCUS file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from roadworthy.cli.costwords import (
    HEADER,
    TOKENS,
    band_json,
    context_json,
    dates,
    out_of_money,
    short,
    show_cases,
    show_contexts,
    show_lines,
    span,
)
from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import NO, OK, Output
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.business.costs.report import Line, Period

UseCases = Annotated[list[str] | None, typer.Argument(help="Use cases, such as `support`; default: all.")]
_PERIODS = ("day", "month", "all")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(
        help="What was spent, what will be, and what could be cheaper.", no_args_is_help=True
    )
    group.command("report")(report)
    group.command("forecast")(forecast)
    group.command("unusual")(unusual)
    group.command("advise")(advise)
    group.command("export")(export)
    group.command("look")(look)
    app.add_typer(group, name="cost")


def report(
    use_cases: UseCases = None,
    *,
    since: Annotated[str, typer.Option(help="First day; default: the first of this month.")] = "",
    until: Annotated[str, typer.Option(help="Last day; default: today.")] = "",
    by: Annotated[
        str, typer.Option(help="What lines are told apart by: unit, use_case, work, release, step, model.")
    ] = "use_case,work,release,step,model",
    every: Annotated[str, typer.Option(help="A line for each `day`, each `month`, or `all` days.")] = "all",
    limit: Annotated[int, typer.Option(help="Lines on one page.", min=1, max=10_000)] = 200,
    after: Annotated[int, typer.Option(help="Go on after so many lines.", min=0)] = 0,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write every line into this file instead of showing them.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """What was spent: by use case, release, step and model, per case, and of the budget. Days are those of UTC."""
    from roadworthy.business.costs.report import page, showback
    from roadworthy.cli.session import opened
    from roadworthy.measure.costs import books, budgets
    from roadworthy.wiring.costs import cost_books, known_price

    out, fields = Output(as_json=as_json), _fields(by)
    with opened(home) as (deployment, principal, place):
        today = deployment.now().date()
        first, last = _day(since, today.replace(day=1), "--since"), _day(until, today, "--until")
        costs = cost_books()
        found = books(
            deployment,
            principal,
            use_cases or [],
            costs=costs,
            first=first,
            last=last,
            price=known_price(place, today),
        )
        told = budgets(deployment, found, costs=costs, today=today)
    every_line = found.lines(by=fields, period=_period(every))
    if csv_file is not None:
        written = _write(csv_file, every_line)
        out.note(f"{written} lines in {csv_file}")
    shown, further = page(every_line, after=after, limit=limit)
    owed = showback(found.lines(by=("unit",), period="all"))
    if as_json:
        out.data(
            {
                "since": first.isoformat(),
                "until": last.isoformat(),
                "lines": [line.as_json() for line in shown],
                "next_after": further,
                "per_case": [one.as_json() for one in found.per_case()],
                "contexts": [context_json(one) for one in found.contexts],
                "budgets": [{**used.as_json(), "runs_out": dates(end)} for used, end in told],
                "unpriced": [one.as_json() for one in found.unpriced()],
                "units": [{"unit": unit, "cost": str(cost)} for unit, cost in owed],
            }
        )
        return OK
    if csv_file is None:
        show_lines(out, shown)
        if further:
            out.note(f"{len(every_line) - further} more lines: --after {further}")
    show_cases(out, found)
    show_contexts(out, found)
    for used, end in told:
        part = "" if used.share is None else f" ({used.share:.1%})"
        out.say(f"budget of {used.use_case} in {used.month}: {short(used.spent)} of {used.limit}{part}")
        out.say(f"  {out_of_money(end)}", "dim")
    for unit, cost in owed:
        out.say(f"{unit} pays {short(cost)}")
    for one in found.unpriced():
        out.say(f"! no price: {one.what} of {one.use_case}, {one.calls} calls: {one.why}", "yellow")
    return OK


def forecast(
    use_case: UseCase,
    *,
    volume: Annotated[
        int, typer.Option(help="Cases a month to reckon with; default: what the charter expects.", min=0)
    ] = 0,
    seed: Annotated[int, typer.Option(help="Same seed and books: the same bands.")] = 1,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Where this month will end, and what a month of so many cases costs, with bands that hold four times in five.

    Exit code 3: too little to say.
    """
    from roadworthy.cli.session import opened
    from roadworthy.measure.costs import books, budgets, volume_forecast
    from roadworthy.wiring.costs import cost_books

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        today, costs = deployment.now().date(), cost_books()
        found = books(
            deployment, principal, [use_case], costs=costs, first=today.replace(day=1), last=today
        )
        ((used, end),) = budgets(deployment, found, costs=costs, today=today, seed=seed)
        target = volume_forecast(
            deployment, principal, use_case, costs=costs, today=today, cases=volume, seed=seed
        )
    if as_json:
        out.data(
            {
                "use_case": use_case,
                "month": end.month,
                "spent": str(used.spent),
                "limit": str(used.limit),
                "days_left": end.days_left,
                "days_known": end.history,
                "band": band_json(end.band),
                "runs_out": dates(end),
                "tested": None if end.tested is None else end.tested.sentence,
                "note": end.note,
                "target": {
                    "cases": target.cases,
                    "seen": target.seen,
                    "band": band_json(target.band),
                    "per_case": band_json(target.each),
                    "note": target.note,
                },
            }
        )
    else:
        out.say(
            f"{use_case} in {end.month}: {short(used.spent)} until now, {end.days_left} days to come",
            "bold",
        )
        out.say(f"  at its end: {span(end.band)}" if end.band else f"  {end.note}")
        if end.band:
            out.say(f"  {out_of_money(end)}")
            out.say(f"  {end.tested.sentence if end.tested else end.note}", "dim")
        if target.band and target.each:
            out.say(f"  a month of {target.cases:,} cases: {span(target.band)}")
            out.say(f"  a case: {span(target.each, digits=6)}, from {target.seen:,} closed ones", "dim")
        else:
            out.say(f"  a month of {target.cases:,} cases: {target.note}")
    return OK if end.band or target.band else NO


def unusual(
    use_case: UseCase,
    *,
    rate: Annotated[
        float, typer.Option(help="Days in which it may ring for nothing, as a share.", min=0.0001, max=0.2)
    ] = 0.01,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Days whose volume or cost per case does not fit the days before. Exit code 3: there are such days."""
    from roadworthy.cli.session import opened
    from roadworthy.measure.costs import unusual as look
    from roadworthy.wiring.costs import cost_books

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        today = deployment.now().date()
        found = look(deployment, principal, use_case, costs=cost_books(), today=today, rate=rate)
    if as_json:
        out.data(
            {
                "use_case": use_case,
                "looked": found.looked,
                "false_alarms_at_most": found.rate,
                "note": found.note,
                "days": [
                    {
                        "day": one.day.isoformat(),
                        "figure": one.figure,
                        "found": one.found,
                        "low": one.low,
                        "high": one.high,
                        "p_value": one.p_value,
                        "sentence": one.sentence,
                    }
                    for one in found.alarms
                ],
            }
        )
    else:
        for one in found.alarms:
            out.say(one.sentence, "yellow")
        out.say(
            found.note or f"{len(found.alarms)} alarms on {found.looked} days that were looked at", "dim"
        )
    return NO if found.alarms else OK


def advise(
    use_case: UseCase,
    *,
    days: Annotated[
        int, typer.Option(help="Whole days before today that it rests on.", min=1, max=400)
    ] = 30,
    margin: Annotated[
        float,
        typer.Option(help="Share of tests that may pass less and still count as not worse.", min=0, max=1),
    ] = 0.02,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """What could be cheaper in a year, and what is known of the quality it would cost. Nothing is applied."""
    from roadworthy.cli.session import opened
    from roadworthy.measure.costs import advise as look
    from roadworthy.wiring.costs import batch_of, cost_books, known_price

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, place):
        today = deployment.now().date()
        found = look(
            deployment,
            principal,
            use_case,
            costs=cost_books(),
            today=today,
            days=days,
            margin=margin,
            price=known_price(place, today),
            batch=batch_of,
        )
    if as_json:
        out.data({"use_case": use_case, "days": days, "advice": [one.as_json() for one in found]})
        return OK
    for one in found:
        out.say(f"{one.kind}: {one.subject}, up to {short(one.yearly)} a year", "bold")
        out.say(f"  {one.evidence}")
        out.say(f"  quality: {one.risk}")
        out.say(f"  next: {one.next_step}", "cyan")
    if not found:
        out.say(f"nothing was found that would be cheaper, in {days} days of use", "dim")
    return OK


def export(
    use_cases: UseCases = None,
    *,
    month: Annotated[str, typer.Option(help="Which month: 2026-11.")],
    output: Annotated[Path, typer.Option(help="The file to write; an older one of that name is replaced.")],
    account: Annotated[
        str, typer.Option(help="What the FOCUS file calls the billing account.")
    ] = "roadworthy",
    home: Home = None,
) -> int:
    """Write a month as a FOCUS 1.2 file, for the tools that show costs. A month that is over gives the same file again."""
    from roadworthy.cli.focus import write_month
    from roadworthy.cli.session import opened

    out = Output(as_json=False)
    first = _month(month)
    if not account.isprintable() or not account.strip() or account[0] in "=+-@":
        raise InputProblem(
            "RW-COST-005",
            Problem("expected a name that no spreadsheet takes for a formula", place="--account"),
        )
    with opened(home) as (deployment, principal, place):
        today = deployment.now().date()
        rows, found = write_month(
            deployment, principal, use_cases or [], month=first, account=account, output=output, place=place
        )
    out.note(f"{rows} rows in {output}")
    if (today.year, today.month) <= (first.year, first.month):
        out.note(f"{month} is not over: the file will change")
    for one in found.unpriced():
        out.note(f"! no price: {one.what} of {one.use_case}, {one.calls} calls: {one.why}")
    return OK


def look(use_cases: UseCases = None, *, home: Home = None) -> int:
    """Work out now what pages about cost and quality show: forecasts, advice, comparisons, spot checks.

    A worker does it every quarter of an hour.
    """
    from roadworthy.cli.session import opened
    from roadworthy.measure.outlooks import work_out
    from roadworthy.wiring.costs import instruments

    out = Output(as_json=False)
    with opened(home) as (deployment, principal, place):
        with deployment.store.read() as tx:
            names = use_cases or list(deployment.store.releases.use_cases(tx))
        by = instruments(place, deployment.now().date())
        for name in names:
            work_out(deployment, principal, name, by)
            out.say(f"{name}: worked out", "green")
    if not names:
        out.say("no use case has a release yet", "dim")
    return OK


# ── what was asked ──


def _fields(by: str) -> tuple[str, ...]:
    from roadworthy.business.costs.report import BY

    named = tuple(name.strip() for name in by.split(",") if name.strip())
    unknown = [name for name in named if name not in BY]
    if unknown:
        raise InputProblem(
            "RW-COST-004",
            [
                Problem(
                    f"lines are not told apart by `{name}`", place="--by", hint=f"known: {', '.join(BY)}"
                )
                for name in unknown
            ],
        )
    return named


def _period(every: str) -> Period:
    if every not in _PERIODS:
        raise InputProblem(
            "RW-COST-004", Problem(f"`{every}` is no period", place="--every", hint=", ".join(_PERIODS))
        )
    return cast("Period", every)


def _day(text: str, default: date, place: str) -> date:
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputProblem(
            "RW-COST-004", Problem(f"`{text}` is no day", place=place, hint="such as 2026-11-01")
        ) from None


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InputProblem(
            "RW-COST-004", Problem(f"`{text}` is no month", place="--month", hint="such as 2026-11")
        ) from None


# ── files ──


def _write(file: Path, found: tuple[Line, ...]) -> int:
    from roadworthy.cli.focus import unwritable
    from roadworthy.cli.tables import write_rows

    rows = (
        [
            *(getattr(line, name) for name in HEADER[:7]),
            str(line.calls), str(line.retries), str(line.unpriced),
            str(line.cost).split()[0], str(line.interrupted).split()[0], line.cost.currency, str(line.model_calls),
            *(str(getattr(line.tokens, kind)) for kind in TOKENS),
        ]
        for line in found
    )  # fmt: skip
    try:
        return write_rows(file, HEADER, rows)
    except OSError as fault:
        raise unwritable(file, fault) from None
