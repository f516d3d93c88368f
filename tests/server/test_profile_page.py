"""How each person wants pages to be, and the frame that follows it."""

from __future__ import annotations

from tests.server.desk import PEOPLE, Desk

from roadworthy.principal import Role
from roadworthy.server.app import application
from roadworthy.server.screens import NAVIGATION, section

OWNER, REVIEWER = PEOPLE[Role.OWNER], PEOPLE[Role.REVIEWER]


def test_everybody_chooses_for_themselves_and_it_stays(desk: Desk) -> None:
    mine, theirs = desk.browser(OWNER), desk.browser(REVIEWER)
    page = mine.get("/profile")
    assert '<html lang="en" data-theme="system">' in page.text
    sent = mine.submit(page, "/preferences", theme="dark", keys="off")
    assert (sent.status_code, sent.headers["location"]) == (303, "/profile")
    again = desk.browser(OWNER).get("/portfolio").text
    assert 'data-theme="dark"' in again
    assert 'data-keys="off"' in again
    assert 'data-theme="system"' in theirs.get("/profile").text


def test_the_usual_is_kept_as_nothing(desk: Desk) -> None:
    browser = desk.browser(OWNER)
    for theme in ("dark", "system"):
        browser.submit(browser.get("/profile"), "/preferences", theme=theme)
    with desk.office.store.read() as tx:
        assert desk.office.store.people.preferences(tx, OWNER.id) == {}


def test_what_cannot_be_chosen_is_refused_and_nothing_is_kept(desk: Desk) -> None:
    browser = desk.browser(OWNER)
    sent = browser.submit(browser.get("/profile"), "/preferences", theme="pink", keys="off")
    assert sent.status_code == 422
    assert "RW-ACCESS-018" in sent.text
    assert browser.get("/profile.json").json()["preferences"]["keys"] == "on"


def test_the_account_says_what_it_may_do(desk: Desk) -> None:
    told = desk.browser(REVIEWER).get("/profile.json").json()
    assert told["roles"] == ["reviewer"]
    assert "review.decide" in told["rights"]
    assert "resume" not in told["rights"]


def test_the_way_to_the_brake_is_on_every_page_of_who_may_use_it(desk: Desk) -> None:
    assert 'href="/stop">Stop</a>' in desk.browser(OWNER).get("/cases").text
    assert 'href="/stop">Stop</a>' not in desk.browser(REVIEWER).get("/inbox").text


def test_an_installation_says_which_one_it_is(desk: Desk) -> None:
    desk.app = application(desk.deployment, environment="Staging <b>")
    assert '<span class="chip">Staging &lt;b&gt;</span>' in desk.browser(OWNER).get("/portfolio").text


def test_pages_below_a_main_screen_mark_it_in_the_navigation() -> None:
    assert section("/use-cases/support") == "/portfolio"
    assert section("/use-cases/support/releases/r2") == "/releases"
    assert section("/use-cases/support/evidence") == "/portfolio"
    assert section("/reviews/01") == "/inbox"
    assert section("/audit/7") == "/audit"


def test_every_main_screen_has_a_key_of_its_own() -> None:
    keys = [entry.key for entry in NAVIGATION]
    assert len(set(keys)) == len(keys)
