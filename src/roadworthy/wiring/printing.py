"""What prints a page."""

from __future__ import annotations

from pathlib import Path


def print_page(html: str, pdf: Path, *, browser: str = "") -> None:
    """Write a page as PDF with an installed browser. Errors: as ``chromium.printing.print_pdf``."""
    from roadworthy.adapters.chromium.printing import print_pdf

    print_pdf(html, pdf, browser=browser)
