"""Every route, asked by every role: who is answered, who is refused, who is not recognised."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.routing import Match, Route
from tests.server.desk import PEOPLE, Browser, Desk, reply

from roadworthy.operate import stopping
from roadworthy.operate.ideas import begin_idea
from roadworthy.principal import Role
from roadworthy.server.screens import PAGES
from roadworthy.stage import Stage

R = Role
STAFF = frozenset(Role) - {R.CLIENT}
REVIEWS = {R.REVIEWER, R.RISK_OFFICER, R.OWNER, R.OPERATOR}
VERIFIES = {R.OWNER, R.RISK_OFFICER, R.AUDITOR, R.OPERATOR, R.ADMIN}
STOPS = {R.OWNER, R.BUILDER, R.RISK_OFFICER, R.OPERATOR, R.ADMIN}

READING = {
    "/portfolio": STAFF,
    "/use-cases/desk": STAFF,
    "/use-cases/desk/evidence": STAFF,
    "/use-cases/desk/what-if": STAFF,
    "/use-cases/desk/data": STAFF,
    "/use-cases/desk/policies": STAFF,
    "/use-cases/desk/releases/r1": STAFF,
    "/ideas": STAFF,
    "/ideas/returns-desk": STAFF,
    "/releases": STAFF,
    "/operations": STAFF,
    "/cost": STAFF,
    "/quality": STAFF,
    "/quality/desk": STAFF,
    "/data": STAFF,
    "/policies": STAFF,
    "/stop": STAFF,
    "/alerts": STAFF,
    "/incidents": STAFF,
    "/settings": STAFF,
    "/audit": VERIFIES,
    "/audit/1": VERIFIES,
    "/profile": set(R),
    "/inbox": REVIEWS,
    "/reviews/{review}": REVIEWS,
    "/cases": STAFF,
    "/cases/{case}": STAFF,
    "/api/v1/cases": STAFF,
    "/api/v1/cases/T-1": STAFF,
    "/api/v1/reviews": REVIEWS,
    "/api/v1/reviews/{review}": REVIEWS,
    "/api/v1/use-cases/desk/verdict": STAFF,
    "/api/v1/use-cases/desk/releases": STAFF,
    "/api/v1/use-cases/desk/releases/r1": STAFF,
    "/api/v1/use-cases/desk/difference?before=r1&after=r2": STAFF,
    "/api/v1/use-cases/desk/assignment?case=T-9": set(R),
    "/api/v1/stop": STAFF,
    "/api/v1/lineage/cases/T-1?use_case=desk": STAFF,
    "/api/v1/lineage/model/intent": STAFF,
    "/api/v1/alerts": STAFF,
    "/api/v1/incident?use_case=desk&from=2026-01-01T00:00:00Z": STAFF,
}
WRITING = {
    ("/api/v1/cases", "submit"): {R.CLIENT, R.BUILDER, R.OPERATOR, R.OWNER},
    ("/api/v1/cases/T-1/outcome?use_case=desk", "outcome"): {R.CLIENT, R.REVIEWER, R.OPERATOR, R.OWNER},
    ("/api/v1/cases/T-1/rating?use_case=desk", "rating"): {R.CLIENT, R.OPERATOR, R.OWNER},
    ("/api/v1/reviews/{review}/decide", "approve"): {R.REVIEWER},
    ("/api/v1/reviews/{review}/decide", "escalate"): {R.REVIEWER, R.RISK_OFFICER, R.OWNER},
    ("/api/v1/use-cases/desk/releases/r1/promote", "promote"): {R.OWNER, R.BUILDER, R.OPERATOR},
    ("/api/v1/use-cases/desk/releases/r2/abort", "abort"): STOPS,
    ("/api/v1/stop", "stop"): STOPS,
    ("/api/v1/stop/{stop}/resume", "resume"): {R.OWNER, R.RISK_OFFICER},
}
OPEN_TO_ALL = {"/r/{token}", "/livez", "/readyz", "/static/{name}", "/sign-in", "/api/v1/openapi.json"}
NOTHING_TO_GO_BACK_TO = "/api/v1/use-cases/desk/rollback"
WITH_ROWS = {f"{page.path}.csv" for page in PAGES if page.rows}
# Asked for in `test_metrics` (figures by a key alone, an alert that has to be there) and `tests/browser` (the stream).
ELSEWHERE = {"/metrics", "/events", "/api/v1/alerts/{id}/acknowledge"}
BY_SESSION_ONLY = {
    "/",
    "/find",
    "/sign-out",
    "/stops",
    "/stops/{id}/resume",
    "/reviews/{id}",
    "/inbox/next",
}
BY_SESSION_ONLY |= {
    "/use-cases/{name}/releases/{release}/approve",
    "/use-cases/{name}/waivers",
    "/use-cases/{name}/waivers/withdraw",
    "/use-cases/{name}/waivers/{id}/grant",
    "/use-cases/{name}/waivers/{id}/decline",
}  # by role: `test_use_case_page`
BY_SESSION_ONLY |= {
    f"/alerts/{{id}}/{what}" for what in ("acknowledge", "mute", "unmute")
}  # by role: `test_alerts_page`
BY_SESSION_ONLY |= {
    "/audit/pack",
    "/audit/verify",
    "/audit/call-off",
}  # by role: `test_audit_page`
BY_SESSION_ONLY |= {
    f"/cases/{{id}}/{what}"
    for what in ("call-off", "erase", "flag", "prov", "replay", "test", "undo", "unflag")
}  # by role: `test_case_page`
BY_SESSION_ONLY |= {
    "/settings/accounts",
    "/settings/accounts/{id}/disable",
    "/settings/accounts/{id}/enable",
    "/settings/accounts/{id}/roles",
    "/settings/gateway-keys",
    "/settings/gateway-keys/{id}/revoke",
    "/settings/keys",
    "/settings/keys/{id}/revoke",
    "/settings/mail",
    "/settings/models/try",
    "/settings/receivers/try",
}  # by role: `test_settings_page`
BY_SESSION_ONLY |= {
    "/preferences",  # about oneself alone: `test_profile_page`
    "/cost/focus.csv",  # `test_cost_page`
    "/evaluations/{id}",  # `test_quality_page`
    "/use-cases/{name}/data/dismiss",  # `test_data_page`
}
BY_SESSION_ONLY |= {
    f"/reviews/{{id}}/{what}" for what in ("undo", "claim", "release", "assign", "own", "together")
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A desk with an answered case, an open review, and the ids that paths need."""
    desk = prepared(tmp_path_factory.mktemp("desk"))
    yield desk
    desk.desk.office.store.close()


