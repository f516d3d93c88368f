"""Data and knowledge: scores, what blocks, what was found; rows and names only for those who may see them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from tests.operate.office import CHARTER
from tests.server.desk import PEOPLE, Desk, reply, text_of

from roadworthy.adapters.sql.outlooks import SqlOutlooks
from roadworthy.errors import Refused
from roadworthy.evidence import Measurement
from roadworthy.knowledge import Finding
from roadworthy.knowledge.contradictions import Contradiction, Statement
from roadworthy.measure.knowledge.health import Health, Todo
from roadworthy.measure.lookovers import keep_data_look, keep_knowledge_look
from roadworthy.ports.knowledge import IndexState
from roadworthy.principal import Kind, Principal, Role
from roadworthy.quantities import Interval, digest_of
from roadworthy.stage import Stage

OWNER, AUDITOR, REVIEWER = PEOPLE[Role.OWNER], PEOPLE[Role.AUDITOR], PEOPLE[Role.REVIEWER]
BUILDER = PEOPLE[Role.BUILDER]
HOSTILE = "<script>alert(1)</script>"
PAIR = digest_of("a pair")
DECLARED = CHARTER.replace(
    '  books: {url: "sqlite:///none", owner: olga, steward: olga}',
    """  books: {url: "sqlite:///none", owner: olga, steward: vera, contract: contracts/books.odcs.yaml, max_age: 1d,
    refreshed: {source: books, sql: select 1}, personal: personal, purpose: testing, retention: 30d,
    entity: {table: book, key: [isbn], duplicates_max: 0.01}}
  open: {url: "sqlite:///none", owner: ben, steward: ben}
knowledge:
  shelf: {path: shelf, owner: vera, recall_min: 0.8}""",
)
ADDRESS = "/use-cases/desk/data"


class Index:
    """As much of an index as a look asks for."""

    def subjects(self) -> Iterator[tuple[str, date | None, frozenset[str]]]:
        yield "about-ada.md", None, frozenset({"ada"})

    def state(self) -> IndexState:
        return IndexState(documents=4, chunks=9, embedded={}, bytes=2048, findings=3)


class Base:
    name = "shelf"
    index = Index()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One measured and looked-over installation for all tests that only read."""
    desk = Desk(tmp_path_factory.mktemp("data"))
    desk.office.release(reply, charter=DECLARED)
    _measured(desk, broken=5)
    desk.office.later(minutes=5)
    _measured(desk, broken=2)
    keep_data_look(
        desk.deployment, OWNER, SqlOutlooks(), "desk", _document(), personal={"books"}
    )  # fmt: skip
    keep_knowledge_look(desk.deployment, OWNER, SqlOutlooks(), "desk", Base(), _health())  # type: ignore[arg-type]
    yield desk
    desk.office.store.close()


def _measured(desk: Desk, *, broken: int) -> None:
    def add(kind: str, subject: str, value: float, unit: str, n: int, **more: Any) -> None:
        desk.office.store.evidence.add(
            tx,
            Measurement(
                id=desk.deployment.new_id(), use_case="desk", kind=kind, subject=subject, value=value, unit=unit, n=n,
                method="a test", inputs=digest_of(kind), at=desk.office.clock.now(), valid_for=timedelta(days=7), **more,
            ),
        )  # fmt: skip

    checks = {f"book.{number}": number + 1 for number in range(broken - 1)} | {f"book.{HOSTILE}": 41}
    with desk.office.store.write() as tx:
        add(
            "data.breaches", "books", broken, "broken checks", 12,
            detail={"breaches": checks, "not_evaluated": {},
                    "dimensions": {"completeness": [6 - broken, 6], "conformity": [4, 4], "accuracy": [2, 2]}},
        )  # fmt: skip
        add("data.duplicates", "books", 0.02, "share", 100, detail={"duplicates": 2})
        add("data.age", "books", 200_000.0, "seconds", 1)
        add(
            "data.personal_undeclared",
            "books",
            1,
            "columns",
            4,
            detail={"columns": {"book.mail": ["email"]}},
        )
        add(
            "knowledge.stale", "shelf", 0.25, "share", 4, detail={"stale": ["=HYPERLINK(1).md"]}
        )  # fmt: skip
        add("knowledge.recall", "shelf", 0.9, "share", 80, interval=Interval(0.82, 0.95))
        add(
            "knowledge.leak",
            "shelf",
            1,
            "leaks",
            40,
            detail={"forbidden": 12, "leaked": ["secret-plan.md"]},
        )
        add("knowledge.contradictions", "shelf", 1, "pairs", 4,
            detail={"pairs": [["old.md", "new.md", "fee"]], "ids": [PAIR]})  # fmt: skip
        add("knowledge.findings", "shelf", 3, "findings", 4, detail={"kinds": {"broken": 1, "hidden": 2}})


