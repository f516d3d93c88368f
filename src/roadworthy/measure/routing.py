"""Models of a charter as facts for the gate: what they cost, how long they are served, how good they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from roadworthy.charter import Charter, LanguageModelPlan, Task
from roadworthy.errors import InputProblem, NotFound, Problem, Refused
from roadworthy.evaluation import Evaluation, Suite
from roadworthy.evidence import Evidence, Measurement
from roadworthy.measure.fact import Fact, keep
from roadworthy.measure.suites.facts import quality as suite_quality
from roadworthy.measure.suites.model_target import ModelTarget
from roadworthy.measure.suites.running import Progress, run_suite
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.testcases import resolve
from roadworthy.ports import Grading
from roadworthy.ports.language import LanguageModel
from roadworthy.principal import Principal, require
from roadworthy.quantities import Cost, Interval, Share
from roadworthy.release import Release
from roadworthy.routing import NOTICE_DAYS, Candidate, Need, choose, retiring, snapshot
from roadworthy.trust import wilson
from roadworthy.usage import Price

VALID_DAYS = 30.0
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Known:
    """What an installation knows of a model. ``deprecated``: its maker advises against it, no last day is known."""

    candidate: Candidate
    deprecated: bool = False
    remarks: tuple[str, ...] = ()


Models = Callable[[Charter, date], Mapping[str, Known]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One model put to the suite of a task."""

    model: str
    evaluation: Evaluation
    measurement: Measurement


def by_charter(charter: Charter, today: date) -> Mapping[str, Known]:
    """What the charter alone says of its models: no price file, no list."""
    return {name: Known(_stated(name, plan, charter.region)) for name, plan in charter.models.items()}


def _stated(name: str, plan: LanguageModelPlan, region: str) -> Candidate:
    price = None
    if plan.read_price is not None and plan.written_price is not None:
        cached = Cost.parse(plan.cached_price).nano if plan.cached_price else -1
        price = Price(Cost.parse(plan.read_price).nano, Cost.parse(plan.written_price).nano, cached)
    return Candidate(
        name=name,
        model=plan.model,
        region=plan.region or region,
        able=frozenset(plan.able),
        price=price,
        bound=Cost.parse(plan.call_bound).nano if plan.call_bound else None,
        context=plan.context,
        most_written=plan.most_written,
        retires=plan.retires,
    )


def model_facts(known: Mapping[str, Known], today: date) -> list[Fact]:
    """`cost.priced` and `cost.retirement` of every model."""
    found = []
    for name, one in known.items():
        found += [_priced(name, one.candidate), _retirement(name, one, today)]
    return found


def _priced(name: str, candidate: Candidate) -> Fact:
    price, bound = candidate.price, candidate.bound
    told = f"a price is known: {price.source}" if price else "a call is bounded by the charter"
    return Fact(
        kind="cost.priced",
        subject=name,
        value=float(price is not None or bound is not None),
        unit="yes",
        n=1,
        method=told if price or bound is not None else "nobody knows a price, and no bound is stated",
        inputs=[name, snapshot(price, bound=bound)],
        valid_days=7.0,
        of_release=True,
        detail={"model": candidate.model, "price": snapshot(price, bound=bound), "bound": str(bound)},
    )


def _retirement(name: str, one: Known, today: date) -> Fact:
    """Days by which the notice is too short; 0 where no last day is stated or known.

    What the maker advises against, without a last day, counts as ending today: nobody knows that it does not.
    """
    left = retiring(one.candidate.retires, today)
    if left is None:
        short = NOTICE_DAYS if one.deprecated else 0
        method = (
            "its maker advises against it, and no last day is stated"
            if one.deprecated
            else "no last day is stated or known"
        )
    else:
        short, method = (
            max(0, NOTICE_DAYS - left),
            f"served until {one.candidate.retires}, {left} days more",
        )
    # It passes only until the notice begins: afterwards it is measured anew.
    valid = VALID_DAYS if left is None or short else max(1.0, min(VALID_DAYS, float(left - NOTICE_DAYS)))
    return Fact(
        kind="cost.retirement",
        subject=name,
        value=float(short),
        unit="days short",
        n=1,
        method=method,
        inputs=[name, str(one.candidate.retires), one.deprecated],
        valid_days=valid,
        of_release=True,
        detail={
            "retires": str(one.candidate.retires or ""),
            "days_left": left,
            "deprecated": one.deprecated,
        },
    )


