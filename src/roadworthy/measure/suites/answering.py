"""One answer and its grades: whatever target and graders do, it ends as a result that can be kept."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from roadworthy.errors import InputProblem, RoadworthyError, Unavailable
from roadworthy.evaluation import Came, Grade, Grader, Transcript
from roadworthy.evaluation.graders import grade as grade_purely
from roadworthy.evaluation.graders import guarded
from roadworthy.measure.suites.asks import Ask, Owner, keyed
from roadworthy.measure.suites.kept import KeptWords
from roadworthy.ports.evaluating import Grading, Placed, Target
from roadworthy.quantities import Cost

LONGEST_ANSWER: Final = 1_048_576
"""Characters of a transcript as JSON."""
MOST_COUNTED: Final = 2**53
RAISED: Final = "RW-EVAL-053"
UNFIT: Final = "RW-EVAL-054"
"""Codes that stand in a transcript: the target's fault, kept as an error and raised to nobody."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An attempt with its transcript and grades. ``answer`` is the transcript as JSON, ``kept`` where it lies already."""

    ask: Ask
    transcript: Transcript
    answer: str
    grades: tuple[Grade, ...]
    kept: Placed | None
    fresh_grades: Mapping[str, str] = field(default_factory=dict)
    """By grader the key under which its grade is kept for the next time."""
    problem: Unavailable | None = None
    """An instrument could not be asked: the answer is kept, the attempt has no result."""


def ask(
    one: Ask,
    target: Target,
    gradings: Mapping[str, Grading],
    kept: KeptWords,
    owner: Owner,
) -> Answered:
    """The answer, from what is kept or from the target, and the grade of every grader of the test.

    A target that raises, and an answer that JSON cannot carry, are errors of the target; a grader that
    raises leaves the answer ungraded. Errors: ``Unavailable`` where the target cannot be asked at all.
    """
    placed = kept.answers.get(one.key)
    written = None if placed is None else kept.text(placed)
    if written is not None:
        transcript = Transcript.from_json(json.loads(written))
    else:
        placed = None
        transcript, written = _asked(one, target)
    grades: list[Grade] = []
    keys: dict[str, str] = {}
    for grader in one.graders:
        grading = gradings.get(grader.kind)
        try:
            if grading is None:
                found = grade_purely(grader, one.test, transcript)
            else:
                key = _key(owner, grader, grading, one, transcript)
                known = None if transcript.error else kept.grade(key, grader)
                found = known or guarded(
                    grader, transcript, partial(grading.grade, grader, one.test, transcript)
                )
                if known is None and found.value is not None and not transcript.error:
                    keys[grader.name] = key
            grades.append(_sound(grader, found))
        except Unavailable as problem:
            return Answered(one, transcript, written, (), placed, {}, problem)
        except Exception as fault:  # noqa: BLE001 - whatever a grader raises, the answer is ungraded
            grades.append(_raised(grader, fault))
    return Answered(one, transcript, written, tuple(grades), placed, keys)


def came_of(transcript: Transcript, grades: Sequence[Grade]) -> Came:
    """What became of an attempt. Advisory grades decide nothing."""
    deciding = [grade for grade in grades if grade.detail.get("advisory") is not True]
    if transcript.error:
        return "error"
    if any(grade.passed is False for grade in deciding):
        return "failed"
    if not deciding or any(grade.passed is None for grade in deciding):
        return "ungraded"
    return "passed"


def _asked(one: Ask, target: Target) -> tuple[Transcript, str]:
    try:
        transcript = target.answer(one.test, attempt=one.attempt, seed=one.seed)
    except Unavailable:
        raise
    except RoadworthyError as fault:
        # Its sentence may quote the input; code and kind never do.
        transcript = Transcript(error=f"{fault.code}: the target failed ({fault.kind})")
    except Exception as fault:  # noqa: BLE001 - whatever a target raises is an error of the target
        transcript = Transcript(error=f"{RAISED}: the target raised {type(fault).__name__}")
    return sound(transcript)


def sound(transcript: Transcript) -> tuple[Transcript, str]:
    """The transcript and its JSON; one that cannot be kept becomes an error that says why."""
    try:
        written = json.dumps(transcript.as_json(), allow_nan=False, separators=(",", ":"))
        if not _countable(transcript):
            found = f"{UNFIT}: the answer's cost, seconds or tokens are no amounts"
        elif len(written) <= LONGEST_ANSWER:
            if _plain(transcript):
                return transcript, written
            # Read back once: what is graded now is what is read later, tuples and number keys included.
            return Transcript.from_json(json.loads(written)), written
        else:
            found = f"{UNFIT}: the answer has {len(written)} characters as JSON, at most {LONGEST_ANSWER}"
    except (ValueError, TypeError, RecursionError, InputProblem, AttributeError):
        found = f"{UNFIT}: the answer is nothing that JSON can carry"
    failed = Transcript(error=found)
    return failed, json.dumps(failed.as_json(), separators=(",", ":"))


def _countable(transcript: Transcript) -> bool:
    """What it took is from 0 up, and no more than a database counts to."""
    return (
        0 <= transcript.cost.nano < MOST_COUNTED
        and 0 <= transcript.tokens < MOST_COUNTED
        and 0 <= transcript.seconds < MOST_COUNTED
    )


def _plain(transcript: Transcript) -> bool:
    """A text and nothing else that could come back as something else: the usual answer, and there are many."""
    return (
        type(transcript.output) is str
        and type(transcript.label) is str
        and type(transcript.seconds) is float
        and type(transcript.tokens) is int
        and transcript.tokens >= 0
        and type(transcript.error) is str
        and type(transcript.cost) is Cost
        and transcript.confidence is None
        and not (transcript.calls or transcript.effects or transcript.passages)
    )


def _key(owner: Owner, grader: Grader, grading: Grading, one: Ask, transcript: Transcript) -> str:
    """All that decides a grade. Time and money that the answer took are no part of what an instrument sees."""
    seen = replace(transcript, seconds=0.0, tokens=0, cost=Transcript().cost).as_json()
    return keyed(
        owner.secret,
        [grader.as_json(), grading.digest, one.test.input, one.test.expected, seen, one.attempt],
    )


def _sound(grader: Grader, grade: Grade) -> Grade:
    """The grade under its grader's name. A value that is none leaves the answer ungraded."""
    value = grade.value
    if value is None:
        return replace(grade, grader=grader.name, passed=None)
    if not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= 1:
        return Grade.ungraded(grader, "the grader gave no number from 0 to 1", cost=grade.cost)
    passed = value >= grader.passes_at if grade.passed is None else bool(grade.passed)
    return replace(grade, grader=grader.name, value=float(value), passed=passed)


def _raised(grader: Grader, fault: Exception) -> Grade:
    code = f" ({fault.code})" if isinstance(fault, RoadworthyError) else ""
    return Grade.ungraded(grader, f"the grader raised {type(fault).__name__}{code}")
