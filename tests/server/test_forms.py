"""Forms: answering reviews, throwing and lifting stops."""

from __future__ import annotations

import re
from typing import Any

from tests.operate.office import OLGA, RITA, VERA, person
from tests.server.desk import PEOPLE, Browser, Desk, ask, forms, letter, reply

import roadworthy as rw
from roadworthy.casework.case import State
from roadworthy.casework.effect import EffectState
from roadworthy.casework.review import Verdict
from roadworthy.casework.vocabulary import Handler
from roadworthy.operate.reviewing import decide_review
from roadworthy.principal import Role

SLOT = "desk:T-1:mail.reply-0"


def proposed(desk: Desk, handler: Handler = reply) -> str:
    """The path of an open review about one reply."""
    desk.office.release(handler)
    desk.office.submit("T-1", "refund 0.3")
    desk.work()
    return f"/reviews/{desk.open_review('T-1').id}"


def offered(html: str) -> list[str]:
    return re.findall(r'name="verdict" value="(\w+)"', html)


def test_approving_sends_exactly_what_was_shown(desk: Desk) -> None:
    path = proposed(desk)
    browser = desk.browser(VERA)
    answer = browser.submit(browser.get(path), path, verdict="approve")
    assert answer.status_code == 303
    inbox = browser.get(answer.headers["location"])
    assert "Noted: approve for case" in inbox.text
    desk.work()
    assert desk.office.tools["mail.reply"].felt[SLOT]["body"] == "about refund 0.3"
    assert desk.office.case("T-1").state is State.CLOSED


def test_editing_changes_what_was_edited_and_nothing_else(desk: Desk) -> None:
    path = proposed(desk, letter)
    browser = desk.browser(VERA)
    page = browser.get(path)
    assert "argument.body" in page.text
    fields = {
        "verdict": "edit",
        "argument.to": "ada@example.com",
        "argument.body": "Dear Ada,\r\n\r\nyes & no",
    }
    assert browser.submit(page, path, **fields).status_code == 303
    desk.work()
    assert desk.office.tools["mail.reply"].felt[SLOT] == {
        "to": "ada@example.com",
        "body": "Dear Ada,\n\nyes & no",
    }
    with desk.office.store.read() as tx:
        [entry] = [
            e
            for e in desk.office.store.ledger.about(tx, desk.office.case("T-1").id)
            if b"review.decided" in e.event
        ]
    assert b'"edited":["body"]' in entry.event.replace(b" ", b"")


