"""What an evaluation says about a release, as facts for the gate."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.evaluation import OVERALL, Evaluation, Row, Suite, paired_values
from roadworthy.measure.fact import Fact
from roadworthy.measure.suites.recording import bare, erased_of, every_result
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.quantities import Interval
from roadworthy.trust.comparison import compare
from roadworthy.trust.paired import Scored

MOST_ERRORS = 0.05
"""Part of the tests on which the running release may have failed for the comparison to say anything."""
NOTHING_BOUNDS_IT = Interval(0.0, 1.0)


def suite_facts(
    deployment: Deployment, suite: Suite, evaluation: Evaluation, *, margin: float, running: str = ""
) -> list[Fact]:
    """`quality.suite`, and `quality.suite_not_worse` where the running release has answered the same suite.

    ``running`` is the digest of the release that runs now; empty where none does, or where the evaluated
    one is it. ``margin`` is how much worse still counts as not worse.
    """
    facts = [quality(suite, evaluation)]
    if running and running != evaluation.release:
        with deployment.store.read() as tx:
            other = evaluated_before(deployment, tx, suite, evaluation.use_case, release=running)
            if other is not None:
                facts.append(_not_worse(deployment, tx, suite, evaluation, other, margin=margin))
    return facts


def quality(suite: Suite, evaluation: Evaluation) -> Fact:
    """The share of the tests that pass every grader, with its interval.

    Tests that nobody could grade are no part of the share. The interval reaches as far as it would if all
    of them had failed, or had passed: a suite that is graded in its easy half only shows little.
    """
    summary = evaluation.summary
    overall = summary.overall
    unknown = max(0, summary.tests - summary.erased - overall.tests)
    passed = overall.passed
    if passed is None:
        value, interval, method = 0.0, NOTHING_BOUNDS_IT, "nothing was graded"
    else:
        graded = overall.tests / (overall.tests + unknown)
        low, high = passed.interval.low * graded, 1 - (1 - passed.interval.high) * graded
        value, interval = passed.value, Interval(low, max(low, high))
        method = f"share of tests that pass every grader, {passed.method}"
        if unknown:
            method += f", {unknown} tests that were not graded taken as failed and as passed"
    return Fact(
        kind="quality.suite",
        subject=suite.name,
        value=value,
        unit="share",
        n=overall.tests,
        interval=interval,
        method=method,
        inputs=[evaluation.id, evaluation.digest],
        of_release=True,
        detail={
            "evaluation": evaluation.id,
            "record": evaluation.digest,
            "suite": evaluation.suite_digest,
            "target": evaluation.target,
            "tests": summary.tests,
            "repeats": summary.repeats,
            "not_graded": unknown,
            "erased": summary.erased,
            "overall": overall.as_json(),
            "graders": {figure.grader: figure.as_json() for figure in summary.graders},
            "empty_slices": list(summary.empty_slices[:50]),
        },
    )


def evaluated_before(
    deployment: Deployment, tx: Transaction, suite: Suite, use_case: str, *, release: str
) -> Evaluation | None:
    """The newest finished evaluation of a release on exactly this suite."""
    after = ""
    while True:
        page = deployment.store.evaluations.list(
            tx, use_case, suite=suite.name, release=release, finished=True, after=after
        )
        for record in page.rows:
            if record.suite_digest == suite.digest:
                return Evaluation.from_json(record.body)
        after = page.after
        if not after:
            return None


def _not_worse(
    deployment: Deployment,
    tx: Transaction,
    suite: Suite,
    evaluation: Evaluation,
    other: Evaluation,
    *,
    margin: float,
) -> Fact:
    """1 where the release is proven better or not worse than the other on the tests both were graded on.

    Tests that only one of them was graded on are no part of it, and are counted. Graded by other
    graders or instruments, two evaluations are not comparable: that is a 0 with its reason.
    """
    known = {test.id for test in suite.tests}
    mine, theirs = (list(every_result(deployment, tx, one.id)) for one in (evaluation, other))
    gone = erased_of(deployment, tx, suite, mine) | erased_of(deployment, tx, suite, theirs)
    # Where the other could not be asked, nothing is known of it: to beat an error is no merit.
    failed = {one.test for one in theirs if one.error}
    paired = paired_values(
        suite,
        (bare(one) for one in mine if one.test in known and one.test not in failed),
        (bare(one) for one in theirs if one.test in known and one.test not in failed),
        grader=OVERALL,
        erased=gone,
        passed=True,
        ungraded_is_wrong=True,
    )
    detail: dict[str, object] = {
        "evaluation": evaluation.id,
        "against": other.id,
        "against_release": other.release,
        "not_compared": len(paired.apart),
        "errors_of_the_other": len(failed),
        "margin": margin,
    }
    value, interval, method = 0.0, None, "nothing can be compared"
    if evaluation.graders != other.graders:
        method = "graded by other graders or instruments than the running release: not comparable"
    elif len(failed) > MOST_ERRORS * len(suite.tests):
        method = (
            f"the running release failed on {len(failed)} of {len(suite.tests)} tests: evaluate it again"
        )
    elif paired.a:
        found = compare(_scored(paired.a), _scored(paired.b), margin=margin)
        value = float(found.verdict in ("better", "not worse"))
        interval, method = found.interval, f"{found.verdict}: {found.method}"
        detail |= {
            "verdict": found.verdict,
            "difference": found.difference,
            "clusters": found.clusters,
            "gained": found.gained,
            "lost": found.lost,
            "cases_needed": found.cases_needed,
        }
        if interval is not None:
            detail["interval"] = [interval.low, interval.high]
    return Fact(
        kind="quality.suite_not_worse",
        subject=suite.name,
        value=value,
        unit="yes",
        n=len(paired.a),
        method=method,
        inputs=[evaluation.digest, other.digest],
        of_release=True,
        detail=detail,
    )


def _scored(rows: Sequence[Row]) -> Scored:
    return Scored(
        [row.case for row in rows],
        [row.value for row in rows],
        clusters=[row.cluster for row in rows],
    )
