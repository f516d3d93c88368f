"""A door for mail: LMTP from a mail server beside, or SMTP, received by ``aiosmtpd``.

One recipient at a time: LMTP answers for each of them apart, and the library does not.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from roadworthy.errors import Unavailable

# It logs commands, and with them addresses.
logging.getLogger("mail.log").setLevel(logging.ERROR)
MOST_WAITING: Final = 50
TIMEOUT_S: Final = 60.0
_LONGEST_LINE: Final = 16_384
_MOST_COMMANDS: Final = 200
_START_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What the sending server is told: ``later`` makes it try again, ``never`` makes it give the mail back."""

    verdict: str
    reason: str = ""


Take = Callable[[str, str, bytes], Taken]
"""Envelope sender, recipient, mail as it came: what became of it."""


class _Smtp(SMTP):
    line_length_limit = _LONGEST_LINE


class _Lmtp(LMTP):
    line_length_limit = _LONGEST_LINE


class _Handler:
    def __init__(self, takes: Callable[[str], bool], take: Take) -> None:
        self._takes = takes
        self._take = take
        self._working = asyncio.Semaphore(4)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if envelope.rcpt_tos:
            return "452 4.5.3 one recipient at a time"
        known = await asyncio.to_thread(self._takes, address)
        if not known:
            return "550 5.1.1 no such recipient here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 fine"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        async with self._working:
            try:
                taken = await asyncio.to_thread(
                    self._take, envelope.mail_from or "", envelope.rcpt_tos[0], content
                )
            except Exception as fault:  # noqa: BLE001 - whatever failed here, the sender still has the mail
                logging.getLogger("roadworthy.mail").error("a mail was not taken: %s", type(fault).__name__)
                return "451 4.3.0 try again later"
        if taken.verdict == "later":
            return f"451 4.3.2 {taken.reason or 'try again later'}"
        if taken.verdict == "never":
            return f"554 5.6.0 {taken.reason}"
        return "250 2.0.0 taken"


class MailDoor:
    """Listens in a thread of its own from ``start`` to ``stop``.

    ``takes`` says whether mails for an address are taken here, ``take`` takes one; both are called in threads.
    A mail is answered for after ``take`` has returned: where this process dies before, the sender sends it again.
    """

    def __init__(
        self, host: str, port: int, *, lmtp: bool, most_bytes: int, takes: Callable[[str], bool], take: Take
    ) -> None:
        self._place = (host, port)
        self._told = (lmtp, most_bytes, takes, take)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens; the free one that was found where 0 was asked for."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def start(self) -> None:
        """Errors: ``Unavailable`` RW-MAIL-012 where the address cannot be listened at."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail door", daemon=True)
        self._thread.start()
        try:
            self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_START_S)
        except OSError as problem:
            self.stop()
            raise Unavailable(
                "RW-MAIL-012",
                f"the mail door cannot listen at {self._place[0]}:{self._place[1]}: {problem.strerror or 'refused'}",
                retry_is_safe=True,
                hint="another program may listen there: `connectors.yaml` says where",
            ) from None

    def stop(self) -> None:
        """Close the door; what is under way is not answered for. Again: nothing happens."""
        loop, self._loop = self._loop, None
        if loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._close(), loop).result(_START_S)
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join(_START_S)
        loop.close()

    async def _listen(self) -> asyncio.Server:
        lmtp, most, takes, take = self._told
        loop = asyncio.get_running_loop()
        handler = _Handler(takes, take)
        kind = _Lmtp if lmtp else _Smtp

        def protocol() -> SMTP:
            return kind(
                handler,
                data_size_limit=most,
                hostname="roadworthy",
                ident="mail",
                timeout=TIMEOUT_S,
                command_call_limit=_MOST_COMMANDS,
                loop=loop,
            )

        return await loop.create_server(protocol, *self._place, backlog=MOST_WAITING)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        waiting = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
