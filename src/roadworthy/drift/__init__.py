"""Whether what arrives is still what was usual, and what that probably does to the answers."""

from roadworthy.drift.burn import WORKBOOK, Burning, Minute, Rule, burn
from roadworthy.drift.calibration import Calibration, calibrate
from roadworthy.drift.columns import (
    Column,
    Unwatched,
    as_number,
    as_time,
    codes_of,
    column_of,
    number_column,
)
from roadworthy.drift.estimate import Calibrated, Estimate, calibrated
from roadworthy.drift.gaps import Gaps, usual_gaps
from roadworthy.drift.similarity import Neighbours
from roadworthy.drift.watch import Alarm, Watch

__all__ = [
    "WORKBOOK",
    "Alarm",
    "Burning",
    "Calibrated",
    "Calibration",
    "Column",
    "Estimate",
    "Gaps",
    "Minute",
    "Neighbours",
    "Rule",
    "Unwatched",
    "Watch",
    "as_number",
    "as_time",
    "burn",
    "calibrate",
    "calibrated",
    "codes_of",
    "column_of",
    "number_column",
    "usual_gaps",
]
