"""Policies and the stop switch as pages: who sees and may what, and that nothing is shown as allowed that is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.operate.office import CHARTER, POLICIES, RITA
from tests.server.desk import PEOPLE, Desk, reply, text_of

from roadworthy.operate import stopping
from roadworthy.principal import Role
from roadworthy.quantities import Share
from roadworthy.release import Archive, Release, sign_release
from roadworthy.stage import Stage

OWNER, RISK, REVIEWER = PEOPLE[Role.OWNER], PEOPLE[Role.RISK_OFFICER], PEOPLE[Role.REVIEWER]
PATH = "/use-cases/desk/policies"
TESTS = """
given: {origin: trusted, data_class: 0, confidence: 1.0}
tests:
  - says: small payments are allowed
    tool: bank.pay
    arguments: {amount: 5}
    expect: allow
  - says: huge payments are allowed
    tool: bank.pay
    arguments: {amount: 900000}
    expect: allow
"""
HOSTILE = """
@id("desk.hostile")
@reason("<script>alert(1)</script> =HYPERLINK(1) ![x](http://evil.example/x)")
forbid (principal, action, resource == Tool::"bank.pay")
when { context.amount_minor > 2000 };
"""


def with_policies(
    desk: Desk, *, texts: str = POLICIES, tests: str = TESTS, charter: str = CHARTER, number: int = 1
) -> Release:
    """A release whose archive holds its policies, as those have that a builder made."""
    office = desk.office
    first = office.release(reply, number=number, charter=charter)
    files = {"charter.yaml": charter.encode(), "workflow.py": b"#"}
    if texts:
        files["policies/desk.cedar"] = texts.encode()
    if tests:
        files["policies/tests/desk.yaml"] = tests.encode()
    archive = Archive(files)
    made = sign_release(
        replace(first, digest=archive.digest, number=number + 10), archive, desk.deployment.ledger_key
    )
    office.workflows[archive.digest] = reply
    office.charters[archive.digest] = office.charters[first.digest]
    with office.store.write() as tx:
        office.store.releases.save(tx, replace(first, stage=Stage.RETIRED, share=Share(0.0)))
        office.store.releases.add(tx, made, archive)
        for one in office.store.evidence.certificates(tx, "desk", release=first.digest):
            again = replace(one, id=desk.deployment.new_id(), release=archive.digest)
            office.store.evidence.add_certificate(tx, again)
    desk.deployment.clearance.forget()
    return made


def cells(page: dict[str, Any]) -> dict[str, str]:
    return {cell["tool"]: cell["freedom"] for cell in page["matrix"]}


def test_the_matrix_says_what_may_happen_without_a_person(desk: Desk) -> None:
    with_policies(desk)
    browser = desk.browser(OWNER)
    page = browser.get("/policies.json").json()
    assert cells(page) == {
        "mail.reply": "automatic", "mail.withdraw": "review", "bank.pay": "automatic", "fax.send": "automatic",
        "post.send": "automatic",
    }  # fmt: skip
    [pay] = [cell for cell in page["matrix"] if cell["tool"] == "bank.pay"]
    assert [(one["rule"], one["asks"]) for one in pay["limits"]] == [
        ("desk.pay-large", "1 × risk_officer"),
        ("desk.pay-daily", ""),
    ]
    assert pay["proofs"][0]["threshold"] == 0.8
    said = text_of(browser.get("/policies").text)
    assert "From confidence 0.800 on: at most 5.0 % wrong, proven 4.0 %" in said
    assert "1 of 2 tests fail" in said


@pytest.mark.parametrize(("autonomy", "word"), [("suggest", "suggest"), ("approve", "review")])
def test_a_charter_that_asks_for_people_is_shown_so(desk: Desk, autonomy: str, word: str) -> None:
    with_policies(desk, charter=CHARTER.replace("autonomy: automatic", f"autonomy: {autonomy}"))
    assert set(cells(desk.browser(OWNER).get("/policies.json").json()).values()) == {word}


def test_what_no_policy_permits_is_never_allowed(desk: Desk) -> None:
    with_policies(desk, texts="", tests="")
    browser = desk.browser(OWNER)
    assert set(cells(browser.get("/policies.json").json()).values()) == {"never"}
    said = text_of(browser.get(PATH).text)
    assert "No policy means that nothing is allowed." in said
    assert "no policy permits it" in said


def test_a_proof_that_ran_out_leaves_the_decision_to_people(desk: Desk) -> None:
    with_policies(desk)
    desk.office.later(days=31)
    page = desk.browser(OWNER).get("/policies.json").json()
    assert set(cells(page).values()) == {"review"}


def test_a_stop_is_shown_beside_every_word_it_overrules(desk: Desk) -> None:
    with_policies(desk)
    stopping.stop(desk.deployment, OWNER, "tool:bank.pay", reason="fraud")
    page = desk.browser(OWNER).get("/policies.json").json()
    assert {cell["tool"]: bool(cell["stopped"]) for cell in page["matrix"]} == {
        "mail.reply": False, "mail.withdraw": False, "bank.pay": True, "fax.send": False, "post.send": False,
    }  # fmt: skip


def test_a_release_whose_signature_does_not_hold_is_shown_as_unreadable(desk: Desk) -> None:
    made = with_policies(desk)
    with desk.office.store.write() as tx:
        desk.office.store.releases.save(tx, replace(made, signature="", key=""))
    page = desk.browser(OWNER).get("/policies.json").json()
    assert page["use_cases"][0]["problem"].startswith("RW-RELEASE-010")
    assert page["matrix"] == []
    assert desk.browser(OWNER).get("/policies").status_code == 200


def test_an_installation_without_use_cases_says_that_nothing_is_allowed(desk: Desk) -> None:
    assert "No policy means that nothing is allowed." in text_of(desk.browser(OWNER).get("/policies").text)


def test_a_rule_says_when_it_last_held_something_back(desk: Desk) -> None:
    with_policies(desk)
    desk.office.workflows = dict.fromkeys(desk.office.workflows, paying)
    desk.office.submit("P-4000")
    desk.work()
    rules = {rule["id"]: rule for rule in desk.browser(OWNER).get(f"{PATH}.json").json()["rules"]}
    assert rules["desk.pay-large"]["times"] == 1
    assert rules["desk.pay-daily"]["times"] == 0
    assert not rules["desk.all"]["noted"]
    assert "last held something back" in text_of(desk.browser(OWNER).get(PATH).text)


async def paying(case: Any, run: Any) -> Any:
    import roadworthy as rw

    intent = await run.predict("intent", case.data.text)
    effect = rw.effect("bank.pay", account="A-1", amount=case.data.amount)
    return rw.Decision("paid", confidence=1.0, because=[intent], effects=[effect])


def dry_run(desk: Desk, who: Any = OWNER, **fields: str) -> Any:
    browser = desk.browser(who)
    given = {"do": "dry-run", "file": "desk.cedar", "text": POLICIES, "days": "30", **fields}
    return browser.submit(browser.get(PATH), f"{PATH}#result", **given)


def test_a_dry_run_tells_what_other_rules_would_have_done(desk: Desk) -> None:
    with_policies(desk)
    desk.office.submit("T-1")
    desk.work()
    forbidding = 'forbid (principal, action, resource == Tool::"mail.reply");'
    said = dry_run(desk, text=f'{POLICIES}\n@id("desk.quiet")\n@reason("no mail")\n{forbidding}')
    assert said.status_code == 200
    assert "would block 1, allow 0 new" in text_of(said.text)
    assert "Would be denied" in text_of(said.text)
    assert "1 of 2 hold" in text_of(said.text)
    assert "not all of them" not in said.text


def test_a_dry_run_stops_at_its_limit_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadworthy.server.policy_forms.MOST_CASES", 1)
    with_policies(desk)
    desk.office.workflows = dict.fromkeys(desk.office.workflows, paying)
    for key in ("P-400", "P-401"):
        desk.office.submit(key)
    desk.work()
    said = text_of(dry_run(desk).text)
    assert "1 of 1 effects as before" in said
    assert "only the newest 1 cases were asked about" in said
    assert "not all of them" in said


def test_a_dry_run_of_something_else_shows_what_is_wrong_and_what_was_typed(desk: Desk) -> None:
    with_policies(desk)
    wrong = (
        ({"text": "permit ("}, "RW-POLICY-001"),
        ({"file": "../etc.cedar"}, "RW-SERVER-005"),
        ({"file": "desk.txt"}, "RW-SERVER-005"),
        ({"days": "0"}, "RW-SERVER-005"),
        ({"days": "٣"}, "RW-SERVER-005"),
        ({"text": "x" * 70_000}, "RW-WORDS-001"),
    )
    for fields, expected in wrong:
        said = dry_run(desk, **fields)
        assert (said.status_code, expected in said.text) == (422, True), fields
        assert f">{fields.get('text', '')}" in said.text


def test_whoever_may_not_measure_sees_why_there_is_no_dry_run(desk: Desk) -> None:
    with_policies(desk)
    page = desk.browser(REVIEWER).get(PATH)
    assert "A dry run takes one of the roles" in text_of(page.text)
    browser = desk.browser(REVIEWER)
    another = browser.get(PATH).text.replace('value="explain"', 'value="dry-run"')
    forced = browser.submit(
        another, f"{PATH}#result", do="dry-run", file="desk.cedar", text=POLICIES, days="30"
    )
    assert (forced.status_code, "RW-ACCESS-001" in forced.text) == (403, True)


def test_a_request_is_explained(desk: Desk) -> None:
    with_policies(desk)
    browser = desk.browser(REVIEWER)
    page = browser.get(PATH)
    fields = {"do": "explain", "tool": "bank.pay", "stage": "production", "given": '{"origin": "trusted"}'}
    said = browser.submit(page, f"{PATH}#result", **fields, arguments='{"amount": 2000, "account": "A"}')
    assert "a large payment is approved by risk" in text_of(said.text)
    wrong = browser.submit(page, f"{PATH}#result", **fields, arguments="[" * 5_000)
    assert (wrong.status_code, "RW-SERVER-005" in wrong.text) == (422, True)
    wrong = browser.submit(page, f"{PATH}#result", **{**fields, "tool": "none"}, arguments="{}")
    assert (wrong.status_code, "RW-POLICY-002" in wrong.text) == (422, True)


def test_hostile_text_of_rules_stays_text(desk: Desk) -> None:
    with_policies(desk, texts=POLICIES + HOSTILE)
    for path in ("/policies", PATH):
        html = desk.browser(OWNER).get(path).text
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html
        assert 'src="http://evil' not in html
        assert 'href="http://evil' not in html


def test_a_file_or_release_that_is_not_there_is_a_clear_page(desk: Desk) -> None:
    with_policies(desk)
    browser = desk.browser(OWNER)
    assert browser.get(f"{PATH}?file=none.cedar").status_code == 404
    assert browser.get(f"{PATH}?release=r99").status_code == 404
    assert browser.get("/use-cases/none/policies").status_code == 404


def test_everything_is_stopped_with_two_clicks_and_a_reason(desk: Desk) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    page = browser.get("/stop?scope=all")
    assert '<option value="all" selected>' in page.text
    assert "Nothing is stopped" in page.text
    thrown = browser.submit(page, "/stop", scope="all", reason="fraud <b>")
    assert thrown.status_code == 303
    after = browser.get(thrown.headers["location"])
    assert "Stopped: everything" in text_of(after.text)
    assert "No worker is running" in text_of(after.text)
    assert "fraud &lt;b&gt;" in after.text
    again = browser.submit(page, "/stop", scope="all", reason="fraud <b>")
    assert again.headers["location"] == thrown.headers["location"]
    assert "You cannot lift it: lifting a stop needs a second person." in text_of(after.text)


def test_a_second_person_resumes_and_the_history_tells_why(desk: Desk) -> None:
    desk.office.release(reply)
    now = desk.office.clock.now()
    stop = stopping.stop(desk.deployment, OWNER, "use_case:desk", reason="looking")
    with desk.office.store.write() as tx:
        desk.office.store.switches.acknowledge(tx, "worker-1", seen=stop.id, at=now)
        desk.office.store.switches.obey(tx, "worker-1", [stop.id], at=now + timedelta(milliseconds=120))
    browser = desk.browser(RISK)
    page = browser.get("/stop")
    assert "obeyed by 1 of 1 workers and gateways, the last after 120 ms" in text_of(page.text)
    back = browser.submit(page, f"/stops/{stop.id}/resume", reason="all is well")
    assert back.headers["location"] == "/stop"
    desk.work()
    said = text_of(browser.get("/stop").text)
    assert "all is well" in said
    assert "by 1, the last after 120 ms" in said


def test_a_stop_that_would_stop_nothing_is_told_with_what_was_typed(desk: Desk) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    page = browser.get("/stop")
    wrong = (
        ({"scope": "", "reason": "x"}, "RW-STOP-001"),
        ({"scope": "all", "reason": "  "}, "RW-STOP-002"),
        ({"scope": "tool:none", "reason": "x"}, "RW-STOP-005"),
        ({"scope": "all", "other": "release:desk/r9", "reason": "x"}, "RW-STOP-005"),
        ({"scope": "all", "reason": "x" * 3_000}, "RW-WORDS-001"),
    )
    for fields, code in wrong:
        said = browser.submit(page, "/stop", **fields)
        assert (said.status_code, code in said.text) == (422, True), fields
        assert f'required data-key="s" value="{fields["reason"]}"' in said.text


def test_whoever_may_not_stop_sees_who_may(desk: Desk) -> None:
    desk.office.release(reply)
    browser = desk.browser(REVIEWER)
    page = browser.get("/stop")
    assert "You cannot stop anything here" in text_of(page.text)
    assert 'action="/stop"' not in page.text
    assert desk.browser().get("/stop").status_code == 303
    assert desk.browser(PEOPLE[Role.CLIENT]).get("/stop").status_code == 403


def test_what_can_be_stopped_is_offered_by_name(desk: Desk) -> None:
    desk.office.release(reply)
    groups = desk.browser(OWNER).get("/stop.json").json()["scopes"]
    found = {group["label"]: [one["scope"] for one in group["scopes"]] for group in groups}
    assert found["Use cases"] == ["use_case:desk"]
    assert "tool:bank.pay" in found["Tools"]
    assert found["Models"] == ["model:intent"]
    assert found["Releases"] == ["release:desk/r1"]


def test_earlier_stops_are_paged(desk: Desk) -> None:
    desk.office.release(reply)
    for number in range(5):
        stop = stopping.stop(desk.deployment, OWNER, "all", reason=f"number {number}")
        stopping.resume(desk.deployment, RITA, stop.id, reason="over")
        desk.office.later(seconds=1)
    browser = desk.browser(OWNER)
    first = browser.get("/stop.json?limit=3").json()
    rest = browser.get(f"/stop.json?limit=3&after={first['after']}").json()
    reasons = [one["reason"] for one in (*first["history"], *rest["history"])]
    assert reasons == [f"number {number}" for number in (4, 3, 2, 1, 0)]
    assert browser.get("/stop?after=nonsense").status_code == 422
