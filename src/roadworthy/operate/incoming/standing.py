"""Which charter stands for a use case at its doors, and how what came in fills the fields of a case."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Final

from roadworthy.charter import Charter, Field_
from roadworthy.errors import Conflict, Corrupt, InputProblem, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import Receipt, keep_reject, submit
from roadworthy.principal import Kind, Principal, Role
from roadworthy.release import Release, Rollout
from roadworthy.stage import Stage

_FIRST: Final = (Stage.PRODUCTION, Stage.CANARY, Stage.SHADOW, Stage.PILOT, Stage.HALTED)
"""The release that works most of the cases says who may bring them. One that is halted goes on taking them in, for
people; a draft opens no door, and one that is retired leaves none open."""

_BREACHES, _OTHER_CONTENT = "RW-CASE-020", "RW-CASE-021"
_log = logging.getLogger("roadworthy.incoming")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def standing_charter(deployment: Deployment, use_case: str) -> Charter | None:
    """The charter whose doors are open; None where no release is far enough. Errors: as the loader's ``charter``."""
    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
    release = _standing(rollout)
    return deployment.loader.charter(release.digest) if release else None


def open_charters(deployment: Deployment) -> Iterator[Charter]:
    """Those of all use cases; one that cannot be read keeps no other closed."""
    with deployment.store.read() as tx:
        names = deployment.store.releases.use_cases(tx)
    for name in names:
        try:
            charter = standing_charter(deployment, name)
        except (InputProblem, Corrupt) as problem:
            _log.warning(
                "the doors of %s stay closed: %s", name, problem.code, extra={"code": problem.code}
            )
            continue
        if charter is not None:
            yield charter


def _standing(rollout: Rollout) -> Release | None:
    by_number = sorted(rollout.releases, key=lambda release: -release.number)
    fit = (release for stage in _FIRST for release in by_number if release.stage is stage)
    return next(fit, None)


def doorkeeper(kind: str, name: str, use_case: str) -> Principal:
    """Who brings what comes in by a door: it may bring cases and outcomes of this use case, and nothing else."""
    shown = f"{kind}:{name}"
    return Principal(shown, shown, Kind.SERVICE, frozenset({Role.CLIENT}), use_case=use_case)


def bring(
    deployment: Deployment, by: Principal, key: str, data: Mapping[str, object]
) -> tuple[Receipt | None, tuple[Problem, ...]]:
    """A case, or why it is none: then it is kept among the rejects. Run twice: as ``submit``.

    Errors: those of the store, and of a release that cannot be read; what raises them was not taken.
    """
    try:
        return _submitted(deployment, by, key, data), ()
    except Conflict as problem:
        if problem.code != _OTHER_CONTENT:
            raise
        keep_reject(deployment, by.use_case, key, data, problem.problems)
        return None, problem.problems
    except InputProblem as problem:
        if problem.code != _BREACHES:
            raise
        return None, problem.problems  # kept by whoever found them


def _submitted(deployment: Deployment, by: Principal, key: str, data: Mapping[str, object]) -> Receipt:
    try:
        return submit(deployment, by, by.use_case, key, data)
    except Conflict:
        # Another worker may take in the very same at this moment: asked again, it is there.
        return submit(deployment, by, by.use_case, key, data)


def fitted(field: Field_ | None, value: object) -> object:
    """A value as the field takes it, where there is only one way to mean it; everything else as it is."""
    if field is None or value is None:
        return value
    if field.type == "integer":
        whole = isinstance(value, str) and _WHOLE.fullmatch(value.strip())
        return int(str(value)) if whole else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value


def value_at(value: object, path: str) -> object:
    """What stands at a path such as ``data.lines.0.text``; None where nothing does."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
