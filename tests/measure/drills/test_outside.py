"""What drills of the outside count: ways past an outage, what is strange, figures that measure nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from roadworthy.casework.case import State
from roadworthy.errors import InputProblem
from roadworthy.measure.drills.alert import AlertDrill
from roadworthy.measure.drills.drift import Drift, strange_inputs
from roadworthy.measure.drills.outage import Outage, detours, parts_asked
from roadworthy.ports.rehearsing import Sighting
from roadworthy.testing.conformance.examples import a_case


def said(word: str, at: float, part: str, *, step: str = "generate:reply", about: str = "c/1") -> Sighting:
    return Sighting(word, at, 1, about, part, step)


def test_the_first_model_of_a_step_and_every_tool_are_what_goes_away() -> None:
    seen = [
        said("tried", 1, "model:small"), said("tried", 2, "model:big"),
        said("tried", 3, "tool:look", step="call:look"), said("step", 4, "generate:reply"),
    ]  # fmt: skip
    assert parts_asked(seen) == ["model:small", "tool:look"]


def test_a_case_that_another_model_answers_took_another_route() -> None:
    seen = [
        said("tried", 1, "model:small"), said("missed", 4, "model:small"),
        said("tried", 4, "model:big"), said("answered", 5.5, "model:big"),
    ]  # fmt: skip
    (found,) = detours(seen, {})
    assert (found.part, found.way, found.seconds) == ("model:small", "route", 4.5)


def test_a_case_that_is_tried_again_until_the_part_is_back_waited_since_its_first_try() -> None:
    seen = [
        said("tried", 1, "tool:look"), said("missed", 1, "tool:look"), said("tried", 6, "tool:look"),
        said("missed", 6, "tool:look"), said("tried", 11, "tool:look"), said("answered", 12, "tool:look"),
    ]  # fmt: skip
    (found,) = detours(seen, {})
    assert (found.way, found.seconds, found.at) == ("waited", 11, 12)


def test_a_case_that_never_got_past_it_is_with_a_person_or_lost() -> None:
    seen = [said("tried", 1, "tool:look"), said("missed", 1, "tool:look")]
    waiting = replace(a_case(), state=State.WAITING)
    assert [one.way for one in detours(seen, {"c/1": waiting})] == ["people"]
    assert [one.way for one in detours(seen, {"c/1": replace(a_case(), state=State.OPEN)})] == ["lost"]
    assert [one.way for one in detours(seen, {})] == ["lost"]


class Charterish:
    """As much of a charter as is asked."""

    def __init__(self, *abstain: str) -> None:
        self.tasks = {"sort": type("Task", (), {"abstain": abstain})()}


def cases(answers: list[tuple[str, float]]) -> tuple[Any, dict[str, dict[str, object]]]:
    made = [
        replace(a_case(), key=f"k{n}", answer=answer, confidence=sure)
        for n, (answer, sure) in enumerate(answers)
    ]
    return made, {f"k{n}": {"text": f"t{n}"} for n in range(len(answers))}


def test_strange_is_what_is_answered_as_out_of_scope() -> None:
    made, sent = cases([("odd", 0.9)] * 6 + [("plain", 0.2)] * 14)
    found = strange_inputs(Charterish("odd"), sent, made)  # type: ignore[arg-type]
    assert [one["text"] for one in found.inputs] == [f"t{n}" for n in range(6)]
    assert found.usual == 0.3


def test_where_nothing_is_out_of_scope_the_least_sure_tenth_is_strange() -> None:
    made, sent = cases([("plain", n / 100) for n in range(100)])
    found = strange_inputs(Charterish(), sent, made)  # type: ignore[arg-type]
    assert {one["text"] for one in found.inputs} == {f"t{n}" for n in range(10)}
    alike, sent = cases([("plain", 0.5)] * 20)
    with pytest.raises(InputProblem) as refused:
        strange_inputs(Charterish(), sent, alike)  # type: ignore[arg-type]
    assert refused.value.code == "RW-DRILL-015"


@pytest.mark.parametrize(
    "asked",
    [
        Outage(seconds=0), Outage(rate=math.inf), Outage(workers=0), Drift(usual=1), Drift(added=1),
        Drift(added=math.nan), Drift(most=1), AlertDrill(down_s=-1), AlertDrill(every_s=0),
    ],
)  # fmt: skip
def test_figures_that_measure_nothing_are_refused(asked: Outage | Drift | AlertDrill) -> None:
    with pytest.raises(InputProblem) as refused:
        asked.check()
    assert refused.value.code == "RW-DRILL-008"
