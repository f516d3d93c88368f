"""Which use cases there are, how far each is, what it brings, and what keeps it from going on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from roadworthy.business.month import MonthValue
from roadworthy.errors import InputProblem, Problem, RoadworthyError
from roadworthy.gate import Verdict
from roadworthy.operate.verdicts import Weighed, weigh
from roadworthy.ports import Transaction
from roadworthy.principal import allows
from roadworthy.release import Release, Rollout
from roadworthy.server.asking import Ask
from roadworthy.server.paging import paged
from roadworthy.server.problems import told
from roadworthy.server.views import standing, worth
from roadworthy.server.views.shared import (
    active_stops,
    candidate,
    case_counts,
    next_stage,
    plain,
    visible_use_cases,
)
from roadworthy.server.views.tour import tour
from roadworthy.stage import ROAD, Stage

FILTERS: Final = ("verdict", "stage", "after", "limit")
ROWS: Final = 20
"""Use cases of a page, where nothing else is asked: each takes the gate some milliseconds."""
VERDICTS: Final = ("pass", "hold", "fail", "none")
STAGES: Final = (*ROAD, Stage.HALTED)


def portfolio(ask: Ask) -> dict[str, Any]:
    """Every use case with its stage, the verdict on its next stage, its KPI, cost, reviews, stops and risks.

    ``verdict`` and ``stage`` of the query choose. A page is ordered by need of attention; where there are more use
    cases than rows of a page, pages are in the order of names.
    """
    filters = _filters(ask)
    store = ask.deployment.store
    with store.read() as tx:
        names = visible_use_cases(ask, tx, "gate.read")
        rollouts = store.releases.rollouts(tx, names)
        waiting = _waiting(ask, tx, names)
        stops = active_stops(ask, tx)
        wanted = [
            name for name in names if not filters["stage"] or _furthest(rollouts[name]) == filters["stage"]
        ]
        page, after = paged(replace(ask, query={"limit": str(ROWS), **ask.query}), wanted, str)
    counts = worth.this_month(ask, names)
    for name in page:
        _fetch_charter(ask, rollouts[name])
    cards, values = [], {}
    with store.read() as tx:
        for name in page:
            card, value = _card(ask, tx, name, rollouts[name], counts)
            cards.append(card | waiting[name] | {"stops": _reaching(stops, name)})
            if value is not None:
                values[name] = value
    for card in cards:
        card["risks"] = [*_stopped(card), *card["risks"]]
    cards = [card for card in cards if filters["verdict"] in {"", _word(card)}]
    cards.sort(key=_attention)
    return plain(  # type: ignore[no-any-return]
        {
            "use_cases": cards,
            "known": len(names),
            "tiles": {
                "value": worth.together(values),
                "in_production": sum(_furthest(one) is Stage.PRODUCTION for one in rollouts.values()),
                "use_cases": len(names),
                "waiting": sum(one["open_reviews"] for one in waiting.values()),
                "overdue": sum(one["overdue"] for one in waiting.values()),
                "at_risk": sum(bool(card["risks"]) for card in cards),
                "of": len(cards),
            },
            "filters": filters,
            "verdicts": list(VERDICTS),
            "stages": list(STAGES),
            "stops": stops,
            "tour": tour(ask),
            "after": after,
            "you_may_stop": allows(ask.principal, "stop", use_case=ask.principal.use_case),
        }
    )


def _fetch_charter(ask: Ask, rollout: Rollout) -> None:
    """A charter that was not read yet is fetched in a transaction of its own: not while another one is open."""
    release = candidate(rollout) or max(rollout.releases, key=lambda known: known.number)
    with suppress(RoadworthyError):  # said of its row
        ask.deployment.loader.charter(release.digest)


def _filters(ask: Ask) -> dict[str, str]:
    """Errors: ``InputProblem`` RW-SERVER-005 for a verdict or a stage that there is not."""
    found = {name: ask.query.get(name, "") for name in ("verdict", "stage")}
    known: Mapping[str, Sequence[str]] = {"verdict": VERDICTS, "stage": STAGES}
    problems = [
        Problem(f"found `{text[:60]}`", place=name, hint=f"one of {', '.join(known[name])}")
        for name, text in found.items()
        if text and text not in known[name]
    ]
    if problems:
        raise InputProblem("RW-SERVER-005", problems)
    return found


def _waiting(ask: Ask, tx: Transaction, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Open reviews and those past their time."""
    found = {name: {"open_reviews": 0, "overdue": 0} for name in names}
    bound = ask.principal.use_case
    for one in ask.deployment.store.inbox.counts(tx, bound, now=ask.deployment.now()):
        if one.use_case in found:
            found[one.use_case]["open_reviews"] += one.open
            found[one.use_case]["overdue"] += one.overdue
    return found


