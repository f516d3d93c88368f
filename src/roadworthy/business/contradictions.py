"""Answers that cannot all be right: where they stand and what to settle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from roadworthy.business.assessment import Assessment


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two answers that exclude one another, shown at the second one."""

    path: tuple[str, ...]
    message: str
    hint: str = ""


def contradictions(assessment: Assessment) -> Iterator[Contradiction]:
    """Every pair of answers of an assessment that cannot both be right, and figures that cannot be."""
    yield from _figures(assessment)
    yield from _autonomy(assessment)
    yield from _kpi(assessment)
    ticked = assessment.ticks("people", "prohibited")
    if assessment.text("people", "affected") == "nobody" and (
        ticked or assessment.ticks("people", "high_risk")
    ):
        yield Contradiction(
            ("people", "affected"),
            "`affected` is nobody, and uses that affect people are ticked",
            "say who bears an error",
        )


def _figures(assessment: Assessment) -> Iterator[Contradiction]:
    volume = assessment.range("volume", "cases_per_month")
    if volume is not None and volume.p50 <= 0:
        yield Contradiction(
            ("volume", "cases_per_month"),
            "found a usual month without a case, expected more than 0",
            "an idea without cases has nothing to gain; write `unknown` if nobody has counted",
        )
    minutes = assessment.range("minutes", "minutes_per_case")
    if minutes is not None and minutes.p50 <= 0:
        yield Contradiction(
            ("minutes", "minutes_per_case"), "found no work on a case, expected more than 0 minutes"
        )
    left = assessment.range("minutes", "minutes_left")
    if minutes and left and left.p50 > minutes.p50 > 0:
        yield Contradiction(
            ("minutes", "minutes_left"),
            f"{left.p50:g} minutes are left of {minutes.p50:g}: an automatic case would take longer than today",
        )
    usual, worst = assessment.range("error", "cost_of_error"), assessment.range("error", "worst")
    if usual and worst and worst.p50 < usual.p50:
        yield Contradiction(
            ("error", "worst"), f"the worst error costs {worst.p50:g}, less than a usual one, {usual.p50:g}"
        )
    hours = assessment.number("review", "hours_per_week")
    if hours is not None and hours < 0:
        yield Contradiction(("review", "hours_per_week"), f"expected no less than 0 hours, found {hours:g}")
    delay = assessment.number("labels", "delay_days")
    if delay is not None and delay < 0:
        yield Contradiction(("labels", "delay_days"), f"expected no less than 0 days, found {delay:g}")


def _autonomy(assessment: Assessment) -> Iterator[Contradiction]:
    wanted, tools = assessment.text("autonomy", "wanted"), assessment.rows("autonomy", "tools")
    if tools is not None:
        effects = {tool["effect"] for tool in tools}
        if wanted == "automatic" and not effects & {"write", "irreversible"}:
            yield Contradiction(
                ("autonomy", "tools"),
                "it is to act and report, and no tool is named that writes",
                "name the tool that acts, or write `wanted: suggest`",
            )
        if wanted == "suggest" and "irreversible" in effects:
            name = next(str(tool["name"]) for tool in tools if tool["effect"] == "irreversible")
            yield Contradiction(
                ("autonomy", "wanted"),
                f"it is only to suggest, and `{name}` cannot be undone",
                "write `wanted: approve`, or leave the tool to people",
            )
    if assessment.number("review", "hours_per_week") == 0 and wanted == "approve":
        yield Contradiction(
            ("review", "hours_per_week"),
            "every case waits for a person's yes, and the reviewers have no hours",
            "plan hours, or write `unknown`",
        )


def _kpi(assessment: Assessment) -> Iterator[Contradiction]:
    baseline, target = assessment.number("kpi", "baseline"), assessment.number("kpi", "target")
    if baseline is None or target is None:
        return
    way = assessment.text("kpi", "direction")
    worse = target <= baseline if way == "up" else target >= baseline if way == "down" else False
    if worse:
        yield Contradiction(
            ("kpi", "target"),
            f"the target {target:g} is no better than the baseline {baseline:g}, and better is {way}",
            "check `direction` and both figures",
        )
