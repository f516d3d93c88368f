"""A mail as it was received: who says what, whether a program wrote it, and what hangs on it."""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.message import EmailMessage, MIMEPart
from typing import Any, Final

from roadworthy.adapters.mail.authenticity import is_proven
from roadworthy.adapters.mail.reader import FAULTS, bounded
from roadworthy.knowledge import Block
from roadworthy.knowledge.draft import Draft, quoted
from roadworthy.ports.incoming import Attachment, Letter, is_own_message_id
from roadworthy.ports.knowledge import DocumentReader

MOST_PARTS: Final = 200
MOST_FIELDS: Final = 20_000
"""Of header fields, and of lines in texts that look like one."""

DEEPEST: Final = 10
MOST_HOPS: Final = 50
MOST_ATTACHMENTS: Final = 10
MOST_CHARACTERS: Final = 200_000
"""Of an attachment's text."""

_MOST_WORK: Final = 8_000_000
"""Lines times parts in parts: the standard library compares every line with every boundary around it."""
_FIELD = re.compile(rb"[\r\n][!-9;-~]{1,76}:")
_ID = re.compile(r"<([!-;=?-~]{1,180})>")
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,10}"
)
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_REPLIES: Final = ("x-autoreply", "x-autorespond", "x-auto-reply")


class MailOpener:
    """The port ``LetterOpener``. ``mail`` reads the text of a message, ``readers`` what hangs on it."""

    def __init__(self, mail: DocumentReader, readers: Sequence[DocumentReader]) -> None:
        self._mail = mail
        self._readers = {
            ending: (reader, most)
            for reader in readers
            if reader is not mail
            for ending, most in reader.kinds.items()
        }

    def __call__(
        self, raw: bytes, *, authserv: str, envelope: str | None, read_attachments: bool
    ) -> Letter:
        digest = f"mail-{hashlib.sha256(raw).hexdigest()[:40]}"
        if wrong := _too_much(raw):
            return Letter(digest, unread=wrong)
        try:
            message = email.message_from_bytes(raw, policy=bounded())
            assert isinstance(message, EmailMessage)
            if wrong := _too_deep(message):
                return Letter(_id(message) or digest, unread=wrong)
            return self._opened(raw, message, digest, authserv, envelope, read_attachments)
        except FAULTS:
            return Letter(digest, unread="it cannot be read as an e-mail message")

    def _opened(
        self, raw: bytes, message: EmailMessage, digest: str,
        authserv: str, envelope: str | None, read_attachments: bool,
    ) -> Letter:  # fmt: skip
        id_, sender = _id(message), _sender(message)
        results = [str(one) for one in message.get_all("authentication-results", [])]
        body, wrong = self._body(raw)
        return Letter(
            id=id_ or digest,
            sender=sender,
            proven=is_proven(results, authserv=authserv, sender=sender),
            subject=_text(message, "subject")[:998],
            body=body,
            date=_date(message),
            in_reply_to=_id(message, "in-reply-to"),
            attachments=tuple(self._attachments(message, read=read_attachments)),
            automatic=_automatic(message),
            refused=_refused(message, id_, envelope),
            unread=wrong,
        )

    def _body(self, raw: bytes) -> tuple[str, str]:
        """The text, and why there is none."""
        draft = self._mail.read("mail.eml", raw)
        if isinstance(draft, Draft):
            return _plain(draft.blocks), ""
        empty = any(finding.kind == "empty" for finding in draft)
        return "", "" if empty else "its text cannot be read"

    def _attachments(self, message: EmailMessage, *, read: bool) -> Iterator[Attachment]:
        for number, part in enumerate(message.iter_attachments()):
            if number >= MOST_ATTACHMENTS:
                yield Attachment("further ones are not listed")
                return
            name = quoted(part.get_filename() or part.get_content_type())[:200]
            yield Attachment(name, self._read(part) if read else "")

    def _read(self, part: MIMEPart) -> str:
        name = (part.get_filename() or "").lower()
        known = self._readers.get(f".{name.rpartition('.')[2]}")
        content = part.get_payload(decode=True)
        if known is None or not isinstance(content, bytes) or len(content) > known[1]:
            return ""
        draft = known[0].read(f"attachment.{name.rpartition('.')[2]}", content)
        return _plain(draft.blocks)[:MOST_CHARACTERS] if isinstance(draft, Draft) else ""