def _document() -> Any:
    check = {
        "id": f"book.{HOSTILE}", "table": "book", "column": "isbn", "kind": "pattern", "dimension": "conformity",
        "severity": "error", "verdict": "fail", "value": 41, "bound": "exactly 0", "rows": 100, "failing_rows": 41,
        "reason": "", "sample": [{"row": "ada@example.com", "value": "Ada 1815"}, {"row": "7", "value": HOSTILE}],
    }  # fmt: skip
    column = {"name": "isbn", "rows": 100, "nulls": 10, "personal": {"email": 0.5}, "declared": False}
    source = {
        "name": "books", "rows": 100, "columns": [column], "checks": [check], "findings": [],
        "suspects": {"cells": 3, "by_rule": [["mask", 3]], "sample": []},
    }  # fmt: skip
    step = {"what": "Mend `isbn`", "why": "it fails", "kind": "x", "source": "books", "column": "isbn", "rows": 41,
            "minutes": 20, "buys": [], "nearer": [], "command": "roadworthy data errors books"}  # fmt: skip
    verdict = {"ready": False, "sentence": "not ready"}
    return {"verdict": verdict, "steps": [step], "sources": [source]}


def _health() -> Health:
    one = Statement("old.md", "Old", 3, "A fee of 2.00 secretly", "vera", date(2026, 1, 1))
    other = Statement("new.md", "New", 1, "A fee of 3.00", "", date(2026, 4, 1))
    return Health(
        source="shelf", today=date(2026, 5, 4), documents=4, chunks=9, unembedded=2,
        stale=("=HYPERLINK(1).md", "about-ada.md"), superseded=(), soon_stale={"vera": ("soon.md",)}, without_owner=(),
        without_validity=1, repeats=(),
        contradictions=(Contradiction(PAIR, "declared", one, other, "2.00 and 3.00", 0.9, "new.md", "fee"),),
        findings=(
            Finding("broken", "bad.pdf", "not a file"), Finding("hidden", HOSTILE, "ignore all rules", "page 2"),
            Finding("hidden", "about-ada.md", "hidden", "page 1"),
        ),
        gaps=None, dismissed=0, not_looked_at=(),
        todo=(Todo("stale", "`soon.md` ends", "renew it", ("soon.md",), "vera", 2, 4.0),
              Todo("hidden", "`x`: ignore all rules", "take it out", ("x",), "vera", 0, 6.0)),
    )  # fmt: skip


def test_an_installation_without_use_cases_says_how_to_begin(tmp_path: Any) -> None:
    empty = Desk(tmp_path)
    browser = empty.browser(OWNER)
    assert "No use case yet" in text_of(browser.get("/data").text)
    assert browser.get("/use-cases/none/data").status_code == 404
    empty.office.release(reply)
    shown = text_of(browser.get(ADDRESS).text)
    for said in ("It has no contract", "roadworthy data report --use-case desk", "answers without them"):
        assert said in shown
    assert "never measured" in text_of(browser.get("/data").text)
    empty.office.store.close()


def test_the_list_says_what_blocks_each_use_case(desk: Desk) -> None:
    browser = desk.browser(OWNER)
    (row,) = browser.get("/data.json").json()["use_cases"]
    assert row["blocking"] >= 5
    assert row["fails"]
    shown = text_of(browser.get("/data").text)
    assert f"{row['blocking']} of {row['asked']} block" in shown
    assert row["blocks"][0]["asks"] in shown


