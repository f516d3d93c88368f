"""How close an answer comes in meaning to what was expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from roadworthy.evaluation import Grade, Grader, Test, Transcript
from roadworthy.evaluation.graders import guarded, options_of
from roadworthy.evaluation.graders.instruments import Semantic as Options
from roadworthy.evaluation.graders.reading import accepted, answered, as_text
from roadworthy.knowledge.sentences import pieces
from roadworthy.quantities import Digest, digest_of

Embed = Callable[[Sequence[str]], NDArray[Any]]
"""One row of numbers a text, of any length above 0; called from several threads at once."""


_MOST_CHARACTERS = 60_000


class SemanticSimilarity:
    """Grades of kind ``semantic``: the cosine between answer and expected text, the best where several are.

    The answer passes from the grader's ``passes_at`` on; what that has to be depends on the embedding, so it
    is set by looking at answers that people graded. Long texts are embedded piece by piece and averaged by
    length, so that their ends count. A negative cosine counts as 0. An embedding reads what a text is about,
    not whether it is true: numbers and negations hardly move it.
    """

    def __init__(self, embed: Embed, *, instrument: Digest) -> None:
        self._embed = embed
        self._digest = digest_of({"semantic": 1, "embedding": instrument})

    @property
    def digest(self) -> Digest:
        return self._digest

    def grade(self, grader: Grader, test: Test, transcript: Transcript) -> Grade:
        """The similarity; ungraded where no text is expected or the embedding gives no numbers.

        Errors: ``InputProblem`` RW-EVAL-011.
        """
        options = cast(Options, options_of(grader))
        return guarded(grader, transcript, lambda: self._compare(options, grader, test, transcript))

    def _compare(self, options: Options, grader: Grader, test: Test, transcript: Transcript) -> Grade:
        wanted = [each for each in accepted(grader, test, options.expected_field) if isinstance(each, str)]
        if not any(each.strip() for each in wanted):
            return Grade.ungraded(grader, "no text is expected to compare with")
        value = answered(grader, transcript, options.field)
        answer = "" if value is None else as_text(grader, value)
        if not answer.strip():
            return Grade.of(grader, 0.0, "the answer is empty")
        if max(map(len, (answer, *wanted))) > _MOST_CHARACTERS:
            return Grade.ungraded(grader, f"a text has more than {_MOST_CHARACTERS:,} characters")
        row = average(self._embed, answer)
        others = [average(self._embed, each) for each in wanted]
        if row is None or any(other is None for other in others):
            return Grade.ungraded(grader, "the embedding gave no usable numbers for a text")
        cosines = [float(row @ other) for other in others if other is not None]
        best = min(1.0, max(0.0, *cosines))
        reason = f"similarity {best:.2f} to what was expected, from {grader.passes_at:g} on it passes"
        return Grade.of(grader, best, reason)


def average(embed: Embed, text: str) -> NDArray[np.float64] | None:
    """One row of length 1 for a text of any length: its pieces, weighted by length. None where it has none."""
    parts = pieces(text)
    rows = unit_rows(embed(parts), len(parts)) if parts else None
    if rows is None:
        return None
    mean = np.average(rows, axis=0, weights=[len(part) for part in parts])
    length = float(np.linalg.norm(mean))
    return mean / length if length > 1e-9 else None


def unit_rows(rows: object, count: int) -> NDArray[np.float64] | None:
    """Rows of length 1, shape (count, dimensions); None where there are other rows, or no usable numbers."""
    table = np.asarray(rows, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != count or not np.isfinite(table).all():
        return None
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    return table / lengths if (lengths > 1e-9).all() else None
