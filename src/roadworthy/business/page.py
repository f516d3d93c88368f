"""What the files of the business side share while they are read."""

from __future__ import annotations

from roadworthy.errors import Problem
from roadworthy.placed import Page

MOST_PROBLEMS = 200


def ordered(page: Page) -> list[Problem]:
    """The problems of a file in its order, the first of a flood."""
    return page.in_order(MOST_PROBLEMS)
