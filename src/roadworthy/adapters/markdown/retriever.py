"""Searching articles by words and, where there is an embedding model, by meaning."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from roadworthy.adapters.markdown.words import WordScores
from roadworthy.casework.vocabulary import Passage
from roadworthy.ports import Knowledge
from roadworthy.quantities import digest

Embed = Callable[[Sequence[str]], NDArray[np.floating]]

_RANK_OFFSET = 10
"""k of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009). They took 60 for thousands of
documents; among the hundreds of a help centre that makes the first and the tenth nearly equal."""


class ArticleRetriever:
    """Finds the articles that fit a question. The same question gives the same passages in the same order.

    ``embed`` gives one row of numbers a text; rows need not have length 1. Articles are embedded at
    the first search. A passage's score is the fused rank, the sum of 1 / (10 + rank) over both
    orders: it compares passages of one answer, not answers with one another.
    """

    def __init__(self, articles: Sequence[Knowledge], embed: Embed | None) -> None:
        self._articles = sorted(articles, key=lambda article: article.document)
        self._digests = [digest(article.text.encode()) for article in self._articles]
        self._texts = [f"{article.title}\n{article.text}" for article in self._articles]
        self._words = WordScores(self._texts)
        self._embed = embed
        self._meanings: NDArray[np.floating] | None = None
        self._lock = threading.Lock()

    def search(self, query: str, *, top_k: int) -> tuple[Passage, ...]:
        """The best articles, best first; of equal ones the first by path.

        Edge: without an embedder only articles that share a word with the question, so maybe none.
        """
        if not self._articles or not query.strip():
            return ()
        fused = _fused(self._words.of(query))
        if self._embed is not None:
            fused = fused + _fused(self._likeness(self._embed, query))
        best = np.argsort(-fused, kind="stable")[:top_k]
        return tuple(
            self._passage(number, float(fused[number])) for number in best.tolist() if fused[number] > 0
        )

    def _likeness(self, embed: Embed, query: str) -> NDArray[np.floating]:
        with self._lock:
            if self._meanings is None:
                self._meanings = _unit(embed(self._texts))
            meanings = self._meanings
        likeness: NDArray[np.floating] = meanings @ _unit(embed([query]))[0]
        return likeness

    def _passage(self, number: int, score: float) -> Passage:
        article = self._articles[number]
        return Passage(
            document=article.document,
            title=article.title,
            text=article.text,
            score=round(score, 9),
            digest=self._digests[number],
            as_of=article.updated.isoformat() if article.updated else "",
        )


def _fused(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """What an order adds to the fused one: 1 / (10 + rank), rank from 1; nothing where the score is 0 or less."""
    order = np.argsort(-scores, kind="stable")
    shares = np.empty(len(scores))
    shares[order] = 1 / (_RANK_OFFSET + 1 + np.arange(len(scores)))
    return np.where(scores > 0, shares, 0.0)


def _unit(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)
