"""What goes wrong, as exceptions: by kind, each with its code and every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """The server said no. ``code`` is stable from release to release; ``hint`` is the next step.

    ``problems``: everything that is wrong with what was sent, each with its place. ``reasons``: why it was refused.
    """

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", ""))
        self.kind = str(body.get("kind", ""))
        self.detail = str(body.get("detail", ""))
        self.hint = str(body.get("hint", ""))
        self.problems: tuple[Mapping[str, Any], ...] = tuple(body.get("problems", ()))
        self.reasons: tuple[str, ...] = tuple(body.get("reasons", ()))
        self.body = body
        self.retry_after: float | None = None
        super().__init__(f"{self.code or status}: {self.detail or 'no explanation'}")


class InputProblem(ApiError):
    """What was sent is wrong: mend what ``problems`` names."""


class NotFound(ApiError):
    """It does not exist, or is not for this key to see."""


class Conflict(ApiError):
    """Somebody was first, or it changed since it was seen."""


class Refused(ApiError):
    """Somebody or something was entitled to say no."""


class Unavailable(ApiError):
    """Something outside failed. ``retry_is_safe`` is false where it may have been carried out."""

    @property
    def retry_is_safe(self) -> bool:
        """May it be sent again?"""
        return bool(self.body.get("retry_is_safe", True))


class Fault(ApiError):
    """The server failed; the number in ``detail`` leads to its log."""


class Unreachable(Exception):
    """No answer came. What was sent may have been carried out: the same ``idempotency_key`` tells."""

    def __init__(self, message: str, *, idempotency_key: str = "") -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key


_KINDS: Mapping[str, type[ApiError]] = {
    "input": InputProblem,
    "not-found": NotFound,
    "conflict": Conflict,
    "refused": Refused,
    "unavailable": Unavailable,
    "corrupt": Fault,
    "error": Fault,
}


def error_of(status: int, body: object) -> ApiError:
    """The exception for an answer; of something in between that is no Roadworthy, by its status alone."""
    told = body if isinstance(body, Mapping) else {}
    by_status = (
        Unavailable if status in {429, 502, 503, 504} else InputProblem if 400 <= status < 500 else Fault
    )
    return _KINDS.get(str(told.get("kind", "")), by_status)(status, told)
