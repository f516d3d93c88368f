"""Plain text: paragraphs between blank lines."""

from roadworthy.adapters.plaintext.reader import TextReader

__all__ = ["TextReader"]
