"""The portfolio: tiles, needs of attention, filters, and what it says where nothing is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.operate.office import CHARTER
from tests.server.desk import PEOPLE, Desk, reply, text_of
from tests.server.test_use_case_page import HOSTILE, measured

from roadworthy.operate import outcomes, stopping
from roadworthy.operate.watching import rollup
from roadworthy.principal import Role
from roadworthy.quantities import Interval
from roadworthy.stage import Stage

OWNER = PEOPLE[Role.OWNER]


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with a release in production, for tests that change nothing."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.office.release(reply)
    yield desk
    desk.office.store.close()


def shown(desk: Desk, query: str = "") -> dict[str, Any]:
    data: dict[str, Any] = desk.browser(OWNER).get(f"/portfolio.json{query}").json()
    return data


def count(desk: Desk) -> None:
    desk.work()
    rollup.roll_round(desk.deployment)


def test_the_tiles_say_what_it_brings_who_waits_and_what_is_at_risk(desk: Desk) -> None:
    desk.office.release(reply)
    for number in range(4):
        desk.office.submit(f"A-{number}", "refund 0.9")
    desk.office.submit("P-1", "refund 0.3")
    desk.work()
    outcomes.record_outcome(desk.deployment, OWNER, "desk", "A-0", truth="refund", source="crm")
    count(desk)
    tiles = shown(desk)["tiles"]
    assert (tiles["in_production"], tiles["use_cases"]) == (1, 1)
    with desk.office.store.read() as tx:
        assert tiles["waiting"] == desk.office.store.reviews.count_open(tx, "desk") > 0
    assert tiles["overdue"] == 0
    # Four cases of a minute at 1.00 EUR an hour, and one known to be right.
    assert tiles["value"] == {"net": ["0.07 EUR"], "unknown": 0, "of": 1}
    desk.office.later(hours=2)
    late = shown(desk)
    overdue = late["tiles"]["overdue"]
    assert overdue > 0
    assert any(risk.startswith(f"{overdue} review") for risk in late["use_cases"][0]["risks"])
    assert f"! {overdue} overdue" in text_of(desk.browser(OWNER).get("/portfolio").text)


def test_a_value_that_nobody_can_know_is_unknown_and_in_no_sum(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("A-1", "refund 0.9")
    count(desk)
    data = shown(desk)
    assert data["tiles"]["value"] == {"net": [], "unknown": 1, "of": 1}
    assert "nobody knows yet how many automatic cases were wrong" in data["use_cases"][0]["value"]["why"]
    assert "Value this month, net of cost unknown" in text_of(desk.browser(OWNER).get("/portfolio").text)


def test_half_a_month_is_no_sum(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.office.release(reply)
    monkeypatch.setattr("roadworthy.server.views.worth.A_MOMENT", 0)
    desk.office.submit("A-1", "refund 0.9")
    desk.work()
    [one] = shown(desk)["use_cases"]
    assert one["value"]["net"] is None
    assert "not counted yet" in one["value"]["why"]


def test_a_release_that_is_live_without_what_it_takes_is_at_risk(desk: Desk) -> None:
    desk.office.release(reply)
    [one] = shown(desk)["use_cases"]
    assert re.fullmatch(
        r"r1 is live in production, and \d+ of \d+ requirements do not hold there", one["risks"][0]
    )
    assert shown(desk)["tiles"]["at_risk"] == 1


def test_a_case_that_costs_more_than_promised_is_a_risk(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    measured(desk, "cost.per_case", 1.5, unit="EUR", interval=Interval(1.4, 1.6))
    [one] = shown(desk)["use_cases"]
    assert (one["cost"]["value"], one["cost"]["budget"], one["cost"]["over"]) == (1.5, 1.0, True)
    assert "a case costs more than its budget" in one["risks"]


def test_kpi_and_age_of_evidence_stand_in_the_row(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.SHADOW)
    measured(desk, "business.kpi_baseline", 0.6)
    desk.office.later(days=3)
    measured(desk, "business.kpi", 1.0, valid_for=timedelta(days=2))
    [one] = shown(desk)["use_cases"]
    assert (one["kpi"]["baseline"], one["kpi"]["now"], one["kpi"]["reached"]) == (0.6, 1.0, True)
    html = desk.browser(OWNER).get("/portfolio").text
    assert "target reached" in text_of(html)
    assert "3 d ago first runs out in 27 d" in text_of(html)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 1), ("?verdict=hold", 1), ("?verdict=pass", 0), ("?stage=production", 1), ("?stage=draft", 0),
        ("?stage=production&verdict=none", 0),
    ],
)  # fmt: skip
def test_filters_stand_in_the_address(still: Desk, query: str, found: int) -> None:
    assert len(shown(still, query)["use_cases"]) == found
    html = still.browser(OWNER).get(f"/portfolio{query}").text
    assert ("Nothing matches these filters" in html) == (not found)


def test_a_filter_that_there_is_not_is_told(still: Desk) -> None:
    answer = still.browser(OWNER).get("/portfolio?verdict=%3Cscript%3E&stage=moon")
    assert answer.status_code == 422
    assert "<script>" not in answer.text
    assert "one of pass, hold, fail, none" in text_of(answer.text)


def test_what_is_stopped_comes_first_and_outside_text_is_text(desk: Desk) -> None:
    charter = CHARTER.replace("title: Test desk", f"title: '{HOSTILE}'")
    desk.office.release(reply, charter=charter)
    stopping.stop(desk.deployment, PEOPLE[Role.BUILDER], "use_case:desk", reason=HOSTILE)
    html = desk.browser(OWNER).get("/portfolio").text
    assert "<script>alert" not in html
    assert "<img" not in html.split("<main")[1]
    assert shown(desk)["use_cases"][0]["risks"][0] == "stopped"


def test_a_key_of_one_use_case_sees_no_other(desk: Desk) -> None:
    desk.office.release(reply)
    assert desk.machine(OWNER, use_case="desk").get("/portfolio.json").json()["known"] == 1
    elsewhere = desk.machine(OWNER, use_case="other").get("/portfolio.json").json()
    assert (elsewhere["known"], elsewhere["use_cases"]) == (0, [])


def test_an_installation_without_a_use_case_names_the_two_commands(desk: Desk) -> None:
    said = text_of(desk.browser(OWNER).get("/portfolio").text)
    assert "roadworthy release start my-use-case" in said
    assert "roadworthy demo" in said
