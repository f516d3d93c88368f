"""No mutation of a request, its arguments or its tool is ever decided more freely, whatever the policies are."""

import json
from dataclasses import dataclass
from typing import Any

import cedarpy
import pytest
from cedarpy import pst
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.adapters.cedar.rules import meaning_all_calls
from roadworthy.charter.tooling import Argument
from roadworthy.charter.tooling import Tool as Declared
from roadworthy.errors import InputProblem
from roadworthy.policy import Outcome, Tool, more_permissive
from roadworthy.stage import Stage

PAY = Tool("pay.send", "money", 2, "eu")
FIND = Tool("crm.find", "none", 2, "eu")
TOOLS = {
    "pay.send": Declared(
        use="x",
        sink="money",
        control=["to"],
        amount="amount",
        arguments={
            "amount": Argument(type="integer", minimum=0),
            "to": Argument(),
            "kind": Argument(one_of=["fee", "refund"]),
            "express": Argument(type="boolean", required=False),
            "tags": Argument(type="list", required=False),
            "größe": Argument(type="integer", required=False),
        },
    ),
    "crm.find": Declared(use="x"),
}

FEW = settings(max_examples=80, derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate))

ATOMS = (
    "context.amount_minor > 1000",
    "context.spent_today_minor + context.amount_minor > 50000",
    "context.confidence_bp < 8000",
    "context.untrusted",
    'context.untrusted_control.contains("to")',
    "context.data_class >= 2",
    'context.stage == Stage::"canary"',
    'resource.sink == Sink::"money"',
    "resource.clearance < 2",
    'action == Action::"call"',
    'action == Action::"pay.send"',
    'context has arguments.amount && context.arguments.amount > 500',
    'context has arguments.amount && context.arguments.amount + context.spent_today_minor > 900',
    'context has arguments.kind && context.arguments.kind != "fee"',
    'context has arguments.express && context.arguments.express',
    'context has arguments.tags && context.arguments.tags.contains("hold")',
    'context has arguments.to && context.arguments.to like "*@evil*"',
    'context has arguments && context.arguments has "größe" && context.arguments["größe"] > 3',
)  # fmt: skip


@st.composite
def conditions(draw: st.DrawFn) -> str:
    words = draw(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=3))
    parts = [f"!({word})" if draw(st.booleans()) else f"({word})" for word in words]
    return draw(st.sampled_from([" && ", " || "])).join(parts)


@st.composite
def policy_sets(draw: st.DrawFn) -> CedarPolicies:
    """A policy set that loads: permits, forbids and obligations about drawn conditions."""
    texts = []
    for number in range(draw(st.integers(1, 5))):
        id = f"own.r{number}"
        kind = draw(st.sampled_from(["permit", "permit", "forbid", "asks"]))
        head = f'@id("{id}") @reason("because")'
        scope = draw(
            st.sampled_from(["action", 'action in Action::"call"', 'action == Action::"pay.send"'])
        )
        when = f"when {{ {draw(conditions())} }}" if draw(st.integers(0, 3)) else ""
        if kind == "asks":
            head += ' @obligation("approval") @role("reviewer")'
            when += f' unless {{ context.approvals.contains("{id}") }}'
        effect = "permit" if kind == "permit" else "forbid"
        texts.append(f"{head} {effect} (principal, {scope}, resource) {when};")
    try:
        return CedarPolicies({"own.cedar": "\n".join(texts)}, TOOLS, region="eu")
    except InputProblem:  # a contradiction: it can never apply, and does not load
        assume(False)
        raise


given_arguments = st.fixed_dictionaries(
    {
        "amount": st.sampled_from([0, 1, 500, 501, 1001, 10**15]),
        "to": st.sampled_from(["C-1", "x@evil.org", "ключ"]),
        "kind": st.sampled_from(["fee", "refund"]),
        "tags": st.sampled_from([[], ["hold"], ["a", "b"]]),
    },
    optional={"express": st.booleans(), "größe": st.integers(0, 9)},
)
situations = st.fixed_dictionaries(
    {
        "stage": st.sampled_from([Stage.CANARY, Stage.PRODUCTION, Stage.HALTED]),
        "spent_today_minor": st.sampled_from([0, 400, 49_999]),
        "confidence_bp": st.sampled_from([0, 7999, 8000]),
        "untrusted_control": st.sampled_from([frozenset(), frozenset({"to"})]),
        "approvals": st.frozensets(st.sampled_from(["own.r0", "own.r1", "own.r2"])),
    }
)
WRONG = (None, True, 7, 1.5, "", "fee", "FEE", "fée", [], ["x"], [1], {}, {"type": "Tool", "id": "x"},
         {"__entity": {"type": "Sink", "id": "none"}}, {"__extn": {"fn": "ip", "arg": "::1"}})  # fmt: skip
EXTREME = (2**62, 2**63 - 1, -(2**63), 2**63, 10**300, 10**15 + 1, -1)


