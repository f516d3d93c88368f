"""What a board reads about ideas, as facts: verdicts, values, risks, blockers, and the way through them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from roadworthy.business.assessment import Assessment
from roadworthy.business.blockers import Reason
from roadworthy.business.changes import Change, what_would_change
from roadworthy.business.decision import Verdict, decide
from roadworthy.business.facts import NOTHING_MEASURED, Facts
from roadworthy.business.policy import Policy
from roadworthy.business.portfolio import Candidate, Capacity, Portfolio, compared
from roadworthy.business.questions import QUESTIONS
from roadworthy.business.shipped import shipped_lists
from roadworthy.business.value import Unpriced, Value, value_of

FORM: Final = 1
"""Version of the report's form."""

NOT_KNOWN: Final = frozenset(
    {
        "data.permission_unknown",
        "data.personal_unknown",
        "people.unchecked",
        "people.affected_unknown",
        "autonomy.unknown",
        "tools.effect_unknown",
        "review.unknown",
        "operation.nobody_runs_it",
        "fallback.missing",
    }
)
"""Reasons that an answer alone may remove: nobody said it, which is not the same as that it is missing."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One idea with everything that follows from its answers and facts."""

    assessment: Assessment
    facts: Facts
    value: Value | Unpriced
    verdict: Verdict
    changes: tuple[Change, ...]
    ready_in: ReadyIn

    def as_json(self) -> dict[str, object]:
        """The idea as every door shows it."""
        told = self.assessment
        return {
            "idea": told.idea,
            "title": told.title,
            "currency": told.currency,
            "task": told.text("task", "decision"),
            "done_by": told.text("task", "done_by"),
            "owner": told.text("owner", "accountable"),
            "kpi": _kpi(told),
            "verdict": self.verdict.as_json(),
            "value": self.value.as_json(),
            "ready_in": self.ready_in.as_json(),
            "changes": [change.as_json() for change in self.changes],
            "measured": list(self.facts.there),
            "answered": len(told.answered),
            "questions": len(QUESTIONS),
        }


@dataclass(frozen=True, slots=True)
class ReadyIn:
    """Weeks of work until nothing stands in the way any more, from the least to the most.

    The least takes every answer that nobody gave for a good one, the most for a bad one; both wait for
    promised connections. None where the idea is refused, or where a connection has no day.
    """

    least: float | None
    most: float | None
    hours_least: float
    hours_most: float
    promised: date | None
    sentence: str

    def as_json(self) -> dict[str, object]:
        """The weeks as every door shows them."""
        return {
            "weeks_least": None if self.least is None else round(self.least, 1),
            "weeks_most": None if self.most is None else round(self.most, 1),
            "hours_least": self.hours_least,
            "hours_most": self.hours_most,
            "promised": None if self.promised is None else self.promised.isoformat(),
            "sentence": self.sentence,
        }


def judged(
    assessment: Assessment,
    *,
    policy: Policy,
    seed: int,
    today: date,
    facts: Facts = NOTHING_MEASURED,
    changes: bool = True,
) -> Judged:
    """One idea, judged. The same arguments give the same.

    ``changes`` looks for the single answers that would change the verdict, which takes most of the time.

    Errors: ``InputProblem`` RW-BUSINESS-013 for a seed that cannot be.
    """
    value = value_of(assessment, policy, seed=seed, facts=facts)
    verdict = decide(assessment, facts, value, policy, today)
    found = what_would_change(assessment, facts, value, policy, today) if changes else ()
    ready = ready_in(assessment, verdict, policy.hours_per_week)
    return Judged(assessment, facts, value, verdict, found, ready)


def ready_in(assessment: Assessment, verdict: Verdict, pace: float) -> ReadyIn:
    """How long it takes to settle what holds an idea back; its value is another matter and not counted.

    ``pace`` is in hours a week.
    """
    open_now = {*(blocker.reason for blocker in verdict.blockers)}
    if verdict.conclusion == "wait":
        open_now |= {reason for reason in verdict.reasons if not reason.code.startswith("value.")}
    most = sum(reason.hours for reason in open_now)
    least = sum(reason.hours for reason in open_now if reason.code not in NOT_KNOWN)
    days = [row["by"] for row in assessment.rows("integration", "missing") or ()]
    promised = max((day for day in days if isinstance(day, date)), default=None)
    until = max(0.0, (promised - verdict.today).days / 7) if promised else 0.0
    if verdict.conclusion == "refuse":
        return ReadyIn(None, None, 0.0, 0.0, promised, "refused: no work makes it ready")
    if any(reason.code == "integration.open" for reason in open_now):
        told = "a connection is missing and has no day: nobody can say when"
        return ReadyIn(max(least / pace, until), None, least, most, promised, told)
    told = _ready_told(open_now, least, most)
    if promised and until > most / pace:
        told += f"; the last missing connection is promised for {promised.isoformat()}"
    return ReadyIn(max(least / pace, until), max(most / pace, until), least, most, promised, told)


