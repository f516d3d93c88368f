"""How well texts fit the words of a question: BM25."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
_GRAM = 4
"""Pieces of this many letters count beside the words: so inflected forms and compounds meet."""
K1, B = 1.2, 0.75
QUERY_LIMIT = 10_000
"""Characters of a question that are looked at."""


def terms(text: str) -> Iterator[str]:
    """Words in lower case, and the pieces of the longer ones; a space marks where a word begins and ends."""
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        yield word
        if len(word) >= _GRAM:
            spaced = f" {word} "
            yield from (spaced[start : start + _GRAM] for start in range(len(spaced) - _GRAM + 1))


class WordScores:
    """The words of some texts, ready to be asked about.

    Source: Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond",
    with the inverse document frequency ln(1 + (n - df + 0.5) / (df + 0.5)), which is never negative.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        counts = [Counter(terms(text)) for text in texts]
        lengths = [count.total() for count in counts]
        mean = sum(lengths) / len(lengths) if any(lengths) else 1.0
        found: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, count in enumerate(counts):
            norm = K1 * (1 - B + B * lengths[number] / mean)
            for term, times in count.items():
                found[term].append((number, times * (K1 + 1) / (times + norm)))
        self._postings = {
            term: (
                np.array([number for number, _ in places], np.int64),
                self._telling(len(places)) * np.array([weight for _, weight in places]),
            )
            for term, places in found.items()
        }

    def of(self, query: str) -> NDArray[np.float64]:
        """A score for each text, 0 where it shares no word with the question. A repeated word counts once."""
        scores = np.zeros(self._size)
        for term in sorted(set(terms(query[:QUERY_LIMIT]))):
            if term in self._postings:
                places, weights = self._postings[term]
                scores[places] += weights
        return scores

    def _telling(self, texts_with_it: int) -> float:
        return math.log(1 + (self._size - texts_with_it + 0.5) / (texts_with_it + 0.5))
