"""Kinds of error that a suite's grader judges, certified from its evaluation."""

from __future__ import annotations

import math

from roadworthy.charter import Charter
from roadworthy.evaluation import Evaluation, Result, Suite, Test
from roadworthy.measure.certifying import Judged, certificates_of
from roadworthy.measure.fact import Fact
from roadworthy.measure.suites.recording import every_shown
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import slice_of
from roadworthy.principal import Principal
from roadworthy.release import Release


def certificates_by_suite(
    deployment: Deployment, principal: Principal, release: Release, suite: Suite, evaluation: Evaluation
) -> list[Fact]:
    """Certify every promise of the charter whose ``grader`` names this suite and one of its graders.

    The suite stands for the traffic: one test of a cluster enters the proof, its first attempt. An answer that
    could not be graded counts as wrong, and so does whatever a judge that may only advise says of it.
    """
    charter = deployment.loader.charter(release.digest)
    named = {f"{suite.name}.{grader.name}": grader.name for grader in suite.graders}
    kinds = {
        kind: named[promise.grader]
        for kind, promise in charter.certificates.items()
        if promise.grader in named
    }
    if not kinds:
        return []
    tests = {test.id: test for test in suite.tests}
    first: dict[str, tuple[Test, Result]] = {}
    for result in every_shown(deployment, principal, evaluation):
        test = tests.get(result.test_id)
        if test is not None and result.attempt <= first.get(test.id, (test, result))[1].attempt:
            first[test.id] = (test, result)
    by_cluster: dict[str, tuple[Test, Result]] = {}
    for test, result in first.values():
        by_cluster.setdefault(test.cluster or test.id, (test, result))
    facts = []
    for kind, grader in kinds.items():
        covered = {name for name, tool in charter.tools.items() if tool.error == kind}
        sample = [
            _judged(test, result, grader, charter, covered)
            for test, result in by_cluster.values()
            if not result.transcript.error and result.grade(grader) is not None
        ]
        if sample:
            facts.append(certificates_of(deployment, principal, release, kind, sample))
    return facts


def _judged(test: Test, result: Result, grader: str, charter: Charter, covered: set[str]) -> Judged:
    grade, transcript = result.grade(grader), result.transcript
    confidence = transcript.confidence
    sure = confidence is not None and math.isfinite(confidence)
    advisory = grade is None or grade.advisory
    return Judged(
        key=test.id,
        truth=grader,
        score=confidence if sure and confidence is not None else 0.0,
        wrong=advisory or grade is None or grade.passed is not True,
        slice=slice_of(charter, test.input),
        proposes=sure and any(effect.tool in covered for effect in transcript.effects),
    )
