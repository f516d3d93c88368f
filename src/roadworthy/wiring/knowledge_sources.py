"""Documents of every kind: which reader understands which file, and which source holds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roadworthy.knowledge import Access
    from roadworthy.ports import SourceReader
    from roadworthy.ports.knowledge import DocumentReader, DocumentSource


def open_folder(folder: Path, *, access: Access, pseudonym: Callable[[str], str]) -> DocumentSource:
    """The documents of a folder and its subfolders.

    ``access``: what those demand that state nothing. ``pseudonym`` names the people that heads name, stripped and in
    small letters, so that no natural name enters the index's rights.
    """
    from roadworthy.adapters.documents import FolderSource

    return FolderSource(folder, readers(), access=access, pseudonym=pseudonym)


def open_rows(
    rows: SourceReader, sql: str, *, access: Access, pseudonym: Callable[[str], str]
) -> DocumentSource:
    """The rows of a query as documents; otherwise as ``open_folder``."""
    from roadworthy.adapters.documents import RowsSource

    return RowsSource(rows, sql, access=access, pseudonym=pseudonym)


def readers() -> tuple[DocumentReader, ...]:
    """One reader for every kind of file that is understood. A package that is missing is told when it is needed."""
    from roadworthy.adapters.charsetnormalizer import decode
    from roadworthy.adapters.docx import DocxReader
    from roadworthy.adapters.mail import MailReader
    from roadworthy.adapters.markdown import MarkdownReader
    from roadworthy.adapters.plaintext import TextReader
    from roadworthy.adapters.pypdf import PdfReader
    from roadworthy.adapters.records import TableReader
    from roadworthy.adapters.selectolax import HtmlReader

    html = HtmlReader(decode)
    return (
        MarkdownReader(html),
        html,
        TextReader(decode),
        PdfReader(),
        DocxReader(),
        MailReader(decode, html),
        TableReader(decode),
    )
