"""The door: an MCP server whose tools are those of a charter, for agents that know nothing of Roadworthy.

Source: the Model Context Protocol, revision 2026-07-28; the official SDK's low-level server, which also speaks the
revisions before it. Nothing is kept between requests: any process answers any of them.
"""

from __future__ import annotations

import json
import logging
import math
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import anyio
import anyio.to_thread
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from roadworthy.errors import InputProblem, NotFound, Problem, RoadworthyError, Unavailable
from roadworthy.mcp.pace import Pace
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls.admission import Admission
from roadworthy.operate.modelcalls.callers import Caller
from roadworthy.operate.outside import calling
from roadworthy.operate.outside.calling import Told
from roadworthy.operate.outside.cases import CASE
from roadworthy.operate.outside.offering import END, RESULT, Offer, offers

T = TypeVar("T")
AGAIN: Final = "roadworthy/idempotency-key"
CONFIDENCE: Final = "roadworthy/confidence"
HEADER: Final = "x-roadworthy-case"
AT_ONCE: Final = 16
"""Calls that one process works on at the same moment; others wait."""
MOST_WAITING: Final = 256
_LONGEST_ANSWER: Final = 64
_KEPT: Final = 64
_BEARER: Final = "bearer "
_INSTRUCTIONS: Final = (
    "Tools that change something may answer `awaiting_review`: a person decides. Do not wait, do not try another way; "
    f"go on, and ask `{RESULT}` with the id later. Call `{END}` when the case is done."
)
_log = logging.getLogger("roadworthy.mcp")


class Door:
    """Answers requests. ``token`` and ``case`` stand for every request where the transport names none (stdio)."""

    def __init__(
        self, deployment: Deployment, admission: Admission, *, token: str = "", case: str = ""
    ) -> None:
        self._deployment = deployment
        self._admission = admission
        self._token = token
        self._case = case
        self._pace = Pace()
        self._threads = anyio.CapacityLimiter(AT_ONCE)
        self._under_way = 0
        self._offers: dict[tuple[str, str], tuple[Offer, ...]] = {}
        self.server: Server[Any] = Server(
            "roadworthy", instructions=_INSTRUCTIONS, on_list_tools=self._list, on_call_tool=self._call
        )

    async def caller(self, token: str) -> Caller:
        """What a key stands for, at most half a second ago. Errors: those of ``read_caller``."""
        known = self._admission.caller(token)
        return known if known is not None else await self._in_thread(self._admission.look_up, token)

    @property
    def under_way(self) -> int:
        """Calls that are being answered."""
        return self._under_way

    async def reads(self) -> bool:
        """The database answers, so calls can be."""
        why = await self._in_thread(self._deployment.clearance.why_not, "ready")
        return not why.startswith("no clearance")

    # ── what the protocol asks ──

    async def _list(self, context: Any, _params: object) -> types.ListToolsResult:
        try:
            caller = await self._caller(context)
            shown = await self._offered(caller)
        except RoadworthyError as problem:
            raise MCPError(types.INVALID_REQUEST, f"{problem.code}: {problem.message}") from None
        except Exception as fault:  # noqa: BLE001 - a mistake of ours tells nothing of the inside
            raise MCPError(types.INTERNAL_ERROR, str(_fault(fault)["message"])) from None
        return types.ListToolsResult(tools=[*map(_shown, shown), *_OWN])

    async def _call(self, context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        self._under_way += 1
        try:
            if self._under_way > MOST_WAITING:
                raise Unavailable(
                    "RW-MCP-015",
                    "too many calls wait here",
                    retry_is_safe=True,
                    asked_s=1.0,
                    hint="try later",
                )
            told = await self._answer(context, params)
        except RoadworthyError as problem:
            told = Told(problem.as_json(), failed=True)
        except Exception as fault:  # noqa: BLE001 - a mistake of ours tells nothing of the inside
            told = Told({"error": _fault(fault)}, failed=True)
        finally:
            self._under_way -= 1
        text = json.dumps(told.body, ensure_ascii=False, default=str)
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)],
            structured_content=dict(told.body),
            is_error=told.failed,
        )

    async def _answer(self, context: Any, params: types.CallToolRequestParams) -> Told:
        caller = await self._caller(context)
        self._pace.take(caller.key)
        meta: Mapping[str, Any] = context.meta or {}
        case = self._case_of(context, meta)
        given = params.arguments or {}
        if params.name == RESULT:
            what = _word(given, "id", needed=True)
            return await self._in_thread(calling.result, self._deployment, caller, case, what)
        if params.name == END:
            said = _word(given, "answer", needed=False)
            return await self._in_thread(calling.end, self._deployment, caller, case, said)
        names = {offer.name: offer.tool for offer in await self._offered(caller)}
        tool = names.get(params.name, params.name if params.name in names.values() else "")
        if not tool:
            raise NotFound("RW-MCP-001", Problem("there is no such tool", hint="`tools/list` names them"))
        again, confidence = _text(meta, AGAIN), _share(meta)

        def ask() -> Told:
            return calling.call(
                self._deployment, caller, case, tool, given, again=again, confidence=confidence
            )

        return await self._in_thread(ask)

    # ── who asks, and for which case ──

    async def _caller(self, context: Any) -> Caller:
        request = context.request
        return await self.caller(token_of(request.headers) if request is not None else self._token)

    def _case_of(self, context: Any, meta: Mapping[str, Any]) -> str:
        outside = self._case
        if context.request is not None:
            outside = context.request.headers.get(HEADER) or ""
        within = _text(meta, CASE)
        if outside and within and outside != within:
            raise InputProblem(
                "RW-MCP-003",
                Problem("the request names two cases", hint=f"`{CASE}` or `{HEADER}`, not both"),
            )
        return outside or within

    async def _offered(self, caller: Caller) -> tuple[Offer, ...]:
        """Policies and charter never change within a release, so this is worked out once for each stage of it."""
        place = (caller.release, str(caller.stage))
        known = self._offers.get(place)
        if known is None:
            known = await self._in_thread(offers, self._deployment, caller)
            while len(self._offers) >= _KEPT:
                self._offers.pop(next(iter(self._offers)))
            self._offers[place] = known
        return known

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await anyio.to_thread.run_sync(work, *arguments, limiter=self._threads)


