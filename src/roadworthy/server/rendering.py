"""Pages as HTML: the frame around every page, and the page for what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.preferring import USUAL, preferences
from roadworthy.principal import Principal, allows
from roadworthy.server import charts, looks
from roadworthy.server.assets import Assets
from roadworthy.server.cost_charts import FILTERS as COSTS
from roadworthy.server.idea_charts import money, sign
from roadworthy.server.operations_charts import FILTERS as OPERATIONS
from roadworthy.server.points import chart_points
from roadworthy.server.portfolio_report import drawn_idea, weeks
from roadworthy.server.problems import headers_of, status_of, told
from roadworthy.server.screens import NAVIGATION, PAGES, section
from roadworthy.server.session import FORM_FIELD, Cookies, Visitor, visitor
from roadworthy.server.sources import seen

if TYPE_CHECKING:
    from roadworthy.wiring.place import Workspace

_WITH_ROWS = frozenset(page.template for page in PAGES if page.rows)


class Renderer:
    """Turns page data into HTML for one browser. ``environment`` names the installation on every page."""

    def __init__(
        self,
        deployment: Deployment,
        *,
        title: str,
        assets: Assets,
        cookies: Cookies,
        environment: str = "",
        place: Workspace | None = None,
    ) -> None:
        self._environment = environment
        self.place = place
        self.deployment = deployment
        self.cookies = cookies
        self._title = title
        self._templates = looks.environment()
        self._templates.globals["asset"] = assets.url
        self._templates.globals["with_query"] = with_query
        self._templates.globals["charts"] = charts
        self._templates.filters |= {
            "seen": seen,
            "money": money,
            "sign": sign,
            "weeks": weeks,
            "drawn": drawn_idea,
            **COSTS,
            **OPERATIONS,
            "chart_points": chart_points,
        }

    def visitor(self, request: Request) -> Visitor:
        """Whose browser sent the request."""
        return visitor(self.deployment, request, self.cookies)

    def page(
        self,
        request: Request,
        template: str,
        data: Mapping[str, Any],
        *,
        by: Visitor,
        status: int = 200,
        problem: RoadworthyError | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> Response:
        """A page. ``problem`` stands above it, ``typed`` are fields to show again as they were filled in."""
        navigation = self._navigation(by.principal)
        frame = {
            "title": self._title,
            "environment": self._environment,
            "path": request.url.path,
            "section": section(request.url.path),
            "here": with_query(request.url.path, request.url.query),
            "json_path": with_query(f"{request.url.path}.json", request.url.query),
            "csv_path": self._csv_path(request, template),
            "me": by.principal,
            "prefers": self._preferences(by.principal),
            "you_may_stop": by.principal is not None
            and allows(by.principal, "stop", use_case=by.principal.use_case),
            "navigation": navigation,
            "reachable": {entry["href"] for entry in navigation},
            "now": self.deployment.now(),
            "form_field": FORM_FIELD,
            "form_token": by.form_token,
            "form_once": self.deployment.entropy.bytes(16).hex(),
            "problem": _shown(problem) if problem else None,
            "typed": typed or {},
        }
        html = self._templates.get_template(template).render(frame, page=data)
        return HTMLResponse(html, status, headers_of(problem) if problem else None)

    def problem(self, request: Request, problem: RoadworthyError, *, by: Visitor) -> Response:
        """The page that says what went wrong, who may do it, and where to go next."""
        return self.page(request, "problem.html", {}, by=by, status=status_of(problem), problem=problem)

    def _navigation(self, principal: Principal | None) -> list[dict[str, Any]]:
        if principal is None:
            return []
        entries = [
            {"label": entry.label, "href": entry.href, "waiting": 0, "key": entry.key}
            for entry in NAVIGATION
            if allows(principal, entry.verb, use_case=principal.use_case)
        ]
        for entry in entries:
            if entry["href"] == "/inbox":
                entry["waiting"] = self._waiting(principal)
        return entries

    def _csv_path(self, request: Request, template: str) -> str:
        """The address of this page's rows; empty where it has none."""
        if template not in _WITH_ROWS:
            return ""
        return with_query(f"{request.url.path}.csv", request.url.query)

    def _preferences(self, principal: Principal | None) -> Mapping[str, str]:
        if principal is None:
            return USUAL
        try:
            return preferences(self.deployment, principal)
        except RoadworthyError:
            return USUAL

    def _waiting(self, principal: Principal) -> int:
        try:
            with self.deployment.store.read() as tx:
                return self.deployment.store.reviews.count_open(tx, principal.use_case)
        except RoadworthyError:
            return 0  # the page may be about just that: a store that does not answer


def _shown(problem: RoadworthyError) -> dict[str, Any]:
    """The error with every field a page may show, whatever its kind."""
    shown: dict[str, Any] = {
        "kind": problem.kind,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "problems": [],
        "reasons": [],
        "may_overrule": "",
        **problem.details(),
    }
    return told(problem, shown)


def with_query(path: str, query: str | Mapping[str, str]) -> str:
    """A path with its parameters, empty ones left out."""
    if not isinstance(query, str):
        query = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{query}" if query else path
