"""The inbox by keys alone: take one, approve it, take that back."""

from __future__ import annotations

from playwright.sync_api import expect
from tests.browser.conftest import Served
from tests.operate.office import CHARTER
from tests.server.desk import PEOPLE, reply

from roadworthy.principal import Role

REVIEWER = PEOPLE[Role.REVIEWER]


def test_a_review_is_taken_approved_and_taken_back_by_keys_alone(site: Served) -> None:
    site.desk.office.release(reply, charter=CHARTER.replace("undo_window: 0s", "undo_window: 60s"))
    site.take_in("T-1")
    page = site.page(REVIEWER)
    page.goto("/inbox")
    page.keyboard.press("n")
    expect(page.locator("#holding")).to_contain_text("You for another")
    page.wait_for_timeout(300)
    # The clock of the desk stands still: time passes for it here, so that there is time to have looked.
    site.desk.office.later(seconds=5)
    page.keyboard.press("a")
    expect(page.locator(".notice.good")).to_contain_text("Noted: approve")
    expect(page.locator("[data-left]")).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator("#review-state")).to_contain_text("open")
    assert site.desk.open_review("T-1").decided_by == ""
    assert site.desk.office.tools["mail.reply"].sends == []
    with site.desk.office.store.read() as tx:
        look = site.desk.office.store.inbox.look(tx, site.desk.open_review("T-1").id, REVIEWER.id)
    assert look is not None
    assert 0 < look.active_ms <= 5_000, "what the page says, and never more than there was"
    assert site.complaints == []
