"""Alerts and incidents: what is wrong, who was told, what happened."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import NO, OK, Output
from roadworthy.errors import InputProblem, Problem

UseCase = Annotated[str, typer.Option("--use-case", help="Only of this use case.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    alerts = typer.Typer(help="What is wrong, and who was told.", no_args_is_help=True)
    alerts.command("list")(list_)
    alerts.command("acknowledge")(acknowledge)
    alerts.command("mute")(mute)
    alerts.command("unmute")(unmute)
    alerts.command("test")(try_receivers)
    app.add_typer(alerts, name="alerts")
    incident = typer.Typer(help="What happened, in order.", no_args_is_help=True)
    incident.callback()(_group)
    incident.command("show")(show)
    app.add_typer(incident, name="incident")


def _group() -> None:
    """Keeps `show` a command of its own while it is the only one."""


def list_(
    *,
    use_case: UseCase = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=500)] = 25,
    after: Annotated[str, typer.Option(help="Go on after this cursor.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Alerts, newest first: firing ones, and those that are over."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.watching.alarms import list_alerts

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        told = list_alerts(deployment, principal, use_case=use_case, after=after, limit=limit)
    if as_json:
        out.data(told)
        return
    out.table(
        ["id", "state", "severity", "rule", "use case", "since", "owner", "what", "safe step"],
        [
            (
                a["id"], _state(a), a["severity"], a["rule"], a["use_case"] or "-", a["since"][:16], a["owner"],
                a["summary"], a["action"],
            )
            for a in told["alerts"]
        ],
        empty="no alert was ever raised",
    )  # fmt: skip
    for alert in told["alerts"]:
        for notice in alert["notices"]:
            if notice["problem"]:
                out.note(f"{alert['id']}: `{notice['channel']}` was not told yet ({notice['problem']})")
    if told["after"]:
        out.note(f"more: --after {told['after']}")


def acknowledge(
    alert: Annotated[str, typer.Argument(help="The alert's id.")],
    *,
    reason: Annotated[str, typer.Option(help="What you do about it, in a few words.")] = "",
    home: Home = None,
) -> None:
    """Say that you look at it. It fires on until what it found is gone."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.watching.alarms import acknowledge_alert

    with opened(home) as (deployment, principal, _):
        seen = acknowledge_alert(deployment, principal, alert, why=reason)
    out = Output(as_json=False)
    out.say(f"{seen.rule} is yours: {seen.summary}", "green")
    out.say(f"  safe step  {seen.action}")
    out.say(f"  runbook    {seen.runbook}")


def mute(
    alert: Annotated[str, typer.Argument(help="The alert's id.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, in a few words.")],
    hours: Annotated[int, typer.Option(help="For so long.", min=1, max=168)] = 4,
    home: Home = None,
) -> None:
    """Tell nobody of it for a while, also where it ends and begins again meanwhile. What still fires then is told."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.watching.muting import mute_alert

    with opened(home) as (deployment, principal, _):
        until = deployment.now() + timedelta(hours=hours)
        mute_alert(deployment, principal, alert, until=until, why=reason)
    Output(as_json=False).say(f"nobody is told of it until {until:%Y-%m-%d %H:%M} UTC", "green")


def unmute(alert: Annotated[str, typer.Argument(help="The alert's id.")], *, home: Home = None) -> None:
    """Tell of it again from now on."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.watching.muting import unmute_alert

    with opened(home) as (deployment, principal, _):
        was_muted = unmute_alert(deployment, principal, alert)
    Output(as_json=False).say("it is told of again" if was_muted else "it was not muted")


def try_receivers(*, as_json: Json = False, home: Home = None) -> int:
    """Tell every receiver of a test alert, and that it is over. Exit code 3 if one of them was not reached."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.watching.alarms import Alarms
    from roadworthy.wiring.receivers import receivers

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, place):
        alert = Alarms(receivers(place)).raise_test(deployment, principal)
        with deployment.store.read() as tx:
            told = deployment.store.alerts.notices(tx, alert.id)
    reached = {one.channel: "" for one in told} | {
        one.channel: one.problem for one in told if not one.sent_at
    }
    if as_json:
        out.data({"alert": alert.id, "receivers": [{"name": n, "problem": p} for n, p in reached.items()]})
    for name, problem in reached.items():
        out.say(f"{'✗' if problem else '✓'} {name} {problem}", "red" if problem else "green")
    return NO if any(reached.values()) else OK


def show(
    *,
    start: Annotated[
        str, typer.Option("--from", help="When it began: 2026-11-21T14:00Z, or 2h for two hours ago.")
    ] = "24h",
    end: Annotated[str, typer.Option("--to", help="When it was over; default: now.")] = "",
    use_case: UseCase = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """The timeline of a period: releases, alerts, stops and actions, and the cases that were touched."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.watching.incidents import incident

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        now = deployment.now()
        told = incident(
            deployment,
            principal,
            start=_moment(start, now, "--from"),
            end=_moment(end, now, "--to") if end else now + timedelta(seconds=1),
            use_case=use_case,
        )
    if as_json:
        out.data(told)
        return
    out.say(f"{told['from'][:16]} to {told['to'][:16]}", "bold")
    out.table(
        ["at", "what", "about", "by", "said"],
        [
            (e["at"][:19], e["event"], _about(e["about"]), e["by"], "; ".join(str(v) for v in e["told"].values()))
            for e in told["timeline"]
        ],
        empty="nothing happened that stands on a timeline",
    )  # fmt: skip
    if told["left_out"]:
        out.note(f"{told['left_out']} more events are left out: narrow the period")
    out.say(f"{told['cases_touched']} cases touched", "bold")
    for what, count in sorted(told["what"].items()):
        out.say(f"  {count:>6} {what}")
    for case in told["cases"][:10]:
        out.say(
            f"  {case['key']} · {case['use_case']} · {case['state']} · {', '.join(case['what'])}", "dim"
        )


def _state(alert: dict[str, Any]) -> str:
    return (
        f"{alert['state']}, {alert['acknowledged_by']} looks"
        if alert["acknowledged_by"]
        else alert["state"]
    )


def _about(about: dict[str, str]) -> str:
    return ", ".join(f"{name} {value[:20]}" for name, value in about.items())


def _moment(text: str, now: datetime, option: str) -> datetime:
    """A time with its zone, or how long ago: ``90m``, ``2h``, ``3d``."""
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if text[-1:] in units and text[:-1].isdecimal() and len(text) < 8:
        return now - timedelta(**{units[text[-1]]: int(text[:-1])})
    moment: datetime | None = None
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
    if moment is None or moment.tzinfo is None:
        raise InputProblem(
            "RW-ALERT-004",
            Problem(f"`{text[:40]}` is no time with a zone", place=option, hint="2026-11-21T14:00Z, or 2h"),
        )
    return moment
