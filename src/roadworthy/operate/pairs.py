"""Cases that two releases worked: in shadow, or mirrored, and where the two said something else."""

from __future__ import annotations

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
        for twin in page.rows:
            if len(rows) >= most:
                break
            if twin.release == release and twin.twin and twin.handled_by:
                original = _original(deployment, tx, twin)
                if original is not None and original.handled_by and original.release != release:
                    rows.append(_pair(twin, original))
    rows.sort(key=lambda row: row["same"])  # stable: the newest first among equals
    return {
        "looked": looked,
        "pairs": len(rows),
        "differ": sum(1 for row in rows if not row["same"]),
        "rows": rows,
    }


def _original(deployment: Deployment, tx: Transaction, twin: CaseRecord) -> CaseRecord | None:
    if (mirrored := Twin.of(twin.twin)) is not None:
        found = deployment.store.cases.get(tx, mirrored.original)
        if found is not None:
            return found
    return deployment.store.cases.by_key(tx, twin.use_case, twin.key)


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
