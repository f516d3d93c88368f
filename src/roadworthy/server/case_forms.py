"""Forms of a case's page: flag it, replay it, take an effect back, make it a test, erase the person; PROV to take along."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.casework.case import CaseRecord
from roadworthy.errors import Conflict, InputProblem, Problem, Refused
from roadworthy.measure.mirror import mirror
from roadworthy.measure.recorded import Selection
from roadworthy.operate import errands, flagging
from roadworthy.operate.casefiles import find_record
from roadworthy.operate.effects.asking import ask_undo
from roadworthy.operate.erasing import erase_person
from roadworthy.operate.testcases import case_to_test
from roadworthy.operate.watching.lineage import prov_of_case
from roadworthy.ports.knowledge import Forgotten
from roadworthy.principal import require
from roadworthy.quantities import natural_name
from roadworthy.server.asking import Ask
from roadworthy.server.forms import Fields, Submit, submitted
from roadworthy.server.pages import Act, ask, reading
from roadworthy.server.problems import status_of
from roadworthy.server.rendering import Renderer
from roadworthy.server.session import Visitor, local_path
from roadworthy.server.views import case_page

Forget = Callable[[str], Forgotten]
"""Erases a data subject from every index of knowledge."""
_WAIT_S = 1.0
"""For so long a request waits for a replay: one whose answers are recorded is mostly over by then."""

Change = Callable[[Ask, CaseRecord, Fields], None]


def routes(renderer: Renderer, *, forget: Forget | None = None) -> list[BaseRoute]:
    """Every form's target, and the download. Without ``forget`` nobody is erased here."""
    about: tuple[tuple[str, str, Change], ...] = (
        ("flag", "flag_case", _flag),
        ("unflag", "lift_flag", _unflag),
        ("replay", "replay_case", _replay),
        ("call-off", "call_off_replay", _call_off),
        ("test", "case_to_test", _test),
        ("undo", "ask_undo", _undo),
        ("erase", "erase_person", _erase(forget)),
    )
    return [
        *(
            Route(
                f"/cases/{{name}}/{path}",
                submitted(renderer, _form(renderer, act)),
                methods=["POST"],
                name=name,
            )
            for path, name, act in about
        ),
        Route("/cases/{name}/prov", reading(renderer, _prov(renderer)), methods=["GET"], name="case_prov"),
    ]


def _form(renderer: Renderer, act: Change) -> Submit:
    def submit(request: Request, by: Visitor, fields: Fields) -> Response:
        asked = ask(renderer, request, by)
        case = find_record(asked.deployment, asked.principal, asked.path["name"])
        try:
            act(asked, case, fields)
        except (InputProblem, Conflict, Refused) as problem:
            # The case as it stands now, with what was typed: somebody may have been first.
            data = case_page.case_page(replace(asked, query={}))
            return renderer.page(
                request,
                "case.html",
                data,
                by=by,
                status=status_of(problem),
                problem=problem,
                typed=dict(fields),
            )
        return RedirectResponse(local_path(fields.get("back", "") or f"/cases/{case.id}"), 303)

    return submit


def _flag(asked: Ask, case: CaseRecord, fields: Fields) -> None:
    flagging.flag_case(asked.deployment, asked.principal, case.id, reason=fields.get("reason", "").strip())


def _unflag(asked: Ask, case: CaseRecord, _fields: Fields) -> None:
    flagging.lift_flag(asked.deployment, asked.principal, case.id)


def _replay(asked: Ask, case: CaseRecord, fields: Fields) -> None:
    """The same input under another release; nothing leaves, nobody is asked."""
    deployment, principal = asked.deployment, asked.principal
    require(principal, "measure", use_case=case.use_case)
    with deployment.store.read() as tx:
        releases = deployment.store.releases.rollout(tx, case.use_case)
    wanted = fields.get("release", "")
    release = next((one for one in releases.releases if one.name == wanted), None)
    if release is None:
        raise InputProblem("RW-SERVER-005", Problem(f"no release `{wanted[:100]}`", place="release"))

    def work(tell: errands.Progress) -> object:
        return mirror(
            deployment, principal, case.use_case, release, cases=Selection(keys=(case.key,)), progress=tell
        ).counts

    errands.begin(deployment, case_page.replay_name(case.id), principal.id, work).wait(_WAIT_S)


def _call_off(asked: Ask, case: CaseRecord, _fields: Fields) -> None:
    require(asked.principal, "measure", use_case=case.use_case)
    running = errands.look(asked.deployment, case_page.replay_name(case.id))
    if running is not None:
        running.call_off()
        running.wait(_WAIT_S)


def _test(asked: Ask, case: CaseRecord, fields: Fields) -> None:
    case_to_test(
        asked.deployment,
        asked.principal,
        case.use_case,
        case.key,
        fields.get("suite", "").strip(),
        expected=fields.get("expected", "").strip() or None,
    )


def _undo(asked: Ask, case: CaseRecord, fields: Fields) -> None:
    with asked.deployment.store.read() as tx:
        known = {one.id for one in asked.deployment.store.effects.of_case(tx, case.id)}
    effect = fields.get("effect", "")
    if effect not in known:
        raise InputProblem("RW-SERVER-005", Problem("this case has no such effect", place="effect"))
    ask_undo(asked.deployment, asked.principal, effect, reason=fields.get("reason", "").strip())


def _erase(forget: Forget | None) -> Change:
    def act(asked: Ask, case: CaseRecord, fields: Fields) -> None:
        require(asked.principal, "subject.erase", use_case=case.use_case)
        person = fields.get("person", "").strip()
        if not case.subject or not person:
            raise InputProblem("RW-PRIVACY-003", Problem("type the name of the person", place="person"))
        if asked.deployment.vault.pseudonym(natural_name(person)) != case.subject:
            raise InputProblem(
                "RW-PRIVACY-003", Problem("this is not the person whom the case is about", place="person")
            )
        if forget is None:
            raise Conflict(
                "RW-PRIVACY-004",
                "this process does not reach the indexes of knowledge",
                hint="`roadworthy privacy erase PERSON`",
            )
        erase_person(asked.deployment, asked.principal, person, indexes=forget)

    return act


def _prov(renderer: Renderer) -> Act:
    def act(request: Request, by: Visitor) -> Response:
        asked = ask(renderer, request, by)
        found = prov_of_case(asked.deployment, asked.principal, asked.path["name"])
        return Response(
            json.dumps(found, ensure_ascii=False, indent=2),
            media_type="application/json",
            headers={
                "Content-Disposition": 'attachment; filename="prov.json"',
                "Cache-Control": "no-store",
            },
        )

    return act
