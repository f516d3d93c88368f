"""Cost: what was spent and what a case comes to, what has no price, and the file for other tools."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from tests.server.desk import PEOPLE, Desk, reply, text_of

from roadworthy.adapters.sql.costs import SqlCosts
from roadworthy.adapters.sql.costsums import SqlSums
from roadworthy.adapters.sql.outlooks import SqlOutlooks
from roadworthy.business.costs.report import review_cost
from roadworthy.business.costs.savings import saved
from roadworthy.casework.review import Verdict
from roadworthy.measure.costs import books, focus
from roadworthy.measure.outlooks import Instruments, work_out
from roadworthy.operate.reviews.deciding import decide_review
from roadworthy.principal import Role
from roadworthy.quantities import Cost
from roadworthy.server.cost_charts import amount
from roadworthy.usage import Tokens

OWNER = PEOPLE[Role.OWNER]
BY = Instruments(SqlSums(), SqlOutlooks())


@pytest.fixture
def worked(desk: Desk) -> Desk:
    """Two cases, one of which a person decided."""
    desk.office.release(reply)
    desk.office.submit("T-1", "refund 0.9")
    desk.office.submit("T-2", "refund 0.3")
    desk.work()
    review = desk.open_review("T-2")
    decide_review(desk.deployment, PEOPLE[Role.REVIEWER], review.id, Verdict.APPROVE, seen=review.proposal)
    desk.work()
    return desk


def test_before_the_first_case_the_page_says_where_prices_come_from(desk: Desk) -> None:
    for begun in (False, True):
        if begun:
            desk.office.release(reply)
        shown = text_of(desk.browser(OWNER).get("/cost").text)
        if not begun:
            assert "Costs appear with the first case" in shown
            assert "built-in book of genai-prices" in shown


def test_a_resolved_case_costs_what_machines_and_people_took(worked: Desk) -> None:
    page = worked.browser(OWNER).get("/cost.json").json()
    tiles = page["tiles"]
    assert (tiles["cases"], tiles["resolved"]) == (2, 2)
    (each,) = page["per_case"]
    machines, people = Cost.parse(each["usage"]), Cost.parse(each["people"])
    minute = review_cost(minutes=1, per_hour=Cost.parse("1.00 EUR"))
    assert (tiles["reviews"], people) == (1, minute)
    assert Cost.parse(tiles["per_resolved"]) == Cost(round((machines.nano + people.nano) / 2))
    assert "2 closed" in text_of(worked.browser(OWNER).get("/cost").text)


def test_days_lines_and_budgets_say_the_same_as_the_books(worked: Desk) -> None:
    today = worked.deployment.now().date()
    found = books(worked.deployment, OWNER, [], costs=SqlCosts(), first=today.replace(day=1), last=today)
    whole = sum(line.cost.nano for line in found.lines(by=("use_case",), period="all"))
    page = worked.browser(OWNER).get("/cost.json").json()
    assert sum(row["nano"] for row in page["rows"]) == whole > 0
    assert Cost.parse(page["spent"]).nano == whole
    assert round(sum(sum(day["parts"].values()) for day in page["days"]) * 1e9) == whole
    (budget,) = page["budgets"]
    assert (budget["limit"], budget["spent"]) == ("1000.00 EUR", str(Cost(whole)))


def test_groups_are_told_apart_and_days_may_be_chosen(worked: Desk) -> None:
    browser = worked.browser(OWNER)
    by_step = browser.get("/cost.json?by=step").json()["days"][-1]["parts"]
    assert "predict:intent" in by_step
    by_release = browser.get("/cost.json?by=release&use_case=desk").json()["days"][-1]["parts"]
    assert "r1" in by_release
    earlier = browser.get("/cost.json?since=2026-04-01&until=2026-04-30").json()
    assert (earlier["spent"], earlier["rows"], len(earlier["days"])) == ("0.00 EUR", [], 30)
    assert browser.get("/cost?since=2026-04-01&until=2026-04-30").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "since=tomorrow", "until=2026-13-01", "since=2026-05-04&until=2026-05-01", "since=2020-01-01", "by=colour",
        "since=0001-01-01&until=0001-01-02", "limit=0", "after=x",
    ],
)  # fmt: skip
def test_days_and_groups_that_are_none_are_named(worked: Desk, query: str) -> None:
    page = worked.browser(OWNER).get(f"/cost?{query}")
    assert page.status_code == 422
    assert "RW-SERVER-005" in page.text


def test_what_has_no_price_is_loud(worked: Desk) -> None:
    with worked.office.store.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE step SET cost_nano = 0, interrupted_nano = 0 WHERE name LIKE 'predict:%'"
        )  # type: ignore[attr-defined]
    page = worked.browser(OWNER).get("/cost")
    assert "Used, and without a price: every sum on this page is too low" in text_of(page.text)
    (one, *_) = worked.browser(OWNER).get("/cost.json").json()["unpriced"]
    assert (one["use_case"], one["what"]) == ("desk", "predict:intent")


def test_what_lies_ahead_is_as_the_worker_found_it_and_says_when(worked: Desk) -> None:
    browser = worked.browser(OWNER)
    before = browser.get("/cost").text
    assert "roadworthy cost look" in before
    work_out(worked.deployment, OWNER, "desk", BY)
    page = browser.get("/cost.json").json()
    assert page["not_worked_out"] == []
    (target,) = page["targets"]
    assert target["cases"] == 100
    assert "too little to say" in target["note"]
    assert "too little to say" in text_of(browser.get("/cost").text)
    (savings,) = page["saved"]
    assert savings["total"] == "0.00 EUR"


def test_the_focus_file_is_streamed_and_the_same_as_the_command_writes(worked: Desk) -> None:
    answer = worked.browser(OWNER).get("/cost/focus.csv?month=2026-05")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="focus-2026-05.csv"'
    first, last = date(2026, 5, 1), date(2026, 5, 31)
    found = books(worked.deployment, OWNER, [], costs=SqlCosts(), first=first, last=last)
    assert answer.text == focus(found, month=first, account="roadworthy")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["x_UseCase"] for row in rows} == {"desk"}
    empty = worked.browser(OWNER).get("/cost/focus.csv?month=2025-01&use_case=desk")
    assert empty.text.count("\n") == 1


def test_a_month_that_is_none_and_a_use_case_that_is_none_are_pages_not_files(worked: Desk) -> None:
    browser = worked.browser(OWNER)
    assert browser.get("/cost/focus.csv?month=May").status_code == 422
    assert browser.get("/cost/focus.csv?use_case=none").status_code == 404
    assert browser.get("/cost?use_case=none").status_code == 404
    assert worked.browser().get("/cost/focus.csv").status_code == 303


@pytest.mark.parametrize("role", list(Role))
def test_who_may_see_the_gate_sees_costs(worked: Desk, role: Role) -> None:
    expected = 403 if role is Role.CLIENT else 200
    browser = worked.browser(PEOPLE[role])
    assert {browser.get(path).status_code for path in ("/cost", "/cost/focus.csv")} == {expected}


def test_names_from_outside_stay_text(worked: Desk) -> None:
    desk = worked
    hostile = "<script>alert(1)</script>"
    with desk.office.store.write() as tx:
        tx.connection.exec_driver_sql("UPDATE step SET name = ?", (hostile,))  # type: ignore[attr-defined]
    page = desk.browser(OWNER).get("/cost?by=step").text
    assert hostile not in page
    assert "&lt;script&gt;" in page


def test_amounts_are_read_at_every_size() -> None:
    assert [amount(str(Cost(nano))) for nano in (0, 86, 12_345, 30_000_000, 1_234_567_890_123)] == [
        "0 EUR", "0.000000086 EUR", "0.000012 EUR", "0.0300 EUR", "1,234.57 EUR",
    ]  # fmt: skip
    assert amount(None) == "–"
    assert amount(f"{Cost(-2_000_000_000)} + {Cost(1, 'USD')}") == "−2.00 EUR + 0.000000001 USD"


def test_budgets_of_calls_show_what_is_held_and_left(worked: Desk) -> None:
    from roadworthy.usage import Ask, Level, Node

    month = f"{worked.deployment.now():%Y-%m}"
    node = Node(f"use_case:desk@{month}", Level.USE_CASE, 1_000)
    with worked.office.store.write() as tx:
        metering = worked.office.store.metering
        metering.begin(tx, "g1", ttl_s=60.0)
        metering.lease(tx, "g1", [Ask((node,), 400)])
    (one,) = worked.browser(OWNER).get("/cost.json?use_case=desk").json()["tree"]
    held, left = Cost.parse(one["held"]), Cost.parse(one["left"])
    assert held.nano >= 400
    assert held.nano + left.nano == 1_000
    assert "Budgets of calls to models" in worked.browser(OWNER).get("/cost").text


def test_savings_are_the_same_tokens_at_other_prices() -> None:
    from roadworthy.business.costs.report import ModelPrice
    from roadworthy.business.costs.rows import CallUse, Work
    from roadworthy.usage import Price

    def use(model: str, **changes: object) -> CallUse:
        values: dict[str, object] = {
            "day": date(2026, 5, 4), "use_case": "desk", "release": "r", "work": Work.LIVE, "step": "", "task": "reply",
            "model": model, "calls": 10, "retries": 0, "failed": 0, "hits": 0, "estimated": 0, "unpriced": 0,
            "tokens": Tokens(1_000_000, 500_000, 200_000), "cost": Cost(1),
        }  # fmt: skip
        return CallUse(**{**values, **changes})  # type: ignore[arg-type]

    prices = {
        ("r", "small"): ModelPrice(Price(100, 400, 10), "s"),
        ("r", "large"): ModelPrice(Price(1_000, 4_000, 100), "l"),
    }
    found = saved([use("small"), use("small", hits=2, calls=2, tokens=Tokens())], prices)
    # Read 1M at 100, written 0.5M at 400 = 300; a fifth of what was read at 10 instead of 100 = 18 less.
    assert (found.prompt_cache.nano, found.routing.nano, found.against) == (18, 3_000 - 300, "large")
    assert found.cache.nano == (300 - 18) * 2 // 10
    assert (found.calls, found.unpriced) == (12, 0)
    dear = saved([use("large"), use("local"), use("small", work=Work.PILOT)], prices)
    assert (dear.routing.nano, dear.against, dear.calls, dear.unpriced) == (0, "", 10, 10)
    assert saved([], {}).total == Cost(0)
