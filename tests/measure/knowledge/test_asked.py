"""Questions of recorded cases: collected with the right to read them, gone with their data subject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.measure.knowledge.shelf import base, shop
from tests.operate.office import VERA, Office

import roadworthy as rw
from roadworthy.casework.vocabulary import Passage
from roadworthy.errors import Refused
from roadworthy.measure.knowledge.asked import gaps_of, questions_asked
from roadworthy.principal import Kind, Principal, Role


class Shelf:
    def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        return (Passage("returns.md", "Returns", "text", 1.0, "d", ""),)


async def answering(case: rw.Case, run: rw.Run) -> rw.Decision:
    found = await run.retrieve("handbook", case.data.text, top_k=3)
    return rw.Decision("answered", because=found)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    office.retrievers["handbook"] = Shelf()
    office.release(answering)
    for number, text in enumerate(["how do I buy bitcoin", "how do I buy bitcoin", "are goods returned"]):
        office.submit(f"K-{number}", text, sender=f"s{number}@example.com")
    office.work()
    yield office
    office.store.close()


def test_questions_are_collected_with_what_they_found(office: Office) -> None:
    since = office.clock.now() - timedelta(days=1)
    found = questions_asked(office.deployment, VERA, "desk", "handbook", since=since)
    assert sorted(one.text for one in found.questions) == [
        "are goods returned",
        "how do I buy bitcoin",
        "how do I buy bitcoin",
    ]
    assert found.touched == {"returns.md": 3}
    assert questions_asked(office.deployment, VERA, "desk", "other", since=since).questions == ()
    later = office.clock.now() + timedelta(days=1)
    assert questions_asked(office.deployment, VERA, "desk", "handbook", since=later).cases == 0


def test_an_erased_subject_drops_out_and_bounds_are_told(office: Office) -> None:
    since = office.clock.now() - timedelta(days=1)
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, office.case("K-0").subject, at=office.clock.now())
    found = questions_asked(office.deployment, VERA, "desk", "handbook", since=since)
    assert (len(found.questions), found.erased, found.more) == (2, 1, False)
    assert questions_asked(office.deployment, VERA, "desk", "handbook", since=since, most=1).more is True


def test_only_who_may_read_content_collects(office: Office) -> None:
    clerk = Principal("aud", "Aud", Kind.PERSON, frozenset({Role.AUDITOR}))
    with pytest.raises(Refused):
        questions_asked(office.deployment, clerk, "desk", "handbook", since=office.clock.now())


def test_what_the_source_answers_now_is_no_gap(office: Office) -> None:
    since = office.clock.now() - timedelta(days=1)
    collected = questions_asked(office.deployment, VERA, "desk", "handbook", since=since)
    found, asked = gaps_of(base(shop()), collected, now=office.clock.now())
    assert (found.asked, found.unanswered) == (3, 2)
    (gap,) = found.gaps
    assert asked[gap.medoid].text == "how do I buy bitcoin"
    blind, _ = gaps_of(replace(base(shop()), embedders=()), collected, now=office.clock.now())
    assert (blind.unread, blind.gaps) == (blind.unanswered, ())
