"""Alerts and incidents: what fires, what may be done about it, and the report on a period."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.operate.watching.cases import troubled_answer
from tests.server.desk import PEOPLE, Desk, reply, text_of

from roadworthy.alerting import Finding
from roadworthy.measure.watching.objectives import add_minutes, minute_of
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.stopping import stop
from roadworthy.operate.watching.alarms import Alarms
from roadworthy.ports import Transaction
from roadworthy.principal import Principal, Role

OWNER = PEOPLE[Role.OWNER]
HOSTILE = '![x](http://evil.example/p.png) <script>alert(1)</script> =HYPERLINK("http://evil")'


def fire(desk: Desk, *, rule: str = "drift.alarm", summary: str = HOSTILE, subject: str = "x") -> str:
    """Something burns; returns its alert."""
    with desk.office.store.read() as tx:
        cases = tuple(one.id for one in desk.office.store.cases.list(tx, "desk", limit=3).rows)
    finding = Finding(rule, "desk", subject, summary, desk.deployment.now(), cases)
    Alarms((), (lambda _deployment, _now: (finding,),))(desk.deployment)
    with desk.office.store.read() as tx:
        found = [one for one in desk.office.store.alerts.firing(tx) if one.rule == rule]
    return found[0].id


def objectives(deployment: Deployment, tx: Transaction, bad: int) -> None:
    now = deployment.now()
    add_minutes(deployment, tx, "desk", {minute_of(now): [1_000, 0, bad, 0]}, now)


def test_all_well_names_the_tightest_objective(desk: Desk) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    assert "No case ended in the last three days" in text_of(browser.get("/alerts").text)
    assert "No alert has fired yet" in text_of(browser.get("/alerts").text)
    with desk.office.store.write() as tx:
        objectives(desk.deployment, tx, bad=3)
    told = text_of(browser.get("/alerts").text)
    assert "All objectives met. Tightest: desk (trouble), 70 % budget left" in told
    with desk.office.store.write() as tx:
        objectives(desk.deployment, tx, bad=60)
    told = text_of(browser.get("/alerts").text)
    assert "All objectives met" not in told
    assert "desk used up what its objective of trouble allows" in told


def test_an_alert_says_what_since_when_whose_and_what_to_do(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("C-1")
    desk.work()
    fire(desk)
    html = desk.browser(OWNER).get("/alerts").text
    told = text_of(html)
    for word in (
        "look now",
        "rita",
        "docs/operations.md#drift-alarm",
        "roadworthy stop desk",
        "C-1",
        "Stop desk",
    ):
        assert word in told
    assert "<script>alert(1)" not in html
    assert '<img src="http' not in html
    card = desk.browser(OWNER).get("/alerts.json").json()["firing"][0]
    assert card["examples"][0]["key"] == "C-1"
    assert card["you_may_act"]


def test_the_least_budget_stands_first(desk: Desk) -> None:
    desk.office.release(reply)
    with desk.office.store.write() as tx:
        objectives(desk.deployment, tx, bad=9)
    now = desk.deployment.now()
    found = [
        Finding("burn_rate.ticket", "desk", "speed", "slow", now),
        Finding("burn_rate.page", "desk", "trouble", "errors", now),
        Finding("data.missing", "", "x", "installation", now),
    ]
    Alarms((), (lambda _deployment, _now: found,))(desk.deployment)
    firing = desk.browser(OWNER).get("/alerts.json").json()["firing"]
    assert [one["rule"] for one in firing] == ["burn_rate.page", "data.missing", "burn_rate.ticket"]
    assert firing[0]["budget_left"] == pytest.approx(0.1)


def test_acknowledging_takes_a_reason_and_stands_on_record(desk: Desk) -> None:
    desk.office.release(reply)
    alert = fire(desk)
    browser = desk.browser(OWNER)
    page = browser.get("/alerts")
    refused = browser.submit(page, f"/alerts/{alert}/acknowledge", reason="  ")
    assert refused.status_code == 422
    assert "acknowledging needs a reason" in text_of(refused.text)
    done = browser.submit(page, f"/alerts/{alert}/acknowledge", reason="I look at it")
    assert (done.status_code, done.headers["location"]) == (303, "/alerts")
    assert "I look at it" in text_of(browser.get("/alerts").text)
    assert "alert.acknowledged" in list(desk.office.events())


def test_muting_ends_by_itself_and_can_be_ended(desk: Desk) -> None:
    desk.office.release(reply)
    alert = fire(desk)
    browser = desk.browser(OWNER)
    page = browser.get("/alerts")
    target = f"/alerts/{alert}/mute"
    assert browser.submit(page, target, hours="9", reason="known").status_code == 422
    assert browser.submit(page, target, hours="8", reason="").status_code == 422
    assert browser.submit(page, target, hours="8", reason="known").status_code == 303
    told = browser.get("/alerts")
    assert "muted for another" in text_of(told.text)
    assert browser.submit(told, f"/alerts/{alert}/unmute").status_code == 303
    assert browser.submit(told, f"/alerts/{alert}/unmute").status_code == 303, "again changes nothing"
    assert "muted for another" not in text_of(browser.get("/alerts").text)
    assert list(desk.office.events()).count("alert.unmuted") == 1
    browser.submit(page, target, hours="1", reason="known")
    desk.office.later(hours=2)
    assert "muted for another" not in text_of(browser.get("/alerts").text)


@pytest.mark.parametrize("who", list(PEOPLE.values()), ids=lambda one: one.id)
def test_who_may_act_is_told_and_held(desk: Desk, who: Principal) -> None:
    desk.office.release(reply)
    alert = fire(desk)
    browser = desk.browser(who)
    page = browser.get("/alerts")
    may_see = who.roles != {Role.CLIENT}
    assert page.status_code == (200 if may_see else 403)
    may = bool(who.roles & {Role.OWNER, Role.BUILDER, Role.RISK_OFFICER, Role.OPERATOR, Role.ADMIN})
    assert (f"/alerts/{alert}/mute" in page.text) == (may and may_see)
    if may_see and not may:
        assert "need the role" in text_of(page.text)
        target = f"/alerts/{alert}/mute"
        made_up = page.text.replace('action="/sign-out"', f'action="{target}"')
        assert browser.submit(made_up, target, hours="8", reason="known").status_code == 403


def test_an_unknown_alert_is_not_here(desk: Desk) -> None:
    desk.office.release(reply)
    fire(desk)
    browser = desk.browser(OWNER)
    page = browser.get("/alerts")
    with desk.office.store.read() as tx:
        known = desk.office.store.alerts.firing(tx)[0].id
    html = page.text.replace(known, "none")
    assert browser.submit(html, "/alerts/none/acknowledge", reason="x").status_code == 404


def test_history_is_paged(desk: Desk) -> None:
    desk.office.release(reply)
    now = desk.deployment.now()
    found = [Finding("drift.alarm", "desk", str(number), f"number {number}", now) for number in range(5)]
    Alarms((), (lambda _deployment, _now: found,))(desk.deployment)
    browser = desk.browser(OWNER)
    first = browser.get("/alerts.json?limit=2").json()
    second = browser.get(f"/alerts.json?limit=2&after={first['after']}").json()
    assert len(first["history"]) == len(second["history"]) == 2
    assert not {one["id"] for one in first["history"]} & {one["id"] for one in second["history"]}
    assert browser.get("/alerts?after=nonsense").status_code == 422


def test_an_incident_tells_what_happened_whom_it_touched_and_writes_the_report(desk: Desk) -> None:
    desk.office.release(troubled_answer)
    desk.office.submit("C-[1](http://evil)")
    desk.work()
    stop(desk.deployment, PEOPLE[Role.RISK_OFFICER], "use_case:desk", reason=HOSTILE)
    sequence_all(desk.deployment)
    browser = desk.browser(OWNER)
    page = browser.get("/incidents.json").json()
    assert [one["event"] for one in page["timeline"]] == ["stop.thrown"]
    assert page["cases_touched"] == 1
    assert page["complete"]
    assert "!\\[x\\](http" in page["report"]
    assert "C-\\[1\\]" in page["report"] or page["to_do"] == []
    html = browser.get("/incidents").text
    assert "<script>alert(1)" not in html
    assert "Report to copy" in html
    start = desk.deployment.now() + timedelta(days=1)
    later = browser.get(
        f"/incidents?from={start:%Y-%m-%dT%H:%M}&to={start + timedelta(hours=1):%Y-%m-%dT%H:%M}"
    )
    assert "changed anything in this period" in text_of(later.text)


@pytest.mark.parametrize(
    "query", ["from=tomorrow", "from=2026-05-04T10:00&to=2026-05-04T09:00", "from=2020-01-01T00:00"]
)
def test_a_period_that_is_none_is_refused(desk: Desk, query: str) -> None:
    assert desk.browser(OWNER).get(f"/incidents?{query}").status_code == 422


def test_an_effect_that_nobody_knows_of_is_to_be_put_right(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("C-1", "refund 0.9")

    def break_down() -> None:
        raise RuntimeError("the line is cut")

    desk.office.tools["mail.reply"].before = break_down
    for _ in range(12):
        desk.work()
        desk.office.later(hours=1)
    sequence_all(desk.deployment)
    page = desk.browser(OWNER).get("/incidents.json").json()
    states = {effect.state for effect in desk.office.effects("C-1")}
    assert bool(page["to_do"]) == bool(states & {"unknown", "dead"})