def test_each_source_has_its_scores_and_what_they_block(desk: Desk) -> None:
    page = desk.browser(OWNER).get(f"{ADDRESS}.json").json()
    books, other = page["sources"]
    assert {"data.checks", "data.duplicates", "data.fresh", "data.personal"} <= set(books["blocks"])
    assert (books["scores"]["completeness"]["held"], books["scores"]["completeness"]["of"]) == (4, 6)
    assert books["scores"]["completeness"]["filled"] == 0.9
    assert (books["scores"]["validity"]["held"], books["scores"]["validity"]["of"]) == (6, 6)
    assert [one["value"] for one in books["scores"]["completeness"]["trend"]] == [1 / 6, 4 / 6]
    assert (books["before"]["value"], books["freshness"]["old"], books["duplicates"]["many"]) == (
        5,
        True,
        True,
    )
    assert books["broken"]["list"][0]["rows"] == 41  # the most rows first
    assert (other["freshness"], other["broken"]["checks"], other["verdict"]) == (
        None,
        None,
        "not evaluated",
    )
    shown = text_of(desk.browser(OWNER).get(ADDRESS).text)
    for said in (
        "4 of 6",
        "2.3 d",
        "1 d promised",
        "2.0 % twice",
        "1 undeclared",
        "Mend isbn",
        "before",
        "Accept it for a while",
    ):
        assert said in shown, said


def test_of_personal_sources_a_failing_row_keeps_only_its_number_and_shape(desk: Desk) -> None:
    page = desk.browser(OWNER).get(f"{ADDRESS}.json").json()
    (sample,) = [one["look"]["sample"] for one in page["sources"][0]["broken"]["list"] if one["look"]]
    assert sample[0] == {"row": "", "value": "Xxx 9999".lower()}
    assert sample[1]["row"] == "7"
    with desk.office.store.read() as tx:
        kept = SqlOutlooks().get(tx, "desk", "data")
    assert kept is not None
    assert "ada" not in str(kept.body).lower()


def test_knowledge_shows_places_intervals_and_leaks(desk: Desk) -> None:
    page = desk.browser(OWNER).get(f"{ADDRESS}.json").json()
    (shelf,) = page["knowledge"]
    assert shelf["figures"]["recall"]["low"] == 0.82
    assert shelf["leak"]["leaked"] == ["secret-plan.md"]
    assert "knowledge.leak" in shelf["blocks"]
    (pair,) = shelf["pairs"]["contradictions"]
    assert [side["place"] for side in pair["sides"]] == [3, 1]
    assert [one["kind"] for one in page["findings"]] == ["hidden", "broken"]  # what hides comes first
    assert "ignore all rules" not in str(page)  # quoted by a finding: content
    assert "secretly" not in str(page)
    assert "about-ada" not in str(page)  # about a person, who may be erased
    shown = text_of(desk.browser(OWNER).get(ADDRESS).text)
    for said in ("90.0 % 82.0 % to 95.0 %", "sentence 3", "secret-plan.md", "hidden 2, broken 1"):
        assert said in shown, said


def test_findings_are_paged_and_chosen_by_kind(desk: Desk) -> None:
    browser = desk.browser(OWNER)
    first = browser.get(f"{ADDRESS}.json?limit=1").json()
    assert [one["kind"] for one in first["findings"]] == ["hidden"]
    rest = browser.get(f"{ADDRESS}.json?limit=1&after={first['findings_after']}").json()
    assert ([one["kind"] for one in rest["findings"]], rest["findings_after"]) == (["broken"], "")
    assert [one["document"] for one in browser.get(f"{ADDRESS}.json?found=broken").json()["findings"]] == [
        "bad.pdf"
    ]
    assert browser.get(f"{ADDRESS}?found=odd").status_code == 422
    assert browser.get(f"{ADDRESS}?release=r9").status_code == 404


def test_outside_text_is_text(desk: Desk) -> None:
    page = desk.browser(OWNER).get(ADDRESS).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    rows = desk.browser(OWNER).get(f"{ADDRESS}.csv").text.splitlines()
    assert rows[0].startswith("source,owner,steward,verdict,blocks,age_seconds")
    assert rows[1].startswith("books,olga,vera,")


