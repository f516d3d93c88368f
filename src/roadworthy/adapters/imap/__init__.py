"""Mailboxes over IMAP (RFC 3501, moving by RFC 6851), with the standard library's client."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.ports.incoming import Waiting

TIMEOUT_S: Final = 30.0
_WHOLE_S: Final = 300.0
_SIZE = re.compile(
    rb"\bUID (\d{1,10})\b.{0,100}\bRFC822\.SIZE (\d{1,12})|\bRFC822\.SIZE (\d{1,12}).{0,100}\bUID (\d{1,10})\b"
)
_FAULTS = (imaplib.IMAP4.error, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Account:
    """Where a mailbox is. ``tls``: ``implicit``, ``starttls`` or ``none``. ``login`` gives user and password, now.

    ``reach`` gives the addresses of the host that may be connected to.
    """

    host: str
    port: int
    tls: str
    login: Callable[[], tuple[str, str]]
    reach: Callable[[str, int], list[str]]


class ImapMailbox:
    """The port ``Mailbox``: one folder of an open connection."""

    def __init__(self, client: imaplib.IMAP4) -> None:
        self._client = client
        self._made: set[str] = set()
        self._moves: bool | None = None

    def waiting(self, *, most: int) -> tuple[Waiting, ...]:
        numbers = self._said("the mails cannot be listed", self._client.uid("SEARCH", "UNDELETED"))
        first = b" ".join(one for one in numbers if isinstance(one, bytes)).split()[:most]
        if not first:
            return ()
        told = self._said(
            "the mails cannot be listed",
            self._client.uid("FETCH", b",".join(first).decode("ascii"), "(UID RFC822.SIZE)"),
        )
        found = [_SIZE.search(line) for line in told if isinstance(line, bytes)]
        sizes = {int(one[1] or one[4]): int(one[2] or one[3]) for one in found if one}
        return tuple(Waiting(str(number), size) for number, size in sorted(sizes.items()))

    def read(self, number: str, *, most_bytes: int) -> bytes:
        told = self._said(
            "a mail cannot be read", self._client.uid("FETCH", number, f"(BODY.PEEK[]<0.{most_bytes}>)")
        )
        parts = [part[1] for part in told if isinstance(part, tuple) and isinstance(part[1], bytes)]
        if not parts:
            raise _away("a mail is no longer there")
        return parts[0][:most_bytes]

    def move(self, number: str, folder: str) -> None:
        quoted = _quoted(folder)
        if folder not in self._made:
            # It is there already: the server says no, and moving tells.
            self._client.create(quoted)
            self._made.add(folder)
        if self._moves is None:
            # What it can do is told anew to those whom it let in.
            told = self._said("the server does not say what it can do", self._client.capability())
            self._moves = (
                b"MOVE" in b" ".join(one for one in told if isinstance(one, bytes)).upper().split()
            )
        if self._moves:
            self._said("a mail cannot be moved", self._client.uid("MOVE", number, quoted))
            return
        self._said("a mail cannot be moved", self._client.uid("COPY", number, quoted))
        self._said("a mail cannot be moved", self._client.uid("STORE", number, "+FLAGS", r"(\Deleted)"))

    def holds(self, message_id: str) -> bool:
        """Whether a mail of this Message-ID lies in the folder."""
        told = self._said(
            "the folder cannot be searched",
            self._client.uid("SEARCH", "UNDELETED", "HEADER", "Message-ID", _quoted(message_id)),
        )
        return bool(b" ".join(one for one in told if isinstance(one, bytes)).split())

    @staticmethod
    def _said(trouble: str, answer: tuple[str, list[Any]]) -> list[Any]:
        if answer[0] != "OK":
            raise _away(trouble)
        return answer[1]


@contextmanager
def open_mailbox(account: Account, folder: str, *, readonly: bool = False) -> Iterator[ImapMailbox]:
    """A folder, open. What is marked as deleted in it by moving goes when it is closed.

    Errors: ``Unavailable`` RW-MAIL-010 where the server gives no answer, ``InputProblem`` RW-MAIL-011 where it does
    not let in or knows no such folder. A server that dribbles is left after five minutes.
    """
    client = None
    try:
        client = _connected(account)
        late = threading.Timer(_WHOLE_S, _cut, (client.sock,))
        late.daemon = True
        late.start()
        try:
            _let_in(client, account)
            if client.select(_quoted(folder), readonly=readonly)[0] != "OK":
                raise _refused("the mail server has no folder of that name", "folder")
            yield ImapMailbox(client)
            client.close()
        finally:
            late.cancel()
    except _FAULTS as fault:
        # What a server says may repeat names and addresses.
        raise _away(f"the mail server gives no answer: {type(fault).__name__}") from None
    finally:
        if client is not None:
            with suppress(*_FAULTS):
                client.logout()


def _cut(connection: socket.socket) -> None:
    """End the connection under whoever reads from it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _connected(account: Account) -> imaplib.IMAP4:
    fault: OSError = ConnectionError("no address")
    for address in account.reach(account.host, account.port):
        try:
            return _to(address, account)
        except OSError as problem:
            fault = problem
    raise fault


def _to(address: str, account: Account) -> imaplib.IMAP4:
    """Connect to this very address; the certificate is that of the name."""
    context = ssl.create_default_context()

    class Named(imaplib.IMAP4):
        def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
            super().open(address, port, timeout)
            self.host = account.host

        def _create_socket(self, timeout: float | None) -> Any:
            plain = super()._create_socket(timeout)  # type: ignore[misc]
            if account.tls != "implicit":
                return plain
            return context.wrap_socket(plain, server_hostname=account.host)

    client = Named(address, account.port, TIMEOUT_S)
    if account.tls == "starttls":
        client.starttls(context)
    return client


def _let_in(client: imaplib.IMAP4, account: Account) -> None:
    user, password = account.login()
    try:
        client.login(_quoted(user), password)
    except client.abort:
        raise
    except client.error:
        raise _refused("the mail server does not let in", "credential") from None


def _quoted(text: str) -> str:
    """A string of IMAP. Errors: ``InputProblem`` RW-MAIL-011 for what none can hold."""
    if not (text.isascii() and text.isprintable()):
        raise _refused("expected a name of plain letters", "folder")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _away(reason: str) -> Unavailable:
    return Unavailable("RW-MAIL-010", reason, retry_is_safe=True, hint="see that the mail server runs")


def _refused(reason: str, place: str) -> InputProblem:
    return InputProblem("RW-MAIL-011", Problem(reason, place=place))
