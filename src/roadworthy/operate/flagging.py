"""Flags: somebody sets a case aside to be looked at, and says why."""

from __future__ import annotations

from roadworthy.errors import Conflict, InputProblem, NotFound, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.words import check_words
from roadworthy.ports.ledgers import Flag
from roadworthy.principal import Principal, require, require_person

_LONGEST_REASON = 500


def flag_case(deployment: Deployment, principal: Principal, case_id: str, *, reason: str) -> Flag:
    """Flag a case. It changes nothing for the case; the list of cases can show the flagged ones alone.

    Errors: ``NotFound`` RW-CASE-023; ``InputProblem`` RW-CASE-024 without a reason; ``Conflict`` RW-CASE-025
    where it is flagged already.
    """
    check_words(_LONGEST_REASON, reason=reason)
    if not reason:
        raise InputProblem("RW-CASE-024", Problem("why is it to be looked at?", place="reason"))
    with deployment.store.write() as tx:
        case = deployment.store.cases.get(tx, case_id)
        if case is None:
            raise NotFound("RW-CASE-023", f"no case `{case_id}`")
        require(principal, "case.read", use_case=case.use_case)
        require_person(principal, "flagging a case")
        flag = Flag(case.id, case.use_case, reason, principal.id, deployment.now())
        if not deployment.store.flags.add(tx, flag):
            raise Conflict("RW-CASE-025", "this case is flagged already", hint="look at its page again")
        deployment.record(
            tx,
            "case.flagged",
            principal.id,
            {"case": case.id, "use_case": case.use_case},
            {"reason": reason},
        )
    return flag


def lift_flag(deployment: Deployment, principal: Principal, case_id: str) -> None:
    """Take the flag off a case; what it said stays in the ledger.

    Errors: ``NotFound`` RW-CASE-023; ``Conflict`` RW-CASE-025 where there is none.
    """
    with deployment.store.write() as tx:
        case = deployment.store.cases.get(tx, case_id)
        if case is None:
            raise NotFound("RW-CASE-023", f"no case `{case_id}`")
        require(principal, "case.read", use_case=case.use_case)
        require_person(principal, "lifting a flag")
        if not deployment.store.flags.lift(tx, case.id):
            raise Conflict("RW-CASE-025", "this case has no flag any more", hint="look at its page again")
        deployment.record(
            tx, "case.unflagged", principal.id, {"case": case.id, "use_case": case.use_case}, {}
        )
