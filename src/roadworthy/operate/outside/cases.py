"""The case that an agent elsewhere works on: found by its key, or begun with it.

What is told of a case by whoever runs the agent comes in as any case does (``submit``), under its own credentials.
The agent names a case and says nothing about it: a case that begins with its call has an empty input.
"""

from __future__ import annotations

from typing import Final

from roadworthy.casework.case import CaseRecord, State
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, Refused, Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import begin, check_key, subject_of, submit
from roadworthy.operate.modelcalls.callers import Caller
from roadworthy.ports import LoadedRelease
from roadworthy.stage import SIMULATED

CASE: Final = "roadworthy/case"
"""Where a request says which case it is for, in its ``_meta``."""


def release_of(deployment: Deployment, caller: Caller) -> LoadedRelease:
    """The release that a key is bound to, ready to run.

    Errors: ``InputProblem`` RW-MCP-002 where a workflow of its own works on its cases.
    """
    release = deployment.loader.load(caller.release)
    if not release.workflow.elsewhere:
        raise InputProblem(
            "RW-MCP-002",
            Problem(
                f"{caller.version} has a workflow of its own, which alone calls its tools",
                hint="give an agent elsewhere a release without `workflow.py`",
            ),
        )
    return release


def case_of(deployment: Deployment, caller: Caller, named: str) -> CaseRecord:
    """The case of a call, at work. In the pilot all calls of a key on one day are one case where none is named.

    Errors: ``InputProblem`` RW-MCP-003 without a case beyond the pilot, RW-MCP-004 for one that has to be taken in
    first; ``Refused`` RW-MCP-005 for a case that is somebody else's; ``Conflict`` RW-MCP-006 for one that is over;
    ``Unavailable`` RW-MCP-007 for one that is stopped.
    """
    key = _key(deployment, caller, named)
    case = _find(deployment, caller, key)
    if case is None:
        if caller.stage in SIMULATED:
            _begin_rehearsal(deployment, caller, key)
        else:
            _take_in(deployment, caller, key)
        case = _found(deployment, caller, key)
    _require_its_own(case, caller)
    if case.handled_by == "person" and case.state is State.WAITING:
        raise Refused("RW-MCP-005", "a person has this case now", hint="begin no other case for it")
    if case.state in {State.CLOSED, State.DELIVERING}:
        raise Conflict(
            "RW-MCP-006", Problem("this case is over", hint="name another case: what is new is a new case")
        )
    if case.state is State.PARKED:
        raise Unavailable(
            "RW-MCP-007", "this case is stopped", retry_is_safe=True, hint="a second person resumes it"
        )
    return case


def known_case(deployment: Deployment, caller: Caller, named: str) -> CaseRecord:
    """The case of a question about earlier calls, wherever it stands.

    Errors: as ``case_of``; ``NotFound`` RW-MCP-008 where there is none.
    """
    case = _found(deployment, caller, _key(deployment, caller, named))
    _require_its_own(case, caller)
    return case


def _key(deployment: Deployment, caller: Caller, named: str) -> str:
    if not named:
        if caller.needs_case:
            raise InputProblem(
                "RW-MCP-003",
                Problem(
                    "calls say which case they are for, beyond the pilot",
                    hint=f"the header `x-roadworthy-case`, `{CASE}` in `_meta`, or `--case`",
                ),
            )
        return f"agent-{caller.key}-{deployment.now():%Y-%m-%d}"
    if problems := check_key(named):
        raise InputProblem("RW-MCP-003", problems)
    return named


def _find(deployment: Deployment, caller: Caller, key: str) -> CaseRecord | None:
    # What a rehearsal does must not take the key of the real case.
    twin = caller.release if caller.stage in SIMULATED else ""
    with deployment.store.read() as tx:
        return deployment.store.cases.by_key(tx, caller.use_case, key, twin=twin)


def _found(deployment: Deployment, caller: Caller, key: str) -> CaseRecord:
    case = _find(deployment, caller, key)
    if case is None:
        raise NotFound("RW-MCP-008", Problem("nothing was called for this case", hint="call a tool first"))
    return case


def _require_its_own(case: CaseRecord, caller: Caller) -> None:
    if case.release != caller.release:
        raise Refused(
            "RW-MCP-005",
            "people have this case" if not case.release else "another release has this case",
            reasons=[case.reason] if case.reason else [],
            hint="the rollout says who works on which case, for the whole life of each",
        )


def _begin_rehearsal(deployment: Deployment, caller: Caller, key: str) -> None:
    """Beside the real case, with its input where there is one. Somebody else may be faster: then it is there."""
    charter = deployment.loader.charter(caller.release)
    with deployment.store.write() as tx:
        release = deployment.store.releases.get(tx, caller.release)
        original = deployment.store.cases.by_key(tx, caller.use_case, key)
        data = deployment.vault.open(tx, original.input) if original else {}
        begin(
            deployment,
            tx,
            charter,
            key=key,
            data=data,
            subject=original.subject if original else subject_of(deployment, charter, data),
            release=release,
            probability=1.0,
            actor=caller.principal,
            twin=caller.release,
        )


def _take_in(deployment: Deployment, caller: Caller, key: str) -> None:
    """A live case, as intake takes it in: the rollout says whose it is."""
    charter = deployment.loader.charter(caller.release)
    needed = [name for name, field in charter.input.items() if field.required]
    if needed:
        raise InputProblem(
            "RW-MCP-004",
            [Problem("is missing: nobody took this case in", place=name) for name in needed],
            hint="take the case in under this key first, with its input: `POST /api/v1/cases`",
        )
    with deployment.store.read() as tx:
        account = deployment.store.people.get(tx, caller.principal)
    if account is None:
        raise Refused("RW-ACCESS-012", "this key is not valid", hint="ask for another")
    submit(deployment, account, caller.use_case, key, {})
