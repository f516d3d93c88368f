"""Policy: may this tool be called now, with these values? Allow, deny, or ask a person first.

``Request`` is the question, ``Answer`` the reply; an engine (Cedar) stands between them. ``Duty`` is the
other question: may this person say yes, who did what before?
"""

from roadworthy.policy.answer import Answer, Obligation, Outcome, more_permissive
from roadworthy.policy.duty import DEEDS, Duty
from roadworthy.policy.marking import ANY, NEUTRAL, NOWHERE, Marking, Origin, join_all
from roadworthy.policy.request import AUTONOMIES, LIMIT, SINKS, Request, Sink, Tool, out_of_range
from roadworthy.policy.rule import Rule
from roadworthy.policy.testing import Checked, PolicyTest, run_tests

__all__ = [
    "ANY",
    "AUTONOMIES",
    "DEEDS",
    "LIMIT",
    "NEUTRAL",
    "NOWHERE",
    "SINKS",
    "Answer",
    "Checked",
    "Duty",
    "Marking",
    "Obligation",
    "Origin",
    "Outcome",
    "PolicyTest",
    "Request",
    "Rule",
    "Sink",
    "Tool",
    "join_all",
    "more_permissive",
    "out_of_range",
    "run_tests",
]
