"""The screens: every page with its address, and the way between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from roadworthy.server.asking import Ask
from roadworthy.server.views import (
    alerts,
    audit,
    case_page,
    costs,
    data,
    evaluations,
    evidence,
    ideas,
    inbox,
    incidents,
    operations,
    policies,
    portfolio,
    profile,
    quality,
    releases,
    review_page,
    settings,
    stops,
    use_case_page,
)


@dataclass(frozen=True, slots=True)
class Page:
    """A view with its address, its template and the query parameters it knows.

    ``rows`` names the list in what the view answers that its ``.csv`` twin gives; empty: there is no such twin.
    """

    path: str
    name: str
    template: str
    view: Callable[[Ask], dict[str, Any]]
    query: tuple[str, ...] = ()
    rows: str = ""


PAGES = (
    Page(
        "/portfolio",
        "portfolio",
        "portfolio.html",
        portfolio.portfolio,
        portfolio.FILTERS,
        rows="use_cases",
    ),
    Page("/ideas", "ideas", "ideas.html", ideas.ideas, ("after", "limit")),
    Page("/ideas/{name}", "idea", "idea.html", ideas.idea, ("question", "saved")),
    Page(
        "/use-cases/{name}", "use_case", "use_case.html", use_case_page.use_case_page, use_case_page.FILTERS
    ),
    Page(
        "/use-cases/{name}/evidence",
        "evidence",
        "evidence.html",
        evidence.evidence,
        evidence.FILTERS,
        rows="measurements",
    ),
    Page("/releases", "releases", "releases.html", releases.releases, ("after", "limit"), rows="releases"),
    Page("/use-cases/{name}/releases/{release}", "release", "release.html", releases.release, ("compare",)),
    Page("/policies", "policies", "policies.html", policies.policies, ("after", "limit"), rows="matrix"),
    Page(
        "/use-cases/{name}/policies",
        "use_case_policies",
        "use_case_policies.html",
        policies.use_case_policies,
        ("release", "file"),
        rows="tools",
    ),
    Page("/stop", "stop", "stop.html", stops.stops, stops.FILTERS, rows="history"),
    Page("/cost", "cost", "cost.html", costs.cost, costs.FILTERS, rows="rows"),
    Page("/quality", "quality", "quality.html", quality.qualities, quality.FILTERS, rows="use_cases"),
    Page("/quality/{name}", "quality_of", "quality_of.html", quality.quality, rows="suites"),
    Page("/data", "data", "data.html", data.sources, data.FILTERS, rows="use_cases"),
    Page(
        "/use-cases/{name}/data", "data_of", "data_of.html", data.sources_of, data.OF_FILTERS, rows="rows"
    ),
    Page(
        "/evaluations/{id}",
        "evaluation",
        "evaluation.html",
        evaluations.evaluation,
        evaluations.FILTERS,
        rows="results",
    ),
    Page(
        "/operations",
        "operations",
        "operations.html",
        operations.operations,
        operations.FILTERS,
        rows="rows",
    ),
    Page("/alerts", "alerts", "alerts.html", alerts.alerts, alerts.FILTERS, rows="history"),
    Page(
        "/incidents", "incidents", "incidents.html", incidents.incidents, incidents.FILTERS, rows="timeline"
    ),
    Page("/inbox", "inbox", "inbox.html", inbox.inbox, inbox.FILTERS),
    Page("/reviews/{id}", "review", "review.html", review_page.review_page, review_page.FILTERS),
    Page("/cases", "cases", "cases.html", case_page.cases_page, case_page.FILTERS, rows="cases"),
    Page("/audit", "audit", "audit.html", audit.audit, audit.FILTERS, rows="entries"),
    Page("/audit/{seq}", "entry", "entry.html", audit.entry),
    Page("/settings", "settings", "settings.html", settings.settings, settings.FILTERS, rows="people"),
    Page("/profile", "profile", "profile.html", profile.profile),
    Page("/cases/{name}", "case", "case.html", case_page.case_page, case_page.CASE_FILTERS),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A main screen: the right it takes, and the key that goes there after `g`."""

    label: str
    href: str
    verb: str
    key: str


NAVIGATION = (
    Entry("Portfolio", "/portfolio", "gate.read", "p"),
    Entry("Ideas", "/ideas", "idea.read", "d"),
    Entry("Inbox", "/inbox", "review.read", "i"),
    Entry("Cases", "/cases", "case.read", "c"),
    Entry("Operations", "/operations", "gate.read", "t"),
    Entry("Alerts", "/alerts", "gate.read", "w"),
    Entry("Releases", "/releases", "gate.read", "r"),
    Entry("Quality", "/quality", "gate.read", "q"),
    Entry("Data", "/data", "gate.read", "e"),
    Entry("Cost", "/cost", "gate.read", "o"),
    Entry("Policies", "/policies", "gate.read", "l"),
    Entry("Audit", "/audit", "ledger.verify", "a"),
    Entry("Settings", "/settings", "gate.read", "s"),
)

_BELOW = {
    "use-cases": "/portfolio",
    "reviews": "/inbox",
    "evaluations": "/quality",
    "incidents": "/alerts",
    "stop": "/policies",
}


def section(path: str) -> str:
    """The address of the main screen that a page belongs to: a release to the releases, a review to the inbox."""
    first, _, rest = path.strip("/").partition("/")
    part = rest.split("/")[1] if rest.count("/") else ""
    if first == "use-cases" and any(entry.href == f"/{part}" for entry in NAVIGATION):
        return f"/{part}"
    return _BELOW.get(first, f"/{first}")
