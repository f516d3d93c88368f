"""Fund, govern first, wait or refuse: the first rule that matches decides, and says why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from roadworthy.business.assessment import Assessment
from roadworthy.business.blockers import WEEKS_PER_MONTH, Reason, blockers, refusals, review_hours, waits
from roadworthy.business.facts import Facts, LabelGap, label_gap
from roadworthy.business.figures import Figures, figures_of
from roadworthy.business.policy import Policy
from roadworthy.business.tier import RiskTier
from roadworthy.business.value import Unpriced, Value


class Conclusion(StrEnum):
    """What is to be done with an idea, best first."""

    FUND = "fund"
    GOVERN_FIRST = "govern first"
    WAIT = "wait"
    REFUSE = "refuse"

    @property
    def goodness(self) -> int:
        return {"fund": 3, "govern first": 2, "wait": 1, "refuse": 0}[self.value]


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing to settle before money flows, and what waits behind it while it is settled.

    ``waiting`` is the cost of delay over the weeks that its hours take at the pace of the policy.
    """

    reason: Reason
    weeks: float
    waiting: float | None

    def as_json(self) -> dict[str, object]:
        """The blocker as every door shows it."""
        waiting = None if self.waiting is None else round(self.waiting, 2)
        return {**self.reason.as_json(), "weeks": round(self.weeks, 2), "waiting": waiting}


