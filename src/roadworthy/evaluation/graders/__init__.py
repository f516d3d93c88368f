"""Graders: which kinds there are, what each can be told, and the grades of those that need no instrument."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from roadworthy.errors import InputProblem, RoadworthyError
from roadworthy.evaluation.grade import Grade, Grader
from roadworthy.evaluation.graders import decisions, instruments, numbers, retrieval, schemas, texts, tools
from roadworthy.evaluation.graders.reading import NoValue, Options, Unreadable
from roadworthy.evaluation.strict import fit
from roadworthy.evaluation.suite import Test
from roadworthy.evaluation.transcript import Transcript

Rule = Callable[[Any, Grader, Test, Transcript], Grade]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of grader. ``rule`` is None where it needs an instrument."""

    name: str
    says: str
    options: type[Options]
    rule: Rule | None = None
    expects: bool = True
    """Does it need to know what is expected?"""


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("exact", "the answer is what is expected", texts.Exact, texts.exact),
        Kind("label", "the decision's label is the expected one", decisions.Label, decisions.label),
        Kind("numeric", "the number in the answer is near enough", numbers.Numeric, numbers.numeric),
        Kind("contains", "texts stand in the answer, or must not", texts.Contains, texts.contains),
        Kind("regex", "patterns are found in the answer, or must not be", texts.Regex, texts.regex, False),
        Kind("length", "the answer is neither too short nor too long", texts.Length, texts.length, False),
        Kind("json_schema", "the answer has a shape", schemas.JsonSchema, schemas.json_schema, False),
        Kind("tool_calls", "the right tools were called", tools.ToolCalls, tools.tool_calls),
        Kind("effects", "the right effects were proposed and disposed of", tools.Effects, tools.effects),
        Kind("retrieval", "the right documents were found", retrieval.Retrieval, retrieval.retrieval),
        Kind("cost", "the answer cost at most so much", decisions.CostLimit, decisions.cost, False),
        Kind("latency", "the answer came in time", decisions.Latency, decisions.latency, False),
        Kind("semantic", "the answer means what is expected", instruments.Semantic),
        Kind(
            "groundedness",
            "every sentence is supported by a passage",
            instruments.Groundedness,
            expects=False,
        ),
        Kind("judge", "a language model says that it passes", instruments.Judge, expects=False),
        Kind("conduct", "the company's values were kept", instruments.Conduct, expects=False),
    )
}
"""Every kind of grader by its name. Pages of the documentation are made from it."""


def grade(grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """The grade of a kind that needs no instrument. A fault of the grader is ungraded, never 0.

    A target that failed has 0 from every grader; that it failed is counted apart (``came``).

    Errors: ``InputProblem`` RW-EVAL-010 for an unknown kind or one that needs an instrument,
    RW-EVAL-011 for options it does not take.
    """
    kind = KINDS.get(grader.kind)
    if kind is None or kind.rule is None:
        known = ", ".join(name for name, one in KINDS.items() if one.rule)
        raise InputProblem(
            "RW-EVAL-010",
            f"`{fit(grader.kind, 60)}` is no kind of grader that grades by itself",
            hint=f"these do: {known}",
        )
    options, rule = options_of(grader), kind.rule
    return guarded(grader, transcript, lambda: rule(options, grader, test, transcript))


def guarded(grader: Grader, transcript: Transcript, rule: Callable[[], Grade]) -> Grade:
    """What a rule says, or why it says nothing: the one place where a grader's fault becomes a grade.

    Also for graders with instruments, which are not asked about a target that failed.

    Errors: those of the house pass (an instrument that cannot be reached is no grade).
    """
    if transcript.error:
        return Grade.of(grader, 0.0, f"the target failed: {fit(transcript.error)}")
    try:
        return rule()
    except NoValue as nothing:
        return nothing.grade
    except Unreadable as why:
        return Grade.ungraded(grader, str(why))
    except RoadworthyError:
        raise
    except Exception as fault:  # noqa: BLE001 -- whatever it was, the answer has no grade
        # The sentence of a foreign exception may quote content of a case.
        return Grade.ungraded(grader, f"the grader failed: {type(fault).__name__}")


def options_of(grader: Grader) -> Options:
    """The options of a grader, checked. Errors: ``InputProblem`` RW-EVAL-011 with all that is wrong."""
    kind = KINDS.get(grader.kind)
    if kind is None:
        raise InputProblem(
            "RW-EVAL-010",
            f"`{fit(grader.kind, 60)}` is no kind of grader",
            hint=f"there are {', '.join(KINDS)}",
        )
    try:
        return kind.options.model_validate(dict(grader.options))
    except ValidationError as invalid:
        told = "; ".join(
            f"`{'.'.join(map(str, one['loc'])) or grader.kind}`: {one['msg'].removeprefix('Value error, ')}"
            for one in invalid.errors(include_url=False)[:5]
        )
        raise InputProblem("RW-EVAL-011", f"the grader `{fit(grader.name, 60)}`: {told}") from None


def needs_instrument(grader: Grader) -> bool:
    """Is it graded through ``ports.Grading``?"""
    kind = KINDS.get(grader.kind)
    return kind is not None and kind.rule is None


__all__ = ["KINDS", "Kind", "grade", "guarded", "needs_instrument", "options_of"]
