"""Which cells of a table are probably wrong, found without labels, rules or tuning."""

from roadworthy.data.suspects.find import suspects
from roadworthy.data.suspects.suspect import Suspect

__all__ = ["Suspect", "suspects"]
