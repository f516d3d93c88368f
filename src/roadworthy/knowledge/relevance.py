"""How good a ranking is: were the right documents found, and early? The one home of these formulas."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence


def ranking(names: Iterable[str]) -> tuple[str, ...]:
    """Each document once, at its best place: several passages of one document are one find."""
    return tuple(dict.fromkeys(names))


def recall_at(ranked: Sequence[str], relevance: Mapping[str, float], k: int) -> float:
    """The part of the relevant documents that is among the first ``k``.

    Edge:    as for all four here: gains of 0 are not relevant, and ``ValueError`` where nothing is:
             no ranking is right or wrong about nothing.
    """
    wanted = _wanted(relevance, k)
    return len(wanted.keys() & set(ranked[:k])) / len(wanted)


def precision_at(ranked: Sequence[str], relevance: Mapping[str, float], k: int) -> float:
    """The part of ``k`` places that a relevant document holds; a place without a document counts."""
    wanted = _wanted(relevance, k)
    return len(wanted.keys() & set(ranked[:k])) / k


def reciprocal_rank(ranked: Sequence[str], relevance: Mapping[str, float], k: int) -> float:
    """1 / place of the first relevant document; 0 where none is among the first ``k``."""
    wanted = _wanted(relevance, k)
    return next((1 / place for place, one in enumerate(ranked[:k], start=1) if one in wanted), 0.0)


def ndcg_at(ranked: Sequence[str], relevance: Mapping[str, float], k: int) -> float:
    """What the first ``k`` places gain, of what the best order would: 1 where nothing could stand better.

    Source:  linear gain, discount log2(place + 1) (Järvelin and Kekäläinen 2002), as trec_eval and
             scikit-learn compute it.
    """
    wanted = _wanted(relevance, k)
    gained = _gain(wanted.get(one, 0.0) for one in ranking(ranked)[:k])
    return min(1.0, gained / _gain(sorted(wanted.values(), reverse=True)[:k]))


def _gain(gains: Iterable[float]) -> float:
    return math.fsum(gain / math.log2(place + 1) for place, gain in enumerate(gains, start=1))


def _wanted(relevance: Mapping[str, float], k: int) -> dict[str, float]:
    if k < 1:
        raise ValueError(f"a ranking is looked at from its first place, found k = {k}")
    wanted = {name: gain for name, gain in relevance.items() if gain > 0}
    if not wanted or not all(math.isfinite(gain) for gain in wanted.values()):
        raise ValueError("no document is relevant: no ranking is right or wrong about that")
    return wanted
