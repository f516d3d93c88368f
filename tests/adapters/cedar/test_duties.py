"""Separation of duties: nobody says yes to their own work, machines say no yes at all."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.errors import InputProblem
from roadworthy.policy import DEEDS, Duty, Outcome
from roadworthy.policy.duty import VERBS

PLAIN = Duty(
    verb="review.decide",
    use_case="support",
    principal="mara",
    kind="person",
    roles=frozenset({"reviewer"}),
    did=frozenset(),
)
ASKING = (
    '@id("x") @reason("x") @obligation("approval") @role("owner") '
    "forbid (principal, action, resource) when { context.demo };"
)
HOUSE = CedarPolicies({})


@pytest.mark.parametrize(
    ("changes", "outcome", "reason"),
    [
        ({}, "allow", "duty.person"),
        ({"kind": "agent"}, "deny", "duty.no-machine"),
        ({"kind": "service"}, "deny", "duty.no-machine"),
        ({"kind": "service", "verb": "release.promote"}, "allow", "duty.promoted-by-machine"),
        ({"did": frozenset({"initiated"})}, "deny", "duty.own-case"),
        ({"did": frozenset({"edited"})}, "deny", "duty.own-edit"),
        ({"did": frozenset({"authored"})}, "deny", "duty.own-work"),
        ({"did": frozenset({"stopped"})}, "allow", "duty.person"),
        ({"did": frozenset({"approved"}), "quorum": 2}, "deny", "duty.twice"),
        ({"did": frozenset({"authored"}), "verb": "release.approve"}, "deny", "duty.own-work"),
        ({"did": frozenset({"authored"}), "verb": "tool.approve"}, "deny", "duty.own-work"),
        ({"did": frozenset({"stopped"}), "verb": "resume"}, "deny", "duty.own-stop"),
        ({"did": frozenset({"stopped"}), "verb": "resume", "roles": frozenset({"admin"})}, "deny", "duty.own-stop"),
        ({"verb": "review.delete"}, "deny", "engine.not-judged"),
        ({"kind": "robot"}, "deny", "engine.not-judged"),
        ({"did": frozenset({"slept"})}, "deny", "engine.not-judged"),
        ({"quorum": 2**63}, "deny", "engine.not-judged"),
        ({"quorum": True}, "deny", "engine.not-judged"),
        ({"demo": "yes"}, "deny", "engine.not-judged"),
        ({"principal": None}, "deny", "engine.not-judged"),
        ({"roles": None}, "deny", "engine.not-judged"),
    ],
)  # fmt: skip
def test_who_did_what_before_decides_who_may_say_yes(changes: dict[str, Any], outcome, reason) -> None:
    answer = HOUSE.may(replace(PLAIN, **changes))
    assert (answer.outcome, answer.reasons[0]) == (outcome, reason)
    assert len(answer.reasons) == len(answer.sentences)


@given(
    verb=st.sampled_from(VERBS),
    kind=st.sampled_from(["person", "service", "agent"]),
    did=st.frozensets(st.sampled_from(DEEDS)),
    more=st.sampled_from(DEEDS),
    quorum=st.integers(1, 5),
    roles=st.frozensets(st.sampled_from(["reviewer", "admin", "owner"])),
)
def test_having_done_more_never_lets_somebody_say_more(verb, kind, did, more, quorum, roles) -> None:
    duty = replace(PLAIN, verb=verb, kind=kind, did=did, quorum=quorum, roles=roles)
    before, after = HOUSE.may(duty), HOUSE.may(replace(duty, did=did | {more}))
    assert before.outcome is Outcome.ALLOW or after.outcome is Outcome.DENY
    assert HOUSE.may(replace(duty, roles=frozenset())).outcome is before.outcome, "no role is exempt"


def test_a_use_case_may_ask_more_of_people_and_never_less() -> None:
    own = (
        '@id("bank.risk-only") @reason("a high risk is decided by risk officers") '
        'forbid (principal, action == Action::"review.decide", resource) when { context.risk == "high" } '
        'unless { principal in Role::"risk_officer" };'
        '@id("bank.all") @reason("all") permit (principal, action, resource);'
    )
    bank = CedarPolicies({"duties.cedar": own})
    assert bank.may(replace(PLAIN, risk="high")).reasons == ("bank.risk-only",)
    assert bank.may(replace(PLAIN, risk="high", roles=frozenset({"risk_officer"}))).outcome == "allow"
    assert bank.may(replace(PLAIN, did=frozenset({"initiated"}))).outcome == "deny"
    assert bank.digest != HOUSE.digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('@id("x") @reason("x") forbid (principal, action, resource) when { context.stopped };', "`stopped`"),
        ('@id("duty.x") @reason("x") permit (principal, action, resource);', "is a name of the house"),
        (
            ASKING,
            "no approval can ever meet",
        ),
        ('@id("x") @reason("x") forbid (principal, action == Action::"review.decid", resource);', "unrecognized"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_about_people_is_told_at_load(text: str, says: str) -> None:
    with pytest.raises(InputProblem) as caught:
        CedarPolicies({"duties.cedar": text})
    assert any(says in str(problem) for problem in caught.value.problems)
    assert all(problem.place == "duties.cedar" for problem in caught.value.problems)
