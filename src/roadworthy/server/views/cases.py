"""Cases: the list, and everything on record about one of them in the order input, decision, effects."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from roadworthy.casework.case import State
from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.explain import case_json, explain
from roadworthy.principal import require
from roadworthy.server.asking import Ask
from roadworthy.server.paging import rows_limit
from roadworthy.server.views.shared import plain, visible_use_cases
from roadworthy.stage import Stage

W = TypeVar("W", bound=StrEnum)
FILTERS = ("use_case", "state", "stage", "release", "after", "limit")


def cases(ask: Ask) -> dict[str, Any]:
    """A page of cases, newest first. ``after`` in the answer is the cursor of the next page, empty at the end.

    A filter by release takes its digest or, with a use case, its name (``r2``).
    """
    require(ask.principal, "case.read", use_case=ask.use_case)
    state, stage = _one_of("state", State, ask.query), _one_of("stage", Stage, ask.query)
    store = ask.deployment.store
    with store.read() as tx:
        release = ask.query.get("release", "")
        if release and ask.use_case:
            release = store.releases.rollout(tx, ask.use_case).named(release).digest
        page = store.cases.list(
            tx,
            ask.use_case,
            state=state,
            stage=stage,
            release=release,
            flagged=ask.query.get("flagged") == "yes",
            after=ask.query.get("after", ""),
            limit=rows_limit(ask.query),
        )
        return {
            "filters": {name: ask.query.get(name, "") for name in FILTERS[:4]} | {"use_case": ask.use_case},
            "use_cases": list(visible_use_cases(ask, tx, "case.read")),
            "states": list(State),
            "stages": list(Stage),
            "cases": [plain(case_json(case)) for case in page.rows],
            "after": page.after,
        }


def case(ask: Ask) -> dict[str, Any]:
    """One case: what went in, how it was decided, what came of it, who took part, and the ledger."""
    told = explain(ask.deployment, ask.principal, ask.path["name"], use_case=ask.use_case)
    return plain({**told, "decision": decision(told)})  # type: ignore[no-any-return]


def explained(ask: Ask) -> dict[str, Any]:
    """What ``operate.explain`` tells, as it is."""
    told = explain(ask.deployment, ask.principal, ask.path["name"], use_case=ask.use_case)
    return plain(told)  # type: ignore[no-any-return]


def decision(told: Mapping[str, Any]) -> dict[str, Any]:
    """What spoke for the decision: the prediction, what it rested on, and the bar it had to pass.

    Edge: a role that may not read content gets label, confidence and threshold only.
    """
    predictions = [found for step in told["steps"] if (found := _value(step, "predict")) is not None]
    passages = [
        passage
        for step in told["steps"]
        for passage in _value(step, "retrieve") or ()
        if isinstance(passage, Mapping)
    ]
    thresholds = [effect["threshold"] for effect in told["effects"] if effect["threshold"] is not None]
    return {
        "answer": told["case"]["answer"],
        "confidence": told["case"]["confidence"],
        "threshold": thresholds[0] if thresholds else None,
        "prediction": predictions[0] if predictions else None,
        "passages": passages,
    }


def _value(step: Mapping[str, Any], kind: str) -> Any:
    """The recorded value of a step of this kind; None where it is another kind or cannot be shown."""
    result = step["result"]
    if not step["name"].startswith(f"{kind}:") or not isinstance(result, Mapping):
        return None
    return result.get("value")


def _one_of(name: str, kind: type[W], query: Mapping[str, str]) -> W | None:
    wanted = query.get(name, "")
    known = {str(member): member for member in kind}
    if wanted and wanted not in known:
        raise InputProblem(
            "RW-SERVER-005",
            Problem(f"`{wanted}` is unknown", place=name, hint=f"known: {', '.join(known)}"),
        )
    return known.get(wanted)