def prepared(folder: Path) -> SimpleNamespace:
    desk = Desk(folder)
    begin_idea(desk.deployment, PEOPLE[R.OWNER], "returns-desk", "Returns desk")
    desk.office.release(reply)
    desk.office.release(reply, number=2, stage=Stage.HALTED, share=0.0)
    desk.office.submit("T-1", "refund 0.9")
    desk.office.submit("T-2", "refund 0.3")
    desk.work()
    return SimpleNamespace(desk=desk, ids={"case": desk.office.case("T-1").id, **asked(desk, "T-2")})


def asked(desk: Desk, key: str) -> dict[str, str]:
    """An open review of the case, and a stop of its own."""
    thrown = stopping.stop(desk.deployment, PEOPLE[R.BUILDER], "tool:fax.send", reason="a test")
    review = desk.open_review(key)
    return {"review": review.id, "proposal": review.proposal, "stop": thrown.id}


def body(what: str, ids: dict[str, str], key: str) -> dict[str, object]:
    bodies: dict[str, dict[str, object]] = {
        "submit": {"use_case": "desk", "key": key, "data": {"text": "refund 0.9"}},
        "outcome": {"truth": "refund", "source": key},
        "rating": {"stars": 4},
        "approve": {"verdict": "approve", "seen": ids["proposal"]},
        "escalate": {"verdict": "escalate", "seen": ids["proposal"], "reason": "not mine"},
        "promote": {"to": "production"},
        "abort": {"reason": "a test"},
        "stop": {"scope": "tool:post.send", "reason": "a test"},
        "resume": {"reason": "tested"},
    }
    return bodies[what]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("path", READING)
def test_reading_is_for_the_roles_that_may(shown: SimpleNamespace, path: str, role: Role) -> None:
    expected = 200 if role in READING[path] else 403
    address = path.format(**shown.ids)
    if path.startswith("/api/"):
        answer = shown.desk.machine(PEOPLE[role]).get(address)
        assert answer.status_code == expected, answer.text
        return
    browser = shown.desk.browser(PEOPLE[role])
    assert browser.get(address).status_code == expected
    assert browser.get(f"{address}.json").status_code == expected
    assert shown.desk.machine(PEOPLE[role]).get(f"{address}.json").status_code == expected
    if f"{_pattern(shown, address)}.csv" in WITH_ROWS:
        assert browser.get(f"{address}.csv").status_code == expected


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", WRITING)
def test_writing_is_for_the_roles_that_may(
    shown: SimpleNamespace, route: tuple[str, str], role: Role
) -> None:
    path, what = route
    desk, key = shown.desk, f"{what}-{role}"
    desk.office.submit(f"asked-{key}", "refund 0.3")
    desk.work()
    ids = asked(desk, f"asked-{key}")
    answer = desk.machine(PEOPLE[role]).post(path.format(**ids), body(what, ids, key))
    assert answer.status_code in ({200, 202} if role in WRITING[route] else {403}), answer.text


