import pytest

from roadworthy.errors import Corrupt, InputProblem, Problem, Refused, Unavailable


def test_an_input_problem_shows_every_problem_with_its_place() -> None:
    problem = InputProblem(
        "RW-X-001",
        [
            Problem("found a, expected b", "charter.yaml", 3, 7, "write b"),
            Problem("is missing", place="title"),
        ],
    )
    assert problem.message == "charter.yaml:3:7: found a, expected b; write b\ntitle: is missing"
    assert len(problem.as_json()["error"]["problems"]) == 2


def test_an_input_problem_names_at_least_one_problem() -> None:
    with pytest.raises(ValueError, match="at least one"):
        InputProblem("RW-X-001", [])


@pytest.mark.parametrize(
    ("problem", "kind", "field"),
    [
        (Refused("RW-X-002", "no", reasons=["because"], may_overrule="owner"), "refused", "may_overrule"),
        (Unavailable("RW-X-003", "away", retry_is_safe=True), "unavailable", "retry_is_safe"),
        (Corrupt("RW-X-004", "broken", broken=["entry 3"], intact="0 to 2"), "corrupt", "intact"),
        (InputProblem("RW-X-005", "bad"), "input", "problems"),
    ],
)
def test_every_kind_has_one_json_shape(problem, kind, field) -> None:
    error = problem.as_json()["error"]
    assert error["kind"] == kind
    assert {"code", "message", "hint", field} <= set(error)
