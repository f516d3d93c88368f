"""What was spent, what a case comes to, where the month will end, and what could be cheaper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Transaction
from roadworthy.ports.outlooks import Outlook
from roadworthy.principal import require
from roadworthy.quantities import NANO, Cost
from roadworthy.server.asking import Ask
from roadworthy.server.paging import paged
from roadworthy.server.views.shared import plain, visible_use_cases
from roadworthy.usage import Level

if TYPE_CHECKING:
    from roadworthy.business.costs.report import Line, PerCase
    from roadworthy.measure.costs import Books

FILTERS: Final = ("use_case", "since", "until", "by", "after", "limit")
GROUPS: Final = ("use_case", "step", "model", "release", "work")
"""What the columns of the chart may be told apart by."""
_APART: Final = ("use_case", "work", "release", "step", "model")
_COUNTS: Final = (
    "calls", "retries", "unpriced", "model_calls", "hits", "tokens_read", "tokens_written", "nano", "interrupted",
)  # fmt: skip
MOST_DAYS: Final = 400
MOST_USE_CASES: Final = 50
MOST_ADVICE: Final = 20
MOST_KEYS: Final = 50


def cost(ask: Ask) -> dict[str, Any]:
    """The books of some days, the budgets of the month, and what the worker found ahead.

    Everything is read from sums and from what was worked out beforehand: how many cases and calls there are makes no
    difference. Errors: ``InputProblem`` RW-SERVER-005 for days and groups that are none.
    """
    require(ask.principal, "gate.read", use_case=ask.use_case)
    today = ask.deployment.now().date()
    month = today.replace(day=1)
    first, last = _day(ask, "since", month), _day(ask, "until", today)
    if not first <= last or (last - first).days >= MOST_DAYS:
        raise InputProblem(
            "RW-SERVER-005",
            Problem(f"expected at most {MOST_DAYS} days, found {first} to {last}", place="since"),
        )
    by = ask.query.get("by", "") or GROUPS[0]
    if by not in GROUPS:
        raise InputProblem(
            "RW-SERVER-005", Problem(f"`{by[:40]}` is no group", place="by", hint=", ".join(GROUPS))
        )
    with ask.deployment.store.read() as tx:
        seen = visible_use_cases(ask, tx, "gate.read")
        names = [ask.use_case] if ask.use_case else list(seen[:MOST_USE_CASES])
        ahead = _ahead(tx, names)
    page = {
        "filters": {
            "use_case": ask.use_case,
            "since": first.isoformat(),
            "until": last.isoformat(),
            "by": by,
        },
        "groups": list(GROUPS),
        "use_cases": list(seen),
        "left_out": 0 if ask.use_case else max(0, len(seen) - MOST_USE_CASES),
        "month": f"{today:%Y-%m}",
        "prices": _price_list(),
    }
    if not names:
        return plain(page | _nothing())  # type: ignore[no-any-return]
    found = _books(ask, names, first, last)
    of_month = found if (first, last) == (month, today) else _books(ask, names, month, today)
    length = (last - first).days + 1
    before = first - timedelta(days=length), first - timedelta(days=1)
    whole = found.lines(by=_APART, period="all")
    rows, after = paged(ask, _rows(whole), _row_name, newest_first=True)
    page |= {
        "any": bool(found.steps or found.calls or found.cases or found.evaluations),
        "tiles": _tiles(found),
        "spent": _total(whole),
        "before": {
            "since": before[0].isoformat(),
            "until": before[1].isoformat(),
            "spent": _before(ask, names, *before),
        },
        "days": _days(ask, found, by),
        "rows": rows,
        "after": after,
        "per_case": [one.as_json() for one in found.per_case()],
        "unpriced": [one.as_json() for one in found.unpriced()],
        "budgets": _budgets(
            of_month, whole if of_month is found else of_month.lines(by=_APART, period="all"), ahead
        ),
        "tree": _tree(ask, of_month, names, f"{today:%Y-%m}"),
        "saved": [
            {"use_case": one.use_case, "at": one.at.isoformat(), **one.body["saved"]}
            for one in ahead.values()
        ],
        "targets": [
            {"use_case": one.use_case, "at": one.at.isoformat(), **one.body["target"]}
            for one in ahead.values()
        ],
        "advice": _advice(ahead.values()),
        "not_worked_out": [name for name in names if name not in ahead],
    }
    return plain(page)  # type: ignore[no-any-return]


def _nothing() -> dict[str, Any]:
    lists = ("days", "rows", "per_case", "unpriced", "budgets", "tree", "saved", "targets", "advice")
    return {name: [] for name in lists} | {
        "any": False,
        "tiles": None,
        "spent": str(Cost(0)),
        "before": None,
        "after": "",
        "not_worked_out": [],
    }


def _books(ask: Ask, names: Sequence[str], first: date, last: date) -> Books:
    from roadworthy.measure.costparts import summed
    from roadworthy.wiring.costs import cost_books, cost_parts

    return summed(
        ask.deployment,
        ask.principal,
        names,
        parts=cost_parts(),
        costs=cost_books(),
        first=first,
        last=last,
    )


def _before(ask: Ask, names: Sequence[str], first: date, last: date) -> str:
    from roadworthy.measure.costparts import spent
    from roadworthy.wiring.costs import cost_books, cost_parts

    found = spent(
        ask.deployment,
        ask.principal,
        names,
        parts=cost_parts(),
        costs=cost_books(),
        first=first,
        last=last,
    )
    return " + ".join(map(str, found)) or str(Cost(0))


def _ahead(tx: Transaction, names: Iterable[str]) -> dict[str, Outlook]:
    from roadworthy.wiring.costs import outlooks

    kept = outlooks()
    found = ((name, kept.get(tx, name, "cost")) for name in names)
    return {name: one for name, one in found if one is not None}


def _total(found: Iterable[Line]) -> str:
    """What all lines come to, by currency."""
    sums: dict[str, int] = defaultdict(int)
    for line in found:
        sums[line.cost.currency] += line.cost.nano
    return " + ".join(str(Cost(nano, currency)) for currency, nano in sorted(sums.items())) or str(Cost(0))


def _tiles(found: Books) -> dict[str, Any]:
    """Live cases of all use cases together; None where nothing can be divided, or currencies differ."""
    each = found.per_case()
    cases, resolved = sum(one.cases for one in each), sum(one.resolved for one in each)
    machines, people = _sum(each, "usage"), _sum(each, "people")
    whole = machines + people if machines is not None and people is not None else None

    def over(nano: int | None, number: int) -> str | None:
        return None if nano is None or not number else str(Cost(round(nano / number)))

    return {
        "cases": cases,
        "resolved": resolved,
        "reviews": sum(one.reviews for one in each),
        "people": None if people is None else str(Cost(people)),
        "per_case": over(whole, cases),
        "machines_per_case": over(machines, cases),
        "per_resolved": over(whole, resolved),
        "machines_per_resolved": over(machines, resolved),
    }


def _sum(each: Iterable[PerCase], name: str) -> int | None:
    """In euros: amounts of another currency are not added to them."""
    amounts: list[Cost] = [getattr(one, name) for one in each]
    if any(amount.nano and amount.currency != "EUR" for amount in amounts):
        return None
    return sum(amount.nano for amount in amounts)


def _days(ask: Ask, found: Books, by: str) -> list[dict[str, Any]]:
    """What each day cost, by the parts of the group: EUR as numbers, for the chart."""
    from roadworthy.measure.costparts import by_day
    from roadworthy.wiring.costs import cost_parts

    names = _release_names(ask, found) if by == "release" else {}
    sums: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for day, parts in by_day(ask.deployment, found, parts=cost_parts(), by=by).items():
        for part, nano in parts.items():
            told = part or ("none" if by != "model" else "local models and tools")
            sums[day][names.get(told, told.removeprefix("sha256:")[:40])] += nano
    length = (found.last - found.first).days + 1
    return [
        {"day": day.isoformat(), "parts": {part: nano / NANO for part, nano in sums.get(day, {}).items()}}
        for day in (found.first + timedelta(days=place) for place in range(length))
    ]


def _release_names(ask: Ask, found: Books) -> dict[str, str]:
    with ask.deployment.store.read() as tx:
        rollouts = ask.deployment.store.releases.rollouts(tx, list(found.rates))
    return {
        one.digest: f"{one.name} of {use_case}" if len(found.rates) > 1 else one.name
        for use_case, rollout in rollouts.items()
        for one in rollout.releases
    }


def _rows(whole: Iterable[Line]) -> list[dict[str, Any]]:
    """A row for each use case, model and step."""
    sums: dict[tuple[str, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys(_COUNTS, 0))
    for line in whole:
        of = sums[line.use_case, line.model, line.step, line.cost.currency]
        for name in _COUNTS[:5]:
            of[name] += getattr(line, name)
        of["tokens_read"] += line.tokens.read
        of["tokens_written"] += line.tokens.written
        of["nano"] += line.cost.nano
        of["interrupted"] += line.interrupted.nano
    return [
        {
            "use_case": use_case,
            "model": model,
            "step": step,
            **of,
            "cost": str(Cost(of["nano"], currency)),
            "interrupted": str(Cost(of["interrupted"], currency)),
        }
        for (use_case, model, step, currency), of in sums.items()
    ]


def _row_name(row: Mapping[str, Any]) -> str:
    return "\x1f".join([f"{row['nano']:020d}", row["use_case"], row["model"], row["step"], row["cost"]])


def _budgets(of_month: Books, whole: Iterable[Line], ahead: Mapping[str, Outlook]) -> list[dict[str, Any]]:
    """Each use case: what live work of the month has cost, of what limit, and where it will end."""
    spent: dict[str, int] = defaultdict(int)
    for line in whole:
        if line.work == "live":
            spent[line.use_case] += line.cost.nano
    told = []
    for name, rate in of_month.rates.items():
        looked, limit = ahead.get(name), rate.per_month
        month = f"{of_month.last:%Y-%m}"
        band = looked.body if looked is not None and looked.body["month"] == month else None
        told.append(
            {
                "use_case": name,
                "unit": rate.unit,
                "spent": str(Cost(spent[name], limit.currency)),
                "limit": str(limit),
                "share": spent[name] / limit.nano if limit.nano else None,
                "band": band["band"] if band else None,
                "runs_out": band["runs_out"] if band else [],
                "tested": band["tested"] if band else "",
                "note": band["note"] if band else "",
                "at": looked.at.isoformat() if band and looked else None,
            }
        )
    return told


def _tree(ask: Ask, of_month: Books, names: Sequence[str], month: str) -> list[dict[str, Any]]:
    """The budgets that calls to models are charged on, as they stand in the database."""
    everything = not ask.use_case
    units = sorted({rate.unit for rate in of_month.rates.values()})
    ids = [f"use_case:{name}@{month}" for name in names]
    if everything:
        ids = [f"platform@{month}", *(f"unit:{unit}@{month}" for unit in units), *ids]
    metering = ask.deployment.store.metering
    with ask.deployment.store.read() as tx:
        found = dict(metering.standing(tx, ids))
        if everything:
            page = metering.budgets(tx, level=Level.KEY, limit=MOST_KEYS)
            found |= {one.id: one for one in page.rows if one.id.endswith(f"@{month}")}
    order = list(Level)
    return [
        {
            "id": one.id,
            "level": one.level.value,
            "depth": order.index(one.level),
            "name": one.id.partition(":")[2].rpartition("@")[0] or "all of it",
            "limit": str(Cost(one.limit)),
            "spent": str(Cost(one.spent)),
            "held": str(Cost(one.held)),
            "left": str(Cost(one.limit - one.spent - one.held)),
            "overdrawn": one.spent + one.held > one.limit,
        }
        for one in sorted(found.values(), key=lambda one: (order.index(one.level), one.id))
    ]


def _advice(ahead: Iterable[Outlook]) -> list[dict[str, Any]]:
    """What saves most first, of all use cases together."""
    found = [
        {
            **one,
            "use_case": looked.use_case,
            "days": looked.body["advice_days"],
            "at": looked.at.isoformat(),
            "command": f"roadworthy cost advise {looked.use_case}",
        }
        for looked in ahead
        for one in looked.body["advice"]
    ]
    found.sort(key=lambda one: -Cost.parse(one["yearly"]).nano)
    return found[:MOST_ADVICE]


def _price_list() -> str:
    from roadworthy.wiring.costs import price_list

    return price_list()


def _day(ask: Ask, name: str, default: date) -> date:
    text = ask.query.get(name, "")
    if not text:
        return default
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise InputProblem(
            "RW-SERVER-005", Problem(f"`{text[:40]}` is no day", place=name, hint="such as 2026-11-01")
        ) from None
    if not date(1971, 1, 1) <= found <= date(9998, 1, 1):
        raise InputProblem("RW-SERVER-005", Problem(f"`{text[:40]}` is no day of ours", place=name))
    return found
