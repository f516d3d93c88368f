"""The rows of a query as documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from roadworthy.errors import InputProblem, Problem
from roadworthy.knowledge import Access, Block, Document, Finding
from roadworthy.knowledge.draft import Draft, Surroundings, completed, head_findings, refused
from roadworthy.knowledge.head import NAMES, read_head
from roadworthy.placed import Page, near
from roadworthy.ports import SourceReader
from roadworthy.ports.knowledge import Listed
from roadworthy.quantities import digest_of

MOST_ROWS: Final = 100_000
_LONGEST: Final = 2_000_000
_REQUIRED = ("name", "title", "text")
_PARAGRAPHS = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


class RowsSource:
    """Each row of a query is a document: `name`, `title`, `text`, and of what a head may state whatever is there.

    A row's stamp is its digest. The rows of the last listing are kept until the next, so that a document is what it
    was when it was listed.
    """

    def __init__(
        self, rows: SourceReader, sql: str, *, access: Access, pseudonym: Callable[[str], str]
    ) -> None:
        self._rows = rows
        self._sql = sql
        self._access = access
        self._pseudonym = pseudonym
        self._listed: dict[str, Mapping[str, Any]] | None = None

    def listing(self) -> Iterator[Listed | Finding]:
        """The port. Errors also: ``InputProblem`` RW-KNOWLEDGE-013 for columns that are missing or misspelt."""
        found = self._rows.rows(self._sql, limit=MOST_ROWS + 1)
        if found:
            _check(found[0])
        findings: list[Finding] = []
        listed: dict[str, Mapping[str, Any]] = {}
        alike: dict[str, str] = {}
        for number, row in enumerate(found[:MOST_ROWS], start=1):
            name = " ".join(str(row["name"] if row["name"] is not None else "").split())[:500]
            if not name:
                findings.append(Finding("head", "", "a row has no `name` and is left out", f"row {number}"))
            elif (first := alike.setdefault(name.casefold(), name)) != name or name in listed:
                said = (
                    "another row has this name"
                    if first == name
                    else f"`{first}` has the same name but for case"
                )
                findings.append(
                    Finding("repeated-name", name, f"a row is left out: {said}", f"row {number}")
                )
            else:
                listed[name] = row
        if len(found) > MOST_ROWS:
            findings.append(Finding("too-large", "", f"read the first {MOST_ROWS} rows of the query"))
        self._listed = listed
        return self._told(listed, findings)

    def _told(
        self, listed: Mapping[str, Mapping[str, Any]], findings: list[Finding]
    ) -> Iterator[Listed | Finding]:
        access = self._access.digest
        for name in sorted(listed):
            content = {str(column): _spelt(value) for column, value in listed[name].items()}
            yield Listed(name, digest_of([content, access]).removeprefix("sha256:")[:32])
        yield from findings

    def read(self, name: str) -> Document | tuple[Finding, ...]:
        if self._listed is None:
            list(self.listing())
        row = (self._listed or {}).get(name)
        if row is None:
            return (Finding("unread", name, "went away before it could be read"),)
        text = "" if row["text"] is None else row["text"]
        if not isinstance(text, str):
            return (Finding("broken", name, "`text` is no text"),)
        if len(text) > _LONGEST:
            return (
                Finding(
                    "too-large", name, f"has {len(text)} characters, at most {_LONGEST} are read of a row"
                ),
            )
        page = Page("")
        head = read_head({column: row[column] for column in row if column in NAMES}, page)
        around = Surroundings(self._access, self._pseudonym)
        if page.problems:
            return refused(head_findings(name, page.problems, head.subjects), around)
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        blocks = [Block("paragraph", part) for part in _PARAGRAPHS.split(lines) if part.strip()]
        return completed(name, Draft(blocks, head), around)


def _check(row: Mapping[str, Any]) -> None:
    """A misspelt column would be a promise not kept, for every row of the query."""
    columns = [str(column) for column in row]
    problems = [
        Problem(
            f"the query has no column `{name}`",
            hint=f"it has {', '.join(columns)[:300]}; rename one with `as`",
        )
        for name in _REQUIRED
        if name not in columns
    ]
    problems += [
        Problem(f"unknown column `{column}`", hint=hint)
        for column in columns
        if column not in (*NAMES, *_REQUIRED) and (hint := near(column, NAMES)).startswith("did you mean")
    ]
    if problems:
        raise InputProblem("RW-KNOWLEDGE-013", problems)


def _spelt(value: object) -> object:
    if isinstance(value, bool | str) or value is None:
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
    if isinstance(value, list | tuple | set | frozenset):
        return [
            str(one) for one in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)
        ]
    return (
        f"{type(value).__name__}:{value}" if isinstance(value, date | Decimal | int | float) else str(value)
    )
