"""What stands between an idea and its money: one rule per reason, from answers, facts and policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from roadworthy.business.assessment import UNKNOWN, Assessment, Row
from roadworthy.business.facts import Facts
from roadworthy.business.figures import Figures
from roadworthy.business.policy import Policy
from roadworthy.business.tier import RiskTier

WEEKS_PER_MONTH = 52 / 12


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is what it is: a stable code, a sentence, the answer it rests on, and what to do.

    ``hours`` is what the step is thought to take, by the policy; 0 where there is nothing to do.
    """

    code: str
    sentence: str
    answer: str
    step: str
    hours: float = 0.0

    def as_json(self) -> dict[str, object]:
        """The reason as every door shows it."""
        return {
            "code": self.code,
            "sentence": self.sentence,
            "answer": self.answer,
            "step": self.step,
            "hours": self.hours,
        }


def refusals(assessment: Assessment, tier: RiskTier) -> Iterator[Reason]:
    """Why an idea cannot be done at all."""
    for tick in tier.ticks:
        if tick.tier == "prohibited":
            yield Reason(
                "refuse.prohibited",
                f"it comes near a prohibited practice, {tick.clause}: {tick.says} (not legal advice)",
                "people.prohibited",
                "ask counsel whether the tick is right; if it is, drop the idea or change what it does",
            )
    for source in assessment.rows("data", "sources") or ():
        if source["permission"] == "cannot be had":
            yield Reason(
                "refuse.no_permission",
                f"`{source['name']}` may not be used for this purpose, and the permission cannot be had",
                "data.sources",
                "look for another source of the same fact",
            )


def waits(assessment: Assessment, facts: Facts, policy: Policy, today: date) -> Iterator[Reason]:
    """What is missing before money makes sense, other than the money itself."""

    def reason(code: str, sentence: str, answer: str, step: str) -> Reason:
        return Reason(code, sentence, answer, step, policy.hours[code])

    if assessment.text("task", "decision") is None:
        yield reason(
            "task.unknown",
            "nobody says which decision or task it is about",
            "task.decision",
            "write it in one sentence with the people who do it",
        )
    if assessment.text("owner", "accountable") is None:
        yield reason(
            "owner.missing",
            "nobody answers for it",
            "owner.accountable",
            "find the person whose figures it changes",
        )
    elif assessment.yes("owner", "may_change_process") is not True:
        yield reason(
            "owner.may_not_change_process",
            "its owner may not change how the work is done, or nobody asked",
            "owner.may_change_process",
            "ask who may, and let that person own it",
        )
    if assessment.number("kpi", "baseline") is None or assessment.text("kpi", "measured_in") is None:
        yield reason(
            "kpi.no_baseline",
            "its figure has no baseline from a named source",
            "kpi.baseline",
            "measure it once on the system that holds it",
        )
    labels = facts.labels.count if facts.labels else None
    told = assessment.range("labels", "count")
    there = labels if labels is not None else (told.p50 if told else 0)
    if there <= 0 and assessment.yes("labels", "can_be_had") is not True:
        yield reason(
            "labels.none",
            "there are no cases with a known right outcome, and no way to get some is known",
            "labels.can_be_had",
            "let two people label fifty cases and see whether they agree",
        )
    open_points = _open_points(assessment, today)
    if open_points:
        yield reason(
            "integration.open",
            f"{open_points}",
            "integration.missing",
            "ask whoever owns the system for a day",
        )


def _open_points(assessment: Assessment, today: date) -> str:
    missing = assessment.rows("integration", "missing")
    if missing is None:
        return "nobody says which connections are missing"
    undated = [str(row["name"]) for row in missing if not isinstance(row["by"], date)]
    late = [str(row["name"]) for row in missing if isinstance(row["by"], date) and row["by"] < today]
    told = [f"`{name}` is missing, and no day is promised" for name in undated]
    told += [f"`{name}` is missing, and the promised day has passed" for name in late]
    return "; ".join(told)


def blockers(assessment: Assessment, facts: Facts, figures: Figures, policy: Policy) -> Iterator[Reason]:
    """What has to be governed first, each with the hours that the policy plans for it."""
    found = (
        *_of_data(assessment, facts, policy),
        *_of_people(assessment, figures.tier),
        *_of_tools(assessment, facts),
        *_of_reviews(assessment, figures, policy),
    )
    if assessment.text("fallback", "plan") is None:
        found += (
            Reason(
                "fallback.missing",
                "nobody says what happens when it is off",
                "fallback.plan",
                "agree who does the work then, and try it once",
            ),
        )
    if assessment.text("operation", "run_by") is None:
        found += (
            Reason(
                "operation.nobody_runs_it",
                "nobody runs it",
                "operation.run_by",
                "name who is called at night",
            ),
        )
    for one in found:
        yield Reason(one.code, one.sentence, one.answer, one.step, policy.hours[one.code])