@pytest.mark.parametrize("role", Role)
def test_going_back_is_for_the_roles_that_may_halt(shown: SimpleNamespace, role: Role) -> None:
    answer = shown.desk.machine(PEOPLE[role]).post(NOTHING_TO_GO_BACK_TO, {"reason": "a test"})
    assert answer.status_code == 403
    expected = "RW-RELEASE-012" if role in STOPS else "RW-ACCESS-001"
    assert answer.json()["error"]["code"] == expected


@pytest.mark.parametrize("path", READING)
def test_nobody_reads_without_signing_in(shown: SimpleNamespace, path: str) -> None:
    address = path.format(**shown.ids)
    stranger = Browser(shown.desk.app)
    answer = stranger.get(address)
    if path.startswith("/api/"):
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "RW-ACCESS-012"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        return
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")
    assert stranger.get(f"{address}.json").status_code == 401


@pytest.mark.parametrize("route", WRITING)
def test_nobody_writes_without_a_key(shown: SimpleNamespace, route: tuple[str, str]) -> None:
    path, what = route
    stranger = Browser(shown.desk.app)
    assert (
        stranger.client.post(path.format(**shown.ids), json=body(what, shown.ids, what)).status_code == 401
    )


def test_the_table_above_knows_every_route(shown: SimpleNamespace) -> None:
    """A new route fails here until it says who may use it."""
    named = [*READING, *(path for path, _ in WRITING), NOTHING_TO_GO_BACK_TO]
    known = {path.partition("?")[0] for path in named}
    for name in ("/T-1", "/desk", "/returns-desk", "/r1", "/r2", "/intent", "/model", "/1"):
        known = {path.replace(name, "/{x}") for path in known}
    known = {_shape(path) for path in known} | {
        _shape(path) for path in OPEN_TO_ALL | BY_SESSION_ONLY | ELSEWHERE | WITH_ROWS
    }
    routes = {
        _shape(route.path.removesuffix(".json"))
        for route in shown.desk.app.routes
        if isinstance(route, Route) and not route.path.startswith("/api/v1/")  # those: `test_contract`
    }
    assert sorted(routes - known) == []


def _pattern(shown: SimpleNamespace, address: str) -> str:
    """The path of the page that answers at this address, as its row in `PAGES` has it; empty if none has."""
    scope = {"type": "http", "method": "GET", "path": address, "root_path": "", "headers": []}
    routes = [route for route in shown.desk.app.routes if isinstance(route, Route)]
    answering = next(route.path for route in routes if route.matches(scope)[0] is Match.FULL)
    return answering if answering in {page.path for page in PAGES} else ""


def _shape(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("role", Role)
def test_the_navigation_offers_only_what_a_role_may_open(shown: SimpleNamespace, role: Role) -> None:
    html = shown.desk.browser(PEOPLE[role]).get("/portfolio").text
    for path in ("/portfolio", "/inbox", "/cases"):
        assert (f'<a href="{path}"' in html) is (role in READING[path])


def test_a_page_that_is_refused_says_who_may(shown: SimpleNamespace) -> None:
    html = shown.desk.browser(PEOPLE[R.AUDITOR]).get("/inbox").text
    assert "needs one of the roles operator, owner, reviewer, risk_officer" in html


def test_a_role_without_content_sees_the_case_but_not_its_words(shown: SimpleNamespace) -> None:
    path = f"/cases/{shown.ids['case']}"
    auditor = shown.desk.browser(PEOPLE[R.AUDITOR]).get(path).text
    reviewer = shown.desk.browser(PEOPLE[R.REVIEWER]).get(path).text
    assert "about refund 0.9" in reviewer
    assert "about refund 0.9" not in auditor
    assert "ada@example.com" not in auditor
    assert "not shown to your role" in auditor
    operator = shown.desk.browser(PEOPLE[R.OPERATOR]).get(f"/reviews/{shown.ids['review']}").text
    assert "ada@example.com" not in operator


def test_a_key_bound_to_one_use_case_reaches_no_other(shown: SimpleNamespace) -> None:
    bound = shown.desk.machine(PEOPLE[R.OWNER], use_case="desk")
    foreign = shown.desk.machine(PEOPLE[R.OWNER], use_case="elsewhere")
    assert bound.get("/api/v1/cases").status_code == 200
    assert {case["use_case"] for case in bound.get("/api/v1/cases").json()["cases"]} == {"desk"}
    assert bound.get("/api/v1/cases?use_case=elsewhere").status_code == 403
    assert foreign.get("/api/v1/cases/T-1").status_code in {403, 404}
    assert foreign.get("/api/v1/cases").json()["cases"] == []
    assert foreign.get("/api/v1/use-cases/desk/verdict").status_code == 403
    assert foreign.get(f"/api/v1/reviews/{shown.ids['review']}").status_code == 403
    assert foreign.post("/api/v1/cases", body("submit", shown.ids, "B-1")).status_code == 403
    assert foreign.get("/portfolio.json").json()["use_cases"] == []
