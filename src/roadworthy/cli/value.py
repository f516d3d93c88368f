"""Whether a use case is worth it: its KPI, the hold-out that shows the cause, the value month by month."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import NO, OK, Output
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.measure.value.kpi import KpiHistory, KpiReading
    from roadworthy.measure.value.months import Month, Realised
    from roadworthy.quantities import Interval, Money

_SHOWN = 12


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(help="The KPI, and the value that a use case brought.", no_args_is_help=True)
    group.command("kpi")(kpi)
    group.command("holdout")(holdout)
    group.command("realised")(realised)
    app.add_typer(group, name="value")


def kpi(
    use_case: UseCase,
    *,
    history: Annotated[bool, typer.Option("--history", help="Ask nothing, show what was kept.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """The KPI now, beside its baseline and its target. Kept once in every period. Exit code 3: stale or unknown."""
    from roadworthy.cli.session import opened
    from roadworthy.measure.value.kpi import kpi_history, kpi_now

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        reading = None if history else kpi_now(deployment, principal, use_case)
        past = kpi_history(deployment, principal, use_case)
    if as_json:
        out.data({"now": reading.as_json() if reading else None, "history": past.as_json()})
    else:
        _tell_kpi(reading, past, out)
    if reading is not None:
        return OK if reading.freshness in {"new", "kept"} else NO
    return OK if past.points and not past.stale else NO


def holdout(
    use_case: UseCase,
    *,
    low: Annotated[
        float | None,
        typer.Option(help="The least a case's figure can be; a share has 0.", show_default=False),
    ] = None,
    high: Annotated[
        float | None, typer.Option(help="The most it can be; say both before looking.", show_default=False)
    ] = None,
    least: Annotated[
        float, typer.Option(help="The improvement that would be worth it, in the KPI's unit.")
    ] = 0.0,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Did it improve? Cases of the release beside those kept with people by lot. Exit code 3: not, or not yet."""
    from roadworthy.cli.session import opened
    from roadworthy.measure.value.holdout import measure_holdout

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        told = measure_holdout(deployment, principal, use_case, span=_span(low, high), least=least)
    if as_json:
        out.data(told.as_json())
    else:
        out.say(told.sentence, "bold green" if told.finding == "improved" else "bold")
        out.table(
            ["part", "cases", "with a figure", f"mean {told.unit}"],
            [
                [part, told.cases[part], told.counted[part], _figure(told.means[part])]
                for part in ("release", "people")
            ],
            empty="",
        )
        if not told.causal:
            out.say("  ! not causal: without figures of both parts a difference shows no cause", "yellow")
        for finding in told.findings:
            out.say(f"  ! {finding}", "yellow")
    return OK if told.finding == "improved" else NO


