"""PDF files, read by pypdf within bounds."""

from roadworthy.adapters.pypdf.reader import PdfReader

__all__ = ["PdfReader"]
