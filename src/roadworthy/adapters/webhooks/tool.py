"""A tool that tells another program something, signed as Standard Webhooks: ``use: webhook.send``.

| option | meaning |
|---|---|
| ``url`` | where it is told, on a host that ``hosts`` names |
| ``type`` | what has happened, such as ``refund.issued`` |

The tool's ``credential`` holds the secret, ``whsec_…``; two of them with a space between sign both while one
replaces the other. The message is ``{"type": …, "data": the arguments}``, the same bytes each time it is sent.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from roadworthy.casework.effect import Idempotency
from roadworthy.charter import Tool, argument_problems, seconds
from roadworthy.errors import InputProblem, Problem, Refused, Unavailable
from roadworthy.ports.tooling import Http, HttpAnswer, Secret
from roadworthy.webhooks import secret_of, signed

OPTIONS: Final = frozenset({"url", "type"})
_MOST_WAIT_S: Final = 86_400.0
_TYPE = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
_PASSING: Final = frozenset({408, 425, 500, 502, 503, 504})


class WebhookTool:
    """The port ``Connector``. Any answer from 200 to 299 confirms; the id is the same for the same key."""

    def __init__(
        self, name: str, tool: Tool, *, http: Http, secret: Secret, now: Callable[[], datetime]
    ) -> None:
        self._name = name
        self._tool = tool
        self._http = http
        self._secret = secret
        self._now = now
        self.idempotency = Idempotency(tool.idempotency)

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        raise InputProblem("RW-HOOK-001", Problem("sends, and reads nothing", place=self._name))

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        problems = argument_problems(self._tool, arguments)
        if problems:
            raise InputProblem(
                "RW-HOOK-001", [Problem(one.message, f"{self._name}.{one.place}") for one in problems]
            )
        told = {"type": self._tool.options["type"], "data": dict(arguments)}
        body = json.dumps(
            told, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()
        # Full stops part what is signed, and keys hold them.
        id_ = f"msg_{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"
        answer = self._http(
            "POST",
            str(self._tool.options["url"]),
            hosts=self._tool.hosts,
            headers={"content-type": "application/json", **signed(self._secrets(), id_, self._now(), body)},
            body=body,
            timeout_s=seconds(self._tool.timeout),
            most_bytes=self._tool.max_answer,
        )
        return self._told(answer, id_)

    def lookup(self, key: str) -> Mapping[str, object] | None:
        raise InputProblem("RW-HOOK-001", Problem("is not asked about keys", place=self._name))

    def _secrets(self) -> tuple[bytes, ...]:
        try:
            return tuple(secret_of(one) for one in self._secret.value().split())
        except ValueError as problem:
            raise InputProblem(
                "RW-HOOK-003",
                Problem(str(problem), place=f"tools.{self._name}.credential"),
                hint="a secret is `whsec_` and 24 to 64 bytes in base64",
            ) from None

    def _told(self, answer: HttpAnswer, id_: str) -> Mapping[str, object]:
        status = answer.status
        if 200 <= status < 300:
            return {"webhook_id": id_, "status": status, **_json(answer)}
        if status == 410:
            raise Refused(
                "RW-HOOK-002",
                "the receiver wants no more messages (410)",
                may_overrule="owner",
                hint="ask whoever runs it; then correct `url`, or take the tool out",
            )
        waits = answer.headers.get("retry-after", "").strip()
        if status == 429 or (status == 503 and waits):
            raise Unavailable(
                "RW-HOOK-004",
                f"the receiver answers {status}",
                retry_is_safe=True,
                asked_s=_seconds(waits, answer.headers.get("date", "")),
            )
        if status in _PASSING or status > 504:
            raise Unavailable(
                "RW-HOOK-004",
                f"the receiver answers {status}",
                retry_is_safe=self.idempotency is Idempotency.NATIVE,
                hint="see that the receiver runs",
            )
        if 300 <= status < 400:
            hint = "no redirect is followed: name the right address in `url`"
        else:
            hint = "see that it knows the secret" if status in {401, 403} else ""
        raise InputProblem(
            "RW-HOOK-005", Problem(f"the receiver answers {status}", place=self._name, hint=hint)
        )


def _json(answer: HttpAnswer) -> dict[str, Any]:
    """What the receiver says beside its status, where that is an object of JSON."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return {"answer": value} if isinstance(value, dict) else {}


def _seconds(told: str, date: str) -> float:
    """``Retry-After`` in seconds, also where it names a moment; 0 for what is neither."""
    if told.isascii() and told.isdecimal():
        return min(float(told[:9]), _MOST_WAIT_S)
    try:
        wait = parsedate_to_datetime(told[:60]) - parsedate_to_datetime(date[:60])
    except (ValueError, TypeError):
        return 0.0
    return min(max(wait.total_seconds(), 0.0), _MOST_WAIT_S)


def build(
    name: str, tool: Tool, *, http: Http, secret: Secret | None, now: Callable[[], datetime]
) -> WebhookTool:
    """The connector of a declared tool.

    Errors: ``InputProblem`` RW-TOOL-001 with everything about the declaration that does not fit.
    """
    place, options = f"tools.{name}", tool.options
    problems = [
        Problem(f"`webhook.send` has no option `{one}`", f"{place}.options")
        for one in sorted(options.keys() - OPTIONS)
    ]
    if not isinstance(options.get("url"), str):
        problems.append(Problem("expected an address", f"{place}.options.url"))
    if not isinstance(options.get("type"), str) or not _TYPE.fullmatch(options["type"]):
        hint = "such as `refund.issued`"
        problems.append(Problem("expected what has happened", f"{place}.options.type", hint=hint))
    if secret is None:
        problems.append(
            Problem("expected where the secret stands: messages are signed", f"{place}.credential")
        )
    if not tool.arguments:
        problems.append(
            Problem("expected the arguments: what is not declared is not told", f"{place}.arguments")
        )
    if not tool.writes:
        problems.append(Problem("a message leaves: its sink is `message` or `egress`", f"{place}.sink"))
    if tool.idempotency == "lookup" and not tool.lookup:
        hint = "name in `lookup` the read tool that answers for a `key`"
        problems.append(Problem("promises `lookup`", f"{place}.idempotency", hint=hint))
    if problems or secret is None:
        raise InputProblem("RW-TOOL-001", problems)
    return WebhookTool(name, tool, http=http, secret=secret, now=now)
