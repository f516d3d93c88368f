"""What ``.knowledge.yaml`` states about the documents of its folder and of the folders below.

    defaults:
      owner: lena
      access: [support]
      class: internal
      valid_days: 365
    files:
      "prices/*.pdf": {access: [sales], language: de}
      "old-*.md": {status: archived}

A file deeper down stands above one further up. Of two patterns that fit, the one with more letters stands above.
``*`` stands for anything within a name, ``**`` for folders too.
"""

from __future__ import annotations

import errno
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from roadworthy.errors import InputProblem, Unavailable
from roadworthy.knowledge.head import Head, read_head
from roadworthy.placed import Page, near

FILE: Final = ".knowledge.yaml"
_MOST_FOLDERS: Final = 200_000
_MOST_PATTERNS: Final = 500
_MOST_PROBLEMS: Final = 100
_CLOSE = re.compile(r"[._]?knowledge\.ya?ml")
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR})
_EXPECTED = "expected `defaults` or `files`"


class Effective(NamedTuple):
    """What folders state about one document: about all around it, and about it by name."""

    inherited: Head
    named: Head


@dataclass(frozen=True, slots=True)
class _Stated:
    defaults: Head
    files: tuple[tuple[str, re.Pattern[str], Head], ...]


class FolderHeads:
    """The heads of a folder and of all folders below, read at once.

    Errors: ``InputProblem`` RW-KNOWLEDGE-010 with everything that is wrong in any of them.
    """

    def __init__(self, root: Path) -> None:
        self._by_folder: dict[str, _Stated] = {}
        self._fitted: set[tuple[str, str]] = set()
        pages: list[Page] = []
        found, self.misspelt = _with_a_head(root)
        """Files that look as if they were meant for one, by path."""
        for folder in found:
            page = Page(f"{folder}/{FILE}" if folder else FILE)
            pages.append(page)
            self._by_folder[folder] = _read(root / folder / FILE, page)
        problems = [problem for page in pages for problem in page.in_order(_MOST_PROBLEMS)]
        if problems:
            raise InputProblem("RW-KNOWLEDGE-010", problems[:_MOST_PROBLEMS])

    def of(self, name: str) -> Effective:
        """What is stated about a document, by its path below the root."""
        if not self._by_folder:
            return Effective(Head(), Head())
        inherited, named = Head(), Head()
        parts = name.split("/")
        for depth in range(len(parts)):
            stated = self._by_folder.get("/".join(parts[:depth]))
            if stated is None:
                continue
            inherited = stated.defaults.over(inherited)
            below = _composed("/".join(parts[depth:]))
            for glob, pattern, head in stated.files:
                # A pattern without a folder is about files of that name in every folder below.
                if pattern.fullmatch(below) or (
                    "/" not in glob and pattern.fullmatch(_composed(parts[-1]))
                ):
                    named = head.over(named)
                    self._fitted.add(("/".join(parts[:depth]), glob))
        return Effective(inherited, named)

    def idle(self) -> list[tuple[str, str]]:
        """Patterns that fitted none of the names asked for so far, each with the path of its file."""
        return [
            (f"{folder}/{FILE}" if folder else FILE, glob)
            for folder, stated in sorted(self._by_folder.items())
            for glob, _, _ in stated.files
            if (folder, glob) not in self._fitted
        ]


def _composed(text: str) -> str:
    """Letters with their accents as one, whichever way a system or an editor wrote them (NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _with_a_head(root: Path) -> tuple[list[str], list[str]]:
    """Folders that hold such a file, by path, and files whose names come close. Links are not followed, hidden folders passed over."""
    found: list[str] = []
    close: list[str] = []
    todo, seen = [""], 0
    while todo:
        folder = todo.pop()
        seen += 1
        if seen > _MOST_FOLDERS:
            raise InputProblem("RW-KNOWLEDGE-010", f"found more than {_MOST_FOLDERS} folders")
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    if entry.name == FILE:
                        found.append(folder)
                    elif _CLOSE.fullmatch(unicodedata.normalize("NFKC", entry.name).casefold()):
                        close.append(f"{folder}/{entry.name}" if folder else entry.name)
                    elif not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                        todo.append(f"{folder}/{entry.name}" if folder else entry.name)
        except OSError as fault:
            # The listing tells of a folder that nobody may look into. Of any other it is not known what it states.
            if fault.errno not in _CLOSED:
                raise Unavailable(
                    "RW-KNOWLEDGE-012",
                    f"the documents are out of reach: {os.strerror(fault.errno or 0).lower()}",
                    retry_is_safe=True,
                    hint="what is indexed stays; try again once the folder is back",
                ) from None
    return sorted(found), sorted(close)


def _read(path: Path, page: Page) -> _Stated:
    nothing = _Stated(Head(), ())
    try:
        if path.is_symlink() or not path.is_file():
            page.say("expected a file that is no link", place=(1, 1))
            return nothing
        with path.open("rb") as file:
            content = file.read(200_001)
    except OSError as fault:
        page.say(f"cannot be read: {os.strerror(fault.errno or 0).lower()}", place=(1, 1))
        return nothing
    values = page.read(content, expected=_EXPECTED)
    if values is None:
        return nothing
    for name in values:
        if name not in ("defaults", "files"):
            page.say(f"unknown field `{name}`", (name,), near(name, ("defaults", "files")))
    return _Stated(_head(values.get("defaults"), page, ("defaults",)), _patterns(values.get("files"), page))


def _head(values: object, page: Page, path: tuple[str, ...]) -> Head:
    if values is None:
        return Head()
    if not isinstance(values, Mapping):
        page.say("expected fields such as `owner: …`", path)
        return Head()
    if "facts" in values:
        page.say(
            "`facts` are those of one document", (*path, "facts"), "state them in its own front matter"
        )
    return read_head(values, page, path)


def _patterns(values: object, page: Page) -> tuple[tuple[str, re.Pattern[str], Head], ...]:
    if values is None:
        return ()
    if not isinstance(values, Mapping) or len(values) > _MOST_PATTERNS:
        page.say(
            f'expected at most {_MOST_PATTERNS} patterns with fields, such as `"*.pdf": {{owner: lena}}`',
            ("files",),
        )
        return ()
    found = []
    for glob, stated in values.items():
        if glob.count("*") > 8 or len(glob) > 300:
            page.say(f"`{glob}` has more than 8 stars or 300 letters", ("files", glob))
            continue
        found.append((glob, _pattern(glob), _head(stated, page, ("files", glob))))
    return tuple(sorted(found, key=lambda each: (len(each[0].replace("*", "")), each[0])))


def _pattern(glob: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    spelt = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(spelt.get(part) or re.escape(_composed(part)) for part in parts), re.DOTALL)
