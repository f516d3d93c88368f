"""Logs of Inspect AI (versions 1 and 2 of its format, `.eval` and `.json`) read into a suite and its results."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from roadworthy.errors import InputProblem, Problem
from roadworthy.evaluation.formats.archive import LARGEST_WHOLE, Archive
from roadworthy.evaluation.grade import Grade, Grader
from roadworthy.evaluation.result import Result
from roadworthy.evaluation.strict import MAX_DEPTH, MOST_PROBLEMS, Fields, depth, fit, refuse
from roadworthy.evaluation.suite import Suite, Test
from roadworthy.evaluation.transcript import Called, Transcript
from roadworthy.quantities import canonical

VERSIONS = (1, 2)
RECORDED = "recorded"
"""Kind of a grader whose grades were read and cannot be given anew."""
OWN = "roadworthy"
"""Key of metadata under which a log of ours carries what Inspect has no field for."""
_ATTACHMENT = "attachment://"
_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_KIND = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,79}")


@dataclass(frozen=True, slots=True)
class InspectLog:
    """What a log holds. ``status`` is Inspect's: only ``success`` is a whole evaluation.

    ``findings`` tell what was read with a change or not at all.
    """

    suite: Suite
    results: tuple[Result, ...]
    model: str
    created: str
    status: str
    findings: tuple[str, ...]


def read_inspect(data: bytes, *, place: str, cluster: str = "", slices: Sequence[str] = ()) -> InspectLog:
    """Read a log. ``cluster`` and ``slices`` name metadata of the samples that become what they are called.

    Samples become tests and results, targets what is expected, completions answers, scores grades
    (C, P, I, N, yes, no and numbers from 0 to 1; anything else is ungraded), epochs attempts from 1.

    Errors: ``InputProblem`` RW-EVAL-030 for archives that are not sound, RW-EVAL-031 for what is no log
    or of another version; ``Unavailable`` RW-EVAL-006 where its compression cannot be read.
    """
    header, samples = _archived(data, place) if data[:2] == b"PK" else _plain(data, place)
    if header.get("version", 1) not in VERSIONS:
        shown = fit(str(header.get("version")), 20)
        raise _no_log(
            place, f"a log of version `{shown}`, expected 1 or 2", "write it with another release"
        )
    about = header.get("eval")
    if not isinstance(about, Mapping) or not isinstance(about.get("task"), str):
        raise _no_log(place, "no log of Inspect: `eval.task` is missing")
    reading = _Reading(place, cluster, tuple(slices))
    for name, sample in samples:
        reading.sample(name, sample)
    if reading.problems:
        raise refuse("RW-EVAL-031", reading.problems)
    tests = tuple(reading.tests.values())
    if not tests:
        raise _no_log(place, "the log has no samples", "it may have been written without them")
    suite = Suite.of(
        about["task"],
        tests,
        _graders(about, reading),
        repeats=max(1, len({one.attempt for one in reading.results})),
    )
    return InspectLog(
        suite,
        tuple(reading.results),
        _text(about.get("model")),
        _text(about.get("created")),
        _text(header.get("status")) or "started",
        tuple(dict.fromkeys(reading.findings)),
    )


def _graders(about: Mapping[str, Any], reading: _Reading) -> list[Grader]:
    """The graders a log of ours carries, then one for every other score."""
    own = _own(about.get("metadata")).get("graders")
    problems: list[Problem] = []
    found = [Grader.read(Fields(one, OWN, problems)) for one in own] if isinstance(own, list) else []
    if problems:
        found = []
    names = {one.name for one in found}
    return [*found, *(Grader(name, RECORDED) for name in reading.graders if name not in names)]


def _no_log(place: str, message: str, hint: str = "") -> InputProblem:
    return InputProblem("RW-EVAL-031", Problem(message, place, hint=hint))


def _json(data: bytes, place: str) -> dict[str, Any]:
    """A JSON object as Inspect writes it: with NaN where nobody scored, which is None here."""
    try:
        # Inspect writes NaN and infinities; neither is a number that a figure may be made of.
        value = json.loads(data, parse_constant=lambda _: None, parse_float=_finite)
    except (ValueError, RecursionError) as problem:
        said = "nested too deep" if isinstance(problem, RecursionError) else fit(str(problem))
        raise _no_log(place, f"not JSON: {said}") from None
    if not isinstance(value, dict):
        raise _no_log(place, "expected an object")
    return value


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _archived(data: bytes, place: str) -> tuple[dict[str, Any], Iterable[tuple[str, object]]]:
    archive = Archive(data, place=place)
    if "header.json" in archive:
        name = "header.json"
    elif "_journal/start.json" in archive:
        name = "_journal/start.json"  # a run that was killed: its samples are there, its end is not
    else:
        raise _no_log(place, "no log of Inspect: it has no `header.json`")
    header = _json(archive.read(name), f"{place}/{name}")

    def samples() -> Iterator[tuple[str, object]]:
        for member in archive.names("samples/"):
            if member.endswith(".json"):
                yield f"{place}/{fit(member)}", _json(archive.read(member), f"{place}/{fit(member)}")

    return header, samples()


def _plain(data: bytes, place: str) -> tuple[dict[str, Any], Iterable[tuple[str, object]]]:
    if len(data) > LARGEST_WHOLE:
        raise _no_log(place, f"found {len(data)} bytes, at most {LARGEST_WHOLE} are read")
    header = _json(data, place)
    listed = header.get("samples") or []
    if not isinstance(listed, list):
        raise _no_log(place, "`samples`: expected a list")
    return header, ((f"{place}.samples[{number}]", one) for number, one in enumerate(listed))


class _Reading:
    """A log while its samples are read, one by one: events are dropped with each."""

    def __init__(self, place: str, cluster: str, slices: tuple[str, ...]) -> None:
        self.place, self._cluster, self._slices = place, cluster, slices
        self.tests: dict[str, Test] = {}
        self.results: list[Result] = []
        self.graders: dict[str, None] = {}
        self.problems: list[Problem] = []
        self.findings: list[str] = []
        self._seen: set[tuple[str, int]] = set()

    def sample(self, place: str, told: object) -> None:
        """One sample: a test, unless an earlier epoch brought it, and a result."""
        if len(self.problems) > MOST_PROBLEMS:
            return
        if not isinstance(told, Mapping):
            self.problems.append(Problem("expected an object", place))
            return
        own = _own(told.get("metadata"))
        given, epoch = told.get("id"), own.get("attempt", told.get("epoch", 1))
        if not isinstance(given, str | int) or isinstance(given, bool) or given == "":
            self.problems.append(Problem("`id`: expected a text or a number", place))
            return
        if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 0:
            self.problems.append(Problem("`epoch`: expected a whole number", place))
            return
        test = self._test(fit(str(given), 200), told, own, place)
        if test is None:
            return
        if (test.id, epoch) in self._seen:
            self.problems.append(
                Problem(f"epoch {epoch} of the sample `{fit(test.id, 60)}` stands twice", place)
            )
            return
        self._seen.add((test.id, epoch))
        known = self.tests.setdefault(test.id, test)
        if known is not test and known.asks != test.asks:
            self.findings.append("epochs of one sample differ in their input: the first counts")
        transcript = self._transcript(place, told)
        if transcript is not None and self._kept([transcript.as_json()], place):
            grades = self._grades(told, transcript)
            self.results.append(Result(test.id, epoch, transcript, grades, _number(told.get("total_time"))))

    def _test(self, name: str, told: Mapping[str, Any], own: Mapping[str, Any], place: str) -> Test | None:
        before = len(self.problems)
        if "test" in own:
            test = Test.read(Fields(own["test"], f"{place}.metadata.{OWN}.test", self.problems))
        else:
            test = _foreign_test(name, told, self._cluster, self._slices)
        if len(self.problems) > before:
            return None
        if depth(test.input) > MAX_DEPTH or depth(test.expected) > MAX_DEPTH:
            self.problems.append(Problem(f"nested deeper than {MAX_DEPTH}", place))
            return None
        return test if self._kept([test.input, test.expected], place) else None

    def _kept(self, value: object, place: str) -> bool:
        """Can it be kept as JSON? What cannot is a problem, not a fault later on."""
        try:
            canonical(value)
        except ValueError as problem:
            self.problems.append(Problem(fit(str(problem)), place))
            return False
        return True

    def _transcript(self, place: str, told: Mapping[str, Any]) -> Transcript | None:
        own = _own(told.get("metadata")).get("transcript")
        if own is not None:
            try:
                return Transcript.from_json(own, place=f"{place}.metadata.{OWN}.transcript")
            except InputProblem as problem:
                self.problems.extend(problem.problems)
                return None
        output = told.get("output")
        output = output if isinstance(output, Mapping) else {}
        usage = told.get("model_usage")
        tokens = sum(
            int(_number(one.get("total_tokens")))
            for one in (usage.values() if isinstance(usage, Mapping) else ())
            if isinstance(one, Mapping)
        )
        error = _error(told.get("error")) or _error(output.get("error"))
        return Transcript(
            output=None if error else _resolved(_completion(output), told.get("attachments")),
            calls=() if error else tuple(_calls(told)),
            seconds=_number(told.get("total_time")),
            tokens=tokens,
            error=error,
        )

    def _grades(self, told: Mapping[str, Any], transcript: Transcript) -> tuple[Grade, ...]:
        scores = told.get("scores")
        if not isinstance(scores, Mapping):
            if not transcript.error:
                self.findings.append("some samples have no scores: they are ungraded")
            return ()
        grades: dict[str, Grade] = {}
        for name, score in islice(scores.items(), 1_000):
            if not isinstance(score, Mapping):
                score = {"value": score}
            value = score.get("value")
            if isinstance(value, Mapping):
                for key, one in islice(value.items(), 1_000):
                    grades[f"{name}.{key}"] = self._grade(f"{name}.{key}", one, score)
            else:
                grades[str(name)] = self._grade(str(name), value, score)
        self.graders.update(dict.fromkeys(grades))
        return tuple(grades.values())

    def _grade(self, name: str, value: object, score: Mapping[str, Any]) -> Grade:
        own = _own(score.get("metadata")).get("grade")
        if own is not None:
            try:
                return Grade.from_json(own)
            except InputProblem:
                self.findings.append(
                    f"a grade of `{fit(name, 60)}` was changed by hand: its score is taken"
                )
        reason = _text(score.get("explanation")) or _text(score.get("reason"))
        number = score_value(value)
        grader = Grader(name, RECORDED)
        if number is None:
            self.findings.append(f"some scores of `{fit(name, 60)}` are no number from 0 to 1: ungraded")
            return Grade.ungraded(grader, reason or "was not scored")
        return Grade.of(grader, number, reason or f"scored {number:g}")


def score_value(value: object) -> float | None:
    """The value of a score from 0 to 1, as Inspect reads it; None for what is no such number."""
    if isinstance(value, str):
        if value in _LETTERS:
            return _LETTERS[value]
        if value.lower() in _WORDS:
            return _WORDS[value.lower()]
        try:
            value = float(value) if len(value) < 40 else None
        except ValueError:
            return None
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float) and 0 <= value <= 1:
        return float(value)
    return None


def _foreign_test(name: str, told: Mapping[str, Any], cluster: str, slices: Sequence[str]) -> Test:
    metadata = told.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    found = _resolved(told.get("input"), told.get("attachments"))
    asked: dict[str, object] = (
        {"messages": _messages(found)} if isinstance(found, list) else {"text": _text(found)}
    )
    if told.get("choices"):
        asked["choices"] = told["choices"]
    target = told.get("target")
    if isinstance(target, list):
        target = target[0] if len(target) == 1 else {"any_of": target}
    return Test(
        name,
        asked,
        target,
        cluster=fit(_word(metadata.get(cluster)), 200) if cluster else "",
        slices={key: fit(_word(metadata[key]), 200) for key in slices if _word(metadata.get(key))},
    )


def _messages(told: list[Any]) -> list[dict[str, object]]:
    return [
        {"role": _text(one.get("role")), "content": one.get("content")}
        for one in told
        if isinstance(one, Mapping)
    ]


def _completion(output: Mapping[str, Any]) -> str:
    found = output.get("completion")
    if isinstance(found, str):
        return found
    choices = output.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
    message = first.get("message")
    content = message.get("content") if isinstance(message, Mapping) else ""
    if isinstance(content, list):
        content = "\n".join(_text(one.get("text")) for one in content if isinstance(one, Mapping))
    return _text(content)


def _calls(told: Mapping[str, Any]) -> Iterator[Called]:
    """Tools that were called, with what they answered."""
    messages = told.get("messages")
    listed = [one for one in messages if isinstance(one, Mapping)] if isinstance(messages, list) else []
    attachments = told.get("attachments")
    answers = {
        one.get("tool_call_id"): one.get("content")
        for one in listed
        if isinstance(one.get("tool_call_id"), str)
    }
    for message in listed:
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else []:
            if isinstance(call, Mapping) and isinstance(call.get("function"), str):
                arguments = _resolved(call.get("arguments"), attachments)
                fits = isinstance(arguments, Mapping) and depth(arguments) <= MAX_DEPTH
                key = call.get("id")
                answer = answers.get(key) if isinstance(key, str) else None
                yield Called(
                    call["function"], dict(arguments) if fits else {}, _resolved(answer, attachments)
                )


def _resolved(value: Any, attachments: object, level: int = 0) -> Any:
    """A value with long texts put back, which Inspect keeps beside it."""
    if level > MAX_DEPTH or not isinstance(attachments, Mapping) or not attachments:
        return value
    if isinstance(value, str):
        found = attachments.get(value.removeprefix(_ATTACHMENT)) if value.startswith(_ATTACHMENT) else None
        return found if isinstance(found, str) else value
    if isinstance(value, list):
        return [_resolved(one, attachments, level + 1) for one in value]
    if isinstance(value, Mapping):
        return {key: _resolved(one, attachments, level + 1) for key, one in value.items()}
    return value


def _error(told: object) -> str:
    """The kind of an error without its sentence, which may quote content."""
    if not told:
        return ""
    message = _text(told.get("message")) if isinstance(told, Mapping) else _text(told)
    kind = _KIND.match(message)
    return (
        f"inspect: {kind.group()}"
        if kind and message[kind.end() :].startswith(("(", ":"))
        else "inspect: error"
    )


def _own(metadata: object) -> Mapping[str, Any]:
    found = metadata.get(OWN) if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e15:
        return float(value)
    return 0.0
