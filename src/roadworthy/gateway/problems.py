"""What goes wrong, as the OpenAI wire says it: one table from code to status and word, one shape of body."""

from __future__ import annotations

import logging
import secrets
from typing import Final

import msgspec

from roadworthy.errors import InputProblem, RoadworthyError

Headers = list[tuple[str, str]]

_INVALID, _KEY, _MAY_NOT, _SERVER, _QUOTA = (
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "server_error",
    "insufficient_quota",
)
_SAID: Final[dict[str, tuple[int, str, str]]] = {
    "RW-ACCESS-012": (401, _KEY, "invalid_api_key"),
    "RW-BUDGET-010": (503, _SERVER, "overloaded"),
    "RW-BUDGET-011": (503, _SERVER, "going_away"),
    "RW-BUDGET-012": (503, _SERVER, "budgets_unavailable"),
    "RW-CALL-001": (400, _INVALID, "invalid_json"),
    "RW-CALL-002": (400, _INVALID, "invalid_value"),
    "RW-CALL-003": (413, _INVALID, "request_too_large"),
    "RW-CALL-004": (404, _INVALID, "not_found"),
    "RW-CALL-005": (404, _INVALID, "model_not_found"),
    "RW-CALL-006": (400, _INVALID, "case_missing"),
    "RW-CALL-007": (403, _MAY_NOT, "release_not_running"),
    "RW-CALL-008": (429, _QUOTA, "insufficient_quota"),
    "RW-CALL-009": (503, _SERVER, "stopped"),
    "RW-CALL-010": (400, _INVALID, "cost_not_bounded"),
    "RW-CALL-011": (503, _SERVER, "no_model_available"),
    "RW-CALL-012": (502, _SERVER, "model_unreachable"),
    "RW-CALL-013": (502, _SERVER, "model_answer_malformed"),
    "RW-CALL-014": (409, _INVALID, "idempotency_key_reused"),
    "RW-CALL-015": (400, _INVALID, "invalid_header"),
    "RW-CALL-018": (429, "rate_limit_error", "rate_limit_exceeded"),
    "RW-CALL-019": (504, _SERVER, "model_timeout"),
}
_FINAL: Final = frozenset({"RW-CALL-008", "RW-CALL-009", "RW-CALL-011"})
"""Errors for which a client that tries again at once only adds to the trouble."""
_KINDS: Final = {
    "input": (400, _INVALID),
    "not-found": (404, _INVALID),
    "conflict": (409, _INVALID),
    "refused": (403, _MAY_NOT),
    "unavailable": (503, _SERVER),
}
_log = logging.getLogger("roadworthy.gateway")


def told(problem: RoadworthyError, *, retry_s: float = 0.0) -> tuple[int, Headers, bytes]:
    """An error as status, headers and body. ``code`` is a word of the wire, ``roadworthy`` our stable code."""
    status, kind, word = _SAID.get(problem.code, (*_KINDS.get(problem.kind, (500, _SERVER)), problem.code))
    param = None
    message = problem.message
    if isinstance(problem, InputProblem):
        param = problem.problems[0].place or None
        message = "; ".join(
            each.message + (f" ({each.hint})" if each.hint else "") for each in problem.problems
        )
    elif problem.hint:
        message = f"{message}; {problem.hint}"
    body = msgspec.json.encode(
        {
            "error": {
                "message": message,
                "type": kind,
                "param": param,
                "code": word,
                "roadworthy": problem.code,
            }
        }
    )
    headers: Headers = [("content-type", "application/json")]
    if status == 401:
        headers.append(("www-authenticate", 'Bearer realm="roadworthy"'))
    if retry_s > 0:
        headers.append(("retry-after", str(int(retry_s + 0.999))))
    if problem.code in _FINAL:
        headers.append(("x-should-retry", "false"))
    return status, headers, body


def fault() -> tuple[int, Headers, bytes]:
    """An error of ours that nobody foresaw: its trace goes into the log under the number that the client sees."""
    number = secrets.token_hex(4)
    _log.exception("unexpected fault %s", number)
    body = {
        "error": {
            "message": f"the gateway made a mistake; tell who runs it the number {number}",
            "type": _SERVER,
            "param": None,
            "code": "internal_error",
            "roadworthy": "",
        }
    }
    return 500, [("content-type", "application/json")], msgspec.json.encode(body)


def as_event(problem: RoadworthyError) -> bytes:
    """An error that comes when an answer was begun already: the last event of the stream."""
    return b"data: " + told(problem)[2] + b"\n\n"
