"""Whoever spot-checks a case answers before they see what was made of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.operate import spot
from tests.operate.office import SHOP
from tests.server.desk import PEOPLE, Desk, reply, text_of

from roadworthy.operate.outcomes import record_outcome
from roadworthy.principal import Role

REVIEWER, AUDITOR = PEOPLE[Role.REVIEWER], PEOPLE[Role.AUDITOR]
SECRET = "about refund 0.9"  # what left, and what the outcome says


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    spot.checked_office(desk.office, flow=reply)
    desk.office.submit("T-1", "refund 0.9")
    desk.work()
    yield desk
    desk.office.store.close()


def test_nothing_of_the_answer_is_shown_before_ones_own(desk: Desk) -> None:
    review = desk.open_review("T-1")
    browser = desk.browser(REVIEWER)
    page = browser.get(f"/reviews/{review.id}")
    assert "What was answered is shown after your own answer" in text_of(page.text)
    assert SECRET not in page.text
    twin = browser.get(f"/reviews/{review.id}.json").json()
    assert (twin["case"]["answer"], twin["decision"]["prediction"], twin["other_effects"]) == ("", None, [])
    done = browser.submit(page, f"/reviews/{review.id}", verdict="answer", answer="refund")
    assert done.status_code == 303
    assert SECRET in browser.get(f"/reviews/{review.id}").text


def test_outcomes_on_the_case_wait_for_the_answer_too_but_not_for_an_auditor(desk: Desk) -> None:
    record_outcome(desk.deployment, SHOP, "desk", "T-1", truth="the-truth", source="crm")
    desk.work()
    case = desk.office.case("T-1").id
    assert "the-truth" not in desk.browser(REVIEWER).get(f"/cases/{case}").text
    assert "the-truth" in desk.browser(AUDITOR).get(f"/cases/{case}").text
    spot.say(desk.office, desk.open_review("T-1"), "refund")
    assert "the-truth" in desk.browser(REVIEWER).get(f"/cases/{case}").text


def test_a_use_case_shows_what_spot_checks_found(desk: Desk) -> None:
    spot.say(desk.office, desk.open_review("T-1"), "refund")
    page = text_of(desk.browser(PEOPLE[Role.OWNER]).get("/use-cases/desk").text)
    assert "0 of 1 spot check found an error" in page
