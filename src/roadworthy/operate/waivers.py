"""Exceptions from the gate: one person asks with a reason and an end, a second one grants or declines; any of them ends it early."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from roadworthy.errors import Conflict, InputProblem, Problem
from roadworthy.gate import Waiver
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.verdicts import LONGEST_WAIVER, keep_waiver
from roadworthy.operate.words import check_words
from roadworthy.ports import Transaction
from roadworthy.principal import Principal, require, require_person, require_second

MOST_ASKED: Final = 50
"""Requests that may wait in one use case: more are no exceptions any more."""

_KEPT: Final = "waivers asked"


@dataclass(frozen=True, slots=True)
class AskedWaiver:
    """A request that nobody has answered yet. ``days``: so long the waiver would hold, from the moment it is granted."""

    id: str
    requirement: str
    subject: str
    reason: str
    days: int
    asked_by: str
    at: datetime


def ask_waiver(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    requirement: str,
    subject: str,
    *,
    reason: str,
    days: int,
) -> AskedWaiver:
    """Ask for an exception. It changes no verdict until a second person grants it.

    Errors: ``InputProblem`` RW-GATE-012 with everything wrong (no such requirement, or one that nobody may waive, no
            reason, days outside 1 to 90), RW-WORDS-001; ``Conflict`` RW-GATE-013 where the same is asked already, or
            too many wait.
    """
    require(principal, "measure", use_case=use_case)
    require_person(principal, "asking for a waiver")
    check_words(requirement=requirement, subject=subject, reason=reason)
    problems = _problems(deployment, requirement, reason, days)
    if problems:
        raise InputProblem("RW-GATE-012", problems)
    with deployment.store.write() as tx:
        asked = _read(deployment, tx, use_case)
        if any((one.requirement, one.subject) == (requirement, subject) for one in asked):
            raise Conflict(
                "RW-GATE-013",
                f"a waiver of `{requirement}` is asked for already",
                hint="somebody has to answer it first",
            )
        if len(asked) >= MOST_ASKED:
            raise Conflict("RW-GATE-013", f"{len(asked)} requests wait for an answer, no more are taken")
        new = AskedWaiver(
            deployment.new_id(), requirement, subject, reason.strip(), days, principal.id, deployment.now()
        )
        _keep(deployment, tx, use_case, (*asked, new))
        _note(deployment, tx, "waiver.asked", principal, use_case, new, days=days)
    return new


def asked_waivers(deployment: Deployment, tx: Transaction, use_case: str) -> tuple[AskedWaiver, ...]:
    """Requests that wait for an answer, the oldest first."""
    return _read(deployment, tx, use_case)


def grant_asked(deployment: Deployment, principal: Principal, use_case: str, asked: str) -> Waiver:
    """Grant what somebody else asked for.

    Errors: ``Refused`` for who asked and for who may not, ``Conflict`` RW-GATE-014 where it was answered meanwhile.
    """
    require(principal, "waiver.grant", use_case=use_case)
    require_person(principal, "a waiver")
    with deployment.store.write() as tx:
        found, left = _taken(deployment, tx, use_case, asked)
        require_second(principal, found.asked_by, "a waiver")
        waiver = Waiver(
            requirement=found.requirement,
            subject=found.subject,
            reason=found.reason,
            asked_by=found.asked_by,
            granted_by=principal.id,
            demo=principal.demo,
            expires_at=deployment.now() + min(timedelta(days=found.days), LONGEST_WAIVER),
        )
        _keep(deployment, tx, use_case, left)
        keep_waiver(deployment, tx, use_case, waiver)
    return waiver


def decline_asked(
    deployment: Deployment, principal: Principal, use_case: str, asked: str, *, reason: str
) -> AskedWaiver:
    """Say no to a request, or take one's own back.

    Errors: ``Refused`` for anybody but who asked and who may grant, ``Conflict`` RW-GATE-014 where it was answered
            meanwhile.
    """
    require(principal, "gate.read", use_case=use_case)
    require_person(principal, "an answer to a request")
    check_words(reason=reason)
    with deployment.store.write() as tx:
        found, left = _taken(deployment, tx, use_case, asked)
        own = found.asked_by == principal.id
        if not own:
            require(principal, "waiver.grant", use_case=use_case)
        _keep(deployment, tx, use_case, left)
        kind = "waiver.taken_back" if own else "waiver.declined"
        _note(deployment, tx, kind, principal, use_case, found, why=reason.strip())
    return found


def withdraw_waiver(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    requirement: str,
    subject: str,
    *,
    reason: str,
) -> None:
    """End a waiver before its day: from now on the gate asks for the requirement again. One person is enough.

    By whoever may grant one, and by who asked for it.
    Errors: ``InputProblem`` RW-GATE-017 without a reason, RW-WORDS-001; ``Conflict`` RW-GATE-016 where none is in
            force, so that a second one of the same words changes nothing; ``Refused`` RW-ACCESS-001, RW-ACCESS-002.
    """
    require(principal, "gate.read", use_case=use_case)
    require_person(principal, "withdrawing a waiver")
    check_words(requirement=requirement, subject=subject, reason=reason)
    if not reason.strip():
        raise InputProblem(
            "RW-GATE-017", Problem("found no reason", place="reason", hint="say why it holds no more")
        )
    now = deployment.now()
    with deployment.store.write() as tx:
        held = [
            one
            for one in deployment.store.evidence.waivers(tx, use_case)
            if (one.requirement, one.subject) == (requirement, subject) and one.holds(now)
        ]
        if not held or any(one.asked_by != principal.id for one in held):
            require(principal, "waiver.grant", use_case=use_case)
        if not deployment.store.evidence.end_waivers(tx, use_case, requirement, subject, at=now):
            raise Conflict(
                "RW-GATE-016",
                f"no waiver of `{requirement[:100]}` is in force",
                hint="it ended, or somebody withdrew it before",
            )
        deployment.record(
            tx,
            "waiver.withdrawn",
            principal.id,
            {"use_case": use_case},
            {
                "requirement": requirement,
                "subject": subject,
                "why": reason.strip(),
                "granted_by": sorted({one.granted_by for one in held}),
            },
        )


def _problems(deployment: Deployment, requirement: str, reason: str, days: int) -> list[Problem]:
    found = []
    rows = {row.id: row for row in deployment.requirements.requirements}
    row = rows.get(requirement)
    if row is None:
        found.append(Problem(f"no requirement `{requirement[:100]}`", place="requirement"))
    elif not row.waivable:
        found.append(
            Problem(
                f"nobody may waive `{requirement}`",
                place="requirement",
                hint=row.next_step.replace("{subject}", "it"),
            )
        )
    if not reason.strip():
        found.append(Problem("found no reason", place="reason", hint="say why it may go on without"))
    if not 1 <= days <= LONGEST_WAIVER.days:
        found.append(Problem(f"expected 1 to {LONGEST_WAIVER.days} days, found {days}", place="days"))
    return found


def _taken(
    deployment: Deployment, tx: Transaction, use_case: str, asked: str
) -> tuple[AskedWaiver, tuple[AskedWaiver, ...]]:
    """The request, and those beside it."""
    waiting = _read(deployment, tx, use_case)
    found = next((one for one in waiting if one.id == asked), None)
    if found is None:
        raise Conflict(
            "RW-GATE-014",
            "this request was answered already, or taken back",
            hint="the page shows what is in force",
        )
    return found, tuple(one for one in waiting if one is not found)


def _read(deployment: Deployment, tx: Transaction, use_case: str) -> tuple[AskedWaiver, ...]:
    # Kept where states are that are read and written under a lock, like the schedule of the KPI.
    kept = deployment.store.evidence.watch(tx, use_case, "", _KEPT)
    return tuple(
        AskedWaiver(**{**one, "at": datetime.fromisoformat(one["at"])})
        for one in (json.loads(kept) if kept else ())
    )


def _keep(deployment: Deployment, tx: Transaction, use_case: str, asked: tuple[AskedWaiver, ...]) -> None:
    text = json.dumps([{**asdict(one), "at": one.at.isoformat()} for one in asked])
    deployment.store.evidence.save_watch(tx, use_case, "", _KEPT, text)


def _note(
    deployment: Deployment,
    tx: Transaction,
    kind: str,
    principal: Principal,
    use_case: str,
    asked: AskedWaiver,
    **more: object,
) -> None:
    deployment.record(
        tx,
        kind,
        principal.id,
        {"use_case": use_case},
        {"requirement": asked.requirement, "subject": asked.subject, "reason": asked.reason, **more},
    )
