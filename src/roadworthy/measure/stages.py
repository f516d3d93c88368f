"""What shadow and canary showed, whether policies cover every write, and how fast the stop switch works."""

from __future__ import annotations

import time
from collections.abc import Iterator

from roadworthy.casework.effect import TrueOutcome
from roadworthy.errors import Unavailable
from roadworthy.measure.fact import Fact
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import tool_facts
from roadworthy.operate.outcomes import canary_watch
from roadworthy.operate.stopping import rehearsed_stop
from roadworthy.operate.work import ACKNOWLEDGE_EVERY
from roadworthy.ports import LoadedRelease
from roadworthy.principal import Principal, Stop
from roadworthy.quantities import Interval, Share
from roadworthy.release import Release
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
    """Cases of the canary with an outcome, and what its sequential test has proven so far."""
    watch = canary_watch(deployment, release.use_case, release)
    if watch is None:
        return [_canary_cases(0)]
    candidate, baseline = watch.harm.candidate, watch.harm.baseline
    return [
        _canary_cases(candidate.cases),
        Fact(
            kind="release.canary_not_worse",
            value=float(watch.state == "not worse"),
            unit="yes",
            n=candidate.cases + baseline.cases,
            method="betting e-process on wrong automatic answers, valid whenever one looks",
            of_release=True,
            valid_days=14,
            detail={
                "state": watch.state,
                "candidate": {"cases": candidate.cases, "wrong": candidate.total},
                "baseline": {"cases": baseline.cases, "wrong": baseline.total},
                "tolerance": watch.not_worse.margin,
            },
        ),
    ]


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


def stop_drill(
    deployment: Deployment, principal: Principal, release: Release, *, within_s: float = 10.0
) -> Fact:
    """Throw the switch for the use case, see how long every live worker takes to obey, and lift it again.

    Errors: ``Unavailable`` RW-DRILL-001 if no worker runs, or one does not obey within ``within_s``.
    """
    with rehearsed_stop(deployment, principal, release.use_case) as thrown:
        begun = deployment.now()
        elapsed_s: float | None = None
        while elapsed_s is None and (deployment.now() - begun).total_seconds() < within_s:
            time.sleep(0.02)
            elapsed_s = _obeyed_after(deployment, thrown)
    if elapsed_s is None:
        raise Unavailable(
            "RW-DRILL-001",
            "no worker acknowledged the stop, or not every one did",
            retry_is_safe=True,
            hint="is one running? `roadworthy up`; then `roadworthy doctor`",
        )
    return Fact(
        kind="operation.stop_seconds",
        value=elapsed_s,
        unit="seconds",
        n=1,
        method="switch thrown, seconds until every live worker acknowledged",
        inputs=thrown.id,
        valid_days=30,
    )


def _obeyed_after(deployment: Deployment, thrown: Stop) -> float | None:
    """Seconds from the stop to the last live worker's word; None while one is missing."""
    now = deployment.now()
    with deployment.store.read() as tx:
        seen = deployment.store.switches.acknowledgements(tx)
    live = [(last, at) for last, at in seen.values() if now - at < 3 * ACKNOWLEDGE_EVERY]
    if not live or any(last < thrown.id for last, _ in live):
        return None
    return max(0.0, (now - thrown.stopped_at).total_seconds())


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
