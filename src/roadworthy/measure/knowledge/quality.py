"""What evaluating a knowledge source proves, as facts for the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from roadworthy.evaluation import Suite
from roadworthy.evaluation.estimating import Estimate
from roadworthy.measure.fact import Fact
from roadworthy.measure.knowledge.evaluating import RANKED, Evaluated, Searching, evaluate
from roadworthy.measure.knowledge.questions import questions_for, shelve, unknown_documents
from roadworthy.measure.knowledge.unanswerable import Detection, detection, scored_of
from roadworthy.measure.labelled import Labelled
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import LoadedRelease
from roadworthy.principal import Principal
from roadworthy.quantities import Interval

_LISTED = 50
_EVERYTHING = Interval(0.0, 1.0)


def quality_facts(
    deployment: Deployment,
    principal: Principal,
    release: LoadedRelease,
    *,
    suites: Mapping[str, Suite] = MappingProxyType({}),
    labelled: Sequence[Labelled] = (),
) -> Iterator[Fact]:
    """Per knowledge source `knowledge.recall`, and where there are questions `knowledge.ndcg` and `.unanswerable`.

    ``suites``: the suite files of the sources that have one, by source; such files are no part of a release.

    Errors: as ``questions_for``; ``Unavailable`` where a server that embeds questions does not answer.
    """
    today = deployment.now().date()
    for name, base in release.bases.items():
        shelf = shelve(base)
        asked = questions_for(
            deployment, principal, release.charter, name, shelf, suite=suites.get(name), labelled=labelled
        )
        k = release.charter.knowledge[name].recall_at
        if not asked.questions:
            yield recall_fact(None, source=name, k=k)
            continue
        evaluated = evaluate(Searching(base, today=today), asked.questions, source=name, k=k)
        yield from facts_of(evaluated, missing=sorted(unknown_documents(asked.questions, shelf)))


def facts_of(evaluated: Evaluated, *, missing: Sequence[str] = ()) -> Iterator[Fact]:
    """The facts that an evaluation proves. ``missing``: documents that questions name and nobody has."""
    yield recall_fact(evaluated, source=evaluated.source, k=evaluated.k, missing=missing)
    if evaluated.ndcg is not None:
        yield _fact(
            evaluated,
            "knowledge.ndcg",
            evaluated.ndcg,
            f"mean nDCG@{RANKED} over labelled questions, {evaluated.ndcg.method} interval",
        )
    scored, held_out = scored_of(evaluated)
    found = detection(scored, held_out=held_out)
    if found.separation is not None:
        yield _unanswerable(evaluated, found)


def recall_fact(evaluated: Evaluated | None, *, source: str, k: int, missing: Sequence[str] = ()) -> Fact:
    """How often a document that answers the question is among the first k passages: nothing without questions."""
    if evaluated is None or evaluated.hit is None:
        return Fact(
            kind="knowledge.recall",
            subject=source,
            value=0.0,
            unit="share",
            n=0,
            interval=_EVERYTHING,
            method=f"recall at {k}: there is no labelled question",
            of_release=True,
        )
    method = f"recall at {k} on labelled questions, {evaluated.hit.method} interval"
    fact = _fact(evaluated, "knowledge.recall", evaluated.hit, method)
    worst = [
        {"slice": f"{one.key}={one.value}", "value": one.hit.value, "n": one.hit.tests, "lower": one.lower}
        for one in evaluated.slices[:10]
    ]
    detail: dict[str, object] = {
        "failed": [one.question.id for one in evaluated.failed[:_LISTED]],
        "left_out": len(evaluated.outcomes) - evaluated.hit.tests,
        "worst_slices": worst,
    }
    if missing:
        detail["not_in_the_source"] = list(missing[:_LISTED])
    return replace(fact, detail=detail)


def _unanswerable(evaluated: Evaluated, found: Detection) -> Fact:
    apart = found.separation
    assert apart is not None, "asked for where there is a separation"
    kind = "held-out documents" if found.held_out else "unanswerable questions"
    detail: dict[str, object] = {
        "auroc": apart.auroc,
        "auroc_interval": [apart.interval.low, apart.interval.high],
        "answerable": apart.answerable,
        "unanswerable": apart.unanswerable,
        "held_out": found.held_out,
        "threshold": found.threshold,
        "wanted_false_alarms": found.wanted,
        "false_alarms": found.false_alarms.as_json() if found.false_alarms else None,
    }
    noticed = found.noticed
    method = (
        f"share of {kind} noticed at {found.wanted:.0%} false alarms, on the half that did not set the line"
    )
    if noticed is None:
        method = f"too few questions to set and check a line at {found.wanted:.0%} false alarms"
    fact = Fact(
        kind="knowledge.unanswerable",
        subject=evaluated.source,
        value=noticed.value if noticed else 0.0,
        unit="share",
        n=noticed.tests if noticed else 0,
        interval=noticed.interval if noticed else _EVERYTHING,
        method=method,
        inputs=_inputs(evaluated),
        of_release=True,
    )
    return replace(fact, detail=detail)


def _fact(evaluated: Evaluated, kind: str, figure: Estimate, method: str) -> Fact:
    return Fact(
        kind=kind,
        subject=evaluated.source,
        value=figure.value,
        unit="share",
        n=figure.tests,
        interval=figure.interval,
        method=method,
        inputs=_inputs(evaluated),
        of_release=True,
    )


def _inputs(evaluated: Evaluated) -> list[list[str]]:
    return sorted([one.question.id, one.question.digest] for one in evaluated.outcomes)
