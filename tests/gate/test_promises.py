"""What the gate reads of a charter, and the same charter had it promised something else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.operate.office import CHARTER

from roadworthy.charter import read
from roadworthy.errors import InputProblem
from roadworthy.gate import promised, promises
from roadworthy.stage import ROAD, Stage
from roadworthy.wiring import requirements

DESK = read(CHARTER, file="charter.yaml")


def test_only_what_the_stage_asks_is_offered_and_each_once() -> None:
    shadow, production = (
        promises(DESK, requirements(), stage) for stage in (Stage.SHADOW, Stage.PRODUCTION)
    )
    paths = [one.path for one in production]
    assert len(set(paths)) == len(paths)
    assert {"risk.tier", "autonomy"} <= {one.path for one in shadow}
    assert "budget.per_case" in paths
    assert next(one for one in production if one.path == "budget.per_case").value == "1.00 EUR"


@pytest.mark.parametrize("stage", ROAD[1:])
def test_a_charter_that_promises_the_same_is_the_same(stage: Stage) -> None:
    said = {one.path: one.value for one in promises(DESK, requirements(), stage) if one.value}
    assert promised(DESK, said) == DESK


def test_every_changed_value_is_read_back_as_it_was_written() -> None:
    other = promised(
        DESK, {"tasks.intent.floor": "0.75", "budget.per_case": "0.02 EUR", "slo.stop_seconds": "2.5"}
    )
    assert other.number("tasks.intent.floor") == 0.75
    assert other.number("budget.per_case") == 0.02
    assert other.number("slo.stop_seconds") == 2.5
    assert DESK.number("tasks.intent.floor") == 0.5


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(InputProblem) as caught:
        promised(DESK, {"tasks.intent.floor": "much", "no.such.path": "1", "use_case.x": "2"})
    assert caught.value.code == "RW-GATE-011"
    assert {one.place for one in caught.value.problems} == {
        "tasks.intent.floor",
        "no.such.path",
        "use_case.x",
    }


@settings(max_examples=60, deadline=None)
@given(
    path=st.sampled_from([one.path for one in promises(DESK, requirements(), Stage.PRODUCTION)])
    | st.text(max_size=20),
    text=st.text(max_size=30),
)
def test_any_text_is_a_charter_or_a_problem_with_its_place(path: str, text: str) -> None:
    problem = None
    try:
        promised(DESK, {path: text})
    except InputProblem as found:
        problem = found
    assert problem is None or (problem.code, problem.problems[0].place) == ("RW-GATE-011", path)
