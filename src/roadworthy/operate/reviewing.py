"""Reviewing: what a person answers, takes back, and lets pass. The verbs that doors and workers call."""

from roadworthy.operate.reviews.deciding import decide_review
from roadworthy.operate.reviews.effects import let_leave, undo_decision
from roadworthy.operate.reviews.escalating import escalate_due

__all__ = ["decide_review", "escalate_due", "let_leave", "undo_decision"]
