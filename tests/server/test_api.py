"""The API: what machines get for what they ask."""

from __future__ import annotations

from tests.operate.office import BEN, OLGA, RITA, SHOP, VERA
from tests.server.desk import PEOPLE, Desk, ask, reply

from roadworthy.casework.review import ReviewState
from roadworthy.principal import Role
from roadworthy.stage import Stage

ANA = PEOPLE[Role.OWNER]


def test_a_case_is_taken_in_once(desk: Desk) -> None:
    desk.office.release(reply)
    shop = desk.machine(SHOP)
    body = {"use_case": "desk", "key": "T-1", "data": {"text": "refund 0.9", "sender": "ada@example.com"}}
    first, second = shop.post("/api/v1/cases", body), shop.post("/api/v1/cases", body)
    assert (first.status_code, first.json()["again"]) == (202, False)
    assert (second.status_code, second.json()["again"]) == (200, True)
    assert first.json()["case"]["id"] == second.json()["case"]["id"]
    assert first.json()["case"]["state"] == "open"


def test_the_same_key_with_other_content_is_a_conflict(desk: Desk) -> None:
    desk.office.release(reply)
    shop = desk.machine(SHOP)
    body = {"use_case": "desk", "key": "T-1", "data": {"text": "refund 0.9"}}
    shop.post("/api/v1/cases", body)
    answer = shop.post("/api/v1/cases", {**body, "data": {"text": "refund 0.8"}})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "RW-CASE-021"


def test_a_use_case_that_is_not_there_is_not_found(desk: Desk) -> None:
    shop = desk.machine(PEOPLE[Role.BUILDER])
    assert shop.post("/api/v1/cases", {"use_case": "no", "key": "1", "data": {}}).status_code == 404
    assert shop.get("/api/v1/use-cases/no/verdict").status_code == 404
    assert shop.get("/api/v1/use-cases/no/releases").status_code == 404
    assert shop.get("/api/v1/cases/T-1").status_code == 404


def test_a_case_is_explained_by_id_and_by_any_key(desk: Desk) -> None:
    desk.office.release(reply)
    key = "a/b ü?#%.json"
    desk.office.submit(key)
    desk.work()
    machine = desk.machine(VERA)
    by_key = machine.get("/api/v1/cases/a%2Fb%20%C3%BC%3F%23%25.json?use_case=desk")
    assert by_key.status_code == 200, by_key.text
    told = by_key.json()
    assert told["case"]["key"] == key
    assert told["steps"][0]["result"]["value"]["label"] == "refund"
    assert told["effects"][0]["arguments"]["to"] == "ada@example.com"
    assert told["ledger"][0]["kind"] == "case.accepted"
    assert machine.get(f"/api/v1/cases/{told['case']['id']}").json() == told


def test_cases_are_filtered_and_paged_completely(desk: Desk) -> None:
    desk.office.release(reply)
    for number in range(7):
        desk.office.submit(f"T-{number}", "refund 0.9" if number % 2 else "refund 0.3")
    desk.work()
    machine = desk.machine(BEN)
    seen, after = [], ""
    while True:
        page = machine.get(f"/api/v1/cases?limit=3&after={after}").json()
        assert len(page["cases"]) <= 3
        seen += [case["key"] for case in page["cases"]]
        after = page["after"]
        if not after:
            break
    assert sorted(seen) == [f"T-{number}" for number in range(7)]
    waiting = machine.get("/api/v1/cases?state=waiting").json()["cases"]
    assert {case["key"] for case in waiting} == {"T-0", "T-2", "T-4", "T-6"}
    assert machine.get("/api/v1/cases?stage=canary").json()["cases"] == []
    by_name = machine.get("/api/v1/cases?use_case=desk&release=r1").json()["cases"]
    assert len(by_name) == 7
    assert machine.get("/api/v1/cases?use_case=desk&release=r7").status_code == 404


