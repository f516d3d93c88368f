"""Forms about reviews: answer, take back, claim, hand on, answer what is alike; and links in mails.

Opening a link shows the review and spends nothing: mail programs open links ahead of people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.casework.review import Review
from roadworthy.errors import InputProblem, Problem, Refused, RoadworthyError
from roadworthy.operate.reviewing import decide_review, undo_decision
from roadworthy.operate.reviews import bulk, holding, links
from roadworthy.server.asking import Ask
from roadworthy.server.forms import Fields, Submit, submitted
from roadworthy.server.looks import readable
from roadworthy.server.offers.inbox import verdict_of
from roadworthy.server.pages import ask, guarded
from roadworthy.server.problems import status_of
from roadworthy.server.rendering import Renderer, with_query
from roadworthy.server.session import Visitor, new_visit
from roadworthy.server.views import review_page, reviews

ARGUMENT = "argument."
SEEN = "seen."
_MOST_DIGITS = 9

Act = Callable[[Ask, Fields], str]
"""Changes something about the review of the path; says where to go next."""


def routes(renderer: Renderer) -> list[BaseRoute]:
    """Every form's target, and the page behind a link."""
    about: tuple[tuple[str, str, Act], ...] = (
        ("/reviews/{id}", "decide", _decided),
        ("/reviews/{id}/undo", "undo", _undone),
        ("/reviews/{id}/claim", "claim", _claimed),
        ("/reviews/{id}/release", "release_review", _released),
        ("/reviews/{id}/assign", "assign", _assigned),
        ("/reviews/{id}/own", "answer_first", _answered_first),
        ("/reviews/{id}/together", "decide_together", _together),
    )

    async def linked(request: Request) -> Response:
        return await run_in_threadpool(_linked, renderer, request)

    return [
        Route("/inbox/next", submitted(renderer, _next(renderer)), methods=["POST"], name="take_next"),
        *(
            Route(path, submitted(renderer, _form(renderer, act)), methods=["POST"], name=name)
            for path, name, act in about
        ),
        Route("/r/{token}", linked, methods=["GET"], name="linked_review"),
        Route(
            "/r/{token}",
            submitted(renderer, _by_link(renderer), anybody=True),
            methods=["POST"],
            name="answer_by_link",
        ),
    ]


