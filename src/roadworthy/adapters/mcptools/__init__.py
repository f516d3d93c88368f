"""Tools of MCP servers: ``use: mcp``, with the official library, over streamable HTTP or as a child process.

| option | meaning |
|---|---|
| ``url`` or ``command`` | where the server answers, or how it is started: a list of words |
| ``tool`` | its name there |
| ``environment`` | variables of a started server; ``env:NAME`` and ``file:PATH`` are secrets by reference |
| ``auth`` | how the credential is sent: ``bearer`` (default), ``basic``, ``header:NAME``; ``env:NAME`` to a started server |
| ``key`` | an argument that takes the effect's key; it stands in the request's ``_meta`` too |
| ``probe`` | arguments of a sample call, of a tool that reads |
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import mcp_types
from mcp.shared.exceptions import MCPError

from roadworthy.adapters.mcptools.server import Lost, Server
from roadworthy.casework.effect import Idempotency
from roadworthy.casework.toolstate import Hold
from roadworthy.charter import Tool, seconds
from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.ports.tooling import NO_SECRET, BrokenAnswer, Definition, Secret, shown

__all__ = ["McpTool", "Server"]

KEY: Final = "roadworthy/idempotency-key"
_FOR_GOOD: Final = {mcp_types.INVALID_PARAMS, mcp_types.METHOD_NOT_FOUND}


class McpTool:
    """One tool of a server. ``pinned``: what a person approved of it, None where nobody did; ``check`` holds the
    structured content against the schema that was approved with it."""

    def __init__(
        self,
        name: str,
        tool: Tool,
        server: Server,
        *,
        pinned: Definition | None,
        secret: Secret | None = None,
        check: Callable[[object], tuple[str, ...]] | None = None,
    ) -> None:
        self._name = name
        self._tool = str(tool.options.get("tool", ""))
        self._key = str(tool.options.get("key", ""))
        self._writes = tool.writes
        self._timeout_s = seconds(tool.timeout)
        self._most = tool.max_answer
        self._server = server
        self._pinned = pinned
        self._secret = secret or NO_SECRET
        self._check = check
        self.idempotency = Idempotency(tool.idempotency)

    def definition(self) -> Definition:
        """What the server says of it now. Errors: ``BrokenAnswer`` where it has no such tool; ``Unavailable``."""
        found = self._listed(fresh=True)
        if found is None:
            raise BrokenAnswer(f"the server has no tool `{self._tool}`", hold=Hold.CHANGED, sent=False)
        return found

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        self.require_approved(fresh=False)
        return self._answered(self._ask(arguments, {}))

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        self.require_approved()
        given = {**arguments, self._key: key} if self._key else arguments
        return self._answered(self._ask(given, {KEY: key}))

    def lookup(self, key: str) -> Mapping[str, object] | None:
        raise InputProblem("RW-TOOL-002", Problem("is not asked about keys", place=self._name))

    def require_approved(self, *, fresh: bool = True) -> None:
        """Compare what the server says with what was approved; ``fresh`` asks it now.

        Errors: ``BrokenAnswer`` (changed) where they differ; ``Unavailable``.
        """
        if self._pinned is None:
            raise BrokenAnswer(
                "nobody has approved what the server says of it", hold=Hold.CHANGED, sent=False
            )
        found = self._listed(fresh=fresh)
        if found is None:
            raise BrokenAnswer(f"the server has no tool `{self._tool}`", hold=Hold.CHANGED, sent=False)
        changed = found.differences(self._pinned)
        if changed:
            raise BrokenAnswer(
                f"the server now says something else of it: {', '.join(changed)}",
                hold=Hold.CHANGED,
                sent=False,
            )

    def _listed(self, *, fresh: bool) -> Definition | None:
        try:
            return self._server.definition(self._tool, fresh=fresh, timeout_s=self._timeout_s)
        except (TimeoutError, Lost, MCPError):
            raise Unavailable(
                "RW-TOOL-004", "the server does not list its tools", retry_is_safe=True,
                hint="see that the server runs",
            ) from None  # fmt: skip

    def _ask(self, arguments: Mapping[str, object], meta: Mapping[str, str]) -> mcp_types.CallToolResult:
        try:
            return self._server.call(self._tool, arguments, meta=meta, timeout_s=self._timeout_s)
        except TimeoutError:
            raise self._unclear(f"no answer within {self._timeout_s:g} s") from None
        except Lost as lost:
            raise self._unclear("the connection to the server ended", sent=lost.sent) from None
        except MCPError as problem:
            if problem.code in _FOR_GOOD:
                raise self._refused(problem.message) from None
            if problem.code == mcp_types.PARSE_ERROR:
                raise BrokenAnswer("the answer is too long, or no message of the protocol") from None
            raise self._unclear(f"the server answers with error {problem.code}") from None

    def _unclear(self, reason: str, *, sent: bool = True) -> Unavailable:
        safe = not (sent and self._writes)
        return Unavailable("RW-TOOL-004", reason, retry_is_safe=safe, hint="see that the server runs")

    def _refused(self, words: str) -> InputProblem:
        problem = Problem(f"the server refuses: {shown(words, self._secret)}", place=self._name)
        return InputProblem("RW-TOOL-003", problem)

    def _answered(self, result: mcp_types.CallToolResult) -> Mapping[str, object]:
        texts = [block.text for block in result.content if isinstance(block, mcp_types.TextContent)]
        if result.is_error:
            raise self._refused(" ".join(texts))
        if result.result_type != "complete":
            raise self._refused("it asks for something in the middle of a call, which nobody here answers")
        answer: dict[str, Any]
        if result.structured_content is not None:
            found = result.structured_content
            wrong = self._check(found) if self._check is not None else ()
            if wrong:
                raise BrokenAnswer("; ".join(wrong))
            answer = found if isinstance(found, dict) else {"result": found}
        elif self._pinned is not None and self._pinned.output_schema is not None:
            raise BrokenAnswer("the answer lacks the structured content that the server promises")
        else:
            answer = {"text": "\n".join(texts)}
            others = [
                block.type for block in result.content if not isinstance(block, mcp_types.TextContent)
            ]
            if others:
                answer["left_out"] = others
        if len(json.dumps(answer, ensure_ascii=False).encode(errors="replace")) > self._most:
            raise BrokenAnswer(f"the answer is longer than {self._most} bytes")
        return answer
