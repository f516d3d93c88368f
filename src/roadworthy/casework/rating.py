"""What the people a case was for thought of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from roadworthy.quantities import Id

STARS = range(1, 6)
SATISFIED = 4
"""From so many stars on somebody counts as satisfied: the two best of five, as surveys of customers count it."""


@dataclass(frozen=True, slots=True)
class Rating:
    """How content somebody was with a case, one to five stars. It says nothing about what was right.

    ``principal`` is who sent it: an application rates in the name of whoever used it, once per case.
    """

    case: Id
    use_case: str
    stars: int
    principal: str
    at: datetime
