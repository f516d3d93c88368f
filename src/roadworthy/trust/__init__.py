"""How far automatic outcomes may be trusted: thresholds with a proof, and tests that may be watched."""

from roadworthy.trust.certificate import Certificate
from roadworthy.trust.intervals import clopper_pearson, upper_bound, wilson
from roadworthy.trust.sequential import Alarm, Arm, CanaryWatch, HarmTest, NotWorseTest, State, Tally
from roadworthy.trust.threshold import (
    Calibration,
    InsufficientEvidence,
    Threshold,
    certify,
    labels_needed,
)

__all__ = [
    "Alarm",
    "Arm",
    "Calibration",
    "CanaryWatch",
    "Certificate",
    "HarmTest",
    "InsufficientEvidence",
    "NotWorseTest",
    "State",
    "Tally",
    "Threshold",
    "certify",
    "clopper_pearson",
    "labels_needed",
    "upper_bound",
    "wilson",
]
