"""Releases for machines: which one a case gets, what one is, what tells two apart; promote, abort, go back."""

from __future__ import annotations

from typing import Any

from roadworthy.errors import InputProblem, Problem
from roadworthy.operate import rollout, telling
from roadworthy.operate.assigning import assigned
from roadworthy.quantities import Share
from roadworthy.release import Change
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import Body
from roadworthy.stage import ROAD, Stage


class NewPromotion(Body):
    """Where to: the stage, and for a canary another share than its charter says."""

    to: str
    share: float | None = None


class NewReason(Body):
    """Why, in a few words."""

    reason: str


def assignment(ask: Ask) -> dict[str, Any]:
    """Which release the case of a key has, or would get."""
    return assigned(ask.deployment, ask.principal, ask.path["name"], ask.query["case"]).as_json()


def shown(ask: Ask) -> dict[str, Any]:
    """One release, its signature verified."""
    return telling.tell(ask.deployment, ask.principal, ask.path["name"], ask.path["release"]).as_json()


def difference(ask: Ask) -> dict[str, Any]:
    """What tells two releases apart."""
    before, after = ask.query["before"], ask.query["after"]
    found = telling.compare(ask.deployment, ask.principal, ask.path["name"], before, after)
    return {
        "use_case": ask.path["name"],
        "before": before,
        "after": after,
        "differences": [
            {
                "kind": one.kind,
                "about": one.about,
                "sentence": one.sentence,
                "before": one.before,
                "after": one.after,
            }
            for one in found
        ],
    }


def promoted(ask: Ask, body: NewPromotion) -> dict[str, Any]:
    """Move a release one stage on, or its canary one step."""
    if body.to not in ROAD[1:]:
        known = ", ".join(ROAD[1:])
        raise InputProblem("RW-SERVER-005", Problem(f"`{body.to}` is no stage", place="to", hint=known))
    if body.share is not None and not 0 < body.share < 1:
        raise InputProblem("RW-SERVER-005", Problem("a share lies between 0 and 1", place="share"))
    share = Share(body.share) if body.share is not None else None
    change = rollout.promote_release(
        ask.deployment, ask.principal, ask.path["name"], ask.path["release"], Stage(body.to), share=share
    )
    return _moved(change)


def aborted(ask: Ask, body: NewReason) -> dict[str, Any]:
    """Halt a release."""
    change = rollout.abort_release(
        ask.deployment, ask.principal, ask.path["name"], ask.path["release"], reason=body.reason
    )
    return _moved(change)


def went_back(ask: Ask, body: NewReason) -> dict[str, Any]:
    """Bring back the release before the running one."""
    name = ask.path["name"]
    return _moved(rollout.back_to_previous(ask.deployment, ask.principal, name, reason=body.reason))


def _moved(change: Change) -> dict[str, Any]:
    return {"moved": [{**telling.release_json(one), "from": str(before)} for one, before in change.moved]}