def test_an_outcome_is_recorded_once_per_source(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("T-1")
    desk.work()
    shop = desk.machine(SHOP)
    body = {"truth": "refund", "source": "crm"}
    first = shop.post("/api/v1/cases/T-1/outcome?use_case=desk", body)
    assert first.status_code == 200
    assert [outcome["judgement"] for outcome in first.json()["outcomes"]] == ["right"]
    assert shop.post("/api/v1/cases/T-1/outcome?use_case=desk", body).json() == {"outcomes": []}
    assert shop.post("/api/v1/cases/T-9/outcome?use_case=desk", body).status_code == 404
    missing = shop.post("/api/v1/cases/T-1/outcome", body)
    assert missing.status_code == 422
    assert missing.json()["error"]["problems"][0]["place"] == "use_case"


def test_a_review_is_read_and_decided(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("T-1", "refund 0.3")
    desk.work()
    machine = desk.machine(VERA)
    [listed] = machine.get("/api/v1/reviews").json()["reviews"]
    shown = machine.get(f"/api/v1/reviews/{listed['id']}").json()
    assert shown["effect"]["arguments"] == {"to": "ada@example.com", "body": "about refund 0.3"}
    assert shown["verdicts"] == ["approve", "edit", "escalate", "reject"]
    assert shown["review"]["proposal"] == listed["proposal"]
    path = f"/api/v1/reviews/{listed['id']}/decide"
    stale = machine.post(path, {"verdict": "approve", "seen": "sha256:other"})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "RW-REVIEW-002")
    unknown = machine.post(path, {"verdict": "perhaps", "seen": listed["proposal"]})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (422, "RW-REVIEW-003")
    decided = machine.post(
        path, {"verdict": "edit", "seen": listed["proposal"], "edits": {"body": "better"}, "reason": "tone"}
    )
    assert decided.status_code == 200, decided.text
    assert decided.json()["review"]["verdict"] == "edit"
    desk.work()
    assert desk.office.tools["mail.reply"].felt["desk:T-1:mail.reply-0"]["body"] == "better"
    late = machine.post(path, {"verdict": "approve", "seen": listed["proposal"]})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "RW-REVIEW-001")
    assert machine.get("/api/v1/reviews").json()["reviews"] == []


def test_a_question_is_answered(desk: Desk) -> None:
    desk.office.release(ask)
    desk.office.submit("T-1")
    desk.work()
    machine = desk.machine(VERA)
    [listed] = machine.get("/api/v1/reviews?use_case=desk").json()["reviews"]
    shown = machine.get(f"/api/v1/reviews/{listed['id']}").json()
    assert shown["question"] == {"question": "which colour?", "choices": ["red", "blue"]}
    path = f"/api/v1/reviews/{listed['id']}/decide"
    wrong = machine.post(path, {"verdict": "answer", "seen": listed["proposal"], "answer": "green"})
    assert wrong.status_code == 422
    assert (
        machine.post(path, {"verdict": "answer", "seen": listed["proposal"], "answer": "red"}).status_code
        == 200
    )
    desk.work()
    assert desk.office.tools["mail.reply"].felt["desk:T-1:mail.reply-0"]["body"] == "red"


def test_the_verdict_puts_what_is_missing_first(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.PILOT)
    machine = desk.machine(BEN)
    answer = machine.get("/api/v1/use-cases/desk/verdict").json()
    assert answer["stage"] == "shadow"
    assert answer["verdict"] in {"hold", "fail"}
    marks = [finding["mark"] for finding in answer["findings"]]
    assert not {"pass", "waived"} & set(marks[: answer["open"]])
    assert set(marks[answer["open"] :]) <= {"pass", "waived"}
    chosen = machine.get("/api/v1/use-cases/desk/verdict?stage=production&release=r1").json()
    assert chosen["stage"] == "production"
    assert machine.get("/api/v1/use-cases/desk/verdict?stage=halted").status_code == 422
    assert machine.get("/api/v1/use-cases/desk/verdict?release=r9").status_code == 404


