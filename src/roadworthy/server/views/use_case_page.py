"""The page of a use case: what every door shows of it, and what people look at and do beside that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from roadworthy.evidence import Measurement
from roadworthy.gate import Finding, Mark, Verdict
from roadworthy.measure.value.kpi import KIND
from roadworthy.operate.verdicts import Weighed
from roadworthy.operate.waivers import AskedWaiver, asked_waivers
from roadworthy.ports import Transaction
from roadworthy.principal import Kind, allows
from roadworthy.release import Archive, Release, differences
from roadworthy.server.asking import Ask
from roadworthy.server.commands import measuring
from roadworthy.server.views import standing, worth
from roadworthy.server.views.shared import plain, rollout_of
from roadworthy.server.views.use_case import in_order, read
from roadworthy.stage import ENDED

FILTERS: Final = ("stage", "release")
MOST_POINTS: Final = 400
MOST_DIFFERENCES: Final = 60
CHARTER: Final = "charter.yaml"


def use_case_page(ask: Ask) -> dict[str, Any]:
    """What ``use_case`` says, with the evidence behind every requirement, KPI, value, requests and rights."""
    page, weighed, said = read(ask)
    name, release = page["name"], weighed.release
    with ask.deployment.store.read() as tx:
        asked = asked_waivers(ask.deployment, tx, name)
        trend = ask.deployment.store.evidence.measurements(tx, name, kind=KIND, limit=MOST_POINTS)
        difference = _difference(ask, tx, page["releases"], release)
        releases = rollout_of(ask, tx, name).releases
    findings = in_order(said)
    waiting = {(one.requirement, one.subject) for one in asked}
    page["verdict"]["findings"] = [
        row | _behind(weighed, finding, said, waiting)
        for row, finding in zip(page["verdict"]["findings"], findings, strict=True)
    ]
    first = said.open[0] if said.open else None
    return plain(  # type: ignore[no-any-return]
        page
        | {
            "next_step": standing.cheapest(first) if first else "",
            "minutes": sum(finding.minutes for finding in said.open),
            "evidence": standing.age(said),
            "kpi": standing.kpi(weighed) | _trend(trend, releases),
            "cost": standing.cost(weighed),
            "value": worth.brought(worth.this_month(ask, [name]), weighed.charter, name).as_json(),
            "waivers": [one | {"you_may_withdraw": _may_withdraw(ask, one)} for one in page["waivers"]],
            "asked": [_asked_json(ask, one) for one in asked],
            "difference": difference,
            "you_may_ask": allows(ask.principal, "measure", use_case=name) and _is_person(ask),
            "you_may_approve": not _why_not_approve(ask, release),
            "why_not_approve": _why_not_approve(ask, release),
            "measured": standing.age(said)["oldest"] is not None,
        }
    )


def _behind(
    weighed: Weighed, finding: Finding, said: Verdict, waiting: set[tuple[str, str]]
) -> dict[str, Any]:
    """The evidence of a requirement, and how it is measured again."""
    row = next((one for one in weighed.requirements.requirements if one.id == finding.requirement), None)
    kind = row.measured_by if row else ""
    found = weighed.evidence.find(kind, finding.subject) or weighed.evidence.outlived(kind, finding.subject)
    return {
        "kind": kind,
        "compare": row.compare if row else "",
        "low": found.interval.low if found and found.interval else None,
        "high": found.interval.high if found and found.interval else None,
        "method": found.method if found else "",
        # What is read anew for every verdict is kept nowhere.
        "run": found.id if found and found.valid_for > standing.ANEW else "",
        "minutes": finding.minutes,
        "owner": row.owner if row else "",
        "waivable": bool(row and row.waivable) and finding.mark not in {Mark.PASS, Mark.WAIVED},
        "asked": (finding.requirement, finding.subject) in waiting,
        "command": measuring(
            kind,
            finding.subject,
            row=finding.requirement,
            use_case=said.use_case,
            release=weighed.release.name,
            stage=said.stage,
        ),
    }


def _trend(kept: Sequence[Measurement], releases: Sequence[Release]) -> dict[str, Any]:
    """The KPI's values, the oldest first, and when releases reached the stage they are in or ended."""
    points = [
        {
            "at": one.at.isoformat(),
            "value": one.value,
            # Asked otherwise than the one before: the two may not compare.
            "other_query": place > 0 and one.inputs != kept[-place].inputs,
        }
        for place, one in enumerate(reversed(kept))
    ]
    marks = sorted((one.stage_since, one.name, one.stage, one.reason) for one in releases)
    return {
        "points": points,
        "marks": [
            {
                "at": at.isoformat(),
                "release": name,
                "stage": stage,
                "reason": reason if stage in ENDED else "",
            }
            for at, name, stage, reason in marks
        ],
    }


