"""Data contracts as files of the Open Data Contract Standard: every problem at its place, nothing lost in writing."""

from roadworthy.adapters.odcs.reading import read
from roadworthy.adapters.odcs.yamltext import write

__all__ = ["read", "write"]
