"""What comes in from outside to become cases: mails, mailboxes, watched folders."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

_OWN: Final = re.compile(r"rw-[0-9a-f]{40}@[^@\s]{1,190}")


def own_message_id(key: str, domain: str) -> str:
    """The Message-ID, without brackets, of the mail that an effect sends: the same key gives the same for ever."""
    return f"rw-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}@{domain}"


def is_own_message_id(id_: str) -> bool:
    """Whether a mail of this Message-ID was sent by an installation such as this one."""
    return bool(_OWN.fullmatch(id_))


class Attachment(NamedTuple):
    """Something that hangs on a mail. ``text``: what could be read of it; empty where nothing was asked for or found."""

    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, opened. ``id``: its Message-ID, or a digest of all of it where that is no id.

    ``sender`` is what it says in From, where that is one address; ``proven``: the receiving server found it so.
    ``automatic``: why it is taken for one that a program wrote; ``refused``: why it never becomes a case, such as a bounce. ``unread``: why it could not be opened at all.
    """

    id: str
    sender: str = ""
    proven: bool = False
    subject: str = ""
    body: str = ""
    date: str = ""
    in_reply_to: str = ""
    attachments: tuple[Attachment, ...] = ()
    automatic: str = ""
    refused: str = ""
    unread: str = ""


class LetterOpener(Protocol):
    """Opens a mail as it was received."""

    def __call__(
        self, raw: bytes, *, authserv: str, envelope: str | None, read_attachments: bool
    ) -> Letter:
        """Never raises for what stands in it, and ends in bounded time and memory.

        ``authserv``: whose word on the sender counts. ``envelope``: who sent it by the envelope, empty for
        a bounce, None where that is not known.
        """


class Waiting(NamedTuple):
    """A mail that lies in a mailbox."""

    number: str
    size: int


class Mailbox(Protocol):
    """An open mailbox. Errors of everything here: ``Unavailable`` RW-MAIL-010, ``InputProblem`` RW-MAIL-011."""

    def waiting(self, *, most: int) -> tuple[Waiting, ...]:
        """What lies in it, the oldest first."""

    def read(self, number: str, *, most_bytes: int) -> bytes:
        """A mail, cut at ``most_bytes``. It stays unread."""

    def move(self, number: str, folder: str) -> None:
        """Put it elsewhere; a folder that is missing is made. Twice: nothing happens."""


class OpenMailbox(Protocol):
    """Opens the mailbox of an address."""

    def __call__(self) -> AbstractContextManager[Mailbox]: ...


class Record(NamedTuple):
    """What becomes one case: its number in the file from 1, its values, or why it is broken."""

    number: int
    values: Mapping[str, object]
    problem: str = ""


class DroppedFile(Protocol):
    """A file in a watched folder, held by this process alone."""

    name: str
    digest: str

    def records(self) -> Iterator[Record]:
        """What stands in it. Errors: ``InputProblem`` RW-FILE-010 where it cannot be read as a whole."""

    def done(self) -> None:
        """Put it among those that are done."""

    def reject(self, reason: str) -> None:
        """Put it among the rejected ones, with the reason beside it."""


class WatchedFolder(Protocol):
    """A folder into which others lay files."""

    def files(self, *, most: int) -> Iterator[AbstractContextManager[DroppedFile | None]]:
        """Those that are complete, by name; None for one that somebody else holds or took away.

        Errors: ``Unavailable`` RW-FILE-011 where the folder cannot be used.
        """
