"""Pages follow what happens, keep what is being typed, and do by key what they do by button."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from tests.browser.conftest import Served
from tests.server.desk import PEOPLE, reply

from roadworthy.principal import Role

OWNER, REVIEWER = PEOPLE[Role.OWNER], PEOPLE[Role.REVIEWER]


def test_a_page_shows_a_new_review_without_a_reload(site: Served) -> None:
    site.desk.office.release(reply)
    page = site.page(REVIEWER)
    page.goto("/inbox")
    expect(page.locator("#live-state")).to_contain_text("Live")
    expect(page.locator("#reviews")).to_contain_text("Nothing waits for a person")
    site.take_in("T-1")
    expect(page.locator("#reviews [data-row]")).to_have_count(1)
    expect(page.locator("nav.main .badge")).to_have_text(re.compile("1"))
    assert site.complaints == []


def test_a_paused_page_stands_still_until_it_goes_on(site: Served) -> None:
    site.desk.office.release(reply)
    page = site.page(REVIEWER)
    page.goto("/inbox")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#live-state")).to_have_text("Paused")
    site.take_in("T-1")
    expect(page.locator("#reviews")).to_contain_text("Nothing waits for a person")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#reviews [data-row]")).to_have_count(1)


def test_a_review_is_found_and_approved_by_keys_alone(site: Served) -> None:
    site.desk.office.release(reply)
    site.take_in("T-1")
    page = site.page(REVIEWER)
    page.goto("/portfolio")
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page.locator("h1")).to_contain_text("Inbox")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("May this leave?")
    page.keyboard.press("a")
    expect(page.locator(".notice.good")).to_contain_text("approve")
    assert page.url.startswith(f"{site.url}/inbox?decided="), (
        "a form sent by script leads where it leads without"
    )
    assert site.complaints == []


def test_a_reason_is_typed_where_the_key_for_it_was_pressed(site: Served) -> None:
    site.desk.office.release(reply)
    site.take_in("T-1")
    page = site.page(REVIEWER)
    page.goto("/inbox")
    page.locator("[data-row]").click()
    expect(page.locator("html.scripted #review-state")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("a wrong key j k g")
    expect(page.locator("details[open] input[name=reason]")).to_have_value("a wrong key j k g")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice.good")).to_contain_text("reject")


def test_what_was_typed_survives_the_end_of_the_session(site: Served) -> None:
    site.desk.office.release(reply)
    site.take_in("T-1")
    page = site.page(REVIEWER)
    page.goto("/inbox")
    page.locator("[data-row]").click()
    expect(page.locator("html.scripted #review-state")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("it is a complaint")
    page.context.clear_cookies()
    page.keyboard.press("Enter")
    expect(page.locator(".unsent")).to_contain_text("Your session has ended")
    expect(page.locator("details[open] input[name=reason]")).to_have_value("it is a complaint")


def test_two_clicks_decide_once(site: Served) -> None:
    site.desk.office.release(reply)
    site.take_in("T-1")
    page = site.page(REVIEWER)
    page.goto("/inbox")
    page.locator("[data-row]").click()
    page.locator("[data-key=a]").dblclick()
    expect(page.locator(".notice.good")).to_contain_text("approve")
    assert page.locator("[role=alert]").count() == 0


def test_the_sheet_of_keys_and_the_palette_open_and_lead_on(site: Served) -> None:
    site.desk.office.release(reply)
    page = site.page(OWNER)
    page.goto("/cases")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("jk")
    expect(page.locator("main [data-search]")).to_have_value("jk")
    page.keyboard.press("Control+k")
    page.keyboard.type("portf")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Portfolio")


def test_who_is_signed_out_is_told_nothing(site: Served) -> None:
    page = site.page(None)
    assert page.request.get("/events").status == 204


def test_a_stream_holds_names_alone_and_only_of_what_may_be_read(site: Served) -> None:
    site.desk.office.release(reply)
    page = site.page(REVIEWER)
    page.goto("/inbox")
    page.evaluate(
        """() => new Promise((open) => {
            window.told = [];
            const stream = new EventSource('/events');
            stream.onmessage = (one) => {
                window.told.push(JSON.parse(one.data));
                document.documentElement.dataset.told = window.told.length > 2 ? 'enough' : 'little';
            };
            stream.onopen = () => open();
        })"""
    )
    site.take_in("T-1")
    expect(page.locator("html[data-told=enough]")).to_have_count(1)
    told = page.evaluate("() => window.told")
    known = {"kind", "use_case", "case", "review", "effect", "release", "alert", "stop"}
    assert all(set(one) <= known for one in told)
    assert {one["kind"] for one in told} >= {"case.decided", "review.opened"}


def test_the_stream_opens_every_time(site: Served) -> None:
    page = site.page(OWNER)
    for _ in range(60):
        page.goto("/cases")
        expect(page.locator("html[data-live=open]")).to_have_count(1)
    assert site.complaints == []
