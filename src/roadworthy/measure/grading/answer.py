"""The part of an answer that an instrument looks at."""

from __future__ import annotations

from roadworthy.evaluation import Grade, Grader, Transcript
from roadworthy.evaluation.graders.reading import NoValue, answered, as_text


def answer_of(grader: Grader, transcript: Transcript, field: str) -> str:
    """The answer as text. Errors: ``NoValue``, ungraded, where it is empty: nothing can be said of nothing."""
    value = answered(grader, transcript, field)
    text = "" if value is None else as_text(grader, value)
    if not text.strip():
        raise NoValue(Grade.ungraded(grader, "the answer is empty: there is nothing to look at"))
    return text
