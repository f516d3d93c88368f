"""Releases as pages: what is shown of a canary, and what may be done with it; aborting always wins."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.operate.office import CHARTER
from tests.server.desk import PEOPLE, Desk, hidden, reply, text_of

from roadworthy.operate import outcomes
from roadworthy.operate.mirroring import Twin
from roadworthy.principal import Role
from roadworthy.quantities import Share
from roadworthy.release import Release
from roadworthy.stage import Stage

OWNER, BUILDER, REVIEWER = PEOPLE[Role.OWNER], PEOPLE[Role.BUILDER], PEOPLE[Role.REVIEWER]
R1, R2 = "/use-cases/desk/releases/r1", "/use-cases/desk/releases/r2"
STEPS = CHARTER.replace(
    "canary: {share: 0.5, min_cases: 20, margin: 0.03, tolerance: 0.2}",
    "canary: {steps: [{share: 0.05, min_cases: 40, min_duration: 2d}, {share: 0.5, min_cases: 40}], margin: 0.03, "
    "tolerance: 0.2}",
)


def canary(desk: Desk, *, charter: str = STEPS, share: float = 0.05) -> Release:
    """r1 in production, r2 in the first step of its canary."""
    desk.office.release(reply)
    made = desk.office.release(reply, number=2, stage=Stage.CANARY, share=share, charter=charter)
    with desk.office.store.write() as tx:
        now = desk.office.clock.now()
        desk.office.store.releases.save(tx, replace(made, step=1, step_since=now))
    return made


def pages(desk: Desk, path: str = R2) -> tuple[dict[str, Any], str]:
    browser = desk.browser(OWNER)
    return browser.get(f"{path}.json").json(), text_of(browser.get(path).text)


def test_the_list_says_where_each_use_case_stands(desk: Desk) -> None:
    assert "No release in progress." in text_of(desk.browser(OWNER).get("/releases").text)
    desk.office.release(reply)
    desk.office.later(days=12)
    said = text_of(desk.browser(OWNER).get("/releases").text)
    assert "No release in progress. Last: r1, production 12 d ago" in said
    desk.office.release(reply, number=2, stage=Stage.CANARY, share=0.05, charter=STEPS)
    [row] = desk.browser(OWNER).get("/releases.json").json()["releases"]
    assert (row["running"], row["moving"], row["stage"], row["share"]) == ("r1", "r2", "canary", 0.05)
    assert (row["step"], row["steps"], row["state"]) == (1, 2, "inconclusive")


def test_a_canary_tells_its_step_what_it_needs_and_that_it_cannot_tell_yet(desk: Desk) -> None:
    canary(desk)
    desk.office.later(hours=12)
    page, said = pages(desk)
    assert [(one["label"], one["state"]) for one in page["canary"]["rail"]] == [
        ("0 %", "done"), ("5 %", "here"), ("50 %", "ahead"), ("100 %", "ahead"),
    ]  # fmt: skip
    assert (page["canary"]["cases"], page["canary"]["needed"]) == (0, 40)
    assert page["canary"]["until"] == (desk.office.clock.now() + timedelta(hours=36)).isoformat()
    [error] = page["metrics"]
    assert (error["state"], error["low"], error["high"]) == ("inconclusive", None, None)
    assert "error is known of 0 of the canary's cases in this step, asked 40" in error["missing"]
    assert "Inconclusive" in said
    assert "no range yet" in said


def test_what_is_learned_of_cases_makes_a_range_that_becomes_narrower(desk: Desk) -> None:
    canary(desk, charter=CHARTER, share=0.5)
    for number in range(60):
        desk.office.submit(f"T-{number}")
    desk.work()
    for number in range(60):
        outcomes.record_outcome(desk.deployment, OWNER, "desk", f"T-{number}", truth="refund", source="crm")
    page, _ = pages(desk)
    [error] = page["metrics"]
    assert error["stable_n"] + error["candidate_n"] == 60
    assert error["low"] < 0 < error["high"]
    widths = [one["high"] - one["low"] for one in page["course"] if one["low"] is not None]
    assert widths[-1] < widths[0]
    assert page["course"][-1]["cases"] == error["candidate_n"]
    assert "<svg" in desk.browser(OWNER).get(R2).text


def test_a_release_says_what_is_new_in_it_and_who_signed_it(desk: Desk) -> None:
    canary(desk)
    page, said = pages(desk)
    assert page["beside"] == "r1"
    assert any("release" in one["sentence"] for one in page["differences"])
    assert page["signed"]["holds"]
    assert sorted(page["signed"]["files"]) == ["charter.yaml", "workflow.py"]
    first, _ = pages(desk, R1)
    assert first["beside"] == ""
    assert "Digest" in said


def test_a_release_whose_signature_does_not_hold_says_so(desk: Desk) -> None:
    made = canary(desk)
    with desk.office.store.write() as tx:
        desk.office.store.releases.save(tx, replace(made, signature="", key="", step=1))
    page, said = pages(desk)
    assert page["signed"]["why"].startswith("RW-RELEASE-010")
    assert "does not hold" in said


def test_abort_is_offered_and_wins_whatever_else_was_sent(desk: Desk) -> None:
    canary(desk)
    browser = desk.browser(BUILDER)
    page = browser.get(R2)
    done = browser.submit(page, R2, do="abort", reason="it is rude")
    assert (done.status_code, done.headers["location"]) == (303, R2)
    again = browser.submit(page, R2, do="abort", reason="it is rude")
    assert again.status_code == 303
    late = browser.submit(page, R2, do="promote", reason="go on", seen="canary:1:500")
    assert (late.status_code, "RW-RELEASE-014" in late.text) == (409, True)
    desk.work()
    said, text = pages(desk)
    assert (said["release"]["stage"], said["you"]["can_abort"]) == ("halted", False)
    assert "r2 is halted for less than a day: it is rude" in text
    assert [one["kind"] for one in said["events"]["rows"]] == ["release.moved"]
    assert "canary → halted" in said["events"]["rows"][0]["what"]


def test_a_promotion_that_the_gate_refuses_shows_why_and_what_was_typed(desk: Desk) -> None:
    canary(desk)
    browser = desk.browser(BUILDER)
    page = browser.get(R2)
    assert "the gate holds" in text_of(page.text)
    refused = browser.submit(page, R2, do="promote", reason="looks fine")
    assert (refused.status_code, "RW-GATE-010" in refused.text) == (403, True)
    assert 'value="looks fine"' in refused.text


def test_nothing_is_done_without_a_reason_or_by_another_name(desk: Desk) -> None:
    canary(desk)
    browser = desk.browser(OWNER)
    page = browser.get(R2)
    for do in ("promote", "approve", "abort"):
        said = browser.submit(page, R2, do=do, reason=" ")
        assert (said.status_code, "say why in a few words" in said.text) == (422, True)
    odd = browser.client.post(
        R2, data={**_token(page.text), "do": "explode"}, headers={"sec-fetch-site": "same-origin"}
    )
    assert (odd.status_code, "RW-SERVER-005" in odd.text) == (422, True)


def _token(page: str) -> dict[str, str]:
    return {name: value for name, value in hidden(page, R2, {}).items() if name not in {"do", "seen"}}


def test_the_release_before_comes_back(desk: Desk) -> None:
    old = desk.office.release(reply)
    desk.office.release(reply, number=2, charter=STEPS)
    now = desk.office.clock.now()
    with desk.office.store.write() as tx:
        retired = replace(old, stage=Stage.RETIRED, share=Share(0.0), fit_until=now + timedelta(days=3))
        desk.office.store.releases.save(tx, retired)
    browser = desk.browser(OWNER)
    page = browser.get(R2)
    assert "Come back to r1" in text_of(page.text)
    assert browser.submit(page, R2, do="back", reason="r2 is slow").status_code == 303
    [row] = desk.browser(OWNER).get("/releases.json").json()["releases"]
    assert (row["running"], row["may_come_back"]) == ("r1", "")
    again = browser.submit(page, R2, do="back", reason="r2 is slow")
    assert (again.status_code, "RW-RELEASE-014" in again.text) == (409, True)


def test_an_approval_takes_a_second_person(desk: Desk) -> None:
    made = canary(desk)
    with desk.office.store.write() as tx:
        desk.office.store.releases.save(tx, replace(made, author=OWNER.id, step=1))
    author = desk.browser(OWNER).get(R2)
    assert "You cannot: you built it: somebody else approves it." in text_of(author.text)
    risk = desk.browser(PEOPLE[Role.RISK_OFFICER])
    done = risk.submit(risk.get(R2), R2, do="approve", reason="figures read")
    assert done.status_code == 303
    page, said = pages(desk)
    assert [one["reason"] for one in page["approvals"]] == ["figures read"]
    assert "risk officer" in said


def test_roles_see_what_they_may_do_and_why_not(desk: Desk) -> None:
    canary(desk)
    offered = {
        role: set(text_of_actions(desk.browser(PEOPLE[role]).get(R2).text))
        for role in (Role.OWNER, Role.BUILDER, Role.REVIEWER, Role.AUDITOR, Role.RISK_OFFICER)
    }
    assert offered == {
        Role.OWNER: {"promote", "approve", "abort"},
        Role.BUILDER: {"promote", "abort"},
        Role.REVIEWER: set(),
        Role.AUDITOR: set(),
        Role.RISK_OFFICER: {"approve", "abort"},
    }
    viewer = text_of(desk.browser(REVIEWER).get(R2).text)
    assert "Aborting it takes one of the roles" in viewer
    assert "Promoting takes one of the roles" in viewer
    browser = desk.browser(REVIEWER)
    token = _token(desk.browser(OWNER).get(R2).text)
    forced = browser.client.post(
        R2, data={**token, "do": "abort", "reason": "x"}, headers={"sec-fetch-site": "same-origin"}
    )
    assert forced.status_code == 403
    assert desk.browser(PEOPLE[Role.CLIENT]).get(R2).status_code == 403
    assert desk.browser().get(R2).status_code == 303


def text_of_actions(html: str) -> list[str]:
    return re.findall(r'name="do" value="(\w+)"', html)


def test_cases_that_two_releases_worked_are_compared_when_asked_for(desk: Desk) -> None:
    first = desk.office.release(reply)
    second = desk.office.release(reply, number=2, stage=Stage.SHADOW, share=0.0)
    for key in ("T-1", "T-2"):
        desk.office.submit(key)
    desk.work()
    with desk.office.store.write() as tx:
        twin = desk.office.store.cases.by_key(tx, "desk", "T-2", twin=second.digest)
        assert twin is not None
        odd = replace(twin, answer="<script>=HYPERLINK(1)", version=twin.version + 1)
        desk.office.store.cases.save(tx, odd, expected=twin.version)
    browser = desk.browser(OWNER)
    assert browser.get(f"{R2}.json").json()["pairs"] is None
    found = browser.get(f"{R2}.json?compare=25").json()["pairs"]
    assert (found["pairs"], found["differ"]) == (2, 1)
    assert [row["key"] for row in found["rows"]] == ["T-2", "T-1"]
    html = browser.get(f"{R2}?compare=25").text
    assert "&lt;script&gt;=HYPERLINK(1)" in html
    assert "<script>=" not in html
    assert browser.get(f"{R2}?compare=9999").status_code == 422
    assert Twin.of(twin.twin) is None
    assert first.number == 1


def test_a_release_nobody_built_is_a_clear_page(desk: Desk) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    assert browser.get("/use-cases/desk/releases/r9").status_code == 404
    assert browser.get("/use-cases/none/releases/r1").status_code == 404
    assert browser.get("/releases?limit=0").status_code == 422


def test_the_pages_hold_json_only(desk: Desk) -> None:
    canary(desk)
    for path in ("/releases.json", f"{R2}.json", "/stop.json"):
        text = desk.browser(OWNER).get(path).text
        json.loads(text, parse_constant=pytest.fail)
