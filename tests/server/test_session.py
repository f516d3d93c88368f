"""Signing in and out: links that work once, sessions that end, forms that are ours."""

from __future__ import annotations

import pytest
from tests.server.desk import BASE, PASSWORD, PEOPLE, SIGNED_IN_BY_FORM, Browser, Desk, hidden, reply

from roadworthy.operate import access, stopping
from roadworthy.principal import Role
from roadworthy.server.app import application
from roadworthy.server.session import local_path

OWNER = PEOPLE[Role.OWNER]
LOGIN = {"name": OWNER.id, "password": PASSWORD}


def signed_in(browser: Browser) -> bool:
    return browser.get("/portfolio").status_code == 200


def test_a_link_signs_in_once(desk: Desk) -> None:
    path = f"/sign-in?token={desk.link(OWNER)}"
    first, second = desk.browser(), desk.browser()
    page, later = first.get(path), second.get(path)
    answer = first.submit(page, "/sign-in")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert signed_in(first)
    refused = second.submit(later, "/sign-in")
    assert refused.status_code == 401
    assert "used already" in refused.text
    assert not signed_in(second)


def test_opening_a_link_does_not_spend_it(desk: Desk) -> None:
    path = f"/sign-in?token={desk.link(OWNER)}"
    for _ in range(3):  # a mail scanner, a preview, a prefetch
        assert desk.browser().get(path).status_code == 200
    browser = desk.browser()
    browser.submit(browser.get(path), "/sign-in")
    assert signed_in(browser)


def test_a_link_ends_after_a_quarter_of_an_hour(desk: Desk) -> None:
    path = f"/sign-in?token={desk.link(OWNER)}"
    desk.office.later(minutes=15)
    browser = desk.browser()
    assert browser.submit(browser.get(path), "/sign-in").status_code == 401


def test_a_password_signs_in(desk: Desk) -> None:
    browser = desk.browser()
    page = browser.get("/sign-in")
    for wrong in (
        {**LOGIN, "password": "wrong"},
        {**LOGIN, "name": "nobody"},
        {"name": "", "password": ""},
    ):
        answer = browser.submit(page, "/sign-in", **wrong)
        assert answer.status_code == 401
        assert "name or password is wrong" in answer.text
        assert PASSWORD not in answer.text
    assert browser.submit(page, "/sign-in", **LOGIN).status_code == 303
    assert signed_in(browser)


def test_signing_in_leads_to_the_page_that_was_asked_for(desk: Desk) -> None:
    browser = desk.browser()
    asked = browser.get("/cases?state=open")
    page = browser.get(asked.headers["location"])
    assert browser.submit(page, "/sign-in", **LOGIN).headers["location"] == "/cases?state=open"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "", "x", "/a\r\nSet-Cookie: b=c", "/\t/evil.example"],
)  # fmt: skip
def test_signing_in_never_leads_elsewhere(wanted: str) -> None:
    assert local_path(wanted) == "/"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(desk: Desk) -> None:
    browser = desk.browser()
    cookie = browser.submit(browser.get("/sign-in"), "/sign-in", **LOGIN).headers["set-cookie"]
    assert cookie.startswith("roadworthy_session=rw_session_")
    for attribute in ("HttpOnly", "Path=/", "SameSite=lax", "Max-Age=43200"):
        assert attribute in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_over_https_the_cookie_is_bound_to_the_host(desk: Desk) -> None:
    app = application(desk.deployment, public_url="https://roadworthy.example")
    browser = Browser(app)
    browser.client.base_url = "https://roadworthy.example"
    answer = browser.submit(browser.get("/sign-in"), "/sign-in", **LOGIN)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-roadworthy_session=")
    assert "Secure" in cookie
    assert "max-age=" in answer.headers["strict-transport-security"]
    assert signed_in(browser)


def test_a_session_ends_after_twelve_hours(desk: Desk) -> None:
    browser = desk.browser(OWNER)
    desk.office.later(hours=11, minutes=59)
    assert signed_in(browser)
    desk.office.later(minutes=1)
    assert not signed_in(browser)


def test_signing_in_again_ends_the_former_session(desk: Desk) -> None:
    browser = desk.browser()
    browser.submit(browser.get("/sign-in"), "/sign-in", **LOGIN)
    former = browser.client.cookies["roadworthy_session"]
    browser.submit(browser.get("/sign-in"), "/sign-in", **LOGIN)
    assert browser.client.cookies["roadworthy_session"] != former
    stolen = desk.browser()
    stolen.client.cookies.set("roadworthy_session", former)
    assert not signed_in(stolen)


