"""What the keeping of a knowledge source proves, as facts for the gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from roadworthy.evidence import Measurement
from roadworthy.knowledge.gaps import Gaps
from roadworthy.measure.fact import Fact
from roadworthy.measure.knowledge.health import SURE, Health, all_documents, all_findings, health
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.knowledge.dismissing import dismissals
from roadworthy.ports.knowledge import KnowledgeSource
from roadworthy.quantities import Digest, digest_of

_LISTED: Final = 50


def health_facts(
    deployment: Deployment,
    use_case: str,
    bases: Mapping[str, KnowledgeSource],
    *,
    today: date,
    earlier: Sequence[Measurement] = (),
) -> Iterator[Fact]:
    """Per knowledge source `knowledge.stale`, `.contradictions`, `.repeats` and `.findings`.

    What takes time is not done again: where the documents, what is dismissed of them and which of them are
    stale are those of an earlier measurement, its figures stand.
    """
    for name, base in bases.items():
        kept, _ = all_documents(base)
        stale = [one.name for one in kept if one.is_stale(today)]
        inputs = {"documents": [[one.name, one.version] for one in kept], "stale": stale, "way": 1}
        yield Fact(
            kind="knowledge.stale",
            subject=name,
            value=len(stale) / len(kept) if kept else 0.0,
            unit="share",
            n=len(kept),
            method="validity dates against today",
            inputs=[one.name for one in kept],
            valid_days=1,
            detail={"stale": stale[:_LISTED]},
        )
        before = _same(earlier, name, digest_of(inputs))
        if before:
            known = {str(pair) for one in before for pair in _pairs(one)}
            if not dismissals(deployment, use_case, name, known):
                yield from (_again(one, inputs) for one in before)
                yield _finding_fact(base, name)
                continue
        looked = health(base, today=today)
        yield from _pair_facts(looked.without(dismissals(deployment, use_case, name, looked.pairs)), inputs)
        yield _finding_fact(base, name)


def _pair_facts(looked: Health, inputs: object) -> Iterator[Fact]:
    sure, alike = looked.sure, looked.repeats
    yield Fact(
        kind="knowledge.contradictions",
        subject=looked.source,
        value=float(len(sure)),
        unit="pairs",
        n=looked.documents,
        method=f"declared facts, and sentences that contradict each other with a confidence of {SURE} or more",
        inputs=inputs,
        valid_days=7,
        detail={
            "pairs": [
                [one.one.document, one.other.document, one.fact or one.kind] for one in sure[:_LISTED]
            ],
            "ids": [one.id for one in sure[:_LISTED]],
            "contradicted_by_newer": list(looked.superseded[:_LISTED]),
            "less_sure": len(looked.contradictions) - len(looked.sure),
            "not_looked_at": list(looked.not_looked_at),
        },
    )
    yield Fact(
        kind="knowledge.repeats",
        subject=looked.source,
        value=float(len(alike)),
        unit="pairs",
        n=looked.documents,
        method="runs of four words that two documents share",
        inputs=inputs,
        valid_days=7,
        detail={
            "pairs": [[one.pair.one, one.pair.other, one.pair.kind] for one in alike[:_LISTED]],
            "ids": [one.id for one in alike[:_LISTED]],
        },
    )


def gap_fact(source: str, found: Gaps, *, below: float) -> Fact:
    """`knowledge.gaps`: the share of questions that nothing answers. No word of a question stands in it."""
    return Fact(
        kind="knowledge.gaps",
        subject=source,
        value=found.unanswered / found.asked if found.asked else 0.0,
        unit="share",
        n=found.asked,
        method=f"questions of recorded cases whose answerable score lies below {below:g}",
        inputs=[found.asked, found.unanswered, len(found.gaps), below],
        valid_days=30,
        detail={"gaps": [gap.size for gap in found.gaps[:_LISTED]], "unread": found.unread},
    )


def _finding_fact(base: KnowledgeSource, name: str) -> Fact:
    count = base.index.state().findings
    findings, _ = all_findings(base)
    return Fact(
        kind="knowledge.findings",
        subject=name,
        value=float(count),
        unit="findings",
        n=base.index.state().documents,
        method="what reading the documents found",
        inputs=[[one.kind, one.document, one.place] for one in findings],
        valid_days=7,
        detail={"kinds": dict(Counter(one.kind for one in findings))},
    )


def _same(earlier: Sequence[Measurement], source: str, inputs: Digest) -> list[Measurement]:
    """The newest of both kinds of measurement of pairs, where they were made of exactly this."""
    found = []
    for kind in ("knowledge.contradictions", "knowledge.repeats"):
        newest = next((one for one in earlier if one.kind == kind and one.subject == source), None)
        if newest is None or newest.inputs != inputs or len(_pairs(newest)) < newest.value:
            return []
        found.append(newest)
    return found


def _pairs(one: Measurement) -> Sequence[Any]:
    ids = one.detail.get("ids")
    return ids if isinstance(ids, list | tuple) else ()


def _again(one: Measurement, inputs: object) -> Fact:
    return Fact(
        kind=one.kind,
        subject=one.subject,
        value=one.value,
        unit=one.unit,
        n=one.n,
        method=one.method,
        inputs=inputs,
        valid_days=7,
        detail=one.detail,
    )


def line_drawn(earlier: Sequence[Measurement], source: str) -> float | None:
    """The score below which a question counts as unanswerable, as labelled questions drew it last."""
    for one in earlier:
        if one.kind == "knowledge.unanswerable" and one.subject == source:
            threshold = one.detail.get("threshold")
            return float(threshold) if isinstance(threshold, int | float) else None
    return None
