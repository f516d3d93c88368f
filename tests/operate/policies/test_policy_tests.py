"""Tests of policies are files in the words of the charter; what is wrong with them is told with its place."""

from pathlib import Path

import pytest
from tests.operate.office import CHARTER, POLICIES

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.charter import read
from roadworthy.errors import InputProblem
from roadworthy.operate.policies.tests import read_request, read_tests
from roadworthy.policy import Outcome, run_tests

DESK = read(CHARTER, file="charter.yaml")
OWN = CedarPolicies({"desk.cedar": POLICIES}, DESK.tools, region=DESK.region)
EXAMPLE = Path(__file__).parents[3] / "src" / "roadworthy" / "example" / "support"

SOUND = """
given: {stage: production, confidence: 0.9}
tests:
  - says: a small payment is made
    tool: bank.pay
    arguments: {amount: 900, account: A-1}
    expect: allow
    because: [desk.all]
  - says: a large one waits for risk
    tool: bank.pay
    arguments: {amount: 1001, account: A-1}
    expect: review
    because: [desk.pay-large]
  - says: a large one that risk approved is made
    tool: bank.pay
    arguments: {amount: 1001, account: A-1}
    approvals: [desk.pay-large]
    expect: allow
  - says: the day has an end
    tool: bank.pay
    arguments: {amount: 900}
    spent_today: 41.01 EUR
    expect: deny
    because: [desk.pay-daily]
  - says: nobody decides a case that they began
    duty: review.decide
    did: [initiated]
    expect: deny
"""


def problems(text: str) -> list[str]:
    with pytest.raises(InputProblem) as caught:
        read_tests(DESK, {"policies/tests/own.yaml": text.encode()})
    assert caught.value.code == "RW-POLICY-002"
    return [str(problem) for problem in caught.value.problems]


def test_tests_hold_policies_to_what_their_author_expects() -> None:
    tests = read_tests(
        DESK, {"policies/tests/own.yaml": SOUND.encode(), "policies/desk.cedar": b"", "x.yaml": b""}
    )
    assert [(test.tool, test.line) for test in tests] == [
        ("bank.pay", 4),
        ("bank.pay", 9),
        ("bank.pay", 14),
        ("bank.pay", 19),
        ("", 25),
    ]
    assert [one.wrong for one in run_tests(tests, OWN.decide, OWN.may)] == [""] * 5


def test_a_test_that_does_not_hold_says_what_was_found() -> None:
    tests = read_tests(
        DESK, {"policies/tests/own.yaml": SOUND.replace("amount: 1001", "amount: 1000").encode()}
    )
    failing = [one.wrong for one in run_tests(tests, OWN.decide, OWN.may) if one.wrong]
    assert failing == [
        "expected review because of desk.pay-large, found allow because of desk.all"
    ] or failing == ["expected review, found allow because of desk.all"]
    other = read_tests(
        DESK, {"policies/tests/own.yaml": SOUND.replace("[desk.pay-daily]", "[desk.pay]").encode()}
    )
    (wrong,) = [one.wrong for one in run_tests(other, OWN.decide, OWN.may) if one.wrong]
    assert wrong == "expected deny because of desk.pay, found deny because of desk.pay-daily"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tests: []", "expected a list of `tests`"),
        ("- 1", "expected a mapping with `tests`"),
        ("tets: [1]", "unknown field `tets`"),
        ("tests: [{says: x, tool: bank.pya, expect: deny}]", "no tool `bank.pya`; did you mean `bank.pay`"),
        ("tests: [{says: x, tool: bank.pay, expect: no}]", "`expect` is allow, review or deny"),
        ("tests: [{tool: bank.pay, expect: deny}]", "expected `says`"),
        ("tests: [{says: x, tool: bank.pay, expect: deny, confidence: 2}]", "between 0 and 1"),
        ("tests: [{says: x, tool: bank.pay, expect: deny, stage: live}]", "`stage` is one of"),
        ("tests: [{says: x, tool: bank.pay, expect: deny, spent_today: 4 apples}]", "minor units"),
        ("tests: [{says: x, tool: bank.pay, expect: deny, data_class: 4}]", "0, 1, 2 or 3"),
        ("tests: [{says: x, tool: bank.pay, expect: deny, arguments: 3}]", "`arguments` is a mapping"),
        ("tests: [{says: x, tool: bank.pay, expect: deny, stoped: true}]", "unknown field `stoped`"),
        ("tests: [{says: x, duty: review.decide, did: [slept], expect: deny}]", "found `slept`"),
        ("tests: [{says: x, duty: review.delete, expect: deny}]", "`duty` is one of"),
        ("given: {tool: x}\ntests: [{says: x, tool: bank.pay, expect: deny}]", "unknown field `tool`"),
        ("tests: [3]", "a test is a mapping"),
        ("tests: [&a [*a]]", "found an alias"),
    ],
)
def test_what_a_test_gets_wrong_is_told_with_its_place(text: str, says: str) -> None:
    found = problems(text)
    assert any(says in each for each in found), found
    assert all(each.startswith("policies/tests/own.yaml:") for each in found)


def test_all_problems_come_at_once() -> None:
    assert len(problems("tests: [{says: x, tool: a, expect: deny}, {says: y, tool: b, expect: deny}]")) == 2


def test_arguments_of_the_wrong_type_are_a_test_of_their_own() -> None:
    test = read_request(DESK, b"tool: bank.pay\narguments: {amount: many}", file="asked")
    assert test.expect is Outcome.DENY
    assert OWN.decide(test.asks).reasons == ("base.amount",)


def test_the_example_s_policies_pass_their_tests() -> None:
    charter = read((EXAMPLE / "charter.yaml").read_bytes(), file="charter.yaml")
    files = {f"policies/{path.name}": path.read_text() for path in (EXAMPLE / "policies").glob("*.cedar")}
    own = CedarPolicies(files, charter.tools, region=charter.region)
    texts = {
        f"policies/tests/{path.name}": path.read_bytes() for path in (EXAMPLE / "policies/tests").iterdir()
    }
    tests = read_tests(charter, texts)
    assert [one.wrong for one in run_tests(tests, own.decide, own.may)] == [""] * len(tests)
    assert len(tests) >= 7
