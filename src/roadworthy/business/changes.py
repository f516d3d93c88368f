"""Which single answer would change a verdict, and at which value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from roadworthy.business.assessment import UNKNOWN, Assessment, Held, Range
from roadworthy.business.decision import Conclusion, Verdict, decide
from roadworthy.business.facts import Facts
from roadworthy.business.figures import Figure, figures_of
from roadworthy.business.policy import Policy
from roadworthy.business.simulation import Simulation, simulate
from roadworthy.business.spreads import Floats
from roadworthy.business.value import Unpriced, Value, evpi

_FACTORS = (1.05, 1.1, 1.2, 1.35, 1.6, 2.0, 3.0, 5.0, 10.0)
_HALVINGS = 12


@dataclass(frozen=True, slots=True)
class Change:
    """One answer that would make the verdict another one. ``at`` is its middle value there, where it is a figure."""

    answer: str
    conclusion: Conclusion
    at: float | None
    sentence: str

    def as_json(self) -> dict[str, object]:
        """The change as every door shows it."""
        return {
            "answer": self.answer,
            "verdict": self.conclusion.value,
            "at": self.at,
            "sentence": self.sentence,
        }


def what_would_change(
    assessment: Assessment,
    facts: Facts,
    value: Value | Unpriced,
    policy: Policy,
    today: date,
) -> tuple[Change, ...]:
    """Answers that change the verdict one at a time: figures within a factor of ten, others by a good answer.

    Figures that were measured are facts and are not varied. An idea that is funded shows what it would
    take to lose that, any other what would make it better. Empty where several answers stand in the way.

    Edge: refused ideas have none: what is prohibited is not bargained with.
    """
    verdict = decide(assessment, facts, value, policy, today)
    if verdict.conclusion is Conclusion.REFUSE:
        return ()
    better = verdict.conclusion is not Conclusion.FUND
    found = []
    if better:
        found += list(_good_answers(assessment, facts, value, policy, verdict))
    if isinstance(value, Value):
        futures = simulate(
            figures_of(assessment, facts, policy),
            policy,
            idea=assessment.idea,
            seed=value.seed,
            draws=len(value.npv),
        )
        for figure in futures.figures.figures:
            if figure.came != "measured" and figure.range.p50 > 0:
                found += _threshold(figure, assessment, facts, value, futures, verdict, better=better)
    found += _reviewers(assessment, facts, value, policy, verdict, better=better)
    return tuple(found)


def _good_answers(
    assessment: Assessment, facts: Facts, value: Value | Unpriced, policy: Policy, verdict: Verdict
) -> Iterator[Change]:
    for answer, fields, told in _improved(assessment, verdict.today):
        changed = assessment
        for field, held in fields.items():
            changed = changed.with_field(answer, field, held)
        after = decide(changed, facts, value, policy, verdict.today).conclusion
        if after.goodness > verdict.conclusion.goodness:
            yield Change(answer, after, None, f"would become {after} if {told}")


def _improved(assessment: Assessment, today: date) -> Iterator[tuple[str, dict[str, Held], str]]:
    """One good answer per question that is not about money."""
    yield "task", {"decision": "known"}, "the task were written down"
    yield (
        "owner",
        {"accountable": "known", "may_change_process": True},
        "an owner who may change the process answered for it",
    )
    yield "kpi", {"baseline": 0.0, "measured_in": "known"}, "the baseline were measured"
    yield "labels", {"can_be_had": True}, "labels could be had"
    missing = assessment.rows("integration", "missing") or ()
    yield "integration", {"missing": tuple({**row, "by": max(today, row["by"]) if isinstance(row["by"], date) else today} for row in missing)}, "every missing connection had a day"  # fmt: skip
    sources = assessment.rows("data", "sources") or ()
    cleared = tuple(
        {**row, "owner": "known" if row["owner"] is UNKNOWN else row["owner"], "permission": "yes",
         "personal": "personal" if row["personal"] is UNKNOWN else row["personal"]}
        for row in sources
    )  # fmt: skip
    if sources:
        yield (
            "data",
            {"sources": cleared, "protection_assessed": True},
            "every source had an owner and a permission, and protection were assessed",
        )
    ticks = {
        name: ()
        for name in ("prohibited", "high_risk", "transparency")
        if assessment.ticks("people", name) is None
    }
    if not ticks:
        yield (
            "people",
            {"assessment_owner": "known", "affected": assessment.text("people", "affected") or "public"},
            "somebody wrote the impact assessment",
        )
    tools = assessment.rows("autonomy", "tools")
    if tools:
        ruled = tuple({**row, "rule": True} for row in tools)
        yield "autonomy", {"tools": ruled}, "every tool that writes had a rule"
    yield "fallback", {"plan": "known"}, "it were clear who does the work when it is off"
    yield "operation", {"run_by": "known"}, "somebody ran it"


def _threshold(
    figure: Figure,
    assessment: Assessment,
    facts: Facts,
    value: Value,
    futures: Simulation,
    verdict: Verdict,
    *,
    better: bool,
) -> Iterator[Change]:
    question, field = figure.answer.split(".")
    share = figure.name in {"automation_share", "error_share"}

    def after(factor: float) -> Conclusion:
        moved = _moved(figure.range, factor, share=share)
        npv = futures.npv_times(figure.name, factor)
        changed = assessment.with_field(question, field, moved)
        return decide(changed, facts, _revalued(value, npv), futures.policy, verdict.today).conclusion

    for up in (True, False):
        hit = _search(after, verdict.conclusion, up=up, better=better)
        if hit is not None:
            at = _moved(figure.range, hit, share=share).p50
            yield _told(figure.answer, after(hit), at, above=up)


def _moved(told: Range, factor: float, *, share: bool) -> Range:
    if not share:
        return told.times(factor)
    ends = (end * factor / (1 - end + end * factor) for end in (told.p10, told.p50, told.p90))
    return Range(*ends)


def _revalued(value: Value, npv: Floats) -> Value:
    """The value as far as a conclusion needs it, with other draws."""
    chance = float((npv > 0).mean())
    return replace(value, chance=chance, evpi=evpi(npv), mean=float(npv.mean()), npv=npv)


def _search(
    after: Callable[[float], Conclusion], now: Conclusion, *, up: bool, better: bool
) -> float | None:
    """The factor nearest to 1 at which the verdict changes in the wanted way; None within a factor of ten."""

    def changed(factor: float) -> bool:
        gained = after(factor).goodness - now.goodness
        return gained > 0 if better else gained < 0

    inside = 1.0
    for step in _FACTORS:
        outside = step if up else 1 / step
        if not changed(outside):
            inside = outside
            continue
        for _ in range(_HALVINGS):
            middle = (inside * outside) ** 0.5
            inside, outside = (inside, middle) if changed(middle) else (middle, outside)
        return outside
    return None


def _reviewers(
    assessment: Assessment,
    facts: Facts,
    value: Value | Unpriced,
    policy: Policy,
    verdict: Verdict,
    *,
    better: bool,
) -> Iterator[Change]:
    hours = assessment.number("review", "hours_per_week")
    if hours is None or hours <= 0:
        return

    def after(factor: float) -> Conclusion:
        changed = assessment.with_field("review", "hours_per_week", hours * factor)
        return decide(changed, facts, value, policy, verdict.today).conclusion

    hit = _search(after, verdict.conclusion, up=better, better=better)
    if hit is not None:
        yield _told("review.hours_per_week", after(hit), hours * hit, above=better)


def _told(answer: str, conclusion: Conclusion, at: float, *, above: bool) -> Change:
    # Rounded away from the old verdict, so that the sentence is true at the value it names.
    shown = f"{at:,.0f}" if at >= 100 else f"{at:.3g}"
    sign = ">" if above else "<"
    return Change(answer, conclusion, at, f"would become {conclusion} if {answer} {sign} {shown}")