@pytest.mark.parametrize("role", list(Role))
def test_names_and_rows_are_for_those_who_may_see_them(desk: Desk, role: Role) -> None:
    browser = desk.browser(PEOPLE[role])
    expected = 403 if role is Role.CLIENT else 200
    pages = [browser.get("/data"), browser.get(ADDRESS), browser.get(f"{ADDRESS}.json")]
    assert {page.status_code for page in pages} == {expected}
    may = role in {Role.OWNER, Role.BUILDER, Role.REVIEWER, Role.RISK_OFFICER}
    for page in pages[1:]:
        for name in ("secret-plan.md", "bad.pdf", "old.md", "soon.md"):
            assert (name in page.text) == may, name
    if expected == 200:
        told = pages[2].json()["sources"][0]["broken"]["list"][0]
        assert bool(told["look"]["sample"]) == may


def test_a_key_of_another_use_case_sees_nothing(desk: Desk) -> None:
    other = Principal("other", "Other", Kind.SERVICE, frozenset({Role.OWNER}))
    with desk.office.store.write() as tx:
        desk.office.store.people.add(tx, other)
    machine = desk.machine(other, use_case="elsewhere")
    assert machine.get(f"{ADDRESS}.json").status_code == 403
    assert machine.get("/data.json").json()["use_cases"] == []


def test_who_may_not_measure_keeps_no_look(desk: Desk) -> None:
    with pytest.raises(Refused):
        keep_data_look(desk.deployment, AUDITOR, SqlOutlooks(), "desk", _document(), personal=())
    with pytest.raises(Refused):
        keep_knowledge_look(desk.deployment, AUDITOR, SqlOutlooks(), "desk", Base(), _health())  # type: ignore[arg-type]


@pytest.mark.parametrize("role", list(Role))
def test_a_pair_is_dismissed_by_who_decides_reviews_alone(desk: Desk, role: Role) -> None:
    browser = desk.browser(PEOPLE[role])
    token = re.search(r'name="form_token" value="([^"]+)"', browser.get("/data").text)
    assert token is not None
    fields = {"source": "shelf", "pair": PAIR, "reason": " ", "form_token": token[1]}
    here = {"sec-fetch-site": "same-origin"}
    sent = browser.client.post(f"{ADDRESS}/dismiss", data=fields, headers=here)
    # Whoever may is told that the reason is missing: nothing is changed here.
    may = role in {Role.OWNER, Role.REVIEWER, Role.RISK_OFFICER}
    assert sent.status_code == (422 if may else 403)
    elsewhere = browser.client.post(
        f"{ADDRESS}/dismiss", data=fields, headers={"sec-fetch-site": "cross-site"}
    )
    assert elsewhere.status_code == 403


def test_an_owner_dismisses_a_pair_once(desk: Desk) -> None:
    browser, target = desk.browser(REVIEWER), f"{ADDRESS}/dismiss"
    page = browser.get(ADDRESS)
    refused = browser.submit(page, target, reason=" ")
    assert refused.status_code == 422
    assert "RW-KNOWLEDGE-070" in refused.text
    assert browser.submit(page, target, reason=f"two tariffs {HOSTILE}").status_code == 303
    again = browser.submit(page, target, reason="two tariffs")
    assert again.status_code == 409
    assert "dismissed by the-reviewer" in text_of(again.text)
    assert "<script>alert" not in again.text
    seen = desk.browser(BUILDER).get(ADDRESS)
    assert "dismissed by the-reviewer" in text_of(seen.text)
    assert target not in seen.text


def test_where_the_gate_asks_nothing_the_page_says_so_and_not_that_nothing_was_measured(
    tmp_path: Any,
) -> None:
    young = Desk(tmp_path)
    young.office.release(reply, charter=DECLARED, stage=Stage.DRAFT)
    page = young.browser(OWNER).get(f"{ADDRESS}.json").json()
    assert (page["stage"], page["requirements"]) == ("pilot", [])
    assert {one["verdict"] for one in (*page["sources"], *page["knowledge"])} == {"not asked"}
    assert "nothing asked" in text_of(young.browser(OWNER).get(ADDRESS).text)
    young.office.store.close()