def test_signing_out_ends_the_session_on_the_server(desk: Desk) -> None:
    browser = desk.browser(OWNER)
    session = browser.client.cookies["roadworthy_session"]
    answer = browser.submit(browser.get("/portfolio"), "/sign-out")
    assert answer.headers["location"] == "/sign-in"
    stolen = desk.browser()
    stolen.client.cookies.set("roadworthy_session", session)
    assert not signed_in(stolen)


def test_a_disabled_or_forged_session_is_nobody(desk: Desk) -> None:
    for value in ("", "x", "rw_session_" + "a" * 73, desk.key(OWNER), desk.link(OWNER)):
        browser = desk.browser()
        browser.client.cookies.set("roadworthy_session", value)
        assert browser.get("/portfolio").status_code == 303


STOP = {"scope": "use_case:desk", "reason": "a test", "back": "/portfolio"}
FOREIGN = {
    "another site": {"sec-fetch-site": "cross-site"},
    "another port of this host": {"sec-fetch-site": "same-site"},
    "another origin": {"origin": "https://evil.example"},
    "another origin that looks alike": {"origin": "http://127.0.0.1.evil.example"},
}


@pytest.mark.parametrize("whence", FOREIGN)
def test_a_form_from_elsewhere_is_refused_even_with_its_token(desk: Desk, whence: str) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    fields = {**hidden(browser.get("/portfolio").text, "/stops", {}), **STOP}
    answer = browser.client.post("/stops", data=fields, headers=FOREIGN[whence])
    assert answer.status_code == 403
    assert "RW-SERVER-007" in answer.text
    assert stops(desk) == 0


@pytest.mark.parametrize("token", [None, "", "0" * 64, "ä"])
def test_a_form_without_its_token_is_refused(desk: Desk, token: str | None) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    fields = STOP if token is None else {**STOP, "form_token": token}
    answer = browser.client.post("/stops", data=fields, headers=SIGNED_IN_BY_FORM)
    assert (answer.status_code, stops(desk)) == (403, 0)


def test_the_token_of_another_session_is_refused(desk: Desk) -> None:
    desk.office.release(reply)
    foreign = hidden(desk.browser(OWNER).get("/portfolio").text, "/stops", {})
    browser = desk.browser(PEOPLE[Role.BUILDER])
    answer = browser.client.post("/stops", data={**foreign, **STOP}, headers=SIGNED_IN_BY_FORM)
    assert (answer.status_code, stops(desk)) == (403, 0)


@pytest.mark.parametrize("headers", [{"origin": BASE}, {"origin": "null"}, {}])
def test_a_browser_that_does_not_say_where_a_form_comes_from_needs_its_token(
    desk: Desk, headers: dict[str, str]
) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    fields = {**hidden(browser.get("/portfolio").text, "/stops", {}), **STOP}
    assert browser.client.post("/stops", data=fields, headers=headers).status_code == 303
    assert stops(desk) == 1


def test_nobody_is_signed_in_by_a_form_they_did_not_open(desk: Desk) -> None:
    """A stranger's link, posted by another page, would make its victim work in the stranger's account."""
    link = desk.link(OWNER)
    victim = desk.browser()
    for fields in ({"token": link}, {"token": link, "form_token": "0" * 64}):
        assert victim.client.post("/sign-in", data=fields).status_code == 403
    own = hidden(desk.browser().get("/sign-in").text, "/sign-in", {})
    assert victim.client.post("/sign-in", data={**own, "token": link}).status_code == 403
    assert "roadworthy_session" not in victim.client.cookies


def test_the_form_token_tells_nothing_about_the_session(desk: Desk) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    html = browser.get("/portfolio").text
    session = browser.client.cookies["roadworthy_session"]
    assert session not in html
    assert session.split("_")[3][:20] not in html


def test_a_form_after_the_session_ended_says_so_and_changes_nothing(desk: Desk) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    page = browser.get("/portfolio")
    desk.office.later(hours=13)
    answer = browser.submit(page, "/stops", reason="a test")
    assert answer.status_code == 401
    assert "/sign-in" in answer.text
    assert stops(desk) == 0


def test_a_get_changes_nothing(desk: Desk) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    thrown = stopping.stop(desk.deployment, PEOPLE[Role.BUILDER], "use_case:desk", reason="x")
    for path in ("/sign-out", "/stops", f"/stops/{thrown.id}/resume"):
        answer = browser.get(path)
        assert answer.status_code == 405
        assert "POST" in answer.headers["allow"]
    assert signed_in(browser)


def test_secrets_are_stored_as_proofs_only(desk: Desk) -> None:
    token = desk.key(OWNER)
    with desk.office.store.read() as tx:
        stored = desk.office.store.people.credential(tx, access.KEY, token.split("_")[2])
    assert stored is not None
    assert token.split("_")[3][:52] not in str(stored)


def stops(desk: Desk) -> int:
    with desk.office.store.read() as tx:
        return len(desk.office.store.switches.active(tx))
