"""The form about a pair of documents: an owner says that it is no contradiction, or that both may say the same."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import Conflict, InputProblem, Refused
from roadworthy.operate.knowledge.dismissing import dismiss, dismissals
from roadworthy.server.asking import Ask
from roadworthy.server.forms import Fields, submitted
from roadworthy.server.pages import ask
from roadworthy.server.problems import status_of
from roadworthy.server.rendering import Renderer
from roadworthy.server.session import Visitor
from roadworthy.server.views import data


def routes(renderer: Renderer) -> list[BaseRoute]:
    """The form's target; it leads back to the page."""

    def act(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        name = asked.path["name"]
        try:
            _dismiss(asked, name, fields)
        except (InputProblem, Conflict, Refused) as problem:
            shown = data.sources_of(Ask(asked.deployment, asked.principal, asked.path))
            return renderer.page(
                request, "data_of.html", shown, by=by, status=status_of(problem), problem=problem, typed=dict(fields)
            )  # fmt: skip
        return RedirectResponse(f"/use-cases/{name}/data", 303)

    return [
        Route(
            "/use-cases/{name}/data/dismiss",
            submitted(renderer, act),
            methods=["POST"],
            name="dismiss_pair",
        )
    ]


def _dismiss(asked: Ask, name: str, fields: Fields) -> None:
    source, pair = fields.get("source", ""), fields.get("pair", "")
    noted = dismiss(
        asked.deployment, asked.principal, name, source, pair, reason=fields.get("reason", "").strip()
    )
    if not noted:
        raise Conflict(
            "RW-KNOWLEDGE-071", "that pair was dismissed before", hint="the page shows by whom and why"
        )
    # Puts the entry in order, so that the page that follows shows it.
    dismissals(asked.deployment, name, source, [pair])
