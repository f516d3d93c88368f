"""Graders that need an instrument: a language model that judges, an embedding that compares."""

from roadworthy.measure.grading.conduct import ConductJudge
from roadworthy.measure.grading.groundedness import Groundedness
from roadworthy.measure.grading.judge import Judge
from roadworthy.measure.grading.semantic import SemanticSimilarity
from roadworthy.measure.grading.standing import NOT_CALIBRATED, Standing, asked

__all__ = [
    "NOT_CALIBRATED",
    "ConductJudge",
    "Groundedness",
    "Judge",
    "SemanticSimilarity",
    "Standing",
    "asked",
]
