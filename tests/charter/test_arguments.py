import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.charter import Tool, argument_problems, check_arguments, scalars
from roadworthy.errors import InputProblem

TOOL = Tool.model_validate(
    {
        "use": "sql.insert",
        "sink": "money",
        "control": ["to"],
        "amount": "amount",
        "arguments": {
            "to": {"max_length": 20},
            "amount": {"type": "integer", "minimum": 1, "maximum": 1000},
            "kind": {"one_of": ["fee", "gift"], "required": False},
            "rate": {"type": "number", "required": False},
            "now": {"type": "boolean", "required": False},
            "parts": {"type": "list", "max_length": 2, "required": False, "one_of": ["a", "b"]},
            "more": {"type": "object", "required": False},
        },
    }
)
OPEN = Tool(use="sql.insert", sink="write")
GOOD: dict[str, Any] = {"to": "ada", "amount": 10}


def nested(depth: int) -> object:
    value: object = "x"
    for _ in range(depth):
        value = [value]
    return value


def test_what_is_declared_is_taken() -> None:
    more = {"kind": "fee", "rate": 0.5, "now": False, "parts": ["a", "b"], "more": {"x": [1, None]}}

    assert argument_problems(TOOL, GOOD) == ()
    assert argument_problems(TOOL, {**GOOD, **more}) == ()
    assert argument_problems(TOOL, {**GOOD, "kind": None}) == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"too": "x"}, "there is no such argument"),
        ({"to": None}, "is missing"),
        ({"to": 7}, "expected a text, found a number"),
        ({"to": "x" * 21}, "found 21 characters, at most 20 are taken"),
        ({"amount": "10"}, "expected a whole number, found a text"),
        ({"amount": True}, "expected a whole number, found true or false"),
        ({"amount": 10.0}, "expected a whole number, found a number"),
        ({"amount": 0}, "at least 1 is taken"),
        ({"amount": 1001}, "at most 1000 is taken"),
        ({"amount": 10**300}, "expected a number of at most 9007199254740991"),
        ({"rate": math.nan}, "expected a finite number"),
        ({"rate": math.inf}, "expected a finite number"),
        ({"rate": 1e300}, "expected a number of at most 9007199254740991"),
        ({"kind": "bribe"}, "expected one of: fee, gift"),
        ({"now": 1}, "expected true or false, found a number"),
        ({"parts": ["a", "b", "a"]}, "found 3 entries, at most 2 are taken"),
        ({"parts": ["a", "c"]}, "expected one of: a, b"),
        ({"parts": "ab"}, "expected a list, found a text"),
        ({"more": [1]}, "expected an object, found a list"),
        ({"more": {1: 2}}, "a name that is no text"),
        ({"to": "a\x00"}, "is not valid text"),
        ({"to": "\ud800"}, "is not valid text"),
        ({"to": b"x"}, "expected a value that JSON can hold, found bytes"),
    ],
)
def test_what_is_not_is_refused_in_words(changes: Mapping[str, object], message: str) -> None:
    assert message in [problem.message for problem in argument_problems(TOOL, {**GOOD, **changes})]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("x" * 50_000_000, "more than 1000000 characters in all"),
        ({"a": ["x" * 600_000, {"b": "y" * 600_000}]}, "more than 1000000 characters in all"),
        (nested(100_000), "nested deeper than 20"),
        ([0] * 20_000, "more than 10000 values"),
        ([[0] * 200] * 200, "more than 10000 values"),
    ],
)
def test_what_nobody_declared_is_bounded_all_the_same(value: object, message: str) -> None:
    assert [problem.message for problem in argument_problems(OPEN, {"body": value})] == [message]


def test_all_problems_come_at_once_and_no_value_is_repeated() -> None:
    with pytest.raises(InputProblem) as caught:
        check_arguments("bank.pay", TOOL, {"secret": "hunter2", "amount": "hunter2", "to": 3})

    told = caught.value.as_json()["error"]
    assert caught.value.code == "RW-RUN-013"
    assert len(caught.value.problems) == 3
    assert "hunter2" not in str(told)
    assert "bank.pay: amount" in str(told)


def test_policies_speak_of_everything_declared_but_objects() -> None:
    given = {**GOOD, "parts": ["a"], "more": {}, "kind": None, "now": True}

    assert scalars(TOOL, given) == {"to": "ada", "amount": 10, "now": True, "parts": ["a"]}
    assert scalars(OPEN, {"body": "x"}) == {}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=3), each, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*TOOL.arguments, "stray"]), values))
def test_whatever_comes_ends_in_words_or_fits(arguments: dict[str, object]) -> None:
    problems = argument_problems(TOOL, arguments)

    if not problems:
        assert isinstance(arguments["to"], str)
        assert isinstance(arguments["amount"], int)
        assert 1 <= arguments["amount"] <= 1000
        assert arguments.keys() <= TOOL.arguments.keys()