def _of_data(assessment: Assessment, facts: Facts, policy: Policy) -> Iterator[Reason]:
    rows = assessment.rows("data", "sources")
    at = "data.sources"
    unknown = "nobody says which data it needs"
    owners = _names(rows, "owner", UNKNOWN)
    if rows is None or owners:
        told = unknown if rows is None else f"{owners} has no owner"
        yield Reason("data.owner_missing", told, at, "find who decides about the data")
    if granted := _names(rows, "permission", "can be had"):
        told = f"{granted} may be used once somebody permits it"
        yield Reason("data.permission_missing", told, at, "get the permission in writing")
    unasked = _names(rows, "permission", UNKNOWN)
    if rows is None or unasked:
        told = unknown if rows is None else f"nobody knows whether {unasked} may be used for this"
        yield Reason("data.permission_unknown", told, at, "ask its owner, and the data protection officer")
    unclassified = _names(rows, "personal", UNKNOWN)
    if rows is None or unclassified:
        told = unknown if rows is None else f"nobody knows whether {unclassified} holds personal data"
        yield Reason("data.personal_unknown", told, at, "look at the columns, then say which")
    holds = any(row["personal"] in {"personal", "special", UNKNOWN} for row in rows or ())
    if holds and assessment.yes("data", "protection_assessed") is not True:
        yield Reason(
            "data.protection_not_assessed",
            "it uses personal data, and their protection was not assessed (GDPR Art. 35)",
            "data.protection_assessed",
            "write the data protection impact assessment, or why none is needed",
        )
    if facts.readiness and facts.readiness.score < policy.readiness_bar:
        failing = ", ".join(facts.readiness.failing[:3]) or "see the report"
        yield Reason(
            "data.readiness_low",
            f"data readiness is {facts.readiness.score:.2f}, below {policy.readiness_bar:.2f}: {failing}",
            at,
            "mend the data in the order that the readiness report gives",
        )


def _names(rows: tuple[Row, ...] | None, column: str, value: object) -> str:
    return ", ".join(f"`{row['name']}`" for row in rows or () if row[column] == value)


def _of_people(assessment: Assessment, tier: RiskTier) -> Iterator[Reason]:
    if tier.unchecked:
        yield Reason(
            "people.unchecked",
            f"nobody looked at the lists {', '.join(tier.unchecked)}; it is {tier.sentence}",
            f"people.{tier.unchecked[0]}",
            "go through the lists with whoever knows the law; write `none` where nothing fits",
        )
    if assessment.text("people", "affected") is None:
        yield Reason(
            "people.affected_unknown",
            "nobody says who bears an error",
            "people.affected",
            "ask who notices first when it is wrong",
        )
    high = [tick for tick in tier.ticks if tick.tier == "high"]
    if high and assessment.text("people", "assessment_owner") is None:
        yield Reason(
            "people.no_impact_assessment_owner",
            f"its tier is high ({high[0].clause}), and nobody writes the impact assessment (AI Act Art. 27)",
            "people.assessment_owner",
            "name who writes it, and plan the hours",
        )


def _of_tools(assessment: Assessment, facts: Facts) -> Iterator[Reason]:
    tools = assessment.rows("autonomy", "tools")
    if assessment.text("autonomy", "wanted") is None or tools is None:
        yield Reason(
            "autonomy.unknown",
            "nobody says what it may do by itself, or with which tools",
            "autonomy.wanted",
            "start with suggest; name the tools it would call",
        )
    at = "autonomy.tools"
    if unclear := _names(tools, "effect", UNKNOWN):
        yield Reason(
            "tools.effect_unknown",
            f"nobody says what {unclear} does",
            at,
            "ask whether a call can be undone",
        )
    final = [row for row in tools or () if row["effect"] == "irreversible" and row["rule"] is not True]
    if final:
        names = ", ".join(f"`{row['name']}`" for row in final)
        yield Reason(
            "tools.irreversible_without_rule",
            f"{names} cannot be undone, and no rule says who approves it",
            at,
            "write the rule before the first call",
        )
    covered = facts.policy_coverage
    if covered is not None:
        if covered.count < covered.total:
            told = f"{covered.total - covered.count} of {covered.total} write tools have no rule ({covered.source})"
            yield Reason("tools.without_rule", told, at, "write a rule for each of them")
        return
    open_writes = [row for row in tools or () if row["effect"] == "write" and row["rule"] is not True]
    if open_writes:
        names = ", ".join(f"`{row['name']}`" for row in open_writes)
        yield Reason(
            "tools.without_rule", f"{names} writes, and no rule says who may", at, "write a rule for each"
        )


def _of_reviews(assessment: Assessment, figures: Figures, policy: Policy) -> Iterator[Reason]:
    hours = assessment.number("review", "hours_per_week")
    if hours is None or assessment.text("review", "reviewers") is None:
        yield Reason(
            "review.unknown",
            "nobody says who looks at what it does, or for how many hours",
            "review.hours_per_week",
            "ask whoever plans the shifts",
        )
    needed = review_hours(figures, policy)
    if hours is not None and needed is not None and needed > policy.review_load_bar * hours:
        yield Reason(
            "review.overload",
            f"reviews take about {needed:.0f} hours a week, and there are {hours:g}",
            "review.hours_per_week",
            "plan more hours, begin with a part of the cases, or let more leave alone once it is proven",
        )


def review_hours(figures: Figures, policy: Policy) -> float | None:
    """Hours a week that people review, in a usual week at full volume; None where it is not known.

    Cases that do not leave alone are all reviewed, the others as often as spot checks are drawn.
    """
    try:
        volume, minutes = figures["volume"].range.p50, figures["review_minutes"].range.p50
        alone = figures["automation_share"].range.p50 if figures.alone else 0.0
    except StopIteration:
        return None
    reviewed = (1 - alone) + alone * policy.spot_check_share
    return volume / WEEKS_PER_MONTH * reviewed * minutes / 60
