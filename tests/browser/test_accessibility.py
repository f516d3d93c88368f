"""Every page by the rules of WCAG 2.2 AA, as far as a program can judge them, and at 320 px of width."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.sync_api import expect
from tests.browser.conftest import Furnished, Served
from tests.browser.visiting import Visited, findings
from tests.server.desk import ADMIN, PEOPLE, reply
from tests.server.furnished import EVERY

from roadworthy.operate.reviews.links import make_link
from roadworthy.principal import Role
from roadworthy.server.screens import PAGES


def listed(found: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    return [f"{address}: {line}" for address, lines in found for line in lines]


def test_every_screen_was_looked_at(visited: tuple[Visited, ...]) -> None:
    assert len(visited) > len(PAGES) + 5
    unusual = {one.address: one.status for one in visited if one.status != 200}
    assert unusual == {"/nowhere": 404, "/cases?limit=none": 422}
    assert all(one.title for one in visited)


def test_axe_finds_nothing_on_any_page(visited: tuple[Visited, ...]) -> None:
    assert listed((one.address, one.light) for one in visited) == []


def test_axe_finds_nothing_about_colours_in_the_dark(visited: tuple[Visited, ...]) -> None:
    assert listed((one.address, one.dark) for one in visited) == []


def test_no_page_is_wider_than_the_window(visited: tuple[Visited, ...]) -> None:
    assert listed((one.address, one.too_wide) for one in visited) == []


def test_every_page_prints_its_content(visited: tuple[Visited, ...]) -> None:
    assert [one.address for one in visited if one.printed < 40] == []


def test_the_ways_in_and_the_dialogs_pass_too(furnished: Furnished) -> None:
    stranger = furnished.site.page(None)
    stranger.goto("/sign-in?next=/cases")
    assert findings(stranger) == ()
    page = furnished.site.page(EVERY)
    page.goto("/cases")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    assert findings(page) == ()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    assert findings(page) == ()


def test_pages_behind_links_and_forms_and_refusals_pass_too(site: Served) -> None:
    site.desk.office.release(reply)
    site.take_in("T-1")
    desk = site.desk
    with desk.office.store.write() as tx:
        token = make_link(desk.deployment, tx, desk.open_review("T-1"), "vera")
    stranger = site.page(None)
    stranger.goto(f"/r/{token}")
    expect(stranger.locator("main")).to_contain_text("about refund")
    assert findings(stranger) == ()
    admin = site.page(ADMIN)
    admin.goto("/settings")
    admin.locator("#keys summary, section:has(h2:text('Keys of the API')) summary").last.click()
    admin.get_by_role("button", name="Make the key").first.click()
    expect(admin.locator("h1")).to_have_text("The new key")
    assert findings(admin) == ()
    reviewer = site.page(PEOPLE[Role.REVIEWER])
    reviewer.goto("/settings?account=the-owner")
    assert findings(reviewer) == ()
    reviewer.goto("/audit")
    expect(reviewer.locator("main [role=alert]")).to_be_visible()
    assert findings(reviewer) == ()
