from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.operate import flows
from tests.operate.office import Office

import roadworthy as rw
from roadworthy.casework.vocabulary import Passage
from roadworthy.errors import Refused
from roadworthy.evaluation import Transcript
from roadworthy.measure.transcripts import transcript_of


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


def transcript(office: Office, key: str = "K-1") -> Transcript:
    with office.store.read() as tx:
        return transcript_of(office.deployment, tx, office.case(key))


def test_a_live_case_is_read_with_its_effects_and_their_reasons(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1", "refund 0.5")
    office.work()
    said = transcript(office)
    assert (said.label, said.confidence, said.output) == ("refund", 0.5, "about refund")
    assert said.effects[0].disposition == "review"
    assert "below the certified" in said.effects[0].reasons[0]
    assert said.error == ""


def test_without_a_generated_text_the_label_is_the_output(office: Office) -> None:
    office.release(flows.nothing)
    office.submit("K-1", "refund 0.9")
    office.work()
    assert transcript(office).output == "refund"


def test_passages_are_read_best_first(office: Office) -> None:
    class Shelf:
        def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
            return (
                Passage("a.md", "A", "first", 0.9, "d", ""),
                Passage("b.md", "B", "second", 0.5, "d", ""),
            )

    async def searching(case: rw.Case, run: rw.Run) -> rw.Decision:
        found = await run.retrieve("shelf", case.data.text)
        return rw.Decision("x", because=found)

    office.retrievers["shelf"] = Shelf()
    office.release(searching)
    office.submit("K-1")
    office.work()
    said = transcript(office)
    assert [(one.document, one.text, one.score) for one in said.passages] == [
        ("a.md", "first", 0.9),
        ("b.md", "second", 0.5),
    ]
    assert (said.label, said.confidence, said.output) == ("", None, None)


def test_a_call_recorded_before_arguments_were_kept_has_none(office: Office, monkeypatch: Any) -> None:
    office.release(flows.reply)
    seal = office.deployment.vault.seal

    def older(tx: Any, subject: str, value: Any) -> Any:
        kept = (
            {name: part for name, part in value.items() if name != "asked"}
            if isinstance(value, dict)
            else value
        )
        return seal(tx, subject, kept)

    monkeypatch.setattr(office.deployment.vault, "seal", older)
    office.submit("K-1")
    office.work()
    assert [(one.tool, one.arguments) for one in transcript(office).calls] == [("books.look", {})]


def test_an_erased_case_is_refused(office: Office) -> None:
    office.release(flows.reply)
    office.submit("K-1")
    office.work()
    with office.store.write() as tx:
        office.deployment.vault.erase(tx, office.case("K-1").subject, at=office.clock.now())
    with pytest.raises(Refused, match="erased"):
        transcript(office)
