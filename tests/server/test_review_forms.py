"""The inbox without a script: claim, hand on, take back, answer what is alike, and links in mails."""

from __future__ import annotations

import re
from typing import Any

from tests.operate.flows import pay
from tests.operate.office import CHARTER, OLGA, RITA, VERA, person
from tests.server.desk import Desk, reply, text_of

import roadworthy as rw
from roadworthy.casework.vocabulary import Handler
from roadworthy.operate.reviews.links import make_link
from roadworthy.principal import Role

NINA = person("nina", Role.REVIEWER)
WINDOW = CHARTER.replace("undo_window: 0s", "undo_window: 10s")


async def by_rote(case: rw.Case[Any], _run: rw.Run) -> rw.Decision:
    """The same words for everybody."""
    effects = [rw.effect("mail.reply", to=case.data.sender, body="thank you")]
    return rw.Decision("x", confidence=0.1, effects=effects)


def proposed(
    desk: Desk, handler: Handler = reply, charter: str = WINDOW, key: str = "T-1", **more: str
) -> str:
    if not desk.office.charters:
        desk.office.release(handler, charter=charter)
        with desk.office.store.write() as tx:
            desk.office.store.people.add(tx, NINA)
    desk.office.submit(key, "refund 0.3", **more)
    desk.work()
    return f"/reviews/{desk.open_review(key).id}"


def test_a_claim_is_shown_to_everybody_and_holds_others_off(desk: Desk) -> None:
    path = proposed(desk)
    vera, nina = desk.browser(VERA), desk.browser(NINA)
    taken = vera.submit(vera.get("/inbox"), "/inbox/next")
    assert taken.headers["location"] == path
    assert "You for another" in text_of(vera.get(path).text)
    assert '/inbox?view=mine" aria-current' not in vera.get("/inbox").text
    assert 'Mine <span class="badge">1</span>' in vera.get("/inbox?view=mine").text
    others = nina.get(path)
    assert "You cannot decide this: vera is on it" in text_of(others.text)
    assert 'name="verdict" value="approve"' not in others.text
    assert "vera for another" in text_of(nina.get("/inbox").text)
    free = nina.submit(nina.get("/inbox?view=free"), "/inbox/next")
    assert free.headers["location"] == "/inbox?view=free"
    assert vera.submit(vera.get(path), f"{path}/release").headers["location"] == "/inbox"
    assert "Nobody" in text_of(nina.get(path).text)


def test_an_approval_is_taken_back_by_a_form_and_only_in_time(desk: Desk) -> None:
    path = proposed(desk)
    vera = desk.browser(VERA)
    page = vera.submit(vera.get(path), path, verdict="approve", active_ms="99999999")
    inbox = vera.get(page.headers["location"])
    assert "it leaves in 10 s" in text_of(inbox.text)
    assert "Undo" not in desk.browser(NINA).get(page.headers["location"]).text, (
        "it is not Nina's to take back"
    )
    assert vera.submit(inbox, f"{path}/undo").headers["location"] == path
    again = vera.submit(vera.get(path), path, verdict="approve")
    shown = vera.get(again.headers["location"])
    desk.office.later(seconds=11)
    late = vera.submit(shown, f"{path}/undo")
    assert late.status_code == 409
    assert "is over" in late.text
    with desk.office.store.read() as tx:
        look = desk.office.store.inbox.look(tx, path.rsplit("/", 1)[-1], "vera")
    assert look is not None
    assert look.active_ms == 0, "no time passed between opening and answering, whatever the page says"


def test_an_owner_assigns_and_a_holder_hands_on_with_a_reason(desk: Desk) -> None:
    path = proposed(desk)
    olga, vera = desk.browser(OLGA), desk.browser(VERA)
    page = olga.get(path)
    assert sorted(re.findall(r'<option value="([a-z-]+)">', page.text)) == ["nina", "the-reviewer", "vera"]
    assert olga.submit(page, f"{path}/assign", to="vera").status_code == 303
    assert olga.submit(olga.get(path), f"{path}/assign", to="rita").status_code == 422
    shown = vera.get(path)
    assert "Hand it on" in shown.text
    assert vera.submit(shown, f"{path}/assign", to="nina", reason="").status_code == 422
    assert vera.submit(shown, f"{path}/assign", to="nina", reason="she knows him").status_code == 303
    assert desk.open_review("T-1").assignee == "nina"
    assert desk.browser(RITA).get(path).status_code == 200


def test_what_asks_the_same_is_approved_together_where_somebody_looked_for_it(desk: Desk) -> None:
    path = proposed(desk, by_rote)
    proposed(desk, by_rote, key="T-2", sender="bob@example.com")
    vera = desk.browser(VERA)
    assert f'href="{path}?alike=yes"' in vera.get(path).text
    page = vera.get(f"{path}?alike=yes")
    assert "Approve all 2" in page.text
    assert vera.submit(page, f"{path}/together").status_code == 303
    desk.office.later(seconds=11)
    desk.work()
    assert len(desk.office.tools["mail.reply"].sends) == 2
    assert vera.submit(page, f"{path}/together").status_code == 422


def test_the_own_answer_comes_first_where_the_proposal_is_hidden(desk: Desk) -> None:
    path = proposed(desk, charter=CHARTER.replace("undo_window: 0s", "blind: 1.0, undo_window: 0s"))
    vera = desk.browser(VERA)
    hidden = vera.get(path)
    assert "about refund" not in hidden.text
    assert 'value="approve"' not in hidden.text
    assert vera.submit(hidden, f"{path}/own", answer="nonsense").status_code == 422
    assert vera.submit(hidden, f"{path}/own", answer="refund").headers["location"] == path
    shown = vera.get(path)
    assert "about refund" in shown.text
    assert vera.submit(shown, path, verdict="approve").status_code == 303


def test_who_has_to_agree_is_listed_with_who_did(desk: Desk) -> None:
    path = proposed(desk, pay, key="T-2000")
    text = text_of(desk.browser(RITA).get(path).text)
    assert "desk.pay-large 0 of 1 in the role risk officer" in text


def test_a_link_answers_one_review_once_and_opening_it_changes_nothing(desk: Desk) -> None:
    path = proposed(desk)
    review = desk.open_review("T-1")
    with desk.office.store.write() as tx:
        token = make_link(desk.deployment, tx, review, "vera")
    before = list(desk.office.events())
    scanner = desk.browser()
    for _ in range(3):
        assert scanner.get(f"/r/{token}").status_code == 200
    assert list(desk.office.events()) == before
    somebody = desk.browser()
    page = somebody.get(f"/r/{token}")
    assert "about refund 0.3" in page.text
    assert "/claim" not in page.text
    assert "Sign out" not in page.text
    refused = somebody.submit(page, f"/r/{token}", verdict="reject", reason="")
    assert refused.status_code == 422, "a reason is missing, and the link still works"
    told = somebody.submit(page, f"/r/{token}", verdict="approve")
    assert "opens nothing any more" in text_of(told.text)
    assert (desk.office.reviews("T-1")[0].decided_by, told.status_code) == ("vera", 200)
    for spent in (
        somebody.get(f"/r/{token}"),
        desk.browser(NINA).get(f"/r/{token}"),
        somebody.get("/r/rv_x"),
    ):
        assert spent.status_code == 403
        assert "this link opens nothing any more" in spent.text
    assert somebody.get(path).status_code == 303, "a link signs nobody in"
