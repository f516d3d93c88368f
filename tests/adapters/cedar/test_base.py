"""The rules of the house hold under a use case that permits everything."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.adapters.cedar.engine import question
from roadworthy.policy import ANY, NEUTRAL, NOWHERE, SINKS, Marking, Tool, more_permissive
from roadworthy.stage import Stage

TO = frozenset({"to"})


@pytest.mark.parametrize("sink", SINKS)
def test_a_careless_use_case_permits_every_sink(everything, ask, sink) -> None:
    assert everything.decide(ask(tool=f"any.tool {sink}", amount_minor=1)).outcome == "allow"


@pytest.mark.parametrize("sink", SINKS)
def test_the_stop_switch_stops_reading_and_acting(everything, ask, sink) -> None:
    answer = everything.decide(ask(tool=f"any.tool {sink}", amount_minor=1, stopped=True))
    assert (answer.outcome, answer.reasons) == ("deny", ("base.stopped",))
    assert answer.sentences == ("the stop switch is on",)


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("sink", SINKS)
def test_only_a_stage_that_may_act_or_simulate_permits_a_change(everything, ask, stage, sink) -> None:
    answer = everything.decide(ask(tool=f"any.tool {sink}", amount_minor=1, stage=stage))
    refused = sink != "none" and stage in ("draft", "halted", "retired")
    assert (answer.outcome == "deny", "base.stage" in answer.reasons) == (refused, refused)


@pytest.mark.parametrize(
    ("sink", "outcome"),
    [
        ("none", "deny"),
        ("money", "deny"),
        ("identity", "deny"),
        ("message", "review"),
        ("egress", "review"),
        ("browse", "review"),
        ("write", "review"),
        ("delete", "review"),
    ],
)
def test_an_untrusted_value_decides_nothing_alone(everything, ask, sink, outcome) -> None:
    asked = ask(tool=f"any.tool {sink}", amount_minor=1, untrusted_control=TO)
    assert everything.decide(asked).outcome == outcome


@pytest.mark.parametrize("sink", ["money", "identity", "message", "egress", "browse", "write", "delete"])
def test_content_that_leads_elsewhere_goes_before_a_person(everything, ask, sink) -> None:
    """Who gets the money is not decided by a link in its memo, but a person looks at it."""
    asked = ask(tool=f"any.tool {sink}", amount_minor=1, untrusted_control=frozenset({"memo:link"}))
    answer = everything.decide(asked)
    assert (answer.outcome, answer.reasons) == ("review", ("base.untrusted-control",))
    both = everything.decide(replace(asked, untrusted_control=frozenset({"memo:link", "to"})))
    assert both.outcome == ("deny" if sink in ("money", "identity") else "review")


def test_no_approval_lets_an_untrusted_value_decide_where_money_goes(everything, ask) -> None:
    asked = ask(
        tool="any.tool money",
        amount_minor=1,
        untrusted_control=TO,
        approvals=frozenset({"base.untrusted-control", "base.untrusted-payment-or-identity", "reviewer"}),
    )
    assert everything.decide(asked).reasons == ("base.untrusted-payment-or-identity",)


@pytest.mark.parametrize("autonomy", ["suggest", "approve"])
def test_a_use_case_that_may_not_act_alone_asks_a_reviewer(everything, ask, autonomy) -> None:
    answer = everything.decide(ask(autonomy=autonomy))
    assert answer.outcome == "review"
    assert [(each.id, each.role) for each in answer.obligations] == [("base.autonomy", "reviewer")]
    assert everything.decide(ask(autonomy=autonomy, tool="any.tool none")).outcome == "allow"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data_class": 3}, "base.clearance"),
        ({"data_class": 3, "tool": Tool("any.tool", "none", 2, "eu")}, "base.clearance"),
        ({"data_class": 3, "tool": Tool("any.tool", "egress", 3, "eu")}, "base.special-egress"),
        ({"region": "us"}, "base.region"),
        ({"region": NOWHERE}, "base.region"),
        ({"tool": Tool("any.tool", "message", 2, ANY)}, "base.region"),
        ({"purpose": "advertising"}, "base.purpose"),
        ({"purposes": frozenset()}, "base.purpose"),
        ({"purpose": ANY}, "base.purpose"),
        ({"tool": "any.tool money", "amount_minor": 0}, "base.amount"),
    ],
)
def test_data_and_money_go_only_where_they_may(everything, ask, changes, reason) -> None:
    answer = everything.decide(ask(**changes))
    assert (answer.outcome, answer.reasons) == ("deny", (reason,))


@pytest.mark.parametrize(
    "changes",
    [
        {"region": ANY},
        {"data_class": 1, "purpose": "advertising"},
        {"data_class": 3, "tool": Tool("any.tool", "message", 3, "eu")},
        {"region": ANY, "tool": Tool("any.tool", "message", 2, ANY)},
    ],
)
def test_data_within_their_limits_pass(everything, ask, changes) -> None:
    assert everything.decide(ask(**changes)).outcome == "allow"


@st.composite
def any_marking(draw: st.DrawFn) -> Marking:
    purposes = st.frozensets(st.sampled_from(["customer-service", "billing"]))
    data_class = draw(st.integers(0, 3))
    return Marking(
        origin=draw(st.sampled_from(["trusted", "untrusted"])),
        data_class=data_class,
        region=draw(st.sampled_from([ANY, NOWHERE, "eu", "us"])),
        purposes=draw(purposes if data_class >= 2 else purposes | st.just(frozenset({ANY}))),
        subjects=frozenset(),
    )


markings = any_marking()


@settings(max_examples=150, derandomize=True)
@given(
    one=markings,
    other=markings,
    sink=st.sampled_from(SINKS),
    clearance=st.integers(0, 3),
    autonomy=st.sampled_from(["suggest", "automatic"]),
)
def test_what_is_made_from_two_values_may_go_only_where_both_may(
    everything, ask, one, other, sink, clearance, autonomy
) -> None:
    def decide(marking: Marking):
        tool = Tool("any.tool", sink, clearance, "eu")
        return everything.decide(ask(tool=tool, amount_minor=1, marking=marking, autonomy=autonomy))

    assert not more_permissive(decide(one.join(other)), decide(one))


@settings(max_examples=150, derandomize=True)
@given(
    sink=st.sampled_from(SINKS),
    stage=st.sampled_from(Stage),
    autonomy=st.sampled_from(["suggest", "approve", "automatic"]),
    untrusted=st.sampled_from([frozenset(), TO]),
    data_class=st.integers(0, 3),
)
def test_every_further_doubt_holds_back_at_least_as_much(
    everything, ask, sink, stage, autonomy, untrusted, data_class
) -> None:
    asked = ask(
        tool=Tool("any.tool", sink, 2, "eu"),
        amount_minor=1,
        stage=stage,
        autonomy=autonomy,
        untrusted_control=untrusted,
        data_class=data_class,
    )
    before = everything.decide(asked)
    doubts = (
        replace(asked, stopped=True),
        replace(asked, autonomy="suggest"),
        replace(asked, stage=Stage.HALTED),
        replace(asked, untrusted_control=untrusted | {"amount"}),
        replace(asked, marking=replace(asked.marking, data_class=min(3, data_class + 1))),
        replace(asked, marking=replace(asked.marking, region=NOWHERE)),
    )
    for doubtful in doubts:
        assert not more_permissive(everything.decide(doubtful), before)


def test_data_of_any_purpose_are_personal_for_nobody(everything, ask) -> None:
    asked = question(ask(purpose=ANY))
    asked["context"]["data_purposes"] = [ANY]
    assert everything.judge(asked, tool=ask().tool).reasons == ("base.purpose",)


def test_public_data_without_limits_reach_a_tool_without_a_place(everything, ask) -> None:
    tool = Tool("any.tool", "none", 0, ANY)
    assert everything.decide(ask(tool=tool, marking=NEUTRAL)).outcome == "allow"
