"""No order of claims, expiry, assignment, answers, undo, escalation and stops decides twice or approves unqualified."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.operate import flows
from tests.operate.office import CHARTER, OLGA, RITA, VERA, Office, person

from roadworthy.casework.review import Review, Verdict
from roadworthy.errors import RoadworthyError
from roadworthy.operate.reviewing import decide_review, undo_decision
from roadworthy.operate.reviews import holding
from roadworthy.operate.reviews.effects import let_leave
from roadworthy.principal import Kind, Principal, Role

NINA = person("nina", Role.REVIEWER)
BEN = person("ben", Role.REVIEWER, Role.OWNER, Role.ADMIN)
BOT = Principal("bot", "Bot", Kind.SERVICE, frozenset({Role.REVIEWER}))
PEOPLE = {one.id: one for one in (VERA, NINA, OLGA, RITA, BEN, BOT)}
PLAN = (
    "undo_window: 60s, claim: 5m, queues: [{name: q, tools: [mail.reply], skill: german}],"
    " escalation: [{after: 1h, to: owner}, {after: 1h, to: risk_officer}]}"
)
steps = st.tuples(
    st.sampled_from(
        ["claim", "release", "assign", "approve", "edit", "reject", "undo", "escalate", "wait", "replay"]
    ),
    st.sampled_from(sorted(PEOPLE)),
    st.sampled_from([1, 30, 61, 301, 3_601]),
)


def _do(office: Office, name: str, who: Principal, seconds: int, review: Review) -> None:
    deployment = office.deployment
    match name:
        case "claim":
            holding.claim_review(deployment, who, review.id)
        case "release":
            holding.release_review(deployment, who, review.id)
        case "assign":
            holding.assign_review(deployment, OLGA, review.id, who.id)
        case "undo":
            undo_decision(deployment, who, review.id)
        case "wait":
            office.later(seconds=seconds)
            office.work()
        case "replay":
            let_leave(deployment, f"{review.id}/{review.version}")
        case "edit":
            decide_review(
                deployment, who, review.id, Verdict.EDIT, seen=review.proposal, edits={"body": f"{seconds}"}
            )
        case _:
            decide_review(deployment, who, review.id, Verdict(name), seen=review.proposal, reason="r")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=4, max_size=10))
def test_no_order_of_events_approves_without_a_qualified_person_or_sends_twice(events: list) -> None:
    with TemporaryDirectory() as folder:
        office = Office(Path(folder))
        with office.store.write() as tx:
            for who in (NINA, BOT):
                office.store.people.add(tx, who)
            office.store.inbox.set_skill(tx, "vera", "german", has=True)
            office.store.inbox.set_skill(tx, "ben", "german", has=True)
        office.release(flows.reply, charter=CHARTER.replace("undo_window: 0s, editor: text}", PLAN))
        office.submit("K-1", "refund 0.5")
        office.work()
        approved: dict[str, tuple[str, Review]] = {}
        for name, who, seconds in events:
            review = max(office.reviews("K-1"), key=lambda one: one.id)
            try:
                _do(office, name, PEOPLE[who], seconds, review)
            except RoadworthyError:
                continue
            if name == "approve":
                approved[review.id] = (who, review)
            if name == "undo":
                approved.pop(review.id)
            assert len(office.tools["mail.reply"].sends) <= 1
        office.later(minutes=2)
        office.work()
        sends = office.tools["mail.reply"].sends
        assert len(sends) <= 1
        assert bool(sends) == any(
            one.state == "decided" and one.verdict == "approve" for one in office.reviews("K-1")
        )
        if sends:
            decided = [one for one in office.reviews("K-1") if one.verdict == "approve"]
            assert len(decided) == 1
            who, review = approved[decided[0].id]
            account = PEOPLE[who]
            assert account.kind is Kind.PERSON
            assert review.role in account.roles
            assert who not in review.excluded
            assert not review.skill or who in {"vera", "ben"}
        office.store.close()
