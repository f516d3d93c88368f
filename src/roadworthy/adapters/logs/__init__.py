"""Logs as lines: for people, or one JSON object each for machines. Neither holds secrets or content.

The standard library's ``logging`` is enough: a formatter and a filter are all there is to it.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from typing import Any, Final

from roadworthy.errors import RoadworthyError
from roadworthy.operate.logged import now_about

LONGEST: Final = 2_000
"""Characters of a message."""
FIELDS: Final = ("case", "run", "trace", "use_case", "release", "job", "code")
_BLACK: Final = "█"
_SECRETS: Final = re.compile(
    r"rw_(?:key|session|link|gateway)_[a-z0-9_]{8,80}"
    r"|whsec_[A-Za-z0-9+/=]{8,120}"
    r"|(?i:bearer|basic) [A-Za-z0-9._~+/=-]{8,4000}"
    r"|sk-[A-Za-z0-9_-]{16,200}"
)
_IN_ADDRESS: Final = re.compile(r"(://[^\s:/@]{0,100}):[^\s/@]{1,200}@")
_NAMED: Final = re.compile(
    r"(?i)\b(password|passwd|secret|token|api[_-]?key|authorization)(['\"]?\s{0,3}[=:]\s{0,3}['\"]?)[^\s'\",;]{1,400}"
)
_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}")


def blackened(text: str) -> str:
    """The text without what looks like a secret or a mail address."""
    cut = text[:LONGEST]
    cut = _IN_ADDRESS.sub(rf"\1:{_BLACK}@", _SECRETS.sub(_BLACK, cut))
    return _MAIL.sub(_BLACK, _NAMED.sub(rf"\1\2{_BLACK}", cut))


class Line(logging.Formatter):
    """A line for people: logger and message."""

    def format(self, record: logging.LogRecord) -> str:
        """Of an exception its class and place; its words may hold what a case brought with it."""
        told = f"{record.name}: {blackened(_message(record))}"
        failed = _failure(record)
        return f"{told} ({failed['error']} at {failed['at_line']})" if failed else told


class JsonLine(logging.Formatter):
    """One JSON object: what happened, and which case, trace, use case, release and code it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in the message."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": blackened(_message(record)),
        }
        known = now_about()
        for name in FIELDS:
            value = getattr(record, name, None) or known.get(name)
            if isinstance(value, str) and value:
                told[name] = blackened(value)
        return json.dumps({**told, **_failure(record)}, ensure_ascii=True)


def begin_logs(form: str) -> None:
    """Write what goes to the plain handlers of this process in this form from now on: ``text`` or ``json``."""
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            handler.setFormatter(JsonLine() if form == "json" else Line())


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a line that cannot be put together is no reason to lose it, or a case
        return str(record.msg)


def _failure(record: logging.LogRecord) -> dict[str, str]:
    fault = record.exc_info[1] if record.exc_info else None
    if fault is None:
        return {}
    frames = traceback.extract_tb(fault.__traceback__)
    where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    code = {"code": fault.code} if isinstance(fault, RoadworthyError) else {}
    return {"error": type(fault).__name__, "at_line": where, **code}