def token_of(headers: Mapping[str, str]) -> str:
    """The key that a request of HTTP bears; empty without one."""
    held = headers.get("authorization") or ""
    return held[len(_BEARER) :].strip() if held[: len(_BEARER)].lower() == _BEARER else ""


def _shown(offer: Offer) -> types.Tool:
    return types.Tool(
        name=offer.name,
        description=offer.description,
        input_schema=dict(offer.schema),
        annotations=types.ToolAnnotations(
            title=offer.tool, read_only_hint=not offer.writes, idempotent_hint=True
        ),
    )


_OWN: Final = (
    types.Tool(
        name=RESULT,
        description="What became of a call that answered `awaiting_review`, `on_its_way`, `stopped` or `unclear`.",
        input_schema={
            "type": "object",
            "properties": {"id": {"type": "string", "description": "`review` or `effect` of that answer"}},
            "required": ["id"],
            "additionalProperties": False,
        },
        annotations=types.ToolAnnotations(read_only_hint=True, idempotent_hint=True),
    ),
    types.Tool(
        name=END,
        description="Says that the work on this case is done. It is over once all is settled that was set going.",
        input_schema={
            "type": "object",
            "properties": {
                "answer": {
                    "type": "string",
                    "maxLength": _LONGEST_ANSWER,
                    "description": "one word for how it ended, such as `refunded`",
                }
            },
            "additionalProperties": False,
        },
        annotations=types.ToolAnnotations(read_only_hint=False, idempotent_hint=True),
    ),
)


def _word(given: Mapping[str, Any], name: str, *, needed: bool) -> str:
    """One short word of plain letters: what is kept where no content may stand. Errors: RW-MCP-014."""
    value = given.get(name, "" if not needed else None)
    stray = sorted(set(given) - {name})
    fits = isinstance(value, str) and len(value) <= _LONGEST_ANSWER
    if stray or not fits or (needed and not value) or not _plain(str(value)):
        raise InputProblem(
            "RW-MCP-014",
            Problem(
                f"expected `{name}`: at most {_LONGEST_ANSWER} letters, digits, `_`, `-` or `.`, and nothing else",
                place=name,
            ),
        )
    return str(value)


def _plain(value: str) -> bool:
    return value.isascii() and all(letter.isalnum() or letter in "_-." for letter in value)


def _text(meta: Mapping[str, Any], name: str) -> str:
    value = meta.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputProblem("RW-MCP-014", Problem("expected a text", place=name))
    return value


def _share(meta: Mapping[str, Any]) -> float:
    value = meta.get(CONFIDENCE)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputProblem("RW-MCP-014", Problem("expected a number from 0 to 1", place=CONFIDENCE))
    return float(value)


def _fault(fault: Exception) -> dict[str, object]:
    number = secrets.token_hex(6)
    _log.error("fault %s: %s", number, type(fault).__name__, exc_info=fault)
    return {
        "kind": "error",
        "code": "",
        "message": f"something went wrong here, number {number}",
        "hint": "",
    }
