"""The owner's round by keys alone: from the portfolio to a use case, a waiver, an approval, a stop, and a second person's resume."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from tests.browser.conftest import Served
from tests.server.desk import PEOPLE, reply

from roadworthy.principal import Role
from roadworthy.stage import Stage

OWNER, RISK = PEOPLE[Role.OWNER], PEOPLE[Role.RISK_OFFICER]


def reach(page: Page, words: str, *, most: int = 150) -> None:
    """Press Tab until what has the focus says so: there is a way by keys, and the focus shows."""
    for _ in range(most):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => { const at = document.activeElement;
            return [at.labels?.[0]?.textContent ?? at.textContent, getComputedStyle(at).outlineStyle]; }"""
        )
        if words in " ".join((found[0] or "").split()):
            assert found[1] != "none", f"the focus on `{words}` cannot be seen"
            return
    raise AssertionError(f"Tab never comes to `{words}`")


def test_an_owner_goes_the_whole_round_without_a_mouse(site: Served) -> None:
    site.desk.office.release(reply, stage=Stage.PILOT)
    page = site.page(OWNER)
    page.goto("/cases")
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page.locator("h1")).to_contain_text("Portfolio")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Test desk")

    # A waiver, from beside the requirement that does not hold.
    reach(page, "Evidence, waiver")
    page.keyboard.press("Enter")
    reach(page, "Why may it go on without this?")
    page.keyboard.type("the books close in June")
    page.keyboard.press("Enter")
    expect(page.locator("#waivers")).to_contain_text("the books close in June")

    # The approval.
    page.keyboard.press("a")
    expect(page.locator("details.approve[open] input[name=reason]")).to_be_focused()
    page.keyboard.type("figures read")
    page.keyboard.press("Enter")
    expect(page.locator("#releases")).to_contain_text("figures read")

    # The stop.
    reach(page, "Stop desk")
    page.keyboard.press("Enter")
    reach(page, "Why?")
    page.keyboard.type("odd answers")
    page.keyboard.press("Enter")
    stopped = page.locator(".notice.bad", has_text="odd answers")
    expect(stopped).to_be_visible()
    expect(stopped.get_by_role("button", name="Resume")).to_have_count(0)

    # Somebody else lifts it.
    second = site.page(RISK)
    second.goto("/stop")
    reach(second, "Why may it go on?")
    second.keyboard.type("answers looked at")
    second.keyboard.press("Enter")
    expect(second.locator("#now, main").first).not_to_contain_text("odd answers by")
    second.goto("/stop")
    expect(second.locator("#now")).to_contain_text("Nothing is stopped")
    assert site.complaints == []
