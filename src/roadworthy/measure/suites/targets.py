"""Targets that need nothing but this process: answers that were recorded, and functions."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.evaluation import Test, Transcript
from roadworthy.evaluation.strict import Fields, NotJson, fit, parse_json, refuse
from roadworthy.measure.suites.answering import RAISED
from roadworthy.quantities import Digest, digest, digest_of

LONGEST_LINE: Final = 1_048_576
"""Characters of one recorded answer."""
NOT_RECORDED: Final = "RW-EVAL-061"

_FIELDS: Final = frozenset(one.name for one in fields(Transcript))
Answer = Transcript | Mapping[str, object] | str | None
"""What a function may give back: a transcript, or the output alone."""


class RecordedAnswers:
    """The port ``Target`` over answers that somebody else recorded.

    A test without a recorded answer is an error of the target. Answers are given by test and attempt;
    one without an attempt stands for every attempt that has none of its own.
    """

    def __init__(
        self, name: str, answers: Mapping[tuple[str, int | None], Transcript], *, digest: Digest
    ) -> None:
        self._name = name
        self._digest = digest
        self._answers = answers

    @classmethod
    def read(cls, text: str, *, place: str) -> RecordedAnswers:
        """Answers in JSON Lines: `id` of the test, `output` (and what else a transcript has), maybe `attempt`.

        Errors: ``InputProblem`` RW-EVAL-060 with every line that cannot be read, with answers that stand
        twice, and for a file without answers.
        """
        problems: list[Problem] = []
        answers: dict[tuple[str, int | None], Transcript] = {}
        lines: dict[tuple[str, int | None], int] = {}
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
            if not line.strip():
                continue
            if len(line) > LONGEST_LINE:
                problems.append(
                    Problem(f"found {len(line)} characters, at most {LONGEST_LINE}", place, number, 1)
                )
                continue
            try:
                fields = Fields(parse_json(line), place, problems, number)
            except NotJson as problem:
                problems.append(Problem(str(problem), place, number, problem.column or 1))
                continue
            key = (fields.text("id"), fields.whole("attempt", least=1) if fields.has("attempt") else None)
            transcript = Transcript.read(fields, place, problems, number)
            if key in lines:
                told = f"`{fit(key[0])}`" + (f", attempt {key[1]}" if key[1] else "")
                problems.append(Problem(f"{told} stands in line {lines[key]} already", place, number, 1))
            lines.setdefault(key, number)
            answers[key] = transcript
        if not answers and not problems:
            problems.append(Problem("found no recorded answer", place))
        if problems:
            raise refuse("RW-EVAL-060", problems, hint='write one line each: {"id": "…", "output": "…"}')
        return cls(Path(place).name, answers, digest=digest(text.encode()))

    @property
    def name(self) -> str:
        return self._name

    @property
    def digest(self) -> Digest:
        return self._digest

    def answer(self, test: Test, *, attempt: int, seed: int) -> Transcript:
        """The recorded one."""
        found = self._answers.get((test.id, attempt)) or self._answers.get((test.id, None))
        return found or Transcript(error=f"{NOT_RECORDED}: no answer was recorded for this test")


class FunctionTarget:
    """The port ``Target`` over a Python function that takes the input, and ``seed`` if it has such a parameter.

    It gives back the output (a text or an object), an object with ``output`` and other fields of a transcript
    (``label``, ``confidence``, ``calls``, ``effects``, ``passages``), or a transcript; a coroutine is awaited.
    What it raises is an error of the target, named by its type alone, because its sentence may quote the
    input; ``Unavailable`` stops the evaluation. It is called from several threads at once.

    The digest covers name, ``version`` and the text of the file the function stands in. It does not see
    what the function reads elsewhere (other modules, a model behind an address): put that into ``version``,
    else answers given before are taken for its own.
    Errors: ``InputProblem`` RW-EVAL-062 for a function without a file that is given no version.
    """

    def __init__(
        self,
        function: Callable[..., Answer | Awaitable[Answer]],
        *,
        name: str = "",
        version: str = "",
    ) -> None:
        self._function: Callable[..., Any] = function
        self._awaited = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004 - an object with a coroutine to call
        )
        self._seeded = _takes_seed(function)
        called = getattr(function, "__qualname__", type(function).__qualname__)
        self._name = name or f"{getattr(function, '__module__', '')}.{called}".lstrip(".")
        self._digest = digest_of(["function", self._name, version, _source(function, self._name, version)])

    @property
    def name(self) -> str:
        return self._name

    @property
    def digest(self) -> Digest:
        return self._digest

    def answer(self, test: Test, *, attempt: int, seed: int) -> Transcript:
        """What the function gives back, with the seconds it took unless it says so itself."""
        given = {"seed": seed} if self._seeded else {}
        begun = time.perf_counter()
        try:
            found = self._function(dict(test.input), **given)
            if self._awaited:
                found = asyncio.run(found)
        except Unavailable:
            raise
        except Exception as fault:  # noqa: BLE001 - whatever a function raises is an error of the target
            seconds = time.perf_counter() - begun
            where = _where(fault, self._function)
            return Transcript(
                error=f"{RAISED}: the target raised {type(fault).__name__}{where}", seconds=seconds
            )
        if isinstance(found, Transcript):
            return found
        seconds = time.perf_counter() - begun
        if isinstance(found, Mapping) and "output" in found and set(found) <= _FIELDS:
            return Transcript.from_json({"seconds": seconds, **found})
        return Transcript(output=found, seconds=seconds)


def _where(fault: Exception, function: Callable[..., Any]) -> str:
    """File and line of the function's own file where it failed; never what it said, which may quote the input."""
    file = getattr(inspect.unwrap(function), "__code__", None)
    trace, found = fault.__traceback__, ""
    while trace is not None:
        if file is not None and trace.tb_frame.f_code.co_filename == file.co_filename:
            found = f" at {Path(file.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def _takes_seed(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    return "seed" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def _source(function: Callable[..., Any], name: str, version: str) -> str:
    try:
        file = inspect.getsourcefile(inspect.unwrap(function))
    except TypeError:
        try:
            file = inspect.getsourcefile(type(function))
        except TypeError:
            file = None
    try:
        return hashlib.sha256(Path(file or "").read_bytes()).hexdigest()
    except OSError:
        if version:
            return ""
        raise InputProblem(
            "RW-EVAL-062",
            Problem(
                f"nothing tells one version of `{name}` from another: it stands in no file",
                hint="give it a version that changes whenever its answers may change",
            ),
        ) from None
