"""The text of a Word document as it would be printed: without hidden text, and with every tracked change accepted."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from roadworthy.adapters.docx.runs import Runs, w
from roadworthy.knowledge import Block, Finding
from roadworthy.knowledge.draft import Draft, quoted
from roadworthy.knowledge.head import Head
from roadworthy.knowledge.packed import too_packed
from roadworthy.operate.knowledge.packages import needed

_HEADING = re.compile(r"(?i)heading (\d)")
_LEGACY = b"\xd0\xcf\x11\xe0"
"""The container of old and of encrypted Office files."""
_ASIDE = {"footnotes": "footnotes", "endnotes": "endnotes", "comments": "comments"}


class DocxReader:
    """Headings, lists, tables and paragraphs. Hidden runs and deleted text are left out and told."""

    @property
    def kinds(self) -> Mapping[str, int]:
        return {".docx": 50_000_000}

    def read(self, name: str, data: bytes) -> Draft | tuple[Finding, ...]:
        docx = needed("docx", what="Word documents")
        if data.startswith(_LEGACY):
            return (
                Finding(
                    "encrypted",
                    name,
                    "it is encrypted, or of an older format; save it as DOCX without a password",
                ),
            )
        if why := too_packed(data):
            kind = (
                "broken"
                if why.startswith("is no")
                else "encrypted"
                if why == "is encrypted"
                else "too-large"
            )
            return (Finding(kind, name, why),)  # type: ignore[arg-type]
        try:
            document = docx.Document(io.BytesIO(data))
            runs = Runs(document)
            blocks = list(_blocks(document, runs))
            told = _told(document.core_properties)
            aside = list(_aside(document))
        except Exception as fault:  # noqa: BLE001 - lxml, zipfile and python-docx each raise their own for what is broken
            said = quoted(str(fault)) or type(fault).__name__
            return (Finding("broken", name, f"cannot be read as a Word document: {said}"),)
        findings = [
            Finding(
                "hidden",
                name,
                f"left out, {why}: `{quoted(text)}`" + (f", {times} times" if times > 1 else ""),
            )
            for why, (text, times) in runs.hidden.items()
        ]
        findings += [Finding("unread", name, f"{what} are not read") for what in aside]
        return Draft(blocks, told=told, findings=findings)


def _blocks(document: Any, runs: Runs) -> Iterator[Block]:
    """Neighbouring paragraphs of a list are one block."""
    listed: list[str] = []
    for element in _body(document.element.body):
        if element.tag == w("tbl"):
            kind, text, level = "table", _table(element, runs), 0
        else:
            kind, text, level = _paragraph(document, element, runs)
        if kind == "list":
            listed.append(text)
            continue
        if listed:
            yield Block("list", "\n".join(listed))
            listed = []
        if text.strip():
            yield Block(kind, text, level=level)  # type: ignore[arg-type]
    if listed:
        yield Block("list", "\n".join(listed))


def _body(body: Any) -> Iterator[Any]:
    """Paragraphs and tables in their order, those in content controls too."""
    todo = list(reversed(body))
    while todo:
        element = todo.pop()
        if element.tag in (w("p"), w("tbl")):
            yield element
        elif element.tag in (w("sdt"), w("sdtContent"), w("ins"), w("customXml"), w("smartTag")):
            todo += list(reversed(element))


def _paragraph(document: Any, element: Any, runs: Runs) -> tuple[str, str, int]:
    text = runs.text(element)
    properties = element.find(w("pPr"))
    style = runs.style_name(properties)
    if found := _HEADING.match(style):
        return "heading", " ".join(text.split()), int(found[1]) or 1
    if style.lower() == "title":
        return "heading", " ".join(text.split()), 1
    level = properties.find(w("outlineLvl")) if properties is not None else None
    if level is not None and (level.get(w("val")) or "9") in "012345678":
        return "heading", " ".join(text.split()), int(level.get(w("val"))) + 1
    numbered = properties.find(w("numPr")) if properties is not None else None
    if text.strip() and (numbered is not None or style.lower().startswith("list")):
        depth = numbered.find(w("ilvl")) if numbered is not None else None
        indent = min(int(depth.get(w("val")) or 0), 8) if depth is not None else 0
        return "list", "  " * indent + "- " + " ".join(text.split()), 0
    return ("quote" if "quote" in style.lower() else "paragraph"), text, 0


def _table(table: Any, runs: Runs) -> str:
    """Rows as lines; a table in a cell is text of that cell."""
    lines = []
    for row in table.iter(w("tr")):
        if not _own(row, table) or runs.leave_out_row(row):
            continue
        cells = [
            " ".join(runs.text(cell, in_table=True).split())
            for cell in row.iter(w("tc"))
            if _own(cell, table)
        ]
        if any(cells):
            lines.append(" | ".join(cells))
    return "\n".join(lines)


def _own(element: Any, table: Any) -> bool:
    return next(element.iterancestors(w("tbl"))) is table


def _told(about: Any) -> Head:
    """Title and date; Word writes whatever it likes into both."""
    try:
        day = about.modified or about.created
        return Head(title=" ".join((about.title or "").split())[:300], updated=day.date() if day else None)
    except (ValueError, AttributeError, TypeError):
        return Head()


def _aside(document: Any) -> Iterator[str]:
    for part in document.part.package.iter_parts():
        stem = str(part.partname).rpartition("/")[2].removesuffix(".xml")
        if stem in _ASIDE and re.search(rb"<w:t[ >][^<]{0,50000}[^<\s]", part.blob):
            yield _ASIDE[stem]