def _reaching(stops: Sequence[dict[str, Any]], use_case: str) -> list[dict[str, Any]]:
    return [stop for stop in stops if stop["scope"] in {"all", f"use_case:{use_case}"}]


def _card(
    ask: Ask, tx: Transaction, use_case: str, rollout: Rollout, counts: worth.Counts
) -> tuple[dict[str, Any], MonthValue | None]:
    """How a use case stands and what the gate says about its next stage; what it brought, where that can be read."""
    release = candidate(rollout)
    newest = max(rollout.releases, key=lambda known: known.number)
    card: dict[str, Any] = {
        "name": use_case,
        "title": use_case,
        "owner": "",
        "stage": _furthest(rollout),
        "road": road(rollout),
        "next": None,
        "verdict": None,
        "problem": "",
        "notes": [],
        "cases": case_counts(ask, tx, use_case),
        "kpi": None,
        "cost": None,
        "evidence": None,
        "value": None,
        "risks": [],
    }
    try:
        weighed = weigh(ask.deployment, tx, release or newest, rollout=rollout)
    except RoadworthyError as problem:
        return card | {
            "problem": told(problem, problem.message),
            "risks": ["its charter cannot be read"],
        }, None
    value = worth.brought(counts, weighed.charter, use_case)
    card |= {
        "title": weighed.charter.title,
        "owner": weighed.charter.owners.business,
        "kpi": standing.kpi(weighed),
        "cost": standing.cost(weighed),
        "value": value.as_json(),
    }
    if release is None:
        ended = f"{newest.name} is {newest.stage}: {newest.reason or 'it ended'}"
        return card | {"problem": ended, "risks": [f"{newest.name} is {newest.stage}"]}, value
    stage = next_stage(release)
    said = weighed.verdict(stage)
    return card | {
        "next": {"release": release.name, "stage": stage},
        "verdict": {
            "word": said.word,
            "sentence": said.sentence,
            "headline": headline(said, release),
            "open": len(said.open),
            "of": len(said.findings),
            "next_step": said.open[0].next_step if said.open else "",
        },
        "notes": list(said.notes),
        "evidence": standing.age(said),
        "risks": _risks(weighed, card["cost"]),
    }, value


def _risks(weighed: Weighed, cost: Mapping[str, Any]) -> list[str]:
    """Why somebody should look at it now, in words."""
    found = []
    there = standing.losing(weighed)
    if there is not None:
        lost = f"{len(there.open)} of {len(there.findings)} requirements"
        found.append(f"{weighed.release.name} is live in {there.stage}, and {lost} do not hold there")
    if cost["over"]:
        found.append("a case costs more than its budget")
    return found


def _stopped(card: Mapping[str, Any]) -> list[str]:
    risks = ["stopped"] if card["stops"] else []
    if card["overdue"]:
        risks.append(f"{card['overdue']} review{'s' if card['overdue'] > 1 else ''} overdue")
    return risks


def _word(card: Mapping[str, Any]) -> str:
    return card["verdict"]["word"] if card["verdict"] else "none"


def headline(said: Verdict, release: Release) -> str:
    """The verdict as a sentence about where the release is: out of the stage, or in it already."""
    if release.stage is not said.stage:
        return said.sentence
    held = f"{len(said.findings) - len(said.open)} of {len(said.findings)} requirements hold"
    if said.passes:
        return f"{release.name} is in {said.stage} and may stay there: {held}"
    next_step = said.open[0].next_step or said.open[0].asks
    return f"{release.name} is in {said.stage}, but only {held}; next: {next_step}"


def road(rollout: Rollout) -> list[dict[str, str]]:
    """The stages in order, and which release stands in each: the newest, unless a newer one is further on."""
    found: list[dict[str, str]] = []
    newest = 0
    for stage in reversed(ROAD):
        standing_here = [
            one.number for one in rollout.releases if one.stage is stage and one.number > newest
        ]
        newest = max(standing_here, default=newest)
        found.append({"stage": stage, "release": f"r{newest}" if standing_here else ""})
    return found[::-1]


def _furthest(rollout: Rollout) -> Stage:
    stages = {release.stage for release in rollout.releases}
    return next((stage for stage in reversed(ROAD) if stage in stages), Stage.HALTED)


def _attention(card: dict[str, Any]) -> tuple[bool, bool, bool, int, int, str]:
    """Most in need of attention first: stopped, at risk, without a verdict or failing, then by waiting reviews."""
    passes = card["verdict"] is not None and card["verdict"]["word"] == "pass"
    return (
        not card["stops"],
        not card["risks"],
        passes,
        -card["overdue"],
        -card["open_reviews"],
        card["name"],
    )
