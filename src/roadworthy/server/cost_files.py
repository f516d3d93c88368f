"""The cost books as a FOCUS file, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from roadworthy.errors import InputProblem, Problem
from roadworthy.principal import require
from roadworthy.server.pages import ask, reading
from roadworthy.server.rendering import Renderer
from roadworthy.server.session import Visitor

ACCOUNT = "roadworthy"


def routes(renderer: Renderer) -> list[BaseRoute]:
    """The file of a month."""

    def act(request: Request, by: Visitor) -> Response:
        return _file(renderer, request, by)

    return [Route("/cost/focus.csv", reading(renderer, act), methods=["GET"], name="focus_file")]


def _file(renderer: Renderer, request: Request, by: Visitor) -> Response:
    """One month of one use case, or of all. Its first day is read before anything is sent: what is wrong with it
    is a page, never a file that breaks off."""
    from roadworthy.measure.costs import focus_parts
    from roadworthy.wiring.costs import cost_books

    asked = ask(renderer, request, by, ("month", "use_case"))
    require(asked.principal, "gate.read", use_case=asked.use_case)
    text = asked.query.get("month", "")
    try:
        month = date.fromisoformat(f"{text}-01") if text else asked.deployment.now().date().replace(day=1)
        if not 1971 <= month.year < 9999:
            raise ValueError
    except ValueError:
        raise InputProblem(
            "RW-SERVER-005", Problem(f"`{text[:40]}` is no month", place="month", hint="such as 2026-11")
        ) from None
    parts: Iterator[str] = focus_parts(
        asked.deployment,
        asked.principal,
        [asked.use_case] if asked.use_case else [],
        costs=cost_books(),
        month=month,
        account=ACCOUNT,
    )
    first = next(parts)
    name = f"focus-{month:%Y-%m}.csv"
    return StreamingResponse(
        chain([first], parts),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
