"""One evaluation: its figures, and its tests page by page, with answers for those who may read them."""

from __future__ import annotations

from typing import Any, Final

from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.evaluation import Came, Evaluation
from roadworthy.measure.suites.recording import Shown, show_results
from roadworthy.ports.evaluating import ResultRecord
from roadworthy.principal import allows, require
from roadworthy.server.asking import Ask
from roadworthy.server.paging import rows_limit
from roadworthy.server.views.quality import evaluation_json
from roadworthy.server.views.shared import plain

FILTERS: Final = ("came", "after", "limit")
CAMES: Final[tuple[Came, ...]] = ("failed", "error", "ungraded", "passed")


def evaluation(ask: Ask) -> dict[str, Any]:
    """Figures by grader and slice, and a page of tests, worst first. One that runs shows what came so far.

    ``came`` of the query chooses tests by what came of them. Errors: ``NotFound`` RW-EVAL-051, also for one of a
    use case that this principal may not see; ``InputProblem`` RW-SERVER-005.
    """
    wanted, store = ask.query.get("came", ""), ask.deployment.store
    if wanted and wanted not in CAMES:
        raise InputProblem(
            "RW-SERVER-005",
            Problem(f"`{wanted[:40]}` is nothing a test can be", place="came", hint=", ".join(CAMES)),
        )
    with store.read() as tx:
        record = store.evaluations.get(tx, ask.path["id"])
        if record is None or not allows(ask.principal, "gate.read", use_case=record.use_case):
            require(ask.principal, "gate.read", use_case=ask.principal.use_case)
            raise NotFound("RW-EVAL-051", f"no evaluation `{ask.path['id'][:100]}`")
        names: dict[str, str] = {
            one.digest: one.name for one in store.releases.rollout(tx, record.use_case).releases
        }
        page = store.evaluations.results(
            tx,
            record.id,
            came=next((one for one in CAMES if one == wanted), None),
            after=ask.query.get("after", ""),
            limit=rows_limit(ask.query),
        )
    may_read = allows(ask.principal, "case.read_content", use_case=record.use_case)
    if may_read:
        shown = show_results(ask.deployment, ask.principal, record.use_case, page.rows)
        rows = [_shown(one) for one in shown]
    else:
        rows = [_bare(one) for one in page.rows]
    return plain(  # type: ignore[no-any-return]
        {
            **evaluation_json(record, names),
            "use_case": record.use_case,
            "repeats": record.repeats,
            "principal": record.principal,
            "digest": record.digest,
            "suite_digest": record.suite_digest,
            "figures": _figures(Evaluation.from_json(record.body)) if record.finished_at else None,
            "filters": {"came": wanted},
            "cames": list(CAMES),
            "may_read": may_read,
            "results": rows,
            "after": page.after,
        }
    )


def _figures(found: Evaluation) -> dict[str, Any]:
    summary = found.summary
    return {
        "graders": [one.as_json() for one in summary.graders],
        "slices": [{"key": one.key, "value": one.value, **one.overall.as_json()} for one in summary.slices],
        "erased": summary.erased,
        "answers_cost": [str(one) for one in summary.answers_cost],
        "grades_cost": [str(one) for one in summary.grades_cost],
    }


def _bare(one: ResultRecord) -> dict[str, Any]:
    """Without content: what came, and by which grader."""
    return {
        "test": one.test,
        "attempt": one.attempt,
        "came": one.came,
        "cost": str(one.cost),
        "seconds": one.seconds,
        "error": bool(one.error),
        "erased": False,
        "output": None,
        "grades": [{"grader": grade.grader, "passed": grade.passed, "reason": ""} for grade in one.grades],
    }


def _shown(one: Shown) -> dict[str, Any]:
    if one.result is None:
        return _bare(one.record) | {"erased": True}
    return _bare(one.record) | {
        "output": one.result.transcript.error or one.result.transcript.output,
        "grades": [
            {"grader": grade.grader, "passed": grade.passed, "reason": grade.reason}
            for grade in one.result.grades
        ],
    }
