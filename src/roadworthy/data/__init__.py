"""Data as the company has them: what a table looks like, what is promised about it, and what is wrong with it."""

from roadworthy.data.profile import ColumnProfile, Profile
from roadworthy.data.table import (
    Column,
    ColumnType,
    Finding,
    Guess,
    Partition,
    Reading,
    Snapshot,
    Texts,
)

__all__ = [
    "Column",
    "ColumnProfile",
    "ColumnType",
    "Finding",
    "Guess",
    "Partition",
    "Profile",
    "Reading",
    "Snapshot",
    "Texts",
]
