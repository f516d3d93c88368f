"""How data flow through a run: what was read so far, whether a value may steer a tool, and where it came from.

``Readings`` keeps the marking of a whole run, which only rises, and answers value by value for what is
trusted. ``judge`` asks it about every argument of a call.
"""

from roadworthy.flow.declared import PERSONAL, of_answer, of_input, of_knowledge, why_not_asked
from roadworthy.flow.judging import Judged, KnownValues, all_trusted, holds_link, judge
from roadworthy.flow.links import links
from roadworthy.flow.readings import Provenance, Readings

__all__ = [
    "PERSONAL",
    "Judged",
    "KnownValues",
    "Provenance",
    "Readings",
    "all_trusted",
    "holds_link",
    "judge",
    "links",
    "of_answer",
    "of_input",
    "of_knowledge",
    "why_not_asked",
]
