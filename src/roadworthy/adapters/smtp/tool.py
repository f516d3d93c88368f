"""A tool that sends mail: ``use: mail.send``.

| option | meaning |
|---|---|
| ``host``, ``port`` | the server that takes mail, named in ``hosts`` too |
| ``tls`` | ``implicit`` (port 465, default), ``starttls`` (587), ``none`` on this machine or network |
| ``from`` | whom the mail is from |
| ``subject`` | where the argument ``subject`` is left out |
| ``domains`` | the only domains that may be written to |
| ``max_bytes`` | of a whole mail (default 5,000,000) |
| ``imap`` | ``{host, port, tls, sent}``: the folder in which the server itself keeps what it sent |

Arguments: ``to`` and ``cc`` (an address, or a list), ``subject``, ``body``, ``attachments`` (a list of
``{name, text}`` or ``{name, base64}``), ``in_reply_to``.
"""

from __future__ import annotations

import base64
import binascii
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as CRLF
from email.utils import format_datetime
from typing import Any, Final, NamedTuple

from roadworthy.casework.effect import Idempotency
from roadworthy.charter import Tool, seconds
from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.ports.address import is_near
from roadworthy.ports.incoming import own_message_id
from roadworthy.ports.tooling import Secret

OPTIONS: Final = frozenset({"host", "port", "tls", "from", "subject", "domains", "max_bytes", "imap"})
ARGUMENTS: Final = frozenset({"to", "cc", "subject", "body", "attachments", "in_reply_to"})
MOST_RECIPIENTS: Final = 50
MOST_ATTACHMENTS: Final = 20
_LONGEST_SUBJECT: Final = 500
_MOST_BYTES: Final = 5_000_000
_PORTS: Final = {"implicit": 465, "starttls": 587, "none": 25}
# RFC 5321 as far as plain letters go: nothing here can end a line, a list or an address.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}){0,10}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){0,10}[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 _.()-]{0,99}")
_ID = re.compile(r"<?([!-;=?-~]{1,180}@[!-;=?-~]{1,180})>?")
_DOT = re.compile(rb"^\.", re.MULTILINE)
Reach = Callable[[str, int], list[str]]


class Server(NamedTuple):
    """Where mail is handed in; ``reach`` gives the addresses of its host that may be connected to."""

    host: str
    port: int
    tls: str
    timeout_s: float
    reach: Reach
    secret: Secret | None


