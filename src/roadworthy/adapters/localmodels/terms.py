"""TF-IDF over words, word pairs and character n-grams: for any language, without an embedding model."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

TERMS_LIMIT = 50_000
_WORD = re.compile(r"\w+")
_GRAM_LENGTHS = (3, 4)
_RARE_FROM = 1_000
"""From so many texts on a term that stands in a single one is left out: it cannot be learned from."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """The known terms of one text: their places in the vocabulary, ascending, and weights of length 1."""

    places: NDArray[np.int64]
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The terms a model knows and how telling each is (inverse document frequency)."""

    terms: Sequence[str]
    idf: NDArray[np.float32]
    _places: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", {term: place for place, term in enumerate(self.terms)})

    @classmethod
    def learn(cls, texts: Sequence[str]) -> Vocabulary:
        """The ``TERMS_LIMIT`` most frequent terms of the texts, in alphabetical order.

        The weight of a term is ln((1 + texts) / (1 + texts with it)) + 1, as in scikit-learn.
        """
        spread = Counter(term for text in texts for term in set(_terms(text)))
        at_least = 2 if len(texts) >= _RARE_FROM else 1
        frequent = sorted((-count, term) for term, count in spread.items() if count >= at_least)
        terms = sorted(term for _, term in frequent[:TERMS_LIMIT])
        counts = np.array([spread[term] for term in terms], np.float64)
        return cls(tuple(terms), (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32))

    def weigh(self, text: str) -> Weighted:
        """Weights (1 + ln count) × idf, scaled to length 1. Edge: no known term, no weights."""
        counts = Counter(place for place in map(self._places.get, _terms(text)) if place is not None)
        places = np.array(sorted(counts), np.int64)
        weights = (1 + np.log([counts[place] for place in places.tolist()])) * self.idf[places]
        length = float(np.linalg.norm(weights))
        return Weighted(places, (weights / length if length else weights).astype(np.float32))


def _terms(text: str) -> Iterator[str]:
    """Words and pairs end in a bar, which no word has; grams know where a word begins and ends."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    yield from (f"{word}|" for word in words)
    yield from (f"{first} {second}|" for first, second in pairwise(words))
    yield from _grams(words)


def _grams(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        spaced = f" {word} "
        for length in _GRAM_LENGTHS:
            for start in range(len(spaced) - length + 1):
                yield spaced[start : start + length]
