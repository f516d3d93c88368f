"""Matching with Splink on DuckDB: rows that are the same real thing, learnt from the rows alone."""

from roadworthy.adapters.splink.matcher import SplinkMatcher

__all__ = ["SplinkMatcher"]
