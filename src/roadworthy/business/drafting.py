"""From a funded idea to a draft of its charter, and back: what was promised then, and what stands there now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from roadworthy.business.assessment import UNKNOWN, Assessment, Row
from roadworthy.business.decision import Conclusion, Verdict
from roadworthy.business.facts import NOTHING_MEASURED, Facts
from roadworthy.business.figures import figures_of
from roadworthy.business.policy import Policy
from roadworthy.business.tier import tier_of
from roadworthy.charter import TIERS, Charter
from roadworthy.errors import InputProblem, Problem, Refused
from roadworthy.quantities import Money

NOBODY = "nobody-yet"
"""Stands where an account is still to be named: no account has it, so that the gate holds until one does."""
_NO_VALUE = "select 1 where 1 = 0"


@dataclass(frozen=True, slots=True)
class Difference:
    """One promise that is another one now. ``graver`` says that more is at risk, or less is promised, than then."""

    what: str
    then: str
    now: str
    graver: bool
    sentence: str

    def as_json(self) -> dict[str, object]:
        """The difference as every door shows it."""
        return {
            "what": self.what,
            "then": self.then,
            "now": self.now,
            "graver": self.graver,
            "sentence": self.sentence,
        }


def charter_draft(
    assessment: Assessment, verdict: Verdict, policy: Policy, *, facts: Facts = NOTHING_MEASURED
) -> str:
    """The text of a ``charter.yaml`` that ``roadworthy.charter.read`` accepts, its gaps marked as comments.

    Whatever nobody said stands as a value that the gate does not accept (an owner without an account, a
    query without an answer), never as one that looks like a promise. Drafted twice it is the same text.

    Errors: ``Refused`` RW-BUSINESS-030 where the idea is not funded, ``InputProblem`` RW-BUSINESS-031 where
            the assessment is not in euro, in which usage is counted, or a needed answer is unknown.
    """
    if verdict.conclusion is not Conclusion.FUND:
        raise Refused(
            "RW-BUSINESS-030",
            f"`{assessment.idea}` is not funded: the verdict is {verdict.conclusion}",
            reasons=[reason.sentence for reason in verdict.reasons],
            hint=verdict.next_step,
        )
    problems = []
    if assessment.currency != "EUR":
        told = f"usage is counted in EUR, and the assessment is in {assessment.currency}"
        problems.append(Problem(told, assessment.idea, hint="assess it in EUR"))
    for question, field in (("kpi", "name"), ("kpi", "target"), ("kpi", "direction")):
        if assessment.held(question, field) is UNKNOWN:
            problems.append(Problem(f"`{question}.{field}` is needed for a charter", assessment.idea))
    if problems:
        raise InputProblem("RW-BUSINESS-031", problems)
    lines = [
        f"# Drafted from the assessment of {assessment.idea}, {verdict.today.isoformat()}, policy {verdict.policy}.",
        "# A line with `gap` has to be settled before the gate looks at it.",
        *_heads(assessment, verdict),
        *_money(assessment, verdict, policy, facts),
        *_sources(assessment),
        *_people(assessment, policy, facts),
    ]
    return "\n".join(lines) + "\n"


def usage_budget(assessment: Assessment, policy: Policy, facts: Facts) -> tuple[float, float] | None:
    """What a case and a month of usage may cost: the dear end of the price, and of the volume.

    Edge: None where the figures for it are not known.
    """
    known = {figure.name: figure.range for figure in figures_of(assessment, facts, policy).figures}
    if not {"price_per_case", "volume"} <= set(known):
        return None
    case = known["price_per_case"].p90 * (1 + (0.0 if facts.cost_per_case else policy.repeated_calls))
    return case, case * known["volume"].p90


def _heads(assessment: Assessment, verdict: Verdict) -> Iterator[str]:
    accountable = assessment.text("owner", "accountable")
    yield f"use_case: {_name(assessment.idea)}"
    yield f"title: {_text(assessment.title)}"
    yield "phase: strategy"
    yield f"objective: {_text(assessment.text('task', 'decision') or assessment.title)}"
    yield f"purpose: {_purpose(assessment.idea)}  # gap: the purpose its data are used for, as policies name it"
    yield f"region: {_text(assessment.text('vendor', 'region') or 'any')}"
    yield "owners:"
    yield f"  business: {_text(accountable or NOBODY)}"
    yield f"  technical: {NOBODY}  # gap: answers for how it is built"
    owner = assessment.text("people", "assessment_owner")
    yield f"  risk: {_text(owner or NOBODY)}" + ("" if owner else "  # gap: the risk officer")
    yield f"  support: {_text(assessment.text('operation', 'run_by') or NOBODY)}  # gap: the account that is called"
    names = list(_declared(assessment))
    yield "kpi:"
    yield f"  name: {_text(assessment.text('kpi', 'name') or '')}"
    yield f"  unit: {_text(assessment.text('kpi', 'unit') or 'share')}"
    yield f"  direction: {assessment.text('kpi', 'direction')}"
    yield f"  target: {assessment.number('kpi', 'target')}"
    told = f"{assessment.text('kpi', 'measured_in')} said {assessment.number('kpi', 'baseline')}"
    yield f"  # gap: the query that measures it, on the source that holds it; {told}"
    yield f"  baseline: {{source: {names[0]}, sql: {_text(_NO_VALUE)}}}"
    yield "risk:"
    yield f"  tier: {verdict.tier.charter_tier}"
    yield f"  # {verdict.tier.sentence} (not legal advice)"
    worst = assessment.text("error", "worst_case")
    yield f"  worst_case: {_text(worst or 'nobody said yet')}" + ("" if worst else "  # gap")
    undo = assessment.text("error", "reversible_within")
    if undo and undo != "never":
        yield f"  reversible_within: {undo}"
    yield f"autonomy: {assessment.text('autonomy', 'wanted') or 'suggest'}"


def _money(assessment: Assessment, verdict: Verdict, policy: Policy, facts: Facts) -> Iterator[str]:
    known = {figure.name: figure.range for figure in figures_of(assessment, facts, policy).figures}
    currency = assessment.currency
    yield "value:"
    yield f"  cases_per_month: {max(1, round(known['volume'].p50))}"
    yield f"  minutes_per_case: {known['minutes'].p50:g}"
    yield f"  cost_per_hour: {_amount(known['hourly'].p50, currency)}"
    error = assessment.range("error", "cost_of_error")
    gap = "" if error else "  # gap: nobody said, and nothing leaves alone"
    yield f"  cost_of_error: {_amount(error.p50 if error else 0.0, currency)}{gap}"
    case, month = usage_budget(assessment, policy, facts) or (0.0, 0.0)
    yield "budget:  # the dear end of what was assessed"
    yield f"  per_case: {case:.6f} {currency}"
    yield f"  per_month: {_amount(month, currency)}"
    if verdict.stage:
        stage = verdict.stage
        yield f"# first stage: {_amount(stage.budget, currency)}, reviewed on {stage.review_on.isoformat()}; {stage.kill}"


def _declared(assessment: Assessment) -> dict[str, Row]:
    """Sources by a name that a charter accepts; one for the figure alone where none are needed."""
    found: dict[str, Row] = {}
    for row in assessment.rows("data", "sources") or ():
        name = _name(str(row["name"]))
        while name in found:
            name = f"{name[:60]}-x"
        found[name] = row
    return found or {"figures": {}}


def _sources(assessment: Assessment) -> Iterator[str]:
    yield "input:  # gap: the fields of a case"
    yield "  text: {type: text}"
    yield "data:"
    keep = assessment.text("retention", "keep")
    for name, row in _declared(assessment).items():
        owner = row.get("owner")
        yield f"  {name}:"
        yield f'    url: "sqlite:///{{data}}/{name}.sqlite"  # gap: where it is'
        yield f"    owner: {_text(owner if isinstance(owner, str) else NOBODY)}"
        yield f"    steward: {NOBODY}  # gap: who mends it"
        personal = row.get("personal")
        if personal in {"personal", "special"}:
            yield f"    personal: {personal}"
            yield f"    purpose: {_purpose(assessment.idea)}"
            known = keep not in {None, "never"}
            yield f"    retention: {keep if known else '30d'}" + (
                "" if known else "  # gap: nobody said; short until then"
            )
    tools = assessment.rows("autonomy", "tools") or ()
    if tools:
        told = ", ".join(f"{row['name']} ({row['effect']})" for row in tools)
        yield f"# gap: `tools`, with sink, control arguments and undo: {told}"
    if assessment.text("autonomy", "wanted") == "automatic":
        yield "# gap: `tasks` and `certificates`; until one holds, every effect goes to a person"


def _people(assessment: Assessment, policy: Policy, facts: Facts) -> Iterator[str]:
    known = {figure.name: figure.range for figure in figures_of(assessment, facts, policy).figures}
    yield "review:"
    # Hours of 0 would not read; so few that the review load holds at the gate do.
    yield f"  hours_per_week: {max(assessment.number('review', 'hours_per_week') or 0.0, 0.1):g}"
    yield f"  minutes_per_review: {max(known['review_minutes'].p50, 0.01):g}"


def compare_with_charter(
    assessment: Assessment, charter: Charter, policy: Policy, *, facts: Facts = NOTHING_MEASURED
) -> tuple[Difference, ...]:
    """What the charter promises otherwise than the assessment did: owner, KPI, volume, money, tier, autonomy, budget.

    A figure differs where it lies outside the assessed range, a single one where it is another figure.
    What the assessment did not say is no difference.
    """
    return tuple(
        found
        for found in (
            *_other_texts(assessment, charter),
            *_other_figures(assessment, charter),
            *_other_risk(assessment, charter, policy, facts),
        )
        if found is not None
    )


def _other_texts(assessment: Assessment, charter: Charter) -> Iterator[Difference | None]:
    for what, then, now in (
        ("owner", assessment.text("owner", "accountable"), charter.owners.business),
        ("kpi.name", assessment.text("kpi", "name"), charter.kpi.name),
        ("kpi.unit", assessment.text("kpi", "unit"), charter.kpi.unit),
        ("kpi.direction", assessment.text("kpi", "direction"), charter.kpi.direction),
        ("region", assessment.text("vendor", "region"), charter.region),
    ):
        if then is not None and then.strip() != now:
            yield _difference(what, then, now, graver=what == "region")
    target = assessment.number("kpi", "target")
    if target is not None and target != charter.kpi.target:
        less = charter.kpi.target < target if charter.kpi.direction == "up" else charter.kpi.target > target
        yield _difference("kpi.target", f"{target:g}", f"{charter.kpi.target:g}", graver=less)


def _other_figures(assessment: Assessment, charter: Charter) -> Iterator[Difference | None]:
    value = charter.value
    for what, question, field, now, unit, more_is_graver in (
        ("volume", "volume", "cases_per_month", float(value.cases_per_month), "", False),
        ("minutes", "minutes", "minutes_per_case", value.minutes_per_case, "", False),
        ("cost_per_hour", "hourly_cost", "cost_per_hour", *_parts(value.cost_per_hour), False),
        ("cost_of_error", "error", "cost_of_error", *_parts(value.cost_of_error), True),
    ):
        told = assessment.range(question, field)
        if told is None:
            continue
        if unit and unit != assessment.currency:
            yield _difference(what, f"{told.p50:g} {assessment.currency}", f"{now:g} {unit}", graver=True)
        elif not told.p10 <= now <= told.p90:
            then = f"{told.p50:g}" if told.single else f"{told.p10:g} to {told.p90:g}"
            yield _difference(what, then, f"{now:g}", graver=(now > told.p90) is more_is_graver)


def _other_risk(
    assessment: Assessment, charter: Charter, policy: Policy, facts: Facts
) -> Iterator[Difference | None]:
    then = tier_of(assessment)
    if not then.unchecked and then.charter_tier != charter.risk.tier:
        lower = TIERS.index(charter.risk.tier) < TIERS.index(then.charter_tier)
        yield _difference("tier", then.charter_tier, charter.risk.tier, graver=lower)
    wanted = assessment.text("autonomy", "wanted")
    if wanted is not None and wanted != charter.autonomy:
        order = ("suggest", "approve", "automatic")
        yield _difference(
            "autonomy", wanted, charter.autonomy, graver=order.index(charter.autonomy) > order.index(wanted)
        )
    budget = usage_budget(assessment, policy, facts)
    if budget is not None and assessment.range("vendor", "price_per_case") is not None:
        for what, planned, text in (
            ("budget.per_case", budget[0], charter.budget.per_case),
            ("budget.per_month", budget[1], charter.budget.per_month),
        ):
            now, currency = _parts(text)
            if assessment.currency not in {"", currency}:
                yield _difference(what, f"{planned:.4g} {assessment.currency}", text, graver=True)
            elif now > planned * 1.005 + 0.005:
                # A smaller budget than planned keeps the promise; a larger one breaks it.
                yield _difference(what, f"{planned:.4g} {currency}", text, graver=True)


def _difference(what: str, then: str, now: str, *, graver: bool) -> Difference:
    return Difference(what, then, now, graver, f"{what}: {then} was assessed, the charter says {now}")


def _parts(text: str) -> tuple[float, str]:
    number, currency = text.split()
    return float(number), currency


def _amount(value: float, currency: str) -> str:
    for decimals in (2, 0):
        try:
            return str(Money.parse(f"{value:.{decimals}f} {currency}"))
        except ValueError:
            continue
    raise InputProblem("RW-BUSINESS-031", f"`{value:g} {currency}` is no amount of money")


def _text(text: str) -> str:
    """A text as YAML holds it: a JSON string is one."""
    return json.dumps(text, ensure_ascii=False)


def _name(text: str) -> str:
    """The nearest name of lower-case letters, digits, `-` and `_`."""
    kept = "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "-" for one in text.lower())
    kept = kept.strip("-_")
    return (kept if kept[:1].isalpha() else f"x-{kept}".rstrip("-"))[:63]


def _purpose(idea: str) -> str:
    name = _name(idea).replace("_", "-")
    return "any-purpose" if name == "any" else name
