import pytest

from roadworthy.errors import InputProblem, Refused
from roadworthy.principal import (
    SYSTEM,
    VERBS,
    Kind,
    Principal,
    Role,
    allows,
    parse_roles,
    require,
    require_person,
    require_second,
)


def person(*roles: Role, **more) -> Principal:
    return Principal("p", "P", Kind.PERSON, frozenset(roles), **more)


def test_a_verb_that_no_line_names_is_allowed_to_nobody() -> None:
    assert not allows(person(*Role), "world.rule")


def test_the_system_itself_may_ask_for_nothing() -> None:
    assert not any(allows(SYSTEM, verb) for verb in VERBS)


def test_a_disabled_account_may_nothing() -> None:
    assert not any(allows(person(*Role, disabled=True), verb) for verb in VERBS)


def test_a_key_bound_to_a_use_case_works_nowhere_else() -> None:
    bound = person(Role.CLIENT, use_case="support")
    assert allows(bound, "case.submit", use_case="support")
    assert not allows(bound, "case.submit", use_case="invoices")
    assert not allows(bound, "case.submit")


def test_a_client_sees_no_case_and_an_admin_no_content() -> None:
    assert not allows(person(Role.CLIENT), "case.read")
    assert not allows(person(Role.ADMIN), "case.read_content")


def test_a_refusal_names_who_may() -> None:
    with pytest.raises(Refused) as found:
        require(person(Role.AUDITOR), "release.approve")
    assert "owner, risk_officer" in found.value.reasons[0]


def test_no_agent_gives_a_persons_yes() -> None:
    with pytest.raises(Refused):
        require_person(Principal("a", "a", Kind.AGENT, frozenset(Role)), "a review")


def test_nobody_is_the_second_person_of_himself_not_even_an_admin() -> None:
    with pytest.raises(Refused):
        require_second(person(Role.ADMIN), "p", "resuming")
    require_second(person(Role.ADMIN), "somebody", "resuming")


def test_unknown_roles_are_all_named() -> None:
    with pytest.raises(InputProblem) as found:
        parse_roles(["owner", "king", "queen"])
    assert len(found.value.problems) == 2
