"""Putting the company's data in order, on copies: what a gate that holds asks for."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import yaml

from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.example.customers import fold
from roadworthy.example.seeded import connected, same_key

PLANTED = "planted.json"
"""Beside the systems: what was planted in them, for tests. No system reads it."""

WRITTEN_FOR = date(2026, 6, 1)
"""The day from which the articles were planned: validity in the past of it is a planted defect."""

LONG_AGO = date(1970, 1, 1)
"""Stands for an article that never says when it was updated."""

_SHORT = {"road": "rd", "street": "st", "avenue": "ave", "lane": "ln", "close": "cl"}


def merge_duplicates(folder: Path) -> int:
    """Write ``crm.repaired.sqlite`` with one record per customer; answers how many were merged away.

    Two records are one customer if their e-mail agrees, or name, postcode and street do, after case,
    spelling of umlauts, abbreviations and tags are evened out. The oldest record stays and takes
    over what it lacks; table ``merge`` says which record went where, so that it can be undone.
    ``crm.sqlite`` is not changed. Run twice it writes the same copy again.
    Errors: ``NotFound`` RW-EXAMPLE-001 if the folder has no CRM.
    """
    original, copy = folder / "crm.sqlite", folder / "crm.repaired.sqlite"
    if not original.is_file():
        raise NotFound(
            "RW-EXAMPLE-001",
            Problem("no CRM of the example company lies here", place=str(folder)),
            hint="build the company first",
        )
    copy.unlink(missing_ok=True)
    shutil.copyfile(original, copy)
    with closing(sqlite3.connect(copy)) as crm, crm:
        crm.row_factory = sqlite3.Row
        rows = crm.execute("select * from customer order by id").fetchall()
        crm.execute("create table merge (record_id text primary key, into_id text not null)")
        merged = 0
        for group in _same_customer(rows):
            merged += len(group) - 1
            _merge(crm, [rows[place] for place in group])
    return merged


def true_duplicates(folder: Path) -> tuple[tuple[str, ...], ...]:
    """Ids of the records that really name one customer, a tuple per customer with more than one.

    Errors: ``NotFound`` RW-EXAMPLE-001 if no company was built here.
    """
    try:
        planted = json.loads((folder / PLANTED).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(
            "RW-EXAMPLE-001",
            Problem("no example company was built here", place=str(folder)),
            hint="build the company first",
        ) from None
    return tuple(tuple(group) for group in planted["duplicates"])


def archive_stale(knowledge: Path, *, today: date = WRITTEN_FOR) -> int:
    """Archive the articles whose validity ended before ``today``; answers how many that were.

    Works in place, so give it a copy of the shipped folder. Run twice the second time finds none.
    Errors: ``InputProblem`` RW-EXAMPLE-002 for articles without readable front matter, all at once
    and before any is changed.
    """
    articles, problems = [], []
    for path in sorted(knowledge.glob("*.md")):
        try:
            articles.append((path, *read_article(path)))
        except ValueError as problem:
            problems.append(Problem(str(problem), place=str(path)))
    if problems:
        raise InputProblem("RW-EXAMPLE-002", problems)
    archived = 0
    for path, matter, body in articles:
        until = matter.get("valid_until")
        if isinstance(until, date) and until < today and matter.get("status") != "archived":
            head = yaml.safe_dump({**matter, "status": "archived"}, allow_unicode=True, sort_keys=False)
            path.write_text(f"---\n{head}---\n{body}", encoding="utf-8")
            archived += 1
    return archived


def read_article(path: Path) -> tuple[dict[str, object], str]:
    """Front matter and body of an article. Errors: ``ValueError`` where it has no front matter."""
    opening, _, rest = path.read_text(encoding="utf-8").partition("---\n")
    head, fence, body = rest.partition("\n---\n")
    try:
        matter = yaml.safe_load(head) if fence and not opening.strip() else None
    except yaml.YAMLError:
        matter = None
    if not isinstance(matter, dict):
        raise ValueError("expected front matter in YAML between two lines of `---`")
    return matter, body


def _same_customer(rows: Sequence[sqlite3.Row]) -> list[list[int]]:
    emails = [_email_key(row["email"]) for row in rows]
    addresses = [_address_key(row["name"], row["postcode"], row["street"]) for row in rows]
    return connected(len(rows), [*same_key(emails), *same_key(addresses)])


def _merge(crm: sqlite3.Connection, group: Sequence[sqlite3.Row]) -> None:
    stays, *others = group
    for row in others:
        crm.execute("delete from customer where id = ?", (row["id"],))
        crm.execute("insert into merge values (?, ?)", (row["id"], stays["id"]))
    phone = next((row["phone"] for row in group if row["phone"]), "")
    crm.execute("update customer set phone = ? where id = ?", (phone, stays["id"]))


def _email_key(email: str) -> str | None:
    local, at, domain = email.strip().casefold().partition("@")
    return f"{local.partition('+')[0]}@{domain}" if at else None


def _address_key(name: str, postcode: str, street: str) -> tuple[str, str, str] | None:
    words = (_SHORT.get(word, word) for word in re.findall(r"[a-z0-9]+", fold(street)))
    key = (_letters(name), _letters(postcode), "".join(words).replace("strasse", "str"))
    return key if all(key) else None


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(text))
