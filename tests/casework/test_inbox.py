"""Who may answer, who has it, and when enough different people said yes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.casework.inbox import Absence, Team, approvals_end, met, rank
from roadworthy.policy import Obligation
from roadworthy.principal import Approval, Kind, Principal, Role

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
ROLES = (Role.REVIEWER, Role.RISK_OFFICER, Role.OWNER)


def yes(person: str, role: Role, *, minutes_ago: int = 0) -> Approval:
    at = NOW - timedelta(minutes=minutes_ago)
    return Approval(
        f"{person}-{role}", "desk", "k", "d", role, person, False, "", at, at + timedelta(days=1)
    )


def test_one_person_with_two_roles_is_one_person() -> None:
    both = [yes("walt", Role.REVIEWER), yes("walt", Role.RISK_OFFICER)]
    wanted = (Obligation("a", "reviewer"), Obligation("b", "risk_officer"))
    assert len(met(wanted, both, now=NOW)) == 1
    assert met(wanted, [*both, yes("vera", Role.REVIEWER)], now=NOW) == {"a", "b"}
    assert met((Obligation("q", "reviewer", quorum=2),), both, now=NOW) == frozenset()


def test_several_rules_of_one_role_are_met_by_one_person() -> None:
    wanted = (Obligation("a", "reviewer"), Obligation("b", "reviewer"), Obligation("c", ""))
    assert met(wanted, [yes("vera", Role.REVIEWER)], now=NOW) == {"a", "b", "c"}


def test_an_approval_counts_as_long_as_the_policy_says() -> None:
    wanted = (Obligation("a", "reviewer", ttl_s=600),)
    assert met(wanted, [yes("vera", Role.REVIEWER, minutes_ago=9)], now=NOW) == {"a"}
    assert met(wanted, [yes("vera", Role.REVIEWER, minutes_ago=10)], now=NOW) == frozenset()
    end = approvals_end(
        wanted, [yes("vera", Role.REVIEWER, minutes_ago=9)], usual=timedelta(days=1), now=NOW
    )
    assert end == NOW + timedelta(minutes=1)


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(ROLES)), max_size=8),
    st.lists(st.tuples(st.sampled_from(ROLES), st.integers(1, 3)), min_size=1, max_size=3),
)
def test_obligations_that_are_all_met_have_as_many_people_as_they_ask_for(
    given_: list, asked: list
) -> None:
    wanted = tuple(Obligation(f"o{n}", str(role), quorum=quorum) for n, (role, quorum) in enumerate(asked))
    approvals = [yes(person, role) for person, role in given_]
    found = met(wanted, approvals, now=NOW)
    if len(found) == len(wanted):
        needed = {role: max(q for r, q in asked if r == role) for role, _ in asked}
        assert len({person for person, _ in given_}) >= sum(needed.values())
    for extra in ROLES:
        assert found <= met(wanted, [*approvals, yes("z", extra)], now=NOW), (
            "another yes never takes one away"
        )


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["a", "b", "c", ""])), max_size=5))
def test_deputies_who_are_away_for_each_other_end_with_somebody_present_or_nobody(pairs: list) -> None:
    away = [
        Absence(str(n), who, deputy, NOW - timedelta(1), NOW + timedelta(1), who)
        for n, (who, deputy) in enumerate(pairs)
    ]
    people = {name: Principal(name, name, Kind.PERSON, frozenset({Role.REVIEWER})) for name in "abc"}
    team = Team(people, {}, away, NOW)
    for name in "abc":
        stands_in = team.stands_in_for(name)
        assert stands_in == "" or not team.is_absent(stands_in)
        assert (name in team.work_of(name)) is not team.is_absent(name)


@pytest.mark.parametrize(
    ("tier", "amount", "step", "expected"),
    [
        ("minimal", 0, 0, 80),
        ("high", 0, 0, 40),
        ("high", 10**9, 0, 20),
        ("limited", 0, 2, 40),
        ("?", 0, 0, 0),
    ],
)
def test_risk_money_and_escalation_bring_a_review_forward(
    tier: str, amount: int, step: int, expected: int
) -> None:
    assert rank(priority=None, tier=tier, amount=amount, step=step) == expected
    assert rank(priority=100, tier=tier, amount=amount, step=step) == 0
