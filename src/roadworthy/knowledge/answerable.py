"""Does anything that was found answer the question? Signs of it, one score, and where to draw the line."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from roadworthy.knowledge.document import Chunk
from roadworthy.knowledge.sentences import STOPWORDS, stem, words

LOOKED_AT: Final = 10
"""Hits that the signs are read from."""
_CLOSE: Final = 3
"""Places of either order that have to agree."""


class Found(Protocol):
    """What is read of a hit."""

    @property
    def chunk(self) -> Chunk:
        """The passage."""

    @property
    def title(self) -> str:
        """Of its document."""

    @property
    def word_rank(self) -> int:
        """Place by words from 1, 0 without one."""

    @property
    def meaning_rank(self) -> int:
        """Place by meaning from 1, 0 without one."""

    @property
    def similarity(self) -> float:
        """Cosine to the question, NaN without a vector."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for an answer among the hits, each from 0 to 1.

    ``similarity``: the highest cosine to the question, NaN where nothing was compared by meaning.
    ``margin``: how far that stands above the middle one of the others. ``coverage``: the part of the question's
    telling words that stand in one passage, rare ones counting more. ``agreement``: the part of the first places by words that are
    among the first places by meaning.
    """

    similarity: float
    margin: float
    coverage: float
    agreement: float

    @property
    def score(self) -> float:
        """From 0 to 1: the higher, the more likely the answer is there. **No probability**.

        What is similar counts by how much of the question it covers: the geometric mean of similarity and
        coverage, where there are vectors; margin and agreement break what that leaves alike, as a tenth each.
        Weights are fixed: nothing was fitted to a set of questions. Without vectors it is the coverage alone.
        """
        if math.isnan(self.similarity):
            return self.coverage
        return 0.8 * math.sqrt(self.similarity * self.coverage) + 0.1 * self.margin + 0.1 * self.agreement


def answerable(hits: Sequence[Found], question: str) -> float:
    """How much speaks for an answer among the hits, best first: from 0, nothing, to 1.

    The number orders questions to one source through one index and one set of embedding models. It is no
    probability, and between sources it does not compare: what is low is known once ``threshold_at`` drew the
    line on labelled questions.

    Edge:    no hit → 0.
    """
    return signs(hits, question).score


def signs(hits: Sequence[Found], question: str) -> Signs:
    """The signs in the first ten hits."""
    looked = hits[:LOOKED_AT]
    coverage = _coverage(looked, question)
    compared = sorted((one.similarity for one in looked if not math.isnan(one.similarity)), reverse=True)
    if not compared:
        return Signs(math.nan if looked else 0.0, 0.0, coverage, 0.0)
    best, others = _part(compared[0]), compared[1:]
    margin = _part(best - others[len(others) // 2]) if others else best
    return Signs(best, margin, coverage, _agreement(looked))


def telling(text: str) -> frozenset[str]:
    """The words that say what it is about: stems of content words, numbers as they are."""
    return frozenset(
        each if each[0].isdigit() else stem(each)
        for each in words(text)
        if each not in STOPWORDS and (len(each) > 1 or each[0].isdigit())
    )


def threshold_at(scores: Sequence[float], false_alarm: float) -> float | None:
    """The score below which a question counts as unanswerable, at most ``false_alarm`` of the others with it.

    ``scores`` are those of questions that can be answered.

    Holds:   the chance that the next such question lies below it is at most ``false_alarm``, on average over
             the sample, if it is drawn as they were (split conformal, Vovk, Gammerman and Shafer 2005).
    Edge:    None where there are too few for so low a rate: it takes 1 / false_alarm - 1 of them.
    """
    if not 0 < false_alarm < 1:
        raise ValueError(f"a rate of false alarms lies between 0 and 1, found {false_alarm}")
    place = math.floor(false_alarm * (len(scores) + 1) + 1e-9)
    return sorted(scores)[place - 1] if place else None


def _coverage(looked: Sequence[Found], question: str) -> float:
    """The best passage's part of the telling words, each weighed by how few of the passages have it.

    A word that all of them share tells none from another; a name that none of them has tells the most.
    """
    wanted = telling(question)
    there = [wanted & telling(f"{one.title}\n{one.chunk.indexed_text}") for one in looked]
    if not there or not wanted:
        return float(bool(there))
    having = Counter(word for words_of_one in there for word in words_of_one)
    weight = {word: math.log(1 + len(there) / (having[word] + 0.5)) for word in wanted}
    return max(math.fsum(map(weight.__getitem__, one)) for one in there) / math.fsum(weight.values())


def _agreement(looked: Sequence[Found]) -> float:
    by_words = _first((one.word_rank, one.chunk.id) for one in looked)
    by_meaning = _first((one.meaning_rank, one.chunk.id) for one in looked)
    places = max(len(by_words), len(by_meaning))
    return len(by_words & by_meaning) / places if places else 0.0


def _first(ranked: Iterable[tuple[int, str]]) -> frozenset[str]:
    """The first ones in order of a rank; those without a rank are in none."""
    return frozenset(chunk for _, chunk in sorted(pair for pair in ranked if pair[0])[:_CLOSE])


def _part(value: float) -> float:
    return min(1.0, max(0.0, value))
