"""A workflow proposes, Roadworthy disposes: whatever is added to the grounds can only hold back."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.disposition import Disposition, Grounds, Kind, dispose
from roadworthy.policy import Answer, Obligation, Outcome, more_permissive
from roadworthy.quantities import digest_of
from roadworthy.stage import ENDED, SIMULATED, Stage

DIGEST = digest_of("policies")
ALLOW = Answer(Outcome.ALLOW, ("p",), ("allowed",), (), DIGEST)
DENY = Answer(Outcome.DENY, ("d",), ("not to strangers",), (), DIGEST)
REVIEW = Answer(
    Outcome.REVIEW, ("r",), ("the owner looks at refunds",), (Obligation("r", "owner"),), DIGEST
)
CLEAR = Grounds(stage=Stage.PRODUCTION, stopped=False, policy=ALLOW, uncovered="", budget_left=True)
FREEDOM = {Kind.REFUSE: 0, Kind.REVIEW: 1, Kind.EXECUTE: 2}

obligations = st.lists(
    st.builds(Obligation, st.sampled_from(["r", "s", "t"]), st.sampled_from(["owner", "reviewer"])),
    min_size=1, max_size=3, unique_by=lambda each: each.id,
)  # fmt: skip
answers = st.sampled_from(
    [ALLOW, DENY, replace(DENY, sentences=(), errors=("could not be judged",))]
) | st.builds(lambda asked: replace(REVIEW, obligations=tuple(asked)), obligations)
grounds = st.builds(
    Grounds,
    stage=st.sampled_from(Stage),
    stopped=st.booleans(),
    policy=answers,
    uncovered=st.sampled_from(["", "no certificate covers it"]),
    budget_left=st.booleans(),
    approved=st.booleans(),
)


def freedom(disposition: Disposition) -> tuple[int, bool]:
    """How much is let through: what happens, and whether the world feels it."""
    return FREEDOM[disposition.kind], disposition.kind is Kind.EXECUTE and not disposition.simulated


def restrictions(of: Grounds) -> list[Grounds]:
    """Every single change of the grounds that holds back more."""
    found = [replace(of, stage=stage) for stage in (*ENDED, Stage.DRAFT)]
    if of.stage not in SIMULATED | ENDED:
        found += [replace(of, stage=stage) for stage in (Stage.SHADOW, Stage.PILOT)]
    found.append(replace(of, stopped=True))
    if of.policy.outcome is Outcome.ALLOW:
        found.append(replace(of, policy=REVIEW))
    if of.policy.outcome is not Outcome.DENY:
        found.append(replace(of, policy=DENY))
    if of.policy.outcome is Outcome.REVIEW:
        more = (*of.policy.obligations, Obligation("further", "risk_officer"))
        found.append(replace(of, policy=replace(of.policy, obligations=more)))
    found.append(replace(of, uncovered=of.uncovered or "no certificate covers it"))
    found.append(replace(of, budget_left=False))
    found.append(replace(of, approved=False))
    assert not any(more_permissive(narrower.policy, of.policy) for narrower in found)
    return found


@settings(max_examples=400)
@given(grounds)
def test_no_single_change_towards_more_restriction_lets_more_through(of: Grounds) -> None:
    before = dispose(of)
    for narrower in restrictions(of):
        after = dispose(narrower)
        assert freedom(after) <= freedom(before), narrower
        if after.kind is before.kind is Kind.REVIEW:
            assert set(after.roles) >= set(before.roles)


@given(grounds, st.integers(0, 10), st.integers(0, 10))
def test_nor_do_two_of_them(of: Grounds, first: int, second: int) -> None:
    once = restrictions(of)
    narrower = once[first % len(once)]
    twice = restrictions(narrower)
    assert freedom(dispose(twice[second % len(twice)])) <= freedom(dispose(of))


def test_with_every_ground_clear_an_effect_leaves() -> None:
    assert dispose(CLEAR) == Disposition(
        Kind.EXECUTE, ("a certificate covers it and policies allow it",), simulated=False
    )


@given(grounds)
def test_stopped_always_refuses(of: Grounds) -> None:
    disposition = dispose(replace(of, stopped=True))
    assert disposition.kind is Kind.REFUSE
    assert "the stop switch is on" in disposition.reasons


@given(grounds, st.sampled_from([*ENDED, Stage.DRAFT]))
def test_a_release_that_ended_or_never_began_has_no_effects(of: Grounds, stage: Stage) -> None:
    assert dispose(replace(of, stage=stage)).kind is Kind.REFUSE


@given(grounds)
def test_pilot_and_shadow_simulate_whatever_is_decided(of: Grounds) -> None:
    for stage in (Stage.PILOT, Stage.SHADOW):
        assert dispose(replace(of, stage=stage)).simulated
    for stage in (Stage.CANARY, Stage.PRODUCTION):
        assert not dispose(replace(of, stage=stage)).simulated


@given(grounds)
def test_an_approval_never_overrules_a_policy(of: Grounds) -> None:
    approved = dispose(replace(of, approved=True))
    if of.policy.outcome is Outcome.DENY:
        assert approved.kind is Kind.REFUSE
    if of.policy.outcome is Outcome.REVIEW:
        assert approved.kind is not Kind.EXECUTE


@pytest.mark.parametrize(
    "gap",
    [
        {"uncovered": "too unsure"},
        {"budget_left": False},
        {"uncovered": "too unsure", "budget_left": False},
    ],
)
def test_an_approval_stands_in_for_the_certificate_and_the_budget(gap: dict[str, object]) -> None:
    held = replace(CLEAR, **gap)  # type: ignore[arg-type]
    assert dispose(held).kind is Kind.REVIEW
    allowed = dispose(replace(held, approved=True))
    assert allowed.kind is Kind.EXECUTE
    assert allowed.reasons == ("approved by a person",)


@given(grounds)
def test_every_disposition_says_why(of: Grounds) -> None:
    disposition = dispose(of)
    assert all(disposition.reasons)
    assert disposition.reasons
    if disposition.kind is not Kind.REVIEW:
        assert disposition.roles == ()


def test_every_reason_is_told_and_not_only_the_first() -> None:
    refused = dispose(replace(CLEAR, stage=Stage.HALTED, stopped=True, policy=DENY))
    assert refused.reasons == (
        "the stop switch is on",
        "a release in halted has no effects",
        "not to strangers",
    )
    reviewed = dispose(replace(CLEAR, policy=REVIEW, uncovered="too unsure", budget_left=False))
    assert reviewed.reasons == ("the owner looks at refunds", "too unsure", "the budget is spent")
    assert reviewed.roles == ("owner",)


def test_roles_are_asked_once_each_in_the_order_of_the_policies() -> None:
    asked = tuple(
        Obligation(name, role) for name, role in [("a", "owner"), ("b", "risk_officer"), ("c", "owner")]
    )
    assert dispose(replace(CLEAR, policy=replace(REVIEW, obligations=asked))).roles == (
        "owner",
        "risk_officer",
    )