def test_an_edit_that_changes_nothing_is_told_so_and_keeps_the_form(desk: Desk) -> None:
    path = proposed(desk, letter)
    desk.office.tools["mail.reply"].answer = {}
    browser = desk.browser(VERA)
    page = browser.get(path)
    shown = re.search(r'name="argument.body"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)
    assert shown is not None
    fields = {
        "verdict": "edit",
        "argument.to": "ada@example.com",
        "argument.body": shown[1].replace("\n", "\r\n"),
    }
    answer = browser.submit(page, path, **fields)
    assert answer.status_code == 422
    assert "nothing was edited" in answer.text


def test_a_number_stays_a_number_when_it_is_edited(desk: Desk) -> None:
    async def pay(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
        account = await run.call("books.look")
        return rw.Decision(
            "paid",
            confidence=0.1,
            effects=[rw.effect("bank.pay", account=account["account"], amount=case.data.amount, days=3)],
        )

    desk.office.release(pay)
    desk.office.submit("T-1")
    desk.work()
    path = f"/reviews/{desk.open_review('T-1').id}"
    browser = desk.browser(VERA)
    page = browser.get(path)
    assert "argument.amount" not in page.text
    assert "amounts are not edited" in page.text
    wrong = browser.submit(page, path, verdict="edit", **{"argument.days": "soon"})
    assert wrong.status_code == 422
    assert "soon" in wrong.text
    assert browser.submit(page, path, verdict="edit", **{"argument.days": "4"}).status_code == 303
    # What one person edited and where money moves, another one approves.
    second = desk.open_review("T-1")
    nina = person("nina", Role.REVIEWER)
    decide_review(desk.office.deployment, nina, second.id, Verdict.APPROVE, seen=second.proposal)
    desk.work()
    assert desk.office.tools["bank.pay"].felt["desk:T-1:bank.pay-0"]["days"] == 4


def test_rejecting_needs_a_reason(desk: Desk) -> None:
    path = proposed(desk)
    browser = desk.browser(VERA)
    page = browser.get(path)
    without = browser.submit(page, path, verdict="reject", reason="  ")
    assert without.status_code == 422
    assert "needs a reason" in without.text
    assert browser.submit(page, path, verdict="reject", reason="wrong article").status_code == 303
    desk.work()
    assert desk.office.effects("T-1")[0].state is EffectState.REFUSED
    assert desk.office.tools["mail.reply"].sends == []


def test_passing_it_on_says_for_whom_it_waits_now(desk: Desk) -> None:
    path = proposed(desk)
    browser = desk.browser(VERA)
    answer = browser.submit(browser.get(path), path, verdict="escalate", reason="not mine to say")
    inbox = browser.get(answer.headers["location"]).text
    assert "now waits for the role owner" in inbox
    assert offered(desk.browser(OLGA).get(path).text) == ["approve", "edit", "reject", "escalate"]


def test_a_review_for_another_role_can_only_be_passed_on(desk: Desk) -> None:
    path = proposed(desk)
    html = desk.browser(OLGA).get(path).text
    assert "it waits for the role reviewer" in html
    assert offered(html) == ["escalate"]
    assert offered(desk.browser(PEOPLE[Role.OPERATOR]).get(path).text) == []


def test_the_slower_of_two_reviewers_is_told_who_was_first(desk: Desk) -> None:
    path = proposed(desk)
    slow = desk.browser(PEOPLE[Role.REVIEWER])
    page = slow.get(path)
    fast = desk.browser(VERA)
    fast.submit(fast.get(path), path, verdict="approve")
    answer = slow.submit(page, path, verdict="reject", reason="my careful reason")
    assert answer.status_code == 409
    assert "Somebody was first" in answer.text
    assert "approve by vera" in answer.text
    assert offered(answer.text) == []


def test_a_decision_about_something_else_than_what_is_there_now_is_refused_and_keeps_the_words(
    desk: Desk,
) -> None:
    path = proposed(desk)
    browser = desk.browser(VERA)
    answer = browser.submit(
        browser.get(path), path, verdict="reject", reason="my careful reason", seen="sha256:old"
    )
    assert answer.status_code == 409
    assert "the proposal changed since it was shown" in answer.text
    assert 'value="my careful reason"' in answer.text


def test_a_question_is_answered(desk: Desk) -> None:
    desk.office.release(ask)
    desk.office.submit("T-1")
    desk.work()
    path = f"/reviews/{desk.open_review('T-1').id}"
    browser = desk.browser(VERA)
    page = browser.get(path)
    assert browser.submit(page, path, verdict="answer", answer="green").status_code == 422
    assert browser.submit(page, path, verdict="answer", answer="blue").status_code == 303
    desk.work()
    assert desk.office.tools["mail.reply"].felt[SLOT]["body"] == "blue"


def test_work_that_a_person_did_is_marked_as_done(desk: Desk) -> None:
    async def nothing(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
        return rw.Decision("not ours")

    desk.office.release(nothing)
    desk.office.submit("T-1")
    desk.work()
    path = f"/reviews/{desk.open_review('T-1').id}"
    browser = desk.browser(VERA)
    page = browser.get(path)
    assert offered(page.text) == ["done", "escalate"]
    assert browser.submit(page, path, verdict="done", reason="called the customer").status_code == 303
    assert desk.office.case("T-1").state is State.CLOSED
    assert desk.office.case("T-1").reason == "called the customer"


def test_a_decided_review_shows_what_was_decided_and_offers_nothing(desk: Desk) -> None:
    path = proposed(desk)
    review = desk.open_review("T-1")
    decide_review(
        desk.deployment, VERA, review.id, Verdict.REJECT, seen=review.proposal, reason="wrong article"
    )
    html = desk.browser(PEOPLE[Role.REVIEWER]).get(path).text
    assert "reject by vera" in html
    assert "wrong article" in html
    assert [target for target, _ in forms(html)] == ["/sign-out"]


def test_stopping_takes_a_reason_and_lifting_a_second_person(desk: Desk) -> None:
    desk.office.release(reply)
    olga, rita = desk.browser(OLGA), desk.browser(RITA)
    page = olga.get("/use-cases/desk")
    assert olga.submit(page, "/stops", reason=" ").status_code == 422
    answer = olga.submit(page, "/stops", reason="wrong articles")
    assert answer.headers["location"] == "/use-cases/desk"
    html = olga.get("/use-cases/desk").text
    assert "Stopped: use_case:desk" in html
    assert "lifting a stop needs a second person" in html
    desk.office.submit("T-1")
    desk.work()
    assert desk.office.case("T-1").state is State.PARKED
    [resume] = [target for target, _ in forms(rita.get("/portfolio").text) if target.endswith("/resume")]
    assert rita.submit(rita.get("/portfolio"), resume, reason="mended").headers["location"] == "/portfolio"
    desk.work()
    assert desk.office.case("T-1").state is State.CLOSED
    assert "Stopped:" not in rita.get("/portfolio").text


def test_everything_can_be_stopped_from_the_portfolio_by_those_who_may(desk: Desk) -> None:
    desk.office.release(reply)
    olga = desk.browser(OLGA)
    assert olga.submit(olga.get("/portfolio"), "/stops", scope="all", reason="x").status_code == 303
    assert "Stopped: everything" in olga.get("/use-cases/desk").text
    assert "/stops" not in [target for target, _ in forms(desk.browser(VERA).get("/portfolio").text)]


def test_a_form_never_leads_to_another_site(desk: Desk) -> None:
    desk.office.release(reply)
    olga = desk.browser(OLGA)
    fields = {"scope": "all", "reason": "x", "back": "https://evil.example/"}
    markup = {name: value for name, value in fields.items() if name != "back"}
    page = olga.get("/portfolio").text.replace(
        'name="back" value="/portfolio"', 'name="back" value="https://evil.example/"'
    )
    assert olga.submit(page, "/stops", **markup).headers["location"] == "/"


def test_a_form_of_another_kind_is_refused(desk: Desk) -> None:
    browser: Browser = desk.browser(OLGA)
    assert browser.client.post("/stops", json={"scope": "all"}).status_code == 415
    assert browser.client.post("/stops", files={"scope": b"all"}).status_code == 415
