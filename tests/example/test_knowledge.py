"""The help centre and the reply templates, planted defects included."""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from roadworthy.errors import InputProblem
from roadworthy.example import company
from roadworthy.example.repairs import read_article

TODAY = date(2026, 6, 1)
SUPPORT = Path(company.__file__).with_name("support")
INTENTS = {message.intent for message in company.messages(seed=7)} - {"out_of_scope", "hostile"}


def articles(folder: Path = SUPPORT / "knowledge") -> dict[str, tuple[dict[str, object], str]]:
    return {path.name: read_article(path) for path in sorted(folder.glob("*.md"))}


def test_every_intent_has_an_article_in_both_languages_and_they_are_complete() -> None:
    found = articles()
    assert len(found) >= 44
    for language in ("en", "de"):
        topics = {matter["topic"] for matter, _ in found.values() if matter["language"] == language}
        assert topics == INTENTS
    fields = {"title", "topic", "language", "owner", "updated", "valid_until", "status", "facts"}
    for name, (matter, body) in found.items():
        assert set(matter) == fields, name
        assert 60 <= len(body.split()) <= 130, name
    assert len({matter["title"] for matter, _ in found.values()}) == len(found)


def test_a_stated_fact_stands_in_the_text() -> None:
    for name, (matter, body) in articles().items():
        numbers = {float(number.replace(",", ".")) for number in re.findall(r"\d+(?:[.,]\d+)?", body)}
        facts = matter["facts"]
        assert isinstance(facts, dict)
        assert set(map(float, facts.values())) <= numbers, name


def test_six_articles_are_stale_and_four_facts_are_contradicted() -> None:
    found = articles()
    stale = [
        name
        for name, (matter, _) in found.items()
        if isinstance(matter["valid_until"], date) and matter["valid_until"] < TODAY
    ]
    assert len(stale) == 6
    stated = defaultdict(lambda: defaultdict(list))
    for name, (matter, _) in found.items():
        for fact, value in dict(matter["facts"]).items():  # type: ignore[call-overload]
            stated[matter["topic"], fact][value].append(name)
    disputed = {fact: values for (_, fact), values in stated.items() if len(values) > 1}
    assert set(disputed) == {"delivery_days", "atm_fee_eur", "return_days", "refund_window_days"}
    assert all(len(values) == 2 for values in disputed.values())
    assert not {name for values in disputed.values() for names in values.values() for name in names} & set(
        stale
    )
    topics = defaultdict(set)
    for topic, fact in stated:
        topics[fact].add(topic)
    assert all(len(found) == 1 for found in topics.values()), "one fact belongs to one topic"


def test_stale_articles_are_archived_once_in_a_copy(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(SUPPORT / "knowledge", tmp_path / "knowledge"))
    assert company.archive_stale(copy) == 6
    assert company.archive_stale(copy) == 0
    after, before = articles(copy), articles()
    archived = [name for name, (matter, _) in after.items() if matter["status"] == "archived"]
    assert len(archived) == 6
    assert all(
        after[name] == ({**before[name][0], "status": after[name][0]["status"]}, before[name][1])
        for name in before
    )


def test_articles_without_front_matter_are_all_named_before_any_is_changed(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(SUPPORT / "knowledge", tmp_path / "knowledge"))
    for name in ("zz-one.md", "zz-two.md"):
        (copy / name).write_text("No front matter here.\n", encoding="utf-8")
    with pytest.raises(InputProblem) as caught:
        company.archive_stale(copy)
    assert [Path(problem.place).name for problem in caught.value.problems] == ["zz-one.md", "zz-two.md"]
    assert (copy / "atm-fee.md").read_bytes() == (SUPPORT / "knowledge" / "atm-fee.md").read_bytes()
    assert (copy / "no-foreign-fee-summer-2025.md").read_text(encoding="utf-8").count("archived") == 0


def test_every_intent_has_a_reply_in_both_languages() -> None:
    replies = json.loads((SUPPORT / "replies.json").read_text(encoding="utf-8"))
    assert replies.keys() == INTENTS
    for by_language in replies.values():
        assert by_language.keys() == {"en", "de"}
        for template in by_language.values():
            assert set(re.findall(r"{(.*?)}", template)) == {"name", "article"}
            filled = template.format(name="Isla", article="What a cash withdrawal costs")
            assert "Isla" in filled
