"""The record of what an agent elsewhere was told: steps of its case, from which the next process goes on.

Such a case has no workflow that is played again: what was read so far is gathered from its steps before every call.
A step is written before the agent sees what it holds, so nothing that it can have seen is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.journal import Step
from roadworthy.errors import Conflict, Problem, Refused
from roadworthy.flow import Readings
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.edges import keep_edges
from roadworthy.operate.plain import mapping
from roadworthy.operate.reading import begin_reading, input_marking, read_answer, read_effect
from roadworthy.policy import Marking
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.quantities import Cost

MOST_STEPS: Final = 500
"""Calls of one case: an agent that needs more does not come to an end."""
CALL, PROPOSED, RESULT, END = "call", "propose", "result", "end"
_TRIES: Final = 20
_NOTHING: Final = Cost(0)


@dataclass(frozen=True, slots=True)
class Past:
    """What happened in a case so far. ``told``: effects whose end the agent knows; ``ended``: it said that it is done."""

    readings: Readings
    told: frozenset[str]
    ended: bool
    answer: str
    spent: Cost


def read_past(deployment: Deployment, release: LoadedRelease, case: CaseRecord) -> Past:
    """Everything that the agent can have seen of this case, of earlier runs too: it may remember them.

    Its own context is unknown, so nothing is trusted for having come from it.
    """
    told, ended, answer = set[str](), False, ""
    with deployment.store.read() as tx:
        readings = begin_reading(release, case, deployment.vault.open(tx, case.input))
        readings.rise(input_marking(release.charter, case))
        for run in range(1, case.run + 1):
            for step in deployment.store.cases.steps(tx, case.id, run=run):
                kept = deployment.vault.open(tx, step.result)
                if "marking" in kept:
                    readings.rise(Marking.from_json(kept["marking"]))
                if run < case.run:
                    continue
                _note(readings, release, case, step, kept)
                kind, value = step.name.partition(":")[0], mapping(kept["value"])
                if kind == RESULT:
                    told.add(str(value["effect"]))
                elif kind == END:
                    ended, answer = True, str(value["answer"])
        spent = deployment.store.cases.spent(tx, case.id)
    return Past(readings, frozenset(told), ended, answer, spent)


def _note(
    readings: Readings, release: LoadedRelease, case: CaseRecord, step: Step, kept: Mapping[str, Any]
) -> None:
    kind, _, tool = step.name.partition(":")
    if kind == CALL and not kept["steers"]:
        # Its marking was restored; that none of it may steer a tool was found when it was asked.
        readings.hear(f"`{tool}`", kept["value"])
    elif kind == CALL:
        read_answer(readings, release, case, tool, kept["asked"], mapping(kept["value"]))
    elif kind == RESULT:
        read_effect(readings, release.charter, case, tool, kept["value"]["response"])


def next_ordinal(deployment: Deployment, tx: Transaction, case: CaseRecord) -> int:
    """The place of the next step. Errors: ``Refused`` RW-MCP-009 beyond the most calls of a case."""
    steps = deployment.store.cases.steps(tx, case.id, run=case.run)
    ordinal = steps[-1].ordinal + 1 if steps else 0
    if ordinal >= MOST_STEPS:
        raise Refused(
            "RW-MCP-009",
            f"this case had {MOST_STEPS} calls, and no more are taken",
            reasons=["an agent that does not come to an end is stopped"],
            hint="end it; a new matter is a new case",
        )
    return ordinal


@dataclass(frozen=True, slots=True)
class Noted:
    """One step of such a case, to be kept. ``steers``: it was asked with trusted values alone."""

    name: str
    asked: Mapping[str, object]
    value: Mapping[str, object]
    marking: Marking
    cost: Cost = _NOTHING
    steers: bool = False


def still_ours(deployment: Deployment, tx: Transaction, case: CaseRecord) -> CaseRecord:
    """The case as it is now. Errors: ``Conflict`` RW-MCP-006 where it began anew elsewhere."""
    fresh = deployment.store.cases.get(tx, case.id)
    if fresh is None or (fresh.run, fresh.release) != (case.run, case.release):
        raise taken_over()
    return fresh


def taken_over() -> Conflict:
    """Somebody else does the case now."""
    return Conflict("RW-MCP-006", Problem("the case was taken over meanwhile"))


def keep(deployment: Deployment, tx: Transaction, case: CaseRecord, noted: Noted) -> None:
    """Write one step, sealed, at the next place.

    Errors: ``Conflict`` RW-STORE-001 where another call took the place in this moment, RW-MCP-006 where the case began
    anew elsewhere.
    """
    still_ours(deployment, tx, case)
    asked, value = dict(noted.asked), dict(noted.value)
    kept = {"value": value, "asked": asked, "marking": noted.marking.as_json(), "steers": noted.steers}
    sealed = deployment.vault.seal(tx, case.subject, kept)
    step = Step(
        case=case.id,
        run=case.run,
        ordinal=next_ordinal(deployment, tx, case),
        name=noted.name,
        arguments=deployment.vault.digest(tx, case.subject, asked),
        result=sealed.id,
        segment=case.segment,
        attempts=1,
        cost=noted.cost,
        recorded_at=deployment.now(),
    )
    deployment.store.cases.record_step(tx, step)
    keep_edges(deployment, tx, step, value, sealed.digest)


def keep_now(deployment: Deployment, case: CaseRecord, noted: Noted) -> None:
    """Write one step in a transaction of its own, however many calls of the case end at this moment.

    Errors: as ``keep``; ``Conflict`` RW-STORE-001 where that many ended that no place was found.
    """
    for left in reversed(range(_TRIES)):
        try:
            with deployment.store.write() as tx:
                keep(deployment, tx, case, noted)
            return
        except Conflict as taken:
            if taken.code != "RW-STORE-001" or not left:
                raise
