"""The page of a use case: requirements with their evidence, what if, waivers, approvals, and the charter's news."""

from __future__ import annotations

import html as markup
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.operate.office import CHARTER, OLGA
from tests.server.desk import PEOPLE, Browser, Desk, reply, text_of

from roadworthy.evidence import Measurement
from roadworthy.operate import waivers
from roadworthy.operate.verdicts import approve
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import Interval, digest_of
from roadworthy.stage import Stage

OWNER, RISK, BUILDER = PEOPLE[Role.OWNER], PEOPLE[Role.RISK_OFFICER], PEOPLE[Role.BUILDER]
HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/x) =HYPERLINK(1)"
PAGE = "/use-cases/desk"


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with a draft, for tests that change nothing."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.office.release(reply, stage=Stage.DRAFT)
    yield desk
    desk.office.store.close()


def measured(desk: Desk, kind: str, value: float, subject: str = "", **more: Any) -> Measurement:
    """A measurement on record."""
    now = desk.office.clock.now()
    facts: dict[str, Any] = {
        "unit": "share", "n": 50, "method": "counted", "inputs": digest_of(kind), "at": now,
        "valid_for": timedelta(days=30),
    }  # fmt: skip
    made = Measurement(
        id=desk.deployment.new_id(),
        use_case="desk",
        kind=kind,
        subject=subject,
        value=value,
        **(facts | more),
    )
    with desk.office.store.write() as tx:
        desk.office.store.evidence.add(tx, made)
    return made


def finding(desk: Desk, requirement: str, query: str = "") -> dict[str, Any]:
    data = desk.browser(OWNER).get(f"{PAGE}.json{query}").json()
    return next(one for one in data["verdict"]["findings"] if one["requirement"] == requirement)


def ask_for(browser: Browser, requirement: str = "business.kpi_baseline", **fields: str) -> Any:
    page = browser.get(f"{PAGE}?stage=shadow")
    given = {
        "requirement": requirement,
        "subject": "",
        "reason": "the books close in June",
        "days": "14",
    } | fields
    return browser.submit(page, f"{PAGE}/waivers", **given)


def granting(html: str) -> str:
    [target] = re.findall(r'action="(/use-cases/desk/waivers/[^"/]+/grant)"', html)
    return str(target)


def test_a_use_case_without_evidence_says_what_will_be_asked_and_how_long_it_takes(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT, threshold=None)
    shown = text_of(desk.browser(OWNER).get(f"{PAGE}?stage=shadow").text)
    assert "No evidence yet" in shown
    assert "roadworthy gate desk --release r1 --measure" in shown
    assert "about 15 min, technical owner" in shown


