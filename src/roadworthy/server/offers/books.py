"""Costs, knowledge and the ledger, for reading."""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.ledger import Entry, decode
from roadworthy.operate import proving
from roadworthy.operate.tools.keeping import chosen
from roadworthy.principal import require
from roadworthy.quantities import Cost
from roadworthy.server.answers import books as told
from roadworthy.server.asking import Ask
from roadworthy.server.operations import ONE_USE_CASE, PAGED, Operation, showing
from roadworthy.server.paging import cursor, paged, read_cursor, rows_limit
from roadworthy.server.views.shared import plain

if TYPE_CHECKING:
    from roadworthy.business.costs.forecast import Band, MonthForecast

MOST_PASSAGES: Final = 50
_LONGEST_QUESTION: Final = 2_000
_FIELDS: Final = ("unit", "use_case", "work", "release", "step", "model")
_PERIODS: Final = ("day", "month", "all")


def costs(ask: Ask) -> dict[str, Any]:
    """What was spent in a period. Days are those of UTC; a page holds lines, the rest is on every page."""
    from roadworthy.measure.costs import books, budgets
    from roadworthy.wiring.costs import cost_books

    require(ask.principal, "gate.read", use_case=ask.use_case)
    today, ports = ask.deployment.now().date(), cost_books()
    first, last = _day(ask, "since", today.replace(day=1)), _day(ask, "until", today)
    by = tuple(
        _one_of(ask, "by", name, _FIELDS)
        for name in ask.query.get("by", "use_case,work,release").split(",")
    )
    period = _one_of(ask, "every", ask.query.get("every", "all"), _PERIODS)
    found = books(
        ask.deployment,
        ask.principal,
        [ask.use_case] if ask.use_case else [],
        costs=ports,
        first=first,
        last=last,
    )
    lines = [line.as_json() for line in found.lines(by=by, period=period)]  # type: ignore[arg-type]
    page, after = paged(ask, lines, _line_name)
    return plain(  # type: ignore[no-any-return]
        {
            "since": first.isoformat(),
            "until": last.isoformat(),
            "lines": page,
            "after": after,
            "per_case": [one.as_json() for one in found.per_case()],
            "budgets": [
                {**used.as_json(), "runs_out": _dates(end)}
                for used, end in budgets(ask.deployment, found, costs=ports, today=today)
            ],
            "unpriced": [one.as_json() for one in found.unpriced()],
        }
    )


def forecast(ask: Ask) -> dict[str, Any]:
    """Where the month will end, and what a month of so many cases costs."""
    from roadworthy.measure.costs import books, budgets, volume_forecast
    from roadworthy.wiring.costs import cost_books

    name, text = ask.path["name"], ask.query.get("volume", "0")
    require(ask.principal, "gate.read", use_case=name)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputProblem("RW-SERVER-005", Problem("expected a number of cases", place="volume"))
    today, ports = ask.deployment.now().date(), cost_books()
    found = books(
        ask.deployment, ask.principal, [name], costs=ports, first=today.replace(day=1), last=today
    )
    ((used, end),) = budgets(ask.deployment, found, costs=ports, today=today)
    target = volume_forecast(ask.deployment, ask.principal, name, costs=ports, today=today, cases=int(text))
    return plain(  # type: ignore[no-any-return]
        {
            "use_case": name,
            "month": end.month,
            "spent": str(used.spent),
            "limit": str(used.limit),
            "days_left": end.days_left,
            "days_known": end.history,
            "band": _band(end.band),
            "runs_out": _dates(end),
            "tested": None if end.tested is None else end.tested.sentence,
            "note": end.note,
            "target": {
                "cases": target.cases,
                "seen": target.seen,
                "band": _band(target.band),
                "per_case": _band(target.each),
                "note": target.note,
            },
        }
    )


def passages(ask: Ask) -> dict[str, Any]:
    """What a knowledge source holds for a question, with the rights of the release that works."""
    name, base = ask.path["name"], ask.path["base"]
    require(ask.principal, "knowledge.read", use_case=name)
    wanted = ask.query.get("limit", "5")
    if not (
        wanted.isascii() and wanted.isdigit() and len(wanted) < 4 and 1 <= int(wanted) <= MOST_PASSAGES
    ):
        raise InputProblem("RW-SERVER-005", Problem(f"expected 1 to {MOST_PASSAGES}", place="limit"))
    if len(ask.query["q"]) > _LONGEST_QUESTION:
        raise InputProblem("RW-SERVER-005", Problem(f"at most {_LONGEST_QUESTION} characters", place="q"))
    release = chosen(ask.deployment, name)
    retrievers = ask.deployment.loader.load(release.digest).retrievers
    if base not in retrievers:
        known = ", ".join(sorted(retrievers)) or "none"
        raise NotFound(
            "RW-SERVER-018",
            Problem(f"no knowledge source `{base[:100]}`", hint=f"of {release.name}: {known}"),
        )
    found = retrievers[base].search(ask.query["q"], top_k=int(wanted))
    names = (
        "document", "title", "text", "score", "digest", "as_of", "chunk", "page", "origin", "stale", "trusted",
    )  # fmt: skip
    rows = [{**{key: getattr(one, key) for key in names}, "headings": list(one.headings)} for one in found]
    return plain({"use_case": name, "base": base, "release": release.name, "passages": rows})  # type: ignore[no-any-return]


