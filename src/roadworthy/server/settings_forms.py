"""Forms of the settings: accounts, mail, keys, and the tries of models and receivers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, Refused, RoadworthyError
from roadworthy.operate import access, errands, keys
from roadworthy.operate.modelcalls import callers
from roadworthy.operate.trying import try_model
from roadworthy.operate.watching.alarms import Alarms
from roadworthy.principal import Kind, Principal, Role, parse_roles, require
from roadworthy.quantities import digest_of
from roadworthy.server.asking import Ask
from roadworthy.server.forms import Fields, Submit, submitted
from roadworthy.server.pages import ask
from roadworthy.server.problems import status_of
from roadworthy.server.rendering import Renderer
from roadworthy.server.session import Visitor
from roadworthy.server.views.premises import model_errand
from roadworthy.server.views.settings import RECEIVERS_ERRAND, settings
from roadworthy.stage import Stage

_WAIT_S = 3.0
"""For so long a request waits for what was tried; after that the page shows it when it is loaded again."""
_FORMS = timedelta(days=1)

Change = Callable[[Ask, Fields], str]
"""Does it, and says where on the page it is seen."""
Issue = Callable[[Ask, Fields], str]
"""Makes a key and gives its secret."""


def routes(renderer: Renderer) -> list[BaseRoute]:
    """Every form's target. All lead back to the settings, but for a new key: it is shown in the answer, once."""
    changes: tuple[tuple[str, Change], ...] = (
        ("accounts", _add_account),
        ("accounts/{id}/roles", _set_roles),
        ("accounts/{id}/disable", partial(_set_disabled, disabled=True)),
        ("accounts/{id}/enable", partial(_set_disabled, disabled=False)),
        ("mail", _set_mail),
        ("keys/{id}/revoke", _revoke_key),
        ("gateway-keys/{id}/revoke", _revoke_gateway_key),
        ("models/try", _try_model),
        ("receivers/try", _try_receivers),
    )
    issues: tuple[tuple[str, Issue], ...] = (("keys", _issue_key), ("gateway-keys", _issue_gateway_key))
    return [
        *(_route(renderer, path, partial(_changed, act)) for path, act in changes),
        *(_route(renderer, path, partial(_issued, act)) for path, act in issues),
        *(_way_back(path) for path, _ in (*changes, *issues)),
    ]


def _way_back(path: str) -> Route:
    """Whoever goes back to the answer of a form, or loads it again, gets the settings: nothing is repeated or shown twice."""

    async def endpoint(_request: Request) -> Response:
        return RedirectResponse("/settings", 303)

    return Route(f"/settings/{path}", endpoint, methods=["GET"], name=f"back from {path}")


