"""Several assessed ideas side by side: what first, what together, what never, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roadworthy.business.assessment import Assessment
from roadworthy.business.blockers import WEEKS_PER_MONTH
from roadworthy.business.decision import Conclusion, Verdict
from roadworthy.business.knapsack import choose
from roadworthy.business.policy import Policy
from roadworthy.business.spreads import Floats
from roadworthy.business.value import Unpriced, Value
from roadworthy.errors import InputProblem, Problem

_COMPETING = (Conclusion.FUND, Conclusion.GOVERN_FIRST)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What there is to share: money to build, reviewers' hours a week, and appetite for high-tier ideas.

    ``budget`` is in ``currency``; of a year, a quarter, or whatever is planned for. ``high_at_once`` is how
    many ideas of tier high may be begun together.
    """

    budget: float
    currency: str
    review_hours: float
    high_at_once: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One idea as a portfolio sees it."""

    assessment: Assessment
    verdict: Verdict
    value: Value | Unpriced

    @property
    def name(self) -> str:
        return self.assessment.idea

    @property
    def competes(self) -> bool:
        return self.verdict.conclusion in _COMPETING and isinstance(self.value, Value)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one idea stands among the others; shares are over all futures.

    ``delay_per_week`` is E[NPV] times the probability to pass the gate, per week of the people who build:
    what a week of theirs brings here. ``first`` and ``top_three`` are P(rank 1) and P(top 3) among ideas
    of the same verdict. ``chosen`` is how often it is part of the best choice under the capacities.
    ``dominated_by`` names ideas that bring no less, surer, for no more of anything.
    """

    idea: str
    verdict: Conclusion
    rank: int | None
    delay_per_week: float | None
    first: float
    top_three: float
    chosen: float
    dominated_by: tuple[str, ...]
    cost: float | None
    review_hours: float | None
    weeks: float | None
    tier: str
    quarter: int | None


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All ideas, best first; ideas that wait or are refused last, without a rank.

    ``together`` is the choice of the highest mean value under the capacities of one period; ``quarters``
    lists what begins in each, with the capacities anew in every quarter.
    """

    currency: str
    standings: tuple[Standing, ...]
    together: tuple[str, ...]
    quarters: tuple[tuple[str, ...], ...]
    draws: int

    def as_json(self) -> dict[str, object]:
        """The portfolio as every door shows it."""
        return {
            "currency": self.currency,
            "draws": self.draws,
            "ideas": [
                {
                    "idea": one.idea,
                    "verdict": one.verdict.value,
                    "rank": one.rank,
                    "delay_per_week": _rounded(one.delay_per_week),
                    "first": round(one.first, 4),
                    "top_three": round(one.top_three, 4),
                    "chosen": round(one.chosen, 4),
                    "dominated_by": list(one.dominated_by),
                    "cost": _rounded(one.cost),
                    "review_hours": _rounded(one.review_hours),
                    "weeks": _rounded(one.weeks),
                    "tier": one.tier,
                    "quarter": one.quarter,
                }
                for one in self.standings
            ],
            "together": list(self.together),
            "quarters": [list(quarter) for quarter in self.quarters],
        }


@dataclass(frozen=True, slots=True)
class _Competing:
    """The ideas that compete, with what each brings in every future and takes of each capacity."""

    candidates: tuple[Candidate, ...]
    worth: Floats
    weights: Floats
    weeks: Floats
    ready: tuple[float, ...]


def compared(
    candidates: Sequence[Candidate], capacity: Capacity, policy: Policy, *, quarters: int = 4
) -> Portfolio:
    """Rank, choose and sequence ideas over the same futures. The order of the candidates changes nothing.

    Ideas to fund are ranked before those to govern first. Only ideas to fund are chosen; an idea to govern
    first can begin in a quarter after its blockers are settled at the pace of the policy.

    Errors: ``InputProblem`` RW-BUSINESS-020 for no ideas, names that stand twice, currencies or draws that
            differ, and capacities below 0, all at once.
    """
    ordered = sorted(candidates, key=lambda one: one.name)
    _checked(ordered, capacity, quarters)
    field = _competing(ordered, policy)
    per_week = field.worth / field.weeks[:, None]
    first, top_three, ranks = _ranks(field, per_week)
    limits = np.array([capacity.budget, capacity.review_hours, float(capacity.high_at_once)])
    fund = np.array([one.verdict.conclusion is Conclusion.FUND for one in field.candidates], dtype=bool)
    chosen = np.zeros(len(field.candidates))
    together: tuple[str, ...] = ()
    if fund.any():
        picks = choose(np.ascontiguousarray(field.worth[fund].T), field.weights[fund], limits)
        chosen[fund] = picks.mean(axis=0)
        best = choose(field.worth[fund].mean(axis=1)[None, :], field.weights[fund], limits)[0]
        names = np.array([one.name for one in field.candidates])[fund]
        together = tuple(str(name) for name in names[best])
    planned = _sequence(field, limits, quarters)
    dominated = _dominated(field)
    standings = []
    for place, one in enumerate(field.candidates):
        standings.append(
            Standing(
                idea=one.name,
                verdict=one.verdict.conclusion,
                rank=int(ranks[place]),
                delay_per_week=float(per_week[place].mean()),
                first=float(first[place]),
                top_three=float(top_three[place]),
                chosen=float(chosen[place]),
                dominated_by=dominated[place],
                cost=float(field.weights[place, 0]),
                review_hours=float(field.weights[place, 1]),
                weeks=float(field.weeks[place]),
                tier=one.verdict.tier.level,
                quarter=next((q for q, names in enumerate(planned, 1) if one.name in names), None),
            )
        )
    standings.sort(key=lambda one: one.rank or 0)
    out = [one for one in ordered if not one.competes]
    out.sort(key=lambda one: (-one.verdict.conclusion.goodness, one.name))
    return Portfolio(
        currency=capacity.currency,
        standings=(*standings, *map(_outside, out)),
        together=together,
        quarters=planned,
        draws=field.worth.shape[1],
    )


def _checked(candidates: Sequence[Candidate], capacity: Capacity, quarters: int) -> None:
    problems = []
    if not candidates:
        problems.append(Problem("expected at least one idea", "portfolio"))
    names = [one.name for one in candidates]
    problems += [
        Problem("two ideas have this name", name)
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
    for one in candidates:
        if one.assessment.currency not in {"", capacity.currency}:
            told = f"reckoned in {one.assessment.currency}, the portfolio in {capacity.currency}"
            problems.append(Problem(told, one.name, hint=f"assess it in {capacity.currency}"))
    draws = {
        (len(one.value.npv), one.value.seed, one.value.policy)
        for one in candidates
        if isinstance(one.value, Value)
    }
    if len(draws) > 1:
        problems.append(
            Problem("ideas were drawn with different seeds, policies or numbers of draws", "portfolio",
                    hint="value all of them in one go: they have to share their futures")
        )  # fmt: skip
    for name, amount in (
        ("budget", capacity.budget),
        ("review_hours", capacity.review_hours),
        ("high_at_once", capacity.high_at_once),
    ):
        if not 0 <= amount < float("inf"):
            problems.append(Problem(f"expected no less than 0, found {amount}", name))
    if not 1 <= quarters <= 40:
        problems.append(Problem(f"expected 1 to 40 quarters, found {quarters}", "quarters"))
    if problems:
        raise InputProblem("RW-BUSINESS-020", problems)


def _competing(candidates: Sequence[Candidate], policy: Policy) -> _Competing:
    found = tuple(one for one in candidates if one.competes)
    draws = next((len(one.value.npv) for one in found if isinstance(one.value, Value)), 0)
    worth = np.zeros((len(found), draws))
    weights, weeks, ready = np.zeros((len(found), 3)), np.ones(len(found)), []
    for place, one in enumerate(found):
        assert isinstance(one.value, Value), "what competes has a value"
        gate = policy.gate_passed["fund" if one.verdict.conclusion is Conclusion.FUND else "govern first"]
        worth[place] = gate * one.value.npv
        build = next(figure for figure in one.value.figures if figure.name == "build").range.p50
        high = 1.0 if one.verdict.tier.level == "high" else 0.0
        weights[place] = build, one.verdict.review_hours or 0.0, high
        blocked = sum(blocker.weeks for blocker in one.verdict.blockers)
        told = one.assessment.range("integration", "build_weeks")
        own = told.p50 if told and told.p50 > 0 else max(policy.build_months, 1) * WEEKS_PER_MONTH
        weeks[place] = own + blocked
        ready.append(blocked)
    return _Competing(found, worth, weights, weeks, tuple(ready))


def _ranks(field: _Competing, per_week: Floats) -> tuple[Floats, Floats, Floats]:
    """P(rank 1), P(top 3) within each verdict, and the rank by mean, ideas to fund before the others."""
    count = len(field.candidates)
    first, top, ranks = np.zeros(count), np.zeros(count), np.zeros(count)
    begun = 0
    for verdict in _COMPETING:
        group = np.array(
            [n for n, one in enumerate(field.candidates) if one.verdict.conclusion is verdict],
            dtype=np.intp,
        )
        if not len(group):
            continue
        mine = per_week[group]
        best = min(3, len(group))
        # Only the first three matter in each future, so they alone are put in order.
        leading = (
            np.argpartition(-mine, best - 1, axis=0)[:best]
            if best < len(group)
            else np.argsort(-mine, axis=0)
        )
        winner = np.argmax(mine, axis=0)
        draws = mine.shape[1]
        first[group] = np.bincount(winner, minlength=len(group)) / draws
        top[group] = np.bincount(leading.ravel(), minlength=len(group)) / draws
        order = np.argsort(-mine.mean(axis=1), kind="stable")
        ranks[group[order]] = np.arange(1, len(group) + 1) + begun
        begun += len(group)
    return first, top, ranks


def _dominated(field: _Competing) -> tuple[tuple[str, ...], ...]:
    """Per idea those that bring no less, by mean and in bad futures, and take no more of anything."""
    if not field.candidates:
        return ()
    good = np.column_stack([field.worth.mean(axis=1), np.quantile(field.worth, 0.1, axis=1)])
    takes = np.column_stack([field.weights, field.weeks])
    stands = np.array([one.verdict.conclusion.goodness for one in field.candidates], dtype=np.float64)
    profile = np.column_stack([good, -takes, stands])
    no_worse = (profile[:, None, :] >= profile[None, :, :]).all(axis=2)
    better = (profile[:, None, :] > profile[None, :, :]).any(axis=2)
    beats = np.logical_and(no_worse, better)
    names = [one.name for one in field.candidates]
    return tuple(tuple(names[n] for n in np.flatnonzero(beats[:, place])) for place in range(len(names)))


def _sequence(field: _Competing, limits: Floats, quarters: int) -> tuple[tuple[str, ...], ...]:
    """What begins in each quarter: the best choice by mean of what is ready and not yet begun.

    Budget and the number of high-tier ideas are anew in every quarter; reviewers' hours stay with what
    has begun.
    """
    left = list(range(len(field.candidates)))
    mean = field.worth.mean(axis=1) if field.worth.size else np.zeros(len(field.candidates))
    hours = float(limits[1])
    planned: list[tuple[str, ...]] = []
    for quarter in range(quarters):
        ready = [n for n in left if field.ready[n] <= quarter * 13.0]
        taken: list[int] = []
        if ready:
            now = np.array([limits[0], hours, limits[2]])
            taken = [
                ready[n] for n in np.flatnonzero(choose(mean[ready][None, :], field.weights[ready], now)[0])
            ]
        hours = max(0.0, hours - float(field.weights[taken, 1].sum()))
        left = [n for n in left if n not in taken]
        planned.append(tuple(field.candidates[n].name for n in taken))
    return tuple(planned)


def _outside(one: Candidate) -> Standing:
    return Standing(
        idea=one.name,
        verdict=one.verdict.conclusion,
        rank=None,
        delay_per_week=None,
        first=0.0,
        top_three=0.0,
        chosen=0.0,
        dominated_by=(),
        cost=None,
        review_hours=one.verdict.review_hours,
        weeks=None,
        tier=one.verdict.tier.level,
        quarter=None,
    )


def _rounded(amount: float | None) -> float | None:
    return None if amount is None else round(amount, 2)
