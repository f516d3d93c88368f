"""Words that are given for the record: bounded, and sound text, before anything is done."""

from __future__ import annotations

from typing import Final

from roadworthy.errors import InputProblem, Problem

LONGEST: Final = 2_000
"""Characters of a reason, a note, a name. An event of the ledger holds several of them in any script."""


def check_words(longest: int = LONGEST, /, **texts: str) -> None:
    """Refuse words that the record cannot hold, all of them at once; the names of the arguments are their places.

    Edge: empty text passes, whoever needs words asks for them. Errors: ``InputProblem`` RW-WORDS-001
    for more than ``longest`` characters, for NUL and for halves of surrogate pairs.
    """
    problems = [
        Problem(found, place=place) for place, text in texts.items() if (found := _unfit(text, longest))
    ]
    if problems:
        raise InputProblem("RW-WORDS-001", problems)


def _unfit(text: str, longest: int) -> str:
    if len(text) > longest:
        return f"found {len(text)} characters, at most {longest} are kept"
    if "\x00" in text:
        return "is not valid text: it holds NUL"
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return "is not valid text: it holds half a character (a lone surrogate)"
    return ""
