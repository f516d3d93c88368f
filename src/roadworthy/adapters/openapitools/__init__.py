"""Tools that are operations of an HTTP interface described in OpenAPI 3: ``use: openapi``.

| option | meaning |
|---|---|
| ``document`` | the description, a file of the use case's folder |
| ``operation`` | its ``operationId`` |
| ``server`` | the address, where the document's first server is not meant |
| ``auth`` | how the credential is sent: ``bearer`` (default), ``basic``, ``header:NAME`` |
| ``key`` | the header that takes the effect's key; without it one that the operation calls ``Idempotency-Key`` |
| ``missing`` | statuses such as 404 that say that there is nothing: they answer an empty mapping |
| ``probe`` | arguments of a sample call, of a tool that reads |

Arguments fill the operation's parameters by name, all others its JSON body.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from roadworthy.adapters.openapitools.document import Document, Operation, Parameter
from roadworthy.casework.effect import Idempotency
from roadworthy.charter import Tool, seconds
from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.ports.tooling import BrokenAnswer, Http, HttpAnswer, as_mapping

__all__ = ["Document", "OpenApiTool", "build"]

OPTIONS: Final = {"document", "operation", "server", "auth", "key", "missing", "probe"}
_READS: Final = {"GET", "HEAD", "OPTIONS", "QUERY"}
_LONGEST_KEY: Final = 200
Check = Callable[[object], tuple[str, ...]]


class OpenApiTool:
    """One operation. ``authorise`` gives the headers with the secret, when a call leaves."""

    def __init__(
        self,
        name: str,
        tool: Tool,
        operation: Operation,
        *,
        http: Http,
        authorise: Callable[[], Mapping[str, str]],
        compiled: Callable[[Mapping[str, Any]], Check],
    ) -> None:
        self._name = name
        self._operation = operation
        self._http = http
        self._authorise = authorise
        self._writes = tool.writes
        self._timeout_s = seconds(tool.timeout)
        self._most = tool.max_answer
        self._hosts = tuple(tool.hosts)
        self._server = str(tool.options.get("server") or operation.server).rstrip("/")
        self._missing = frozenset(int(one) for one in tool.options.get("missing", ()))
        self._key = key_header(tool, operation)
        self._body = compiled(operation.body_schema) if operation.has_body else None
        self._promised = {
            status: compiled(schema) for status, schema in operation.answers.items() if schema is not None
        }
        self.idempotency = Idempotency(tool.idempotency)

    @property
    def address(self) -> str:
        """Where its server is."""
        return self._server

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        return self._ask(arguments, {})

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        return self._ask(arguments, {self._key: header_key(key)} if self._key else {})

    def lookup(self, key: str) -> Mapping[str, object] | None:
        raise InputProblem("RW-TOOL-002", Problem("is not asked about keys", place=self._name))

    def _ask(self, arguments: Mapping[str, object], own: Mapping[str, str]) -> Mapping[str, object]:
        url, headers, body = self._bound(arguments)
        try:
            answer = self._http(
                self._operation.method,
                url,
                hosts=self._hosts,
                headers={"accept": "application/json", **headers, **own, **self._authorise()},
                body=body,
                timeout_s=self._timeout_s,
                most_bytes=self._most,
            )
        except Unavailable as problem:
            if problem.retry_is_safe or self._writes:
                raise
            raise Unavailable(
                problem.code, problem.message, retry_is_safe=True, hint=problem.hint
            ) from None
        return self._answered(answer)

    # ── what is sent ──

    def _bound(self, arguments: Mapping[str, object]) -> tuple[str, dict[str, str], bytes | None]:
        """Address, headers and body. Errors: ``InputProblem`` RW-TOOL-002, everything at once, without values."""
        operation, path = self._operation, self._operation.path
        query: list[tuple[str, str]] = []
        headers: dict[str, str] = {}
        problems: list[Problem] = []
        for one in operation.parameters:
            if one.where == "header" and one.name.lower() == self._key.lower() and self._key:
                continue
            if arguments.get(one.name) is None:
                if one.required:
                    problems.append(Problem("is missing", place=f"{self._name}.{one.name}"))
                continue
            texts = _texts(one, arguments[one.name])
            if texts is None:
                problems.append(
                    Problem("expected a text or a number that fits there", place=f"{self._name}.{one.name}")
                )
            elif one.where == "path":
                path = path.replace(f"{{{one.name}}}", quote(texts[0], safe=""))
            elif one.where == "query":
                query += [(one.name, text) for text in texts]
            else:
                headers[one.name] = ",".join(texts)
        named = {one.name for one in operation.parameters}
        rest = {name: value for name, value in arguments.items() if name not in named}
        body, wrong = self._json(rest)
        problems += wrong
        if problems:
            raise InputProblem("RW-TOOL-002", problems)
        if body is not None:
            headers["content-type"] = "application/json"
        return f"{self._server}{path}{'?' if query else ''}{urlencode(query)}", headers, body

    def _json(self, rest: Mapping[str, object]) -> tuple[bytes | None, list[Problem]]:
        operation = self._operation
        allowed = operation.takes - {one.name for one in operation.parameters}
        unknown = [
            Problem("there is no such argument", place=f"{self._name}.{name}")
            for name in sorted(rest.keys() - allowed)
        ]
        if unknown or self._body is None:
            return None, unknown
        if not rest:
            missing = [Problem("a body is missing", place=self._name)] if operation.body_required else []
            return None, missing
        value = rest["body"] if operation.body is None else dict(rest)
        try:
            body = json.dumps(value, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError):
            return None, [Problem("expected what JSON can carry", place=self._name)]
        # As JSON has it: a tuple is a list there.
        return body, [
            Problem(one.replace("the answer", "the body"), place=self._name)
            for one in self._body(json.loads(body))
        ]

    # ── what comes back ──

    def _answered(self, answer: HttpAnswer) -> Mapping[str, object]:
        status = answer.status
        if status in self._missing and not self._writes:
            return {}
        if 200 <= status < 300:
            return self._read(answer)
        waits = answer.headers.get("retry-after", "").strip()[:40]
        if status == 429 or (status == 503 and waits):
            hint = f"the server asks to wait: {waits}" if waits else "ask less often: `rate`"
            raise Unavailable("RW-TOOL-004", f"the server answers {status}", retry_is_safe=True, hint=hint)
        if status >= 500 or status == 408:
            native = self.idempotency is Idempotency.NATIVE
            raise Unavailable(
                "RW-TOOL-004",
                f"the server answers {status}",
                retry_is_safe=native or not self._writes,
                hint="see that the server runs",
            )
        if 300 <= status < 400:
            problem = Problem(f"the server answers {status}, and no redirect is followed", place=self._name)
            raise InputProblem("RW-TOOL-003", problem, hint="name the right address in `server`")
        hint = "see that `credential` and `auth` fit" if status in {401, 403} else ""
        raise InputProblem(
            "RW-TOOL-003", Problem(f"the server answers {status}", place=self._name, hint=hint)
        )

    def _read(self, answer: HttpAnswer) -> Mapping[str, object]:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        check = self._check(answer.status)
        if not answer.body:
            if check is not None:
                raise BrokenAnswer("the answer is empty")
            return {}
        if kind != "application/json" and not kind.endswith("+json"):
            if check is not None:
                raise BrokenAnswer("the answer is no JSON")
            return {"text": answer.body.decode(errors="replace")}
        try:
            value = json.loads(answer.body, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise BrokenAnswer("the answer is no JSON") from None
        wrong = check(value) if check is not None else ()
        if wrong:
            raise BrokenAnswer("; ".join(wrong))
        return as_mapping(value)

    def _check(self, status: int) -> Check | None:
        for name in (str(status), f"{status // 100}XX", "default"):
            if name in self._operation.answers:
                return self._promised.get(name)
        return None


def build(
    name: str,
    tool: Tool,
    *,
    read: Callable[[str], bytes | None],
    http: Http,
    authorise: Callable[[], Mapping[str, str]],
    compiled: Callable[[Mapping[str, Any]], Check],
) -> OpenApiTool:
    """The connector of a declared operation; ``read`` gives a file of the release.

    Errors: ``InputProblem`` RW-TOOL-001 with everything about the declaration that does not fit.
    """
    place = f"tools.{name}"
    options = tool.options
    problems = [
        Problem(f"`openapi` has no option `{one}`", f"{place}.options")
        for one in sorted(options.keys() - OPTIONS)
    ]
    problems += [
        Problem("expected a text", f"{place}.options.{one}")
        for one in ("document", "operation")
        if not isinstance(options.get(one), str)
    ]
    if not all(isinstance(one, int) for one in _as_list(options.get("missing", []))):
        problems.append(Problem("expected statuses such as 404", f"{place}.options.missing"))
    if problems:
        raise InputProblem("RW-TOOL-001", problems)
    content = read(options["document"])
    if content is None:
        hint = "put it into the use case's folder"
        raise InputProblem(
            "RW-TOOL-001",
            Problem(f"there is no file `{options['document']}`", f"{place}.options.document", hint=hint),
        )
    operation = Document(content, options["document"]).operation(options["operation"])
    server = str(options.get("server") or operation.server)
    if "://" not in server:
        hint = "name it in the option `server`"
        problems.append(Problem("the document names no address of a server", f"{place}.options", hint=hint))
    if operation.method in _READS and tool.writes:
        problems.append(Problem(f"`{operation.method}` reads, its sink is `none`", f"{place}.sink"))
    if operation.method not in _READS and not tool.writes and operation.method != "POST":
        problems.append(Problem(f"`{operation.method}` writes, its sink says what", f"{place}.sink"))
    problems += [
        Problem(f"the operation has no argument `{one}`", f"{place}.{field}")
        for field, names in (("control", tool.control), ("arguments", tool.arguments))
        for one in names
        if one not in operation.takes
    ]
    if tool.writes and tool.idempotency == "native" and not key_header(tool, operation):
        hint = "name the header in the option `key`"
        problems.append(
            Problem("promises `native`, and no header takes the key", f"{place}.idempotency", hint=hint)
        )
    if problems:
        raise InputProblem("RW-TOOL-001", problems)
    return OpenApiTool(name, tool, operation, http=http, authorise=authorise, compiled=compiled)


def key_header(tool: Tool, operation: Operation) -> str:
    """The header that takes the effect's key; empty where none does."""
    named = str(tool.options.get("key", ""))
    declared = (
        one.name
        for one in operation.parameters
        if one.where == "header" and one.name.lower() == "idempotency-key"
    )
    return named or next(declared, "")


def header_key(key: str) -> str:
    """An effect's key as a header can carry it: itself where it is short and plain, else its digest."""
    if len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable():
        return key
    return f"rw-{hashlib.sha256(key.encode()).hexdigest()}"


def _texts(parameter: Parameter, value: object) -> list[str] | None:
    """A parameter's texts; None for what does not fit where it would stand."""
    values = value if isinstance(value, list | tuple) else [value]
    if isinstance(value, list | tuple) and not parameter.is_list:
        return None
    texts = []
    for one in values:
        if isinstance(one, bool):
            texts.append("true" if one else "false")
        elif isinstance(one, str | int) or (isinstance(one, float) and math.isfinite(one)):
            texts.append(str(one))
        else:
            return None
    if not texts:
        return None
    if parameter.where == "path" and (len(texts) != 1 or texts[0] in {"", ".", ".."}):
        return None
    if parameter.where == "header" and not all(text.isascii() and text.isprintable() for text in texts):
        return None
    return texts


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _no_number(text: str) -> float:
    raise ValueError(f"`{text}` is no number of JSON")