class MailTool:
    """The port ``Connector``. ``asks``: whether a mail of this Message-ID lies among those that were sent."""

    def __init__(
        self, name: str, tool: Tool, server: Server, *,
        now: Callable[[], datetime], asks: Callable[[str], bool] | None,
    ) -> None:  # fmt: skip
        self._name = name
        self._server = server
        self._now = now
        self._asks = asks
        options = tool.options
        self._from = str(options["from"])
        self._subject = str(options.get("subject", ""))
        self._domains = frozenset(str(one).lower() for one in options.get("domains", ()))
        self._most = int(options.get("max_bytes", _MOST_BYTES))
        self._declared = frozenset(tool.arguments) or ARGUMENTS
        self.idempotency = Idempotency(tool.idempotency)

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        raise InputProblem("RW-MAIL-001", Problem("sends, and reads nothing", place=self._name))

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        id_ = self._id(key)
        message, recipients = self._written(id_, arguments)
        raw = message.as_bytes(policy=CRLF)
        if len(raw) > self._most:
            raise InputProblem(
                "RW-MAIL-001",
                Problem(f"the mail has {len(raw)} bytes, at most {self._most} are sent", place=self._name),
            )
        hand_in(self._server, self._from, recipients, raw)
        return {"message_id": f"<{id_}>", "recipients": len(recipients)}

    def lookup(self, key: str) -> Mapping[str, object] | None:
        if self._asks is None:
            raise InputProblem("RW-MAIL-001", Problem("is not asked about keys", place=self._name))
        id_ = self._id(key)
        return {"message_id": f"<{id_}>"} if self._asks(id_) else None

    def _id(self, key: str) -> str:
        return own_message_id(key, self._from.rpartition("@")[2])

    # ── what is written ──

    def _written(self, id_: str, given: Mapping[str, object]) -> tuple[EmailMessage, list[str]]:
        """Errors: ``InputProblem`` RW-MAIL-001, everything at once, without values."""
        problems = [
            Problem("there is no such argument", place=f"{self._name}.{name}"[:200])
            for name in given
            if name not in self._declared
        ]
        to, cc = (self._addresses(name, given.get(name), problems) for name in ("to", "cc"))
        if not to:
            problems.append(Problem("is missing", place=f"{self._name}.to"))
        if len(to) + len(cc) > MOST_RECIPIENTS:
            problems.append(Problem(f"more than {MOST_RECIPIENTS} recipients", place=self._name))
        subject = self._text("subject", given.get("subject", self._subject), problems)
        body = self._text("body", given.get("body", ""), problems)
        if not subject.isprintable() or len(subject) > _LONGEST_SUBJECT:
            problems.append(
                Problem(
                    f"expected one line of at most {_LONGEST_SUBJECT} characters",
                    place=f"{self._name}.subject",
                )
            )
        if not body and "body" not in given:
            problems.append(Problem("is missing", place=f"{self._name}.body"))
        answered = self._answered(given.get("in_reply_to"), problems)
        hanging = list(self._attachments(given.get("attachments"), problems))
        if problems:
            raise InputProblem("RW-MAIL-001", problems)
        message = EmailMessage(policy=CRLF)
        message["From"], message["To"], message["Subject"] = self._from, ", ".join(to), subject
        if cc:
            message["Cc"] = ", ".join(cc)
        message["Date"], message["Message-ID"] = format_datetime(self._now()), f"<{id_}>"
        if answered:
            message["In-Reply-To"] = message["References"] = f"<{answered}>"
        # Programs that answer mails leave those alone that programs wrote (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body.replace("\r\n", "\n").replace("\r", "\n"), cte="quoted-printable")
        for name, content in hanging:
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        return message, list(dict.fromkeys((*to, *cc)))

    def _addresses(self, name: str, value: object, problems: list[Problem]) -> list[str]:
        if value is None:
            return []
        given = list(value) if isinstance(value, list | tuple) else [value]
        place = f"{self._name}.{name}"
        found = [
            one for one in given if isinstance(one, str) and len(one) <= 254 and _ADDRESS.fullmatch(one)
        ]
        if len(found) < len(given):
            problems.append(
                Problem("expected plain mail addresses, such as `ada@example.com`", place=place)
            )
        if self._domains and any(one.rpartition("@")[2].lower() not in self._domains for one in found):
            problems.append(Problem("an address is of no domain that `domains` names", place=place))
        return found

    def _text(self, name: str, value: object, problems: list[Problem]) -> str:
        if isinstance(value, str) and "\x00" not in value and not re.search("[\ud800-\udfff]", value):
            return value
        problems.append(Problem("expected a text", place=f"{self._name}.{name}"))
        return ""

    def _answered(self, value: object, problems: list[Problem]) -> str:
        if value is None or value == "":
            return ""
        found = _ID.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            problems.append(Problem("expected a Message-ID", place=f"{self._name}.in_reply_to"))
        return found[1] if found else ""

    def _attachments(self, value: object, problems: list[Problem]) -> Iterator[tuple[str, bytes]]:
        given = value if isinstance(value, list | tuple) else ([] if value is None else [None])
        wrong = Problem("expected entries `{name, text}` or `{name, base64}`", f"{self._name}.attachments")
        if len(given) > MOST_ATTACHMENTS:
            problems.append(Problem(f"more than {MOST_ATTACHMENTS}", place=f"{self._name}.attachments"))
            return
        for one in given:
            name = one.get("name") if isinstance(one, Mapping) else None
            content = _content(one) if isinstance(one, Mapping) else None
            if not isinstance(name, str) or not _FILE_NAME.fullmatch(name) or content is None:
                problems.append(wrong)
                return
            yield name, content


