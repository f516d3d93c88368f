"""What happened in a period, whom it touched, what is to be put right, and the head of a report on it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from roadworthy.casework.effect import EffectState
from roadworthy.casework.review import ReviewKind, ReviewState
from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.watching.incidents import incident
from roadworthy.ports import Transaction
from roadworthy.principal import allows
from roadworthy.server.asking import Ask
from roadworthy.server.views.shared import plain, visible_use_cases

FILTERS: Final = ("from", "to", "use_case")
USUAL: Final = timedelta(hours=24)
LONGEST: Final = timedelta(days=31)
MOST_SHOWN: Final = 200
MOST_TROUBLE: Final = 1_000
_IN_REPORT: Final = 60
_OPEN_ENDS: Final = {
    EffectState.UNKNOWN: "find out whether it was felt",
    EffectState.DEAD: "send it in another way, or tell whoever waits for it",
}
_MARKS: Final = re.compile(r"([\\`*_\[\]<>!|#])")


def incidents(ask: Ask) -> dict[str, Any]:
    """The incident of a period; without one of the last 24 hours.

    Errors: ``InputProblem`` RW-ALERT-004 for no period, or one of more than 31 days.
    """
    now = ask.deployment.now()
    end = _moment(ask, "to") or now + timedelta(seconds=1)
    start = _moment(ask, "from") or end - USUAL
    if start.tzinfo and end.tzinfo and end - start > LONGEST:
        raise InputProblem("RW-ALERT-004", Problem(f"expected at most {LONGEST.days} days", place="from"))
    found = incident(
        ask.deployment, ask.principal, start=start, end=end, use_case=ask.use_case,
        most_events=MOST_SHOWN, most_trouble=MOST_TROUBLE,
    )  # fmt: skip
    with ask.deployment.store.read() as tx:
        visible = visible_use_cases(ask, tx, "case.read")
        undone = list(_to_do(ask, tx, [case["id"] for case in found["cases"]]))
    found["alerts"] = [
        alert
        for alert in found["alerts"]
        if allows(ask.principal, "gate.read", use_case=alert["use_case"] or ask.principal.use_case)
    ]
    timeline = found["timeline"]
    page = {
        **found,
        "filters": {
            "from": start.isoformat(timespec="minutes"),
            "to": end.isoformat(timespec="minutes"),
            "use_case": ask.use_case,
        },
        "use_cases": list(visible),
        "timeline": [{**entry, "told": _told(entry)} for entry in timeline],
        "to_do": undone,
        "report": _report(found, undone, start, end),
    }
    return plain(page)  # type: ignore[no-any-return]


def _moment(ask: Ask, name: str) -> datetime | None:
    # A plus sign in a query is a blank: `+00:00` arrives as ` 00:00`. A field of a form tells no zone: it is UTC.
    text = ask.query.get(name, "").strip().replace(" ", "+")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputProblem(
            "RW-ALERT-004", Problem(f"`{text[:40]}` is no time", place=name, hint="2026-11-21T14:00Z")
        ) from None
    return moment if moment.tzinfo else datetime.fromisoformat(f"{text}+00:00")


def _told(entry: Mapping[str, Any]) -> str:
    """What an event says beside its kind, in one line."""
    told = entry["told"]
    first = [str(told[name]) for name in ("summary", "reason", "note") if told.get(name)]
    rest = [
        f"{name} {told[name]}" for name in ("stage", "from", "to", "share", "mark", "scope") if name in told
    ]
    return " · ".join((*first[:1], *rest))[:300]


def _to_do(ask: Ask, tx: Transaction, cases: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Effects that are not settled, and reviews in which something is to be put right, of the touched cases."""
    for id_, facts in ask.deployment.store.observed.facts(tx, cases, edges=False).items():
        case = facts.case
        if not allows(ask.principal, "case.read", use_case=case.use_case):
            continue
        about = {"case": id_, "key": case.key}
        for effect in facts.effects:
            if effect.state in _OPEN_ENDS:
                yield {
                    **about,
                    "what": f"{effect.tool} is {effect.state}",
                    "do": _OPEN_ENDS[effect.state],
                    "review": "",
                }
        for review in facts.reviews:
            if review.state is ReviewState.OPEN and review.kind is ReviewKind.CORRECTION:
                yield {**about, "what": "sent by a release that was halted", "do": "look at it; undo it if it is wrong",
                       "review": review.id}  # fmt: skip


def _report(
    found: Mapping[str, Any], undone: Sequence[Mapping[str, Any]], start: datetime, end: datetime
) -> str:
    """The head of a post-mortem as Markdown, to copy: what is known stands there, what people know is left open."""
    lines = [
        f"# Incident {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
        + (f": {_plain(found['use_case'])}" if found["use_case"] else ""),
        "",
        "## What happened",
        "",
        "(two sentences that somebody outside the team understands)",
        "",
        "## Whom it touched",
        "",
        f"- cases: {found['cases_touched']}",
        *(f"- {_plain(what)}: {count}" for what, count in found["what"].items()),
        "",
        "## Timeline (UTC)",
        "",
        *(_line(entry) for entry in found["timeline"][:_IN_REPORT]),
    ]
    if len(found["timeline"]) > _IN_REPORT or found["left_out"]:
        more = max(0, len(found["timeline"]) - _IN_REPORT) + found["left_out"]
        lines.append(f"- and {more} more")
    lines += ["", "## To be put right", ""]
    lines += [f"- [ ] {_plain(one['key'])}: {_plain(one['what'])}; {one['do']}" for one in undone] or [
        "- nothing is open"
    ]
    lines += ["", "## Why it could happen", "", "-", "", "## What we change", "",
              "| what | who | until |", "|---|---|---|", "| | | |", ""]  # fmt: skip
    return "\n".join(lines)


def _line(entry: Mapping[str, Any]) -> str:
    told = _told(entry)
    return f"- {entry['at'][11:19]} {entry['event']} by {_plain(entry['by'])}" + (
        f": {_plain(told)}" if told else ""
    )


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: no link, no picture, no markup comes to life where it is pasted."""
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))
