"""Which recorded cases there are to mirror, and what turned out to be right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from roadworthy.casework.case import CaseRecord, State
from roadworthy.errors import NotFound, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.stage import LIVE, ROAD, Stage

MOST_CASES = 10_000
USUAL_CASES = 200
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Selection:
    """Which recorded cases are mirrored: the newest that fit, or exactly those with the keys named.

    Only cases that a release decided in shadow, canary or production are recorded cases. ``since`` is
    when they were taken in, aware.
    """

    last: int = USUAL_CASES
    stage: Stage | None = None
    since: datetime | None = None
    keys: tuple[str, ...] = ()

    def problems(self) -> list[Problem]:
        """Everything that is wrong with it."""
        found = []
        if not 1 <= self.last <= MOST_CASES or len(self.keys) > MOST_CASES:
            found.append(Problem(f"1 to {MOST_CASES} cases are mirrored at once", place="last"))
        if self.stage is not None and self.stage not in LIVE:
            hint = f"one of {', '.join(stage for stage in ROAD if stage in LIVE)}"
            found.append(Problem(f"no case is live in {self.stage}", place="stage", hint=hint))
        if self.since is not None and self.since.utcoffset() is None:
            found.append(Problem("expected a time with its zone", place="since"))
        return found


def selected(deployment: Deployment, use_case: str, wanted: Selection) -> list[CaseRecord]:
    """The recorded cases that are wanted, the newest first, or in the order of their keys.

    Errors: ``NotFound`` RW-MIRROR-004 for every key without a recorded case.
    """
    if wanted.keys:
        return _named(deployment, use_case, wanted.keys)
    found: list[CaseRecord] = []
    for case in _newest_first(deployment, use_case, wanted.stage):
        if wanted.since is not None and case.created_at < wanted.since:
            break
        if _recorded(case):
            found.append(case)
        if len(found) == wanted.last:
            break
    return found


def _newest_first(deployment: Deployment, use_case: str, stage: Stage | None) -> Iterator[CaseRecord]:
    after = ""
    while True:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(tx, use_case, stage=stage, after=after, limit=_PAGE)
        yield from page.rows
        after = page.after
        if not after:
            return


def _named(deployment: Deployment, use_case: str, keys: Sequence[str]) -> list[CaseRecord]:
    found, missing = [], []
    with deployment.store.read() as tx:
        releases = deployment.store.releases.rollout(tx, use_case).releases
        newest = sorted(releases, key=lambda release: -release.number)
        for key in dict.fromkeys(keys):
            # Where people did the work, the run of a release in shadow is what was recorded.
            twins = ["", *(release.digest for release in newest)]
            runs = (deployment.store.cases.by_key(tx, use_case, key, twin=twin) for twin in twins)
            case = next((case for case in runs if case is not None and _recorded(case)), None)
            if case is None:
                missing.append(Problem(f"no release decided a case `{key}` of `{use_case}`", place="keys"))
            else:
                found.append(case)
    if missing:
        raise NotFound("RW-MIRROR-004", missing, hint="`roadworthy cases list` shows the newest")
    return found


def _recorded(case: CaseRecord) -> bool:
    """A release decided it, live or in shadow; people's work and other rehearsals have no recording."""
    return (
        case.stage in LIVE
        and bool(case.release)
        and bool(case.handled_by)
        and case.state is not State.OPEN
        and case.twin in {"", case.release}
    )


def true_answers(deployment: Deployment, tx: Transaction, original: CaseRecord) -> list[str]:
    """The true answers on record, from every source: of the case, and of the run that was live beside it."""
    known = list(deployment.store.cases.outcomes(tx, original.id))
    if original.twin:
        live = deployment.store.cases.by_key(tx, original.use_case, original.key)
        known += deployment.store.cases.outcomes(tx, live.id) if live else ()
    return sorted({outcome.truth for outcome in known})
