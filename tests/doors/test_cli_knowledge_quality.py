"""The commands that judge knowledge, on a real installation with a small index in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.measure.knowledge.shelf import DOCUMENTS, base, document, shop
from tests.operate.office import BEN, CHARTER, SHOP, VERA, Office

import roadworthy as rw
from roadworthy.casework.vocabulary import Passage
from roadworthy.cli import knowledge_figures, knowledge_quality
from roadworthy.cli import shelves as opening
from roadworthy.errors import InputProblem, NotFound
from roadworthy.operate.outcomes import record_outcome
from roadworthy.ports.knowledge import KnowledgeSource
from roadworthy.principal import Principal

KNOWLEDGE = "knowledge: {handbook: {path: handbook, owner: olga, recall_min: 0.3, recall_at: 2}}\n"
QUESTIONS = {
    "q1": ("Do you refund returned goods?", "returns.md"),
    "q2": ("When are parcels shipped by rail?", "shipping.md"),
    "q3": ("Do I get a copy of an invoice?", "invoices.md"),
    "q4": ("I have a forgotten password", "passwords.md"),
    "q5": ("How long is the warranty on machines?", "warranty.md"),
    "q6": ("Are goods returned within thirty days?", "returns.md"),
}


async def answering(case: rw.Case, run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    found = await run.retrieve("handbook", case.data.text, top_k=2)
    reply = rw.effect("mail.reply", to=case.data.sender, body="see above")
    return rw.Decision("x", confidence=intent.confidence, because=[intent, found[0]], effects=[reply])


class Retriever:
    def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        return (Passage("returns.md", "Returns", "text", 1.0, "d", ""),)


@dataclass
class Desk:
    """An office whose charter has a knowledge source, and who sits at the command line."""

    office: Office
    base: KnowledgeSource
    who: Principal = BEN


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    office = Office(tmp_path)
    office.retrievers["handbook"] = Retriever()
    office.release(answering, charter=CHARTER + KNOWLEDGE)
    desk = Desk(office, base(shop()))

    @contextmanager
    def shelves(home: Path | None, use_case: str, release: str, *, verb: str) -> Iterator[Any]:
        charter = next(iter(office.charters.values()))
        yield office.deployment, desk.who, charter, {"handbook": desk.base}

    monkeypatch.setattr(opening, "shelves", shelves)
    monkeypatch.setenv("ROADWORTHY_HOME", str(tmp_path))
    yield desk
    office.store.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [
        {"id": name, "input": {"question": text}, "expected": {right: 1}}
        for name, (text, right) in QUESTIONS.items()
    ]
    path = tmp_path / "asked.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def kinds(desk: Desk) -> set[str]:
    with desk.office.store.read() as tx:
        return {one.kind for one in desk.office.store.evidence.measurements(tx, "desk")}


def mined(desk: Desk, *keys: str) -> None:
    for number, key in enumerate(keys):
        desk.office.submit(key, f"refund 0.9{number}", sender=f"{key.lower()}@example.com")
        desk.office.work()
        record_outcome(desk.office.deployment, SHOP, "desk", key, truth="refund", source="crm")


def test_an_evaluation_is_shown_as_data_and_judged_by_the_charter(
    desk: Desk, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = knowledge_quality.evaluate("desk", "handbook", questions=file, ablation=True, as_json=True)
    told = shown(capsys)
    assert (code, told["promise"]["kept"]) == (0, True)
    assert told["figures"]["hit"]["tests"] == 6
    assert set(told["ablation"]) == {"words", "meaning", "both"}
    assert told["unanswerable"]["held_out"] is True
    # Questions from another file are no evidence for the gate.
    assert not kinds(desk)


def test_below_the_promise_the_answer_is_no(desk: Desk, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "hard.jsonl"
    path.write_text(
        '{"id": "h", "input": {"question": "parcels by rail"}, "expected": ["warranty.md", "gone.md"]}\n',
        encoding="utf-8",
    )
    assert knowledge_quality.evaluate("desk", "handbook", questions=path) == 3
    told = capsys.readouterr().out
    assert "was not found, but shipping.md" in told
    assert "gone.md" in told
    assert "not shown" in told


def test_two_versions_are_compared_by_file_and_by_setting(
    desk: Desk, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    knowledge_quality.evaluate("desk", "handbook", questions=file, as_json=True)
    earlier = tmp_path / "earlier.json"
    earlier.write_text(capsys.readouterr().out, encoding="utf-8")
    knowledge_quality.evaluate("desk", "handbook", questions=file, against=str(earlier), as_json=True)
    same = shown(capsys)["comparison"]
    assert (same["difference"], same["questions"]) == (0.0, 6)
    knowledge_quality.evaluate("desk", "handbook", questions=file, against="means=words")
    assert "against chunk_chars=1200, embedding=letters, means=words" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("against", "code"),
    [("means=magic,colour=red", "RW-KNOWLEDGE-058"), ("chunk_chars=1", "RW-KNOWLEDGE-058"), ("bad.json", "RW-KNOWLEDGE-057")],
)  # fmt: skip
def test_a_version_that_is_none_is_refused(
    desk: Desk, file: Path, tmp_path: Path, against: str, code: str
) -> None:
    (tmp_path / "bad.json").write_text('{"questions": {"q1": {"asks": 3}}}', encoding="utf-8")
    named = str(tmp_path / against) if against.endswith(".json") else against
    with pytest.raises(InputProblem) as caught:
        knowledge_quality.evaluate("desk", "handbook", questions=file, against=named)
    assert caught.value.code == code


def test_an_index_that_is_not_built_is_not_judged(desk: Desk, file: Path) -> None:
    desk.base = base([])
    with pytest.raises(InputProblem) as caught:
        knowledge_quality.evaluate("desk", "handbook", questions=file)
    assert caught.value.code == "RW-KNOWLEDGE-059"


def test_questions_are_proposed_confirmed_listed_and_evaluated(desk: Desk, capsys: Any) -> None:
    mined(desk, "K-1", "K-2", "K-3")
    desk.who = VERA
    knowledge_quality.propose("desk", "handbook", as_json=True)
    rows = {row["key"]: row for row in shown(capsys)["proposals"]}
    assert set(rows) == {"K-1", "K-2", "K-3"}
    assert rows["K-1"]["question"] == "refund 0.90"
    knowledge_quality.confirm_question("desk", "handbook", "K-1")
    knowledge_quality.confirm_question("desk", "handbook", "K-2", document=["shipping.md=2", "returns.md"])
    knowledge_quality.reject_question("desk", "handbook", "K-3", reason="no question")
    capsys.readouterr()
    knowledge_quality.propose("desk", "handbook", as_json=True)
    after = shown(capsys)
    assert not after["proposals"]
    assert (after["counted"]["in_suite"], after["counted"]["rejected"]) == (2, 1)
    knowledge_quality.list_questions("desk", "handbook", as_json=True)
    listed = shown(capsys)["questions"]
    assert {row["question"]: row["documents"] for row in listed} == {
        "refund 0.90": {"returns.md": 1.0},
        "refund 0.91": {"shipping.md": 2.0, "returns.md": 1.0},
    }
    desk.who = BEN
    knowledge_quality.evaluate("desk", "handbook", as_json=True)
    assert {"knowledge.recall", "knowledge.ndcg", "knowledge.unanswerable"} <= kinds(desk)


def test_a_question_without_a_proposal_says_why(desk: Desk) -> None:
    desk.who = VERA
    desk.office.submit("K-9")
    desk.office.work()
    with pytest.raises(NotFound, match="nothing says that it ended well"):
        knowledge_quality.confirm_question("desk", "handbook", "K-9")
    with pytest.raises(InputProblem, match="not both"):
        knowledge_quality.confirm_question("desk", "handbook", "K-9", document=["a"], nothing=True)
    with pytest.raises(InputProblem, match="relevance"):
        knowledge_quality.confirm_question("desk", "handbook", "K-9", document=["a=much"])
    knowledge_quality.confirm_question("desk", "handbook", "K-9", nothing=True)


def test_content_of_cases_is_not_shown_to_who_may_not_read_it(desk: Desk, capsys: Any) -> None:
    mined(desk, "K-1")
    desk.who = VERA
    knowledge_quality.confirm_question("desk", "handbook", "K-1", document=["warranty.md"])
    desk.who = replace(BEN, roles=frozenset({rw_role("operator")}))
    capsys.readouterr()
    knowledge_quality.evaluate("desk", "handbook", as_json=True)
    assert "refund 0.9" not in capsys.readouterr().out


def rw_role(name: str) -> Any:
    from roadworthy.principal import Role

    return Role(name)


def test_a_drill_without_a_leak_passes_and_is_kept(desk: Desk, capsys: Any) -> None:
    desk.base = base(DOCUMENTS)
    assert knowledge_quality.leak("desk", "handbook", pairs=300, as_json=True) == 0
    told = shown(capsys)
    assert told["leaks"] == 0
    assert told["forbidden"] > 0
    assert kinds(desk) == {"knowledge.leak"}


def test_a_leak_is_a_no(desk: Desk, capsys: Any) -> None:
    desk.base = base(DOCUMENTS, sees=lambda reader, access: True)
    assert knowledge_quality.leak("desk", "handbook", pairs=300) == 3
    assert "kept/" in capsys.readouterr().out
    desk.base = base([document("a.md", "Everybody may read this sentence.")])
    assert knowledge_quality.leak("desk", "handbook", pairs=8) == 0
    assert "nothing could leak" in capsys.readouterr().out


def test_the_commands_join_the_group() -> None:
    group = typer.Typer()
    knowledge_quality.add(group)
    assert {one.name for one in group.registered_commands} == {"evaluate", "leak"}
    assert {one.name for one in group.registered_groups[0].typer_instance.registered_commands} == {  # type: ignore[union-attr]
        "list", "propose", "confirm", "reject",
    }  # fmt: skip
    assert knowledge_figures.short("a  b\nc") == "a b c"
