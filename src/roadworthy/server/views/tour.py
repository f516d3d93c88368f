"""The tour of a demo: four things to see and do, each ticked by what is on record of whoever looks."""

from __future__ import annotations

from typing import Any

from roadworthy.casework.effect import EffectRecord
from roadworthy.operate.preferring import preferences
from roadworthy.operate.stopping import obedience
from roadworthy.operate.touring import has_tour, sights
from roadworthy.ports import Transaction
from roadworthy.principal import Stop, allows
from roadworthy.release import Release
from roadworthy.server.asking import Ask


def tour(ask: Ask) -> dict[str, Any] | None:
    """The steps of the strip; None where nobody is shown around: no demo accounts, or dismissed.

    ``mark`` of a step is the preference that opening it keeps; steps without one are ticked by the record alone.
    """
    me, chosen = ask.principal, preferences(ask.deployment, ask.principal)
    if chosen["tour"] == "dismissed":
        return None
    with ask.deployment.store.read() as tx:
        if not has_tour(ask.deployment, tx):
            return None
        names = tuple(
            name
            for name in ask.deployment.store.releases.use_cases(tx)
            if allows(me, "case.read", use_case=name)
        )
        found = sights(ask.deployment, tx, me, names)
        waiting = ask.deployment.store.reviews.count_open(tx, me.use_case)
        brake = _brake(ask, tx, found.stop)
    steps = [_refusal(found.refusal, chosen), _approval(ask, waiting, done=found.has_decided)]
    steps += [_rollback(found.rolled_back, chosen), brake]
    return {"steps": steps, "done": sum(step["done"] for step in steps), "of": len(steps)}


def _step(
    title: str, said: str, href: str, *, done: bool, mark: str = "", missing: str = ""
) -> dict[str, Any]:
    return {"title": title, "said": said, "href": href, "done": done, "mark": mark, "missing": missing}


def _refusal(found: EffectRecord | None, chosen: dict[str, str]) -> dict[str, Any]:
    if found is None:
        missing = "no effect was refused here yet"
        return _step("See a refusal", "", "", done=False, missing=missing)
    said = f"{found.tool} was held back: {found.reasons[0]}"
    if found.untrusted:
        said = f"{found.tool} was held back: {', '.join(found.untrusted[:3])} came from an untrusted source"
    href = f"/cases/{found.case}"
    return _step("See a refusal", said, href, done=chosen["seen:refusal"] == "yes", mark="seen:refusal")


def _approval(ask: Ask, waiting: int, *, done: bool) -> dict[str, Any]:
    title, missing = "Approve one yourself", ""
    if not allows(ask.principal, "review.decide", use_case=ask.principal.use_case):
        missing = "it takes the role reviewer, risk officer or owner"
    elif not waiting and not done:
        missing = "nothing waits in the inbox"
    more = f"{waiting} wait" if waiting != 1 else "one waits"
    said = (
        "" if missing else f"{more} in the inbox; open one with Enter, then a approves, e edits, r rejects"
    )
    return _step(title, said, "" if missing else "/inbox?view=all", done=done, missing=missing)


def _rollback(found: Release | None, chosen: dict[str, str]) -> dict[str, Any]:
    if found is None:
        return _step("See the rollback", "", "", done=False, missing="no release was rolled back here yet")
    href = f"/use-cases/{found.use_case}/releases/{found.name}"
    said = f"{found.name} was halted by itself: {found.reason}"
    return _step(
        "See the rollback", said, href, done=chosen["seen:rollback"] == "yes", mark="seen:rollback"
    )


def _brake(ask: Ask, tx: Transaction, thrown: Stop | None) -> dict[str, Any]:
    title = "Pull the brake"
    if thrown is not None:
        seen = obedience(ask.deployment, tx, thrown)
        took = max(seen.obeyed.values(), default=None)
        said = f"you stopped {thrown.scope}"
        if took is not None:
            said += f"; {len(seen.obeyed)} obeyed, the last after {took} ms"
        return _step(title, said, "/stop", done=True)
    if not allows(ask.principal, "stop", use_case=ask.principal.use_case):
        return _step(title, "", "", done=False, missing="your roles may not stop anything")
    return _step(
        title,
        "stop a use case and see how fast workers obey; a second person lifts it",
        "/stop",
        done=False,
    )
