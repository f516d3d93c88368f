"""Articles in Markdown with YAML front matter.

    ---
    title: What a transfer costs
    topic: transfer_fee
    language: en
    owner: lena
    updated: 2026-03-05
    valid_until: 2026-12-31
    status: published
    facts: {fee_eur: 1.50}
    ---

    The text.

Only ``title`` is required. ``facts`` are values that no two articles may state differently.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Knowledge

MAX_BYTES = 1_000_000
MAX_ARTICLES = 20_000
_FIELDS = ("title", "topic", "language", "owner", "updated", "valid_until", "status", "facts")
_ARCHIVED = "archived"
_FRONT = re.compile(r"---[ \t]*\n(?P<head>.*?)^---[ \t]*(?:\n|\Z)(?P<text>.*)", re.DOTALL | re.MULTILINE)


def read_articles(folder: Path) -> tuple[Knowledge, ...]:
    """The articles of a folder and its subfolders by path, archived ones left out.

    Hidden files, and links that lead out of the folder, are passed over.
    Errors: ``InputProblem`` RW-KNOWLEDGE-001 with everything that is wrong in any of the files.
    """
    if not folder.is_dir():
        raise InputProblem(
            "RW-KNOWLEDGE-001",
            Problem(
                "there is no such folder",
                place=str(folder),
                hint="put the articles there, or correct `path` in charter.yaml",
            ),
        )
    files = list(_files(folder))
    if len(files) > MAX_ARTICLES:
        raise InputProblem(
            "RW-KNOWLEDGE-001",
            Problem(f"found {len(files)} articles, at most {MAX_ARTICLES} are read", place=str(folder)),
        )
    problems: list[Problem] = []
    articles = [_read(file, folder, problems) for file in files]
    if problems:
        raise InputProblem("RW-KNOWLEDGE-001", problems)
    return tuple(article for article in articles if article is not None)


def _files(folder: Path) -> Iterator[Path]:
    root = folder.resolve()
    for path in sorted(folder.rglob("*.md"), key=lambda path: path.relative_to(folder).as_posix()):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file() and path.resolve().is_relative_to(root):
            yield path


def _read(file: Path, folder: Path, problems: list[Problem]) -> Knowledge | None:
    """The article; None if it is archived or something is wrong, which is added to the problems."""
    before = len(problems)
    document = file.relative_to(folder).as_posix()
    content = _content(file, problems)
    if content is None:
        return None
    match = _FRONT.match(content)
    if match is None:
        hint = "begin the file with `---`, `title: …`, `---`"
        problems.append(Problem("found no front matter", str(file), 1, 1, hint))
        return None
    matter = _matter(match["head"], file, problems)
    if matter is None:
        return None
    article = Knowledge(
        document=document,
        title=matter.text("title", required=True),
        topic=matter.text("topic"),
        language=matter.text("language"),
        owner=matter.text("owner"),
        updated=matter.day("updated"),
        valid_until=matter.day("valid_until"),
        facts=matter.facts(),
        text=match["text"].strip(),
    )
    archived = matter.text("status") == _ARCHIVED
    matter.check_names()
    return None if archived or len(problems) > before else article


def _content(file: Path, problems: list[Problem]) -> str | None:
    try:
        if file.stat().st_size > MAX_BYTES:
            problems.append(
                Problem(f"found more than {MAX_BYTES} bytes", str(file), hint="split the article")
            )
            return None
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        hint = "save the file as UTF-8"
        problems.append(Problem(f"byte {fault.start} is not UTF-8", str(file), 1, 1, hint))
    except OSError as fault:
        problems.append(Problem(f"cannot be read: {fault.strerror}", str(file)))
    return None


def _matter(head: str, file: Path, problems: list[Problem]) -> _Matter | None:
    first = 2  # the line after the dashes
    try:
        node = yaml.compose(head, Loader=yaml.SafeLoader)
        values = yaml.safe_load(head)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        line, column = (mark.line + first, mark.column + 1) if mark else (1, 1)
        problems.append(Problem(f"not YAML: {fault.problem}", str(file), line, column))
        return None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as fault:
        problems.append(Problem(f"not YAML: {str(fault).splitlines()[0]}", str(file), 1, 1))
        return None
    if not isinstance(node, yaml.MappingNode) or not isinstance(values, dict):
        problems.append(Problem("expected fields such as `title: …`", str(file), 1, 1))
        return None
    lines = {str(key.value): key.start_mark.line + first for key, _ in node.value}
    return _Matter(values, lines, str(file), problems)


@dataclass(frozen=True, slots=True)
class _Matter:
    """Fields of a front matter. What is wrong with one is added to the problems with its line."""

    values: Mapping[Any, Any]
    lines: Mapping[str, int]
    place: str
    problems: list[Problem]

    def text(self, name: str, *, required: bool = False) -> str:
        value = self.values.get(name)
        if isinstance(value, str | int | float | bool) and str(value).strip():
            return str(value).strip()
        if value not in (None, ""):
            self._wrong(name, f"`{name}` is no text")
        elif required:
            self._wrong(name, f"`{name}` is missing")
        return ""

    def day(self, name: str) -> date | None:
        value = self.values.get(name)
        if isinstance(value, datetime):
            return value.date()
        if value is None or isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self._wrong(name, f"`{name}` is no date such as 2026-03-05")
            return None

    def facts(self) -> Mapping[str, object]:
        stated = self.values.get("facts")
        if stated is None:
            return {}
        plain = str | int | float | bool | date
        if not isinstance(stated, dict) or not all(isinstance(value, plain) for value in stated.values()):
            self._wrong("facts", "`facts` are names with one value each, such as `{fee_eur: 1.50}`")
            return {}
        return {
            str(name): str(value) if isinstance(value, date) else value for name, value in stated.items()
        }

    def check_names(self) -> None:
        """Fields of other programs are welcome; a misspelt one of ours would be a promise not kept."""
        for name in map(str, self.values):
            close = difflib.get_close_matches(name, _FIELDS, n=1, cutoff=0.8)
            if name not in _FIELDS and close:
                self._wrong(name, f"unknown field `{name}`", hint=f"did you mean `{close[0]}`?")

    def _wrong(self, name: str, message: str, *, hint: str = "") -> None:
        self.problems.append(Problem(message, self.place, self.lines.get(name, 1), 1, hint))
