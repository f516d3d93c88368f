"""Searching: by words, by meaning, and by both in one order that is always the same."""

import math
import threading
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.adapters.markdown import ArticleRetriever
from roadworthy.adapters.markdown.words import K1, B, WordScores, terms
from roadworthy.ports import Knowledge
from roadworthy.quantities import digest


def article(document: str, title: str, text: str, updated: date | None = None) -> Knowledge:
    return Knowledge(document, title, "", "en", "", updated, None, {}, text)


ARTICLES = [
    article("pin.md", "Change your PIN", "A PIN can be changed at any machine.", date(2026, 3, 5)),
    article("fee.md", "What cash costs", "Withdrawing cash costs a fee."),
    article("überweisung.md", "Überweisungen", "Wie lange eine Auslandsüberweisung dauert."),
]


class Meanings:
    """Knows that a code is a PIN, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(len(texts))
        rows = [[2.0 * ("PIN" in text or "code" in text), "cash" in text, 0.001] for text in texts]
        return np.array(rows, np.float32)


def test_words_find_the_article_that_shares_them() -> None:
    found = ArticleRetriever(ARTICLES, None).search("What does CASH cost?", top_k=4)
    assert found[0].document == "fee.md"
    assert found[0].title == "What cash costs"


def test_parts_of_words_find_compounds_and_other_endings() -> None:
    found = ArticleRetriever(ARTICLES, None).search("überweisen ins ausland", top_k=1)
    assert [passage.document for passage in found] == ["überweisung.md"]


def test_a_passage_carries_its_text_digest_and_date() -> None:
    retriever = ArticleRetriever(ARTICLES, None)
    (pin,) = retriever.search("PIN", top_k=4)
    assert pin.text == ARTICLES[0].text
    assert pin.digest == digest(ARTICLES[0].text.encode())
    assert pin.as_of == "2026-03-05"
    (fee,) = retriever.search("fee", top_k=4)
    assert fee.as_of == ""


def test_meaning_finds_what_shares_no_word() -> None:
    by_words = ArticleRetriever(ARTICLES, None).search("code", top_k=1)
    by_both = ArticleRetriever(ARTICLES, Meanings()).search("code", top_k=1)
    assert by_words == ()
    assert [passage.document for passage in by_both] == ["pin.md"]


def test_both_orders_count() -> None:
    found = ArticleRetriever(ARTICLES, Meanings()).search("code for cash fee", top_k=2)
    assert [passage.document for passage in found] == ["fee.md", "pin.md"]
    assert found[0].score == pytest.approx(1 / 11 + 1 / 12)


def test_articles_are_embedded_once_and_not_before_the_first_search() -> None:
    meanings = Meanings()
    retriever = ArticleRetriever(ARTICLES, meanings)
    assert meanings.asked == []
    threads = [
        threading.Thread(target=retriever.search, args=("pin",), kwargs={"top_k": 1}) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(meanings.asked) == [1, 1, 1, 1, 3]


@pytest.mark.parametrize("query", ["", "  ", "?!", "\ud800"])
def test_a_question_without_words_finds_nothing(query: str) -> None:
    assert ArticleRetriever(ARTICLES, None).search(query, top_k=4) == ()


def test_an_empty_folder_finds_nothing() -> None:
    assert ArticleRetriever([], Meanings()).search("pin", top_k=4) == ()


@given(st.permutations(ARTICLES), st.text(alphabet="PIN cashfeü?", max_size=30), st.integers(1, 5))
def test_the_order_does_not_depend_on_how_articles_were_listed(
    articles: list[Knowledge], query: str, top_k: int
) -> None:
    found = ArticleRetriever(articles, Meanings()).search(query, top_k=top_k)
    assert found == ArticleRetriever(ARTICLES, Meanings()).search(query, top_k=top_k)
    assert len(found) <= top_k
    assert [passage.score for passage in found] == sorted((p.score for p in found), reverse=True)


def test_equal_articles_stand_in_the_order_of_their_paths() -> None:
    twins = [article(name, "Same", "same text") for name in ("b.md", "a.md", "c.md")]
    found = ArticleRetriever(twins, None).search("same", top_k=3)
    assert [passage.document for passage in found] == ["a.md", "b.md", "c.md"]


def test_scores_follow_the_published_formula() -> None:
    texts = ["cat cat dog", "dog", "bird"]
    lengths = [len(list(terms(text))) for text in texts]
    idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    norm = K1 * (1 - B + B * lengths[0] / (sum(lengths) / 3))
    scores = WordScores(texts).of("cat cat")
    assert scores == pytest.approx([idf * 2 * (K1 + 1) / (2 + norm), 0, 0])
