"""Ideas on the pages: begun, answered one question at a time, judged, and never overwritten unseen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.operate.office import OLGA, VERA
from tests.server.desk import PEOPLE, SIGNED_IN_BY_FORM, Browser, Desk

from roadworthy.business import QUESTIONS, read_assessment
from roadworthy.operate.ideas import answer_question, begin_idea
from roadworthy.principal import Role

EXAMPLES = Path(__file__).parents[2] / "examples" / "portfolio"
FOLDER = "ideas"


@pytest.fixture
def browser(desk: Desk) -> Browser:
    return desk.browser(OLGA)


def began(browser: Browser, name: str = "returns-desk", title: str = "Returns desk") -> str:
    answer = browser.submit(browser.get("/ideas"), "/ideas", name=name, title=title)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def file_of(desk: Desk, name: str = "returns-desk") -> Path:
    return desk.folder / FOLDER / f"{name}.yaml"


def test_a_new_idea_leads_to_its_first_question(desk: Desk, browser: Browser) -> None:
    assert began(browser) == "/ideas/returns-desk?question=task"
    page = browser.get("/ideas/returns-desk?question=task")
    assert "1/18" in page.text
    assert read_assessment(file_of(desk).read_bytes(), file="x").title == "Returns desk"


def test_an_answer_is_kept_in_the_file_and_the_next_open_question_comes(
    desk: Desk, browser: Browser
) -> None:
    page = browser.get(began(browser))
    answer = browser.submit(
        page,
        "/ideas/returns-desk",
        question="task",
        decision="which queue a return goes to",
        done_by="eight people",
        owner="mara",
        source="interview, May",
    )
    assert answer.headers["location"] == "/ideas/returns-desk?question=volume&saved=task"
    kept = read_assessment(file_of(desk).read_bytes(), file="x")
    assert kept.text("task", "decision") == "which queue a return goes to"
    assert "Saved: Which decision" in browser.get(answer.headers["location"]).text


def test_ranges_amounts_ticks_and_rows_are_read_as_people_type_them(desk: Desk, browser: Browser) -> None:
    began(browser)

    def answered(question: str, **fields: str) -> None:
        path = f"/ideas/returns-desk?question={question}"
        sent = {"owner": "mara", "source": "count", **fields}
        answer = browser.submit(browser.get(path), "/ideas/returns-desk", question=question, **sent)
        assert answer.status_code == 303, answer.text

    answered("volume", cases_per_month="2,000 3,100 4,500")
    answered("hourly_cost", cost_per_hour="30 38 50 EUR")
    answered("people", affected="customers", prohibited="none", **{"transparency.talks-to-people": "on"})
    answered(
        "data", **{"sources.0.name": "helpdesk", "sources.0.permission": "yes", "sources.2.name": "mail"}
    )
    answers = read_assessment(file_of(desk).read_bytes(), file="x").as_json()["answers"]
    assert isinstance(answers, dict)
    assert answers["volume"]["cases_per_month"] == {"p10": 2000, "p50": 3100, "p90": 4500}
    assert answers["hourly_cost"]["cost_per_hour"]["p90"] == "50.00 EUR"
    assert answers["people"]["transparency"] == ["talks-to-people"]
    assert answers["people"]["prohibited"] == "none"
    assert "high_risk" not in answers["people"], "what was not said stays open"
    assert [row["name"] for row in answers["data"]["sources"]] == ["helpdesk", "mail"]


def test_what_cannot_be_read_is_said_with_its_place_and_stays_in_the_form(
    desk: Desk, browser: Browser
) -> None:
    page = browser.get(began(browser))
    before = file_of(desk).read_bytes()
    answer = browser.submit(
        page, "/ideas/returns-desk", question="volume", cases_per_month="lots", owner="mara", source="x"
    )
    assert answer.status_code == 422
    assert "cases_per_month" in answer.text
    assert 'value="lots"' in answer.text
    assert file_of(desk).read_bytes() == before


def test_answers_that_contradict_one_another_are_refused(desk: Desk, browser: Browser) -> None:
    page = browser.get(began(browser))
    answer = browser.submit(
        page,
        "/ideas/returns-desk",
        question="error",
        cost_of_error="14 EUR",
        worst="5 EUR",
        owner="mara",
        source="report",
    )
    assert answer.status_code == 422
    assert "less than a usual one" in answer.text


def test_a_file_that_changed_meanwhile_is_not_overwritten(desk: Desk, browser: Browser) -> None:
    page = browser.get(began(browser))
    edited = file_of(desk).read_text().replace("title: Returns desk", "title: Somebody was here")
    file_of(desk).write_text(edited)
    answer = browser.submit(
        page, "/ideas/returns-desk", question="task", decision="mine", owner="m", source="s"
    )
    assert answer.status_code == 409
    assert "Somebody was first" in answer.text
    assert 'value="mine"' in answer.text
    assert file_of(desk).read_text() == edited
    again = browser.submit(
        answer, "/ideas/returns-desk", question="task", decision="mine", owner="m", source="s"
    )
    assert again.status_code == 303, "the form shows the new version, and saving it again works"


@pytest.mark.parametrize("name", ["../outside", "Returns", "", "a" * 64, "a/b"])
def test_a_name_that_cannot_be_one_writes_nothing(desk: Desk, browser: Browser, name: str) -> None:
    answer = browser.submit(browser.get("/ideas"), "/ideas", name=name, title="x")
    assert answer.status_code == 422
    assert desk.deployment.ideas.names() == ()


def test_two_ideas_do_not_share_a_name(desk: Desk, browser: Browser) -> None:
    began(browser)
    answer = browser.submit(browser.get("/ideas"), "/ideas", name="returns-desk", title="Another")
    assert answer.status_code == 409


def test_every_example_is_shown_with_its_verdict(desk: Desk, browser: Browser) -> None:
    (desk.folder / FOLDER).mkdir()
    names = []
    for file in sorted(EXAMPLES.glob("*.yaml")):
        idea = read_assessment(file.read_bytes(), file=file.name)
        (desk.folder / FOLDER / f"{idea.idea}.yaml").write_bytes(file.read_bytes())
        names.append(idea.idea)
    listed = browser.get("/ideas.json").json()["ideas"]
    assert sorted(one["name"] for one in listed) == sorted(names)
    assert {one["verdict"] for one in listed} == {"fund", "govern first", "wait", "refuse"}
    page = browser.get(f"/ideas/{names[0]}").text
    assert "What the value hangs on" in page or "No value can be computed" in page
    assert "18 say something" in page


def test_an_idea_whose_file_is_wrong_does_not_hide_the_others(desk: Desk, browser: Browser) -> None:
    began(browser)
    (desk.folder / FOLDER / "broken.yaml").write_text("assessment: 1\nidea: [")
    page = browser.get("/ideas")
    assert page.status_code == 200
    assert "cannot be read" in page.text
    assert "Returns desk" in page.text


def test_texts_of_an_idea_are_text(desk: Desk, browser: Browser) -> None:
    page = browser.get(began(browser, title="<script>alert(1)</script>"))
    browser.submit(
        page,
        "/ideas/returns-desk",
        question="task",
        decision='"><img src=x>',
        done_by="${{7*7}}",
        owner="<b>owner",
        source="<i>",
    )
    for path in ("/ideas", "/ideas/returns-desk", "/ideas/returns-desk?question=task"):
        text = browser.get(path).text
        assert "<script>" not in text
        assert "<img" not in re.sub(r'<img src="/static/[^>]*>', "", text)
        assert "<b>owner" not in text


def test_a_reader_sees_the_idea_and_no_form(desk: Desk, browser: Browser) -> None:
    began(browser)
    reader = desk.browser(PEOPLE[Role.AUDITOR])
    page = reader.get("/ideas/returns-desk?question=task")
    assert page.status_code == 200
    assert 'name="decision"' not in page.text
    assert 'action="/ideas"' not in reader.get("/ideas").text


def test_a_reviewer_may_not_answer(desk: Desk, browser: Browser) -> None:
    location = began(browser)
    page = browser.get(location)
    seen = re.search(r'name="seen" value="(\w+)"', page.text)
    assert seen is not None
    other = desk.browser(VERA)
    token = re.search(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', other.get("/ideas").text)
    assert token is not None
    fields = {token[1]: token[2], "seen": seen[1], "question": "task", "decision": "x"}
    answer = other.client.post("/ideas/returns-desk", data=fields, headers=SIGNED_IN_BY_FORM)
    assert answer.status_code == 403
    assert "RW-ACCESS-001" in answer.text
    assert "decision: x" not in file_of(desk).read_text()


def test_every_question_has_a_form_and_a_twin(desk: Desk, browser: Browser) -> None:
    began(browser)
    for question in QUESTIONS:
        shown = browser.get(f"/ideas/returns-desk.json?question={question.id}").json()["question"]
        assert shown["ask"] == question.ask
        assert [one["id"] for one in shown["fields"]] == [one.id for one in question.fields]
        assert browser.get(f"/ideas/returns-desk?question={question.id}").status_code == 200


def test_beginning_and_answering_stand_on_record(desk: Desk) -> None:
    kept = begin_idea(desk.deployment, OLGA, "returns-desk", "Returns desk")
    said = {"cases_per_month": 100, "owner": "olga", "source": "count"}
    answer_question(desk.deployment, OLGA, "returns-desk", "volume", said, seen=kept.version)
    desk.work()
    with desk.office.store.read() as tx:
        told = [entry.event for entry in desk.office.store.ledger.about(tx, "returns-desk")]
    assert sum(b"idea.begun" in one for one in told) == 1
    assert sum(b"idea.answered" in one and b"volume" in one for one in told) == 1


def many_rows(desk: Desk, count: int) -> None:
    kept = begin_idea(desk.deployment, OLGA, "returns-desk", "Returns desk")
    rows = [{"name": f"interface-{number}", "by": "2027-03-31"} for number in range(count)]
    told = {"missing": rows, "owner": "olga", "source": "list"}
    answer_question(desk.deployment, OLGA, "returns-desk", "integration", told, seen=kept.version)


def test_saving_a_form_of_many_rows_loses_none(desk: Desk, browser: Browser) -> None:
    many_rows(desk, 60)
    path = "/ideas/returns-desk?question=integration"
    page = browser.get(path)
    sent = dict(re.findall(r'<input name="(missing[^"]*)"[^>]*value="([^"]*)"', page.text))
    assert sum(bool(value) for value in sent.values()) == 120
    answer = browser.submit(
        page, "/ideas/returns-desk", question="integration", owner="olga", source="list", **sent
    )
    assert answer.status_code == 303, answer.text
    rows = read_assessment(file_of(desk).read_bytes(), file="x").rows("integration", "missing")
    assert rows is not None
    assert len(rows) == 60


def test_more_rows_than_a_form_can_send_are_left_to_the_file(desk: Desk, browser: Browser) -> None:
    many_rows(desk, 95)
    page = browser.get("/ideas/returns-desk?question=integration")
    assert "change it in the file" in page.text
    assert 'name="missing.0.name"' not in page.text
