import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.adapters.localmodels import terms
from roadworthy.adapters.localmodels.terms import Vocabulary

TEXTS = ["The parcel is late", "the PARCEL is lost", "Straße und Maße"]


def test_words_pairs_and_grams_are_the_terms() -> None:
    assert Vocabulary.learn(["Go on"]).terms == (
        " go",
        " go ",
        " on",
        " on ",
        "go ",
        "go on|",
        "go|",
        "on ",
        "on|",
    )


def test_upper_case_and_spelling_variants_of_a_letter_do_not_matter() -> None:
    vocabulary = Vocabulary.learn(TEXTS)
    for one, other in [("THE PARCEL", "the parcel"), ("STRASSE", "straße"), ("ma\u00dfe", "ＭＡＳＳＥ")]:
        assert vocabulary.weigh(one).places.tolist() == vocabulary.weigh(other).places.tolist() != []


def test_a_term_in_many_texts_tells_less_than_a_rare_one() -> None:
    vocabulary = Vocabulary.learn(TEXTS)
    idf = dict(zip(vocabulary.terms, vocabulary.idf.tolist(), strict=True))
    assert idf["parcel|"] == pytest.approx(np.log(4 / 3) + 1)
    assert idf["late|"] == pytest.approx(np.log(4 / 2) + 1)


def test_a_repeated_term_counts_more_but_not_in_proportion() -> None:
    vocabulary = Vocabulary(("a|", "b|"), np.ones(2, np.float32))
    once, often = vocabulary.weigh("b a a a a").weights[::-1].tolist()
    assert often / once == pytest.approx(1 + np.log(4))


@settings(max_examples=80, deadline=None)
@given(text=st.text(max_size=80))
def test_weights_have_length_one_unless_no_term_is_known(text: str) -> None:
    weighted = Vocabulary.learn([*TEXTS, text]).weigh(text)
    length = float(np.linalg.norm(weighted.weights))
    assert length == (pytest.approx(1, abs=1e-5) if len(weighted.places) else 0)
    assert (np.diff(weighted.places) > 0).all()


def test_unknown_terms_weigh_nothing() -> None:
    assert Vocabulary.learn(TEXTS).weigh("xyz").weights.size == 0


def test_among_many_texts_a_term_of_a_single_one_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "_RARE_FROM", 3)
    learned = Vocabulary.learn(TEXTS).terms
    assert "parcel|" in learned
    assert "late|" not in learned


def test_the_most_frequent_terms_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "TERMS_LIMIT", 2)
    assert Vocabulary.learn(["a b", "a c", "c a"]).terms == (" a ", "a|")
