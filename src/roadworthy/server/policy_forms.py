"""Forms about policies and the stop switch: a dry run of other rules, a request explained, a stop thrown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.operate import slips
from roadworthy.operate.policies.explaining import explain_request
from roadworthy.operate.policies.replaying import dry_run
from roadworthy.operate.policies.tests import read_request
from roadworthy.operate.stopping import await_obedience
from roadworthy.operate.words import check_words
from roadworthy.policy import Request as Asked
from roadworthy.principal import require
from roadworthy.server.asking import Ask
from roadworthy.server.forms import Fields, Submit, submitted
from roadworthy.server.pages import ask
from roadworthy.server.problems import status_of
from roadworthy.server.rendering import Renderer, with_query
from roadworthy.server.session import Visitor
from roadworthy.server.views import policies, stops
from roadworthy.wiring.policies import FOLDER

MOST_CASES: Final = 1_000
MOST_DAYS: Final = 90
LONGEST_TEXT: Final = 60_000
OBEYED_WITHIN_S: Final = 1.0


def routes(renderer: Renderer) -> list[BaseRoute]:
    """Every form's target."""
    return [
        Route("/stop", submitted(renderer, _stop(renderer)), methods=["POST"], name="stop_now"),
        Route(
            "/use-cases/{name}/policies",
            submitted(renderer, _try(renderer)),
            methods=["POST"],
            name="try_policies",
        ),
    ]


def _stop(renderer: Renderer) -> Submit:
    def act(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        scope = fields.get("other", "").strip() or fields.get("scope", "").strip()
        try:
            thrown = slips.throw(
                asked.deployment, asked.principal, scope, reason=fields.get("reason", "").strip()
            )
        except InputProblem as problem:
            status = status_of(problem)
            return renderer.page(
                request,
                "stop.html",
                stops.stops(asked),
                by=by,
                status=status,
                problem=problem,
                typed=fields,
            )
        if not thrown.left:
            await_obedience(asked.deployment, thrown.stop, within_s=OBEYED_WITHIN_S)
        return RedirectResponse(with_query("/stop", {"thrown": thrown.stop.id}), 303)

    return act


def _try(renderer: Renderer) -> Submit:
    """What other rules would have done, or why these say what they say. Nothing changes: the answer is the page."""

    def act(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        query = {"release": fields.get("release", "")}
        shown = Ask(asked.deployment, asked.principal, asked.path, query)
        data, problem = policies.use_case_policies(shown), None
        try:
            if fields.get("do") == "dry-run":
                data["run"] = _dry_run(shown, fields)
            else:
                data["explained"] = _explain(shown, fields)
        except (InputProblem, NotFound) as wrong:
            problem = wrong
        status = status_of(problem) if problem else 200
        return renderer.page(
            request, "use_case_policies.html", data, by=by, status=status, problem=problem, typed=fields
        )

    return act


def _dry_run(asked: Ask, fields: Fields) -> dict[str, Any]:
    require(asked.principal, "measure", use_case=asked.path["name"])
    file, days = fields.get("file", "").strip(), fields.get("days", "")
    problems = []
    if not file.endswith(".cedar") or "/" in file or file.startswith("."):
        problems.append(Problem("expected a name such as `refunds.cedar`", place="file"))
    if not (days.isascii() and days.isdigit() and len(days) < 4 and 1 <= int(days) <= MOST_DAYS):
        problems.append(Problem(f"expected 1 to {MOST_DAYS} days", place="days"))
    if problems:
        raise InputProblem("RW-SERVER-005", problems)
    check_words(LONGEST_TEXT, text=fields.get("text", ""))
    files = {**_files(asked), f"{FOLDER}{file}": fields.get("text", "").encode()}
    book = policies.book_of(files)
    found = dry_run(
        asked.deployment, asked.principal, book.charter, book.policies, days=int(days), most=MOST_CASES
    )
    return {
        **found.as_json(),
        "file": file,
        "tests": policies.tests_json(book.checked),
        "findings": [policies.finding_json(one) for one in book.findings],
    }


def _explain(asked: Ask, fields: Fields) -> dict[str, Any]:
    book = policies.book_of(_files(asked))
    words = {
        "stage": fields.get("stage", ""),
        **_object(fields, "given"),
        "tool": fields.get("tool", ""),
        "arguments": _object(fields, "arguments"),
    }
    test = read_request(book.charter, json.dumps(words).encode(), file="request")
    if not isinstance(test.asks, Asked):
        raise InputProblem("RW-SERVER-005", Problem("a request names a tool", place="given"))
    return explain_request(book.policies, test.asks).as_json()


def _files(asked: Ask) -> Mapping[str, bytes]:
    with asked.deployment.store.read() as tx:
        rollout = asked.deployment.store.releases.rollout(tx, asked.path["name"])
    wanted = asked.query.get("release", "")
    return policies.archived(asked, rollout.named(wanted) if wanted else policies.working(rollout))


def _object(fields: Fields, name: str) -> dict[str, Any]:
    try:
        found = json.loads(fields.get(name, "") or "{}")
    except (ValueError, RecursionError) as problem:
        raise InputProblem("RW-SERVER-005", Problem(f"not JSON: {problem}", place=name)) from None
    if not isinstance(found, dict):
        raise InputProblem("RW-SERVER-005", Problem("expected a JSON object", place=name))
    return found
