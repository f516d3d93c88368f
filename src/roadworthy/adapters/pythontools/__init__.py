"""Tools that are plain functions of the use case's folder: ``use: python``.

| option | meaning |
|---|---|
| ``function`` | ``module:function``, such as ``tools:find_order`` |
| ``probe`` | arguments of a sample call, of a tool that reads |

The function takes the call's arguments by name and as its annotations say, and answers a mapping, a record
(dataclass, pydantic model) or a plain value, which becomes ``{"result": …}``. It may be a coroutine. A function
that writes and promises ``idempotency: native`` takes ``key``; one whose tool has a ``credential`` takes ``credential``.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any, Final

import pydantic
import pydantic_core

from roadworthy.casework.effect import Idempotency
from roadworthy.charter import Tool, seconds
from roadworthy.errors import InputProblem, Problem, RoadworthyError, Unavailable
from roadworthy.ports.tooling import BrokenAnswer, Secret, as_mapping

MOST_GIVEN_UP: Final = 4
"""Calls of one tool that may hang in threads that nobody waits for; a thread cannot be ended from outside."""
_OURS: Final = ("key", "credential")


class Function:
    """One function as a tool. ``timeout_s``: after it the caller goes on; a function that hangs stays in its thread."""

    def __init__(
        self, name: str, tool: Tool, function: Callable[..., Any], *, secret: Secret | None
    ) -> None:
        self._name = name
        self._writes = tool.writes
        self._timeout_s = seconds(tool.timeout)
        self._most = tool.max_answer
        self._function = function
        self._secret = secret
        self._parameters = _parameters(name, function)
        self._given_up: list[threading.Thread] = []
        self._lock = threading.Lock()
        self.idempotency = Idempotency(tool.idempotency)

    @property
    def takes(self) -> frozenset[str]:
        """The names of its arguments, the executor's own included."""
        return frozenset(inspect.signature(self._function).parameters)

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        return self._run(arguments, "")

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        return self._run(arguments, key)

    def lookup(self, key: str) -> Mapping[str, object] | None:
        raise InputProblem("RW-TOOL-002", Problem("is not asked about keys", place=self._name))

    def _run(self, arguments: Mapping[str, object], key: str) -> Mapping[str, object]:
        taken = self._bound(arguments)
        if "key" in self.takes and key:
            taken["key"] = key
        if "credential" in self.takes and self._secret is not None:
            taken["credential"] = self._secret.value()
        return self._plain(self._within(taken))

    def _bound(self, arguments: Mapping[str, object]) -> dict[str, Any]:
        """The arguments as the annotations say. Errors: ``InputProblem`` RW-TOOL-002, all at once, without values."""
        try:
            given = json.dumps(dict(arguments), allow_nan=False)
            bound = self._parameters.model_validate_json(given, strict=True)
        except pydantic.ValidationError as problem:
            raise InputProblem(
                "RW-TOOL-002",
                [
                    Problem(
                        f"{one['msg'][:1].lower()}{one['msg'][1:]}",
                        place=f"{self._name}.{_where(one['loc'])}",
                    )
                    for one in problem.errors(include_url=False, include_input=False, include_context=False)
                ],
            ) from None
        except (TypeError, ValueError, RecursionError):
            raise InputProblem(
                "RW-TOOL-002", Problem("expected arguments that JSON can carry", place=self._name)
            ) from None
        return {name: getattr(bound, name) for name in arguments}

    def _within(self, taken: Mapping[str, Any]) -> object:
        """Run it in a thread that can be given up."""
        with self._lock:
            self._given_up = [thread for thread in self._given_up if thread.is_alive()]
            hanging = len(self._given_up)
        if hanging >= MOST_GIVEN_UP:
            raise Unavailable(
                "RW-TOOL-004",
                f"{hanging} calls of `{self._name}` hang already",
                retry_is_safe=True,
                hint="give the function timeouts of its own, and start the worker again",
            )
        outcome: list[tuple[bool, Any]] = []
        context = copy_context()
        thread = threading.Thread(
            target=lambda: context.run(_told, outcome, self._function, taken, self._timeout_s),
            name=f"tool {self._name}",
            daemon=True,
        )
        thread.start()
        thread.join(self._timeout_s)
        if not outcome:
            with self._lock:
                self._given_up.append(thread)
            raise self._late()
        went_well, value = outcome[0]
        if went_well:
            return value
        if isinstance(value, RoadworthyError):
            raise value
        if isinstance(value, TimeoutError):
            raise self._late()
        if isinstance(value, OSError):
            raise Unavailable(
                "RW-TOOL-004",
                f"`{self._name}` failed with {type(value).__name__}",
                retry_is_safe=not self._writes,
            )
        # Its words may hold what it was given: the kind and the line are enough to mend it.
        raise InputProblem(
            "RW-TOOL-003",
            Problem(f"the function failed with {type(value).__name__}{_line(value)}", place=self._name),
            hint="mend the function in a new release",
        )

    def _late(self) -> Unavailable:
        return Unavailable(
            "RW-TOOL-004",
            f"`{self._name}` gave no answer within {self._timeout_s:g} s",
            retry_is_safe=not self._writes,
            hint="give the function timeouts of its own, or allow more in `timeout`",
        )

    def _plain(self, value: object) -> Mapping[str, object]:
        try:
            text = pydantic_core.to_json(value, inf_nan_mode="constants")
            if len(text) > self._most:
                raise BrokenAnswer(f"the answer has {len(text)} bytes, at most {self._most} are read")
            plain = json.loads(text, parse_constant=_no_number)
        except (pydantic_core.PydanticSerializationError, ValueError, RecursionError):
            raise BrokenAnswer("the answer is nothing that JSON can carry") from None
        return as_mapping(plain)