def realised(
    use_case: UseCase,
    *,
    months: Annotated[int, typer.Option(help="So many months back, this one included.")] = 12,
    forecast: Annotated[
        Path | None,
        typer.Option(help="JSON of an assessment, or `currency` and `months` with p10, p50, p90."),
    ] = None,
    starts: Annotated[str, typer.Option(help="The forecast's first month: 2026-12.")] = "",
    people_errors: Annotated[
        float | None,
        typer.Option(help="Share of cases people got wrong before, such as 0.04.", show_default=False),
    ] = None,
    running_cost: Annotated[
        str, typer.Option(help="What a month costs besides usage: `1200.00 EUR`.")
    ] = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """What it brought, month by month: minutes, errors, adoption, cost, money, and how forecasts held."""
    from roadworthy.cli.session import opened
    from roadworthy.measure.value.forecast import read_forecast
    from roadworthy.measure.value.realised import realised as look

    out = Output(as_json=as_json)
    expected = read_forecast(_content(forecast), file=str(forecast), starts=starts) if forecast else None
    running = _money(running_cost)
    with opened(home) as (deployment, principal, _):
        told = look(
            deployment,
            principal,
            use_case,
            months=months,
            forecast=expected,
            people_errors=people_errors,
            running=running,
        )
    if as_json:
        out.data(told.as_json())
    else:
        _tell_months(told, out)
    return OK


def _tell_kpi(reading: KpiReading | None, past: KpiHistory, out: Output) -> None:
    if reading is not None and reading.value is not None:
        fresh = reading.freshness in {"new", "kept"}
        at = f", {reading.at:%Y-%m-%d %H:%M} UTC" if reading.at else ""
        words = f"{reading.name}: {_figure(reading.value)} {reading.unit} ({reading.freshness}{at})"
        out.say(words, "bold" if fresh else "bold yellow")
    elif reading is not None:
        out.say(f"{reading.name}: not known", "bold yellow")
    before = _figure(past.baseline.value) if past.baseline else "not measured"
    window = " to ".join(filter(None, past.baseline_window))
    out.say(
        f"  baseline {before}{f' ({window})' if window else ''}, target {_figure(past.target)} {past.unit}"
    )
    if past.change is not None:
        out.say(f"  {past.change:+.4g} {past.unit} since the baseline; {past.causal}")
    out.table(
        ["at", past.unit, ""],
        [
            [
                f"{point.at:%Y-%m-%d %H:%M}",
                _figure(point.value),
                "another query" if point.other_query else "",
            ]
            for point in past.points[-_SHOWN:]
        ],
        empty="  no value is kept yet",
    )
    for finding in dict.fromkeys((*(reading.findings if reading else ()), *past.findings)):
        out.say(f"  ! {finding}", "yellow")


def _tell_months(told: Realised, out: Output) -> None:
    out.table(
        [
            "month",
            "cases",
            "automatic",
            "by lot",
            "minutes saved",
            "errors",
            "satisfied",
            "usage",
            "net",
            "forecast",
            "",
        ],
        [_row(month) for month in told.months],
        empty="no live case in these months",
    )
    out.say(f"  a review takes {told.minutes.each:.1f} minutes, {told.minutes.source}")
    out.say("  not causal: compared with what the charter says a case took before")
    if told.calibration is not None:
        out.say(f"  {told.calibration.sentence}")
    for month in told.months:
        for finding in month.findings:
            out.say(f"  ! {month.month}: {finding}", "yellow")
    for finding in told.findings:
        out.say(f"  ! {finding}", "yellow")


def _row(month: Month) -> list[object]:
    inside = {True: "inside", False: "outside", None: "" if month.over else "not over"}[month.inside]
    band = f"{month.band.low} to {month.band.high}" if month.band else ""
    return [
        month.month,
        month.cases,
        f"{month.adoption:.0%}" if month.adoption is not None else "",
        month.stayed,
        f"{month.minutes_saved:,.0f}",
        f"{month.errors.share:.1%}" if month.errors else "unknown",
        f"{month.rated.satisfied:.0%} of {month.rated.cases}" if month.rated else "",
        " + ".join(str(cost) for cost in month.usage),
        month.net or "unknown",
        band,
        inside,
    ]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _span(low: float | None, high: float | None) -> Interval | None:
    """Errors: ``InputProblem`` RW-KPI-011 for one end without the other, or ends that do not run upward."""
    from roadworthy.quantities import Interval

    if low is None and high is None:
        return None
    if low is None or high is None or not low < high:
        raise InputProblem(
            "RW-KPI-011",
            Problem("expected two numbers that run upward", place="--low, --high"),
            hint="such as `--low 0 --high 480`",
        )
    return Interval(low, high)


def _money(text: str) -> Money | None:
    """Errors: ``InputProblem`` RW-KPI-012 for what is no amount."""
    from roadworthy.quantities import Money

    try:
        return Money.parse(text) if text else None
    except ValueError as problem:
        raise InputProblem("RW-KPI-012", Problem(str(problem), place="--running-cost")) from None


def _content(path: Path | None) -> bytes:
    """Errors: ``InputProblem`` RW-KPI-013 for a file that cannot be read."""
    from roadworthy.measure.value.forecast import MOST_BYTES

    if path is None:
        return b""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise InputProblem(
            "RW-KPI-013", Problem(f"cannot be read: {problem.strerror or 'no such file'}", place=str(path))
        ) from None
