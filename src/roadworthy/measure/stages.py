"""What shadow and canary showed, whether policies cover every write, and how fast the stop switch works."""

from __future__ import annotations

import time
from collections.abc import Iterator

from roadworthy.casework.effect import TrueOutcome
from roadworthy.errors import Unavailable
from roadworthy.measure.fact import Fact
from roadworthy.operate.canaries import ERROR, standing
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import tool_facts
from roadworthy.operate.outcomes import canary_watch
from roadworthy.operate.stopping import LOOK_S, await_obedience, rehearsed_stop
from roadworthy.policy import run_tests
from roadworthy.ports import LoadedRelease
from roadworthy.principal import Principal
from roadworthy.quantities import Interval, Share
from roadworthy.release import PASSED, Release
from roadworthy.stage import Stage
from roadworthy.trust import wilson

_PAGE = 200


def shadow(deployment: Deployment, release: Release) -> list[Fact]:
    """Live cases watched in shadow, and how often the release concluded what people did.

    Where the release would have asked a person, nothing is counted against it.
    """
    watched = agreed = compared = automatic = 0
    for stage, judgement, handled_by in _judged_cases(deployment, release):
        if stage is not Stage.SHADOW:
            continue
        watched += 1
        automatic += handled_by == "automatic"
        if judgement is not None and judgement is not TrueOutcome.UNCLEAR:
            compared += 1
            agreed += judgement is TrueOutcome.RIGHT
    span = wilson(agreed, compared, confidence=Share(0.95)) if compared else Interval(0.0, 1.0)
    method = "shadow runs compared with the outcomes on record"
    return [
        Fact(kind="release.shadow_cases", value=float(watched), unit="cases", n=watched, method=method,
             of_release=True, detail={"automatic": automatic}),
        Fact(kind="release.shadow_agreement", value=agreed / compared if compared else 0.0, unit="share",
             n=compared, method=method, interval=span, of_release=True),
    ]  # fmt: skip


def canary(deployment: Deployment, release: Release) -> list[Fact]:
    """Cases of the canary with an outcome, what its comparisons have proven so far, and how it stands in its step."""
    watch = canary_watch(deployment, release.use_case, release)
    facts = [_canary_cases(watch.harm.candidate.cases if watch else 0)]
    with deployment.store.read() as tx:
        # Its stage may have changed since the caller looked it up.
        now = deployment.store.releases.rollout(tx, release.use_case).find(release.digest)
        if now.stage is not Stage.CANARY:
            return facts
        said = standing(deployment, tx, now)
    n = sum(one.cases + one.beside for one in said.metrics if one.metric == ERROR)
    method = "betting e-processes on every metric of the charter, valid whenever one looks"
    facts.append(
        Fact(
            kind="release.canary_step", value=float(said.passed and said.step == said.of), unit="yes", n=n,
            method=method, of_release=True, valid_days=14,
            detail={"step": said.step, "of": said.of, "state": str(said.state), "missing": list(said.missing)},
        )
    )  # fmt: skip
    if watch is None:
        return facts
    detail: dict[str, object] = {
        one.metric: {"state": str(one.state), "cases": one.cases, "beside": one.beside,
                     "mean": one.mean, "mean_beside": one.mean_beside, "tolerance": one.tolerance}
        for one in said.metrics
    }  # fmt: skip
    proven = all(one.state in PASSED for one in said.metrics)
    facts.append(
        Fact(
            kind="release.canary_not_worse", value=float(proven), unit="yes", n=n, method=method, of_release=True,
            valid_days=14, detail={"state": str(said.state), "metrics": detail},
        )
    )  # fmt: skip
    return facts


def policy_coverage(release: LoadedRelease) -> Iterator[Fact]:
    """Per write tool: does any policy speak of it? Without one it is denied, which nobody may have meant."""
    tools = [tool_facts(release.charter, name) for name in release.charter.write_tools]
    covered = release.policies.coverage(tools)
    for tool in tools:
        yield Fact(
            kind="safety.policy_coverage",
            subject=tool.name,
            value=float(covered.get(tool.name, False)),
            unit="yes",
            n=1,
            method="partial evaluation of every permit with the tool's facts",
            inputs=release.policies.digest,
            of_release=True,
            valid_days=90,
        )


def policy_tests(release: LoadedRelease) -> Iterator[Fact]:
    """How many tests of the policies fail, and how many there are about each write tool."""
    checked = run_tests(release.policy_tests, release.policies.decide, release.policies.may)
    failing = [one.test.says for one in checked if one.wrong]
    yield Fact(
        kind="safety.policy_tests",
        value=float(len(failing)),
        unit="tests",
        n=len(checked),
        method="every test in policies/tests, asked of the policies",
        inputs=release.policies.digest,
        of_release=True,
        valid_days=90,
        detail={"failing": failing[:20]},
    )
    for name in release.charter.write_tools:
        about = sum(one.test.tool == name for one in checked)
        yield Fact(
            kind="safety.policy_tested",
            subject=name,
            value=float(about),
            unit="tests",
            n=about,
            method="tests in policies/tests that ask about the tool",
            inputs=release.policies.digest,
            of_release=True,
            valid_days=90,
        )


def stop_drill(
    deployment: Deployment, principal: Principal, release: Release, *, within_s: float = 10.0
) -> Fact:
    """Throw the switch for the use case, see how long every live worker takes to obey, and lift it again.

    Errors: ``Unavailable`` RW-DRILL-001 if no worker runs, or one does not obey within ``within_s``.
    """
    until = time.monotonic() + within_s
    with rehearsed_stop(deployment, principal, release.use_case) as thrown:
        seen = await_obedience(deployment, thrown, within_s=within_s)
        while not seen.complete and time.monotonic() < until:  # a worker may just be starting
            time.sleep(LOOK_S)
            seen = await_obedience(deployment, thrown, within_s=0)
    if seen.elapsed_ms is None:
        raise Unavailable(
            "RW-DRILL-001",
            "no worker acknowledged the stop, or not every one did",
            retry_is_safe=True,
            hint="is one running? `roadworthy up`; then `roadworthy doctor`",
        )
    return Fact(
        kind="operation.stop_seconds",
        value=seen.elapsed_ms / 1000,
        unit="seconds",
        n=1,
        method="switch thrown, seconds until every live worker acknowledged",
        inputs=thrown.id,
        valid_days=30,
    )


def _canary_cases(n: int) -> Fact:
    return Fact(
        kind="release.canary_cases", value=float(n), unit="cases", n=n, method="canary cases with an outcome",
        of_release=True, valid_days=14,
    )  # fmt: skip


def _judged_cases(
    deployment: Deployment, release: Release
) -> Iterator[tuple[Stage, TrueOutcome | None, str]]:
    after = ""
    while True:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(
                tx, release.use_case, release=release.digest, after=after, limit=_PAGE
            )
            rows = []
            for case in page.rows:
                outcomes = deployment.store.cases.outcomes(tx, case.id)
                rows.append((case.stage, outcomes[0].judgement if outcomes else None, case.handled_by))
        yield from rows
        after = page.after
        if not after:
            return
