"""Stand-ins of receivers of alerts: they check what they are told as the real ones would, and write down when."""

from __future__ import annotations

import json
import re
import socketserver
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from roadworthy.adapters.rehearsal.provider import PostStandIn, StandIn
from roadworthy.ports.rehearsing import Gone
from roadworthy.webhooks import signature

_MESSAGE_ID = re.compile(r"(?im)^message-id: *<([^@>]{1,100})@")
_STATE = re.compile(r"(?im)^subject: *\[([A-Z]{1,20})\]")
_MOST_LINES = 10_000


class ReceiverStandIn(StandIn):
    """The port ``AlertStandIn``, without what its kind is told."""

    kind = ""

    def __init__(self, name: str) -> None:
        self.name = name
        self._taken: list[tuple[float, str, str]] = []
        super().__init__()

    def taken(self) -> tuple[tuple[float, str, str], ...]:
        """What it took: when, the state told, and by which id it knows repeats."""
        return tuple(self._taken)

    def take(self, state: str, known_by: str) -> None:
        """Write it down."""
        self._taken.append((time.time(), state, known_by))


class WebhookStandIn(ReceiverStandIn, PostStandIn):
    """Takes webhooks whose signature is right."""

    kind = "webhook"

    def __init__(self, name: str, secret: bytes) -> None:
        self._secret = secret
        super().__init__(name)

    @property
    def address(self) -> str:
        """Its ``url``."""
        return f"http://127.0.0.1:{self.port}/hook"

    def answer(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Errors: ``ValueError`` for a wrong signature, as a receiver that checks it."""
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        if headers["webhook-signature"] != signature(self._secret, headers["webhook-id"], at, body):
            raise ValueError("the signature is wrong")
        self.take(json.loads(body)["data"]["state"], headers["webhook-id"])
        return b"{}"


class AlertmanagerStandIn(ReceiverStandIn, PostStandIn):
    """Takes alerts by version 2 of Alertmanager's API; labels tell one from another."""

    kind = "alertmanager"

    @property
    def address(self) -> str:
        """Its ``url``."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Errors: ``ValueError`` for what is no alert."""
        for told in json.loads(body):
            ended = datetime.fromisoformat(told["endsAt"]) <= datetime.now(UTC)
            state = "resolved" if ended else "firing"
            self.take(state, f"{told['labels']['key']}/{state}")
        return b"{}"


class MailStandIn(ReceiverStandIn):
    """Takes mail: as much of SMTP (RFC 5321) as handing in needs, unencrypted and without signing in."""

    kind = "smtp"

    def mail(self, lines: list[str]) -> None:
        """One message that was handed in."""
        head = "".join(lines).partition("\n\n")[0]
        state, known_by = _STATE.search(head), _MESSAGE_ID.search(head)
        self.take(state[1].lower() if state else "", known_by[1] if known_by else "")

    def handler(self) -> type[socketserver.BaseRequestHandler]:
        """Speaks SMTP."""
        stand_in = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                how = stand_in.met()
                if how is not None:
                    if how is Gone.FAILING:
                        self._say("421 a drill")
                    return
                self._say("220 a drill")
                for raw in self.rfile:
                    word = raw[:4].upper()
                    if word == b"DATA":
                        self._say("354 go on")
                        stand_in.mail(self._message())
                        self._say("250 taken")
                    elif word == b"QUIT":
                        self._say("221 bye")
                        return
                    else:
                        self._say("250 fine")

            def _message(self) -> list[str]:
                lines: list[str] = []
                for raw in self.rfile:
                    if raw == b".\r\n" or len(lines) > _MOST_LINES:
                        break
                    lines.append(raw.decode("utf-8", "replace").replace("\r\n", "\n"))
                return lines

            def _say(self, text: str) -> None:
                self.wfile.write(f"{text}\r\n".encode())

        return Handler
