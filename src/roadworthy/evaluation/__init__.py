"""Suites of tests, what a target answered, and what graders say of it."""

from roadworthy.evaluation.grade import Grade, Grader
from roadworthy.evaluation.suite import Suite, Test
from roadworthy.evaluation.transcript import Called, Cited, Proposed, Transcript

__all__ = ["Called", "Cited", "Grade", "Grader", "Proposed", "Suite", "Test", "Transcript"]
