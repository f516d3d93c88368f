"""Which command measures a figure again: shown beside it, to be copied."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

_LABELLED: Final = frozenset(
    {
        "business.review_load", "cost.per_case", "knowledge.recall", "quality.accuracy", "quality.worst_slice",
        "safety.hostile_effects", "trust.certificate",
    }
)  # fmt: skip
"""What only a pilot over labelled cases tells."""

_READ: Final = frozenset(
    {"business.accountable_owner", "compliance.approved_by_owner", "compliance.approved_by_risk"}
)
"""What is read anew for every verdict."""

_DRILLS: Final[Mapping[str, str]] = {
    "operation.stop_": "stop",
    "operation.crash_": "crash",
    "operation.load_": "load",
    "operation.rollback_": "rollback",
    "operation.outage_": "outage",
    "operation.drift_": "drift",
    "operation.alert_": "alert",
    "safety.hijacked_": "injection",
}


def measuring(kind: str, subject: str, *, row: str, use_case: str, release: str, stage: str) -> str:
    """The command by which this kind of figure comes about; ``row`` is the requirement that reads it.

    Words in capitals are to be filled in: a file, an evaluation.
    """
    name, of = shlex.quote(use_case), f"--release {shlex.quote(release)}"
    about = shlex.quote(subject) if subject else ""
    if kind.startswith("answer."):
        return f"roadworthy roadmap answer {name} {shlex.quote(row)} --yes --note NOTE {of}"
    for begins, drill in _DRILLS.items():
        if kind.startswith(begins):
            return f"roadworthy drill {drill} {name} {of}"
    if kind in _READ:
        return f"roadworthy gate {name} --stage {shlex.quote(stage)} {of}"
    if kind in _LABELLED:
        return f"roadworthy gate {name} {of} --labelled FILE.csv"
    if kind in {"quality.suite", "quality.suite_not_worse"}:
        return f"roadworthy evaluate run {name} {about} {of}".replace("  ", " ")
    if kind in {"quality.judge_agreement", "quality.conduct"}:
        return f"roadworthy evaluate judge {name} EVALUATION LABELS.csv"
    if kind in {"quality.routed", "quality.model"}:
        return f"roadworthy models measure {name} {about or 'TASK'} {of}"
    if kind == "business.kpi":
        return f"roadworthy value kpi {name}"
    return f"roadworthy gate {name} {of} --measure"
