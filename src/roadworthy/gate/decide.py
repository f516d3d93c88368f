"""The gate: may this use case enter that stage, by what was measured?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from roadworthy.charter import Charter
from roadworthy.evidence import Evidence, Measurement
from roadworthy.gate.requirement import Compare, Requirement, RequirementSet
from roadworthy.stage import Stage


class Mark(StrEnum):
    """How one requirement stands."""

    PASS = "pass"  # noqa: S105 - a mark, not a password
    WAIVED = "waived"
    HOLD = "hold"
    FAIL = "fail"
    NOT_EVALUATED = "not evaluated"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A second person's dated, reasoned exception from one requirement."""

    requirement: str
    subject: str
    reason: str
    asked_by: str
    granted_by: str
    demo: bool
    expires_at: datetime

    def holds(self, now: datetime) -> bool:
        """Not expired, with a reason, and granted by somebody else than who asked."""
        return now < self.expires_at and self.asked_by != self.granted_by and bool(self.reason.strip())


@dataclass(frozen=True, slots=True)
class Finding:
    """One requirement on one subject: the mark, the reason in words, and what to do next."""

    requirement: str
    theme: str
    subject: str
    asks: str
    mark: Mark
    reason: str
    value: float | None
    threshold: float | None
    unit: str
    n: int
    measured_at: datetime | None
    valid_until: datetime | None
    simulated: tuple[str, ...]
    next_step: str
    minutes: int
    measurement: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate concludes. Open findings come in the order in which they are best worked off."""

    use_case: str
    release: str
    stage: Stage
    policy_version: str
    decided_at: datetime
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def passes(self) -> bool:
        return all(finding.mark in {Mark.PASS, Mark.WAIVED} for finding in self.findings)

    @property
    def open(self) -> tuple[Finding, ...]:
        """Not passed, cheapest next step first."""
        left = [finding for finding in self.findings if finding.mark not in {Mark.PASS, Mark.WAIVED}]
        return tuple(
            sorted(left, key=lambda finding: (finding.minutes, finding.requirement, finding.subject))
        )

    @property
    def word(self) -> str:
        if self.passes:
            return "pass"
        return "fail" if any(finding.mark is Mark.FAIL for finding in self.findings) else "hold"

    @property
    def sentence(self) -> str:
        """The verdict as the owner reads it."""
        passed = len(self.findings) - len(self.open)
        if self.passes:
            return f"{self.use_case} may enter {self.stage}: {passed} of {len(self.findings)} requirements hold"
        first = self.open[0]
        return (
            f"{self.use_case} stays out of {self.stage}: {len(self.open)} of {len(self.findings)} requirements "
            f"do not hold; next: {first.next_step or first.asks}"
        )


def decide(
    charter: Charter,
    evidence: Evidence,
    stage: Stage,
    now: datetime,
    *,
    requirements: RequirementSet,
    release: str,
    waivers: Sequence[Waiver] = (),
    notes: Iterable[str] = (),
) -> Verdict:
    """Put every requirement of the stage to the evidence.

    Nothing passes that was not measured, has expired, rests on too few cases, or (where the
    requirement says so) on simulated parts. A stage to which no requirement applies does not pass
    either: a gate without questions is a mistake in the policy file.
    """
    findings: list[Finding] = []
    for requirement in requirements.requirements:
        if stage not in requirement.stages or (
            requirement.tiers and charter.risk.tier not in requirement.tiers
        ):
            continue
        for subject in charter.subjects(requirement.each) if requirement.each else ("",):
            finding = _judge(requirement, subject, charter, evidence, stage)
            findings.append(_waive(finding, requirement, waivers, now))
    if not findings:
        findings.append(_no_questions(stage))
    demo = sorted({waiver.granted_by for waiver in waivers if waiver.demo and waiver.holds(now)})
    shown = [*notes, *(f"waiver granted by demo account {name}" for name in demo)]
    return Verdict(
        charter.use_case,
        release,
        stage,
        requirements.version,
        now,
        tuple(findings),
        tuple(dict.fromkeys(shown)),
    )


def _judge(
    requirement: Requirement, subject: str, charter: Charter, evidence: Evidence, stage: Stage
) -> Finding:
    threshold = _threshold(requirement, subject, charter)
    measured = evidence.find(requirement.measured_by, subject)
    if threshold is None:
        reason = f"the charter sets no `{requirement.threshold}`"
        return _finding(requirement, subject, Mark.NOT_EVALUATED, reason, measured, None)
    if measured is None:
        before = evidence.outlived(requirement.measured_by, subject)
        if before is None:
            reason = f"`{requirement.measured_by}` was never measured"
        elif before.release:
            reason = f"last measured {before.at:%Y-%m-%d}, it has expired or belongs to another release"
        else:
            reason = f"last measured {before.at:%Y-%m-%d}, it has expired"
        return _finding(requirement, subject, Mark.NOT_EVALUATED, reason, None, threshold)
    fewest = _fewest(requirement, subject, charter)
    if fewest is None:
        reason = f"the charter sets no `{requirement.min_n}`"
        return _finding(requirement, subject, Mark.NOT_EVALUATED, reason, measured, threshold)
    if measured.n < fewest:
        reason = f"rests on {measured.n} cases, at least {fewest:g} are needed"
        return _finding(requirement, subject, Mark.HOLD, reason, measured, threshold)
    if requirement.real_parts and measured.simulated and stage is Stage.PRODUCTION:
        reason = f"measured with simulated parts: {', '.join(measured.simulated)}"
        return _finding(requirement, subject, Mark.HOLD, reason, measured, threshold)
    if requirement.unit and measured.unit != requirement.unit:
        reason = f"measured in `{measured.unit}`, asked in `{requirement.unit}`"
        return _finding(requirement, subject, Mark.HOLD, reason, measured, threshold)
    at_least = requirement.compare is Compare.AT_LEAST
    value = measured.value
    if requirement.bound and measured.interval is not None:
        value = measured.interval.low if at_least else measured.interval.high
    # What is no number was not measured: it passes nothing, whatever its interval says.
    measurable = math.isfinite(measured.value) and math.isfinite(value) and math.isfinite(threshold)
    holds = measurable and (value >= threshold if at_least else value <= threshold)
    unit = requirement.unit or measured.unit
    reason = _say(value, unit)
    if requirement.bound and _say(measured.value, unit) != reason:
        reason += f" at the cautious end of {_say(measured.value, unit)}"
    if unit != "yes":
        reason += f", asked {requirement.compare} {_say(threshold, unit)}"
    if measured.n > 1:
        reason += f" (n={measured.n})"
    if holds:
        return _finding(requirement, subject, Mark.PASS, reason, measured, threshold)
    mark = Mark.FAIL if requirement.compare is Compare.AT_MOST and not requirement.waivable else Mark.HOLD
    return _finding(requirement, subject, mark, reason, measured, threshold)


def _threshold(requirement: Requirement, subject: str, charter: Charter) -> float | None:
    if isinstance(requirement.threshold, float):
        return requirement.threshold
    return charter.number(requirement.threshold.replace("{subject}", subject))


def _fewest(requirement: Requirement, subject: str, charter: Charter) -> float | None:
    if isinstance(requirement.min_n, int):
        return requirement.min_n
    return charter.number(requirement.min_n.replace("{subject}", subject))


def _waive(finding: Finding, requirement: Requirement, waivers: Sequence[Waiver], now: datetime) -> Finding:
    if finding.mark is Mark.PASS or not requirement.waivable:
        return finding
    for waiver in waivers:
        if (waiver.requirement, waiver.subject) == (finding.requirement, finding.subject) and waiver.holds(
            now
        ):
            words = f"waived until {waiver.expires_at:%Y-%m-%d} by {waiver.granted_by}: {waiver.reason} ({finding.reason})"
            return replace(finding, mark=Mark.WAIVED, reason=words)
    return finding


def _finding(
    requirement: Requirement,
    subject: str,
    mark: Mark,
    reason: str,
    measured: Measurement | None,
    threshold: float | None,
) -> Finding:
    return Finding(
        requirement=requirement.id,
        theme=requirement.theme,
        subject=subject,
        asks=requirement.asks.replace("{subject}", subject),
        mark=mark,
        reason=reason,
        value=measured.value if measured else None,
        threshold=threshold,
        unit=requirement.unit or (measured.unit if measured else ""),
        n=measured.n if measured else 0,
        measured_at=measured.at if measured else None,
        valid_until=measured.valid_until if measured else None,
        simulated=measured.simulated if measured else (),
        next_step=requirement.next_step.replace("{subject}", subject),
        minutes=requirement.minutes,
        measurement=measured.id if measured else "",
    )


def _no_questions(stage: Stage) -> Finding:
    return Finding(
        requirement="gate.has_questions", theme="governance", subject="",
        asks=f"the policy file asks something of {stage}", mark=Mark.NOT_EVALUATED,
        reason="no requirement applies to this stage", value=None, threshold=None, unit="", n=0,
        measured_at=None, valid_until=None, simulated=(), minutes=5,
        next_step="add requirements for the stage to the policy file",
    )  # fmt: skip


def _say(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return "no number"
    if unit == "share":
        return f"{value * 100:.1f} %"
    if unit == "yes":
        return "yes" if value >= 1 else "no"
    if unit == "seconds" and value >= 120:
        for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
            if value >= 2 * size:
                return f"{value / size:.1f}".removesuffix(".0") + f" {name}"
    number = f"{value:,.4f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"
    return f"{number} {unit}".strip()


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def as_json(verdict: Verdict) -> Mapping[str, object]:
    """The verdict as every door shows it."""
    return {
        "use_case": verdict.use_case,
        "release": verdict.release,
        "stage": verdict.stage,
        "verdict": verdict.word,
        "sentence": verdict.sentence,
        "policy_version": verdict.policy_version,
        "decided_at": verdict.decided_at.isoformat(),
        "notes": list(verdict.notes),
        "findings": [
            {
                "requirement": finding.requirement,
                "theme": finding.theme,
                "subject": finding.subject,
                "asks": finding.asks,
                "mark": finding.mark,
                "reason": finding.reason,
                "value": _finite(finding.value),
                "threshold": _finite(finding.threshold),
                "unit": finding.unit,
                "n": finding.n,
                "measured_at": finding.measured_at.isoformat() if finding.measured_at else None,
                "valid_until": finding.valid_until.isoformat() if finding.valid_until else None,
                "simulated": list(finding.simulated),
                "next_step": finding.next_step,
            }
            for finding in verdict.findings
        ],
    }
