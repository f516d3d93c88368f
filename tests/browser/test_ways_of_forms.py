"""Where forms lead with the script on: a page of another look, or of another person, is loaded whole."""

from __future__ import annotations

from playwright.sync_api import expect
from tests.browser.conftest import Served, elsewhere
from tests.server.desk import PEOPLE

from roadworthy.operate import access
from roadworthy.principal import Role

OWNER, ADMIN = PEOPLE[Role.OWNER], PEOPLE[Role.ADMIN]
SHEETS = "() => [...document.styleSheets].map((one) => one.href)"


def test_whoever_signs_in_finds_the_ways_and_their_name(site: Served) -> None:
    link = elsewhere(lambda: access.issue(site.desk.deployment, ADMIN, OWNER.id, access.LINK))
    page = site.page(None)
    page.goto(f"/sign-in?token={link}")
    page.locator("main button").click()
    expect(page.locator("nav.main a").first).to_be_visible()
    expect(page.locator("header .who")).to_contain_text(OWNER.name)


def test_a_form_that_leads_to_another_screen_brings_its_style(site: Served) -> None:
    page = site.page(OWNER)
    page.goto("/profile")
    page.evaluate(
        """() => {
        const form = document.querySelector("form[action='/preferences']");
        delete form.dataset.plain;
        form.querySelector("[name=back]")?.remove();
        form.insertAdjacentHTML("beforeend", "<input type=hidden name=back value=/cost>");
    }"""
    )
    before = page.evaluate(SHEETS)
    page.locator("form[action='/preferences'] button").first.click()
    page.wait_for_url("**/cost")
    expect(page.locator("h1")).to_have_text("Cost")
    sheets = page.evaluate(SHEETS)
    page.reload()
    assert sheets == page.evaluate(SHEETS) != before


def test_the_answer_of_a_form_that_leads_nowhere_takes_the_place_of_the_content(site: Served) -> None:
    page = site.page(ADMIN)
    page.goto("/settings")
    page.evaluate("() => { window.before = true; }")
    page.locator("summary", has_text="Make a key").first.click()
    page.locator("button", has_text="Make the key").first.click()
    expect(page.locator("#secret")).to_contain_text("rw_key_")
    assert page.evaluate("() => window.before")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Settings")
