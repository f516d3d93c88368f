"""Targets of this process: recorded answers and functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.errors import InputProblem, Unavailable
from roadworthy.evaluation import Test, Transcript
from roadworthy.measure.suites.targets import FunctionTarget, RecordedAnswers

TEST = Test("t-1", {"text": "hello"}, "HELLO")


def asked(target: Any, test: Test = TEST, *, attempt: int = 1, seed: int = 5) -> Transcript:
    found: Transcript = target.answer(test, attempt=attempt, seed=seed)
    return found


def test_recorded_answers_are_given_by_test_and_attempt() -> None:
    target = RecordedAnswers.read(
        '\ufeff{"id": "t-1", "output": "any"}\r\n\n'
        '{"id": "t-1", "attempt": 2, "output": {"label": "x"}, "label": "x", "cost": "0.001 EUR"}\n',
        place="folder/answers.jsonl",
    )
    assert target.name == "answers.jsonl"
    assert asked(target).output == "any"
    assert asked(target, attempt=2).label == "x"
    assert asked(target, attempt=3).output == "any"
    assert asked(target, Test("t-2", {})).error == "RW-EVAL-061: no answer was recorded for this test"


def test_every_line_that_cannot_be_read_is_named() -> None:
    text = "\n".join(
        [
            '{"id": "t-1", "output": "a"}',
            "{",
            "[]",
            '{"id": "t-1", "output": "b"}',
            '{"id": 5, "output": NaN}',
            '{"id": "t-2", "output": "a", "attempt": 0, "sound": 1}',
            "x" * 1_048_577,
        ]
    )
    with pytest.raises(InputProblem) as caught:
        RecordedAnswers.read(text, place="answers.jsonl")
    assert caught.value.code == "RW-EVAL-060"
    assert {problem.line for problem in caught.value.problems} == {2, 3, 4, 5, 6, 7}
    assert "`t-1` stands in line 1 already" in str(caught.value)


def test_a_file_without_answers_is_refused() -> None:
    with pytest.raises(InputProblem, match="no recorded answer"):
        RecordedAnswers.read(" \n", place="answers.jsonl")


def test_another_file_has_another_digest() -> None:
    one, other = '{"id": "t-1", "output": "a"}', '{"id": "t-1", "output": "b"}'
    assert RecordedAnswers.read(one, place="a").digest == RecordedAnswers.read(one, place="b").digest
    assert RecordedAnswers.read(one, place="a").digest != RecordedAnswers.read(other, place="a").digest


@given(st.text(max_size=200))
def test_whatever_stands_in_a_file_it_is_read_or_refused(text: str) -> None:
    with suppress(InputProblem):
        RecordedAnswers.read(text, place="answers.jsonl")


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=5,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_every_json_value_comes_back_as_it_was_recorded(outputs: Mapping[str, object]) -> None:
    text = "\n".join(json.dumps({"id": id_, "output": output}) for id_, output in outputs.items())
    target = RecordedAnswers.read(text, place="answers.jsonl")
    assert {id_: asked(target, Test(id_, {})).output for id_ in outputs} == outputs


def shout(given: Mapping[str, object]) -> str:
    return str(given["text"]).upper()


async def later(given: Mapping[str, object], *, seed: int) -> dict[str, object]:
    return {"seed": seed, "text": given["text"]}


class Called:
    async def __call__(self, given: Mapping[str, object]) -> Transcript:
        return Transcript(output=shout(given), label="done", seconds=3.0)


def test_a_function_answers_with_a_text_an_object_or_a_transcript() -> None:
    plain = asked(FunctionTarget(shout))
    assert (plain.output, plain.error) == ("HELLO", "")
    assert plain.seconds > 0
    assert asked(FunctionTarget(later)).output == {"seed": 5, "text": "hello"}
    assert asked(FunctionTarget(Called())) == Transcript(output="HELLO", label="done", seconds=3.0)
    assert asked(FunctionTarget(lambda given, **more: more)).output == {"seed": 5}


def test_a_function_that_raises_is_named_by_type_and_line_and_never_by_its_words() -> None:
    def fails(given: Mapping[str, object]) -> str:
        raise LookupError(f"nothing about {given['text']}")

    def away(given: Mapping[str, object]) -> str:
        raise Unavailable("RW-X-001", "away", retry_is_safe=True)

    said = asked(FunctionTarget(fails)).error
    assert said.startswith("RW-EVAL-053: the target raised LookupError at test_targets.py:")
    assert "nothing about" not in said
    with pytest.raises(Unavailable):
        asked(FunctionTarget(away))


def test_a_function_cannot_change_the_test() -> None:
    def changes(given: dict[str, object]) -> str:
        given.clear()
        return "done"

    asked(FunctionTarget(changes))
    assert TEST.input == {"text": "hello"}


def test_the_digest_changes_with_the_version_and_the_file() -> None:
    assert FunctionTarget(shout).digest == FunctionTarget(shout).digest
    assert FunctionTarget(shout).digest != FunctionTarget(shout, version="2").digest
    assert FunctionTarget(shout).digest != FunctionTarget(asked).digest
    assert FunctionTarget(shout).name == f"{__name__}.shout"
    assert FunctionTarget(Called()).digest == FunctionTarget(Called()).digest


def test_a_function_without_a_file_needs_a_version() -> None:
    with pytest.raises(InputProblem) as caught:
        FunctionTarget(len)
    assert caught.value.code == "RW-EVAL-062"
    assert FunctionTarget(len, version="3.13").name == "builtins.len"


def test_a_function_may_give_a_label_and_effects_beside_its_output() -> None:
    def decides(given: Mapping[str, object]) -> dict[str, object]:
        return {"output": "refunded", "label": "refund", "confidence": 0.5}

    found = asked(FunctionTarget(decides))
    assert (found.output, found.label, found.confidence) == ("refunded", "refund", 0.5)
    plain = asked(FunctionTarget(lambda given: {"output": 1, "other": 2}, name="plain", version="1"))
    assert plain.output == {"output": 1, "other": 2}