def _difference(
    ask: Ask, tx: Transaction, releases: Sequence[dict[str, Any]], release: Release
) -> dict[str, Any] | None:
    """What the charter says otherwise than that of the last approved release before this one; None without one."""
    before = next((one for one in releases if one["approvals"] and _number(one) < release.number), None)
    if before is None:
        return None
    store = ask.deployment.store.releases
    old, new = (
        Archive({CHARTER: store.archive(tx, digest).files.get(CHARTER, b"")})
        for digest in (before["digest"], release.digest)
    )
    found = differences(old, new)
    return {
        "since": before["name"],
        "approved_by": sorted({one["principal"] for one in before["approvals"]}),
        "more": max(0, len(found) - MOST_DIFFERENCES),
        "changes": [
            {
                "kind": one.kind,
                "about": one.about,
                "sentence": one.sentence,
                "before": one.before,
                "after": one.after,
            }
            for one in found[:MOST_DIFFERENCES]
        ],
    }


def _number(release: dict[str, Any]) -> int:
    return int(str(release["name"]).removeprefix("r"))


def _asked_json(ask: Ask, one: AskedWaiver) -> dict[str, Any]:
    why_not = _why_not_grant(ask, one)
    own = one.asked_by == ask.principal.id
    return {
        "id": one.id,
        "requirement": one.requirement,
        "subject": one.subject,
        "reason": one.reason,
        "days": one.days,
        "asked_by": one.asked_by,
        "at": one.at.isoformat(),
        "you_may_grant": not why_not,
        "you_may_decline": own or not why_not,
        "yours": own,
        "why_not": why_not,
    }


def _why_not_grant(ask: Ask, asked: AskedWaiver) -> str:
    """Empty if this principal may grant it; mirrors what the verb will say."""
    if not allows(ask.principal, "waiver.grant", use_case=ask.path["name"]):
        return "granting a waiver needs the role owner or risk officer"
    if not _is_person(ask):
        return "granting a waiver needs a person"
    return "a second person grants it" if asked.asked_by == ask.principal.id else ""


def _may_withdraw(ask: Ask, waiver: dict[str, Any]) -> bool:
    """Mirrors what the verb will say."""
    own = waiver["asked_by"] == ask.principal.id
    may = own or allows(ask.principal, "waiver.grant", use_case=ask.path["name"])
    return bool(waiver["holds"]) and _is_person(ask) and may


def _why_not_approve(ask: Ask, release: Release) -> str:
    """Empty if this principal may approve the release; mirrors what the verb will say."""
    if not allows(ask.principal, "release.approve", use_case=ask.path["name"]):
        return "an approval needs the role owner or risk officer"
    if not _is_person(ask):
        return "an approval needs a person"
    if ask.principal.id == release.author:
        return "you made this release: somebody else approves it"
    return f"{release.name} is {release.stage}" if release.stage in ENDED else ""


def _is_person(ask: Ask) -> bool:
    return ask.principal.kind is Kind.PERSON
