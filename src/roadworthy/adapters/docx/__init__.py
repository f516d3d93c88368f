"""Word documents (DOCX), opened by python-docx."""

from roadworthy.adapters.docx.reader import DocxReader

__all__ = ["DocxReader"]
