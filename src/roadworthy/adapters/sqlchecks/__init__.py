"""Checks of data contracts as SQL that is pushed down to where the rows lie."""

from roadworthy.adapters.sqlchecks.checker import SqlChecker

__all__ = ["SqlChecker"]
