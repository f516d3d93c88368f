"""Lineage leads from data to effects and back, and forgets with the person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.operate.office import OLGA, RITA, SHOP, VERA, Office
from tests.operate.watching.cases import SECRET

import roadworthy as rw
from roadworthy.casework.vocabulary import Passage
from roadworthy.errors import InputProblem, NotFound, Refused
from roadworthy.operate.erasing import erase_person
from roadworthy.operate.watching.lineage import decisions_that_used, lineage_of_case, prov_of_case
from roadworthy.ports import LoadedRelease
from roadworthy.ports.knowledge import Forgotten

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64


class Shelf:
    """Finds the same two documents for every question."""

    digest = OLD

    def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        return (
            Passage("returns.md", "Returns", f"text {SECRET}", 0.9, self.digest, "2026-01-01"),
            Passage("returns.md", "Returns", "another passage", 0.8, self.digest, "2026-01-01"),
            Passage("mail of ada.eml", "Mail", "x", 0.7, "sha256:" + "c" * 64, "2026-01-01"),
        )


class Library(Office):
    """The office with a shelf."""

    shelf = Shelf()

    def load(self, digest: str) -> LoadedRelease:
        return replace(super().load(digest), retrievers={"kb": self.shelf})


async def look_up(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    found = await run.retrieve("kb", case.data.text)
    await run.call("books.look", sender=case.data.sender)
    return rw.Decision(
        "answered", confidence=intent.confidence, because=[intent, *found],
        effects=[rw.effect("mail.reply", to=case.data.sender, body=found[0].text)],
    )  # fmt: skip


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path)
    library.release(look_up)
    yield library
    library.store.close()


def test_a_case_tells_its_way_from_data_to_effect(library: Library) -> None:
    library.submit("C-1")
    library.work()
    told = lineage_of_case(library.deployment, RITA, "C-1")
    case, (effect,) = library.case("C-1"), library.effects("C-1")
    ways = {(edge["relation"], edge["from"], edge["to"]) for edge in told["edges"]}
    assert {
        ("used", f"input:{case.input}", f"case:{case.id}"),
        ("used", "model:intent", "step:0"),
        ("used", "document:returns.md", "step:1"),
        ("used", "tool:books.look", "step:2"),
        ("generated", "step:1", f"decision:{case.id}"),
        ("decided", f"decision:{case.id}", f"effect:{effect.id}"),
        ("caused", f"effect:{effect.id}", "tool:mail.reply"),
    } <= ways
    assert SECRET not in json.dumps(told)
    assert len([edge for edge in told["edges"] if edge["from"] == "document:returns.md"]) == 1


def test_which_decisions_used_this_document_is_answered_by_name_by_version_and_by_digest(
    library: Library,
) -> None:
    library.submit("C-1")
    library.work()
    library.shelf.digest = NEW
    library.later(seconds=1)
    library.submit("C-2")
    library.work()
    library.shelf.digest = OLD

    def cases(name: str, version: str = "") -> list[str]:
        told = decisions_that_used(library.deployment, RITA, name, version=version)
        return [use["case"]["key"] for use in told["uses"]]

    assert cases("returns.md") == ["C-2", "C-1"]
    assert cases("returns.md", OLD) == ["C-1"]
    assert cases(NEW) == ["C-2"]
    (use,) = decisions_that_used(library.deployment, RITA, NEW)["uses"]
    assert use["decided"]
    assert [(one["tool"], one["state"]) for one in use["effects"]] == [("mail.reply", "confirmed")]
    assert [
        use["step"] for use in decisions_that_used(library.deployment, RITA, "intent", kind="model")["uses"]
    ] == [0, 0]


def test_what_nothing_used_and_what_no_step_uses_is_said(library: Library) -> None:
    with pytest.raises(NotFound) as caught:
        decisions_that_used(library.deployment, RITA, "none.md")
    assert caught.value.code == "RW-LINEAGE-002"
    for kind, name in (("effect", "x"), ("document", "")):
        with pytest.raises(InputProblem) as wrong:
            decisions_that_used(library.deployment, RITA, name, kind=kind)
        assert wrong.value.code == "RW-LINEAGE-001"
    with pytest.raises(Refused):
        decisions_that_used(library.deployment, SHOP, "returns.md")


def test_a_key_of_another_use_case_sees_nothing(library: Library) -> None:
    library.submit("C-1")
    library.work()
    bound = replace(VERA, use_case="elsewhere")
    assert decisions_that_used(library.deployment, bound, "returns.md")["uses"] == []


def test_edges_are_written_once_however_often_the_segment_runs(library: Library) -> None:
    class Killed(Exception):
        pass

    def die() -> None:
        raise Killed

    library.tools["books.look"].before = die
    library.submit("C-1")
    library.work()
    library.tools["books.look"].before = lambda: None
    library.work()
    with library.store.read() as tx:
        edges = library.store.lineage.of_case(tx, library.case("C-1").id)
    assert len({(edge.ordinal, edge.place) for edge in edges}) == len(edges)
    assert [edge.source for edge in edges if edge.ordinal == 1] == [
        "document:returns.md",
        "document:mail of ada.eml",
    ]


def test_erasing_a_person_drops_the_edges_of_their_cases_and_of_their_documents(library: Library) -> None:
    library.submit("C-1", sender="ada@example.com")
    library.submit("C-2", sender="bob@example.com")
    library.work()
    erase_person(
        library.deployment, OLGA, "ada@example.com",
        indexes=lambda subject: Forgotten(("mail of ada.eml",), 1),
    )  # fmt: skip
    uses = decisions_that_used(library.deployment, RITA, "returns.md")["uses"]
    assert [use["case"]["key"] for use in uses] == ["C-2"]
    with pytest.raises(NotFound):
        decisions_that_used(library.deployment, RITA, "mail of ada.eml")
    assert "mail of ada" not in json.dumps(lineage_of_case(library.deployment, RITA, "C-2"))


def test_prov_json_names_every_end_of_every_relation(library: Library) -> None:
    library.submit("C-1")
    library.work()
    told = prov_of_case(library.deployment, RITA, "C-1")
    named = {name for bucket in ("entity", "activity", "agent") for name in told[bucket]}
    for bucket, relations in told.items():
        if bucket in {"prefix", "entity", "activity", "agent"}:
            continue
        for relation in relations.values():
            ends = [value for key, value in relation.items() if key.startswith("prov:")]
            assert len(ends) == 2
            assert set(ends) <= named
    assert set(told) >= {"used", "wasGeneratedBy", "wasAssociatedWith", "wasDerivedFrom"}
