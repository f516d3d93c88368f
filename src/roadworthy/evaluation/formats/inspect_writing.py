"""A suite and its results written as a log that Inspect AI and its viewer read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from roadworthy.evaluation.formats.inspect_log import OWN
from roadworthy.evaluation.grade import Grade
from roadworthy.evaluation.result import Result
from roadworthy.evaluation.suite import Suite, Test
from roadworthy.evaluation.summary import summarise
from roadworthy.quantities import digest_of

_FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)
"""Of zip archives: the same results make the same bytes, whenever they are written."""


def write_inspect(
    suite: Suite,
    results: Iterable[Result],
    *,
    target: str,
    created: datetime,
    form: Literal["eval", "json"] = "eval",
) -> bytes:
    """The log as bytes of an `.eval` or a `.json` file. Read again it gives the same tests and results.

    Ungraded answers are unscored (NaN), as Inspect writes them. Attempts are epochs, which begin at 1. It holds content: keep it as safe as the answers.

    Errors: ``InputProblem`` RW-EVAL-021 for results that do not belong to the suite.
    """
    ordered = sorted(results, key=lambda one: (one.test_id, one.attempt))
    summary = summarise(suite, ordered)
    tests = {test.id: test for test in suite.tests}
    lift = 1 if any(one.attempt == 0 for one in ordered) else 0
    samples = [_sample(tests[one.test_id], one, target, one.attempt + lift) for one in ordered]
    scores = [
        {
            "name": figure.grader,
            "scorer": figure.grader,
            "scored_samples": figure.tests,
            "unscored_samples": figure.ungraded,
            "params": {},
            "metrics": {
                "passed": {
                    "name": "passed",
                    "value": figure.passed.value if figure.passed else _UNSCORED,
                    "params": {},
                }
            },
        }
        for figure in summary.graders
    ]
    header = _header(suite, ordered, target, created, scores)
    if form == "json":
        return _bytes(header | {"samples": samples})
    members: dict[str, object] = {
        f"samples/{_file(one, number)}.json": one for number, one in enumerate(samples)
    }
    members["summaries.json"] = [_brief(one) for one in samples]
    members["_journal/start.json"] = {name: header[name] for name in ("version", "eval", "plan")}
    members["header.json"] = header
    return _zip(members)


_UNSCORED = float("nan")


def _header(
    suite: Suite, results: Sequence[Result], target: str, created: datetime, scores: list[dict[str, Any]]
) -> dict[str, Any]:
    at = created.isoformat()
    # Inspect asks for ids of its own; these are the same for the same evaluation.
    mark = digest_of([suite.digest, target, at]).removeprefix("sha256:")[:22]
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": mark,
            "run_id": mark,
            "created": at,
            "task": suite.name,
            "task_id": suite.digest.removeprefix("sha256:")[:22],
            "task_version": 0,
            "dataset": {
                "name": suite.name,
                "samples": len(suite.tests),
                "sample_ids": [test.id for test in suite.tests],
                "shuffled": False,
            },
            "model": target,
            "config": {"epochs": max(1, suite.repeats)},
            "scorers": [{"name": one.name, "options": {}, "metrics": []} for one in suite.graders],
            "metadata": {OWN: {"suite": suite.digest, "graders": [one.as_json() for one in suite.graders]}},
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {"total_samples": len(results), "completed_samples": len(results), "scores": scores},
        "stats": {"started_at": at, "completed_at": at, "model_usage": {}},
    }


def _sample(test: Test, result: Result, target: str, epoch: int) -> dict[str, Any]:
    transcript = result.transcript
    answer = _plain(transcript.output)
    asked = test.input.get("text") if set(test.input) == {"text"} else None
    shown = asked if isinstance(asked, str) else _plain(dict(test.input))
    sample: dict[str, Any] = {
        "id": test.id,
        "epoch": epoch,
        "input": shown,
        "target": _target(test.expected),
        "messages": [{"role": "user", "content": shown}, {"role": "assistant", "content": answer}],
        "output": {
            "model": target,
            "choices": [{"message": {"role": "assistant", "content": answer}, "stop_reason": "stop"}],
            "completion": answer,
        },
        "scores": {grade.grader: _score(grade, answer) for grade in result.grades},
        "metadata": {
            **test.slices,
            OWN: {
                "test": test.as_json(),
                "attempt": result.attempt,
                "transcript": transcript.as_json(),
            },
        },
        "store": {},
        "events": [],
        "model_usage": {},
        "attachments": {},
        "total_time": result.seconds or transcript.seconds,
    }
    if transcript.tokens:
        sample["model_usage"] = {target: {"total_tokens": transcript.tokens}}
    if transcript.error:
        sample["error"] = {"message": transcript.error, "traceback": "", "traceback_ansi": ""}
    return sample


def _score(grade: Grade, answer: str) -> dict[str, Any]:
    return {
        "value": _UNSCORED if grade.value is None else grade.value,
        "answer": answer,
        "explanation": grade.reason,
        "metadata": {OWN: {"grade": grade.as_json()}},
    }


def _brief(sample: Mapping[str, Any]) -> dict[str, Any]:
    """The line of a sample in the viewer's list."""
    scores = {name: {"value": one["value"]} for name, one in sample["scores"].items()}
    brief = {name: sample[name] for name in ("id", "epoch", "input", "target", "total_time")}
    brief |= {"input": sample["input"][:500], "scores": scores, "completed": True, "message_count": 2}
    if "error" in sample:
        brief["error"] = sample["error"]["message"]
    return brief


def _target(expected: object) -> str | list[str]:
    if (
        isinstance(expected, Mapping)
        and set(expected) == {"any_of"}
        and isinstance(expected["any_of"], list)
    ):
        return [_plain(one) for one in expected["any_of"]]
    return _plain(expected)


def _plain(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _file(sample: Mapping[str, Any], number: int) -> str:
    """Inspect's own name where it is one; an id that would lead elsewhere is numbered."""
    name = str(sample["id"])
    safe = (
        name.isascii() and all(letter.isalnum() or letter in "-_ ." for letter in name) and name[0] != "."
    )
    return f"{name if safe and '..' not in name else f'sample {number}'}_epoch_{sample['epoch']}"


def _bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _zip(members: Mapping[str, object]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, value in members.items():
            archive.writestr(zipfile.ZipInfo(name, _FIRST_MOMENT), _bytes(value), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
