"""Whether the knowledge can carry the use case: stale, contradicting, and found when asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations

from roadworthy.measure.fact import Fact
from roadworthy.measure.labelled import Labelled
from roadworthy.ports import Knowledge, LoadedRelease
from roadworthy.quantities import Interval, Share
from roadworthy.trust import wilson


def stale(release: LoadedRelease, *, now: datetime) -> Iterator[Fact]:
    """Per knowledge source: the share of articles past their validity."""
    for name, articles in release.articles.items():
        past = [a.document for a in articles if a.valid_until is not None and a.valid_until < now.date()]
        yield Fact(
            kind="knowledge.stale",
            subject=name,
            value=len(past) / len(articles) if articles else 0.0,
            unit="share",
            n=len(articles),
            method="validity dates against today",
            inputs=[a.document for a in articles],
            valid_days=1,
            detail={"stale": past[:50]},
        )


def contradictions(release: LoadedRelease) -> Iterator[Fact]:
    """Per knowledge source: pairs of articles that state another value for the same fact."""
    for name, articles in release.articles.items():
        pairs = list(contradicting(articles))
        yield Fact(
            kind="knowledge.contradictions",
            subject=name,
            value=float(len(pairs)),
            unit="pairs",
            n=len(articles),
            method="stated facts compared article by article",
            inputs=[a.document for a in articles],
            valid_days=7,
            detail={"pairs": [list(pair) for pair in pairs[:50]]},
        )


def contradicting(articles: Sequence[Knowledge]) -> Iterator[tuple[str, str, str]]:
    """(one document, another, the fact they disagree about)."""
    stated: dict[str, list[tuple[str, object]]] = defaultdict(list)
    for article in articles:
        for fact, value in article.facts.items():
            stated[fact].append((article.document, value))
    for fact, places in sorted(stated.items()):
        for (one, first), (other, second) in combinations(places, 2):
            if first != second:
                yield one, other, fact


def recall(release: LoadedRelease, labelled: Sequence[Labelled]) -> Iterator[Fact]:
    """Per knowledge source: how often one of the first k articles is about the labelled topic."""
    for name, articles in release.articles.items():
        promise = release.charter.knowledge[name]
        topics = {article.document: article.topic for article in articles}
        known = set(topics.values())
        questions = [(one, one.topic or one.truth) for one in labelled if (one.topic or one.truth) in known]
        text_field = next(iter(task.text for task in release.charter.tasks.values()), "text")
        hits = 0
        for one, topic in questions:
            found = release.retrievers[name].search(
                str(one.data.get(text_field, "")), top_k=promise.recall_at
            )
            hits += any(topics.get(passage.document) == topic for passage in found)
        span = wilson(hits, len(questions), confidence=Share(0.95)) if questions else Interval(0.0, 1.0)
        yield Fact(
            kind="knowledge.recall",
            subject=name,
            value=hits / len(questions) if questions else 0.0,
            unit="share",
            n=len(questions),
            interval=span,
            method=f"recall at {promise.recall_at} on labelled questions, Wilson interval",
            inputs=sorted(one.key for one, _ in questions),
            valid_days=30,
            of_release=True,
        )
