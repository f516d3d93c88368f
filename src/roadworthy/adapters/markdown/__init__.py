"""Markdown files with front matter, understood by markdown-it-py."""

from roadworthy.adapters.markdown.reader import MarkdownReader

__all__ = ["MarkdownReader"]
