"""Forms about a release: promote it, approve it, abort it, bring back the one before."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import Conflict, InputProblem, Problem, Refused
from roadworthy.operate import rollout, verdicts
from roadworthy.quantities import Share
from roadworthy.server.asking import Ask
from roadworthy.server.forms import Fields, Submit, submitted
from roadworthy.server.pages import ask
from roadworthy.server.problems import status_of
from roadworthy.server.rendering import Renderer
from roadworthy.server.session import Visitor
from roadworthy.server.views import releases


def routes(renderer: Renderer) -> list[BaseRoute]:
    """One target: what is to be done stands in the form."""
    return [
        Route(
            "/use-cases/{name}/releases/{release}",
            submitted(renderer, _act(renderer)),
            methods=["POST"],
            name="move_release",
        )
    ]


def _act(renderer: Renderer) -> Submit:
    acts = {"promote": _promoted, "approve": _approved, "abort": _aborted, "back": _back}

    def submit(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        try:
            act = acts.get(fields.get("do", ""))
            if act is None:
                known = ", ".join(acts)
                raise InputProblem(
                    "RW-SERVER-005", Problem("nothing is known by that name", place="do", hint=known)
                )
            reason = fields.get("reason", "").strip()
            if not reason:
                raise InputProblem("RW-SERVER-005", Problem("say why in a few words", place="reason"))
            return RedirectResponse(act(asked, fields, reason), 303)
        except (InputProblem, Refused, Conflict) as problem:
            # The release as it stands now, with what was typed: somebody may have been first.
            data = releases.release(asked)
            status = status_of(problem)
            return renderer.page(
                request, "release.html", data, by=by, status=status, problem=problem, typed=fields
            )

    return submit


def _here(asked: Ask) -> str:
    return f"/use-cases/{asked.path['name']}/releases/{asked.path['release']}"


def _promoted(asked: Ask, fields: Fields, reason: str) -> str:
    """To where the form said, which is its next step only as long as nobody moved it."""
    deployment, name = asked.deployment, asked.path["name"]
    with deployment.store.read() as tx:
        found = deployment.store.releases.rollout(tx, name).named(asked.path["release"])
    if fields.get("seen", "") != releases.seen_of(found):
        raise Conflict(
            "RW-RELEASE-014",
            f"{found.name} is in {found.stage} now: it moved since this was shown",
            hint="look at it again, then decide",
        )
    to, share = releases.next_step(deployment, found)
    # With its share named, the same form sent twice at once leads to one step, not to two.
    rollout.promote_release(
        deployment,
        asked.principal,
        name,
        found.name,
        to,
        share=Share(share) if share is not None else None,
        reason=reason,
    )
    return _here(asked)


def _approved(asked: Ask, _fields: Fields, reason: str) -> str:
    verdicts.approve(
        asked.deployment, asked.principal, asked.path["name"], asked.path["release"], reason=reason
    )
    return _here(asked)


def _aborted(asked: Ask, _fields: Fields, reason: str) -> str:
    rollout.abort_release(
        asked.deployment, asked.principal, asked.path["name"], asked.path["release"], reason=reason
    )
    return _here(asked)


def _back(asked: Ask, _fields: Fields, reason: str) -> str:
    """What the page showed as running must still run: two who send the form go back once."""
    deployment, name = asked.deployment, asked.path["name"]
    with deployment.store.read() as tx:
        found = deployment.store.releases.rollout(tx, name).named(asked.path["release"])
    if found.stage != "production":
        raise Conflict(
            "RW-RELEASE-014",
            f"{found.name} is {found.stage} now: it moved since this was shown",
            hint="look at it again, then decide",
        )
    rollout.back_to_previous(deployment, asked.principal, name, reason=reason)
    return _here(asked)
