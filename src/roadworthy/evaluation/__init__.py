"""Suites of tests, what a target answered, and what graders say of it."""

from roadworthy.evaluation.estimating import Estimate
from roadworthy.evaluation.findings import SuiteFinding, findings
from roadworthy.evaluation.grade import Grade, Grader
from roadworthy.evaluation.graders import KINDS, Kind, grade, guarded, needs_instrument, options_of
from roadworthy.evaluation.pairs import Paired, Row, paired_values
from roadworthy.evaluation.parsing import parse_suite, suite_as_jsonl
from roadworthy.evaluation.record import Evaluation
from roadworthy.evaluation.result import Came, Result, results_digest, worst_first
from roadworthy.evaluation.suite import Suite, Test
from roadworthy.evaluation.summary import OVERALL, Figure, SliceFigures, Summary, summarise
from roadworthy.evaluation.transcript import Called, Cited, Proposed, Transcript

__all__ = [
    "KINDS",
    "OVERALL",
    "Called",
    "Came",
    "Cited",
    "Estimate",
    "Evaluation",
    "Figure",
    "Grade",
    "Grader",
    "Kind",
    "Paired",
    "Proposed",
    "Result",
    "Row",
    "SliceFigures",
    "Suite",
    "SuiteFinding",
    "Summary",
    "Test",
    "Transcript",
    "findings",
    "grade",
    "guarded",
    "needs_instrument",
    "options_of",
    "paired_values",
    "parse_suite",
    "results_digest",
    "suite_as_jsonl",
    "summarise",
    "worst_first",
]
