"""Asking a declared source: which release speaks for a use case, and what its queries answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from roadworthy.casework.case import CaseRecord
from roadworthy.charter import Query
from roadworthy.errors import InputProblem, NotFound, Problem, Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import LoadedRelease
from roadworthy.principal import SYSTEM, Principal, require
from roadworthy.release import Release
from roadworthy.stage import ROAD, Stage

_PAGE = 200


def may_measure(principal: Principal, use_case: str) -> None:
    """Refuse whoever may not measure; the schedule itself may. Errors: ``Refused`` RW-ACCESS-001."""
    if principal is not SYSTEM:
        require(principal, "measure", use_case=use_case)


def speaking_release(deployment: Deployment, use_case: str) -> Release:
    """The release whose charter says what is asked: the one that is furthest on the road, of equals the newest.

    Errors: ``NotFound`` RW-KPI-003 for a use case without a release.
    """
    with deployment.store.read() as tx:
        releases = deployment.store.releases.rollout(tx, use_case).releases
    if not releases:
        raise NotFound(
            "RW-KPI-003",
            f"`{use_case}` has no release whose charter names a KPI",
            hint="`roadworthy release start` begins one",
        )
    return max(releases, key=lambda one: (ROAD.index(one.stage) if one.stage in ROAD else -1, one.number))


def rows_of(loaded: LoadedRelease, query: Query, *, limit: int) -> Sequence[Mapping[str, Any]]:
    """What a declared query answers. Errors: those of the source, or ``Unavailable`` RW-KPI-004 where it is gone."""
    source = loaded.sources.get(query.source)
    if source is None:
        raise Unavailable(
            "RW-KPI-004",
            f"the source `{query.source}` cannot be asked: the release has no such database",
            retry_is_safe=True,
            hint="look at `data` in the charter",
        )
    try:
        return source.rows(query.sql, limit=limit)
    except OSError as problem:
        raise Unavailable(
            "RW-KPI-004",
            f"the source `{query.source}` cannot be asked: {type(problem).__name__}",
            retry_is_safe=True,
            hint="`roadworthy doctor`",
        ) from problem


def one_number(rows: Sequence[Mapping[str, Any]], place: str) -> float:
    """The one number of the one row. Errors: ``InputProblem`` RW-KPI-005 for anything else."""
    values = list(rows[0].values()) if len(rows) == 1 else []
    found = finite(values[0]) if len(values) == 1 else None
    if found is None:
        what = "another value" if len(values) == 1 else f"{len(rows)} rows of {_width(rows)} columns"
        raise InputProblem(
            "RW-KPI-005",
            Problem(f"expected one row with one finite number, found {what}", place=place),
            hint="the query answers with one row and one column, such as `select avg(minutes) from ticket`",
        )
    return found


def finite(value: object) -> float | None:
    """A finite number out of a database; None for anything else, yes and no included."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def live_cases(deployment: Deployment, use_case: str) -> Iterator[CaseRecord]:
    """Live cases, the newest first: those a release works on, those people work on, never a rehearsal."""
    after = ""
    while True:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(tx, use_case, twin="", after=after, limit=_PAGE)
        for case in page.rows:
            # Where no release works on it people do: its stage is draft, and it is as live as any.
            if case.stage not in {Stage.PILOT, Stage.SHADOW} and (
                case.release == "" or case.stage in ROAD[3:]
            ):
                yield case
        after = page.after
        if not after:
            return


def _width(rows: Sequence[Mapping[str, Any]]) -> int:
    return len(rows[0]) if rows else 0
