"""Articles: read with their front matter, every fault with its file and line."""

from datetime import date
from importlib import resources
from pathlib import Path

import pytest

from roadworthy.adapters.markdown import read_articles
from roadworthy.errors import InputProblem

FULL = """---
title: "Fees: cash"
topic: fee
language: en
owner: lena
updated: 2026-03-05
valid_until: 2026-12-31
status: published
tags: [money]
facts: {fee_eur: 1.50, day: 2026-01-01}
---

Cash costs.

---
Not front matter.
"""


def test_an_article_has_what_its_front_matter_says(tmp_path: Path) -> None:
    (tmp_path / "money").mkdir()
    (tmp_path / "money" / "fees.md").write_text(FULL)
    (article,) = read_articles(tmp_path)
    assert article.document == "money/fees.md"
    assert (article.title, article.topic, article.language, article.owner) == (
        "Fees: cash",
        "fee",
        "en",
        "lena",
    )
    assert (article.updated, article.valid_until) == (date(2026, 3, 5), date(2026, 12, 31))
    assert article.facts == {"fee_eur": 1.5, "day": "2026-01-01"}
    assert article.text == "Cash costs.\n\n---\nNot front matter."


def test_only_the_title_is_required(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(
        b"\xef\xbb\xbf---\r\ntitle: A\r\nvalid_until:\r\nupdated: 2026-03-05 10:00:00\r\n---\r\n"
    )
    (article,) = read_articles(tmp_path)
    assert (article.title, article.owner, article.valid_until, article.text) == ("A", "", None, "")
    assert article.updated == date(2026, 3, 5)


def test_archived_hidden_and_foreign_files_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "x.md").write_text("no article")
    (folder / ".x.md").write_text("no article")
    (folder / "notes.txt").write_text("no article")
    (folder / "old.md").write_text("---\ntitle: Old\nstatus: archived\n---\nx")
    (tmp_path / "secret.md").write_text("---\ntitle: Secret\n---\nx")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "new.md").write_text("---\ntitle: New\n---\nx")
    (folder / "same.md").symlink_to(folder / "new.md")
    assert [article.document for article in read_articles(folder)] == ["new.md", "same.md"]


def test_all_faults_of_all_files_are_told_with_their_lines(tmp_path: Path) -> None:
    faults = {
        "a.md": "no front matter",
        "b.md": "---\ntitle: [\n---\n",
        "c.md": "---\n- title\n---\n",
        "d.md": "---\ntopic: x\nupdated: soon\nvalid_untl: 2026-01-01\nfacts: {a: [1]}\n---\n",
        "f.md": "---\ntitle: {a: b}\nstatus: archived\n---\n",
        "g.md": "---\ntitle: A\nupdated: 2026-02-31\n---\n",
    }
    for name, text in faults.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "e.md").write_bytes(b"---\ntitle: \xff\n---\n")
    (tmp_path / "h.md").write_bytes(b"x" * 1_000_001)
    with pytest.raises(InputProblem) as caught:
        read_articles(tmp_path)
    assert caught.value.code == "RW-KNOWLEDGE-001"
    told = [(Path(problem.place).name, problem.line, problem.message) for problem in caught.value.problems]
    assert told == [
        ("a.md", 1, "found no front matter"),
        ("b.md", 3, "not YAML: expected the node content, but found '<stream end>'"),
        ("c.md", 1, "expected fields such as `title: …`"),
        ("d.md", 1, "`title` is missing"),
        ("d.md", 3, "`updated` is no date such as 2026-03-05"),
        ("d.md", 5, "`facts` are names with one value each, such as `{fee_eur: 1.50}`"),
        ("d.md", 4, "unknown field `valid_untl`"),
        ("e.md", 1, "byte 11 is not UTF-8"),
        ("f.md", 2, "`title` is no text"),
        ("g.md", 1, "not YAML: day is out of range for month"),
        ("h.md", 0, "found more than 1000000 bytes"),
    ]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputProblem, match="there is no such folder; put the articles there"):
        read_articles(tmp_path / "knowledge")


def test_the_example_can_be_read() -> None:
    folder = Path(str(resources.files("roadworthy") / "example" / "support" / "knowledge"))
    articles = read_articles(folder)
    assert {article.language for article in articles} == {"en", "de"}
    assert all(article.topic and article.owner and article.updated for article in articles)
