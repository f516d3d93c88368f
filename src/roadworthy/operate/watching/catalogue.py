"""Every metric there is: name, kind, meaning, labels. A golden test holds them; `docs/operations.md` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from roadworthy.quantities import NANO
from roadworthy.telemetry.exposition import LONG_SECONDS, SECONDS, Family

_C, _G, _H = "counter", "gauge", "histogram"
_RELEASE = ("use_case", "release", "stage")

ACCEPTED = Family("roadworthy_cases_accepted_total", _C, "Cases taken in.", ("use_case",))
REJECTED = Family("roadworthy_cases_rejected_total", _C, "Inputs that broke their contract.", ("use_case",))
CLOSED = Family(
    "roadworthy_cases_total",
    _C,
    "Cases that came to their end, by who handled them.",
    (*_RELEASE, "handled_by"),
)
TROUBLED = Family(
    "roadworthy_cases_troubled_total", _C, "Of these, cases with an error, a repeated step or an unclear effect.",
    _RELEASE,
)  # fmt: skip
CASE_SECONDS = Family(
    "roadworthy_case_duration_seconds", _H, "From intake to end, waiting for people included.",
    ("use_case", "stage"), LONG_SECONDS,
)  # fmt: skip
STEP_SECONDS = Family(
    "roadworthy_step_duration_seconds", _H, "The attempt of a step that gave its result.",
    ("use_case", "step"), SECONDS,
)  # fmt: skip
STEP_ATTEMPTS = Family(
    "roadworthy_step_attempts_total",
    _C,
    "Attempts of recorded steps, interrupted ones included.",
    ("use_case", "step"),
)
DECISIONS = Family(
    "roadworthy_policy_decisions_total", _C, "Proposed effects, by what was said of them and the class of reason.",
    ("use_case", "verdict", "reason"),
)  # fmt: skip
EFFECTS = Family(
    "roadworthy_tool_effects_total",
    _C,
    "Effects of ended cases, by how they ended.",
    ("use_case", "tool", "result"),
)
REVIEWS = Family("roadworthy_reviews_total", _C, "Answered reviews.", ("use_case", "kind", "verdict"))
REVIEW_SECONDS = Family(
    "roadworthy_review_wait_seconds", _H, "From question to answer.", ("use_case", "kind"), LONG_SECONDS
)
COST = Family(
    "roadworthy_case_cost_total",
    _C,
    "What ended cases cost, in units of the currency.",
    ("use_case", "stage", "currency"),
)
CALLS = Family(
    "roadworthy_model_calls_total", _C, "Calls to models, by ending.", ("use_case", "model", "ending")
)
TOKENS = Family(
    "roadworthy_model_tokens_total", _C, "Tokens of calls to models.", ("use_case", "model", "direction")
)
CALL_COST = Family(
    "roadworthy_model_cost_total", _C, "What calls to models cost, in units of the currency. Those of steps are part of their case's cost.",
    ("use_case", "model", "currency"),
)  # fmt: skip

TALLIES: Final[Mapping[str, tuple[Family | None, int]]] = {
    "accepted": (ACCEPTED, 1),
    "rejected": (REJECTED, 1),
    "closed": (CLOSED, 1),
    "troubled": (TROUBLED, 1),
    "case_seconds": (CASE_SECONDS, 1),
    "case_seconds_sum": (CASE_SECONDS, 1),
    "step_seconds": (STEP_SECONDS, 1),
    "step_seconds_sum": (STEP_SECONDS, 1),
    "step_attempts": (STEP_ATTEMPTS, 1),
    "decisions": (DECISIONS, 1),
    "effects": (EFFECTS, 1),
    "reviews": (REVIEWS, 1),
    "review_seconds": (REVIEW_SECONDS, 1),
    "review_seconds_sum": (REVIEW_SECONDS, 1),
    "cost": (COST, NANO),
    "calls": (CALLS, 1),
    "tokens": (TOKENS, 1),
    "call_cost": (CALL_COST, NANO),
}
"""Which figure a family shows, and how many of its units make one of the family's."""

FAMILIES: Final = (
    ACCEPTED, REJECTED, CLOSED, TROUBLED, CASE_SECONDS, STEP_SECONDS, STEP_ATTEMPTS, DECISIONS, EFFECTS, REVIEWS,
    REVIEW_SECONDS, COST, CALLS, TOKENS, CALL_COST,
    Family("roadworthy_cases_open", _G, "Cases that are not at their end.", (*_RELEASE, "state")),
    Family("roadworthy_case_oldest_seconds", _G, "Age of the oldest case that waits for a worker.", ("use_case", "state")),
    Family("roadworthy_review_backlog", _G, "Open reviews.", ("use_case",)),
    Family("roadworthy_review_oldest_seconds", _G, "Age of the oldest open review.", ("use_case",)),
    Family("roadworthy_review_overdue", _G, "Open reviews beyond their deadline.", ("use_case",)),
    Family("roadworthy_effects_unsettled", _G, "Effects that are not settled.", ("use_case", "state")),
    Family("roadworthy_budget_limit_eur", _G, "Budget of this month.", ("budget", "pays")),
    Family("roadworthy_budget_remaining_eur", _G, "What is left of it; below 0 where it is overspent.", ("budget", "pays")),
    Family("roadworthy_certificate_remaining_days", _G, "Until a certificate ends.", ("use_case", "release", "error_kind", "slice")),
    Family("roadworthy_certificate_suspended", _G, "1 where it is suspended.", ("use_case", "release", "error_kind", "slice")),
    Family("roadworthy_requirement_findings", _G, "What the gate concludes for the next stage, by mark.",
           ("use_case", "release", "stage", "requirement", "mark")),
    Family("roadworthy_stop_switch", _G, "1 where the stop switch is on.", ("kind", "scope")),
    Family("roadworthy_acknowledgement_oldest_seconds", _G, "Since the last worker said what it obeys."),
    Family("roadworthy_workers", _G, "Workers that said within 15 seconds what they obey."),
    Family("roadworthy_alert_firing", _G, "Alerts that fire.", ("use_case", "rule", "severity")),
    Family("roadworthy_figures_behind_entries", _G, "Entries of the ledger that are not counted yet."),
)  # fmt: skip
