"""Invented ideas at random, for properties and benchmarks: sound ones, gaps, and the same with one answer changed."""

from __future__ import annotations

from datetime import date

import numpy as np

from roadworthy.business import UNKNOWN, Answer, Assessment, Range

TODAY = date(2026, 11, 21)


def an_idea(rng: np.random.Generator, name: str, *, gaps: float = 0.15) -> Assessment:
    """An idea whose answers may be anything that a file may say; ``gaps`` of its fields nobody knows."""

    def known(value: object) -> object:
        return UNKNOWN if rng.random() < gaps else value

    def pick(*options: object) -> object:
        return known(options[int(rng.integers(len(options)))])

    def amount(middle: float, spread: float = 0.6) -> Range:
        centre = float(np.exp(rng.normal(np.log(middle), spread)))
        low, high = np.exp(-abs(rng.normal(0.5, 0.3))), np.exp(abs(rng.normal(0.5, 0.3)))
        return (
            Range(centre * low, centre, centre * high)
            if rng.random() < 0.8
            else Range(centre, centre, centre)
        )

    def share(middle: float, width: float) -> Range:
        low, centre, high = np.sort(np.clip(rng.normal(middle, width, 3), 0.001, 0.995))
        return Range(float(low), float(centre), float(high))

    wanted = pick("suggest", "approve", "automatic", "automatic")
    effects = (
        ("read",)
        if wanted == "suggest"
        else ("write",)
        if rng.random() < 0.8
        else ("write", "irreversible")
    )
    tools = tuple(
        {"name": f"tool.{n}", "effect": each, "rule": pick(True, True, True, False)}
        for n, each in enumerate(effects)
    )
    sources = tuple(
        {"name": f"source-{n}", "owner": known("lena"), "permission": pick(*["yes"] * 9, "can be had", "cannot be had"),
         "personal": pick("none", "personal", "special")}
        for n in range(int(rng.integers(1, 3)))
    )  # fmt: skip
    missing = tuple(
        {"name": f"link-{n}", "by": pick(date(2027, 3, 31), date(2027, 3, 31), date(2026, 1, 1))}
        for n in range(int(rng.integers(0, 2)))
    )
    fields: dict[str, dict[str, object]] = {
        "task": {"decision": known("which"), "done_by": known("desk")},
        "volume": {"cases_per_month": known(amount(2500, 1.0))},
        "minutes": {"minutes_per_case": known(amount(6)), "minutes_left": known(amount(0.5))},
        "hourly_cost": {"cost_per_hour": known(amount(38, 0.3))},
        "kpi": {"name": known("figure"), "baseline": known(0.6), "measured_in": known("helpdesk"),
                "direction": "up", "unit": "share", "target": 0.8,
                "worth_per_month": known(Range(0.0, 0.0, 0.0))},
        "error": {"cost_of_error": known(amount(12, 1.0)), "error_share": known(share(0.04, 0.02)),
                  "reversible_within": pick("24h", "never")},
        "delay": {"cost_per_month": known(amount(200))},
        "owner": {"accountable": known("mara"), "may_change_process": pick(True, True, True, False)},
        "review": {"reviewers": known("desk"), "hours_per_week": known(float(rng.integers(1, 200))),
                   "minutes_per_review": known(amount(1.5))},
        "operation": {"run_by": known("platform"), "infrastructure_per_month": known(amount(400)),
                      "people_per_month": known(amount(900))},
        "data": {"sources": known(sources), "protection_assessed": pick(True, True, False)},
        "labels": {"count": known(Range(*[float(rng.integers(0, 2) * 800)] * 3)), "can_be_had": pick(True, False)},
        "people": {"affected": pick("employees", "customers", "public", "nobody"),
                   "prohibited": known(("social-scoring",) if rng.random() < 0.03 else ()),
                   "high_risk": known(("credit",) if rng.random() < 0.2 else ()),
                   "transparency": known(("talks-to-people",) if rng.random() < 0.5 else ()),
                   "assessment_owner": known("ines")},
        "autonomy": {"wanted": wanted, "tools": known(tools), "automation_share": known(share(0.5, 0.15))},
        "vendor": {"region": known("eu"), "price_per_case": known(amount(0.05, 1.0))},
        "retention": {"keep": known("365d")},
        "integration": {"existing": ("api",), "missing": known(missing), "build_weeks": known(amount(10)),
                        "build_cost": known(amount(45_000, 0.8))},
        "fallback": {"plan": known("as today"), "exit_cost": known(amount(3000))},
    }  # fmt: skip
    fields["minutes"]["minutes_left"] = known(_below(amount(0.5), fields["minutes"]["minutes_per_case"]))
    if fields["people"]["prohibited"] or fields["people"]["high_risk"]:
        # Answers that contradict one another never get past the reader.
        fields["people"]["affected"] = pick("employees", "customers", "public")
    answers = {key: Answer("mara", "an interview", held) for key, held in fields.items()}  # type: ignore[arg-type]
    return Assessment(name, name, "EUR", answers)


def _below(part: Range, whole: object) -> Range:
    """A range whose middle lies below another's."""
    most = whole.p50 if isinstance(whole, Range) else part.p50
    return part.times(min(1.0, 0.9 * most / part.p50))
