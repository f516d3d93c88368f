"""Mails as they are received, for tests."""

from roadworthy.adapters.mail import MailOpener, MailReader
from roadworthy.wiring.knowledge_sources import readers


def opener() -> MailOpener:
    known = readers()
    return MailOpener(next(one for one in known if isinstance(one, MailReader)), known)


def a_mail(body: str = "Where is my order?", **headers: str) -> bytes:
    """Underscores in names of headers stand for dashes; an empty one is left out."""
    told = {
        "From": "Ada <Ada@Example.com>",
        "To": "help@desk.example",
        "Subject": "Order 7",
        "Message-ID": "<m1@example.com>",
        "Date": "Mon, 04 May 2026 09:00:00 +0000",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in told.items() if value]
    return "\r\n".join([*lines, "", *body.split("\n")]).encode() + b"\r\n"


def nested(depth: int) -> bytes:
    """Parts in parts, so many deep."""
    parts = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)
    )
    return f"From: a@example.com\r\n{parts}\r\ntext\r\n".encode()
