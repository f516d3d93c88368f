"""The tour of a demo: shown there alone, ticked by what is on record of this visitor, and put away for good."""

from __future__ import annotations

from typing import Any

from tests.server.desk import PEOPLE, Desk, reply, text_of

from roadworthy.principal import Kind, Principal, Role

VISITOR = Principal(
    "visitor", "A visitor", Kind.PERSON, frozenset({Role.ADMIN, Role.OWNER, Role.REVIEWER, Role.OPERATOR})
)
DEMO = Principal("mara", "Mara", Kind.PERSON, frozenset({Role.OWNER}), demo=True)


def furnished(desk: Desk) -> None:
    with desk.office.store.write() as tx:
        for one in (VISITOR, DEMO):
            desk.office.store.people.add(tx, one)


def steps(desk: Desk, who: Principal = VISITOR) -> dict[str, dict[str, Any]]:
    tour = desk.browser(who).get("/portfolio.json").json()["tour"]
    return {step["title"]: step for step in tour["steps"]}


def test_nobody_is_shown_around_real_work(desk: Desk) -> None:
    browser = desk.browser(PEOPLE[Role.OWNER])
    assert browser.get("/portfolio.json").json()["tour"] is None
    assert "Look around" not in browser.get("/portfolio").text


def test_a_step_without_its_case_says_what_is_missing(desk: Desk) -> None:
    furnished(desk)
    found = steps(desk)
    assert list(found) == ["See a refusal", "Approve one yourself", "See the rollback", "Pull the brake"]
    assert found["See a refusal"]["missing"] == "no effect was refused here yet"
    assert found["See the rollback"]["missing"] == "no release was rolled back here yet"
    assert found["Approve one yourself"]["missing"] == "nothing waits in the inbox"
    assert not any(step["done"] for step in found.values())
    auditor = steps(desk, PEOPLE[Role.AUDITOR])
    assert "takes the role" in auditor["Approve one yourself"]["missing"]
    assert auditor["Pull the brake"]["href"] == ""


def test_steps_tick_themselves_by_what_this_visitor_did(desk: Desk) -> None:
    furnished(desk)
    desk.office.release(reply)
    desk.office.submit("k1", "refund 0.3")
    desk.work()
    browser = desk.browser(VISITOR)
    review = desk.open_review("k1")
    assert steps(desk)["Approve one yourself"]["href"].startswith("/inbox")
    page = browser.get(f"/reviews/{review.id}")
    sent = browser.submit(page, f"/reviews/{review.id}", verdict="reject", reason="not like this")
    assert sent.status_code == 303, text_of(sent.text)
    desk.office.later(seconds=60)
    desk.work()
    assert steps(desk)["Approve one yourself"]["done"]
    assert not steps(desk, PEOPLE[Role.REVIEWER])["Approve one yourself"]["done"]
    refusal = steps(desk)["See a refusal"]
    assert refusal["href"] == f"/cases/{review.case}"
    page = browser.get("/portfolio").text
    portfolio = page[page.index("<ol>", page.index('id="tour"')) :]
    opened = browser.submit(portfolio, "/preferences", **{"seen:refusal": "yes", "back": refusal["href"]})
    assert opened.headers["location"] == refusal["href"]
    assert steps(desk)["See a refusal"]["done"]
    browser.submit(browser.get("/stop"), "/stop", scope="all", reason="trying the brake")
    brake = steps(desk)["Pull the brake"]
    assert brake["done"]
    assert brake["said"].startswith("you stopped all")


def test_it_is_put_away_and_comes_back(desk: Desk) -> None:
    furnished(desk)
    browser = desk.browser(VISITOR)
    page = browser.get("/portfolio")
    assert "0 of 4 done" in text_of(page.text)
    browser.submit(page, "/preferences", tour="dismissed")
    assert browser.get("/portfolio.json").json()["tour"] is None
    settings = browser.get("/settings")
    assert "Show me around again" in settings.text
    browser.submit(settings, "/preferences", tour="shown")
    assert browser.get("/portfolio.json").json()["tour"] is not None
