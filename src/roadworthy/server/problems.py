"""What goes wrong, as HTTP: one table from kind to status, and one shape of body."""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any, TypeVar

from starlette.responses import Response

from roadworthy.errors import InputProblem, NotFound, Problem, RoadworthyError

STATUS: Mapping[str, int] = {
    "input": 422,
    "not-found": 404,
    "conflict": 409,
    "refused": 403,
    "unavailable": 503,
    "corrupt": 500,
    "error": 500,
}
"""Kind of error to status: the one table of this door."""

NARROWER: Mapping[str, int] = {
    "RW-ACCESS-012": 401,  # nobody is recognised
    "RW-ACCESS-013": 401,
    "RW-HOOK-010": 401,
    "RW-RELEASE-002": 404,  # names a release that is not there
    "RW-SERVER-002": 413,
    "RW-SERVER-003": 415,
    "RW-SERVER-004": 400,  # could not be read at all
    "RW-SERVER-006": 400,
    "RW-SERVER-011": 405,
    "RW-SERVER-019": 412,
}
"""Codes for which HTTP has a narrower word than their kind."""

PROBLEM_TYPE = "application/problem+json"
TITLES: Mapping[str, str] = {
    "input": "What was sent is wrong",
    "not-found": "It does not exist",
    "conflict": "It is in another state",
    "refused": "Refused",
    "unavailable": "An outside thing failed",
    "corrupt": "Stored data contradict themselves",
    "error": "A fault of the program",
}
RETRY_AFTER_S = 5
ANSWERED_ELSEWHERE = "RW-SERVER-017"
_OUTSIDE = frozenset({"unavailable", "corrupt", "error"})
"""Kinds that speak of the server itself and not of the request."""

_QUOTED_PLACE = re.compile(r"(`(?:[^`]*[\s=])?)/[^`]+`")
_PLACE = re.compile(r"(?<![\w./:`])/[^\s/`]+/[^\s`]*")
_log = logging.getLogger("roadworthy.server")
T = TypeVar("T")


class Json(Response):
    """A JSON body. Strict: a NaN in an answer is a mistake of ours and never leaves."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The JSON text. Errors: ``ValueError`` for what JSON cannot carry."""
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def status_of(problem: RoadworthyError) -> int:
    """The HTTP status of an error."""
    return NARROWER.get(problem.code) or STATUS.get(problem.kind, 500)


def headers_of(problem: RoadworthyError) -> dict[str, str]:
    """What HTTP asks for beside the status: how to authenticate, when to come back."""
    status = status_of(problem)
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="roadworthy"'}
    if problem.code == ANSWERED_ELSEWHERE:
        return {"Retry-After": "1"}
    if status == 503:
        return {"Retry-After": str(RETRY_AFTER_S)}
    return {}


class _ProblemJson(Json):
    """A problem, as RFC 9457 has it."""

    media_type = PROBLEM_TYPE


def problem_json(problem: RoadworthyError) -> Json:
    """The error as every machine-readable answer shows it."""
    return _ProblemJson(_problem(problem), status_of(problem), headers_of(problem))


def problem_text(problem: RoadworthyError) -> str:
    """The body of the same answer."""
    return json.dumps(_problem(problem), ensure_ascii=False, allow_nan=False)


def _problem(problem: RoadworthyError) -> dict[str, object]:
    """RFC 9457, with what every door says of an error beside it, and once more below ``error``."""
    kept = told(problem, problem.as_json())
    error = dict(kept["error"])  # type: ignore[call-overload]
    return {
        "type": f"urn:roadworthy:problem:{problem.code}",
        "title": TITLES.get(problem.kind, TITLES["error"]),
        "status": status_of(problem),
        "detail": error.pop("message"),
        **error,
        **kept,
    }


def told(problem: RoadworthyError, shown: T) -> T:
    """What an answer shows of an error: where files lie on the server stays in the server's log."""
    if problem.kind not in _OUTSIDE:
        return shown
    without = _without_places(shown)
    if without != shown:
        _log.warning("%s: %s", problem.code, problem.as_json())
    return without  # type: ignore[no-any-return]


def _without_places(value: Any) -> Any:
    if isinstance(value, str):
        return _PLACE.sub("…", _QUOTED_PLACE.sub(r"\1…`", value))
    if isinstance(value, Mapping):
        return {name: _without_places(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_places(item) for item in value]
    return value


def unexpected(fault: Exception) -> RoadworthyError:
    """What an unforeseen fault is called outside: a number. Everything else goes to the log."""
    number = secrets.token_hex(4)
    _log.error("unexpected fault %s", number, exc_info=fault)
    return RoadworthyError(
        "RW-SERVER-009",
        f"something unexpected failed, number {number}",
        hint="the number leads to the details in the log of the server",
    )


def no_such_page(path: str) -> NotFound:
    """The error for an address that leads nowhere."""
    return NotFound(
        "RW-SERVER-010", Problem(f"nothing is at `{path[:200]}`"), hint="`/` leads to everything"
    )


def wrong_method(method: str) -> InputProblem:
    """The error for a method that an address does not know."""
    return InputProblem("RW-SERVER-011", Problem(f"`{method}` is not possible here"))
