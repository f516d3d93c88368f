"""Cases that two releases worked: in shadow, or mirrored, and where the two said something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from roadworthy.casework.case import CaseRecord
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.mirroring import Twin
from roadworthy.ports import Transaction
from roadworthy.principal import Principal, require
from roadworthy.stage import Stage

MOST_LOOKED: Final = 400


def newest_pairs(
    deployment: Deployment, tx: Transaction, principal: Principal, use_case: str, release: str, *, most: int
) -> dict[str, Any]:
    """The newest cases a release worked beside another one, at most ``most``, those that differ first.

    It looks at no more than ``looked`` of the newest twins of the use case. A case that is not concluded on both
    sides is left out. Answers and hands only: what was written stands on the pages of the cases.
    """
    require(principal, "case.read", use_case=use_case)
    looked = 0
    rows: list[dict[str, Any]] = []
    for stage in (Stage.SHADOW, Stage.PILOT):
        page = deployment.store.cases.list(tx, use_case, stage=stage, limit=MOST_LOOKED // 2)
        looked += len(page.rows)
        twins = [one for one in page.rows if one.release == release and one.twin and one.handled_by]
        # Asked for all at once; as many again as are shown, since some of them are not concluded.
        while twins and len(rows) < most:
            some, twins = twins[: 2 * most], twins[2 * most :]
            originals = _originals(deployment, tx, use_case, some)
            for twin in some:
                if len(rows) >= most:
                    break
                original = originals.get(twin.id)
                if original is not None and original.handled_by and original.release != release:
                    rows.append(_pair(twin, original))
    rows.sort(key=lambda row: row["same"])  # stable: the newest first among equals
    return {
        "looked": looked,
        "pairs": len(rows),
        "differ": sum(1 for row in rows if not row["same"]),
        "rows": rows,
    }


def _originals(
    deployment: Deployment, tx: Transaction, use_case: str, twins: Sequence[CaseRecord]
) -> dict[str, CaseRecord]:
    """By the id of the twin: the case that it is the twin of."""
    found: dict[str, CaseRecord] = {}
    for twin in twins:
        mirrored = Twin.of(twin.twin)
        original = deployment.store.cases.get(tx, mirrored.original) if mirrored is not None else None
        if original is not None:
            found[twin.id] = original
    rest = [twin for twin in twins if twin.id not in found]
    of_key = deployment.store.cases.by_keys(tx, use_case, {twin.key for twin in rest})
    return found | {twin.id: of_key[twin.key] for twin in rest if twin.key in of_key}


def _pair(twin: CaseRecord, original: CaseRecord) -> dict[str, Any]:
    same = (twin.answer, twin.handled_by) == (original.answer, original.handled_by)
    return {
        "case": original.id,
        "twin": twin.id,
        "key": original.key,
        "at": original.created_at.isoformat(),
        "answer": original.answer,
        "answer_of_twin": twin.answer,
        "handled_by": original.handled_by,
        "handled_by_of_twin": twin.handled_by,
        "same": same,
    }
