"""Mails about what waits, links in them, and who may say yes after what they did."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.operate import flows
from tests.operate.office import BEN, CHARTER, OLGA, VERA, Office, person

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.casework.review import Review, Verdict
from roadworthy.errors import InputProblem, Refused, Unavailable
from roadworthy.operate.access import set_email
from roadworthy.operate.reviewing import decide_review
from roadworthy.operate.reviews import holding, links
from roadworthy.operate.reviews.reminding import Reminders, reminders
from roadworthy.operate.saying_yes import deeds
from roadworthy.policy import Duty
from roadworthy.principal import Role
from roadworthy.quantities import digest_of

NINA = person("nina", Role.REVIEWER)
ADMIN = person("adam", Role.ADMIN)


class Letters:
    """Takes letters, or is down."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.down = False

    def post(self, *, to: str, subject: str, text: str, id_: str, at: datetime) -> None:
        if self.down:
            raise Unavailable("RW-ALERT-010", "down", retry_is_safe=True)
        self.sent.append((to, subject, text))


@pytest.fixture
def office(office: Office) -> Office:
    with office.store.write() as tx:
        for who in (NINA, ADMIN):
            office.store.people.add(tx, who)
    office.release(flows.reply, charter=CHARTER)
    return office


def asked(office: Office, key: str = "K-1") -> Review:
    office.submit(key, "refund 0.5")
    office.work()
    return max(office.reviews(key), key=lambda one: one.id)


def test_one_mail_an_interval_names_what_waits_and_no_content(office: Office) -> None:
    review = asked(office)
    letters = Letters()
    duty = Reminders(letters, every=timedelta(hours=4), address="https://rw.example/")
    assert duty(office.deployment) == 0, "nobody has an address"
    set_email(office.deployment, ADMIN, "vera", "vera@example.com")
    set_email(office.deployment, NINA, "nina", "nina@example.com")
    holding.assign_review(office.deployment, OLGA, review.id, "vera")
    assert (duty(office.deployment), duty(office.deployment)) == (1, 0)
    [(to, _, text)] = letters.sent
    assert to == "vera@example.com"
    assert "desk" in text
    assert "effect" in text
    for content in ("refund", "ada@example.com", "K-1", "about"):
        assert content not in text
    token = text.split("/r/")[1].split()[0]
    assert links.look_at_link(office.deployment, token)[1] == VERA
    office.later(hours=4)
    assert duty(office.deployment) == 1
    decide_review(office.deployment, VERA, review.id, Verdict.REJECT, seen=review.proposal, reason="no")
    office.later(hours=4)
    assert duty(office.deployment) == 0, "nothing waits"


def test_a_mail_server_that_is_down_is_tried_again_and_seen(office: Office) -> None:
    asked(office)
    set_email(office.deployment, VERA, "vera", "vera@example.com")
    letters = Letters()
    letters.down = True
    duty = Reminders(letters, every=timedelta(hours=4), address="https://rw.example")
    assert duty(office.deployment) == 0
    [told] = reminders(office.deployment, OLGA)
    assert (told["person"], told["attempts"], told["problem"]) == ("vera", 1, "RW-ALERT-010")
    assert "@" not in str(told)
    letters.down = False
    assert duty(office.deployment) == 0, "not at once"
    office.later(minutes=1)
    assert duty(office.deployment) == 1
    assert reminders(office.deployment, OLGA)[0]["problem"] == ""


def test_an_address_is_the_persons_own_or_the_admins_to_change(office: Office) -> None:
    with pytest.raises(Refused):
        set_email(office.deployment, NINA, "vera", "vera@example.com")
    for bad in ("vera", "a@b.de\nBcc: x@y.de", "Vera <a@b.de>", "a@b.de, c@d.de"):
        with pytest.raises(InputProblem):
            set_email(office.deployment, VERA, "vera", bad)


def test_a_link_is_spent_by_its_answer_and_by_nothing_else(office: Office) -> None:
    review = asked(office)
    with office.store.write() as tx:
        token = links.make_link(office.deployment, tx, review, "vera")
        with pytest.raises(InputProblem):
            links.make_link(office.deployment, tx, review, "ben")
    for _ in range(3):
        assert links.look_at_link(office.deployment, token)[1] == VERA, "a scanner spends nothing"
    with pytest.raises(InputProblem), links.spent_link(office.deployment, token) as (found, who):
        decide_review(office.deployment, who, found.id, Verdict.REJECT, seen=found.proposal, reason="")
    with links.spent_link(office.deployment, token) as (found, who):
        decide_review(
            office.deployment, who, found.id, Verdict.ESCALATE, seen=found.proposal, reason="unsure"
        )
    for spent in (token, "rv_x", token.replace(review.id, "0" * 26)):
        with pytest.raises(Refused, match="opens nothing"):
            links.look_at_link(office.deployment, spent)


def test_a_link_is_over_after_a_day_and_when_the_proposal_changes(office: Office) -> None:
    review, other = asked(office), asked(office, "K-2")
    with office.store.write() as tx:
        token = links.make_link(office.deployment, tx, review, "vera")
        late = links.make_link(office.deployment, tx, other, "vera")
        changed = replace(review, proposal=digest_of("changed"), version=review.version + 1)
        office.store.reviews.save(tx, changed, expected=review.version)
    with pytest.raises(Refused):
        links.look_at_link(office.deployment, token)
    office.later(hours=25)
    with pytest.raises(Refused):
        links.look_at_link(office.deployment, late)


def test_whoever_is_noted_as_party_has_a_deed_that_the_policies_refuse(office: Office) -> None:
    house = CedarPolicies({})
    review = asked(office)
    approved = replace(review, excluded=(*review.excluded, "nina"))
    case = office.case("K-1")
    with office.store.read() as tx:
        effect = office.store.effects.get(tx, review.effect)
        did = {
            who: deeds(office.deployment, tx, who, approved, case, effect)
            for who in (*approved.excluded, "vera")
        }
    assert did == {"ben": {"authored"}, "nina": {"approved"}, "vera": frozenset()}
    for who, found in did.items():
        duty = Duty(
            verb="review.decide", use_case="desk", principal=who, kind="person",
            roles=frozenset({"admin", "owner", "reviewer"}), did=found,
        )  # fmt: skip
        assert (house.may(duty).outcome == "deny") == (who in approved.excluded)


def test_a_use_case_says_itself_who_may_say_yes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    own = '@id("desk.no-vera") @reason("vera is new") forbid (principal == Person::"vera", action == Action::"review.decide", resource);'
    review = asked(office)
    strict = CedarPolicies({"desk.cedar": flows_policies(), "duties.cedar": own})
    loaded = office.load(str(office.case("K-1").release))
    monkeypatch.setattr(office, "load", lambda _digest: replace(loaded, policies=strict))
    with pytest.raises(Refused) as caught:
        decide_review(office.deployment, VERA, review.id, Verdict.APPROVE, seen=review.proposal)
    assert (caught.value.code, list(caught.value.reasons)) == ("RW-REVIEW-011", ["Vera: vera is new"])
    decide_review(office.deployment, NINA, review.id, Verdict.APPROVE, seen=review.proposal)


def flows_policies() -> str:
    return '@id("desk.all") @reason("the desk may use its tools") permit (principal, action, resource);'


def test_the_builder_is_not_let_in_by_a_second_role(office: Office) -> None:
    review = asked(office)
    everything = replace(BEN, roles=frozenset(Role))
    with pytest.raises(Refused, match="second person"):
        decide_review(office.deployment, everything, review.id, Verdict.APPROVE, seen=review.proposal)
