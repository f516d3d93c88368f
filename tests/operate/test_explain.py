import pytest
from tests.operate import flows
from tests.operate.office import BEN, OLGA, SHOP, Office, Role, person

from roadworthy.errors import NotFound, Refused
from roadworthy.operate.bookkeeping import sequence_all, verify_ledger
from roadworthy.operate.explain import explain


def test_one_page_tells_inputs_steps_effects_and_proof(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    office.work()
    sequence_all(office.deployment)
    page = explain(office.deployment, BEN, "K-1")
    assert page["input"]["sender"] == "ada@example.com"
    assert [step["name"] for step in page["steps"]] == [
        "predict:intent",
        "call:books.look",
        "generate:reply",
    ]
    assert page["steps"][0]["result"]["value"]["runner_up"] == "other"
    assert page["effects"][0]["threshold"] == 0.8
    assert page["effects"][0]["undo"] == "mail.withdraw"
    assert [entry["kind"] for entry in page["ledger"]] == [
        "case.accepted",
        "case.decided",
        "effect.confirmed",
        "case.closed",
    ]


def test_content_is_shown_only_to_roles_that_may_read_it(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    office.work()
    page = explain(office.deployment, person("adam", Role.ADMIN), "K-1")
    assert "ada@example.com" not in str(page)
    with pytest.raises(Refused):
        explain(office.deployment, SHOP, "K-1")


def test_after_erasure_the_page_stands_without_its_content_and_every_proof_holds(office: Office) -> None:
    office.release(flows.reply)
    case = office.submit("K-1")
    office.work()
    sequence_all(office.deployment)
    with office.store.write() as tx:
        assert office.deployment.vault.erase(tx, case.subject, at=office.clock.now()) > 0
    page = explain(office.deployment, BEN, "K-1")
    assert "ada@example.com" not in str(page)
    assert verify_ledger(office.deployment, OLGA).holds


def test_an_unknown_case_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound):
        explain(office.deployment, BEN, "K-1")


def test_the_ledger_holds_no_content(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    office.work()
    sequence_all(office.deployment)
    text = b"".join(entry.event for entry in office.store.ledger.entries())
    assert b"ada@example.com" not in text
