"""What stands outside the database: models that charters name, receivers of alerts, restores that were proven."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from roadworthy.charter import Charter, LanguageModelPlan
from roadworthy.errors import InputProblem, RoadworthyError
from roadworthy.operate import errands
from roadworthy.operate.trying import Tried, newest_of
from roadworthy.routing import snapshot
from roadworthy.server.asking import Ask

if TYPE_CHECKING:
    from roadworthy.wiring.place import Workspace

MODEL_ERRAND = "try model"
RESTORED = "answer.restore"
"""The kind of measurement that says a restore was tried and was fast enough."""


def model_errand(use_case: str, model: str) -> str:
    """Under which name the try of a model is found."""
    return f"{MODEL_ERRAND} {use_case}/{model}"


def charters_of(ask: Ask, use_cases: Sequence[str]) -> list[tuple[str, Charter | None]]:
    """The newest charter of each use case; None where it cannot be read."""
    with ask.deployment.store.read() as tx:
        rollouts = ask.deployment.store.releases.rollouts(tx, use_cases)
    found: list[tuple[str, Charter | None]] = []
    for name in use_cases:
        release = newest_of(rollouts[name])
        try:
            found.append((name, ask.deployment.loader.charter(release.digest) if release else None))
        except RoadworthyError:
            found.append((name, None))
    return found


def models_of(ask: Ask, charters: Sequence[tuple[str, Charter | None]]) -> list[dict[str, Any]]:
    """Every language model that a charter names: where it is asked, whether its secret is there, what it costs."""
    today = ask.deployment.now().date()
    return [
        {"use_case": use_case, "model": name, **_model(ask, use_case, name, plan, charter, today)}
        for use_case, charter in charters
        if charter is not None
        for name, plan in charter.models.items()
    ]


def _model(
    ask: Ask, use_case: str, name: str, plan: LanguageModelPlan, charter: Charter, today: date
) -> dict[str, Any]:
    tried = errands.look(ask.deployment, model_errand(use_case, name))
    return {
        "asked_as": plan.model,
        "provider": plan.provider,
        "where": _host(plan),
        "secret": plan.secret,
        "secret_set": _is_set(plan.secret),
        **_price(ask.place, name, plan, charter, today),
        "tried": None if tried is None else {**tried.as_json(), **_told(tried.result)},
    }


def _told(result: Any) -> dict[str, Any]:
    if not isinstance(result, Tried):
        return {"answered": False, "said": "", "millis": 0}
    return {"answered": result.answered, "said": result.said, "millis": result.millis}


def _host(plan: LanguageModelPlan) -> str:
    """Where it is asked, without what an address may hold beside its host."""
    if "${" in plan.url:
        return "named by a variable"
    try:
        return urlsplit(plan.url).netloc.rpartition("@")[2] if plan.url else ""
    except ValueError:
        return "no address"


def _is_set(name: str) -> bool:
    from roadworthy.wiring.place import secret

    try:
        secret(name)
    except InputProblem:
        return False
    return True


def _price(
    place: Workspace | None, name: str, plan: LanguageModelPlan, charter: Charter, today: date
) -> dict[str, Any]:
    from roadworthy.wiring.prices import candidate_of

    if place is None:
        return {"priced": bool(plan.read_price or plan.call_bound), "price": "", "snapshot": ""}
    try:
        found = candidate_of(name, plan, place=place, today=today, region=charter.region)
    except InputProblem:
        return {"priced": False, "price": "the price file cannot be read", "snapshot": ""}
    known = found.price is not None or found.bound is not None
    source = found.price.source if found.price is not None else "its bound" if known else ""
    return {"priced": known, "price": source, "snapshot": snapshot(found.price, bound=found.bound)}


def told_of_receivers(place: Workspace | None) -> dict[str, Any]:
    """Who is told of alerts, by name and kind; ``problem`` where the file cannot be used. No secret, no address."""
    if place is None:
        return {"rows": [], "mails_reviews": False, "problem": ""}
    from roadworthy.wiring.receivers import receivers, review_mail

    try:
        rows = [{"name": one.name, "kind": type(one).__name__.lower()} for one in receivers(place)]
        return {"rows": rows, "mails_reviews": review_mail(place) is not None, "problem": ""}
    except InputProblem as fault:
        said = "; ".join(f"{one.place}: {one.message}" for one in fault.problems[:5])
        return {"rows": [], "mails_reviews": False, "problem": said}


def last_restore(ask: Ask, use_cases: Sequence[str]) -> dict[str, Any] | None:
    """The newest restore that somebody stood for; None where there is none."""
    store = ask.deployment.store
    with store.read() as tx:
        found = [
            (one.at, name, one.value)
            for name in use_cases
            for one in store.evidence.measurements(tx, name, kind=RESTORED, limit=1)
            if one.value >= 1
        ]
    if not found:
        return None
    at, use_case, _ = max(found)
    return {"at": at.isoformat(), "use_case": use_case}
