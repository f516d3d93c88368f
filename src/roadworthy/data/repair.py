"""A plan of repairs: what shall stand in which cell instead, why, and who said so.

A plan is proposed once and never changes in what it proposes; its digest covers exactly that, and who
approves names the digest of what they saw. Decisions are kept per cell. Applying touches only approved
cells, and only those that still hold what the plan saw.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from roadworthy.data.repairplan import (
    SCHEMA_VERSION,
    Cell,
    Decision,
    Lineage,
    Origin,
    Repair,
    RepairPlan,
    digest_of_value,
    plan_of,
    refuse_twice,
)
from roadworthy.data.suspects import Suspect
from roadworthy.data.table import Texts
from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Digest

__all__ = [
    "SCHEMA_VERSION",
    "Cell",
    "Decision",
    "Lineage",
    "Origin",
    "Repair",
    "RepairPlan",
    "applied",
    "approve",
    "plan_of",
    "propose",
    "reject",
]


def propose(
    suspects: Iterable[Suspect],
    *,
    source: str,
    snapshot: Digest,
    at_least: float = 0.0,
    show_old: bool = True,
) -> RepairPlan:
    """A plan of all suspects that know a repair, nothing of it decided.

    ``show_old`` False keeps old values out of the plan: only their digests are in it. A digest of a
    value that is easily guessed is easily reversed, so it is no protection of personal data by itself.

    Errors: ``InputProblem`` RW-DATA-315 where one cell is named twice.
    """
    cells = []
    for one in suspects:
        if one.repair is None or one.confidence < at_least:
            continue
        old = one.value if show_old else None
        cells.append(
            Repair(
                one.row,
                one.column,
                digest_of_value(one.value),
                old,
                show_old,
                one.repair,
                one.reason,
                one.rule,
                one.confidence,
            )
        )
    cells.sort(key=lambda one: one.row)
    refuse_twice(cells, "RW-DATA-315")
    return RepairPlan(source, snapshot, tuple(cells))


def approve(
    plan: RepairPlan,
    *,
    digest: Digest,
    who: str,
    at: datetime,
    cells: Collection[Cell] | None = None,
    rule: str | None = None,
    at_least: float | None = None,
) -> RepairPlan:
    """The plan with these repairs approved: cells by name, or all of a rule, or all as sure as this, or both.

    ``digest`` is that of the plan the person saw. Rules and confidences leave rejected cells rejected;
    a cell named is approved whatever was decided before. Approving twice keeps the first name and time.

    Errors: ``InputProblem`` RW-DATA-312 where the plan is another than the one seen, RW-DATA-313 for a
            choice of nothing, of cells the plan does not have, without a name, or at a time without zone.
    """
    chosen = _chosen(plan, digest=digest, who=who, at=at, cells=cells, rule=rule, at_least=at_least)
    return _decided(plan, chosen, Decision.APPROVED, who=who, at=at, named=cells is not None)


def reject(
    plan: RepairPlan,
    *,
    digest: Digest,
    who: str,
    at: datetime,
    cells: Collection[Cell] | None = None,
    rule: str | None = None,
    at_least: float | None = None,
) -> RepairPlan:
    """The plan with these repairs rejected; chosen as in ``approve``, whatever was decided before."""
    chosen = _chosen(plan, digest=digest, who=who, at=at, cells=cells, rule=rule, at_least=at_least)
    return _decided(plan, chosen, Decision.REJECTED, who=who, at=at, named=True)


def applied(texts: Texts, plan: RepairPlan) -> tuple[Texts, Lineage]:
    """The table with all approved repairs made, and where each of their values comes from.

    The given table stays as it is; columns without a repair are shared with it. Applied a second time the
    result is the same, and every cell counts as already done.

    Errors: ``InputProblem`` RW-DATA-311 where nothing is approved, RW-DATA-310 where rows or columns are
            not there or a cell holds neither what the plan saw nor what it wants, all of them at once.
    """
    approved = plan.approved
    if not approved:
        raise InputProblem(
            "RW-DATA-311",
            Problem(
                f"none of {len(plan.cells)} repairs is approved",
                place=plan.source,
                hint=f"approve repairs of the plan {plan.digest}",
            ),
        )
    changed: dict[str, list[str | None]] = {}
    problems: list[Problem] = []
    already = 0
    for one in approved:
        problem = _misfit(texts, one)
        if problem is not None:
            problems.append(problem)
            continue
        already += texts[one.column][one.row] == one.new
        column = changed.get(one.column)
        if column is None:
            column = changed[one.column] = list(texts[one.column])
        column[one.row] = one.new
    if problems:
        raise InputProblem(
            "RW-DATA-310",
            problems,
            hint="look for suspects again in the table as it is, and propose a new plan",
        )
    origins = tuple(
        Origin(one.row, one.column, one.rule, one.reason, one.confidence, one.who, one.at, one.was)
        for one in approved
    )
    whole: Texts = {name: changed.get(name, cells) for name, cells in texts.items()}
    return whole, Lineage(plan.source, plan.snapshot, plan.digest, origins, already)


def _misfit(texts: Texts, one: Repair) -> Problem | None:
    """Why this repair cannot be made in this table."""
    column = texts.get(one.column)
    if column is None:
        return Problem(f"no column `{one.column}`", place=one.column)
    if not 0 <= one.row < len(column):
        return Problem(
            f"row {one.row + 1} of {len(column)} is not there", place=one.column, line=one.row + 1, column=1
        )
    value = column[one.row]
    if value != one.new and digest_of_value(value) != one.was:
        return Problem(
            "the cell holds another value than the plan saw", place=one.column, line=one.row + 1, column=1
        )
    return None


def _chosen(
    plan: RepairPlan,
    *,
    digest: Digest,
    who: str,
    at: datetime,
    cells: Collection[Cell] | None,
    rule: str | None,
    at_least: float | None,
) -> set[Cell]:
    if digest != plan.digest:
        raise InputProblem(
            "RW-DATA-312",
            Problem(
                f"the decision is about another plan than {plan.digest}",
                place=plan.source,
                hint="look at the plan as it is now and decide again",
            ),
        )
    problems = []
    if not who.strip():
        problems.append(Problem("nobody is named", place="who", hint="say who decided"))
    if at.tzinfo is None:
        problems.append(Problem("a time without zone", place="at", hint="give a time with its zone"))
    known = {one.cell for one in plan.cells}
    if cells is None and rule is None and at_least is None:
        problems.append(
            Problem("nothing is chosen", place="cells", hint="name cells, a rule or a least confidence")
        )
    problems += [
        Problem("the plan has no repair for this cell", place=column, line=row + 1, column=1)
        for row, column in sorted(set(cells or ()) - known)
    ]
    chosen = {
        one.cell
        for one in plan.cells
        if (cells is None or one.cell in set(cells))
        and (rule is None or one.rule == rule)
        and (at_least is None or one.confidence >= at_least)
    }
    if not problems and not chosen:
        problems.append(Problem("no repair of the plan is meant by that", place="cells"))
    if problems:
        raise InputProblem("RW-DATA-313", problems)
    return chosen


def _decided(
    plan: RepairPlan, chosen: set[Cell], decision: Decision, *, who: str, at: datetime, named: bool
) -> RepairPlan:
    def one_decided(one: Repair) -> Repair:
        settled = one.decision is decision or (one.decision is Decision.REJECTED and not named)
        return one if one.cell not in chosen or settled else replace(one, decision=decision, who=who, at=at)

    return RepairPlan(plan.source, plan.snapshot, tuple(one_decided(one) for one in plan.cells))
