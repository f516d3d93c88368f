"""Forms about alerts: say that somebody looks at one, tell nobody of it for a while, tell of it again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import InputProblem, Problem, Refused
from roadworthy.operate.watching.alarms import acknowledge_alert
from roadworthy.operate.watching.muting import mute_alert, unmute_alert
from roadworthy.server.asking import Ask
from roadworthy.server.forms import Fields, Submit, submitted
from roadworthy.server.pages import ask
from roadworthy.server.problems import status_of
from roadworthy.server.rendering import Renderer
from roadworthy.server.session import Visitor
from roadworthy.server.views import alerts

Act = Callable[[Ask, Fields], None]


def routes(renderer: Renderer) -> list[BaseRoute]:
    """Every form's target. Each leads back to the page of alerts."""
    return [
        Route(path, submitted(renderer, _form(renderer, act)), methods=["POST"], name=name)
        for path, name, act in (
            ("/alerts/{id}/acknowledge", "acknowledge_alert", _acknowledged),
            ("/alerts/{id}/mute", "mute_alert", _muted),
            ("/alerts/{id}/unmute", "unmute_alert", _unmuted),
        )
    ]


def _form(renderer: Renderer, act: Act) -> Submit:
    def submit(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        try:
            act(asked, fields)
        except (InputProblem, Refused) as problem:
            data = alerts.alerts(Ask(asked.deployment, asked.principal))
            typed = {**fields, "alert": asked.path["id"]}
            return renderer.page(
                request, "alerts.html", data, by=by, status=status_of(problem), problem=problem, typed=typed
            )
        return RedirectResponse("/alerts", 303)

    return submit


def _acknowledged(asked: Ask, fields: Fields) -> None:
    why = fields.get("reason", "").strip()
    if not why:
        raise InputProblem(
            "RW-ALERT-006",
            Problem(
                "acknowledging needs a reason", place="reason", hint="say who looks at it, or what it is"
            ),
        )
    acknowledge_alert(asked.deployment, asked.principal, asked.path["id"], why=why)


def _muted(asked: Ask, fields: Fields) -> None:
    hours = fields.get("hours", "")
    if hours not in alerts.MUTES:
        raise InputProblem(
            "RW-ALERT-005", Problem(f"expected one of {', '.join(alerts.MUTES)} hours", place="hours")
        )
    mute_alert(
        asked.deployment,
        asked.principal,
        asked.path["id"],
        until=asked.deployment.now() + timedelta(hours=int(hours)),
        why=fields.get("reason", "").strip(),
    )


def _unmuted(asked: Ask, _fields: Fields) -> None:
    unmute_alert(asked.deployment, asked.principal, asked.path["id"])
