"""Results as lines of JSON: what goes out comes back the same."""

from __future__ import annotations

import json
from collections.abc import Iterable

from roadworthy.errors import InputProblem, Problem
from roadworthy.evaluation.parsing import lines
from roadworthy.evaluation.result import Result
from roadworthy.evaluation.strict import MOST_PROBLEMS, NotJson, parse_json, refuse

LONGEST_LINE = 20_000_000


def results_to_jsonl(results: Iterable[Result]) -> bytes:
    """One result a line, UTF-8. It holds content: keep it as safe as the answers are kept.

    Errors: ``ValueError`` where an answer is no JSON value.
    """
    written = (json.dumps(one.as_json(), ensure_ascii=False, allow_nan=False) for one in results)
    return "".join(line + "\n" for line in written).encode()


def results_from_jsonl(data: bytes, *, place: str) -> tuple[Result, ...]:
    """Read what ``results_to_jsonl`` wrote.

    Errors: ``InputProblem`` RW-EVAL-022 with all problems, each at its line: no UTF-8, no JSON, wrong or
    unknown fields, attempts that stand twice.
    """
    text = text_of(data, place)
    problems: list[Problem] = []
    seen: dict[tuple[str, int], int] = {}
    found = []
    for number, line in lines(text):
        if len(problems) > 20 * MOST_PROBLEMS:
            break  # a file of another kind: its other lines tell nothing new
        if len(line) > LONGEST_LINE:
            problems.append(
                Problem(f"found a line of {len(line)} characters, at most {LONGEST_LINE}", place, number, 1)
            )
            continue
        try:
            value = parse_json(line)
        except NotJson as problem:
            problems.append(Problem(str(problem), place, number, problem.column or 1))
            continue
        before = len(problems)
        result = Result.read(value, place, problems, number)
        if len(problems) > before:
            continue
        first = seen.setdefault((result.test_id, result.attempt), number)
        if first != number:
            problems.append(Problem(f"this attempt stands on line {first} already", place, number, 1))
        found.append(result)
    if problems:
        raise refuse("RW-EVAL-022", problems)
    return tuple(found)


def text_of(data: bytes, place: str) -> str:
    """The text of a file. Errors: ``InputProblem`` RW-EVAL-022 where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise InputProblem(
            "RW-EVAL-022", Problem("not UTF-8", place, line, 1), hint="save the file as UTF-8"
        ) from None
