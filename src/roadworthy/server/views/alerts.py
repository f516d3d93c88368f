"""What burns, what is safe to do about it, and what fired before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from roadworthy.alerting import RULES, Alert, Mute, Severity
from roadworthy.alerting.messages import as_json
from roadworthy.measure.watching.objectives import OBJECTIVES, read_minutes
from roadworthy.operate.watching.alarms import list_alerts
from roadworthy.ports import Transaction
from roadworthy.principal import allows
from roadworthy.server.asking import Ask
from roadworthy.server.paging import rows_limit
from roadworthy.server.views.shared import plain, visible_use_cases

FILTERS: Final = ("use_case", "after", "limit")
MUTES: Final = {"1": "1 hour", "8": "8 hours", "24": "1 day", "168": "7 days"}
"""Hours that an alert can be muted for from the page."""
_LOOK: Final = {
    "review": ("The inbox", "/inbox"),
    "effect": ("The inbox", "/inbox"),
    "budget": ("What it costs", "/cost"),
    "cost": ("What it costs", "/cost"),
    "worker": ("What waits", "/operations"),
    "telemetry": ("What waits", "/operations"),
    "burn_rate": ("What went wrong", "/operations"),
}
_BEFORE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of the part of cases that may break an objective, over the three days that are kept.

    ``share`` is 1 where none broke it, 0 where as many did as may, and less where more did.
    """

    use_case: str
    objective: str
    broken: str
    cases: int
    bad: int
    share: float

    def as_json(self) -> dict[str, Any]:
        """As the page shows it."""
        return {name: getattr(self, name) for name in self.__slots__}


def alerts(ask: Ask) -> dict[str, Any]:
    """What fires, the least budget left first; the budgets of all objectives; and a page of what fired before."""
    now, store = ask.deployment.now(), ask.deployment.store
    told = list_alerts(
        ask.deployment,
        ask.principal,
        use_case=ask.use_case,
        after=ask.query.get("after", ""),
        limit=rows_limit(ask.query),
    )
    with store.read() as tx:
        visible = visible_use_cases(ask, tx, "gate.read")
        asked_about = [name for name in visible if not ask.use_case or name == ask.use_case]
        budgets = list(_budgets(ask, tx, asked_about))
        firing = [one for one in store.alerts.firing(tx) if _is_shown(ask, one)]
        mutes = store.alerts.mutes(tx, now)
        cards = [_card(ask, tx, one, budgets, mutes.get(one.key), now) for one in firing]
    cards.sort(key=lambda card: (card["budget_left"], card["severity"] != Severity.PAGE, card["since"]))
    page = {
        "filters": {"use_case": ask.use_case},
        "use_cases": list(visible),
        "firing": cards,
        "budgets": [one.as_json() for one in sorted(budgets, key=lambda one: one.share)],
        "sentence": _sentence(cards, budgets),
        "history": [
            {**row, "muted": mutes[row["key"]].until.isoformat() if row["key"] in mutes else None,
             **_period(row, now)}
            for row in told["alerts"]
        ],
        "after": told["after"],
        "mutes": MUTES,
    }  # fmt: skip
    return plain(page)  # type: ignore[no-any-return]


def _is_shown(ask: Ask, alert: Alert) -> bool:
    if ask.use_case and alert.use_case != ask.use_case:
        return False
    return allows(ask.principal, "gate.read", use_case=alert.use_case or ask.principal.use_case)


def _budgets(ask: Ask, tx: Transaction, use_cases: Sequence[str]) -> Iterator[Left]:
    for name in use_cases:
        minutes = read_minutes(ask.deployment, tx, name)
        cases = sum(counts[0] for counts in minutes.values())
        for place, objective in enumerate(OBJECTIVES, start=1):
            bad = sum(counts[place] for counts in minutes.values())
            may = (1 - objective.objective.value) * cases
            if may > 0:
                yield Left(name, objective.name, objective.broken, cases, bad, 1 - bad / may)


def _sentence(cards: Sequence[Mapping[str, Any]], budgets: Sequence[Left]) -> str:
    """What stands at the head of the page."""
    tightest = min(budgets, key=lambda one: one.share, default=None)
    if tightest is None:
        met = "No case ended in the last three days, so that no objective can be told"
    elif tightest.share < 0:
        met = f"{tightest.use_case} used up what its objective of {tightest.objective} allows"
    else:
        met = f"Tightest: {tightest.use_case} ({tightest.objective}), {tightest.share:.0%} budget left".replace(
            "%", " %"
        )
    if not cards:
        return f"All objectives met. {met}" if tightest and tightest.share >= 0 else f"Nothing fires. {met}"
    pages = sum(card["severity"] == Severity.PAGE for card in cards)
    many = f"{len(cards)} alert{'s' if len(cards) > 1 else ''} fire{'s' if len(cards) == 1 else ''}"
    return f"{many}, {pages} to be looked at now. {met}"


def _card(
    ask: Ask, tx: Transaction, alert: Alert, budgets: Sequence[Left], mute: Mute | None, now: datetime
) -> dict[str, Any]:
    """An alert with all that whoever was woken by it needs."""
    rule = RULES.get(alert.rule)
    of_it = [one for one in budgets if one.use_case == alert.use_case]
    named = [
        one
        for one in of_it
        if alert.rule.startswith("burn_rate.") and alert.key.endswith(f"/{one.objective}")
    ]
    left = min((one.share for one in named or of_it), default=1.0)
    may = allows(ask.principal, "stop", use_case=alert.use_case)
    told = as_json(alert)
    return {
        **told,
        "says": rule.says if rule else "",
        "budget_left": max(0.0, left) if of_it else 1.0,
        "has_budget": bool(of_it),
        "examples": list(_examples(ask, tx, alert)),
        "look": _look(alert),
        "muted": None
        if mute is None
        else {"until": mute.until.isoformat(), "by": mute.muted_by, "reason": mute.reason},
        "you_may_act": may,
        "why_not": ""
        if may
        else "acknowledging and muting need the role owner, builder, risk officer, operator or admin",
        **_period(told, now),
    }


def _examples(ask: Ask, tx: Transaction, alert: Alert) -> Iterator[dict[str, str]]:
    for id_ in alert.cases[:3]:
        case = ask.deployment.store.cases.get(tx, id_)
        if case is not None and allows(ask.principal, "case.read", use_case=case.use_case):
            yield {"id": case.id, "key": case.key, "state": case.state.value}


def _look(alert: Alert) -> list[dict[str, str]]:
    """Where to look, and where to pause or roll back."""
    links = []
    if found := _LOOK.get(alert.rule.partition(".")[0]):
        links.append({"label": found[0], "href": found[1], "use_case": alert.use_case})
    if alert.use_case:
        links.append({"label": "Its evidence", "href": f"/use-cases/{alert.use_case}", "use_case": ""})
        links.append({"label": "Roll back", "href": "/releases", "use_case": ""})
    return links


def _period(row: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """The period whose incident page tells of an alert: an hour before it until it ended."""
    end = row["resolved_at"] or now.isoformat()
    start = datetime.fromisoformat(row["since"]) - _BEFORE
    return {"from": start.isoformat(timespec="minutes"), "to": _minute_after(end)}


def _minute_after(text: str) -> str:
    return (datetime.fromisoformat(text) + timedelta(minutes=1)).isoformat(timespec="minutes")
