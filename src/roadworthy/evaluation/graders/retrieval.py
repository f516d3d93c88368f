"""Graders of what was found: were the right documents there, and early?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from pydantic import Field

from roadworthy.evaluation.grade import Grade, Grader
from roadworthy.evaluation.graders.reading import NoValue, Options, answered, expected, quoted
from roadworthy.evaluation.suite import Test
from roadworthy.evaluation.transcript import Transcript
from roadworthy.knowledge import relevance as formulas

Metric = Literal["recall", "precision", "ndcg", "mrr"]

_FORMULAS: Final[Mapping[Metric, Callable[[Sequence[str], Mapping[str, float], int], float]]] = {
    "recall": formulas.recall_at,
    "precision": formulas.precision_at,
    "ndcg": formulas.ndcg_at,
    "mrr": formulas.reciprocal_rank,
}


class Retrieval(Options):
    """Options of `retrieval`. A test expects a list of documents, or `{document: relevance}`."""

    metric: Metric = Field(default="recall", description="what is computed over the first `k` documents")
    k: int = Field(default=5, ge=1, le=1000, description="documents that are looked at, best first")
    field: str = Field(
        default="", description="part of the answer that lists the documents; empty: the passages found"
    )
    expected_field: str = Field(default="", description="part of what is expected")


def retrieval(options: Retrieval, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Recall, precision, nDCG or reciprocal rank of the documents, each counted once, at its best place.

    Edge:    a test that expects no document is ungraded: none of these says anything about it.
    Source:  the formulas of `roadworthy.knowledge.relevance`; nDCG with linear gain.
    """
    relevance = _relevance(grader, expected(grader, test, options.expected_field))
    ranked = _ranked(options, grader, transcript)[: options.k]
    value = _FORMULAS[options.metric](ranked, relevance, options.k)
    found = [one for one in ranked if one in relevance]
    missing = [one for one in relevance if one not in ranked]
    reason = (
        f"{options.metric} at {options.k} is {value:.3f}: {len(found)} of {len(relevance)} documents found"
    )
    if missing:
        told = ", ".join(quoted(one) for one in missing[:5])
        reason += f", missing {told}" + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    return Grade.of(grader, value, reason, found=len(found), of=len(relevance))


def _relevance(grader: Grader, told: object) -> dict[str, float]:
    if isinstance(told, list | tuple) and all(isinstance(one, str) for one in told):
        relevance = dict.fromkeys(map(str, told), 1.0)
    elif isinstance(told, Mapping) and all(
        isinstance(gain, int | float) and not isinstance(gain, bool) and gain >= 0 for gain in told.values()
    ):
        relevance = {str(name): float(gain) for name, gain in told.items() if gain > 0}
    else:
        raise NoValue(
            Grade.ungraded(grader, "expected a list of documents in the test, or {document: relevance}")
        )
    if not relevance:
        raise NoValue(Grade.ungraded(grader, "the test expects no document: nothing can be missed"))
    return relevance


def _ranked(options: Retrieval, grader: Grader, transcript: Transcript) -> list[str]:
    if not options.field:
        return list(dict.fromkeys(one.document for one in transcript.passages))
    listed = answered(grader, transcript, options.field)
    if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
        raise NoValue(
            Grade.of(grader, 0.0, f"`{options.field}` is no list of documents, found {quoted(listed)}")
        )
    return list(dict.fromkeys(listed))
