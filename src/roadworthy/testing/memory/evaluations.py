"""Evaluations, their results, and the answers kept for the next time."""

from __future__ import annotations


class MemoryEvaluations:
    """The port ``Evaluations``."""
