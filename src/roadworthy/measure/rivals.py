"""Releases that answered the same tests as the running one, side by side with it: passed or not, and the cost."""

from __future__ import annotations

from collections import defaultdict

from roadworthy.business.costs.advice import Rival
from roadworthy.measure.suites.recording import every_result
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.ports.evaluating import EvaluationRecord
from roadworthy.release import Rollout
from roadworthy.stage import ENDED, Stage
from roadworthy.trust import Scored, compare

_SHOWN_EVALUATIONS = 200


def rivals(
    deployment: Deployment, tx: Transaction, use_case: str, rollout: Rollout, *, margin: float
) -> list[Rival]:
    """Releases that answered the same tests as the running one, newest evaluation of each."""
    running = rollout.at(Stage.PRODUCTION) or rollout.at(Stage.CANARY)
    if running is None:
        return []
    able: dict[str, str] = {one.digest: one.name for one in rollout.releases if one.stage not in ENDED}
    records = deployment.store.evaluations.list(tx, use_case, finished=True, limit=_SHOWN_EVALUATIONS).rows
    newest: dict[tuple[str, str, str, str], EvaluationRecord] = {}
    for record in records:
        if record.release in able:
            key = (record.suite, record.suite_digest, record.graders, record.release)
            newest.setdefault(key, record)
    found = []
    for (suite, digest, graders, release), record in newest.items():
        own = newest.get((suite, digest, graders, running.digest))
        if own is None or release == running.digest:
            continue
        rival = _side_by_side(deployment, tx, record, own, name=able[release], margin=margin)
        if rival is not None:
            found.append(rival)
    return found


def _side_by_side(
    deployment: Deployment,
    tx: Transaction,
    record: EvaluationRecord,
    own: EvaluationRecord,
    *,
    name: str,
    margin: float,
) -> Rival | None:
    """Passed or not, and the cost, test by test.

    Where the running release failed or was not graded, nothing is known of it: to beat that is no merit,
    so the test is left out. Where the rival did, it did not pass.
    """
    passed, cost, _ = _answers(deployment, tx, record)
    own_passed, own_cost, unclear = _answers(deployment, tx, own)
    common = sorted((set(passed) & set(own_passed)) - unclear)
    if len(common) < 2:
        return None
    quality = compare(
        Scored(common, [passed[test] for test in common]),
        Scored(common, [own_passed[test] for test in common]),
        margin=margin,
    )
    return Rival(
        name,
        record.suite,
        sum(cost[test] for test in common) / len(common),
        sum(own_cost[test] for test in common) / len(common),
        quality,
        evaluation=record.id,
        beside=own.id,
    )


def _answers(
    deployment: Deployment, tx: Transaction, record: EvaluationRecord
) -> tuple[dict[str, float], dict[str, float], set[str]]:
    """By test: the share of attempts that passed, the mean cost; and tests with an error or without a grade."""
    passed: dict[str, list[bool]] = defaultdict(list)
    cost: dict[str, list[int]] = defaultdict(list)
    unclear: set[str] = set()
    for one in every_result(deployment, tx, record.id):
        passed[one.test].append(one.came == "passed")
        cost[one.test].append(one.cost.nano)
        if one.came in {"error", "ungraded"}:
            unclear.add(one.test)
    return (
        {test: sum(found) / len(found) for test, found in passed.items()},
        {test: sum(found) / len(found) for test, found in cost.items()},
        unclear,
    )
