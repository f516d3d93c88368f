"""When two texts say the same, whatever marks they carry."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.casework.label import same_text


@given(st.text(max_size=60))
def test_texts_that_differ_in_spelling_only_are_the_same(text):
    assert same_text(text) == same_text(unicodedata.normalize("NFD", text)) == same_text(f"  {text} !")


def test_other_words_are_another_text():
    assert same_text("Zurich") != same_text("Zu\u0308rich") == same_text("ZÜRICH.")


@pytest.mark.parametrize("marks", ["\u0301\u0327", "\u0f73\u0f71", "\uff9e\u0327"])
def test_a_heap_of_combining_marks_has_its_digest_in_a_moment(marks):
    begun = time.process_time()
    heap = same_text("a" + marks * 100_000 + " refund")
    assert heap != same_text("a refund of another kind")
    assert time.process_time() - begun < 2
