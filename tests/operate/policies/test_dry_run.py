"""A dry run tells what changed policies would have said of what is on record, and says where it cannot."""

from dataclasses import replace

import pytest
from tests.operate.flows import pay, reply
from tests.operate.office import BEN, CHARTER, POLICIES, SHOP, VERA, Office, person

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.charter import read
from roadworthy.errors import NotFound, Refused
from roadworthy.operate.erasing import erase_person
from roadworthy.operate.policies import replaying
from roadworthy.operate.policies.explaining import explain_effects
from roadworthy.operate.policies.replaying import ALLOWS, ASKS, BLOCKS, OTHERWISE, DryRun, dry_run
from roadworthy.ports.knowledge import Forgotten
from roadworthy.principal import Role
from roadworthy.stage import Stage

DESK = read(CHARTER, file="charter.yaml")


def changed(*replacements: tuple[str, str], more: str = "") -> CedarPolicies:
    text = POLICIES
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return CedarPolicies({"desk.cedar": text + more}, DESK.tools, region=DESK.region)


def run(office: Office, policies: CedarPolicies, *, days: int = 30) -> DryRun:
    return dry_run(office.deployment, BEN, DESK, policies, days=days)


@pytest.fixture
def paid(office: Office) -> Office:
    """Payments of 900, 1000, 1100 (waits for risk), 2000 (waits), 2600 (beyond the day's 50.00: refused)."""
    office.release(pay)
    for amount in (900, 1000, 1100, 1900, 2600):
        office.submit(f"pay-{amount}")
        office.work()
        office.later(minutes=1)
    return office


def test_the_same_policies_would_have_said_the_same(paid: Office) -> None:
    found = run(paid, changed())
    assert (found.cases, found.effects, found.same, dict(found.unknown)) == (5, 5, 5, {})
    assert all(change.effects == 0 for change in found.changes.values())
    assert found.sentence.startswith("would block 0, allow 0 new, ask about 0 more")


def test_changed_policies_would_block_allow_and_ask(paid: Office) -> None:
    lower = changed(("> 1000", "> 950"), ("> 5000", "> 4000"))
    found = run(paid, lower)
    counts = {name: change.effects for name, change in found.changes.items()}
    assert counts == {BLOCKS: 1, ALLOWS: 0, ASKS: 1, OTHERWISE: 0}
    assert found.changes[BLOCKS].because == {"desk.pay-large": 1, "desk.pay-daily": 1}
    (asked,) = found.changes[ASKS].examples
    assert (asked.key, asked.tool, asked.before, asked.after) == ("pay-1000", "bank.pay", "allow", "review")
    assert asked.case == paid.case("pay-1000").id
    higher = run(paid, changed(("> 1000", "> 1500"), ("> 5000", "> 90000")))
    assert {name: change.effects for name, change in higher.changes.items()} == {
        BLOCKS: 0, ALLOWS: 1, ASKS: 1, OTHERWISE: 0,
    }  # fmt: skip
    assert higher.as_json()["sentence"] == higher.sentence


def test_another_person_to_ask_is_a_change_of_its_own(paid: Office) -> None:
    other = run(paid, changed(('@role("risk_officer")', '@role("owner")')))
    assert other.changes[OTHERWISE].effects == 2


def test_pages_and_examples_are_bounded(paid: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "PAGE", 2)
    monkeypatch.setattr(replaying, "EXAMPLES", 1)
    monkeypatch.setattr(replaying, "_TOLD_EVERY", 2)
    told: list[str] = []
    found = dry_run(paid.deployment, BEN, DESK, changed(("> 1000", "> 1")), days=30, progress=told.append)
    assert (found.cases, found.changes[ASKS].effects, len(found.changes[ASKS].examples)) == (5, 2, 1)
    assert len(told) == 2


def test_only_the_last_days_are_replayed(paid: Office) -> None:
    paid.later(days=3)
    paid.submit("pay-10")
    paid.work()
    assert run(paid, changed(), days=1).cases == 1
    assert run(paid, changed(), days=9).cases == 6


def test_what_the_policies_no_longer_say_of_the_record_is_not_compared(paid: Office) -> None:
    effect = paid.effects("pay-900")[0]
    with paid.store.write() as tx:
        paid.store.effects.save(
            tx, replace(effect, amount=1200, version=effect.version + 1), expected=effect.version
        )
    found = run(paid, changed())
    assert sum(found.unknown.values()) >= 1
    assert "what is on record does not give the recorded answer" in found.unknown
    assert "not comparable" in found.sentence


def test_a_release_that_no_longer_loads_is_counted_and_not_guessed(paid: Office) -> None:
    paid.workflows.clear()
    assert dict(run(paid, changed()).unknown) == {"its release no longer loads": 5}


def test_erased_arguments_are_only_missed_where_policies_need_them(office: Office) -> None:
    office.release(reply)
    office.submit("a")
    office.work()
    erase_person(
        office.deployment,
        person("pia", Role.RISK_OFFICER),
        "ada@example.com",
        indexes=lambda _: Forgotten((), 0),
    )
    assert run(office, changed()).same == 1
    limited = read(
        CHARTER.replace(
            "control: [to], error: intent, idempotency: native, undo: mail.withdraw}",
            "control: [to], error: intent, idempotency: native, undo: mail.withdraw, "
            "arguments: {to: {}, body: {}}}",
        ),
        file="charter.yaml",
    )
    own = CedarPolicies({"desk.cedar": POLICIES}, limited.tools, region=limited.region)
    found = dry_run(office.deployment, BEN, limited, own, days=30)
    assert dict(found.unknown) == {"its arguments were erased": 1}


def test_a_tool_that_the_new_charter_lacks_would_be_blocked(paid: Office) -> None:
    without = read(
        "\n".join(line for line in CHARTER.splitlines() if not line.strip().startswith("bank.pay:")),
        file="charter.yaml",
    )
    text = '@id("desk.all") @reason("all") permit (principal, action, resource);'
    own = CedarPolicies({"desk.cedar": text}, without.tools, region=without.region)
    found = dry_run(paid.deployment, BEN, without, own, days=30)
    assert found.changes[BLOCKS].because == {"engine.unknown-tool": 4}


def test_a_dry_run_writes_nothing_and_is_not_for_everybody(paid: Office) -> None:
    before = list(paid.events())
    run(paid, changed(("> 1000", "> 1")))
    assert list(paid.events()) == before
    with pytest.raises(Refused):
        dry_run(paid.deployment, SHOP, DESK, changed(), days=30)


def test_a_case_is_explained_by_the_rules_that_decided_it(paid: Office) -> None:
    (held,) = explain_effects(paid.deployment, VERA, "pay-1900")
    assert (held.recorded, held.answer.outcome) == ("review", "review")
    (reason,) = held.reasons
    assert (reason.rule, reason.asks) == ("desk.pay-large", "1 × risk_officer, within 1d")
    assert reason.place.startswith("desk.cedar:")
    assert held.remaining["desk.pay-large"].startswith("forbid when (!(context.amount_minor <= 1000))")
    assert held.as_json()["effect"] == held.effect


def test_a_case_of_people_has_nothing_to_explain(office: Office) -> None:
    office.release(pay, stage=Stage.SHADOW)
    office.submit("pay-1")
    office.work()
    with pytest.raises(NotFound):
        explain_effects(office.deployment, VERA, "pay-1")
