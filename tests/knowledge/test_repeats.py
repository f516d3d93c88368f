"""Copies, near-copies and what stands in a longer text are found; headers and footers are not."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.knowledge.repeats import Pair, Piece, differences, repeats

RANDOM = np.random.default_rng(3)
VOCABULARY = [f"word{number}" for number in range(4_000)]


def prose(words: int, *, seed: int) -> list[str]:
    return list(np.random.default_rng(seed).choice(VOCABULARY, words))


def pieces(*texts: str) -> list[Piece]:
    return [Piece(f"t{place}", f"d{place}", text) for place, text in enumerate(texts)]


def runs(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[place : place + 4]) for place in range(len(words) - 3)}


def test_a_copy_with_other_case_and_punctuation_is_the_same() -> None:
    found = repeats(
        pieces("The fee is two euros, and it is due today.", "the fee is two EUROS and it is due today"),
        seed=1,
    )
    assert found.pairs == (Pair("t0", "t1", "same", 1.0, 1.0),)
    assert found.groups == (("t0", "t1"),)


def test_similarity_is_the_jaccard_of_sets() -> None:
    words = prose(200, seed=1)
    changed = [*words[:90], "other", "words", *words[95:]]
    (pair,) = repeats(pieces(" ".join(words), " ".join(changed)), seed=1).pairs
    left, right = runs(" ".join(words)), runs(" ".join(changed))
    assert pair.kind == "near"
    assert pair.similarity == pytest.approx(len(left & right) / len(left | right))
    assert pair.containment == pytest.approx(len(left & right) / min(len(left), len(right)))


def test_an_article_within_a_longer_one_is_contained() -> None:
    short, long = prose(60, seed=1), prose(900, seed=2)
    found = repeats(pieces(" ".join([*long[:400], *short, *long[400:]]), " ".join(short)), seed=1)
    assert [(pair.one, pair.other, pair.kind) for pair in found.pairs] == [("t1", "t0", "contained")]
    assert found.pairs[0].containment == 1.0


def test_headers_and_footers_make_no_repeats() -> None:
    footer = " ".join(prose(80, seed=99))
    texts = [" ".join([*prose(40, seed=number), footer]) for number in range(30)]
    assert repeats(pieces(*texts), seed=1).pairs == ()


def test_a_footer_that_is_a_piece_of_every_document_is_boilerplate() -> None:
    footer = " ".join(prose(30, seed=99))
    own = [Piece(f"own{n}", f"d{n}", " ".join(prose(40, seed=n))) for n in range(30)]
    feet = [Piece(f"foot{n}", f"d{n}", footer) for n in range(30)]
    found = repeats([*own, *feet], seed=1)
    assert found.pairs == ()
    assert set(found.boilerplate) == {piece.name for piece in feet}


def test_whole_documents_that_are_copied_often_are_no_boilerplate() -> None:
    copy = " ".join(prose(60, seed=99))
    others = [" ".join(prose(60, seed=number)) for number in range(20)]
    found = repeats(pieces(*[copy] * 20, *others), seed=1)
    assert [len(group) for group in found.groups] == [20]


def test_pieces_of_one_document_are_not_compared_and_short_ones_neither() -> None:
    text = " ".join(prose(30, seed=1))
    assert repeats([Piece("a", "d", text), Piece("b", "d", text)], seed=1).pairs == ()
    found = repeats(pieces("Please write to us.", "Please write to us.", "", "\u202e\u0000"), seed=1)
    assert (found.pairs, found.short) == ((), 4)


def test_texts_without_blanks_are_compared_by_the_character() -> None:
    found = repeats(
        pieces("送金の手数料は二ユーロです。今日中に", "送金の手数料は二ユーロです。今日中に"), seed=1
    )
    assert len(found.pairs) == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "g"]), min_size=8, max_size=30),
        min_size=2,
        max_size=9,
    ),
    st.integers(0, 10),
)
def test_pairs_are_those_that_sets_find(texts: list[list[str]], seed: int) -> None:
    lines = [" ".join(words) for words in texts]
    expected = set()
    for one in range(len(lines)):
        for other in range(one + 1, len(lines)):
            left, right = runs(lines[one]), runs(lines[other])
            both = len(left & right)
            if both / len(left | right) >= 0.7 or both / min(len(left), len(right)) >= 0.85:
                expected.add(frozenset((f"t{one}", f"t{other}")))
    found = repeats(pieces(*lines), seed=seed)
    connected = {frozenset((pair.one, pair.other)) for pair in found.pairs}
    assert connected <= expected
    for pair in expected:
        # Of several copies only one is held against the others: the group is the same.
        assert any(pair <= set(group) for group in found.groups)


def test_what_differs_is_told_by_sentence() -> None:
    assert differences("One fee. It is 2 EUR. Bye.", "one fee! It is 3 EUR. Bye.") == (
        ("It is 2 EUR.",),
        ("It is 3 EUR.",),
    )


def test_names_stand_once_and_thresholds_are_shares() -> None:
    with pytest.raises(ValueError, match="name of its own"):
        repeats([Piece("a", "x", "t"), Piece("a", "y", "t")], seed=1)
    with pytest.raises(ValueError, match="thresholds"):
        repeats([], seed=1, similar=0.0)
    assert repeats([], seed=1).groups == ()


def test_long_texts_and_many_pieces_take_seconds() -> None:
    begun = time.process_time()
    words = prose(200_000, seed=5)
    found = repeats(
        [
            *pieces("x" * 1_000_000, " ".join(words), " ".join(words[:100_000])),
            *(Piece(f"s{n}", f"s{n}", " ".join(words[n * 90 : n * 90 + 90])) for n in range(2_000)),
        ],
        seed=1,
    )
    assert len(found.pairs) > 2_000
    assert time.process_time() - begun < 8