def _form(renderer: Renderer, act: Act) -> Submit:
    def submit(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        try:
            return RedirectResponse(act(asked, fields), 303)
        except (InputProblem, Refused) as problem:
            # The review as it stands now, with what was typed: somebody may have been first.
            data = review_page.review_page(asked)
            status = status_of(problem)
            return renderer.page(
                request, "review.html", data, by=by, status=status, problem=problem, typed=dict(fields)
            )

    return submit


def _next(renderer: Renderer) -> Submit:
    def submit(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        use_case = fields.get("use_case", "") or asked.use_case
        found = holding.claim_next(asked.deployment, asked.principal, use_case=use_case)
        return RedirectResponse(f"/reviews/{found.id}" if found else "/inbox?view=free", 303)

    return submit


def _decided(asked: Ask, fields: Fields) -> str:
    decided = _decide(asked, asked.path["id"], fields)
    return with_query("/inbox", {"decided": decided.id})


def _decide(asked: Ask, review: str, fields: Fields) -> Review:
    active = fields.get("active_ms", "")
    return decide_review(
        asked.deployment,
        asked.principal,
        review,
        verdict_of(fields.get("verdict", "")),
        seen=fields.get("seen", ""),
        reason=fields.get("reason", "").strip(),
        edits=_edits(asked, fields) if fields.get("verdict") == "edit" else {},
        answer=fields.get("answer", ""),
        active_ms=int(active)
        if active.isdecimal() and active.isascii() and len(active) <= _MOST_DIGITS
        else 0,
    )


def _undone(asked: Ask, _fields: Fields) -> str:
    return f"/reviews/{undo_decision(asked.deployment, asked.principal, asked.path['id']).id}"


def _claimed(asked: Ask, _fields: Fields) -> str:
    return f"/reviews/{holding.claim_review(asked.deployment, asked.principal, asked.path['id']).id}"


def _released(asked: Ask, _fields: Fields) -> str:
    holding.release_review(asked.deployment, asked.principal, asked.path["id"])
    return "/inbox"


def _assigned(asked: Ask, fields: Fields) -> str:
    """Assigning where one may, else handing on what one has; that needs a reason."""
    review, to, reason = asked.path["id"], fields.get("to", ""), fields.get("reason", "").strip()
    if fields.get("how") == "delegate":
        holding.delegate_review(asked.deployment, asked.principal, review, to, reason=reason)
    else:
        holding.assign_review(asked.deployment, asked.principal, review, to)
    return f"/reviews/{review}"


def _answered_first(asked: Ask, fields: Fields) -> str:
    review = asked.path["id"]
    holding.answer_first(asked.deployment, asked.principal, review, fields.get("answer", ""))
    return f"/reviews/{review}"


def _together(asked: Ask, fields: Fields) -> str:
    """One answer to this review and those that ask the same, as they were shown."""
    seen = {name.removeprefix(SEEN): digest for name, digest in fields.items() if name.startswith(SEEN)}
    if asked.path["id"] not in seen:
        raise InputProblem("RW-REVIEW-025", Problem("this review is not among those that were shown"))
    told = bulk.decide_bulk(
        asked.deployment,
        asked.principal,
        seen,
        verdict_of(fields.get("verdict", "")),
        reason=fields.get("reason", "").strip(),
    )
    if told.problems:
        raise InputProblem(
            "RW-REVIEW-025",
            [
                Problem(message, place=id_, hint=f"{len(told.decided)} others were answered")
                for id_, message in told.problems.items()
            ],
        )
    return with_query("/inbox", {"decided": asked.path["id"]})


def _linked(renderer: Renderer, request: Request) -> Response:
    """The page behind a link. It changes nothing, however often and by whomever it is opened."""

    def show(request: Request, by: Visitor) -> Response:
        return _link_page(renderer, request, by)

    return guarded(renderer, request, show)


def _by_link(renderer: Renderer) -> Submit:
    def submit(request: Request, by: Visitor, fields: Fields) -> Response:
        token = request.path_params["token"]
        try:
            with links.spent_link(renderer.deployment, token) as (review, person):
                asked = Ask(renderer.deployment, person, {"id": review.id})
                decided = _decide(asked, review.id, fields)
        except InputProblem as problem:
            return _link_page(renderer, request, by, problem=problem, typed=fields)
        data = {"review": reviews.review_json(decided, now=renderer.deployment.now())}
        return renderer.page(request, "answered.html", data, by=Visitor(None, by.secret))

    return submit


def _link_page(
    renderer: Renderer,
    request: Request,
    by: Visitor,
    *,
    problem: RoadworthyError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The review for whoever the link is for, whoever is signed in here."""
    token = request.path_params["token"]
    review, person = links.look_at_link(renderer.deployment, token)
    data = review_page.linked_page(Ask(renderer.deployment, person), review.id, token)
    secret = by.secret or new_visit()
    status = status_of(problem) if problem else 200
    response = renderer.page(
        request, "review.html", data, by=Visitor(None, secret), status=status, problem=problem, typed=typed
    )
    if not by.secret:
        renderer.cookies.set_visit(response, secret)
    return response


def _edits(asked: Ask, fields: Fields) -> dict[str, Any]:
    """The arguments whose field no longer says what was shown, as values of their former kind."""
    effect = reviews.review(asked)["effect"]
    before = effect["arguments"] if effect else None
    if not isinstance(before, Mapping):
        return {}
    edits: dict[str, Any] = {}
    problems = []
    for name, value in before.items():
        typed = fields.get(ARGUMENT + name)
        if typed is None or typed == readable(value).replace("\r\n", "\n"):
            continue
        try:
            edits[name] = typed if isinstance(value, str) else _same_kind(typed, value)
        except ValueError:
            problems.append(Problem(f"expected a value such as `{readable(value)[:60]}`", place=name))
    if problems:
        raise InputProblem("RW-SERVER-005", problems)
    return edits


def _same_kind(typed: str, before: object) -> object:
    """A value that is not text, read from its field. Errors: ``ValueError`` for another kind of value."""
    value = json.loads(typed)
    number = isinstance(before, int | float) and not isinstance(before, bool)
    alike = (
        isinstance(value, int | float) and not isinstance(value, bool)
        if number
        else type(value) is type(before)
    )
    if not alike and before is not None:
        raise ValueError("another kind of value")
    return value
