"""What is known of reviewers: how long they look, how they agree, what they catch. Shown to them, and to the owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any, Final

from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.ports.inbox import Look
from roadworthy.ports.spotchecks import Part, SpotAnswer
from roadworthy.principal import Principal, require
from roadworthy.quantities import Interval, Share
from roadworthy.trust import clopper_pearson
from roadworthy.trust.agreement import Kappa, cohen_kappa

LEAST: Final = 20
"""Of fewer answers nothing is told: they would say more of chance than of a person."""
_CONFIDENCE: Final = Share(0.95)
_MOST: Final = 5_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many, with its interval."""

    hits: int
    n: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class ReviewerFigures:
    """One person's answers. What rests on fewer than 20 is None.

    ``seconds``: median active time as their page told it, of answers that have one. ``approved``: how often they approve
    effects. ``blind``: agreement of their own answer with the machine's, given before they saw it. ``colleagues``: with
    others who checked the same case without seeing their answer. ``caught``: planted wrong answers they found.
    """

    reviewer: str
    answers: int
    seconds: float | None
    approved: Rate | None
    blind: Kappa | None
    colleagues: Kappa | None
    caught: Rate | None

    def as_json(self) -> dict[str, Any]:
        """As every door shows it."""
        return {
            "reviewer": self.reviewer,
            "answers": self.answers,
            "seconds": self.seconds,
            "approved": _rate_json(self.approved),
            "blind_agreement": _kappa_json(self.blind),
            "agreement_with_colleagues": _kappa_json(self.colleagues),
            "planted_caught": _rate_json(self.caught),
            "least": LEAST,
        }


def reviewer_figures(
    deployment: Deployment, principal: Principal, use_case: str, *, reviewer: str = "", days: int = 90
) -> tuple[ReviewerFigures, ...]:
    """Figures of one reviewer, or of all who answered; of the newest 5,000 answers of the time.

    Errors: ``Refused`` RW-ACCESS-001 for anybody but the reviewer themself and the owner; ``InputProblem``
    RW-REVIEW-023 for no time.
    """
    if not reviewer or reviewer != principal.id:
        require(principal, "review.stats", use_case=use_case)
    if not 1 <= days <= 3_660:
        raise InputProblem("RW-REVIEW-023", Problem("expected 1 to 3660 days", place="days"))
    since = deployment.now() - timedelta(days=days)
    with deployment.store.read() as tx:
        looks = deployment.store.inbox.looks(tx, use_case, principal=reviewer, since=since, limit=_MOST)
        page = deployment.store.spot_checks.answers_of(tx, use_case, limit=1_000)
        cases = {
            one.case: deployment.store.cases.get(tx, one.case)
            for one in page.rows
            if one.part is Part.PLANTED
        }
    given = [one for one in page.rows if one.answered_by and one.answered_at and one.answered_at >= since]
    sent: dict[str, str] = {case: found.answer for case, found in cases.items() if found is not None}
    by_person: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        by_person[look.principal].append(look)
    people = {reviewer} if reviewer else {*by_person, *(one.answered_by for one in given)}
    return tuple(_figures(person, by_person.get(person, ()), given, sent) for person in sorted(people))


def _figures(
    person: str, looks: Sequence[Look], given: Sequence[SpotAnswer], sent: Mapping[str, str]
) -> ReviewerFigures:
    timed = [look.active_ms / 1000 for look in looks if look.active_ms > 0]
    effects = [look.verdict in {"approve", "edit"} for look in looks if look.kind == "effect"]
    blind = [(look.own, look.proposed) for look in looks if look.own]
    # A planted case whose answer was right catches nobody.
    caught = [
        one.answer == one.known
        for one in given
        if one.part is Part.PLANTED
        and one.answered_by == person
        and one.known != sent.get(one.case, one.known)
    ]
    return ReviewerFigures(
        reviewer=person,
        answers=len(looks),
        seconds=round(median(timed), 1) if len(timed) >= LEAST else None,
        approved=_rate(effects),
        blind=_kappa(blind),
        colleagues=_kappa(_with_colleagues(person, given)),
        caught=_rate(caught),
    )


def _with_colleagues(person: str, given: Sequence[SpotAnswer]) -> list[tuple[str, str]]:
    """(own answer, another's) of the cases that both checked. Who decides between two saw both, and is left out."""
    looks: dict[str, dict[str, str]] = defaultdict(dict)
    for one in given:
        if one.part in {Part.FIRST, Part.SECOND}:
            looks[one.case][one.answered_by] = one.answer
    return [
        (answers[person], other)
        for answers in looks.values()
        if person in answers
        for name, other in answers.items()
        if name != person
    ]


def _kappa(pairs: Sequence[tuple[str, str]]) -> Kappa | None:
    if len(pairs) < LEAST:
        return None
    return cohen_kappa([one for one, _ in pairs], [other for _, other in pairs], confidence=_CONFIDENCE)


def _rate(hits: Sequence[bool]) -> Rate | None:
    if len(hits) < LEAST:
        return None
    return Rate(sum(hits), len(hits), clopper_pearson(sum(hits), len(hits), confidence=_CONFIDENCE))


def _rate_json(rate: Rate | None) -> dict[str, Any] | None:
    if rate is None:
        return None
    return {"hits": rate.hits, "n": rate.n, "low": rate.interval.low, "high": rate.interval.high}


def _kappa_json(kappa: Kappa | None) -> dict[str, Any] | None:
    if kappa is None:
        return None
    return {"kappa": kappa.value, "n": kappa.n, "low": kappa.interval.low, "high": kappa.interval.high}
