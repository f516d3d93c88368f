"""A use case's forms: approve a release, ask for a waiver, grant, decline or withdraw one; and the question what if."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import Conflict, InputProblem, Problem, Refused, RoadworthyError
from roadworthy.operate import waivers
from roadworthy.operate.verdicts import approve
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import MAX_FORM_FIELDS
from roadworthy.server.forms import Fields, Submit, submitted
from roadworthy.server.machines import recognised
from roadworthy.server.pages import ask, reading
from roadworthy.server.problems import Json, problem_json, status_of
from roadworthy.server.rendering import Renderer, with_query
from roadworthy.server.session import Visitor, bearer
from roadworthy.server.views.use_case_page import use_case_page
from roadworthy.server.views.what_if import SET, known, what_if_page

_HERE = "/use-cases/{name}"
Act = Callable[[Ask, Fields], str]
"""Changes something about the use case of the path; says where to go next."""


def routes(renderer: Renderer) -> list[BaseRoute]:
    """Every form's target, and the page of the question with its twin."""
    acts: tuple[tuple[str, str, Act], ...] = (
        (f"{_HERE}/releases/{{release}}/approve", "approve_release", _approved),
        (f"{_HERE}/waivers", "ask_waiver", _asked_for),
        (f"{_HERE}/waivers/withdraw", "withdraw_waiver", _withdrawn),
        (f"{_HERE}/waivers/{{id}}/grant", "grant_waiver", _granted),
        (f"{_HERE}/waivers/{{id}}/decline", "decline_waiver", _declined),
    )

    def twin(request: Request) -> Response:
        try:
            by = renderer.visitor(request)
            if bearer(request.headers):
                by = Visitor(recognised(renderer.deployment, request), "")
            return Json(what_if_page(_question(renderer, request, by, strict=True)))
        except RoadworthyError as problem:
            return problem_json(problem)

    async def answered(request: Request) -> Response:
        return await run_in_threadpool(twin, request)

    return [
        Route(f"{_HERE}/what-if.json", answered, methods=["GET"], name="what_if.json"),
        Route(
            f"{_HERE}/what-if",
            reading(renderer, lambda request, by: _what_if(renderer, request, by)),
            methods=["GET"],
            name="what_if",
        ),
        *(
            Route(path, submitted(renderer, _form(renderer, act)), methods=["POST"], name=name)
            for path, name, act in acts
        ),
    ]


def _question(renderer: Renderer, request: Request, by: Visitor, *, strict: bool = False) -> Ask:
    """The question with the values that were changed; what is unreadable, ``ask`` says."""
    try:
        pairs = parse_qsl(request.url.query, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        pairs = []
    return ask(renderer, request, by, known(pairs), strict=strict)


def _what_if(renderer: Renderer, request: Request, by: Visitor) -> Response:
    asked = _question(renderer, request, by)
    try:
        return renderer.page(request, "what_if.html", what_if_page(asked), by=by)
    except InputProblem as problem:
        # The page without the changes, and what was typed in its fields.
        plain = {name: text for name, text in asked.query.items() if not name.startswith(SET)}
        data = what_if_page(replace(asked, query=plain))
        return renderer.page(
            request,
            "what_if.html",
            data,
            by=by,
            status=status_of(problem),
            problem=problem,
            typed=asked.query,
        )


def _form(renderer: Renderer, act: Act) -> Submit:
    def submit(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        try:
            return RedirectResponse(act(asked, fields), 303)
        except (InputProblem, Refused) as problem:
            # The use case as it stands now, with what was typed: somebody may have been first.
            shown = {name: fields[name] for name in ("stage", "release") if fields.get(name)}
            data = use_case_page(replace(asked, query=shown))
            status = status_of(problem)
            return renderer.page(
                request, "use_case.html", data, by=by, status=status, problem=problem, typed=dict(fields)
            )

    return submit


def _approved(asked: Ask, fields: Fields) -> str:
    name, release = asked.path["name"], asked.path["release"]
    with asked.deployment.store.read() as tx:
        digest = asked.deployment.store.releases.rollout(tx, name).named(release).digest
    if fields.get("digest") != digest:
        raise Conflict(
            "RW-GATE-015", "this release is another one than the page showed", hint="look at it again"
        )
    reason = fields.get("reason", "").strip()
    if not reason:
        raise InputProblem(
            "RW-SERVER-005", Problem("found no reason", place="reason", hint="say what you looked at")
        )
    approve(asked.deployment, asked.principal, name, release, reason=reason)
    return with_query(f"/use-cases/{name}", {"release": release})


def _asked_for(asked: Ask, fields: Fields) -> str:
    days = fields.get("days", "").strip()
    waivers.ask_waiver(
        asked.deployment,
        asked.principal,
        asked.path["name"],
        fields.get("requirement", ""),
        fields.get("subject", ""),
        reason=fields.get("reason", "").strip(),
        days=int(days) if days.isascii() and days.isdecimal() and len(days) < 4 else 0,
    )
    return _back(asked, {"release": fields.get("release", ""), "stage": fields.get("stage", "")})


def _granted(asked: Ask, fields: Fields) -> str:
    if fields.get("sure") != "yes":
        raise InputProblem(
            "RW-SERVER-005", Problem("nobody answers for it", place="sure", hint="tick the box")
        )
    waivers.grant_asked(asked.deployment, asked.principal, asked.path["name"], asked.path["id"])
    return _back(asked, {})


def _declined(asked: Ask, fields: Fields) -> str:
    reason = fields.get("reason", "").strip()
    waivers.decline_asked(
        asked.deployment, asked.principal, asked.path["name"], asked.path["id"], reason=reason
    )
    return _back(asked, {})


def _withdrawn(asked: Ask, fields: Fields) -> str:
    waivers.withdraw_waiver(
        asked.deployment,
        asked.principal,
        asked.path["name"],
        fields.get("requirement", ""),
        fields.get("subject", ""),
        reason=fields.get("reason", ""),
    )
    return _back(asked, {})


def _back(asked: Ask, query: dict[str, str]) -> str:
    return with_query(f"/use-cases/{asked.path['name']}", query)
