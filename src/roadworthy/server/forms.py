"""Forms that change something: answer a question about an idea, throw the stop switch, lift it; those about reviews
are in `review_forms`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.business import QUESTIONS
from roadworthy.errors import Conflict, InputProblem, Refused
from roadworthy.operate import slips, stopping
from roadworthy.operate.ideas import answer_question, begin_idea
from roadworthy.server.bodies import read_form
from roadworthy.server.idea_forms import next_open, told_of
from roadworthy.server.pages import ask, guarded
from roadworthy.server.problems import status_of
from roadworthy.server.rendering import Renderer, with_query
from roadworthy.server.session import Visitor, check_form, local_path
from roadworthy.server.views import ideas

Fields = Mapping[str, str]
Submit = Callable[[Request, Visitor, Fields], Response]


def routes(renderer: Renderer) -> list[BaseRoute]:
    """Every form's target. Each leads back to a page: a reload never repeats anything."""
    return [
        Route(path, submitted(renderer, act), methods=["POST"], name=name)
        for path, name, act in (
            ("/ideas", "begin_idea", _begin_idea(renderer)),
            ("/ideas/{name}", "answer_idea", _answer_idea(renderer)),
            ("/stops", "throw_stop", _stop(renderer)),
            ("/stops/{id}/resume", "lift_stop", _resume(renderer)),
        )
    ]


def submitted(
    renderer: Renderer, act: Submit, *, anybody: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for a form that was shown to this browser. ``anybody``: before sign-in too."""

    def answer(request: Request, body: bytes) -> Response:
        def checked(request: Request, by: Visitor) -> Response:
            fields = read_form(body, content_type=request.headers.get("content-type", ""))
            if by.principal is None and not anybody:
                raise Refused("RW-ACCESS-012", "nobody is signed in", hint="sign in, then repeat")
            check_form(request, fields, by.secret)
            return act(request, by, fields)

        return guarded(renderer, request, checked)

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, request, await request.body())

    return endpoint


def _stop(renderer: Renderer) -> Submit:
    def act(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        thrown = slips.throw(
            renderer.deployment,
            asked.principal,
            fields.get("scope", ""),
            reason=fields.get("reason", "").strip(),
        )
        if thrown.left:
            # The page of the switch says where it stands, and by when everybody obeys.
            return RedirectResponse(with_query("/stop", {"thrown": thrown.stop.id}), 303)
        return RedirectResponse(local_path(fields.get("back", "/portfolio")), 303)

    return act


def _resume(renderer: Renderer) -> Submit:
    def act(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        stopping.resume(
            renderer.deployment, asked.principal, asked.path["id"], reason=fields.get("reason", "").strip()
        )
        return RedirectResponse(local_path(fields.get("back", "/portfolio")), 303)

    return act


def _begin_idea(renderer: Renderer) -> Submit:
    def act(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        name, title = fields.get("name", "").strip(), fields.get("title", "").strip()
        try:
            begin_idea(renderer.deployment, asked.principal, name, title)
        except (InputProblem, Conflict) as problem:
            data = ideas.ideas(asked)
            status = status_of(problem)
            return renderer.page(
                request, "ideas.html", data, by=by, status=status, problem=problem, typed=dict(fields)
            )
        return RedirectResponse(with_query(f"/ideas/{name}", {"question": QUESTIONS[0].id}), 303)

    return act


def _answer_idea(renderer: Renderer) -> Submit:
    def act(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        name, question = asked.path["name"], fields.get("question", "")
        try:
            kept = answer_question(
                renderer.deployment,
                asked.principal,
                name,
                question,
                told_of(question, fields),
                seen=fields.get("seen", ""),
            )
        except (InputProblem, Conflict) as problem:
            data = ideas.idea(replace(asked, query={"question": question}))
            status = status_of(problem)
            return renderer.page(
                request, "idea.html", data, by=by, status=status, problem=problem, typed=dict(fields)
            )
        following = "" if fields.get("then") == "verdict" else next_open(kept.assessment, question)
        return RedirectResponse(
            with_query(f"/ideas/{name}", {"question": following, "saved": question}), 303
        )

    return act