def routed_facts(
    deployment: Deployment, release: Release, charter: Charter, known: Mapping[str, Known]
) -> list[Fact]:
    """`quality.routed` of every task whose models were measured: of the best one that may answer today."""
    with deployment.store.read() as tx:
        kept = deployment.store.evidence.measurements(tx, release.use_case)
    now = deployment.now()
    evidence = Evidence.gather(kept, now=now, release=release.digest)
    found = []
    for task in charter.subjects("routed"):
        seen = {
            name: one
            for name in charter.tasks[task].models
            if (one := evidence.find("quality.model", f"{task}/{name}")) is not None
        }
        if seen:
            found.append(_routed(task, seen, known, charter, now.date()))
    return [
        replace(fact, valid_days=max(0.0, (until - now).total_seconds() / 86_400)) for fact, until in found
    ]


def _routed(
    task: str, seen: Mapping[str, Measurement], known: Mapping[str, Known], charter: Charter, today: date
) -> tuple[Fact, datetime]:
    route = choose(
        [known[name].candidate for name in seen if name in known],
        need=Need(frozenset({"chat"}), 1, 1, charter.region),
        today=today,
    )
    able = [one.name for one in route.order]
    best = max(able, key=lambda name: (_low(seen[name]), -able.index(name)), default="")
    chosen = seen.get(best)
    until = min(one.valid_until for one in seen.values()) if chosen is None else chosen.valid_until
    return Fact(
        kind="quality.routed",
        subject=task,
        value=chosen.value if chosen else 0.0,
        unit="share",
        n=chosen.n if chosen else 0,
        interval=(chosen.interval or Interval(0.0, 1.0)) if chosen else Interval(0.0, 0.0),
        method=f"`{best}`, the best of {len(able)} that may answer" if chosen else "no model may answer",
        inputs=[[name, one.id] for name, one in sorted(seen.items())],
        of_release=True,
        simulated=chosen.simulated if chosen else (),
        detail={
            "best": best,
            "models": {
                name: {"value": one.value, "low": _low(one), "n": one.n} for name, one in seen.items()
            },
            "dropped": dict(route.dropped),
        },
    ), until


def _low(one: Measurement) -> float:
    return one.interval.low if one.interval is not None else 0.0


def routed_task(charter: Charter, task: str) -> Task:
    """A task whose models are chosen. Errors: ``NotFound`` RW-ROUTE-001 for none, with what there is."""
    promise = charter.tasks.get(task)
    if promise is None or not promise.models:
        there = ", ".join(name for name, one in charter.tasks.items() if one.models)
        raise NotFound(
            "RW-ROUTE-001",
            Problem(
                f"no models are named for a task `{task[:100]}`",
                hint=f"tasks with `models`: {there}" if there else "name them in `tasks.NAME.models`",
            ),
        )
    return promise


