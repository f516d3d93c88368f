"""What an idea is worth, what stands in its way, and which comes first: before any model is built.

Works alone: from the answers of people, with ranges and "unknown", and from facts where there are some. A page
is loaded when something on it is first asked for: whoever only counts costs needs no numerics.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roadworthy.business.assessment import FORM, UNKNOWN, Answer, Assessment, Range, Unknown
    from roadworthy.business.blockers import Reason
    from roadworthy.business.changes import Change, what_would_change
    from roadworthy.business.decision import Blocker, Conclusion, Stage, Verdict, decide
    from roadworthy.business.drafting import Difference, charter_draft, compare_with_charter
    from roadworthy.business.facts import (
        NOTHING_MEASURED,
        Counts,
        Estimate,
        Facts,
        LabelGap,
        Readiness,
        label_gap,
    )
    from roadworthy.business.figures import Figure
    from roadworthy.business.lists import Tick, TickLists, parse_lists
    from roadworthy.business.policy import Policy, parse_policy
    from roadworthy.business.portfolio import Candidate, Capacity, Portfolio, Standing, compared
    from roadworthy.business.questions import BY_ID, GROUPS, QUESTIONS, Field, Kind, Question
    from roadworthy.business.reading import blank, from_json, read_assessment
    from roadworthy.business.shipped import shipped_lists, shipped_policy
    from roadworthy.business.tier import RiskTier, tier_of
    from roadworthy.business.value import Bar, PayBack, Unpriced, Value, evpi, evppi, value_of

_PAGES = {
    "assessment": ("FORM", "UNKNOWN", "Answer", "Assessment", "Range", "Unknown"),
    "blockers": ("Reason",),
    "changes": ("Change", "what_would_change"),
    "decision": ("Blocker", "Conclusion", "Stage", "Verdict", "decide"),
    "drafting": ("Difference", "charter_draft", "compare_with_charter"),
    "facts": ("NOTHING_MEASURED", "Counts", "Estimate", "Facts", "LabelGap", "Readiness", "label_gap"),
    "figures": ("Figure",),
    "lists": ("Tick", "TickLists", "parse_lists"),
    "policy": ("Policy", "parse_policy"),
    "portfolio": ("Candidate", "Capacity", "Portfolio", "Standing", "compared"),
    "questions": ("BY_ID", "GROUPS", "QUESTIONS", "Field", "Kind", "Question"),
    "reading": ("blank", "from_json", "read_assessment"),
    "shipped": ("shipped_lists", "shipped_policy"),
    "tier": ("RiskTier", "tier_of"),
    "value": ("Bar", "PayBack", "Unpriced", "Value", "evpi", "evppi", "value_of"),
}
_WHERE = {name: page for page, names in _PAGES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module `roadworthy.business` has no `{name}`")
    return getattr(import_module(f"roadworthy.business.{_WHERE[name]}"), name)


__all__ = [
    "BY_ID",
    "FORM",
    "GROUPS",
    "NOTHING_MEASURED",
    "QUESTIONS",
    "UNKNOWN",
    "Answer",
    "Assessment",
    "Bar",
    "Blocker",
    "Candidate",
    "Capacity",
    "Change",
    "Conclusion",
    "Counts",
    "Difference",
    "Estimate",
    "Facts",
    "Field",
    "Figure",
    "Kind",
    "LabelGap",
    "PayBack",
    "Policy",
    "Portfolio",
    "Question",
    "Range",
    "Readiness",
    "Reason",
    "RiskTier",
    "Stage",
    "Standing",
    "Tick",
    "TickLists",
    "Unknown",
    "Unpriced",
    "Value",
    "Verdict",
    "blank",
    "charter_draft",
    "compare_with_charter",
    "compared",
    "decide",
    "evpi",
    "evppi",
    "from_json",
    "label_gap",
    "parse_lists",
    "parse_policy",
    "read_assessment",
    "shipped_lists",
    "shipped_policy",
    "tier_of",
    "value_of",
    "what_would_change",
]
