"""Policies may limit what a tool is called with: typed, ranged, and never skipped."""

from collections.abc import Callable
from typing import Any

import pytest

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.charter.tooling import Argument
from roadworthy.charter.tooling import Tool as Declared
from roadworthy.errors import InputProblem
from roadworthy.policy import Answer, Tool

PAY = Tool("refunds.issue", "money", 2, "eu")
TOOLS = {
    "refunds.issue": Declared(
        use="sql.insert",
        sink="money",
        control=["to"],
        amount="amount",
        arguments={
            "amount": Argument(type="integer", minimum=0, maximum=10_000),
            "to": Argument(max_length=40),
            "currency": Argument(one_of=["EUR", "USD"]),
            "urgent": Argument(type="boolean", required=False),
            "tags": Argument(type="list", required=False),
            "rate": Argument(type="number", required=False),
            "note": Argument(type="object", required=False),
        },
    ),
    "crm.find": Declared(use="sql.query"),
}
GOOD: dict[str, Any] = {"amount": 100, "to": "C-1", "currency": "EUR"}
PERMIT = '@id("p") @reason("paid") permit (principal, action == Action::"refunds.issue", resource);\n'


def policies(text: str = "") -> CedarPolicies:
    return CedarPolicies({"own.cedar": PERMIT + text}, TOOLS, region="eu")


def forbid(when: str, *, action: str = '== Action::"refunds.issue"', id: str = "f") -> str:
    return f'@id("{id}") @reason("no") forbid (principal, action {action}, resource) when {{ {when} }};\n'


def asking(id: str, tool: str) -> str:
    return (
        f'@id("{id}") @reason("x") @obligation("approval") @role("reviewer") '
        f'forbid (principal, action, resource == Tool::"{tool}") unless {{ context.approvals.contains("{id}") }};'
    )


@pytest.fixture
def pays(ask: Callable[..., Any]) -> Callable[..., Answer]:
    def decide(own: CedarPolicies, arguments: object = None, **changes: Any) -> Answer:
        given = GOOD if arguments is None else arguments
        return own.decide(ask(**{"tool": PAY, "amount_minor": 100, "arguments": given, **changes}))

    return decide


@pytest.mark.parametrize(
    ("when", "arguments", "outcome"),
    [
        ("context.arguments.amount > 99", {}, "deny"),
        ("context.arguments.amount > 100", {}, "allow"),
        ('context.arguments.currency != "EUR"', {}, "allow"),
        ('context.arguments.currency != "EUR"', {"currency": "USD"}, "deny"),
        ("context.arguments has urgent && context.arguments.urgent", {}, "allow"),
        ("context.arguments has urgent && context.arguments.urgent", {"urgent": True}, "deny"),
        ("context.arguments has urgent && context.arguments.urgent", {"urgent": None}, "allow"),
        ('context.arguments has tags && context.arguments.tags.contains("x")', {"tags": ["x"]}, "deny"),
        ('context.arguments has tags && context.arguments.tags.contains("x")', {"tags": []}, "allow"),
        ('context.arguments.to like "*evil*"', {"to": "an evil one"}, "deny"),
    ],
)
def test_a_policy_limits_what_a_tool_is_called_with(pays, when, arguments, outcome) -> None:
    assert pays(policies(forbid(when)), {**GOOD, **arguments}).outcome == outcome


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({**GOOD, "amount": "100"}, "`amount` is not a whole number"),
        ({**GOOD, "amount": True}, "`amount` is not a whole number"),
        ({**GOOD, "amount": 100.0}, "`amount` is not a whole number"),
        ({**GOOD, "amount": 10_001}, "`amount` lies outside 0 to 10000"),
        ({**GOOD, "amount": 10**300}, "`amount` lies outside"),
        ({**GOOD, "amount": 2**62}, "`amount` lies outside"),
        ({**GOOD, "currency": "eur"}, "`currency` is not on its list"),
        ({**GOOD, "currency": "ЕUR"}, "`currency` is not on its list"),
        ({**GOOD, "to": "x" * 41}, "`to` is longer than 40 characters"),
        ({**GOOD, "to": "\ud800"}, "`to` holds half a character"),
        ({**GOOD, "urgent": 1}, "`urgent` is not true or false"),
        ({**GOOD, "tags": "x"}, "`tags` is not a list"),
        ({**GOOD, "rate": float("nan")}, "`rate` is not a number"),
        ({**GOOD, "rate": 10**400}, "`rate` lies outside"),
        ({**GOOD, "note": "x"}, "`note` is not an object"),
        ({"amount": 100, "to": "C-1"}, "`currency` is missing"),
        ({**GOOD, "currency": None}, "`currency` is missing"),
        ({**GOOD, "iban": "DE00"}, "1 arguments are not declared"),
        ({}, "`amount` is missing"),
        (None, ""),
    ],
)
def test_what_is_missing_or_of_another_type_is_denied_before_a_policy_is_asked(
    pays, arguments, says
) -> None:
    answer = pays(policies(), arguments)
    if arguments is None:
        assert answer.outcome == "allow"
        return
    assert (answer.outcome, answer.reasons) == ("deny", ("engine.arguments",))
    assert any(says in sentence for sentence in answer.sentences)
    assert answer.errors == ()


def test_a_list_that_policies_speak_of_holds_text_and_any_other_list_holds_what_it_likes(pays) -> None:
    odd = {**GOOD, "tags": [{"name": "x"}]}
    assert pays(policies(), odd).outcome == "allow"
    speaking = policies(forbid('context.arguments has tags && context.arguments.tags.contains("x")'))
    answer = pays(speaking, odd)
    assert answer.sentences == ("argument `tags` has entries that are not text",)