def test_releases_are_listed_newest_first(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.release(reply, stage=Stage.CANARY, share=0.25, number=2)
    listed = desk.machine(BEN).get("/api/v1/use-cases/desk/releases").json()["releases"]
    assert [(one["name"], one["stage"], one["share"]) for one in listed] == [
        ("r2", "canary", 0.25),
        ("r1", "production", 1.0),
    ]


def test_a_stop_is_thrown_and_lifted_by_a_second_person(desk: Desk) -> None:
    desk.office.release(reply)
    olga, rita = desk.machine(OLGA), desk.machine(RITA)
    assert olga.post("/api/v1/stop", {"scope": "planet:earth", "reason": "x"}).status_code == 422
    assert olga.post("/api/v1/stop", {"scope": "all", "reason": " "}).status_code == 422
    thrown = olga.post("/api/v1/stop", {"scope": "use_case:desk", "reason": "wrong articles"}).json()[
        "stop"
    ]
    [active] = rita.get("/api/v1/stop").json()["stops"]
    assert (active["id"], active["reason"], active["you_may_resume"]) == (
        thrown["id"],
        "wrong articles",
        True,
    )
    assert olga.get("/api/v1/stop").json()["stops"][0]["why_not"] == "lifting a stop needs a second person"
    path = f"/api/v1/stop/{thrown['id']}/resume"
    assert olga.post(path, {}).status_code == 403
    assert rita.post(path, {"reason": "mended"}).json()["stop"]["resumed_by"] == "rita"
    assert rita.post(path, {}).status_code == 409
    assert rita.post("/api/v1/stop/none/resume", {}).status_code == 404
    assert olga.get("/api/v1/stop").json() == {"stops": [], "after": ""}


def test_a_refusal_carries_its_reasons(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("T-1", "refund 0.3")
    desk.work()
    review = desk.open_review("T-1")
    answer = desk.machine(ANA).post(
        f"/api/v1/reviews/{review.id}/decide", {"verdict": "approve", "seen": review.proposal}
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["kind"], error["code"]) == (403, "refused", "RW-REVIEW-006")
    assert error["may_overrule"] == "reviewer"
    assert desk.open_review("T-1").state is ReviewState.OPEN


def test_an_unknown_path_and_a_wrong_method_answer_in_the_error_shape(desk: Desk) -> None:
    machine = desk.machine(BEN)
    missing, wrong = machine.get("/api/v1/nothing"), machine.client.delete("/api/v1/cases")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "RW-SERVER-010")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "RW-SERVER-011")
    assert "GET" in wrong.headers["allow"] or "POST" in wrong.headers["allow"]


def test_a_key_of_another_kind_or_a_forged_one_is_not_recognised(desk: Desk) -> None:
    desk.office.release(reply)
    good = desk.key(BEN)
    wrong = [
        "",
        "Bearer",
        "Bearer nonsense",
        f"Basic {good}",
        f"Bearer {good[:-1]}0",
        f"Bearer {desk.link(BEN)}",
        f"Bearer {good} x",
    ]
    stranger = desk.browser()
    for header in wrong:
        answer = stranger.client.get("/api/v1/cases", headers={"authorization": header})
        assert answer.status_code == 401, header
        assert "rw_" not in answer.json()["error"]["message"]
    assert (
        stranger.client.get("/api/v1/cases", headers={"authorization": f"bearer {good}"}).status_code == 200
    )


def test_a_key_ends_with_its_lifetime(desk: Desk) -> None:
    desk.office.release(reply)
    machine = desk.machine(BEN)
    assert machine.get("/api/v1/cases").status_code == 200
    desk.office.later(days=366)
    assert machine.get("/api/v1/cases").status_code == 401


def test_a_session_is_no_key(desk: Desk) -> None:
    """Cookies travel by themselves; the API listens to keys only, so no other site can use it."""
    assert desk.browser(ANA).get("/api/v1/cases").status_code == 401
