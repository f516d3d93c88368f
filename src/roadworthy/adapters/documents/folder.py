"""The files of a folder as documents."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from pathlib import Path, PurePosixPath
from typing import Final

from roadworthy.adapters.documents.heads import FILE, FolderHeads
from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.knowledge import Access, Document, Finding
from roadworthy.knowledge.draft import Surroundings, completed, quoted, refused
from roadworthy.ports.knowledge import DocumentReader, Listed
from roadworthy.quantities import digest_of

MOST_DOCUMENTS: Final = 1_000_000
READING: Final = 2
"""Raised with every change of what readers understand: then every document is read again."""
_DEEPEST: Final = 50
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})
_OUT_OF_REACH = frozenset({errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EMFILE, errno.ENFILE})  # fmt: skip


class FolderSource:
    """A folder with its subfolders. Hidden files are passed over, links are told and not followed.

    ``readers`` understand kinds of files by the ending of their names. Nothing is read to list: a stamp is size,
    time of change, and what is stated about the file around it.
    """

    def __init__(
        self,
        root: Path,
        readers: Sequence[DocumentReader],
        *,
        access: Access,
        pseudonym: Callable[[str], str],
    ) -> None:
        self._root = root
        self._readers: Mapping[str, tuple[DocumentReader, int]] = {
            kind: (reader, most) for reader in readers for kind, most in reader.kinds.items()
        }
        self._access = access
        self._pseudonym = pseudonym
        self._heads: FolderHeads | None = None

    def listing(self) -> Iterator[Listed | Finding]:
        """The port. Errors also: ``Unavailable`` RW-KNOWLEDGE-012 where a folder went out of reach in the middle."""
        if not self._root.is_dir():
            raise InputProblem(
                "RW-KNOWLEDGE-001",
                Problem(
                    "there is no such folder",
                    place=str(self._root),
                    hint="put the documents there, or correct `path` in charter.yaml",
                ),
            )
        self._heads = FolderHeads(self._root)
        return self._listed(self._heads)

    def _listed(self, heads: FolderHeads) -> Iterator[Listed | Finding]:
        unknown: Counter[str] = Counter()
        common: dict[str, str] = {}
        for each in heads.misspelt:
            yield Finding("head", each, f"is not read: what is stated about documents stands in `{FILE}`")
        for number, (name, entry) in enumerate(self._files()):
            stated = heads.of(name)
            if isinstance(entry, Finding):
                yield entry
                continue
            kind = PurePosixPath(name).suffix.lower()
            if kind not in self._readers:
                unknown[kind] += 1
                continue
            if number >= MOST_DOCUMENTS:
                yield Finding(
                    "too-large", "", f"found more than {MOST_DOCUMENTS} files: the others are left alone"
                )
                return
            if entry.st_size > self._readers[kind][1]:
                yield _too_large(name, entry.st_size, self._readers[kind][1])
                continue
            key = str(stated)
            if key not in common:
                common[key] = digest_of(
                    [stated.inherited.as_json(), stated.named.as_json(), self._access.digest, READING]
                ).removeprefix("sha256:")[:16]
            yield Listed(name, f"{entry.st_size}-{entry.st_mtime_ns}-{common[key]}")
        for path, glob in heads.idle():
            yield Finding("head", path, f"the pattern `{quoted(glob)}` fits no file: it states nothing")
        for kind, times in sorted(unknown.items()):
            called = f"of the kind `{quoted(kind)}`" if kind else "without an ending"
            yield Finding("unknown-kind", "", f"{times} files {called} are not read")

    def read(self, name: str) -> Document | tuple[Finding, ...]:
        reader, most = self._readers.get(PurePosixPath(name).suffix.lower(), (None, 0))
        if reader is None or not _is_plain(name):
            return (Finding("unread", name, "is no document of this folder"),)
        data = self._bytes(name, most)
        if isinstance(data, Finding):
            return (data,)
        if self._heads is None:
            self._heads = FolderHeads(self._root)
        stated = self._heads.of(name)
        around = Surroundings(self._access, self._pseudonym, stated.inherited, stated.named)
        try:
            draft = reader.read(name, data)
            if isinstance(draft, tuple):
                return refused(draft, around)
            return completed(name, draft, around)
        except (InputProblem, Unavailable):
            raise
        except Exception as fault:  # noqa: BLE001 - one document that no reader foresaw stops no other
            return refused([Finding("broken", name, f"cannot be read: {type(fault).__name__}")], around)

    def _files(self) -> Iterator[tuple[str, os.stat_result | Finding]]:
        """Every file in the order of names, with what is known of it without reading."""
        root = self._root.resolve()
        todo: list[tuple[str, os.stat_result | Finding | None]] = [("", None)]
        while todo:
            name, known = todo.pop()
            if known is not None:
                yield name, known
                continue
            if name.count("/") >= _DEEPEST:
                yield name, Finding("unread", name, f"lies deeper than {_DEEPEST} folders")
                continue
            todo += reversed(self._entries(root, name))

    def _entries(self, root: Path, folder: str) -> list[tuple[str, os.stat_result | Finding | None]]:
        """What one folder holds, in the order of whole names; None stands for a folder."""
        try:
            with os.scandir(root / folder) as there:
                entries = [entry for entry in there if not entry.name.startswith(".")]
        except OSError as fault:
            return [(folder, _trouble(folder, fault))]
        # `a-b.md` stands before `a/b.md`, as their whole names do.
        found = [(entry, entry.is_dir(follow_symlinks=False)) for entry in entries]
        found.sort(key=lambda each: each[0].name + "/" * each[1])
        seen: dict[str, str] = {}
        known: list[tuple[str, os.stat_result | Finding | None]] = []
        for entry, is_folder in found:
            name = f"{folder}/{entry.name}" if folder else entry.name
            alike = unicodedata.normalize("NFC", unicodedata.normalize("NFC", entry.name).casefold())
            first = seen.setdefault(alike, name)
            if not _is_text(name):
                shown = os.fsencode(name).decode("utf-8", "replace")
                known.append((shown, Finding("unread", shown, "its name is not UTF-8; rename it")))
            elif first != name:
                what = "folder" if is_folder else "document"
                said = (
                    f"this {what} is left out: `{quoted(first)}` has the same name but for case or accents"
                )
                known.append((name, Finding("repeated-name", name, said)))
            elif is_folder:
                known.append((name, None))
            else:
                known.append((name, _state(name, entry)))
        return known

    def _bytes(self, name: str, most: int) -> bytes | Finding:
        """The content, never more than the most. A pipe that took the file's place is not waited for."""
        root = self._root.resolve()
        try:
            path = (root / name).resolve()
            if path != root / name:
                return Finding("unread", name, "is a link, which is not followed")
            # A link may have taken its place since.
            flags = (getattr(os, each, 0) for each in ("O_NONBLOCK", "O_CLOEXEC", "O_NOFOLLOW"))
            handle = os.open(path, reduce(or_, flags, os.O_RDONLY))
        except (OSError, ValueError, RuntimeError) as fault:
            return self._unread(name, fault)
        try:
            with os.fdopen(handle, "rb") as file:
                state = os.fstat(handle)
                if not stat.S_ISREG(state.st_mode):
                    return Finding("unread", name, "is no file")
                if state.st_size > most:
                    return _too_large(name, state.st_size, most)
                data = file.read(most + 1)
        except OSError as fault:
            return self._unread(name, fault)
        return _too_large(name, len(data), most) if len(data) > most else data

    def _unread(self, name: str, fault: Exception) -> Finding:
        if isinstance(fault, OSError) and not self._root.is_dir():
            raise _out_of_reach(fault)
        return _trouble(name, fault)


