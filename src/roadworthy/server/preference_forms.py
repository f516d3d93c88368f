"""The form about oneself: how pages look, and whether single keys do anything."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.operate.preferring import PREFERENCES, prefer
from roadworthy.server.forms import Fields, submitted
from roadworthy.server.pages import ask
from roadworthy.server.rendering import Renderer
from roadworthy.server.session import Visitor, local_path


def routes(renderer: Renderer) -> list[BaseRoute]:
    """Where preferences are sent; it leads back to the page that they were sent from."""

    def act(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        wanted = {name: fields[name] for name in PREFERENCES if name in fields}
        prefer(renderer.deployment, asked.principal, wanted)
        return RedirectResponse(local_path(fields.get("back", "/profile")), 303)

    return [Route("/preferences", submitted(renderer, act), methods=["POST"], name="prefer")]
