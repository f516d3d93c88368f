"""HTML pages, parsed as browsers do by lexbor, read as people see them."""

from roadworthy.adapters.selectolax.reader import HtmlReader

__all__ = ["HtmlReader"]