def entries(ask: Ask) -> dict[str, Any]:
    """A page of the ledger, oldest first."""
    limit, after = rows_limit(ask.query), read_cursor(ask.query.get("after", ""))
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
    found = proving.read_entries(ask.deployment, ask.principal, start=start, limit=limit + 1)
    following = cursor(str(found[limit].seq)) if len(found) > limit else ""
    return {"entries": [_entry(one) for one in found[:limit]], "after": following}


def entry(ask: Ask) -> dict[str, Any]:
    """One entry. Errors: ``NotFound`` RW-LEDGER-022."""
    seq = _number(ask)
    found = proving.read_entries(ask.deployment, ask.principal, start=seq, limit=1)
    if not found or found[0].seq != seq:
        raise NotFound("RW-LEDGER-022", Problem(f"no entry {seq}"))
    return _entry(found[0])


def proof(ask: Ask) -> dict[str, Any]:
    """That an entry lies under the newest signed head."""
    made = proving.prove(ask.deployment, ask.principal, _number(ask))
    return {
        "seq": made.entry.seq,
        "event": b64encode(made.entry.event).decode(),
        "leaf": made.entry.leaf.hex(),
        "size": made.head.checkpoint.size,
        "root": made.head.checkpoint.root.hex(),
        "path": [one.hex() for one in made.path],
        "note": made.head.note,
    }


def checkpoint(ask: Ask) -> dict[str, Any]:
    """The newest signed head of the ledger."""
    head = proving.newest_head(ask.deployment, ask.principal)
    return {
        "note": head.note,
        "size": head.checkpoint.size,
        "root": head.checkpoint.root.hex(),
        "origin": head.checkpoint.origin,
        "key": head.key,
        "waiting": head.waiting,
    }


def _band(band: Band | None) -> dict[str, Any] | None:
    if band is None:
        return None
    low, middle, high = (str(Cost(round(one))) for one in (band.low, band.middle, band.high))
    return {"low": low, "middle": middle, "high": high, "coverage": 0.8}


def _dates(end: MonthForecast) -> list[str | None]:
    """Early, middle and late day on which the budget is gone; None: not within the month."""
    return [None if day is None else day.isoformat() for day in end.runs_out]


def _entry(found: Entry) -> dict[str, Any]:
    event = decode(found.event)
    return {
        "seq": found.seq,
        "leaf": found.leaf.hex(),
        "kind": event.kind,
        "actor": event.actor,
        "at": event.at.isoformat(),
        "about": dict(event.about),
        "data": dict(event.data),
    }


def _number(ask: Ask) -> int:
    text = ask.path["seq"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound(
            "RW-LEDGER-022", Problem(f"no entry `{text[:100]}`", hint="entries are counted from 0 on")
        )
    return int(text)


def _day(ask: Ask, place: str, default: date) -> date:
    text = ask.query.get(place, "")
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        raise InputProblem(
            "RW-SERVER-005", Problem(f"`{text[:40]}` is no day", place=place, hint="2026-11-21")
        ) from None


def _one_of(ask: Ask, place: str, found: str, known: tuple[str, ...]) -> str:
    if found not in known:
        raise InputProblem(
            "RW-SERVER-005",
            Problem(f"`{found[:60]}` is unknown", place=place, hint=f"known: {', '.join(known)}"),
        )
    return found


def _line_name(line: Any) -> str:
    return "\x1f".join(str(line[name]) for name in ("period", *_FIELDS))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/costs", "readCosts", "What was spent, per case and of the budgets; of all use cases, or of one.",
        showing(costs),
        query={
            **ONE_USE_CASE, "since": "first day (default: of this month)", "until": "last day (default: today)",
            "by": f"what lines are told apart by, of {', '.join(_FIELDS)}", "every": "`day`, `month` or `all` (default)",
            **PAGED,
        },
        answer=told.CostReport,
    ),
    Operation(
        "GET", "/use-cases/{name}/forecast", "readForecast",
        "Where this month will end, and what a month of so many cases costs.",
        showing(forecast), query={"volume": "cases a month (default: what the charter expects)"},
        answer=told.ForecastTold,
    ),
    Operation(
        "GET", "/use-cases/{name}/knowledge/{base}", "searchKnowledge",
        "Passages of a knowledge source, best first, with the rights of the release that works.",
        showing(passages), query={"q": "the question", "limit": f"passages, 1 to {MOST_PASSAGES} (default 5)"},
        required=frozenset({"q"}), answer=told.PassageList,
    ),
    Operation(
        "GET", "/ledger/checkpoint", "readCheckpoint", "The newest signed head of the ledger, to be kept elsewhere.",
        showing(checkpoint), answer=told.CheckpointTold,
    ),
    Operation(
        "GET", "/ledger/entries", "listEntries", "Entries of the ledger, oldest first.",
        showing(entries), query=PAGED, answer=told.EntryList,
    ),
    Operation("GET", "/ledger/entries/{seq}", "readEntry", "One entry of the ledger.", showing(entry), answer=told.EntryTold),
    Operation(
        "GET", "/ledger/entries/{seq}/proof", "proveEntry",
        "That an entry lies under the newest signed head, checkable without this server.",
        showing(proof), answer=told.ProofTold,
    ),
)  # fmt: skip
