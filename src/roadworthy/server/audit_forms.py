"""Forms and downloads of the audit explorer: verify now, call it off, take a period along."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from roadworthy.operate import errands
from roadworthy.operate.packs import pack_period
from roadworthy.operate.verifying import NAME, begin_verification
from roadworthy.principal import require
from roadworthy.server.forms import Fields, Submit, submitted
from roadworthy.server.pages import Act, ask, reading
from roadworthy.server.rendering import Renderer
from roadworthy.server.session import Visitor
from roadworthy.server.views.audit import period

_WAIT_S = 1.0
"""For so long a request waits for the verification: that of a small ledger is over by then."""


def routes(renderer: Renderer) -> list[BaseRoute]:
    """Every form's target, and the download."""
    return [
        Route(
            "/audit/verify", submitted(renderer, _verify(renderer)), methods=["POST"], name="verify_ledger"
        ),
        Route(
            "/audit/call-off",
            submitted(renderer, _call_off(renderer)),
            methods=["POST"],
            name="call_off_verify",
        ),
        Route("/audit/pack", reading(renderer, _pack(renderer)), methods=["GET"], name="ledger_pack"),
    ]


def _verify(renderer: Renderer) -> Submit:
    def act(request: Request, by: Visitor, _fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        begin_verification(asked.deployment, asked.principal).wait(_WAIT_S)
        return RedirectResponse("/audit", 303)

    return act


def _call_off(renderer: Renderer) -> Submit:
    def act(request: Request, by: Visitor, _fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        require(asked.principal, "ledger.verify")
        running = errands.look(asked.deployment, NAME)
        if running is not None:
            running.call_off()
            running.wait(_WAIT_S)
        return RedirectResponse("/audit", 303)

    return act


def _pack(renderer: Renderer) -> Act:
    def act(request: Request, by: Visitor) -> Response:
        asked = ask(renderer, request, by, ("since", "until"))
        since, until = period(asked.query)
        pack = pack_period(asked.deployment, asked.principal, since=since, until=until)
        name = f"ledger-{pack.header['start']}-{pack.header['end']}.zip"
        return StreamingResponse(
            pack.content(),
            media_type="application/zip",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )

    return act
