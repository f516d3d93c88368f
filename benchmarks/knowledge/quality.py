#!/usr/bin/env python3
"""Does searching by words and meaning together find more than either alone, also while the index is half embedded?

    benchmarks/knowledge/quality.py [--quick] [--json]

Sets: RAMDocs (question -> its documents of type `correct`, among the documents of all questions), BIPIA (question -> the
e-mails whose `ideal` is not `unknown`), BANKING77 (message -> texts of the same intent), the example's help centre (message in
English or German -> articles of its topic). One passage a text. The one constant of the ranking was chosen on half of the
questions of these very sets, split by a hash of their texts: bars are about the other half, `held out`. Differences with
95 % intervals of paired comparison, also against reciprocal rank fusion (k = 10, 60) and convex combination (weight .5, .8).
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from datetime import date
from pathlib import Path

import material as m
from report import Bar, arguments, report

from roadworthy.adapters.fts5 import Fts5Index
from roadworthy.adapters.fts5 import index as joining
from roadworthy.adapters.localmodels.embedding import shared_minilm
from roadworthy.adapters.wordllama import shared_wordllama
from roadworthy.knowledge import KEEPER, Chunk, Document, ranking
from roadworthy.knowledge.records import read_access
from roadworthy.knowledge.relevance import ndcg_at, recall_at, reciprocal_rank
from roadworthy.ports.knowledge import Query
from roadworthy.trust.comparison import compare_paired
from roadworthy.trust.paired import Scored, pair

PUBLIC = read_access('["trusted", 0, "any", ["any"], [], null]')
TODAY = date(2026, 3, 1)
MEASURES = {
    "nDCG@10": lambda ranked, right: ndcg_at(ranked, right, 10),
    "recall@100": lambda ranked, right: recall_at(ranked, right, 100),
    "MRR@10": lambda ranked, right: reciprocal_rank(ranked, right, 10),
}


def built(one: m.Labelled, folder: Path, share: float) -> Fts5Index:
    """The index of a set; the first ``share`` of its texts embedded by MiniLM, all by the instant model."""
    name = "".join(filter(str.isalnum, one.name))
    index = Fts5Index(folder / f"{name}-{share}.sqlite", use_case="b", source=name, version="1")
    names = [f"t{place:06}" for place in range(len(one.texts))]
    index.put(
        [
            (Document(name, "", (), PUBLIC), "1", [Chunk(name, name, 0, (), text, 0, len(text))])
            for name, text in zip(names, one.texts, strict=True)
        ]
    )
    static, best = shared_wordllama(), shared_minilm()
    index.keep_vectors(static.digest, names, m.embedded(static, one.texts))
    # Every 100th part of the texts in turn, so that a share is a sample and no beginning.
    some = [place for place in range(len(names)) if (place * 61) % 100 < round(share * 100)]
    if some:
        index.keep_vectors(best.digest, [names[place] for place in some], m.embedded(best, one.texts)[some])
    return index


def found(
    index: Fts5Index, one: m.Labelled, means: str, models: tuple[object, ...]
) -> dict[str, list[float]]:
    texts = [text for text, _ in one.questions]
    rows = [m.embedded(model, texts) for model in models]
    values: dict[str, list[float]] = {name: [] for name in MEASURES}
    for place, (text, right) in enumerate(one.questions):
        vectors = tuple((model.digest, row[place]) for model, row in zip(models, rows, strict=True))
        hits = index.search(Query(text, KEEPER, TODAY, 100, vectors, means))
        ranked = [hit.chunk.document for hit in hits]
        relevance = {f"t{number:06}": 1.0 for number in right}
        for name, measure in MEASURES.items():
            values[name].append(measure(ranked, relevance))
    return values


def mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4)


def held_out(one: m.Labelled) -> list[int]:
    """The questions that no constant was chosen by."""
    return [
        place
        for place, (text, _) in enumerate(one.questions)
        if hashlib.sha256(text.encode("utf-8", "replace")).digest()[0] % 2
    ]


def against(one: m.Labelled, hybrid: list[float], part: list[float]) -> tuple[float, float, float]:
    kept = held_out(one)
    ids = [f"{place}" for place in kept]

    def scored(values: list[float]) -> Scored:
        return Scored(ids, [values[place] for place in kept])

    told = compare_paired(pair(scored(hybrid), scored(part)), margin=0.0)
    low, high = (told.interval.low, told.interval.high) if told.interval else (-1.0, 1.0)
    return told.difference, low, high


def by_rank(offset: int):
    """Reciprocal rank fusion: Cormack, Clarke and Büttcher 2009."""

    def join(words, meaning, *, stale, top_k, candidates):
        points: dict[int, float] = {}
        for scores in (words, meaning):
            order = sorted(scores, key=lambda place: (-scores[place], place))[:candidates]
            for rank, place in enumerate(order, start=1):
                points[place] = points.get(place, 0.0) + 1 / (offset + rank)
        return as_ranked(points, top_k)

    return join


def convex(weight: float):
    """Convex combination of scores scaled to the best found, cosines from -1 on: Bruch, Gai and Ingber 2022."""

    def join(words, meaning, *, stale, top_k, candidates):
        most = max(words.values(), default=1.0) or 1.0
        nearest = max(meaning.values(), default=0.0) + 1
        points = {
            place: weight * (meaning.get(place, -1.0) + 1) / nearest
            + (1 - weight) * words.get(place, 0.0) / most
            for place in {*words, *meaning}
        }
        return as_ranked(points, top_k)

    return join


def as_ranked(points: dict[int, float], top_k: int) -> list[ranking.Ranked]:
    best = sorted(points, key=lambda place: (-points[place], place))[:top_k]
    return [ranking.Ranked(place, 0, 0.0, 0, 0.0, points[place], False) for place in best]


RIVALS = {
    "rank fusion, k = 10": by_rank(10), "rank fusion, k = 60": by_rank(60),
    "convex, 0.5": convex(0.5), "convex, 0.8": convex(0.8),
}  # fmt: skip


def main() -> int:
    options = arguments(__doc__ or "").parse_args()
    figures: dict[str, object] = {}
    bars: list[Bar] = []
    best, static = shared_minilm(), shared_wordllama()

    def say(text: str) -> None:
        if not options.json:
            print(text, flush=True)

    def difference(one: m.Labelled, name: str, hybrid: list[float], other: list[float]) -> float:
        change, low, high = against(one, hybrid, other)
        say(f"  both - {name}, held out: nDCG@10 {change:+.3f} [{low:+.3f}, {high:+.3f}]")
        figures[f"{one.name}, both - {name}, held out, nDCG@10"] = [
            round(each, 4) for each in (change, low, high)
        ]
        return change

    for one in m.labelled(options.quick):
        say(
            f"{one.name}: {len(one.texts):,} texts, {len(one.questions)} questions, {len(held_out(one))} held out;"
            f" {one.about}"
        )
        with tempfile.TemporaryDirectory() as folder:
            index = built(one, Path(folder), 1.0)
            values = {means: found(index, one, means, (best,)) for means in ("words", "meaning", "both")}
            for means, told in values.items():
                line = {name: mean(each) for name, each in told.items()}
                say(f"  {means:8} " + "  ".join(f"{name} {value:.3f}" for name, value in line.items()))
                figures.update({f"{one.name}, {means}, {name}": value for name, value in line.items()})
            hybrid = values["both"]["nDCG@10"]
            for part in ("words", "meaning"):
                change = difference(one, part, hybrid, values[part]["nDCG@10"])
                bars.append(
                    Bar(f"{one.name}: hybrid above {part}, nDCG@10", round(change, 4), 0.0, change > 0)
                )
            for name, join in RIVALS.items():
                kept, joining.joined = joining.joined, join
                rival = found(index, one, "both", (best,))["nDCG@10"]
                joining.joined = kept
                figures[f"{one.name}, {name}, nDCG@10"] = mean(rival)
                difference(one, f"{name} ({mean(rival):.3f})", hybrid, rival)
            say("  " + ", ".join(otherwise(one, index, best, figures)))
            index.close()
            for share in (0.0, 0.25, 0.5, 0.75):
                partly = built(one, Path(folder), share)
                value = mean(found(partly, one, "both", (best, static))["nDCG@10"])
                say(f"  {share:4.0%} embedded by MiniLM, the instant model beneath: nDCG@10 {value:.3f}")
                figures[f"{one.name}, {share:.0%} embedded, nDCG@10"] = value
                partly.close()
    return report("knowledge: quality", figures, bars, packages=("numkong", "wordllama", "onnxruntime"))


def otherwise(one: m.Labelled, index: Fts5Index, best: object, figures: dict[str, object]) -> list[str]:
    """The constant of the ranking set otherwise: the half it was chosen by, then the half that was held out."""
    kept = ranking.DIRECTIONS
    out = set(held_out(one))
    told = []
    for directions in (20, 40, 60, 80, 100, 120):
        ranking.DIRECTIONS = directions
        values = found(index, one, "both", (best,))["nDCG@10"]
        halves = [mean([v for n, v in enumerate(values) if (n in out) is side]) for side in (False, True)]
        figures[f"{one.name}, {directions} directions, chosen by and held out, nDCG@10"] = halves
        told.append(f"{directions} directions: {halves[0]:.3f} {halves[1]:.3f}")
    ranking.DIRECTIONS = kept
    return told


if __name__ == "__main__":
    sys.exit(main())