def _ready_told(open_now: Iterable[Reason], least: float, most: float) -> str:
    number = len(list(open_now))
    if not number:
        return "nothing stands in the way"
    hours = f"{most:g} hours" if least == most else f"{least:g} to {most:g} hours"
    return f"{number} to settle, {hours} of work" if number > 1 else f"one thing to settle, {hours} of work"


def _kpi(told: Assessment) -> dict[str, object] | None:
    name = told.text("kpi", "name")
    if name is None:
        return None
    by = told.held("kpi", "by")
    return {
        "name": name,
        "unit": told.text("kpi", "unit"),
        "baseline": told.number("kpi", "baseline"),
        "target": told.number("kpi", "target"),
        "by": by.isoformat() if isinstance(by, date) else None,
        "measured_in": told.text("kpi", "measured_in"),
    }


@dataclass(frozen=True, slots=True)
class Limits:
    """What there is to share in one period; None where nobody set a limit."""

    budget: float | None = None
    review_hours: float | None = None
    high_at_once: int | None = None

    def as_json(self) -> dict[str, object]:
        """The limits as every door shows them."""
        return {
            "budget": self.budget,
            "review_hours": self.review_hours,
            "high_at_once": self.high_at_once,
        }


_NO_LIMIT: Final = 10**12
"""More money, hours and ideas than there are."""


def side_by_side(
    ideas: Sequence[Judged], policy: Policy, limits: Limits = Limits(), *, quarters: int = 4
) -> Portfolio:
    """Judged ideas as a portfolio, in the currency that most of their amounts have.

    Errors: ``InputProblem`` RW-BUSINESS-020 for ideas that cannot be compared and limits that cannot be.
    """
    codes = [one.assessment.currency for one in ideas if one.assessment.currency]
    currency = max(codes, key=lambda code: (codes.count(code), -codes.index(code)), default="")
    capacity = Capacity(
        budget=_NO_LIMIT if limits.budget is None else limits.budget,
        currency=currency,
        review_hours=_NO_LIMIT if limits.review_hours is None else limits.review_hours,
        high_at_once=_NO_LIMIT if limits.high_at_once is None else limits.high_at_once,
    )
    candidates = [Candidate(one.assessment, one.verdict, one.value) for one in ideas]
    return compared(candidates, capacity, policy, quarters=quarters)


def report(
    ideas: Sequence[Judged],
    *,
    title: str,
    policy: Policy,
    today: date,
    portfolio: Portfolio | None = None,
    limits: Limits = Limits(),
) -> dict[str, object]:
    """The whole report: what it adds up to, the portfolio, and every idea, best verdict first.

    Every figure of the page stands here; without a ``portfolio``, as for a single idea, its part is null.
    Money is in the currency of its idea, shares are 0 to 1, weeks and hours are named.
    """
    lists = shipped_lists()
    order = sorted(
        ideas, key=lambda one: (-one.verdict.conclusion.goodness, -_middle(one), one.assessment.idea)
    )
    return {
        "report": FORM,
        "title": title,
        "made": today.isoformat(),
        "policy": policy.version,
        "thresholds": {
            "fund_probability": policy.fund_probability,
            "stand_probability": policy.stand_probability,
            "horizon_months": policy.horizon_months,
            "build_months": policy.build_months,
            "draws": policy.draws,
            "hours_per_week": policy.hours_per_week,
        },
        "law": {
            "notice": lists.notice,
            "version": lists.version,
            "source": lists.source,
            "retrieved": lists.retrieved.isoformat(),
        },
        "summary": _summary(order),
        "ideas": [one.as_json() for one in order],
        "portfolio": None if portfolio is None else {**portfolio.as_json(), "limits": limits.as_json()},
    }


def _middle(one: Judged) -> float:
    return one.value.range.p50 if isinstance(one.value, Value) else float("-inf")


def _summary(ideas: Sequence[Judged]) -> dict[str, object]:
    counts = dict.fromkeys(("fund", "govern first", "wait", "refuse"), 0)
    for one in ideas:
        counts[one.verdict.conclusion.value] += 1
    waiting: dict[str, float] = {}
    for one in ideas:
        # What is refused does not wait, and what does not stand has nothing to lose by waiting.
        if one.verdict.conclusion == "govern first" and one.verdict.waiting_per_week:
            currency = one.assessment.currency
            waiting[currency] = waiting.get(currency, 0.0) + one.verdict.waiting_per_week
    return {
        "verdicts": counts,
        "waiting_per_week": {currency: round(amount, 2) for currency, amount in sorted(waiting.items())},
        "unpriced": sum(isinstance(one.value, Unpriced) for one in ideas),
    }
