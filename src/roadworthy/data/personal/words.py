"""Lists of words, written as people write them: with blanks between."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text that stand between blanks and line breaks."""
    return frozenset(text.split())
