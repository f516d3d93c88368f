"""The gate: requirements as data, and the pure decision over them."""

from roadworthy.gate.decide import Finding, Mark, Verdict, Waiver, as_json, decide
from roadworthy.gate.promises import Promise, promised, promises
from roadworthy.gate.requirement import Compare, Requirement, RequirementSet, parse_requirements

__all__ = [
    "Compare",
    "Finding",
    "Mark",
    "Promise",
    "Requirement",
    "RequirementSet",
    "Verdict",
    "Waiver",
    "as_json",
    "decide",
    "parse_requirements",
    "promised",
    "promises",
]
