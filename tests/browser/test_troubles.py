"""What goes wrong between a person and a form: each time a clear page, and nothing twice."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from tests.browser.conftest import Served, elsewhere
from tests.operate.office import VERA
from tests.server.desk import PEOPLE, reply

from roadworthy.operate.reviews.holding import claim_review
from roadworthy.principal import Role

OWNER, REVIEWER = PEOPLE[Role.OWNER], PEOPLE[Role.REVIEWER]


def waiting(site: Served) -> str:
    site.desk.office.release(reply)
    site.take_in("T-1")
    return str(site.desk.open_review("T-1").id)


def plain(site: Served, who: object) -> Page:
    """A browser that runs no script: what the pages promise to work with."""
    return site.page(who, java_script_enabled=False)  # type: ignore[arg-type]


def test_a_form_that_is_sent_twice_without_a_script_decides_once_and_says_so(site: Served) -> None:
    review = waiting(site)
    one, other = plain(site, REVIEWER), plain(site, REVIEWER)
    for page in (one, other):
        page.goto(f"/reviews/{review}")
    for page in (one, other):
        page.locator("[data-key=a]").click()
    expect(one.locator(".notice.good")).to_contain_text("approve")
    expect(other.locator("[role=alert]")).to_be_visible()
    events = elsewhere(lambda: list(site.desk.office.events()))
    assert events.count("review.decided") == 1


def test_a_review_that_somebody_else_took_meanwhile_says_who_has_it(site: Served) -> None:
    review = waiting(site)
    page = site.page(REVIEWER)
    page.goto(f"/reviews/{review}")
    page.evaluate(
        "() => document.querySelectorAll('[data-live]').forEach((at) => at.removeAttribute('data-live'))"
    )
    elsewhere(lambda: claim_review(site.desk.deployment, VERA, review))
    page.locator("[data-key=c]").click()
    alert = page.locator("[role=alert]")
    expect(alert).to_contain_text("Somebody was first")
    expect(page.locator("#content")).to_contain_text(VERA.id)


def test_a_session_that_ends_in_mid_form_keeps_what_was_typed(site: Served) -> None:
    site.desk.office.release(reply)
    page = site.page(OWNER)
    page.goto("/stop")
    page.locator("select[name=scope]").select_option("use_case:desk")
    page.locator("input[name=reason]").fill("many odd answers since noon")
    page.context.clear_cookies()
    page.get_by_role("button", name="Stop now").click()
    expect(page.locator(".unsent")).to_contain_text("Your session has ended")
    expect(page.locator("input[name=reason]")).to_have_value("many odd answers since noon")
    assert "many odd answers" not in page.url


def test_more_than_a_form_may_hold_is_told_and_kept(site: Served) -> None:
    review = waiting(site)
    page = site.page(REVIEWER)
    page.goto(f"/reviews/{review}")
    page.evaluate(
        """() => { const at = document.querySelector('details input[name=reason]');
        at.closest('details').open = true; at.removeAttribute('maxlength'); at.value = 'x'.repeat(3_000_000); }"""
    )
    page.locator("details[open] form button").first.click()
    expect(page.locator(".unsent, [role=alert]").first).to_be_visible()
    assert site.desk.open_review("T-1").state == "open"


def test_a_page_that_is_none_and_a_filter_that_is_none_lead_on(site: Served) -> None:
    page = site.page(OWNER)
    for address in ("/nowhere", "/cases?limit=many", "/reviews/none", "/use-cases/none"):
        page.goto(address)
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("[role=alert]")).to_be_visible()
        expect(page.locator("main a[href='/']")).to_have_count(1)


def test_who_may_not_do_it_reads_why_and_is_offered_no_dead_button(site: Served) -> None:
    waiting(site)
    page = site.page(REVIEWER)
    page.goto("/use-cases/desk")
    expect(page.locator("#releases")).to_contain_text("You cannot approve r1")
    page.goto("/use-cases/desk/releases/r1")
    for button in page.locator("main button").all():
        assert button.is_enabled()
    assert page.get_by_role("button", name="Abort").count() == 0
