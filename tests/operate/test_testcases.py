from __future__ import annotations

import pytest
from tests.operate import flows
from tests.operate.office import SHOP, VERA, Office, person

from roadworthy.errors import Conflict, InputProblem, NotFound, Refused
from roadworthy.evaluation import Grader, Suite, Test
from roadworthy.operate.outcomes import record_outcome
from roadworthy.operate.testcases import Resolved, case_to_test, remove_test, resolve
from roadworthy.principal import Role

GRADER = Grader("label", "label")
AUDITOR = person("aud", Role.AUDITOR)


@pytest.fixture
def desk(office: Office) -> Office:
    office.release(flows.reply)
    for number in (1, 2):
        office.submit(f"K-{number}", "refund 0.9", sender=f"c{number}@example.com")
    office.work()
    return office


def outcome(office: Office, key: str, truth: str, source: str = "crm") -> None:
    record_outcome(office.deployment, SHOP, "desk", key, truth=truth, source=source)


def resolved(office: Office, *tests: Test) -> Resolved:
    with office.store.read() as tx:
        return resolve(office.deployment, tx, Suite.of("triage", tests, [GRADER]), use_case="desk")


def erase(office: Office, key: str) -> None:
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, office.case(key).subject, at=office.clock.now())


def test_a_recorded_case_becomes_a_test_with_its_true_answer(desk: Office) -> None:
    outcome(desk, "K-1", "refund")
    added = case_to_test(desk.deployment, VERA, "desk", "K-1", "triage")
    assert not added.again
    found = resolved(desk, Test("own", {"text": "x"}, "y"))
    assert [test.id for test in found.suite.tests] == ["own", desk.case("K-1").id]
    test = found.suite.tests[1]
    assert (test.expected, test.input["text"], test.reference) == (
        "refund",
        "refund 0.9",
        desk.case("K-1").id,
    )
    assert test.cluster == desk.case("K-1").subject
    assert found.suite.digest == resolved(desk, Test("own", {"text": "x"}, "y")).suite.digest


def test_added_twice_it_is_one_test(desk: Office) -> None:
    outcome(desk, "K-1", "refund")
    first = case_to_test(desk.deployment, VERA, "desk", "K-1", "triage")
    second = case_to_test(desk.deployment, VERA, "desk", "K-1", "triage")
    assert second.again
    assert second.reference == first.reference


def test_the_ledger_holds_ids_and_no_content(desk: Office) -> None:
    case_to_test(desk.deployment, VERA, "desk", "K-1", "triage", expected={"words": "the secret"})
    assert "test.added" in list(desk.events())
    assert not any(b"the secret" in entry.event for entry in desk.store.ledger.entries())


def test_an_erased_case_drops_out_and_n_is_counted_again(desk: Office) -> None:
    for key in ("K-1", "K-2"):
        case_to_test(desk.deployment, VERA, "desk", key, "triage", expected="refund")
    before = resolved(desk)
    erase(desk, "K-1")
    found = resolved(desk)
    assert (len(before.suite.tests), len(found.suite.tests)) == (2, 1)
    assert found.erased == (desk.case("K-1").id,)
    assert found.suite.digest != before.suite.digest
    with pytest.raises(Refused):
        case_to_test(desk.deployment, VERA, "desk", "K-1", "other", expected="refund")


def test_outcomes_that_contradict_are_refused_with_both_sources(desk: Office) -> None:
    outcome(desk, "K-1", "refund", "crm")
    outcome(desk, "K-1", "other", "agent")
    with pytest.raises(Conflict) as refused:
        case_to_test(desk.deployment, VERA, "desk", "K-1", "triage", expected="refund")
    assert "`crm` says `refund`" in refused.value.message
    assert "`agent` says `other`" in refused.value.message


def test_what_is_given_does_not_overrule_the_outcome(desk: Office) -> None:
    outcome(desk, "K-1", "refund")
    with pytest.raises(Conflict, match="contradicts the outcome"):
        case_to_test(desk.deployment, VERA, "desk", "K-1", "triage", expected="other")
    added = case_to_test(desk.deployment, VERA, "desk", "K-1", "triage", expected={"calls": ["books.look"]})
    assert resolved(desk).suite.tests[0].expected == {"calls": ["books.look"]}
    with pytest.raises(Conflict, match="expects something else"):
        case_to_test(desk.deployment, VERA, "desk", "K-1", "triage")
    assert remove_test(desk.deployment, VERA, "desk", "K-1") == 1
    assert remove_test(desk.deployment, VERA, "desk", "K-1") == 0
    assert added.reference.test == desk.case("K-1").id
    assert resolved(desk).suite.tests == ()


def test_nothing_known_and_nothing_given_is_no_test(desk: Office) -> None:
    with pytest.raises(InputProblem, match="no outcome says"):
        case_to_test(desk.deployment, VERA, "desk", "K-1", "triage")
    with pytest.raises(InputProblem, match="JSON value"):
        case_to_test(desk.deployment, VERA, "desk", "K-1", "triage", expected=float("nan"))
    with pytest.raises(InputProblem, match="at most"):
        case_to_test(desk.deployment, VERA, "desk", "K-1", "triage", expected="x" * 200_000)
    with pytest.raises(NotFound, match="no case `K-9`"):
        case_to_test(desk.deployment, VERA, "desk", "K-9", "triage", expected="x")


def test_who_may_not_read_content_makes_no_test(desk: Office) -> None:
    with pytest.raises(Refused, match="read_content"):
        case_to_test(desk.deployment, AUDITOR, "desk", "K-1", "triage", expected="x")


def test_references_that_name_nothing_here_are_told_all_at_once(desk: Office) -> None:
    with pytest.raises(InputProblem) as refused:
        resolved(desk, Test("a", {}, "x", reference="nowhere"), Test("b", {}, "x", reference="neither"))
    assert len(refused.value.problems) == 2


def test_a_reference_in_the_file_is_filled_in_and_keeps_what_it_says(desk: Office) -> None:
    case = desk.case("K-2")
    found = resolved(desk, Test("mine", {}, "other", reference=case.id, cluster="a", slices={"kind": "x"}))
    (test,) = found.suite.tests
    assert (test.input["sender"], test.expected, test.cluster) == ("c2@example.com", "other", "a")
