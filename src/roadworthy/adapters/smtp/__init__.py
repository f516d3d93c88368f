"""Mail through a server that takes it: alerts, and what effects send."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from roadworthy.adapters.smtp.tool import MailTool, build
from roadworthy.alerting import Alert
from roadworthy.alerting.messages import mail
from roadworthy.errors import Unavailable
from roadworthy.ports.watching import Notice

__all__ = ["Mail", "MailServer", "MailTool", "build"]

TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. ``tls``: ``implicit`` (port 465), ``starttls``, or ``none`` on this machine."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = ""


class Mail:
    """The ports ``Channel`` and ``Mailer``. A mail that is sent again has the same id, by which readers know it."""

    refresh_s = 0.0

    def __init__(self, name: str, server: MailServer, *, sender: str, to: Sequence[str]) -> None:
        self.name = name
        self._server = server
        self._sender = sender
        self._to = tuple(to)

    def send(self, notice: Notice, alert: Alert, *, at: datetime) -> None:
        subject, text = mail(alert)
        message = self._letter(", ".join(self._to), subject, text, notice.id, at)
        # Mails about one alert are one conversation.
        message["References"] = f"<{alert.id}@roadworthy.invalid>"
        self._hand_in(message)

    def post(self, *, to: str, subject: str, text: str, id_: str, at: datetime) -> None:
        """The port ``Mailer``: a letter to one person."""
        self._hand_in(self._letter(to, subject, text, id_, at))

    def _letter(self, to: str, subject: str, text: str, id_: str, at: datetime) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = subject
        message["From"] = self._sender
        message["To"] = to
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{id_}@roadworthy.invalid>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

    def _hand_in(self, message: EmailMessage) -> None:
        try:
            self._give(message)
        except (OSError, smtplib.SMTPException) as fault:
            # What a server answers may repeat addresses.
            raise Unavailable(
                "RW-ALERT-010",
                f"the mail server does not take it: {type(fault).__name__}",
                retry_is_safe=True,
            ) from None

    def _give(self, message: EmailMessage) -> None:
        server = self._server
        context = ssl.create_default_context()
        if server.tls == "implicit":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=TIMEOUT_S, context=context
            )
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
        with client:
            if server.tls == "starttls":
                client.starttls(context=context)
            if server.user:
                client.login(server.user, server.password)
            client.send_message(message)