def _plain(blocks: Sequence[Block]) -> str:
    return "\n\n".join(
        "\n".join(f"> {line}" for line in block.text.split("\n")) if block.kind == "quote" else block.text
        for block in blocks
    )


def _too_much(raw: bytes) -> str:
    """Why it is not even parsed: what takes a short mail to write must not take minutes to read."""
    low = raw.lower()
    nested = low.count(b"multipart/") + low.count(b"message/")
    lines = raw.count(b"\n") + raw.count(b"\r")
    if sum(1 for _ in _FIELD.finditer(raw)) > MOST_FIELDS:
        return f"it has more than {MOST_FIELDS} header fields"
    if nested > MOST_PARTS or lines * (nested + 1) > _MOST_WORK:
        return "it holds more parts in parts than a mail has"
    return ""


def _too_deep(message: EmailMessage) -> str:
    waiting: list[tuple[object, int]] = [(message, 1)]
    seen = 0
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        if seen > MOST_PARTS:
            return f"it has more than {MOST_PARTS} parts"
        if depth > DEEPEST:
            return f"its parts are nested deeper than {DEEPEST}"
        inside = part.get_payload() if isinstance(part, MIMEPart) and part.is_multipart() else ()
        waiting += [(one, depth + 1) for one in inside]
    return ""


def _sender(message: EmailMessage) -> str:
    """The one address in From; empty where there is none, or more than one."""
    headers = message.get_all("from", [])
    addresses: Sequence[Any] = getattr(headers[0], "addresses", ()) if len(headers) == 1 else ()
    found = addresses[0].addr_spec.lower() if len(addresses) == 1 else ""
    return found if _ADDRESS.fullmatch(found) else ""


def _refused(message: EmailMessage, id_: str, envelope: str | None) -> str:
    """Why it never becomes a case: an answer to it, or a case of it, could go on for ever."""
    returned = message.get_all("return-path", [])
    if envelope == "" or (envelope is None and returned and str(returned[0]).strip() == "<>"):
        return "it is a bounce: its envelope names no sender"
    if message.get_content_type() == "multipart/report":
        return "it is a report on another mail"
    if is_own_message_id(id_):
        return "it was sent from here: a loop"
    if len(message.get_all("received", [])) > MOST_HOPS:
        return f"it passed more than {MOST_HOPS} servers: a loop"
    return ""


def _automatic(message: EmailMessage) -> str:
    """Why it is taken for written by a program (RFC 3834, section 5)."""
    marked = _text(message, "auto-submitted").partition(";")[0].strip().lower()
    if marked not in {"", "no"}:
        return f"it says `Auto-Submitted: {quoted(marked)[:60]}`"
    precedence = _text(message, "precedence").strip().lower()
    if precedence in _BULK:
        return f"it says `Precedence: {precedence}`"
    found = next((name for name in _REPLIES if message.get(name) is not None), "")
    return f"it has the header `{found}`" if found else ""


def _id(message: EmailMessage, header: str = "message-id") -> str:
    found = _ID.search(_text(message, header))
    return found[1] if found else ""


def _date(message: EmailMessage) -> str:
    try:
        found = getattr(message.get("date"), "datetime", None)
    except FAULTS:
        return ""
    return found.date().isoformat() if isinstance(found, datetime) else ""


def _text(message: EmailMessage, header: str) -> str:
    try:
        return " ".join(str(message.get(header, "")).split())
    except FAULTS:
        return ""
