"""What the files of the business side share while they are read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from roadworthy.errors import Problem
from roadworthy.placed import Page

MOST_PROBLEMS = 200


def ordered(page: Page) -> list[Problem]:
    """The problems of a file in its order, the first of a flood."""
    return page.in_order(MOST_PROBLEMS)


def near(word: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or what is known here."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(names)}"
