"""What may be proposed, and what the ledger keeps of it."""

from __future__ import annotations

from collections.abc import Mapping

from roadworthy.casework.effect import EffectRecord
from roadworthy.casework.vocabulary import Effect
from roadworthy.charter import check_arguments
from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.ports import LoadedRelease
from roadworthy.stage import SIMULATED


def effect_event(row: EffectRecord, policy_digest: str) -> dict[str, object]:
    """What the ledger keeps of a disposition."""
    return {
        "tool": row.tool,
        "slot": row.slot,
        "arguments": row.arguments_digest,
        "amount": str(row.amount),
        "disposition": row.disposition,
        "state": str(row.state),
        "reasons": list(row.reasons),
        "certificate": row.certificate,
        "policy": policy_digest,
        "release": row.release,
        "stage": str(row.stage),
        "simulated": row.stage in SIMULATED,
        "untrusted": list(row.untrusted),
        # Without its subjects: the ledger could never forget them.
        "marking": {name: value for name, value in row.marking.as_json().items() if name != "subjects"}
        if row.marking
        else {},
    }


def declared(release: LoadedRelease, effect: Effect) -> None:
    """Errors: ``InputProblem`` for an effect whose tool the charter does not declare or that only reads, RW-RUN-013 for
    arguments that the tool does not take."""
    tool = release.charter.tools.get(effect.tool)
    if tool is None or effect.tool not in release.tools:
        raise undeclared("tool", effect.tool, release.charter.tools)
    if not tool.writes:
        raise InputProblem("RW-RUN-003", Problem(f"`{effect.tool}` only reads", hint="use `run.call`"))
    check_arguments(effect.tool, tool, effect.arguments)


def shared_slot(slot: str) -> InputProblem:
    """Two effects of a case would be one to their receiver."""
    return InputProblem(
        "RW-EFFECT-003",
        Problem(f"two effects share the slot `{slot}`", hint="give each its own slot"),
    )


def undeclared(what: str, name: str, known: Mapping[str, object]) -> NotFound:
    """What a workflow names has to stand in its charter."""
    return NotFound(
        "RW-RUN-001",
        Problem(
            f"the charter declares no {what} `{name}`",
            hint=f"declared: {', '.join(sorted(known)) or 'none'}",
        ),
    )
