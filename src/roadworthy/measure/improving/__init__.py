"""The loop that improves: from labels to a better release, offered with its proof and never switched on by itself."""

from roadworthy.measure.improving.improve import improve
from roadworthy.measure.improving.report import Improvement

__all__ = ["Improvement", "improve"]
