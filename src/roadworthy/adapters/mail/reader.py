"""One message: its subject, its date, what it says, and what hangs on it."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from email.message import EmailMessage, MIMEPart
from itertools import groupby

from roadworthy.knowledge import Block, Finding
from roadworthy.knowledge.draft import Draft, quoted
from roadworthy.knowledge.head import Head
from roadworthy.ports.knowledge import Decoded, Decoder, DocumentReader

FAULTS = (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError)
"""What the standard library's parser raises for malformed messages."""
_MOST_ATTACHMENTS = 20
_MOST_PARTS = 1000
_LONGEST_FIELD = 4_000
_SURPLUS = 0.3
"""Share of a text's words that its page need not have, such as those of signatures and marks of links."""
_FEW = 8
_WORD = re.compile(r"\w+")
_ADDRESS = re.compile(r"(?:https?://|www\.|mailto:)\S+", re.IGNORECASE)
_LOOKED_AT = frozenset(
    {
        *("subject", "from", "date", "to", "mime-version"),
        *("content-type", "content-disposition", "content-transfer-encoding"),
    }
)


def bounded() -> email.policy.EmailPolicy:
    """Header fields are parsed in quadratic time: those that are looked at are bounded, the others are cut."""
    work = [0]

    class Bounded(email.policy.EmailPolicy):
        def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
            name, value = super().header_source_parse(sourcelines)
            if name.strip().lower() not in _LOOKED_AT:
                return name, value[:_LONGEST_FIELD]
            work[0] += len(value) ** 2
            if len(value) > _LONGEST_FIELD or work[0] > 2 * _LONGEST_FIELD**2:
                raise ValueError(f"a header field of {len(value)} characters")
            return name, value

    return Bounded()


class MailReader:
    """The text of a message, or its HTML where it has no text. Attachments are told, not read.

    Whoever sent it is outside: every message is untrusted.
    """

    def __init__(self, decode: Decoder, html: DocumentReader) -> None:
        self._decode = decode
        self._html = html

    @property
    def kinds(self) -> Mapping[str, int]:
        return {".eml": 25_000_000}

    def read(self, name: str, data: bytes) -> Draft | tuple[Finding, ...]:
        try:
            # Each part needs a line of its own: what has more is no letter, and parts in parts are parsed recursively.
            if data.count(b"\n--") > _MOST_PARTS * 20 or data.lower().count(b"multipart/") > 100:
                return (Finding("broken", name, "holds more parts than a message has"),)
            message = email.message_from_bytes(data, policy=bounded())
            assert isinstance(message, EmailMessage)
            return self._draft(name, message)
        except FAULTS as fault:
            return (Finding("broken", name, f"cannot be read as an e-mail message: {quoted(str(fault))}"),)

    def _draft(self, name: str, message: EmailMessage) -> Draft | tuple[Finding, ...]:
        findings = list(_attachments(name, message))
        told = Head(
            title=_header(message, "subject"), origin=_header(message, "from"), updated=_sent(message)
        )
        plain, html = message.get_body(("plain",)), message.get_body(("html",))
        if plain is None and html is None:
            if not any(_header(message, each) for each in ("subject", "from", "date", "to")):
                return (Finding("broken", name, "is no e-mail message"),)
            return (*findings, Finding("empty", name, "the message has no text"))
        if plain is not None and not _alternative(message):
            html = None
        page = self._page(name, html) if html is not None else ()
        if plain is None:
            return self._of_page(page, told, findings)
        decoded = self._text(plain)
        if isinstance(decoded, str):
            return (*findings, Finding("broken", name, decoded))
        if decoded.doubt:
            findings.append(Finding("encoding", name, decoded.doubt))
        blocks = list(_blocks(decoded.text))
        if html is not None and isinstance(page, tuple):
            findings += [
                Finding("unread", name, "its page of HTML cannot be compared with its text"),
                *page,
            ]
        elif isinstance(page, Draft) and (other := _other(blocks, page.blocks)):
            # Programs for mail show the page: the text may say to a model what nobody reads.
            said = f"left out, its text says other things than its page: `{quoted(other)}`"
            return self._of_page(page, told, [*findings, Finding("hidden", name, said)])
        return Draft(blocks, told=told, findings=findings, foreign=True)

    def _text(self, part: MIMEPart) -> Decoded | str:
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else str(content or "").encode("utf-8", "replace")
        return self._decode(data, stated=part.get_content_charset() or "")

    def _page(self, name: str, part: MIMEPart) -> Draft | tuple[Finding, ...]:
        decoded = self._text(part)
        if isinstance(decoded, str):
            return (Finding("broken", name, decoded),)
        page = self._html.read(name, decoded.text.encode("utf-8", "replace"))
        if isinstance(page, Draft) and decoded.doubt:
            return replace(page, findings=[Finding("encoding", name, decoded.doubt), *page.findings])
        return page

    @staticmethod
    def _of_page(
        page: Draft | tuple[Finding, ...], told: Head, findings: list[Finding]
    ) -> Draft | tuple[Finding, ...]:
        if isinstance(page, tuple):
            return (*findings, *page)
        return replace(page, head=Head(), told=told, findings=[*findings, *page.findings], foreign=True)


def _alternative(message: EmailMessage) -> bool:
    """Whether a message says the same twice, so that people are shown one of the two."""
    return any(part.get_content_type() == "multipart/alternative" for part in message.walk())


def _other(text: Sequence[Block], page: Sequence[Block]) -> str:
    """What the text of a message says and its page does not; empty where both say much the same."""
    shown = {word for block in page for word in _words(block.text)}
    said: set[str] = set()
    first = ""
    for block in text:
        words = _words(block.text)
        said |= words
        if len(words) >= _FEW and len(words - shown) > len(words) / 2:
            return block.text
        first = first or (block.text if words - shown else "")
    return first if len(said - shown) > len(said) * _SURPLUS else ""


def _words(text: str) -> set[str]:
    """Addresses of pages are left out: a page shows words in their place."""
    return set(_WORD.findall(_ADDRESS.sub(" ", text).casefold()))


def _attachments(name: str, message: EmailMessage) -> Iterator[Finding]:
    for number, part in enumerate(message.iter_attachments()):
        if number >= _MOST_ATTACHMENTS:
            yield Finding("unread", name, "further attachments are not listed")
            return
        called = quoted(part.get_filename() or part.get_content_type())
        yield Finding("unread", name, f"the attachment `{called}` is not read")


def _header(message: EmailMessage, field: str) -> str:
    try:
        return " ".join(str(message.get(field, "")).split())[:300]
    except FAULTS:
        return ""


def _sent(message: EmailMessage) -> date | None:
    try:
        found = getattr(message.get("date"), "datetime", None)
    except FAULTS:
        return None
    return found.date() if isinstance(found, datetime) else None


def _blocks(text: str) -> Iterator[Block]:
    """Paragraphs; what is repeated of earlier messages, line by line behind `>`, is a quote."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for (is_quote, is_blank), run in groupby(
        lines, key=lambda line: (line.startswith(">"), not line.strip())
    ):
        if is_blank:
            continue
        content = "\n".join(line.lstrip("> ") if is_quote else line for line in run)
        if content.strip():
            yield Block("quote" if is_quote else "paragraph", content)
