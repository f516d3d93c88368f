from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.measure.knowledge.shelf import TEXTS
from tests.operate.office import BEN, SHOP, Office

import roadworthy as rw
from roadworthy.casework.vocabulary import Passage
from roadworthy.errors import Refused
from roadworthy.evaluation import Cited
from roadworthy.measure.grading.groundedness import Groundedness
from roadworthy.measure.knowledge.citing import citing, groundedness
from roadworthy.ports import LoadedRelease
from roadworthy.quantities import Cost

RETURNS, WARRANTY, SHIPPING = (
    Cited(f"{name}.md", TEXTS[f"{name}.md"][2]) for name in ("returns", "warranty", "shipping")
)
GRADING = Groundedness()


def test_every_statement_is_told_with_the_citations_it_stands_in() -> None:
    answer = (
        "Goods may be returned within thirty days. The warranty on machines lasts two years. "
        "Meteorites are insured separately."
    )
    found = citing(answer, [RETURNS, WARRANTY, SHIPPING], GRADING)
    assert [one.citations for one in found.statements] == [(0,), (1,), ()]
    assert [one.grounded for one in found.statements] == [True, True, False]
    assert found.statements[2].reason
    assert found.idle == (2,)
    assert found.grounded == 2


def test_thanks_and_greetings_state_nothing() -> None:
    assert citing("Hello! Thank you for your message.", [RETURNS], GRADING).statements == ()


def test_without_a_citation_nothing_is_grounded() -> None:
    found = citing("Goods may be returned within thirty days.", [], GRADING)
    assert [(one.grounded, one.reason) for one in found.statements] == [(False, "nothing was cited")]


def test_a_figure_that_stands_nowhere_is_not_grounded() -> None:
    found = citing("Goods may be returned within 45 days.", [RETURNS], GRADING)
    assert found.statements[0].grounded is False
    assert "45" in found.statements[0].reason


def test_what_the_grader_does_not_look_at_is_not_told() -> None:
    huge = Cited("huge.md", "word " * 60_000)
    found = citing("Goods may be returned within thirty days.", [huge], GRADING)
    assert found.statements[0].grounded is None
    both = citing("Goods may be returned within thirty days.", [huge, RETURNS], GRADING)
    assert both.statements[0].grounded is True


@dataclass(frozen=True)
class Text:
    text: str


class Bookshelf:
    def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        return tuple(
            Passage(one.document, one.document, one.text, 1.0, "d", "") for one in (RETURNS, WARRANTY)
        )


class Pen:
    def write(self, task: str, facts: object) -> tuple[dict[str, str], Cost]:
        return {"text": "Goods may be returned within thirty days. Everything is free on Mondays."}, Cost(1)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    real = office.load

    def load(digest: str) -> LoadedRelease:
        return replace(real(digest), retrievers={"handbook": Bookshelf()}, writer=Pen())

    async def answering(case: rw.Case, run: rw.Run) -> rw.Decision:
        found = await run.retrieve("handbook", case.data.text) if case.data.text != "nothing" else []
        written = await run.generate("reply", Text)
        return rw.Decision(written, confidence=0.9, because=found)

    office.load = load  # type: ignore[method-assign]
    office.release(answering)
    yield office
    office.store.close()


def test_recorded_answers_give_a_share_with_an_interval_over_data_subjects(office: Office) -> None:
    for number in range(6):
        office.submit(f"K-{number}", "goods back?", sender=f"c{number}@example.com")
    office.submit("K-9", "nothing", sender="z@example.com")
    office.work()
    cases = [office.case(f"K-{number}") for number in (*range(6), 9)]
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, cases[0].subject, at=office.clock.now())
    fact = groundedness(office.deployment, BEN, cases, GRADING)
    assert fact is not None
    assert (fact.kind, fact.value, fact.n) == ("knowledge.groundedness", 0.5, 10)
    assert fact.detail["answers"] == 5
    assert fact.detail["clusters"] == 5
    assert fact.detail["idle_citations"] == 5
    assert fact.detail["left_out"] == {"erased": 1, "unreadable": 0, "no_text_or_passage": 1}
    assert fact.interval is not None
    # Ten statements of five people are no ten draws.
    assert fact.interval.high - fact.interval.low > 0.5


def test_without_an_answer_there_is_no_figure_and_not_everybody_may_ask(office: Office) -> None:
    assert groundedness(office.deployment, BEN, [], GRADING) is None
    office.submit("K-1")
    office.work()
    with pytest.raises(Refused):
        groundedness(office.deployment, SHOP, [office.case("K-1")], GRADING)
