"""The text of PDF files page by page. Pictures are not read."""

from __future__ import annotations

import io
import logging
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from roadworthy.adapters.pypdf.invisible import parted
from roadworthy.knowledge import Block, Finding, FindingKind
from roadworthy.knowledge.draft import Draft, quoted
from roadworthy.knowledge.head import Head
from roadworthy.operate.knowledge.packages import needed

MOST_PAGES: Final = 3_000
LONGEST_S: Final = 60.0
MOST_CHARACTERS: Final = 20_000_000
_MOST_OF_PAGE: Final = 10_000_000
"""Bytes of one stream, unpacked."""
_NO_TITLE = re.compile(
    r"(?i)^(?:untitled|document\d*|microsoft (?:word|powerpoint|excel) ?-.*|.*\.(?:docx?|pptx?|xlsx?|pdf|indd|tex|dvi|odt))$"
)
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010]\n(?=[a-zà-ÿ])")
_ENDS = (".", "!", "?", ":", ".”", '."')


_BOUNDS: Final[Mapping[str, Any]] = {
    "maximum_declared_stream_length": 60_000_000,
    "array_based_stream_maximum_output_length": _MOST_OF_PAGE,
    "zlib_maximum_output_length": _MOST_OF_PAGE,
    "lzw_maximum_output_length": _MOST_OF_PAGE,
    "run_length_maximum_output_length": _MOST_OF_PAGE,
    "stream_decoding_work_maximum_length": 4 * _MOST_OF_PAGE,
    "stream_parsing_work_maximum_count": 1_000_000,
    "xform_maximum_invocations_per_extraction": 500,
    "page_tree_maximum_entries": 20_000,
    "jbig2dec_binary": None,
    "disable_legacy_handling": True,
}
"""Far above what the text of real pages needs, far below what harms."""


class _TooLong(Exception):
    """A page takes more time than there is."""


class PdfReader:
    """What a PDF shows as text. Text that is drawn invisibly is left out and told.

    That includes the text that scanning programs put behind their pictures: nobody has compared it with them.
    """

    @property
    def kinds(self) -> Mapping[str, int]:
        return {".pdf": 50_000_000}

    def read(self, name: str, data: bytes) -> Draft | tuple[Finding, ...]:
        pypdf = needed("pypdf", what="PDF files")
        logging.getLogger("pypdf").setLevel(logging.CRITICAL)
        with pypdf.apply_configuration(**_BOUNDS):
            try:
                document = pypdf.PdfReader(io.BytesIO(data), strict=False)
                if document.is_encrypted and not document.decrypt(""):
                    return (Finding("encrypted", name, "it is encrypted; save a copy without a password"),)
                pages = len(document.pages)
            except Exception as fault:  # noqa: BLE001 - pypdf raises whatever a broken file makes its code stumble over
                return (_broken(name, fault),)
            return _Pages(name, document, pages, time.monotonic() + LONGEST_S).draft()


class _Pages:
    """The pages of one document while they are read."""

    def __init__(self, name: str, document: Any, pages: int, until: float) -> None:
        self._name, self._document, self._pages, self._until = name, document, pages, until
        self._blocks: list[Block] = []
        self._findings: list[Finding] = []
        self._size = 0

    def draft(self) -> Draft | tuple[Finding, ...]:
        empty = 0
        for number in range(1, min(self._pages, MOST_PAGES) + 1):
            before = len(self._blocks), len(self._findings)
            if not self._goes_on(number):
                break
            empty += (len(self._blocks), len(self._findings)) == before
        if self._pages > MOST_PAGES:
            self._say("too-large", f"read the first {MOST_PAGES} of {self._pages} pages")
        if empty and self._blocks:
            self._say("empty", f"{empty} of {self._pages} pages have no text; pictures are not read")
        if not self._blocks and not any(each.kind in ("broken", "too-large") for each in self._findings):
            self._say("empty", "none of its pages has text that is seen; pictures are not read")
        if not self._blocks:
            return tuple(self._findings[:30])
        return Draft(self._blocks, told=_told(self._document), findings=self._findings[:30])

    def _goes_on(self, number: int) -> bool:
        """Read a page; False where that was the last one that there is time or room for."""
        try:
            text, hidden = _page(self._document, number - 1, self._until)
        except _TooLong:
            self._say("too-large", f"reading it took longer than {LONGEST_S:.0f} s: it ends here", number)
            return False
        except Exception as fault:  # noqa: BLE001 - as above; the other pages may be whole
            self._findings.append(_broken(self._name, fault, number))
            return len(self._findings) < 100
        if hidden:
            self._say("hidden", f"left out, drawn invisibly: `{quoted(hidden)}`", number)
        self._size += len(text)
        if self._size > MOST_CHARACTERS:
            self._say("too-large", f"found more than {MOST_CHARACTERS} characters", number)
            return False
        self._blocks += _paragraphs(text, number)
        return True

    def _say(self, kind: FindingKind, detail: str, page: int = 0) -> None:
        self._findings.append(Finding(kind, self._name, detail, f"page {page}" if page else ""))


def _page(document: Any, index: int, until: float) -> tuple[str, str]:
    """Text that is seen, and text that is drawn invisibly."""

    def in_time(*_: object) -> None:
        if time.monotonic() > until:
            raise _TooLong

    in_time()
    shown, hidden = parted(document, document.pages[index])
    text = shown.extract_text(visitor_operand_before=in_time)
    # Inside of forms pypdf passes over what a visitor raises.
    in_time()
    return text, hidden.extract_text(visitor_operand_before=in_time).strip() if hidden is not None else ""


def _paragraphs(text: str, page: int) -> Iterator[Block]:
    """Lines joined where a sentence goes on. A short line that ends one ends a paragraph."""
    lines = [line.rstrip() for line in _HYPHEN.sub("", text).split("\n")]
    widths = sorted(len(line) for line in lines if line.strip())
    short = widths[len(widths) * 3 // 4] * 0.7 if widths else 0
    current: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            current.append(line.strip())
        if current and (not line.strip() or (line.endswith(_ENDS) and len(line) < short)):
            yield Block("paragraph", "\n".join(current), page=page)
            current = []


def _told(document: Any) -> Head:
    try:
        about = document.metadata
        title = " ".join(str(about.title or "").split())[:300] if about else ""
        day = (about.modification_date or about.creation_date) if about else None
    except Exception:  # noqa: BLE001 - as above; who needs them states them
        return Head()
    return Head(title="" if _NO_TITLE.match(title) else title, updated=day.date() if day else None)


def _broken(name: str, fault: Exception, page: int = 0) -> Finding:
    said = quoted(str(fault)) or type(fault).__name__
    kind: FindingKind = "too-large" if type(fault).__name__ == "LimitReachedError" else "broken"
    what = "unpacks to more than is read" if kind == "too-large" else "cannot be read as PDF"
    return Finding(kind, name, f"{what}: {said}", f"page {page}" if page else "")
