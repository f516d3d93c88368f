"""Whatever goes wrong on the way to a decision holds back more, never less."""

from typing import Any

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.adapters.cedar.engine import question
from roadworthy.policy import Outcome, Tool, more_permissive
from roadworthy.stage import Stage

TOOLS = (
    Tool("helpdesk.reply", "message", 2, "eu"),
    Tool("refunds.issue", "money", 2, "eu"),
    Tool("crm.update_contact", "write", 2, "eu"),
    Tool("crm.find_customer", "none", 2, "eu"),
    Tool("mail.forward", "egress", 3, "us"),
)
WRONG = (
    None,
    True,
    "yes",
    "",
    1.5,
    [],
    ["x"],
    [1],
    {},
    {"type": "Stage", "id": "pilot"},
    {"__extn": 1},
    object(),
)
EXTREME = (10**15 + 1, -(10**15) - 1, 2**62, 2**63 - 1, -(2**63), 2**63, 2**64, 10**30, -(10**30))

requests = st.fixed_dictionaries(
    {
        "tool": st.sampled_from(TOOLS),
        "stage": st.sampled_from(Stage),
        "autonomy": st.sampled_from(["suggest", "approve", "automatic"]),
        "amount_minor": st.sampled_from([0, 1, 1500, 1501, 10_000, 10_001, 10**15]),
        "spent_today_minor": st.sampled_from([0, 49_000, 50_000]),
        "confidence_bp": st.integers(0, 10_000),
        "data_class": st.integers(0, 3),
        "region": st.sampled_from(["eu", "us", "any"]),
        "untrusted_control": st.sampled_from([frozenset(), frozenset({"to"})]),
        "approvals": st.frozensets(
            st.sampled_from(["base.autonomy", "support.refund-large", "support.contact-approved"])
        ),
        "stopped": st.booleans(),
    }
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, asked: dict[str, Any]) -> dict[str, Any]:
    """The question as Cedar gets it, with one thing wrong."""
    context = dict(asked["context"])
    field = draw(st.sampled_from(sorted(context)))
    kind = draw(
        st.sampled_from(["drop", "wrong type", "extreme", "unknown", "extra", "no part", "no context"])
    )
    if kind == "drop":
        del context[field]
    elif kind == "wrong type":
        good = type(context[field])
        context[field] = draw(st.sampled_from([each for each in WRONG if type(each) is not good]))
    elif kind == "extreme":
        number = draw(st.sampled_from([name for name in context if type(context[name]) is int]))
        context[number] = draw(st.sampled_from(EXTREME))
    elif kind == "unknown":
        part = draw(st.sampled_from(["action", "resource"]))
        name = draw(st.sampled_from(["shell.run", "", "helpdesk.reply ", "none"]))
        return {**asked, part: {**asked[part], "id": name}}
    elif kind == "extra":
        context[draw(st.sampled_from(["amount", "Stopped", "approved"]))] = True
    elif kind == "no part":
        part = draw(st.sampled_from(["principal", "action", "resource", "context"]))
        return {name: value for name, value in asked.items() if name != part}
    else:
        return {**asked, "context": draw(st.sampled_from(WRONG))}
    return {**asked, "context": context}


@settings(max_examples=300, derandomize=True)
@given(changes=requests, data=st.data())
def test_a_damaged_request_is_never_decided_more_freely_than_the_sound_one(
    support: CedarPolicies, everything: CedarPolicies, ask, changes, data
) -> None:
    request = ask(**changes)
    asked = question(request)
    wrong = data.draw(damaged(asked))
    for policies in (support, everything):
        sound = policies.judge(asked, tool=request.tool)
        assert sound.errors == ()
        damaged_answer = policies.judge(wrong, tool=request.tool)
        assert not more_permissive(damaged_answer, sound)
        assert damaged_answer.outcome is Outcome.DENY
        assert damaged_answer.reasons
        assert len(damaged_answer.sentences) >= 1


@settings(max_examples=200, derandomize=True)
@given(changes=requests)
def test_a_review_ends_in_an_allow_once_its_obligations_are_met_and_not_before(
    support: CedarPolicies, ask, changes
) -> None:
    request = ask(**changes)
    answer = support.decide(request)
    assert len(answer.reasons) == len(answer.sentences) > 0
    if answer.outcome is not Outcome.REVIEW:
        return
    ids = {each.id for each in answer.obligations}
    for missing in ids:
        part = ask(**{**changes, "approvals": request.approvals | (ids - {missing})})
        assert support.decide(part).outcome is Outcome.REVIEW
    whole = ask(**{**changes, "approvals": request.approvals | ids})
    assert support.decide(whole).outcome is Outcome.ALLOW


