"""Pages: what people see, that it is what machines read, and that nothing shown can become markup."""

from __future__ import annotations

import html as markup
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from tests.operate.office import VERA
from tests.server.desk import PEOPLE, Browser, Desk, ask, reply, text_of
from tests.server.furnished import EVERY, furnish

import roadworthy as rw
from roadworthy.casework.prediction import Neighbour, Prediction
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import digest_of
from roadworthy.server.pages import PAGES
from roadworthy.server.rendering import Renderer
from roadworthy.stage import Stage

OWNER = PEOPLE[Role.OWNER]
REVIEWER = PEOPLE[Role.REVIEWER]


@pytest.fixture
def paths(desk: Desk) -> dict[str, str]:
    """The address of every page, over a desk with one of everything."""
    return furnish(desk)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_has_a_twin_with_the_same_data(
    desk: Desk, paths: dict[str, str], page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[Any] = []
    render = Renderer.page

    def recording(self: Renderer, request: Any, template: str, data: Any, **more: Any) -> Any:
        rendered.append(data)
        return render(self, request, template, data, **more)

    monkeypatch.setattr(Renderer, "page", recording)
    browser = desk.browser(EVERY)
    html = browser.get(paths[page.name])
    assert html.status_code == 200, html.text
    [link] = re.findall(r'<a href="([^"]+)">This page as JSON', html.text)
    assert link == f"{paths[page.name]}.json"
    twin = browser.get(link)
    assert twin.status_code == 200, twin.text
    assert settled(twin.json()) == settled(json.loads(json.dumps(rendered[0])))


def settled(data: Any) -> Any:
    """Page data without the ids of measurements that are made when they are asked for."""
    if isinstance(data, dict):
        return {name: settled(item) for name, item in data.items() if name != "measurement"}
    return [settled(item) for item in data] if isinstance(data, list) else data


def test_the_twin_takes_the_same_parameters(desk: Desk, paths: dict[str, str]) -> None:
    browser = desk.browser(REVIEWER)
    html = browser.get("/cases?state=waiting&use_case=desk").text
    [link] = re.findall(r'<a href="([^"]+)">This page as JSON', html)
    shown = browser.get(markup.unescape(link)).json()
    assert [case["key"] for case in shown["cases"]] == ["T-2"]


def test_the_portfolio_says_how_far_each_use_case_is_and_what_keeps_it(
    desk: Desk, paths: dict[str, str]
) -> None:
    shown = text_of(desk.browser(OWNER).get("/portfolio").text)
    assert "Test desk" in shown
    assert "owner olga" in shown
    assert "canary r2" in shown
    assert "production r1" in shown
    assert "desk stays out of production" in shown
    assert "Live cases 2" in shown
    assert "Open reviews 1" in shown
    assert "paper jam" in shown


def test_a_use_case_whose_charter_cannot_be_read_keeps_its_place_in_the_portfolio(
    desk: Desk, paths: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from roadworthy.errors import InputProblem

    def fail(_digest: str) -> Any:
        raise InputProblem("RW-LOADER-003", "there is no charter")

    monkeypatch.setattr(desk.office, "charter", fail)
    shown = text_of(desk.browser(OWNER).get("/portfolio").text)
    assert "No verdict there is no charter" in shown
    assert desk.browser(OWNER).get("/use-cases/desk").status_code == 422


def test_a_release_that_reached_its_stage_is_told_whether_it_may_stay(desk: Desk) -> None:
    desk.office.release(reply, stage=Stage.DRAFT)
    desk.office.release(reply, number=2)
    [shown] = desk.browser(OWNER).get("/portfolio.json").json()["use_cases"]
    assert shown["verdict"]["headline"].startswith("r2 is in production, but only ")
    standing = {stop["stage"]: stop["release"] for stop in shown["road"] if stop["release"]}
    assert standing == {"production": "r2"}  # an older draft stands nowhere any more


def test_a_halted_use_case_says_why(desk: Desk) -> None:
    release = desk.office.release(reply)
    with desk.office.store.write() as tx:
        desk.office.store.releases.save(
            tx, replace(release, stage=Stage.HALTED, reason="more wrong answers")
        )
    shown = text_of(desk.browser(OWNER).get("/portfolio").text)
    assert "r1 is halted: more wrong answers" in shown
    assert desk.browser(OWNER).get("/use-cases/desk").status_code == 200


def test_the_use_case_page_lists_every_requirement_with_its_next_step(
    desk: Desk, paths: dict[str, str]
) -> None:
    browser = desk.browser(OWNER)
    data = browser.get("/use-cases/desk.json?stage=shadow").json()
    html = browser.get("/use-cases/desk?stage=shadow").text
    assert len(data["verdict"]["findings"]) > 5
    for finding in data["verdict"]["findings"]:
        assert finding["requirement"] in html
        assert finding["asks"] in text_of(html)
    assert "Next:" in html


def test_approvals_and_waivers_of_demo_accounts_are_marked(desk: Desk, paths: dict[str, str]) -> None:
    html = desk.browser(OWNER).get("/use-cases/desk?release=r1").text
    assert html.count("demo account") >= 2
    shown = text_of(html)
    assert "owner olga demo account" in shown
    assert "granted by rita demo account" in shown
    assert "approval given by demo account olga" in shown
    assert "waiver granted by demo account rita" in shown


def test_a_demo_account_is_marked_where_it_is_signed_in(desk: Desk) -> None:
    mara = Principal("mara", "Mara", Kind.PERSON, frozenset({Role.OWNER}), demo=True)
    with desk.office.store.write() as tx:
        desk.office.store.people.add(tx, mara)
    assert "demo account" in desk.browser(mara).get("/portfolio").text


def test_the_case_page_tells_inputs_decision_and_effects(desk: Desk, paths: dict[str, str]) -> None:
    shown = text_of(desk.browser(REVIEWER).get(paths["case"]).text)
    order = ["Inputs", "refund 0.9", "Decision", "0.900 is at or above the certified 0.800", "Effects", "mail.reply confirmed", "Reversible yes, by mail.withdraw", "People", "Outcome", "right"]  # fmt: skip
    assert "Carried out mail.reply automatically as refund" in shown
    shown = shown[shown.index("Inputs") :]
    assert [words for words in order if words not in shown] == []
    places = [shown.index(words) for words in order]
    assert places == sorted(places)


def test_the_prediction_shows_its_runner_up_and_the_nearest_examples(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = (Neighbour("a fee was charged twice", "refund", 0.91),)
    found = Prediction("intent", "refund", 0.5, "card_arrival", 0.4, near, digest_of("model"))
    monkeypatch.setattr("tests.operate.office.Model.predict", lambda _self, _text: found)
    desk.office.release(reply)
    desk.office.submit("T-1")
    desk.work()
    review = desk.open_review("T-1")
    for path in (f"/cases/{review.case}", f"/reviews/{review.id}"):
        shown = text_of(desk.browser(REVIEWER).get(path).text)
        assert "Runner-up card_arrival 0.400" in shown
        assert "a fee was charged twice refund · 0.91" in shown
        assert "0.500 is below the certified 0.800" in shown


def test_an_untrusted_value_that_steers_an_effect_is_marked(desk: Desk) -> None:
    async def to_whom_the_text_says(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
        intent = await run.predict("intent", case.data.text)
        effects = [rw.effect("mail.reply", to=f"{intent.label}@evil.example", body="x")]
        return rw.Decision("x", confidence=0.1, because=[intent], effects=effects)

    desk.office.release(to_whom_the_text_says)
    desk.office.submit("T-1", "eve 0.9")
    desk.work()
    [review] = desk.office.reviews("T-1")
    html = desk.browser(REVIEWER).get(f"/reviews/{review.id}").text
    assert '<div class="untrusted">' in html
    assert re.search(r"to from an untrusted source .{0,60}eve@evil\.example", text_of(html))


EMPTY = {
    "/portfolio": "roadworthy demo",
    "/inbox": "Nothing waits for a person",
    "/cases": "POST /api/v1/cases",
}


@pytest.mark.parametrize("path", EMPTY)
def test_an_empty_page_says_what_to_do_next(desk: Desk, path: str) -> None:
    answer = desk.browser(OWNER).get(path)
    assert answer.status_code == 200
    assert EMPTY[path] in text_of(answer.text)


def test_filters_that_match_nothing_lead_back_to_everything(desk: Desk, paths: dict[str, str]) -> None:
    html = desk.browser(OWNER).get("/cases?state=parked").text
    assert "Nothing matches these filters" in html
    assert '<a href="/cases">' in html


def test_pages_lead_through_all_cases_and_keep_their_filters(desk: Desk) -> None:
    desk.office.release(reply)
    for number in range(120):
        desk.office.submit(f"T-{number:03}")
    browser = desk.browser(OWNER)
    path, seen = "/cases?use_case=desk&state=open", []
    for _ in range(4):
        html = browser.get(path).text
        seen += re.findall(r">(T-\d{3})</a>", html)
        more = re.search(r'href="([^"]*)">Next page', html)
        if more is None:
            break
        path = markup.unescape(more[1])
        assert "use_case=desk" in path
        assert "state=open" in path
    assert len(seen) == 120
    assert len(set(seen)) == 120


def test_the_inbox_shows_the_longest_waiting_first_and_what_is_not_yours(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("T-1", "refund 0.3")
    desk.work()
    desk.office.later(minutes=30)
    desk.office.submit("T-2", "refund 0.3")
    desk.work()
    desk.office.later(minutes=40)
    html = desk.browser(REVIEWER).get("/inbox").text
    assert html.index("T-1") < html.index("T-2")
    assert "overdue" in html
    assert html.count('class="others"') == 0
    assert desk.browser(PEOPLE[Role.OPERATOR]).get("/inbox").text.count('class="others"') == 2


def test_a_case_is_found_by_its_key(desk: Desk, paths: dict[str, str]) -> None:
    browser = desk.browser(OWNER)
    assert browser.get("/find?name=T-1").headers["location"] == paths["case"]
    assert browser.get("/find?name=").headers["location"] == "/cases"
    missing = browser.get("/find?name=%3Cb%3E")
    assert missing.status_code == 404
    assert "<b>" not in missing.text
    assert desk.browser(PEOPLE[Role.CLIENT]).get("/find?name=T-1").status_code == 403


def test_a_use_case_case_or_review_that_is_not_there_is_404_with_a_way_on(desk: Desk) -> None:
    browser = desk.browser(OWNER)
    for path in ("/use-cases/no", "/cases/no", "/reviews/no", "/nowhere"):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert '<a href="/">' in answer.text
        assert browser.get(f"{path}.json").json()["error"]["kind"] == "not-found"


def test_an_erased_case_still_has_its_page(desk: Desk) -> None:
    desk.office.release(reply)
    desk.office.submit("T-1", "refund 0.9")
    desk.work()
    case = desk.office.case("T-1")
    with desk.office.store.write() as tx:
        desk.deployment.vault.erase(tx, case.subject, at=desk.office.clock.now())
    answer = desk.browser(VERA).get(f"/cases/{case.id}")
    assert answer.status_code == 200
    assert "erased" in answer.text
    assert "ada@example.com" not in answer.text


def test_a_question_offers_its_choices(desk: Desk) -> None:
    desk.office.release(ask)
    desk.office.submit("T-1")
    desk.work()
    html = desk.browser(REVIEWER).get(f"/reviews/{desk.open_review('T-1').id}").text
    assert re.findall(r'type="radio" name="answer" value="(\w+)"', html) == ["red", "blue"]


def test_a_stranger_sees_nothing_but_the_way_in(desk: Desk) -> None:
    desk.office.release(reply)
    html = Browser(desk.app).get("/nowhere").text
    assert "/sign-in" in html
    assert "desk" not in text_of(html)