def test_a_requirement_shows_threshold_value_interval_run_and_command(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    made = measured(desk, "quality.accuracy", 0.9, "intent", interval=Interval(0.84, 0.95), n=120)
    data = desk.browser(OWNER).get(f"{PAGE}.json?stage=shadow").json()["verdict"]["findings"]
    row = next(one for one in data if one["kind"] == "quality.accuracy")
    assert (row["value"], row["low"], row["high"], row["n"], row["run"]) == (0.9, 0.84, 0.95, 120, made.id)
    assert row["command"] == "roadworthy gate desk --release r1 --labelled FILE.csv"
    shown = text_of(desk.browser(OWNER).get(f"{PAGE}?stage=shadow").text)
    assert "90.0 % 84.0 % to 95.0 %" in shown
    assert "at least 50.0 %" in shown


def test_the_verdict_names_the_cheapest_next_step_with_its_time(still: Desk) -> None:
    data = still.browser(OWNER).get(f"{PAGE}.json?stage=shadow").json()
    assert re.search(r"\(about \d+ (min|h|d)\)$", data["next_step"])
    assert "Cheapest next step: " in text_of(still.browser(OWNER).get(f"{PAGE}?stage=shadow").text)


def test_raw_evidence_is_one_click_away_with_everything_that_is_kept(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    measured(desk, "data.duplicates", 0.02, "books", detail={"sample": HOSTILE}, method=HOSTILE)
    html = desk.browser(OWNER).get(f"{PAGE}/evidence?kind=data.duplicates&subject=books").text
    assert "<script>alert" not in html
    shown = text_of(markup.unescape(html))
    assert "2.0 %" in shown
    assert "=HYPERLINK(1)" in shown
    listed = desk.browser(OWNER).get(f"{PAGE}/evidence").text
    assert "data.duplicates" in listed
    assert "<script>alert" not in listed


def test_a_kind_that_was_never_measured_has_a_page_too(still: Desk) -> None:
    answer = still.browser(OWNER).get(f"{PAGE}/evidence?kind=no.such%3Cb%3E")
    assert answer.status_code == 200
    assert "It was never measured." in answer.text
    assert "<b>" not in answer.text.split("<main")[1].split("Believed")[0].replace("<b></b>", "")


def test_the_kpi_shows_its_trend_baseline_and_where_releases_stand(desk: Desk) -> None:
    desk.office.release(reply)
    measured(desk, "business.kpi_baseline", 0.61)
    for value in (0.62, 0.7):
        measured(desk, "business.kpi", value, valid_for=timedelta(days=2))
        desk.office.later(days=1)
    data = desk.browser(OWNER).get(f"{PAGE}.json").json()["kpi"]
    assert (data["baseline"], data["now"], data["target"], data["stale"]) == (0.61, 0.7, 1.0, False)
    assert [point["value"] for point in data["points"]] == [0.62, 0.7]
    assert [(one["release"], one["stage"]) for one in data["marks"]] == [("r1", "production")]
    desk.office.later(days=30)
    shown = text_of(desk.browser(OWNER).get(PAGE).text)
    assert "stale: measured" in shown


def test_a_kpi_that_is_no_number_is_no_fault(desk: Desk) -> None:
    desk.office.release(reply)
    measured(desk, "business.kpi", float("nan"))
    assert desk.browser(OWNER).get(PAGE).status_code == 200
    assert desk.browser(OWNER).get(f"{PAGE}.json").json()["kpi"]["now"] is None
    assert desk.browser(OWNER).get("/portfolio").status_code == 200


def test_what_if_recomputes_the_verdict_and_keeps_nothing(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    measured(desk, "quality.accuracy", 0.6, "intent", interval=Interval(0.55, 0.65), n=500)
    browser = desk.browser(PEOPLE[Role.AUDITOR])
    before = list(desk.office.events())
    form = browser.get(f"{PAGE}/what-if?stage=shadow").text
    assert 'name="set.tasks.intent.floor" value="0.5"' in form
    html = browser.get(f"{PAGE}/what-if?stage=shadow&set.tasks.intent.floor=0.9").text
    data = browser.get(f"{PAGE}/what-if.json?stage=shadow&set.tasks.intent.floor=0.9").json()
    [turned] = data["turned"]
    assert (turned["before"]["mark"], turned["after"]["mark"]) == ("pass", "hold")
    assert data["changed"] == {"tasks.intent.floor": "0.9"}
    assert "asked at least 90.0 %" in text_of(html)
    assert list(desk.office.events()) == before
    assert finding(desk, turned["requirement"], "?stage=shadow")["mark"] == "pass"


def test_what_if_of_another_tier_shows_what_is_not_asked_any_more(still: Desk) -> None:
    data = still.browser(OWNER).get(f"{PAGE}/what-if.json?stage=canary&set.risk.tier=minimal").json()
    gone = [one for one in data["turned"] if one["after"] is None]
    assert "compliance.risk" in {one["requirement"] for one in gone}
    html = still.browser(OWNER).get(f"{PAGE}/what-if?stage=canary&set.risk.tier=minimal").text
    assert "not asked" in text_of(html)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("tasks.intent.floor", "much"),
        ("tasks.intent.floor", "7"),
        ("tasks.intent.floor", "nan"),
        ("budget.per_case", "0.01 USD"),
        ("risk.tier", "<b>"),
        ("owners.business", "eve"),
        ("no.such", "1"),
    ],
)
def test_a_value_that_no_charter_holds_is_told_and_kept_in_the_form(
    still: Desk, path: str, value: str
) -> None:
    query = f"stage=canary&set.{path}={markup.escape(value).replace('&', '%26')}"
    answer = still.browser(OWNER).get(f"{PAGE}/what-if?{query}")
    assert answer.status_code == 422
    assert "RW-GATE-011" in answer.text
    assert path in answer.text
    assert still.browser(OWNER).get(f"{PAGE}/what-if.json?{query}").json()["error"]["code"] == "RW-GATE-011"


def test_a_waiver_is_asked_by_one_and_granted_by_another(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    assert ask_for(desk.browser(BUILDER)).status_code == 303
    assert finding(desk, "business.kpi_baseline", "?stage=shadow")["mark"] == "not evaluated"
    mine = desk.browser(BUILDER).get(PAGE).text
    assert "You cannot grant it: granting a waiver needs the role owner or risk officer" in text_of(mine)
    risk = desk.browser(RISK)
    page = risk.get(PAGE)
    target = granting(page.text)
    unsure = risk.submit(page, target)
    assert unsure.status_code == 422
    assert risk.submit(page, target, sure="yes").status_code == 303
    found = finding(desk, "business.kpi_baseline", "?stage=shadow")
    assert found["mark"] == "waived"
    shown = text_of(risk.get(f"{PAGE}?stage=shadow").text)
    assert "asked by the-builder, granted by the-risk-officer, for another 14 d" in shown
    again = risk.submit(page, target, sure="yes")
    assert again.status_code == 409
    assert "answered already" in text_of(again.text)
    assert [kind for kind in desk.office.events() if kind.startswith("waiver.")] == [
        "waiver.asked",
        "waiver.granted",
    ]


WAIVED = {"requirement": "business.kpi_baseline", "subject": "", "reason": f"known by now {HOSTILE}"}


def granted(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    ask_for(desk.browser(BUILDER))
    risk = desk.browser(RISK)
    page = risk.get(PAGE)
    assert risk.submit(page, granting(page.text), sure="yes").status_code == 303


def test_a_waiver_in_force_is_withdrawn_by_one_person_once(desk: Desk) -> None:
    granted(desk)
    owner, target = desk.browser(OWNER), f"{PAGE}/waivers/withdraw"
    page = owner.get(PAGE)
    wordless = owner.submit(page, target, **WAIVED | {"reason": " "})
    assert (wordless.status_code, "RW-GATE-017" in wordless.text) == (422, True)
    assert owner.submit(page, target, **WAIVED).status_code == 303
    again = owner.submit(page, target, **WAIVED)
    assert (again.status_code, "RW-GATE-016" in again.text) == (409, True)
    assert "<script>alert" not in again.text
    assert finding(desk, "business.kpi_baseline", "?stage=shadow")["mark"] == "not evaluated"
    assert target not in owner.get(PAGE).text
    assert [kind for kind in desk.office.events() if kind.startswith("waiver.")][2:] == ["waiver.withdrawn"]


@pytest.mark.parametrize(
    "role", [Role.BUILDER, Role.REVIEWER, Role.AUDITOR, Role.OPERATOR, Role.ADMIN, Role.CLIENT]
)
def test_a_waiver_is_withdrawn_by_who_asked_and_who_may_grant_alone(desk: Desk, role: Role) -> None:
    granted(desk)
    browser, target = desk.browser(PEOPLE[role]), f"{PAGE}/waivers/withdraw"
    page = browser.get("/portfolio" if role is not Role.CLIENT else PAGE)
    token = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert token is not None
    sent = browser.client.post(
        target, data={**WAIVED, "form_token": token[1]}, headers={"sec-fetch-site": "same-origin"}
    )
    # The builder asked for it.
    assert sent.status_code == (303 if role is Role.BUILDER else 403)


def test_a_program_withdraws_no_waiver(desk: Desk) -> None:
    granted(desk)
    robot = Principal("owning", "Owning", Kind.SERVICE, frozenset({Role.OWNER}))
    with desk.office.store.write() as tx:
        desk.office.store.people.add(tx, robot)
    target = "/api/v1/use-cases/desk/waivers/withdraw"
    refused = desk.machine(robot).post(target, WAIVED, idempotency_key="w1")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "RW-ACCESS-002")
    done = desk.machine(OWNER).post(target, WAIVED, idempotency_key="w2")
    assert (done.status_code, done.json()["requirement"]) == (200, "business.kpi_baseline")


def test_nobody_grants_what_they_asked_for(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    owner = desk.browser(OWNER)
    ask_for(owner)
    page = owner.get(PAGE)
    assert "a second person grants it" in text_of(page.text)
    assert "/grant" not in page.text
    with desk.office.store.read() as tx:
        [asked] = waivers.asked_waivers(desk.deployment, tx, "desk")
    refused = owner.submit(page, f"{PAGE}/waivers/{asked.id}/decline")
    assert refused.status_code == 303
    assert "waiver.taken_back" in list(desk.office.events())


def test_a_forged_grant_by_who_asked_is_refused(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    owner = desk.browser(OWNER)
    ask_for(owner)
    with desk.office.store.read() as tx:
        [asked] = waivers.asked_waivers(desk.deployment, tx, "desk")
    page = owner.get(PAGE).text.replace("/decline", "/grant")
    answer = owner.submit(page, f"{PAGE}/waivers/{asked.id}/grant", sure="yes")
    assert answer.status_code == 403
    assert "needs a second person" in text_of(answer.text)
    assert finding(desk, "business.kpi_baseline", "?stage=shadow")["mark"] == "not evaluated"


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": ""},
        {"days": "91"},
        {"days": "-1"},
        {"days": "x"},
        {"days": ""},
        {"requirement": "no.such"},
    ],
)
def test_a_request_that_lacks_something_is_told_with_what_was_typed(
    still: Desk, fields: dict[str, str]
) -> None:
    answer = ask_for(still.browser(BUILDER), **fields)
    assert answer.status_code == 422
    assert "RW-GATE-012" in answer.text


def test_what_nobody_may_waive_has_no_form(still: Desk) -> None:
    html = still.browser(BUILDER).get(f"{PAGE}?stage=canary").text
    assert 'name="requirement" value="compliance.owner"' not in html
    assert ask_for(still.browser(BUILDER), "compliance.owner").status_code == 422


def test_the_same_waiver_is_asked_for_once(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    browser = desk.browser(BUILDER)
    page = browser.get(f"{PAGE}?stage=shadow")
    given = {"requirement": "business.kpi_baseline", "subject": "", "reason": HOSTILE, "days": "3"}
    assert browser.submit(page, f"{PAGE}/waivers", **given).status_code == 303
    assert browser.submit(page, f"{PAGE}/waivers", **given).status_code == 409
    html = browser.get(PAGE).text
    assert "<script>alert" not in html
    assert "=HYPERLINK(1)" in html


@pytest.mark.parametrize("role", Role)
def test_who_may_ask_and_approve_follows_from_the_roles(still: Desk, role: Role) -> None:
    answer = still.browser(PEOPLE[role]).get(f"{PAGE}?stage=shadow")
    if role is Role.CLIENT:
        assert answer.status_code == 403
        return
    asks = {Role.BUILDER, Role.OPERATOR, Role.OWNER, Role.RISK_OFFICER}
    assert (f'action="{PAGE}/waivers"' in answer.text) == (role in asks)
    assert ("/releases/r1/approve" in answer.text) == (role in {Role.OWNER, Role.RISK_OFFICER})
    if role not in {Role.OWNER, Role.RISK_OFFICER}:
        assert "You cannot approve r1: an approval needs the role owner or risk officer" in text_of(
            answer.text
        )


def test_an_owner_approves_and_is_shown_with_the_end_of_it(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    browser = desk.browser(OWNER)
    page = browser.get(PAGE)
    target = f"{PAGE}/releases/r1/approve"
    assert browser.submit(page, target, reason="").status_code == 422
    assert browser.submit(page, target, reason="read the pilot").status_code == 303
    shown = text_of(browser.get(PAGE).text)
    assert re.search(r"owner the-owner just now ?, for another \d+ d read the pilot", shown)


def test_an_approval_of_other_files_than_the_page_showed_is_a_conflict(still: Desk) -> None:
    browser = still.browser(OWNER)
    answer = browser.submit(browser.get(PAGE), f"{PAGE}/releases/r1/approve", reason="x", digest="sha256:0")
    assert answer.status_code == 409


def test_the_charter_tells_what_is_new_since_the_last_approved_release(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    approve(desk.deployment, OLGA, "desk", "r1", reason="fine")
    changed = CHARTER.replace("floor: 0.5", "floor: 0.7")
    desk.office.release(reply, stage=Stage.DRAFT, number=2, charter=changed)
    found = desk.browser(OWNER).get(f"{PAGE}.json").json()["difference"]
    assert (found["since"], found["approved_by"]) == ("r1", ["olga"])
    [one] = found["changes"]
    assert "0.5" in one["sentence"]
    assert "0.7" in one["sentence"]
    assert "1 new since r1, approved by olga" in text_of(desk.browser(OWNER).get(PAGE).text)


def test_a_use_case_that_is_not_there_has_no_question_and_no_forms(still: Desk) -> None:
    browser = still.browser(OWNER)
    for path in ("what-if", "evidence", "what-if.json", "evidence.json"):
        assert browser.get(f"/use-cases/no/{path}").status_code == 404
    assert still.browser().get(f"{PAGE}/what-if").headers["location"].startswith("/sign-in")
    stranger = still.browser(PEOPLE[Role.CLIENT]).get(f"{PAGE}/what-if")
    assert stranger.status_code == 403
