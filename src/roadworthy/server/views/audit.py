"""The audit explorer: what is proven of the ledger, its entries by every filter, one entry with its proof."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.operate import auditing, errands
from roadworthy.operate.explain import find_case
from roadworthy.operate.verifying import NAME
from roadworthy.ports.ledgers import Wanted
from roadworthy.principal import allows, require
from roadworthy.server.asking import Ask
from roadworthy.server.paging import rows_limit
from roadworthy.server.questions import ALONE, QUESTIONS
from roadworthy.server.views.shared import plain, visible_use_cases

CHOSEN: Final = ("kind", "use_case", "case", "by", "since", "until", "question", "above")
FILTERS: Final = (*CHOSEN, "after", "limit")
_LONGEST: Final = 200


def audit(ask: Ask) -> dict[str, Any]:
    """A page of entries, newest first, below what is known of the whole. ``after`` is the cursor of the next page.

    ``kind`` takes several, separated by commas; one that ends in a dot stands for all of that subject. ``case``
    takes an id or a key, ``since`` and ``until`` a day (both included) or a moment.
    """
    require(ask.principal, "ledger.verify")
    query = ask.query
    chosen = {name: query.get(name, "")[:_LONGEST] for name in CHOSEN}
    with ask.deployment.store.read() as tx:
        use_cases = list(visible_use_cases(ask, tx, "ledger.verify"))
    standing = auditing.ledger_standing(ask.deployment, ask.principal)
    found: dict[str, Any] = {"entries": [], "effects": [], "after": "", "looked_on": False}
    if query.get("question"):
        found |= _alone(ask)
    else:
        found |= _entries(ask)
    running = errands.look(ask.deployment, NAME)
    return plain(  # type: ignore[no-any-return]
        {
            "filters": chosen,
            "standing": {name: getattr(standing, name) for name in type(standing).__slots__},
            "verifying": running.as_json() if running else None,
            "choices": {**auditing.choices(ask.deployment, ask.principal), "use_cases": use_cases},
            "questions": [{"words": one.words, "href": one.address(ask.principal.id)} for one in QUESTIONS],
            **found,
        }
    )


def entry(ask: Ask) -> dict[str, Any]:
    """One entry with its bytes, its leaf, its proof, and what was erased of the content it points to."""
    text = ask.path["seq"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound("RW-LEDGER-022", Problem(f"no entry `{text[:40]}`"))
    told = auditing.entry_with_proof(ask.deployment, ask.principal, int(text))
    newest = ask.deployment.store.ledger.size() - 1
    return plain({"entry": told, "is_newest": int(text) >= newest})  # type: ignore[no-any-return]


def period(query: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """The moments from which on and before which. Errors: ``InputProblem`` RW-SERVER-005 naming both."""
    problems: list[Problem] = []
    since = _moment(query.get("since", ""), "since", problems, end=False)
    until = _moment(query.get("until", ""), "until", problems, end=True)
    if problems:
        raise InputProblem("RW-SERVER-005", problems)
    return since, until


def _entries(ask: Ask) -> dict[str, Any]:
    query = ask.query
    since, until = period(query)
    references = [query["use_case"]] if query.get("use_case") else []
    if query.get("case"):
        with ask.deployment.store.read() as tx:
            try:
                references.append(
                    find_case(ask.deployment, tx, query["case"], use_case=query.get("use_case", "")).id
                )
            except NotFound:
                raise InputProblem(
                    "RW-SERVER-005", Problem(f"no case `{query['case'][:_LONGEST]}`", place="case")
                ) from None
    wanted = Wanted(
        kinds=tuple(kind for kind in query.get("kind", "").split(",")[:20] if kind),
        actor=query.get("by", ""),
        references=tuple(references),
        since=since,
        until=until,
    )
    limit = rows_limit(query)
    page = auditing.find_entries(
        ask.deployment, ask.principal, wanted, before=_before(query.get("after", "")), limit=limit
    )
    return {
        "entries": [auditing.entry_json(one) for one in page.entries],
        "after": "" if page.before is None else str(page.before),
        "looked_on": page.before is not None and len(page.entries) < limit,
    }


def _alone(ask: Ask) -> dict[str, Any]:
    """What moved more than an amount without a person, the most first."""
    query = ask.query
    above = query.get("above", "0")
    problems = []
    if query["question"] != ALONE:
        problems.append(Problem("this question is unknown", place="question", hint=f"known: {ALONE}"))
    if not (above.isascii() and above.isdigit() and len(above) < 16):
        problems.append(Problem("expected a whole number of minor units, such as cents", place="above"))
    if problems:
        raise InputProblem("RW-SERVER-005", problems)
    store = ask.deployment.store
    with store.read() as tx:
        page = store.effects.alone(tx, int(above), after=query.get("after", ""), limit=rows_limit(query))
    return {
        "effects": [
            {
                "id": one.id,
                "case": one.case,
                "use_case": one.use_case,
                "tool": one.tool,
                "amount": one.amount,
                "state": one.state,
                "reasons": list(one.reasons),
                "certificate": one.certificate,
                "at": one.created_at.isoformat(),
            }
            for one in page.rows
            if allows(ask.principal, "case.read", use_case=one.use_case)
        ],
        "after": page.after,
    }


def _before(after: str) -> int | None:
    if not after:
        return None
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise InputProblem(
            "RW-SERVER-005",
            Problem("this is no cursor of a page", place="after", hint="begin again with the first page"),
        )
    return int(after)


def _moment(text: str, place: str, problems: list[Problem], *, end: bool) -> datetime | None:
    if not text:
        return None
    try:
        if len(text) == len("2026-11-01"):
            day = date.fromisoformat(text)
            moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
            return moment + timedelta(days=1) if end else moment
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        problems.append(Problem("expected a day such as `2026-11-01`, or a moment", place=place))
        return None
