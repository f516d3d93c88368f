"""Operations: what the figures say, who may see them, and what is said where there is nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.operate.office import SHOP
from tests.operate.watching.cases import troubled_answer
from tests.server.desk import PEOPLE, Desk, reply, text_of

from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.rating import rate_case
from roadworthy.operate.watching.rollup import roll_round
from roadworthy.principal import Principal, Role
from roadworthy.server.operations_charts import minutes, reason, seconds

OWNER = PEOPLE[Role.OWNER]


def counted(desk: Desk) -> None:
    desk.work()
    sequence_all(desk.deployment)
    roll_round(desk.deployment)


def test_the_page_tells_who_handled_what_came_in(desk: Desk) -> None:
    desk.office.release(reply)
    for number, confidence in enumerate((0.9, 0.9, 0.9, 0.3)):
        desk.office.submit(f"C-{number}", f"refund {confidence}")
    counted(desk)
    rate_case(desk.deployment, SHOP, "desk", "C-0", stars=4)
    counted(desk)
    page = desk.browser(OWNER).get("/operations.json?range=7d").json()
    figures = page["figures"]
    assert (figures["accepted"], figures["closed"], figures["automatic"]) == (4, 3, 3)
    assert figures["automation"] == 1.0
    assert figures["reach"] == 1.0
    assert page["ratings"]["mean"] == 4.0
    assert page["saved"]["minutes"] == 3.0
    assert len(page["rows"]) == 7
    assert page["rows"][-1]["automatic"] == 3
    assert {"kind": "effect", "what": "confidence"}.items() <= page["reviews"][-1].items() or any(
        one["what"] == "confidence" for one in page["reviews"]
    )
    told = text_of(desk.browser(OWNER).get("/operations").text)
    assert "Confidence too low" in told
    assert "4.0 of 5" in told
    assert "Nothing went wrong in this period" in told


def test_a_day_is_told_by_hour_and_a_release_alone(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("C-1")
    counted(desk)
    browser = desk.browser(OWNER)
    page = browser.get("/operations.json?range=24h&use_case=desk&release=r1").json()
    assert len(page["rows"]) == 24
    assert page["rows"][-1]["accepted"] == 1
    assert page["releases"] == [{"name": "r1", "stage": "production"}]
    desk.office.later(days=2)
    again = desk.browser(OWNER)
    assert again.get("/operations.json?range=24h").json()["figures"]["accepted"] == 0
    assert again.get("/operations.json").json()["figures"]["accepted"] == 1


def test_what_went_wrong_leads_to_a_case(desk: Desk) -> None:
    desk.office.release(troubled_answer)
    desk.office.submit("<script>alert(1)</script>")
    counted(desk)
    html = desk.browser(OWNER).get("/operations").text
    case = desk.office.case("<script>alert(1)</script>")
    assert f'href="/cases/{case.id}"' in html
    assert "<script>alert(1)" not in html
    assert "An error on the way" in html


def test_nothing_yet_says_where_cases_come_from(desk: Desk) -> None:
    browser = desk.browser(OWNER)
    assert "There is no use case yet" in text_of(browser.get("/operations").text)
    desk.office.release(reply)
    assert "Look at the last 90 days" in text_of(browser.get("/operations").text)
    assert "POST /api/v1/cases" in text_of(browser.get("/operations?range=90d").text)
    assert "in the last 24 hours" in text_of(browser.get("/operations?range=24h").text)


@pytest.mark.parametrize("query", ["range=8d", "range=30d&release=r1"])
def test_a_period_or_release_that_is_none_is_refused(desk: Desk, query: str) -> None:
    desk.office.release(reply)
    assert desk.browser(OWNER).get(f"/operations?{query}").status_code == 422


def test_what_is_unknown_is_not_here(desk: Desk) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    assert browser.get("/operations?use_case=none").status_code == 404
    assert browser.get("/operations?use_case=desk&release=r9").status_code in {404, 422}


@pytest.mark.parametrize("who", list(PEOPLE.values()), ids=lambda one: one.id)
def test_everybody_with_a_role_in_the_house_sees_it(desk: Desk, who: Principal) -> None:
    desk.office.release(reply)
    desk.office.submit("C-1")
    counted(desk)
    answer = desk.browser(who).get("/operations")
    assert answer.status_code == (403 if who.roles == {Role.CLIENT} else 200)


def test_a_key_of_one_use_case_sees_no_other(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("C-1")
    counted(desk)
    bound = desk.machine(OWNER, use_case="other")
    assert bound.get("/operations.json").status_code == 404
    assert bound.get("/operations.json?use_case=desk").status_code == 403
    assert desk.machine(OWNER, use_case="desk").get("/operations.json").json()["figures"]["accepted"] == 1


def test_the_rows_are_given_as_csv(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("C-1")
    counted(desk)
    lines = desk.browser(OWNER).get("/operations.csv?range=7d").text.splitlines()
    assert len(lines) == 8
    assert "slot" in lines[0]
    today = desk.office.clock.now().date()
    assert (today - timedelta(days=6)).isoformat() in lines[1]


def test_figures_that_are_behind_say_so(desk: Desk) -> None:
    desk.office.release(reply)
    for number in range(3):
        desk.office.submit(f"C-{number}")
    desk.work()
    page = desk.browser(OWNER).get("/operations.json").json()
    assert page["behind"] > 0
    assert page["figures"]["accepted"] == 0


def test_times_and_reasons_are_in_words() -> None:
    assert [seconds(one) for one in (None, 0.25, 1.5, 40, 90, 7_200, 200_000)] == [
        "–", "250 ms", "1.5 s", "40 s", "1.5 min", "2 h", "2.3 d",
    ]  # fmt: skip
    assert [minutes(one) for one in (None, 0, 119, -30, 600)] == [
        "–",
        "0 min",
        "119 min",
        "−30 min",
        "10 h",
    ]
    assert reason("unheard of") == "unheard of"
