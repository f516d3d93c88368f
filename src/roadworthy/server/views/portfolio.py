"""Which use cases there are, how far each is, and what keeps it from going on."""

from __future__ import annotations

from typing import Any

from roadworthy.charter import Charter
from roadworthy.errors import RoadworthyError
from roadworthy.gate import Verdict
from roadworthy.operate.verdicts import verdict
from roadworthy.principal import allows
from roadworthy.release import Release, Rollout
from roadworthy.server.asking import Ask
from roadworthy.server.problems import told
from roadworthy.server.views.shared import (
    active_stops,
    candidate,
    case_counts,
    next_stage,
    visible_use_cases,
)
from roadworthy.stage import ROAD, Stage


def portfolio(ask: Ask) -> dict[str, Any]:
    """Every use case with its stage, the verdict on its next stage, its cases, reviews and stops."""
    store = ask.deployment.store
    with store.read() as tx:
        names = visible_use_cases(ask, tx, "gate.read")
        stops = active_stops(ask, tx)
        rollouts = {name: store.releases.rollout(tx, name) for name in names}
        counted: dict[str, dict[str, Any]] = {
            name: {
                "name": name,
                "cases": case_counts(ask, tx, name),
                "open_reviews": store.reviews.count_open(tx, name),
                "stops": [stop for stop in stops if stop["scope"] in {"all", f"use_case:{name}"}],
            }
            for name in names
        }
    # Verdicts read charters, each in a transaction of its own: not while this one is open.
    cards = [counted[name] | _progress(ask, name, rollouts[name]) for name in names]
    cards.sort(key=_attention)
    return {
        "use_cases": cards,
        "stops": stops,
        "you_may_stop": allows(ask.principal, "stop", use_case=ask.principal.use_case),
    }


def _progress(ask: Ask, use_case: str, rollout: Rollout) -> dict[str, Any]:
    """How far a use case is and what the gate says about its next stage."""
    release = candidate(rollout)
    newest = max(rollout.releases, key=lambda known: known.number)
    progress: dict[str, Any] = {
        "title": use_case,
        "owner": "",
        "stage": _furthest(rollout),
        "road": road(rollout),
        "next": None,
        "verdict": None,
        "problem": "",
        "notes": [],
    }
    try:
        charter = ask.deployment.loader.charter((release or newest).digest)
        progress |= _promised(charter)
        if release is None:
            progress["problem"] = f"{newest.name} is {newest.stage}: {newest.reason or 'it ended'}"
            return progress
        stage = next_stage(release)
        progress["next"] = {"release": release.name, "stage": stage}
        said = verdict(ask.deployment, ask.principal, use_case, release.name, stage)
    except RoadworthyError as problem:
        return progress | {"problem": told(problem, problem.message)}
    return progress | {
        "verdict": {
            "word": said.word,
            "sentence": said.sentence,
            "headline": headline(said, release),
            "open": len(said.open),
            "of": len(said.findings),
            "next_step": said.open[0].next_step if said.open else "",
        },
        "notes": list(said.notes),
    }


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
        standing = [one.number for one in rollout.releases if one.stage is stage and one.number > newest]
        newest = max(standing, default=newest)
        found.append({"stage": stage, "release": f"r{newest}" if standing else ""})
    return found[::-1]


def _furthest(rollout: Rollout) -> Stage:
    stages = {release.stage for release in rollout.releases}
    return next((stage for stage in reversed(ROAD) if stage in stages), Stage.HALTED)


def _promised(charter: Charter) -> dict[str, str]:
    return {"title": charter.title, "owner": charter.owners.business}


def _attention(card: dict[str, Any]) -> tuple[bool, bool, int, str]:
    """Most in need of attention first: stopped, without a verdict or failing, then by waiting reviews."""
    passes = card["verdict"] is not None and card["verdict"]["word"] == "pass"
    return (not card["stops"], passes, -card["open_reviews"], card["name"])