def _route(
    renderer: Renderer, path: str, act: Callable[[Renderer, Request, Visitor, Ask, Fields], Response]
) -> Route:
    def submit(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        try:
            return act(renderer, request, by, asked, fields)
        except (InputProblem, Conflict, Refused, NotFound) as problem:
            typed = {**fields, "form": path.partition("/")[0]}
            # The account that was to be changed is shown as it is now.
            named = asked.path.get("id", "") if path.startswith("accounts/") else fields.get("account", "")
            query = {"account": named} if named and problem.code != "RW-ACCESS-011" else {}
            data = settings(Ask(asked.deployment, asked.principal, query=query, place=asked.place))
            return renderer.page(
                request,
                "settings.html",
                data,
                by=by,
                status=status_of(problem),
                problem=problem,
                typed=typed,
            )

    chosen: Submit = submit
    return Route(
        f"/settings/{path}", submitted(renderer, chosen), methods=["POST"], name=f"settings {path}"
    )


def _changed(
    act: Change, _renderer: Renderer, _request: Request, _by: Visitor, asked: Ask, fields: Fields
) -> Response:
    return RedirectResponse(f"/settings#{act(asked, fields)}", 303)


def _issued(
    act: Issue, renderer: Renderer, request: Request, by: Visitor, asked: Ask, fields: Fields
) -> Response:
    """The one answer that holds the secret: no address does, and nothing keeps it."""
    _once(asked, fields)
    data = {"secret": act(asked, fields), "use_case": fields.get("use_case", "")}
    return renderer.page(request, "new_key.html", data, by=by)


def _once(asked: Ask, fields: Fields) -> None:
    """A form makes one key, however often it is sent. Errors: ``Conflict`` RW-SETTINGS-001."""
    store, now, once = asked.deployment.store, asked.deployment.now(), fields.get("once", "")
    if not (len(once) == 32 and once.isalnum()):
        raise InputProblem(
            "RW-SERVER-005", Problem("the form is not whole: open the settings again", place="once")
        )
    with store.write() as tx:
        taken = store.replies.claim(
            tx, f"settings {asked.principal.id}", once, digest_of({"form": once}), once, now,
            dead_before=now - _FORMS,
        )  # fmt: skip
    if taken is not None:
        raise Conflict(
            "RW-SETTINGS-001",
            "this form made a key before",
            hint="its secret was shown then; revoke that key if nobody has it, and make another",
        )


def _add_account(asked: Ask, fields: Fields) -> str:
    kind = fields.get("kind", "")
    if kind not in set(Kind):
        raise InputProblem("RW-ACCESS-010", Problem(f"expected one of {', '.join(Kind)}", place="kind"))
    name = fields.get("id", "").strip()
    account = Principal(name, fields.get("name", "").strip() or name, Kind(kind), _roles(fields))
    keys.new_account(asked.deployment, asked.principal, account, email=fields.get("email", "").strip())
    return "people"


def _set_roles(asked: Ask, fields: Fields) -> str:
    name = asked.path["id"]
    keys.set_roles(
        asked.deployment,
        asked.principal,
        name,
        _roles(fields),
        was=parse_roles(fields.get("was", "").split()),
    )
    return "people"


def _set_disabled(asked: Ask, _fields: Fields, *, disabled: bool) -> str:
    keys.set_disabled(asked.deployment, asked.principal, asked.path["id"], disabled=disabled)
    return "people"


def _roles(fields: Fields) -> frozenset[Role]:
    return frozenset(role for role in Role if fields.get(f"role-{role}"))


def _set_mail(asked: Ask, fields: Fields) -> str:
    access.set_email(
        asked.deployment, asked.principal, fields.get("account", ""), fields.get("email", "").strip()
    )
    return "people"


def _issue_key(asked: Ask, fields: Fields) -> str:
    use_case = fields.get("use_case", "")
    _known(asked, use_case)
    return keys.issue_key(asked.deployment, asked.principal, fields.get("for", ""), use_case=use_case)


def _issue_gateway_key(asked: Ask, fields: Fields) -> str:
    use_case, stage = fields.get("use_case", ""), fields.get("stage", "")
    require(asked.principal, "gateway.key", use_case=use_case)
    if stage not in set(Stage):
        raise InputProblem(
            "RW-CALL-017", Problem(f"no key is good at the stage `{stage[:40]}`", place="stage")
        )
    release = callers.newest_release(asked.deployment, use_case)
    return callers.issue_key(
        asked.deployment,
        asked.principal,
        use_case,
        release=release,
        stage=Stage(stage),
        for_=fields.get("for", ""),
    )


def _known(asked: Ask, use_case: str) -> None:
    with asked.deployment.store.read() as tx:
        known = asked.deployment.store.releases.use_cases(tx)
    if use_case and use_case not in known:
        raise InputProblem("RW-SERVER-005", Problem(f"no use case `{use_case[:100]}`", place="use_case"))


def _revoke_key(asked: Ask, _fields: Fields) -> str:
    keys.revoke_key(asked.deployment, asked.principal, asked.path["id"])
    return "keys"


def _revoke_gateway_key(asked: Ask, _fields: Fields) -> str:
    callers.revoke_key(asked.deployment, asked.principal, asked.path["id"])
    return "gateway-keys"


def _try_model(asked: Ask, fields: Fields) -> str:
    """Errors that are known before anybody is asked are told at once; the rest is the try's own word."""
    from roadworthy.wiring.trying import ask_once

    require(asked.principal, "account.administer")
    use_case, model = fields.get("use_case", ""), fields.get("model", "")
    _carried_out(
        asked,
        model_errand(use_case[:200], model[:200]),
        lambda _progress: try_model(asked.deployment, asked.principal, use_case, model, ask_once=ask_once),
    )
    return "models"


def _try_receivers(asked: Ask, _fields: Fields) -> str:
    from roadworthy.wiring.receivers import receivers

    require(asked.principal, "account.administer")
    require(asked.principal, "measure")
    channels = receivers(asked.place) if asked.place is not None else ()

    def tell(_progress: errands.Progress) -> dict[str, str]:
        alert = Alarms(channels).raise_test(asked.deployment, asked.principal)
        with asked.deployment.store.read() as tx:
            told = asked.deployment.store.alerts.notices(tx, alert.id)
        return {one.channel: "" for one in told} | {
            one.channel: one.problem or "not reached yet" for one in told if not one.sent_at
        }

    _carried_out(asked, RECEIVERS_ERRAND, tell)
    return "receivers"


def _carried_out(asked: Ask, name: str, work: errands.Work) -> None:
    errand = errands.begin(asked.deployment, name, asked.principal.id, work)
    if errand.wait(_WAIT_S) and isinstance(errand.problem, RoadworthyError):
        raise errand.problem
