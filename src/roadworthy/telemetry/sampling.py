"""Which traces are sent: all with trouble, a review or a canary in them, a stated share of the rest.

Figures and lineage never depend on it: they are counted from the records themselves.
"""

from __future__ import annotations

from roadworthy.stage import Stage
from roadworthy.telemetry.tree import CaseFacts, case_trace, reviewed, troubled


def sampled(facts: CaseFacts, share: float) -> bool:
    """The same answer for the same case, whoever asks: the lot is drawn by its trace id."""
    if facts.case.stage is Stage.CANARY or troubled(facts) or reviewed(facts):
        return True
    return int(case_trace(facts.case.id, facts.case.run)[:16], 16) < share * 2**64
