"""Releases: content-addressed, signed archives of a use-case folder, and the stages they go through."""

from roadworthy.release.archive import MAX_FILE_BYTES, MAX_FILES, Archive, short
from roadworthy.release.difference import Difference, differences
from roadworthy.release.rollout import (
    Assignment,
    Change,
    Release,
    Rollout,
    abort,
    assign,
    go_back,
    position,
    promote,
)
from roadworthy.release.signing import sign_release, verify_release
from roadworthy.release.steps import PASSED, Compared, Standing, Step, Word, stand

__all__ = [
    "MAX_FILES",
    "MAX_FILE_BYTES",
    "PASSED",
    "Archive",
    "Assignment",
    "Change",
    "Compared",
    "Difference",
    "Release",
    "Rollout",
    "Standing",
    "Step",
    "Word",
    "abort",
    "assign",
    "differences",
    "go_back",
    "position",
    "promote",
    "short",
    "sign_release",
    "stand",
    "verify_release",
]
