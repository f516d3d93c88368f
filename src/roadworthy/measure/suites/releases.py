"""A release put to its suites: the instruments it names, the cases that became tests, and what the gate learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from roadworthy.errors import Refused
from roadworthy.evaluation import Evaluation, Suite
from roadworthy.evidence import Measurement
from roadworthy.measure.fact import Fact, keep
from roadworthy.measure.release_target import ReleaseTarget
from roadworthy.measure.suites.certified import certificates_by_suite
from roadworthy.measure.suites.facts import suite_facts
from roadworthy.measure.suites.running import Progress, run_suite
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.testcases import resolve
from roadworthy.ports import Grading
from roadworthy.principal import Principal
from roadworthy.release import Release
from roadworthy.stage import Stage

MARGIN = 0.05
"""How much worse than the running release still counts as not worse, where the charter does not say."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One suite put to a release: its record, the suite as it was asked, and what is measured now."""

    suite: Suite
    evaluation: Evaluation
    measurements: tuple[Measurement, ...]


def evaluate_release(
    deployment: Deployment,
    principal: Principal,
    release: Release,
    suite: Suite,
    *,
    gradings: Mapping[str, Grading],
    concurrency: int = 8,
    repeats: int | None = None,
    seed: int | None = None,
    reuse: bool = True,
    as_evidence: bool = True,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Evaluated:
    """The suite, with the cases that became its tests, through the release: effects simulated, a worker runs.

    What was stopped goes on; what is finished is asked anew. With ``as_evidence`` the facts are kept for
    the gate and certificates are issued: only for a suite that is the use case's own, not for any file
    that happens to bear its name.

    Errors: ``Refused`` RW-EVAL-063 while the release is stopped or ended; as ``run_suite`` and ``resolve``.
    """
    use_case = release.use_case
    stopped = deployment.clearance.why_not(f"use_case:{use_case}", f"release:{release.digest}")
    if stopped:
        raise Refused(
            "RW-EVAL-063",
            f"{release.name} cannot be evaluated now",
            reasons=[stopped],
            hint="resume it, or name another release with `--release`",
        )
    with deployment.store.read() as tx:
        asked = resolve(deployment, tx, suite, use_case=use_case)
        running = deployment.store.releases.rollout(tx, use_case).at(Stage.PRODUCTION)
    target = ReleaseTarget(
        deployment, principal, release, evaluation_id=_turn(deployment, release, asked.suite)
    )
    evaluation = run_suite(
        deployment,
        principal,
        use_case,
        asked.suite,
        target,
        gradings=gradings,
        release=release.digest,
        concurrency=concurrency,
        repeats=repeats,
        seed=seed,
        reuse=reuse,
        erased=asked.erased,
        progress=progress,
    )
    if not as_evidence:
        return Evaluated(asked.suite, evaluation, ())
    promise = deployment.loader.charter(release.digest).suites.get(suite.name)
    facts = suite_facts(
        deployment,
        asked.suite,
        evaluation,
        margin=promise.margin if promise else MARGIN,
        running=running.digest if running else "",
    )
    if running is None or running.digest == release.digest:
        facts.append(_nothing_runs(asked.suite, evaluation))
    facts += certificates_by_suite(deployment, principal, release, asked.suite, evaluation)
    return Evaluated(asked.suite, evaluation, keep(deployment, principal, release, facts))


def _turn(deployment: Deployment, release: Release, suite: Suite) -> str:
    """Names this evaluation: the same until it is finished, another one afterwards."""
    finished, after = 0, ""
    with deployment.store.read() as tx:
        while True:
            page = deployment.store.evaluations.list(
                tx, release.use_case, suite=suite.name, release=release.digest, finished=True, after=after
            )
            finished += sum(one.suite_digest == suite.digest for one in page.rows)
            after = page.after
            if not after:
                return f"{suite.digest.removeprefix('sha256:')[:16]}-{finished}"


def _nothing_runs(suite: Suite, evaluation: Evaluation) -> Fact:
    return Fact(
        kind="quality.suite_not_worse",
        subject=suite.name,
        value=1.0,
        unit="yes",
        n=evaluation.summary.overall.tests,
        method="no other release runs that it could be worse than",
        inputs=[evaluation.digest],
        of_release=True,
        detail={"evaluation": evaluation.id, "against_release": ""},
    )