OVERFLOW = """
@id("p") @reason("p") permit (principal, action, resource);
@id("cap") @reason("cap") forbid (principal, action, resource)
when { context.spent_today_minor + context.amount_minor > 50000 };
@id("risk") @reason("risk") forbid (principal, action, resource)
when { context.amount_minor * context.amount_minor > 1000000 };
"""


def raw(asked: dict[str, Any], tool: Tool) -> cedarpy.AuthzResult:
    """Cedar alone, as one would call it at first: without a schema."""
    entity = {
        "uid": asked["resource"],
        "attrs": {
            "sink": {"__entity": {"type": "Sink", "id": tool.sink}},
            "clearance": tool.clearance,
            "region": tool.region,
        },
        "parents": [],
    }
    return cedarpy.is_authorized(asked, OVERFLOW, [entity])


def test_an_overflow_makes_cedar_alone_allow_and_us_deny(ask) -> None:
    asked = question(ask(amount_minor=2**62, spent_today_minor=2**62))
    alone = raw(asked, TOOLS[0])
    assert (alone.allowed, len(alone.diagnostics.errors)) == (True, 2)
    answer = CedarPolicies({"own.cedar": OVERFLOW}).judge(asked, tool=TOOLS[0])
    assert (answer.outcome, answer.reasons) == (Outcome.DENY, ("engine.out-of-range",))


def test_an_overflow_within_the_bounds_is_an_error_that_denies(ask) -> None:
    own = CedarPolicies({"own.cedar": OVERFLOW.replace("50000", "9000000000000000")})
    answer = own.decide(ask(amount_minor=10**15))
    assert (answer.outcome, answer.reasons) == (Outcome.DENY, ("engine.not-judged",))
    assert "overflow" in answer.errors[0]


def test_an_overflow_is_never_sent_to_a_person(ask) -> None:
    asks = (
        '@id("a") @obligation("approval") @role("reviewer") @reason("a") forbid (principal, action, resource)'
        'unless { context.approvals.contains("a") };'
    )
    own = CedarPolicies({"own.cedar": OVERFLOW.replace("50000", "9000000000000000") + asks})
    assert own.decide(ask(amount_minor=1)).outcome is Outcome.REVIEW
    answer = own.decide(ask(amount_minor=10**15))
    assert (answer.outcome, bool(answer.errors)) == (Outcome.DENY, True)


def test_a_missing_field_makes_cedar_alone_allow_and_us_deny(ask) -> None:
    asked = question(ask(amount_minor=90_000))
    del asked["context"]["amount_minor"]
    alone = raw(asked, TOOLS[0])
    assert (alone.allowed, len(alone.diagnostics.errors)) == (True, 2)
    answer = CedarPolicies({"own.cedar": OVERFLOW}).judge(asked, tool=TOOLS[0])
    assert (answer.outcome, answer.reasons) == (Outcome.DENY, ("engine.not-judged",))
    assert answer.errors


def test_a_tool_that_was_not_asked_about_is_denied_before_cedar_is_asked(ask, everything) -> None:
    answer = everything.judge(question(ask()), tool=TOOLS[1])
    assert (answer.outcome, answer.reasons) == (Outcome.DENY, ("engine.unknown-tool",))


@pytest.mark.parametrize(
    "changes",
    [
        {"stage": "live"},
        {"stage": None},
        {"autonomy": "Automatic"},
        {"amount_minor": "12"},
        {"amount_minor": 12.0},
        {"amount_minor": True},
        {"amount_minor": float("nan")},
        {"stopped": "no"},
        {"approvals": None},
        {"untrusted_control": frozenset({1, "to"})},
        {"purpose": None},
        {"use_case": 7},
    ],
)
def test_a_request_that_cannot_be_put_to_cedar_is_denied_with_an_alarm(everything, ask, changes) -> None:
    answer = everything.decide(ask(**changes))
    assert (answer.outcome, answer.reasons) == (Outcome.DENY, ("engine.not-judged",))
    assert answer.errors