def build(
    name: str, tool: Tool, *, load: Callable[[str], object], secret: Secret | None = None
) -> Function:
    """The connector of a declared function; ``load`` imports a module of the release.

    Errors: ``InputProblem`` RW-TOOL-001 with everything about the declaration that does not fit; what ``load`` raises.
    """
    place = f"tools.{name}"
    named = tool.options.get("function")
    problems = [
        Problem(f"`python` has no option `{one}`", f"{place}.options")
        for one in sorted(tool.options.keys() - {"function", "probe"})
    ]
    module, colon, attribute = named.partition(":") if isinstance(named, str) else ("", "", "")
    if not colon or not all(part.isidentifier() for part in (*module.split("."), attribute)):
        hint = "such as `tools:find_order`, for the function `find_order` in `tools.py`"
        problems.append(Problem("expected `module:function`", f"{place}.options.function", hint=hint))
        raise InputProblem("RW-TOOL-001", problems)
    if problems:
        raise InputProblem("RW-TOOL-001", problems)
    function = getattr(load(module), attribute, None)
    if not inspect.isfunction(function):
        raise InputProblem(
            "RW-TOOL-001",
            Problem(f"there is no function `{attribute}` in `{module}.py`", f"{place}.options.function"),
        )
    made = Function(name, tool, function, secret=secret)
    problems = [
        Problem(f"the function has no argument `{one}`", f"{place}.{field}")
        for field, names in (("control", tool.control), ("arguments", tool.arguments))
        for one in names
        if one not in made.takes
    ]
    if tool.idempotency == "native" and tool.writes and "key" not in made.takes:
        hint = "take `key`, and drop what was done under it already"
        problems.append(Problem("promises `native` and takes no `key`", f"{place}.idempotency", hint=hint))
    if tool.credential and "credential" not in made.takes:
        problems.append(Problem("the function takes no `credential`", f"{place}.credential"))
    if problems:
        raise InputProblem("RW-TOOL-001", problems)
    return made


def _parameters(name: str, function: Callable[..., Any]) -> type[pydantic.BaseModel]:
    """The function's arguments as a model. Errors: ``InputProblem`` RW-TOOL-001 for what no name can reach."""
    try:
        signature = inspect.signature(function, eval_str=True)
    except (NameError, TypeError, AttributeError):
        signature = inspect.signature(function)
    fields: dict[str, Any] = {}
    for one in signature.parameters.values():
        if one.kind in {one.VAR_POSITIONAL, one.VAR_KEYWORD, one.POSITIONAL_ONLY} or one.name.startswith(
            "_"
        ):
            raise InputProblem(
                "RW-TOOL-001",
                Problem(
                    f"the argument `{one.name}` cannot be given by name", f"tools.{name}.options.function"
                ),
            )
        if one.name in _OURS:
            continue
        annotation = (
            Any if one.annotation is one.empty or isinstance(one.annotation, str) else one.annotation
        )
        fields[one.name] = (annotation, ... if one.default is one.empty else one.default)
    config = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True, protected_namespaces=())
    try:
        return pydantic.create_model(f"Arguments of {name}", __config__=config, **fields)
    except (pydantic.errors.PydanticUserError, NameError, TypeError):
        raise InputProblem(
            "RW-TOOL-001",
            Problem("an argument has a type that JSON cannot fill", f"tools.{name}.options.function"),
        ) from None


def _told(
    outcome: list[tuple[bool, Any]],
    function: Callable[..., Any],
    taken: Mapping[str, Any],
    timeout_s: float,
) -> None:
    try:
        value = function(**taken)
        if inspect.iscoroutine(value):
            value = asyncio.run(_bounded(value, timeout_s))
        outcome.append((True, value))
    except BaseException as fault:  # noqa: BLE001 - a builder's code may raise anything, and the thread is its own
        outcome.append((False, fault))


async def _bounded(work: Any, timeout_s: float) -> object:
    async with asyncio.timeout(timeout_s):
        return await work


def _where(location: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in location)


def _line(fault: BaseException) -> str:
    trace, number = fault.__traceback__, 0
    while trace is not None:
        number, trace = trace.tb_lineno, trace.tb_next
    return f" at line {number}" if number else ""


def _no_number(text: str) -> float:
    raise ValueError(f"`{text}` is no number of JSON")
