"""Alerts: rules over facts, what becomes of a finding, and what receivers are told of it."""

from roadworthy.alerting.alert import Alert, AlertState, Change, Finding, Mute, Severity, change, key_of
from roadworthy.alerting.rules import (
    RULES,
    Backlog,
    BudgetFact,
    CertificateFact,
    Facts,
    HeldTool,
    Rule,
    findings,
)

__all__ = [
    "RULES",
    "Alert",
    "AlertState",
    "Backlog",
    "BudgetFact",
    "CertificateFact",
    "Change",
    "Facts",
    "Finding",
    "HeldTool",
    "Mute",
    "Rule",
    "Severity",
    "change",
    "findings",
    "key_of",
]