@pytest.mark.parametrize(
    "when",
    [
        'action == Action::"call"',
        'Action::"call" == action',
        'action in Action::"call"',
        'action in [Action::"call"]',
        '!(action != Action::"call")',
    ],
)
def test_a_policy_about_every_call_holds_for_each_tool(pays, when) -> None:
    assert pays(policies(forbid(when, action=""))).reasons == ("f",)
    assert pays(policies(forbid("true", action='== Action::"call"'))).reasons == ("f",)
    assert pays(policies(forbid("true", action='in [Action::"call"]'))).reasons == ("f",)


def test_a_comparison_that_could_only_miss_is_refused() -> None:
    with pytest.raises(InputProblem) as caught:
        policies(forbid('[Action::"call"].contains(action)', action=""))
    assert "stands for every tool" in str(caught.value.problems[0])


def test_a_tool_that_the_charter_does_not_have_is_denied(ask) -> None:
    own = policies('@id("all") @reason("all") permit (principal, action, resource);')
    assert own.decide(ask(tool="refunds.undo money", amount_minor=1)).reasons == ("engine.unknown-tool",)
    assert own.decide(ask(tool="crm.find none")).outcome == "allow"


@pytest.mark.parametrize(
    "facts",
    [
        Tool("refunds.issue", "none", 2, "eu"),
        Tool("refunds.issue", "money", 3, "eu"),
        Tool("refunds.issue", "money", 2, "us"),
    ],
)
def test_a_tool_that_is_not_as_the_charter_says_is_denied(pays, facts) -> None:
    assert pays(policies(), tool=facts).reasons == ("engine.unknown-tool",)


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        (forbid("context.arguments.amont > 3"), "arguments.amont", "the charter declares no such argument"),
        (
            forbid("context.arguments.rate > 3"),
            "arguments.rate",
            "number or object, which policies cannot compare",
        ),
        (forbid("context.arguments.amount > 3", action=""), "arguments.amount", "begin with action =="),
        (forbid("context.arguments.urgent"), "arguments.urgent", "ask `has` first"),
        (forbid("true", action='== Action::"refund.issue"'), "Action::", "unrecognized action"),
        (forbid('context.arguments.amount > "3"'), "@id", "expected Long but saw String"),
        (forbid("context.amount_minor >> 3"), "> 3", "unexpected token `>`"),
    ],
)
def test_what_a_policy_gets_wrong_about_arguments_is_refused_at_its_place(text, at, says) -> None:
    with pytest.raises(InputProblem) as caught:
        policies(text)
    first = str(caught.value.problems[0])
    assert first.startswith(f"own.cedar:2:{text.index(at) + 1}: "), first
    assert any(says in str(problem) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (forbid('context.arguments.currency == "GBP"'), "`GBP`, which is not on its list"),
        (forbid('["EUR", "CHF"].contains(context.arguments.currency)'), "`CHF`, which is not on its list"),
        (
            '@id("x") @reason("x")\npermit (principal, action == Action::"crm.find", resource == Tool::"refunds.issue");',
            "can never apply",
        ),
        (
            asking("x", "crm.find"),
            "only reads",
        ),
        ('@id("x") @reason("x") permit (principal, action, resource == Tool::"crm.fnd");', "not declared"),
    ],
)
def test_lint_names_what_is_probably_not_meant_about_tools(text, says) -> None:
    (finding,) = policies(text).lint()
    assert says in finding.message


def test_the_digest_follows_what_the_charter_says_of_arguments() -> None:
    one = policies().digest
    wider = {**TOOLS, "crm.find": Declared(use="sql.query", clearance=3)}
    other = CedarPolicies({"own.cedar": PERMIT}, wider, region="eu").digest
    looser = TOOLS["refunds.issue"].model_copy(update={"arguments": {**TOOLS["refunds.issue"].arguments}})
    looser.arguments["to"] = Argument(max_length=41)
    third = CedarPolicies({"own.cedar": PERMIT}, {**TOOLS, "refunds.issue": looser}, region="eu").digest
    assert len({one, other, third, CedarPolicies({"own.cedar": ""}).digest}) == 4


def test_what_a_denied_tool_waits_for_is_told_in_the_words_of_the_policies(ask) -> None:
    own = policies(forbid("context.arguments.amount > 50"))
    left = own.remaining(ask(tool=PAY, amount_minor=100, arguments=GOOD))
    assert left["p"] == "permit always"
    assert left["f"] == "forbid when !(context.arguments.amount <= 50)"
    assert left["base.stopped"] == "forbid when context.stopped"
    assert "base.untrusted-read" not in left, "it never applies to money"


def test_a_name_that_nobody_could_write_is_refused() -> None:
    odd = Declared(use="x", arguments={"a\nb": Argument()})
    with pytest.raises(InputProblem) as caught:
        CedarPolicies({}, {"crm.find": odd, "call": Declared(use="x")})
    assert [problem.place for problem in caught.value.problems] == [
        "tools.crm.find.arguments",
        "tools.call",
    ]


def test_arguments_may_have_any_printable_name(ask) -> None:
    tool = Declared(use="x", arguments={"Größe €": Argument(type="integer"), 'quo"te': Argument()})
    own = CedarPolicies(
        {
            "own.cedar": '@id("p") @reason("p") permit (principal, action == Action::"a.b", resource) '
            'when { context.arguments["Größe €"] < 5 };'
        },
        {"a.b": tool},
        region="eu",
    )
    for size, outcome in ((4, "allow"), (5, "deny")):
        asked = ask(tool=Tool("a.b", "none", 2, "eu"), arguments={"Größe €": size, 'quo"te': "x"})
        assert own.decide(asked).outcome == outcome
