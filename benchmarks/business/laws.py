"""What has to hold for any idea: rules that the assessment of ideas may never break."""

from __future__ import annotations

import numpy as np
from benchmarks.business.ideas import TODAY

from roadworthy.business import (
    QUESTIONS,
    UNKNOWN,
    Assessment,
    Conclusion,
    Counts,
    Estimate,
    Facts,
    Policy,
    Range,
    Readiness,
    Verdict,
    decide,
    from_json,
    value_of,
)
from roadworthy.business.figures import figures_of

WORSE: dict[tuple[str, str], object] = {
    ("owner", "accountable"): UNKNOWN,
    ("owner", "may_change_process"): False,
    ("task", "decision"): UNKNOWN,
    ("kpi", "baseline"): UNKNOWN,
    ("kpi", "measured_in"): UNKNOWN,
    ("labels", "can_be_had"): False,
    ("data", "protection_assessed"): False,
    ("data", "sources"): ({"name": "new", "owner": UNKNOWN, "permission": UNKNOWN, "personal": UNKNOWN},),
    ("people", "prohibited"): ("social-scoring",),
    ("people", "high_risk"): ("credit",),
    ("people", "assessment_owner"): UNKNOWN,
    ("people", "affected"): UNKNOWN,
    ("review", "hours_per_week"): 0.01,
    ("review", "reviewers"): UNKNOWN,
    ("fallback", "plan"): UNKNOWN,
    ("operation", "run_by"): UNKNOWN,
    ("integration", "missing"): ({"name": "no day", "by": UNKNOWN},),
    ("integration", "build_cost"): Range(5e6, 8e6, 9e6),
    ("hourly_cost", "cost_per_hour"): UNKNOWN,
    ("volume", "cases_per_month"): UNKNOWN,
}
"""Per field an answer that holds an idea back, whatever stood there."""

GOOD: dict[tuple[str, str], object] = {
    ("owner", "accountable"): "mara",
    ("owner", "may_change_process"): True,
    ("task", "decision"): "known",
    ("kpi", "baseline"): 0.5,
    ("kpi", "measured_in"): "helpdesk",
    ("labels", "can_be_had"): True,
    ("labels", "count"): Range(9000.0, 9000.0, 9000.0),
    ("data", "protection_assessed"): True,
    ("people", "prohibited"): (),
    ("people", "high_risk"): (),
    ("people", "transparency"): (),
    ("people", "assessment_owner"): "ines",
    ("people", "affected"): "employees",
    ("review", "hours_per_week"): 1e6,
    ("review", "reviewers"): "desk",
    ("review", "minutes_per_review"): Range(0.01, 0.01, 0.01),
    ("fallback", "plan"): "as today",
    ("fallback", "exit_cost"): Range(0.0, 0.0, 0.0),
    ("operation", "run_by"): "platform",
    ("operation", "infrastructure_per_month"): Range(0.0, 0.0, 0.0),
    ("operation", "people_per_month"): Range(0.0, 0.0, 0.0),
    ("vendor", "price_per_case"): Range(0.0, 0.0, 0.0),
    ("integration", "missing"): (),
    ("integration", "build_cost"): Range(0.01, 0.01, 0.01),
    ("minutes", "minutes_left"): Range(0.0, 0.0, 0.0),
    ("error", "error_share"): Range(0.0, 0.0, 0.0),
}
"""Per field the best that could be answered: not to know it is never better."""


def judged(idea: Assessment, policy: Policy, draws: int, facts: Facts | None = None) -> Verdict:
    """The verdict on an idea, from its value."""
    known = facts or Facts()
    value = value_of(idea, policy, seed=3, facts=known, draws=draws)
    return decide(idea, known, value, policy, TODAY)


def broken(
    idea: Assessment, rng: np.random.Generator, policy: Policy, *, draws: int
) -> tuple[Conclusion, str]:
    """The verdict on an idea, and the first rule that it breaks; empty where all hold."""
    verdict = judged(idea, policy, draws)
    now = verdict.conclusion
    if not verdict.reasons or not all(one.code and one.sentence for one in verdict.reasons):
        return now, "a verdict without a reason"
    names = list(idea.answers)
    shuffled = {name: idea.answers[name] for name in rng.permutation(names)}
    turned = Assessment(idea.idea, idea.title, idea.currency, shuffled)
    if judged(turned, policy, draws).as_json() != verdict.as_json():
        return now, "the order of the answers changes the verdict"
    worse = list(WORSE)[int(rng.integers(len(WORSE)))]
    answer = WORSE[worse]
    if isinstance(answer, tuple) and answer and isinstance(answer[0], dict):
        # A further row: what stood there may have been worse still.
        answer = (*(idea.rows(*worse) or ()), *answer)
    harmed = idea.with_field(*worse, answer)  # type: ignore[arg-type]
    if judged(harmed, policy, draws).conclusion.goodness > now.goodness:
        return now, f"a blocker at {'.'.join(worse)} makes it better"
    good = list(GOOD)[int(rng.integers(len(GOOD)))]
    known = judged(idea.with_field(*good, GOOD[good]), policy, draws)  # type: ignore[arg-type]
    unknown = judged(idea.with_field(*good, UNKNOWN), policy, draws)
    if unknown.conclusion.goodness > known.conclusion.goodness:
        return now, f"not to know {'.'.join(good)} is better than the best answer"
    return now, invented(idea, rng, policy) or unreadable(idea)


def some_facts(rng: np.random.Generator) -> Facts:
    """One measured fact or two, at random."""
    every = {
        "automation": Counts(int(rng.integers(0, 200)), 200, "pilot"),
        "error": Estimate(0.02, 0.01, 0.05, 400, "spot checks"),
        "cost_per_case": Estimate(0.03, 0.02, 0.05, 300, "probe"),
        "review_minutes": Estimate(1.2, 1.0, 1.5, 90, "reviews"),
        "labels": Counts(700, 700, "catalogue"),
        "learnability": Counts(830, 1000, "probe"),
        "policy_coverage": Counts(1, 2, "policies"),
        "readiness": Readiness(float(rng.uniform()), ("duplicates",), "data report"),
    }
    chosen = rng.choice(sorted(every), size=int(rng.integers(1, 3)), replace=False)
    return Facts(**{str(name): every[str(name)] for name in chosen})  # type: ignore[arg-type]


MEASURES = {
    "automation": "automation_share",
    "error": "error_share",
    "cost_per_case": "price_per_case",
    "review_minutes": "review_minutes",
}


def invented(idea: Assessment, rng: np.random.Generator, policy: Policy) -> str:
    """Does a fact change a figure that it does not measure, or count as an answer?"""
    facts = some_facts(rng)
    before = {one.name: one for one in figures_of(idea, Facts(), policy).figures}
    after = figures_of(idea, facts, policy)
    measured = {MEASURES[name] for name in facts.there if name in MEASURES}
    for one in after.figures:
        if one.name in measured:
            if one.came != "measured":
                return f"{one.name} was measured and is said to be {one.came}"
        elif one != before.get(one.name):
            return f"a fact about {facts.there} changed {one.name}"
    if {one.name for one in after.figures} - set(before) - measured:
        return "a fact made up a figure"
    verdict = judged(idea, policy, 200, facts)
    return "" if verdict.open == idea.open else "a fact counts as an answer"


def unreadable(idea: Assessment) -> str:
    """Is it another idea once it was written and read?"""
    sent = idea.as_json()
    known = {question.id for question in QUESTIONS}
    if set(idea.answers) - known:
        return "an answer to no question"
    return "" if from_json(sent).as_json() == sent else "written and read it is another one"
