"""In which order passages are shown that were found by words, by meaning, or by both."""

from __future__ import annotations

import heapq
import math
from collections.abc import Container, Mapping
from typing import Final, Generic, NamedTuple, TypeVar

DIRECTIONS: Final = 80
"""In how many directions embeddings of sentences vary independently, for what a cosine says: of 384 numbers of MiniLM,
cosines of passages at random spread as those of about 100 would. Chosen among 20, 40, 60, 80 and 120 on one half of the
questions of `benchmarks/knowledge/quality.py`, told by the other half; with 60 no set changes by more than 0.006 nDCG@10."""

STALE_SHARE: Final = 0.5
"""What the score of a passage outside its validity counts: it is found where nothing valid fits, and hardly ever
crowds it out."""

_CLOSEST: Final = 0.999
"""A cosine from which on two texts count as the same; rounding of rows decides above it."""

Place = TypeVar("Place", bound=tuple[str, int] | int)


class Ranked(NamedTuple, Generic[Place]):
    """A passage and why it stands where it does. Ranks count from 1; 0: that order does not have it."""

    place: Place
    word_rank: int
    word_score: float
    meaning_rank: int
    similarity: float
    score: float
    stale: bool


def closeness(cosine: float) -> float:
    """How surprising it would be, in nats, if a passage at random lay as close to the question.

    The share of random directions at a cosine of c or more falls as (1 - c²) to the power of half their number
    (the cap of a sphere). 0 for a passage that lies aside or opposite, and for one without a vector (NaN).
    """
    if not cosine > 0:
        return 0.0
    return -DIRECTIONS / 2 * math.log1p(-(min(cosine, _CLOSEST) ** 2))


def joined(
    words: Mapping[Place, float], meaning: Mapping[Place, float], *, stale: Container[Place], top_k: int,
    candidates: int,
) -> list[Ranked[Place]]:  # fmt: skip
    """The first of one order made of two: what words tell and what meaning tells, added up.

    BM25 adds for each word the surprise that a passage holds it (ln of how rare it is), and ``closeness`` is a
    surprise, too: both are on one scale, whatever else was found, and whichever model compared. ``words`` and
    ``meaning`` are BM25 and cosine of every passage that is considered; only the best ``candidates`` of either count
    as found by it. Of equal scores the first ``Place`` comes first. Measured against reciprocal rank fusion, and
    against normalising by the best found (Bruch, Gai and Ingber 2022), in decision 0021.
    """
    word_ranks, meaning_ranks = (_ranks(scores, candidates) for scores in (words, meaning))
    scored = []
    for place in {*word_ranks, *meaning_ranks}:
        score = words.get(place, 0.0) + closeness(meaning.get(place, math.nan))
        scored.append((-score * (STALE_SHARE if place in stale else 1.0), place))
    return [
        Ranked(
            place, word_ranks.get(place, 0), words.get(place, 0.0), meaning_ranks.get(place, 0),
            meaning.get(place, math.nan), -behind, place in stale,
        )
        for behind, place in heapq.nsmallest(top_k, scored)
    ]  # fmt: skip


def _ranks(scores: Mapping[Place, float], count: int) -> dict[Place, int]:
    best = sorted((-score, place) for place, score in scores.items())[:count]
    return {place: rank for rank, (_, place) in enumerate(best, start=1)}
