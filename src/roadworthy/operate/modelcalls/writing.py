"""Written by a language model: who is asked, what for, and what becomes of an answer that does not fit."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

from roadworthy.errors import InputProblem, Problem, RoadworthyError, Unavailable
from roadworthy.ports import Chat, Completion, Exchange, Message, Unanswered
from roadworthy.ports.language import read_object
from roadworthy.quantities import Cost
from roadworthy.routing import Candidate, Need, Quality, Route, choose
from roadworthy.routing.cascade import next_of
from roadworthy.routing.shape import fits
from roadworthy.usage import Ending, Tokens

CONFIDENCE: Final = "confidence"
_DEEPEST: Final = 20
_HOW_SURE: Final[Mapping[str, object]] = {
    "type": "number",
    "minimum": 0,
    "maximum": 1,
    "description": "how sure you are that the answer is right, from 0 to 1",
}
# Templates and schemas that a server adds before it counts; what it bills of them was not seen here.
_ADDED: Final = 4_096


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the models of a route, in order. ``reserve`` is what all of them may cost together."""

    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    adds_confidence: bool
    route: Route
    bounds: Mapping[str, int]

    @property
    def reserve(self) -> Cost:
        """The most that the whole route may cost."""
        return Cost(sum(self.bounds.values()))


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it: a value that fits, or the problem; and every question, which is on the bill either way."""

    value: Mapping[str, object] | None
    exchanges: tuple[Exchange, ...]
    problem: RoadworthyError | None = None

    @property
    def cost(self) -> Cost:
        """Of all questions."""
        return sum((each.cost for each in self.exchanges), start=Cost(0))


def prepare(
    chat: Chat,
    values: Mapping[str, object],
    shape: type[Any],
    *,
    today: date,
    resting: Mapping[str, str],
    quality: Mapping[str, Quality] | None = None,
) -> Question:
    """The question that these values make, and who may answer it.

    The answer has the form of the prompt's ``answer``, else that of ``shape``. Where the charter says
    ``escalate_below``, the model is asked for its confidence too.
    Errors: ``InputProblem`` RW-PROMPT-003 for values that do not fit the prompt, RW-PROMPT-004 where no
    model may be asked, RW-PROMPT-005 for a shape that is no object with fields.
    """
    schema = dict(chat.prompt.answer or form_of(shape))
    fields = schema.get("properties", {})
    adds = chat.escalate_below is not None and CONFIDENCE not in fields
    if adds:
        schema["properties"] = {**fields, CONFIDENCE: dict(_HOW_SURE)}
        schema["required"] = [*schema.get("required", ()), CONFIDENCE]
    messages = chat.prompt.messages(values, schema=schema)
    # A tokenizer never makes more tokens than there are bytes.
    read = sum(len(each.content.encode("utf-8", "replace")) for each in messages)
    read += len(json.dumps(schema))
    written = chat.prompt.max_tokens
    route = choose(
        chat.candidates,
        need=Need(frozenset({"chat"}), read, written, chat.region),
        today=today,
        floor=chat.floor,
        quality=quality,
        resting=resting,
    )
    if not route.order:
        raise InputProblem(
            "RW-PROMPT-004",
            [
                Problem(f"the model `{name}` may not be asked: {why}", place=f"tasks.{chat.task}")
                for name, why in route.dropped.items()
            ]
            or [Problem("no model is named", place=f"tasks.{chat.task}")],
            hint="a person does this case; mend `models` in the charter, or measure them by the suite",
        )
    bounds = {one.name: one.most(read + _ADDED, written) or 0 for one in route.order}
    return Question(messages, schema, adds, route, bounds)


def write(chat: Chat, question: Question, *, check: Callable[[Mapping[str, object]], object]) -> Written:
    """Ask the models of the route, one after the other, until an answer is good enough.

    The next one is asked where a model does not answer, refuses, writes something of another form (``check``
    raises ``InputProblem``), or is less sure than ``escalate_below``. If none is sure enough, the surest
    answer that fits is given; of equally sure ones, the last.
    The problem is ``Unavailable`` where one of them did not answer and a later try may help, else
    ``InputProblem`` RW-PROMPT-006.
    """
    exchanges: list[Exchange] = []
    best: tuple[float, Mapping[str, object]] | None = None
    late: Unavailable | None = None
    amiss: list[Problem] = []
    why = question.route.reason
    for number, candidate in enumerate(question.route.order, start=1):
        begun = time.monotonic()
        try:
            completion = chat.models[candidate.name].complete(
                question.messages,
                max_tokens=chat.prompt.max_tokens,
                temperature=chat.prompt.temperature,
                schema=question.schema,
            )
        except (Unavailable, InputProblem) as problem:
            exchanges.append(_failed(chat, question, candidate, problem, begun, why))
            late = problem if isinstance(problem, Unavailable) else late
            amiss.append(Problem(f"`{candidate.name}`: {problem.message}"))
            why = f"after `{candidate.name}` gave no answer ({problem.code})"
            continue
        exchanges.append(_answered(chat, question, candidate, completion, begun, why))
        found = _read(completion, question, check)
        if isinstance(found, str):
            amiss.append(Problem(f"`{candidate.name}`: {found}"))
            why = f"after `{candidate.name}`: {found}"
            continue
        sure, value = found
        if best is None or sure >= best[0]:
            best = (sure, value)
        if not next_of(question.route, sure, chat.escalate_below, asked=number):
            break
        why = f"after `{candidate.name}` was sure by {sure:.2f} of at least {chat.escalate_below:.2f}"
    if best is not None:
        return Written(best[1], tuple(exchanges))
    nothing = InputProblem(
        "RW-PROMPT-006", amiss, hint="a person does this case; look at the prompt and at its models"
    )
    return Written(None, tuple(exchanges), late or nothing)


def form_of(shape: type[Any]) -> dict[str, Any]:
    """The JSON Schema of a type, every field required and no other allowed, as servers want it.

    Errors: ``InputProblem`` RW-PROMPT-005 for a type that is no object with fields.
    """
    try:
        schema = TypeAdapter(shape).json_schema()
    except (PydanticUserError, RecursionError):
        schema = {}
    if schema.get("type") != "object" or not schema.get("properties"):
        raise InputProblem(
            "RW-PROMPT-005",
            Problem(
                f"found `{getattr(shape, '__name__', 'this type')}`, expected a shape with named fields",
                hint="such as a dataclass with the fields of the answer",
            ),
        )
    strict: dict[str, Any] = _strict(schema, 0)
    return strict


def _strict(schema: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return schema
    if isinstance(schema, list):
        return [_strict(one, depth + 1) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        name: _strict(one, depth + 1) for name, one in schema.items() if name not in {"default", "title"}
    }
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        # A field may be called `title` or `default`.
        made["properties"] = {name: _strict(one, depth + 1) for name, one in schema["properties"].items()}
        made["required"] = list(schema["properties"])
        made["additionalProperties"] = False
    return made


def _read(
    completion: Completion, question: Question, check: Callable[[Mapping[str, object]], object]
) -> tuple[float, Mapping[str, object]] | str:
    """Confidence and value of an answer, or what is wrong with it. None of its words are repeated."""
    if completion.refused:
        return "it declined to answer"
    if not completion.ended:
        return "its answer was cut off"
    value = read_object(completion.text)
    if value is None:
        return "its answer is no JSON object"
    if not fits(value, question.schema):
        return "its answer has another form than was asked for"
    told = value.get(CONFIDENCE)
    sure = float(told) if isinstance(told, int | float) and not isinstance(told, bool) else 1.0
    kept = {
        name: one for name, one in value.items() if not (question.adds_confidence and name == CONFIDENCE)
    }
    try:
        check(kept)
    except InputProblem:
        return "its answer does not fit the shape that the workflow asks for"
    return (sure if 0 <= sure <= 1 else 0.0), kept


def _failed(
    chat: Chat, question: Question, candidate: Candidate, problem: RoadworthyError, begun: float, why: str
) -> Exchange:
    billed = problem if isinstance(problem, Unanswered) else None
    return Exchange(
        task=chat.task,
        model=candidate.name,
        ending=Ending.FAILED,
        tokens=billed.tokens if billed else Tokens(),
        cost=billed.cost if billed else Cost(0),
        attempts=billed.requests if billed else 1,
        reserved=question.bounds[candidate.name],
        millis=_since(begun),
        price=chat.prices.get(candidate.name, ""),
        route=why,
    )


def _answered(
    chat: Chat, question: Question, candidate: Candidate, completion: Completion, begun: float, why: str
) -> Exchange:
    return Exchange(
        task=chat.task,
        model=candidate.name,
        ending=Ending.ANSWERED,
        tokens=completion.tokens,
        cost=completion.cost,
        attempts=completion.requests,
        estimated=completion.estimated,
        reserved=question.bounds[candidate.name],
        millis=_since(begun),
        price=chat.prices.get(candidate.name, ""),
        route=why,
    )


def _since(begun: float) -> int:
    return int((time.monotonic() - begun) * 1000)
