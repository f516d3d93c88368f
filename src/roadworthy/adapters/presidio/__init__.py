"""Names and places in running text, found by a language model that the user has installed: spaCy's or Presidio's."""

from roadworthy.adapters.presidio.names import PresidioNames, SpacyNames, find_names

__all__ = ["PresidioNames", "SpacyNames", "find_names"]