@st.composite
def damaged_arguments(draw: st.DrawFn, sound: dict[str, Any]) -> Any:
    """The arguments as they stand in the question, with one of them gone, mistyped, huge or misnamed."""
    kind = draw(st.sampled_from(["drop", "wrong", "extreme", "misname", "extra", "no record"]))
    if kind == "no record" or not sound:
        return draw(st.sampled_from([None, [], "x", 3, True]))
    name = draw(st.sampled_from(sorted(sound)))
    value = sound[name]
    if kind == "drop":
        return {key: one for key, one in sound.items() if key != name}
    if kind == "wrong":
        return {
            **sound,
            name: draw(st.sampled_from([one for one in WRONG if type(one) is not type(value)])),
        }
    if kind == "extreme":
        return {**sound, name: draw(st.sampled_from(EXTREME))}
    if kind == "misname":
        rest = {key: one for key, one in sound.items() if key != name}
        return {
            **rest,
            draw(st.sampled_from([name.upper(), name + "\u200b", "аmount", "gro\u0308ße"])): value,
        }
    return {**sound, draw(st.sampled_from(["approved", "Amount", "__entity", ""])): True}


OPTIONAL = {"express", "größe", "tags"}


def is_sound(wrong: object, sound: dict[str, Any]) -> bool:
    """Leaving out what may be left out is another sound request."""
    return (
        isinstance(wrong, dict)
        and set(sound) - set(wrong) <= OPTIONAL
        and all(
            name in sound
            and (value is None if name in OPTIONAL and value is None else repr(value) == repr(sound[name]))
            for name, value in wrong.items()
        )
    )


@FEW
@given(own=policy_sets(), arguments=given_arguments, situation=situations, data=st.data())
def test_damaged_arguments_are_never_decided_more_freely(ask, own, arguments, situation, data) -> None:
    request = ask(tool=PAY, amount_minor=arguments["amount"], arguments=arguments, **situation)
    sound = own.decide(request)
    asked = own.question(request)
    shown = asked["context"]["arguments"]
    wrong = data.draw(damaged_arguments(shown))
    answer = own.judge({**asked, "context": {**asked["context"], "arguments": wrong}}, tool=PAY)
    if is_sound(wrong, shown):
        return
    assert not more_permissive(answer, sound)
    assert answer.outcome is Outcome.DENY


@FEW
@given(own=policy_sets(), arguments=given_arguments, situation=situations, data=st.data())
def test_damaged_arguments_are_refused_where_a_request_comes_in(
    ask, own, arguments, situation, data
) -> None:
    wrong = data.draw(damaged_arguments(arguments))
    if is_sound(wrong, arguments):
        return
    answer = own.decide(ask(tool=PAY, amount_minor=arguments["amount"], arguments=wrong, **situation))
    assert answer.outcome is Outcome.DENY
    assert answer.reasons[0].startswith("engine."), answer


@dataclass(frozen=True)
class Forged:
    """What looks like a tool and was never checked."""

    name: Any = "pay.send"
    sink: Any = "money"
    clearance: Any = 2
    region: Any = "eu"
    connector: Any = "pay"


@FEW
@given(
    own=policy_sets(),
    field=st.sampled_from(["name", "sink", "clearance", "region", "connector"]),
    value=st.sampled_from([None, "", "none", "NONE", "pay.send ", "крm", 3, -1, 2**62, 2**63, 10**300, 1.5, True, (), b"x"]),
)  # fmt: skip
def test_a_forged_tool_is_denied_whatever_is_forged_about_it(ask, own, field, value) -> None:
    asked = own.question(
        ask(tool=PAY, amount_minor=5, arguments={"amount": 5, "to": "a", "kind": "fee", "tags": []})
    )
    answer = own.judge(asked, tool=Forged(**{field: value}))  # type: ignore[arg-type]
    assert answer.outcome is Outcome.DENY
    assert answer.reasons[0].startswith("engine.")


@pytest.mark.parametrize(
    "forged",
    [
        Forged(clearance=2**63),
        Forged(clearance="3"),
        Forged(sink="nothing"),
        Forged(region=None),
        Forged(name=7),
    ],
)
def test_without_a_charter_an_entity_that_breaks_the_schema_is_denied(everything, ask, forged) -> None:
    asked = everything.question(ask(tool=PAY, amount_minor=5))
    assert everything.judge(asked, tool=forged).outcome is Outcome.DENY


@FEW
@given(own=policy_sets(), arguments=given_arguments, situation=situations)
def test_the_rules_say_what_their_text_says(ask, own, arguments, situation) -> None:
    """Rules are put to Cedar as trees; the same text, written out and parsed again, decides the same."""
    request = ask(tool=PAY, amount_minor=arguments["amount"], arguments=arguments, **situation)
    asked = own.question(request)
    schema, entities = own._frames.of(PAY)
    text = "\n".join(rule.statement.text for rule in own._rules)
    # Membership in the group of all calls is the one thing that is read otherwise than it is written.
    text = text.replace('action == Action::"call"', 'action in Action::"call"')
    written = cedarpy.is_authorized(asked, text, entities, schema=schema)
    tree = cedarpy.is_authorized(asked, own._policies, entities, schema=schema)
    assert (written.decision, len(written.diagnostics.reasons)) == (
        tree.decision,
        len(tree.diagnostics.reasons),
    )


@FEW
@given(when=conditions())
def test_reading_equality_as_membership_changes_nothing_else(when) -> None:
    text = f'@id("a") forbid (principal, action, resource) when {{ {when} }};'
    (node,) = cedarpy.policies_to_pst(text).static_policies.values()
    again = meaning_all_calls(node)
    (expected,) = cedarpy.policies_to_pst(
        text.replace('action == Action::"call"', 'action in Action::"call"')
    ).static_policies.values()
    assert again == expected
    assert json.dumps(str(cedarpy.PolicySet.from_pst(pst.PolicySet({}, {again.id: again}, ()))))