@dataclass(frozen=True, slots=True)
class Stage:
    """What a funded idea may spend first, when that is looked at, and what ends it."""

    budget: float
    review_on: date
    kill: str
    experiment: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an assessment, its facts and its value.

    ``blockers`` stand in the order of work, cheapest first, whatever the verdict (none where it is
    refused). ``waiting_per_week`` is the cost of delay in the currency of the assessment, None where no
    value can be computed. ``begin_inside`` says to begin where only employees bear an error.
    """

    idea: str
    conclusion: Conclusion
    reasons: tuple[Reason, ...]
    blockers: tuple[Blocker, ...]
    next_step: str
    tier: RiskTier
    begin_inside: bool
    stage: Stage | None
    comes_back_when: str
    waiting_per_week: float | None
    review_hours: float | None
    labels: LabelGap | None
    open: tuple[str, ...]
    policy: str
    today: date

    def as_json(self) -> dict[str, object]:
        """The verdict as every door shows it."""
        return {
            "idea": self.idea,
            "verdict": self.conclusion.value,
            "reasons": [reason.as_json() for reason in self.reasons],
            "blockers": [blocker.as_json() for blocker in self.blockers],
            "next_step": self.next_step,
            "tier": {
                "level": self.tier.level,
                "sentence": self.tier.sentence,
                "clauses": [tick.as_json() for tick in self.tier.ticks],
                "unchecked": list(self.tier.unchecked),
                "notice": "not legal advice",
            },
            "begin_inside": self.begin_inside,
            "stage": None
            if self.stage is None
            else {
                "budget": round(self.stage.budget, 2),
                "review_on": self.stage.review_on.isoformat(),
                "kill": self.stage.kill,
                "experiment": self.stage.experiment,
            },
            "comes_back_when": self.comes_back_when,
            "waiting_per_week": None if self.waiting_per_week is None else round(self.waiting_per_week, 2),
            "review_hours": None if self.review_hours is None else round(self.review_hours, 2),
            "labels": None
            if self.labels is None
            else {
                "needed": self.labels.needed,
                "there": self.labels.there,
                "missing": self.labels.missing,
                "sentence": self.labels.sentence,
            },
            "open": list(self.open),
            "policy": self.policy,
            "today": self.today.isoformat(),
        }


def decide(
    assessment: Assessment, facts: Facts, value: Value | Unpriced, policy: Policy, today: date
) -> Verdict:
    """What is to be done with an idea. The first rule that matches decides:

    ``refuse`` a prohibited practice, or data whose permission cannot be had;
    ``wait`` no task, owner, baseline, labels or date of a connection, no value, or one that does not
    stand: P(NPV>0) below the policy's bar and no first stage that is worth its money;
    ``govern first`` the value stands, and something is not governed;
    ``fund`` everything else; where only the experiment is worth its money, only that.

    A value that does not stand is looked at before blockers, so that removing a blocker never makes a
    verdict worse. What is unknown is never taken for good.
    """
    figures = figures_of(assessment, facts, policy)
    stage_budget = None if isinstance(value, Unpriced) else policy.stage_share * figures["build"].range.p50
    refused = tuple(refusals(assessment, figures.tier))
    weak = _does_not_stand(value, stage_budget, policy)
    waiting = tuple(sorted((*waits(assessment, facts, policy, today), *weak), key=_by_hours))
    per_week = _per_week(assessment, value)
    held = tuple(sorted(blockers(assessment, facts, figures, policy), key=_by_hours))
    stage = None
    if refused:
        conclusion, reasons, step = Conclusion.REFUSE, refused, refused[0].step
    elif waiting:
        conclusion, reasons, step = Conclusion.WAIT, waiting, waiting[0].step
    elif held:
        conclusion, reasons, step = Conclusion.GOVERN_FIRST, held, held[0].step
    else:
        assert isinstance(value, Value), "what has no value waits"
        assert stage_budget is not None, "what has a value has a cost to build"
        conclusion = Conclusion.FUND
        stage = _stage(assessment, value, stage_budget, policy, today)
        reasons = (_why_funded(value, stage, policy),)
        step = "draft the charter" if not stage.experiment else f"measure {_called(value.measure_next)}"
    return Verdict(
        idea=assessment.idea,
        conclusion=conclusion,
        reasons=reasons,
        blockers=() if refused else tuple(_blocker(reason, per_week, policy) for reason in held),
        next_step=step,
        tier=figures.tier,
        begin_inside=_begin_inside(assessment, facts, figures.tier),
        stage=stage,
        comes_back_when="; ".join(_UNTIL[reason.code] for reason in waiting)
        if conclusion is Conclusion.WAIT
        else "",
        waiting_per_week=per_week,
        review_hours=review_hours(figures, policy),
        labels=_labels(assessment, facts, figures, policy),
        open=assessment.open,
        policy=policy.version,
        today=today,
    )


_UNTIL = {
    "task.unknown": "the task is written down",
    "owner.missing": "somebody answers for it",
    "owner.may_not_change_process": "its owner may change the process",
    "kpi.no_baseline": "the baseline is measured",
    "value.unpriced": "the missing figures are known",
    "value.too_small": "volume, cost or what it can do alone has changed",
    "value.too_uncertain": "the number that matters most is measured",
    "labels.none": "a first set of cases is labelled",
    "integration.open": "every missing connection has a day",
}


def _by_hours(reason: Reason) -> tuple[float, str, str]:
    return reason.hours, reason.code, reason.sentence


def _does_not_stand(
    value: Value | Unpriced, stage_budget: float | None, policy: Policy
) -> tuple[Reason, ...]:
    if isinstance(value, Unpriced):
        told = f"no value can be computed without {', '.join(value.missing)}"
        step = f"ask for {value.missing[0]} first"
        code, answer = "value.unpriced", value.missing[0]
    elif stands(value, stage_budget or 0.0, policy):
        return ()
    elif value.best_chance < policy.stand_probability:
        code, answer = "value.too_small", "volume.cases_per_month"
        told = (
            f"it gains in {value.chance:.0%} of the futures, and in {value.best_chance:.0%} even where "
            f"{_called(value.measure_next or _first(value))} turns out best"
        )
        step = "look for more cases, or for dearer ones"
    else:
        code, answer = "value.too_uncertain", _answer(value)
        told = (
            f"it gains in {value.chance:.0%} of the futures, less than {policy.stand_probability:.0%} or too "
            f"little for a first stage of {stage_budget or 0:,.0f} {value.currency}; "
            f"knowing more is worth {value.evpi:,.0f} {value.currency}"
        )
        step = f"measure {_called(value.measure_next or _first(value))}"
    return (Reason(code, told, answer, step, policy.hours[code]),)


def stands(value: Value, stage_budget: float, policy: Policy) -> bool:
    """Is the idea worth money: surely enough, or likely enough to pay for a first stage?

    A first stage is worth its money where it costs no more than what the idea is worth to somebody who
    finds out and goes on only if it gains, E[max(NPV, 0)]. That is the value of perfect information where
    the idea loses on average, and more where it gains. Compared with the value of information alone a
    worse idea could pass where a better one does not.
    """
    if value.chance >= policy.fund_probability:
        return True
    upside = value.evpi + max(value.mean, 0.0)
    return value.chance >= policy.stand_probability and stage_budget <= upside


def _first(value: Value) -> str:
    return value.tornado[0].name if value.tornado else "volume"


def _answer(value: Value) -> str:
    name = value.measure_next or _first(value)
    return next((one.answer for one in value.figures if one.name == name), "")


def _called(figure: str) -> str:
    return figure.replace("_", " ") if figure else "what it costs and brings"


def _per_week(assessment: Assessment, value: Value | Unpriced) -> float | None:
    """Cost of delay: what a usual full month brings, and what waiting costs beyond it."""
    if isinstance(value, Unpriced):
        return None
    stated = assessment.range("delay", "cost_per_month")
    return (max(value.full_month, 0.0) + (stated.p50 if stated else 0.0)) / WEEKS_PER_MONTH


def _blocker(reason: Reason, per_week: float | None, policy: Policy) -> Blocker:
    weeks = reason.hours / policy.hours_per_week
    return Blocker(reason, weeks, None if per_week is None else per_week * weeks)


def _stage(assessment: Assessment, value: Value, budget: float, policy: Policy, today: date) -> Stage:
    promised = [row["by"] for row in assessment.rows("integration", "missing") or ()]
    begins = max([today, *(day for day in promised if isinstance(day, date))])
    review_on = begins + timedelta(weeks=policy.stage_weeks)
    experiment = value.chance < policy.fund_probability
    kill = f"stop if it gains in less than {policy.stand_probability:.0%} of the futures once {_called(value.measure_next or _first(value))} is measured"
    if value.break_even_automation:
        kill += f", or if less than {value.break_even_automation:.0%} of the cases leave alone"
    kill += f", or if {budget:,.0f} {value.currency} are spent by {review_on.isoformat()} without that measurement"
    return Stage(budget, review_on, kill, experiment)


def _why_funded(value: Value, stage: Stage, policy: Policy) -> Reason:
    if not stage.experiment:
        told = f"it gains in {value.chance:.0%} of the futures, and nothing stands in the way"
        return Reason("fund.value_stands", told, "", "draft the charter")
    told = (
        f"it gains in {value.chance:.0%} of the futures, less than {policy.fund_probability:.0%}; knowing more is "
        f"worth {value.evpi:,.0f} {value.currency}, the first stage costs {stage.budget:,.0f}: fund only that"
    )
    return Reason(
        "fund.experiment", told, _answer(value), f"measure {_called(value.measure_next or _first(value))}"
    )


def _begin_inside(assessment: Assessment, facts: Facts, tier: RiskTier) -> bool:
    """Internal before customer-facing: where outsiders bear errors that are grave, final or not measured."""
    if assessment.text("people", "affected") in {"employees", "nobody"}:
        return False
    acts = assessment.text("autonomy", "wanted") == "automatic"
    final = assessment.text("error", "reversible_within") in {None, "never"}
    return tier.level in {"high", "prohibited"} or (acts and (final or facts.error is None))


def _labels(assessment: Assessment, facts: Facts, figures: Figures, policy: Policy) -> LabelGap | None:
    """How many labels the promise takes; nothing where nothing leaves alone."""
    if not figures.alone:
        return None
    told = assessment.range("labels", "count")
    there = facts.labels.count if facts.labels else int(told.p50) if told else None
    part = figures["automation_share"].range.p50
    return label_gap(there, alpha=policy.alpha, delta=policy.delta, error=facts.error, automation=part)