def _content(entry: Mapping[Any, Any]) -> bytes | None:
    text, packed = entry.get("text"), entry.get("base64")
    if entry.keys() - {"name", "text", "base64"} or isinstance(text, str) == isinstance(packed, str):
        return None
    try:
        return text.encode() if isinstance(text, str) else base64.b64decode(str(packed), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None


# ── handing in ──


def hand_in(server: Server, sender: str, recipients: list[str], raw: bytes) -> None:
    """All recipients, or none.

    Errors: ``InputProblem`` RW-MAIL-002 where the server refuses for good, ``Unavailable`` RW-MAIL-003 where it does
    not take the mail now: safe to try again, except where the connection was lost after the mail had left.
    """
    left = False
    try:
        with _connected(server) as client:
            client.ehlo_or_helo_if_needed()
            if server.secret is not None:
                user, _, password = server.secret.value().partition(":")
                client.login(user, password)
            _agreed(*client.mail(sender))
            for one in recipients:
                _agreed(*client.rcpt(one))
            _agreed(*client.docmd("DATA"))
            body = _DOT.sub(b"..", raw)
            client.send(body if body.endswith(b"\r\n") else body + b"\r\n")
            # Up to here no server keeps it: a mail ends with the line that follows.
            left = True
            client.send(b".\r\n")
            status, _ = client.getreply()
            left = False
            _agreed(status, b"")
    except smtplib.SMTPResponseException as answer:
        raise _refused(answer.smtp_code) from None
    except smtplib.SMTPNotSupportedError:
        raise InputProblem(
            "RW-MAIL-002",
            "the mail server does not speak what is asked of it",
            hint="see that `tls` and `credential` fit",
        ) from None
    except (OSError, smtplib.SMTPException, ValueError) as fault:
        # What a server says may repeat addresses.
        raise Unavailable(
            "RW-MAIL-003",
            f"the mail server gives no answer: {type(fault).__name__}",
            retry_is_safe=not left,
            hint="see that the mail server runs",
        ) from None


def _agreed(status: int, _said: bytes) -> None:
    if not 200 <= status < 400:
        raise smtplib.SMTPResponseException(status, "")


def _refused(status: int) -> InputProblem | Unavailable:
    if 400 <= status < 500:
        return Unavailable("RW-MAIL-003", f"the mail server answers {status}", retry_is_safe=True)
    return InputProblem(
        "RW-MAIL-002",
        f"the mail server refuses: {status}",
        hint="see that `credential` fits"
        if status in {530, 534, 535, 538}
        else "see that the addresses exist",
    )


@contextmanager
def _connected(server: Server) -> Iterator[smtplib.SMTP]:
    """A connection that ends with the block, or when the whole time is over, whatever the server drips."""
    context = ssl.create_default_context()
    addresses = server.reach(server.host, server.port)

    class Named(smtplib.SMTP):
        def _get_socket(self, _host: str, port: int, timeout: float) -> socket.socket:
            plain = _first(addresses, port, timeout)
            if server.tls == "implicit":
                return context.wrap_socket(plain, server_hostname=server.host)
            return plain

    client = Named(timeout=server.timeout_s, local_hostname="roadworthy.invalid")
    late = threading.Timer(server.timeout_s, _cut, (client,))
    late.daemon = True
    late.start()
    try:
        client._host = server.host  # type: ignore[attr-defined]  # whose certificate STARTTLS asks for
        status, _ = client.connect(server.host, server.port)
        _agreed(status, b"")
        if server.tls == "starttls":
            client.ehlo_or_helo_if_needed()
            client.starttls(context=context)
        yield client
        with suppress(OSError, smtplib.SMTPException):
            client.quit()
    finally:
        late.cancel()
        client.close()


def _first(addresses: list[str], port: int, timeout: float) -> socket.socket:
    fault: OSError = ConnectionError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as problem:
            fault = problem
    raise fault


def _cut(client: smtplib.SMTP) -> None:
    if client.sock is not None:
        with suppress(OSError):
            client.sock.shutdown(socket.SHUT_RDWR)


# ── the declaration ──


def build(
    name: str, tool: Tool, *, reach: Reach, secret: Secret | None,
    now: Callable[[], datetime], asks: Callable[[str], bool] | None,
) -> MailTool:  # fmt: skip
    """The connector of a declared tool.

    Errors: ``InputProblem`` RW-TOOL-001 with everything about the declaration that does not fit.
    """
    place, options = f"tools.{name}", tool.options
    problems = [
        Problem(f"`mail.send` has no option `{one}`", f"{place}.options")
        for one in sorted(options.keys() - OPTIONS)
    ]
    tls = options.get("tls", "implicit")
    host, port = options.get("host"), options.get("port", _PORTS.get(str(tls), 0))
    if tls not in _PORTS:
        problems.append(Problem(f"expected one of {', '.join(_PORTS)}", f"{place}.options.tls"))
    if not isinstance(host, str) or not host or not isinstance(port, int) or not 0 < port < 65_536:
        problems.append(Problem("expected the mail server's `host`, and its `port`", f"{place}.options"))
    elif tls == "none" and not (host == "localhost" or is_near(host)):
        hint = "`implicit` or `starttls`"
        problems.append(Problem("mail would travel unencrypted", f"{place}.options.tls", hint=hint))
    if not isinstance(options.get("from"), str) or not _ADDRESS.fullmatch(options["from"]):
        problems.append(Problem("expected a mail address", f"{place}.options.from"))
    if not isinstance(options.get("subject", ""), str):
        problems.append(Problem("expected a text", f"{place}.options.subject"))
    if not isinstance(options.get("domains", []), list):
        problems.append(Problem("expected a list of domains", f"{place}.options.domains"))
    most = options.get("max_bytes", _MOST_BYTES)
    if not isinstance(most, int) or isinstance(most, bool) or not 0 < most <= 50_000_000:
        problems.append(Problem("expected a number of bytes", f"{place}.options.max_bytes"))
    problems += _of_use(name, tool, asked=asks is not None)
    if problems:
        raise InputProblem("RW-TOOL-001", problems)
    server = Server(str(host), int(str(port)), str(tls), seconds(tool.timeout), reach, secret)
    return MailTool(name, tool, server, now=now, asks=asks)


def _of_use(name: str, tool: Tool, *, asked: bool) -> Iterator[Problem]:
    place = f"tools.{name}"
    for field, names in (("control", tool.control), ("arguments", tool.arguments)):
        for one in names:
            if one not in ARGUMENTS:
                yield Problem(f"`mail.send` has no argument `{one}`", f"{place}.{field}")
    if not tool.writes:
        yield Problem("a mail leaves: its sink is `message`", f"{place}.sink")
    for one in sorted(({"to", "cc"} & (set(tool.arguments) or ARGUMENTS)) - set(tool.control)):
        hint = f"name `{one}` in `control`, or declare `arguments` without it"
        yield Problem(f"`{one}` decides where a mail goes", f"{place}.control", hint=hint)
    if tool.idempotency == "native":
        yield Problem("no mail server drops a repeated mail: `lookup` or `none`", f"{place}.idempotency")
    if tool.idempotency == "lookup" and not tool.lookup and not asked:
        hint = "name in `imap` the folder in which the server keeps what it sent"
        yield Problem("promises `lookup`", f"{place}.idempotency", hint=hint)
