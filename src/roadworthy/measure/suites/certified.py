"""Kinds of error that a suite's grader judges, certified from its evaluation."""

from __future__ import annotations

import math

from roadworthy.evaluation import Evaluation, Result, Suite, Test
from roadworthy.measure.certifying import Judged, certificates_of
from roadworthy.measure.fact import Fact
from roadworthy.measure.suites.recording import every_shown
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal
from roadworthy.release import Release


def certificates_by_suite(
    deployment: Deployment, principal: Principal, release: Release, suite: Suite, evaluation: Evaluation
) -> list[Fact]:
    """Certify every promise of the charter whose ``grader`` is one of the suite's.

    The suite stands for the traffic: one test of a cluster enters the proof, its first attempt. An answer that
    could not be graded counts as wrong; one of a judge that may only advise proves nothing.
    """
    charter = deployment.loader.charter(release.digest)
    named = {grader.name for grader in suite.graders}
    kinds = {
        kind: promise.grader for kind, promise in charter.certificates.items() if promise.grader in named
    }
    if not kinds:
        return []
    tests = {test.id: test for test in suite.tests}
    first: dict[str, tuple[Test, Result]] = {}
    for result in every_shown(deployment, principal, evaluation):
        if result.transcript.error:
            continue
        test = tests.get(result.test_id)
        if test is not None and result.attempt <= first.get(test.id, (test, result))[1].attempt:
            first[test.id] = (test, result)
    by_cluster: dict[str, tuple[Test, Result]] = {}
    for test, result in first.values():
        by_cluster.setdefault(test.cluster or test.id, (test, result))
    facts = []
    for kind, grader in kinds.items():
        slices = {name for name, field in charter.input.items() if field.slice}
        sample = [
            judged
            for test, result in by_cluster.values()
            if (judged := _judged(test, result, grader, slices)) is not None
        ]
        if sample:
            facts.append(certificates_of(deployment, principal, release, kind, sample))
    return facts


def _judged(test: Test, result: Result, grader: str, slices: set[str]) -> Judged | None:
    """None where the test is not graded by it, or nobody but an adviser graded it."""
    grade = result.grade(grader)
    if grade is None or grade.detail.get("advisory") is True:
        return None
    transcript = result.transcript
    confidence = transcript.confidence
    sure = confidence is not None and math.isfinite(confidence)
    return Judged(
        key=test.id,
        truth=grader,
        score=confidence if sure and confidence is not None else 0.0,
        wrong=grade.passed is not True,
        slice=str(next((test.input[name] for name in sorted(slices) if test.input.get(name)), "")),
        proposes=sure and bool(transcript.effects),
    )