def measure_models(
    deployment: Deployment,
    principal: Principal,
    release: Release,
    task: str,
    suite: Suite,
    *,
    model: Callable[[str], LanguageModel],
    known: Mapping[str, Known],
    gradings: Mapping[str, Grading],
    only: str = "",
    concurrency: int = 4,
    reuse: bool = True,
    progress: Callable[[str, Progress], None] = lambda _name, _now: None,
) -> tuple[Measured, ...]:
    """Every model of a task (or ``only`` one) answers the task's suite directly, one record for each.

    What was stopped goes on where it was; what is finished is asked anew, with answers taken from before
    unless ``reuse`` is False. Each becomes a measurement `quality.model` of `TASK/MODEL`, and the task's
    `quality.routed` is made anew. Intervals of all models of the task hold at once.

    Errors: ``NotFound`` RW-ROUTE-001 and 002, ``InputProblem`` RW-ROUTE-003 with every test that cannot be
    asked, before any is; ``Refused`` RW-ROUTE-007 while it is stopped; as ``run_suite``, ``resolve`` and ``model``.
    """
    require(principal, "measure", use_case=release.use_case)
    charter = deployment.loader.charter(release.digest)
    promise = routed_task(charter, task)
    names = list(dict.fromkeys(promise.models))
    if only and only not in names:
        raise NotFound(
            "RW-ROUTE-002", Problem(f"`{only[:100]}` is no model of `{task}`", hint=", ".join(names))
        )
    with deployment.store.read() as tx:
        files = deployment.store.releases.archive(tx, release.digest).files
        asked = resolve(deployment, tx, suite, use_case=release.use_case)
    targets = [
        ModelTarget(
            task,
            promise,
            model(name),
            called=name,
            files=files,
            most_written=_most_written(charter, known[name].candidate),
        )
        for name in ([only] if only else names)
    ]
    if problems := targets[0].problems(asked.suite.tests):
        raise InputProblem("RW-ROUTE-003", problems[:200], hint=f"mend the suite `{suite.name}`")
    done = []
    for name, target in zip([only] if only else names, targets, strict=True):
        if why := _stopped(deployment, release, charter, name):
            raise Refused(
                "RW-ROUTE-007",
                f"`{name}` may not be asked now",
                reasons=[why],
                hint="resume it, then measure again",
            )
        evaluation = run_suite(
            deployment,
            principal,
            release.use_case,
            asked.suite,
            target,
            gradings=gradings,
            # No release: what one model answers is not what the release would.
            concurrency=concurrency,
            reuse=reuse,
            erased=asked.erased,
            stop=lambda name=name: bool(_stopped(deployment, release, charter, name)),  # type: ignore[misc]
            progress=lambda now, name=name: progress(name, now),  # type: ignore[misc]
        )
        fact = _quality(task, name, asked.suite, evaluation, of=len(names))
        (measurement,) = keep(deployment, principal, release, [fact])
        done.append(Measured(name, evaluation, measurement))
    keep(deployment, principal, release, routed_facts(deployment, release, charter, known))
    return tuple(done)


def _stopped(deployment: Deployment, release: Release, charter: Charter, name: str) -> str:
    """Why a model may not be asked now; empty: it may."""
    return deployment.clearance.why_not(
        f"use_case:{release.use_case}",
        f"release:{release.digest}",
        f"model:{name}",
        f"model:{charter.models[name].model}",
    )


def _most_written(charter: Charter, candidate: Candidate) -> int:
    most = charter.gateway.most_written
    return min(most, candidate.most_written) if candidate.most_written else most


def _quality(task: str, name: str, suite: Suite, evaluation: Evaluation, *, of: int) -> Fact:
    seen = suite_quality(suite, evaluation)
    interval = for_all(seen.interval or Interval(0.0, 1.0), evaluation, of=of)
    return Fact(
        kind="quality.model",
        subject=f"{task}/{name}",
        value=seen.value,
        unit="share",
        n=seen.n,
        interval=interval,
        method=f"{seen.method}, asked directly" + (f", for {of} models at once" if of > 1 else ""),
        inputs=seen.inputs,
        valid_days=VALID_DAYS,
        of_release=True,
        detail={**seen.detail, "model": name, "task": task},
    )


def for_all(interval: Interval, evaluation: Evaluation, *, of: int) -> Interval:
    """The 95 % interval of one of several models, widened so that those of all hold together (Bonferroni).

    Where every test stands alone the interval is Wilson's at 1 - 0.05/of. For tests in clusters it is an
    approximation: each arm grows by the square of the ratio of the quantiles of t, which is what Wilson's
    arms need at most; where few clusters hold most of the tests it may be too little.
    """
    passed = evaluation.summary.overall.passed
    if of < 2 or passed is None:
        return interval
    from scipy import special

    told = 1 - (1 - _CONFIDENCE) / of
    graded = 1.0 if passed.interval.low <= 0 else min(1.0, interval.low / passed.interval.low)
    if passed.method == "wilson":
        wide = wilson(round(passed.value * passed.tests), passed.tests, confidence=Share(told))
    else:
        freedom = max(1, passed.clusters - 1)
        ratio = float(
            special.stdtrit(freedom, (1 + told) / 2) / special.stdtrit(freedom, (1 + _CONFIDENCE) / 2)
        )
        ratio *= ratio
        wide = Interval(
            max(0.0, passed.value - (passed.value - passed.interval.low) * ratio),
            min(1.0, passed.value + (passed.interval.high - passed.value) * ratio),
        )
    low, high = wide.low * graded, 1 - (1 - wide.high) * graded
    return Interval(min(low, interval.low), max(high, interval.high))
