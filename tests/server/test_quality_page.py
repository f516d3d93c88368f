"""Quality: results with their ranges, proofs, spot checks; content only for those who may read it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.server.desk import PEOPLE, Desk, reply, text_of
from tests.server.evaluated import evaluated

from roadworthy.adapters.sql.costs import SqlCosts
from roadworthy.adapters.sql.outlooks import SqlOutlooks
from roadworthy.measure.outlooks import Instruments, work_out
from roadworthy.principal import Kind, Principal, Role
from roadworthy.stage import Stage

OWNER, AUDITOR = PEOPLE[Role.OWNER], PEOPLE[Role.AUDITOR]
BY = Instruments(SqlCosts(), SqlOutlooks())


@pytest.fixture
def two(desk: Desk) -> tuple[str, str]:
    """Evaluations of the running release and of the next one."""
    running = desk.office.release(reply)
    following = desk.office.release(reply, stage=Stage.DRAFT, number=2)
    first = evaluated(desk, release=running.digest)
    desk.office.later(minutes=5)
    return first, evaluated(desk, release=following.digest, answers=["fine"] * 4)


def test_an_installation_without_use_cases_says_how_to_begin(desk: Desk) -> None:
    shown = text_of(desk.browser(OWNER).get("/quality").text)
    assert "No use case yet" in shown
    assert desk.browser(OWNER).get("/quality/none").status_code == 404


def test_a_use_case_that_was_never_measured_names_the_commands(desk: Desk) -> None:
    desk.office.release(reply, threshold=None)
    shown = text_of(desk.browser(OWNER).get("/quality/desk").text)
    for said in (
        "promises no suite",
        "No certificate: every effect goes to a person",
        "roadworthy cost look desk",
    ):
        assert said in shown


def test_suites_show_their_newest_result_and_the_way_there(desk: Desk, two: tuple[str, str]) -> None:
    page = desk.browser(OWNER).get("/quality/desk")
    shown = text_of(page.text)
    assert "100.0 % passed" in shown
    assert "of 4 tests by r2" in shown
    assert f"/evaluations/{two[1]}" in page.text
    assert 'class="line"' in page.text  # the trend over both
    twin = desk.browser(OWNER).get("/quality/desk.json").json()
    (suite,) = twin["suites"]
    assert [one["passed"] for one in suite["trend"]] == [0.75, 1.0]
    assert suite["interval"][0] < 1.0


def test_comparisons_are_as_the_worker_found_them(desk: Desk, two: tuple[str, str]) -> None:
    browser = desk.browser(OWNER)
    assert "Worked out by a worker" in text_of(browser.get("/quality/desk").text)
    work_out(desk.deployment, OWNER, "desk", BY)
    page = browser.get("/quality/desk")
    (one,) = browser.get("/quality/desk.json").json()["comparisons"]
    assert (one["release"], one["evaluation"], one["beside"]) == ("r2", two[1], two[0])
    assert (one["gained"], one["lost"], one["verdict"]) == (1, 0, "cannot tell yet")
    assert "cannot tell yet" in page.text
    assert "+25.0 points" in text_of(page.text)


def test_a_certificate_says_why_it_does_not_hold(desk: Desk) -> None:
    desk.office.release(reply)
    browser = desk.browser(OWNER)
    assert "✓ yes" in text_of(browser.get("/quality/desk").text)
    desk.office.later(days=31)
    renewed = desk.browser(OWNER)
    shown = text_of(renewed.get("/quality/desk").text)
    assert "expired on" in shown
    assert renewed.get("/quality.json").json()["use_cases"][0]["hold"] == 0


def test_tests_are_paged_worst_first_and_chosen_by_what_came(desk: Desk, two: tuple[str, str]) -> None:
    browser = desk.browser(OWNER)
    address = f"/evaluations/{two[0]}"
    first = browser.get(f"{address}.json?limit=3").json()
    assert [one["came"] for one in first["results"]] == ["failed", "passed", "passed"]
    rest = browser.get(f"{address}.json?limit=3&after={first['after']}").json()
    assert (len(rest["results"]), rest["after"]) == (1, "")
    failed = browser.get(f"{address}.json?came=failed").json()["results"]
    assert [one["test"] for one in failed] == ["t-3"]
    assert browser.get(f"{address}?came=lost").status_code == 422
    assert browser.get("/evaluations/none").status_code == 404


def test_answers_are_shown_as_text_and_only_to_those_who_may_read_cases(
    desk: Desk, two: tuple[str, str]
) -> None:
    address = f"/evaluations/{two[0]}"
    mine = desk.browser(OWNER).get(address).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in mine
    assert "<script>alert" not in mine
    assert 'href="http://evil' not in mine
    assert 'src="http://evil' not in mine
    assert "a <b>target" not in mine
    for role in (Role.AUDITOR, Role.OPERATOR):
        page = desk.browser(PEOPLE[role]).get(address)
        assert page.status_code == 200
        assert "alert(1)" not in page.text
        assert "takes the role" in text_of(page.text)
        twin = desk.browser(PEOPLE[role]).get(f"{address}.json").json()
        assert {one["output"] for one in twin["results"]} == {None}


def test_an_unfinished_evaluation_shows_what_came_so_far(desk: Desk) -> None:
    desk.office.release(reply)
    id_ = evaluated(desk, finished=False)
    shown = text_of(desk.browser(OWNER).get(f"/evaluations/{id_}").text)
    assert "Not finished" in shown
    assert "t-3" in shown


def test_a_key_of_another_use_case_does_not_learn_that_an_evaluation_is_there(
    desk: Desk, two: tuple[str, str]
) -> None:
    other = Principal("other", "Other", Kind.SERVICE, frozenset({Role.OWNER}))
    with desk.office.store.write() as tx:
        desk.office.store.people.add(tx, other)
    machine = desk.machine(other, use_case="elsewhere")
    assert machine.get(f"/evaluations/{two[0]}.json").status_code == 404
    assert machine.get("/quality/desk.json").status_code == 403


@pytest.mark.parametrize("role", list(Role))
def test_who_may_see_the_gate_sees_quality(desk: Desk, two: tuple[str, str], role: Role) -> None:
    expected = 403 if role is Role.CLIENT else 200
    browser = desk.browser(PEOPLE[role])
    found = {
        browser.get(path).status_code for path in ("/quality", "/quality/desk", f"/evaluations/{two[0]}")
    }
    assert found == {expected}, found


def test_what_is_old_is_worked_out_anew_and_what_is_fresh_is_not(desk: Desk, two: tuple[str, str]) -> None:
    from roadworthy.measure.outlooks import FRESH_FOR, look_ahead

    def at() -> object:
        with desk.office.store.read() as tx:
            found = BY.outlooks.get(tx, "desk", "quality")
        return found and found.at

    look_ahead(desk.deployment, OWNER, BY)
    first = at()
    desk.office.later(minutes=1)
    look_ahead(desk.deployment, OWNER, BY)
    assert at() == first
    desk.office.clock.advance(FRESH_FOR + timedelta(seconds=1))
    look_ahead(desk.deployment, OWNER, BY)
    assert at() != first