def _state(name: str, entry: os.DirEntry[str]) -> os.stat_result | Finding:
    try:
        # Whoever may read where a link lies may not be whoever may read where it leads.
        if entry.is_symlink():
            return Finding("unread", name, "is a link, which is not followed")
        state = entry.stat(follow_symlinks=False)
    except (OSError, RuntimeError) as fault:
        return _trouble(name, fault)
    return state if stat.S_ISREG(state.st_mode) else Finding("unread", name, "is no file")


def _trouble(name: str, fault: Exception) -> Finding:
    if isinstance(fault, OSError):
        if fault.errno in _OUT_OF_REACH:
            raise _out_of_reach(fault)
        if fault.errno in _GONE:
            return Finding("unread", name, "went away before it could be read")
        return Finding("unread", name, f"cannot be read: {os.strerror(fault.errno or 0).lower()}")
    return Finding("unread", name, "is a link that leads to itself")


def _out_of_reach(fault: OSError) -> Unavailable:
    return Unavailable(
        "RW-KNOWLEDGE-012",
        f"the documents are out of reach: {os.strerror(fault.errno or 0).lower()}",
        retry_is_safe=True,
        hint="what is indexed stays; try again once the folder is back",
    )


def _too_large(name: str, size: int, most: int) -> Finding:
    return Finding("too-large", name, f"has {size} bytes, at most {most} are read of its kind; split it")


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    return "\0" not in name and not any(part in ("", ".", "..") or part.startswith(".") for part in parts)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
