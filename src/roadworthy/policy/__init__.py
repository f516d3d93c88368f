"""Policy: may this tool be called now, with these values? Allow, deny, or ask a person first.

``Request`` is the question, ``Answer`` the reply; an engine (Cedar) stands between them.
"""

from roadworthy.policy.answer import Answer, Obligation, Outcome, more_permissive
from roadworthy.policy.request import (
    ANY,
    AUTONOMIES,
    NEUTRAL,
    NOWHERE,
    SINKS,
    Marking,
    Origin,
    Request,
    Sink,
    Tool,
    out_of_range,
)

__all__ = [
    "ANY",
    "AUTONOMIES",
    "NEUTRAL",
    "NOWHERE",
    "SINKS",
    "Answer",
    "Marking",
    "Obligation",
    "Origin",
    "Outcome",
    "Request",
    "Sink",
    "Tool",
    "more_permissive",
    "out_of_range",
]
