"""Stops as files in a folder of the workspace: a name each, and the words in JSON."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from roadworthy.adapters.files.private import write_whole
from roadworthy.errors import Unavailable
from roadworthy.principal import Stop

MOST_BYTES = 20_000
_ID = re.compile(r"[0-9A-Za-z]{1,64}")
_END = ".stop"


class FileSlips:
    """The port ``Slips`` over one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def leave(self, stop: Stop) -> str:
        file = self._folder / f"{stop.id}{_END}"
        said = {
            "id": stop.id, "scope": stop.scope, "reason": stop.reason, "stopped_by": stop.stopped_by,
            "stopped_at": stop.stopped_at.isoformat(),
        }  # fmt: skip
        try:
            try:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                write_whole(file, json.dumps(said, ensure_ascii=False).encode())
            except OSError:
                # A name takes less than words: the last thing that a full disk has room for.
                os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as fault:
            raise _lost(self._folder, fault, "no stop can be left in") from fault
        return str(file)

    def all(self) -> Sequence[Stop]:
        try:
            with os.scandir(self._folder) as found:
                names = sorted(entry.name for entry in found if entry.name.endswith(_END))
        except FileNotFoundError:
            return ()
        except OSError as fault:
            raise _lost(self._folder, fault, "nobody can tell which stops lie in") from fault
        return tuple(stop for name in names if (stop := self._read(name)) is not None)

    def remove(self, stop: str) -> None:
        try:
            (self._folder / f"{stop}{_END}").unlink(missing_ok=True)
        except OSError as fault:
            raise _lost(self._folder, fault, "a stop cannot be taken out of") from fault

    def _read(self, name: str) -> Stop | None:
        file, id_ = self._folder / name, name.removesuffix(_END)
        try:
            with file.open("rb") as stream:
                said = json.loads(stream.read(MOST_BYTES))
            read, scope, reason, by = (str(said[word]) for word in ("id", "scope", "reason", "stopped_by"))
            at = datetime.fromisoformat(said["stopped_at"])
            if read == id_ and _ID.fullmatch(id_) and at.tzinfo is not None:
                return Stop(id_, scope, reason, by, at)
        except FileNotFoundError:
            return None  # somebody wrote it into the database in this moment
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        return Stop(id_, "all", "a stop was left here that cannot be read", "", _age(file))


def _age(file: Path) -> datetime:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return datetime.fromtimestamp(0, UTC)


def _lost(folder: Path, fault: OSError, words: str) -> Unavailable:
    return Unavailable(
        "RW-STOP-006",
        f"{words} `{folder}`: {os.strerror(fault.errno or 0).lower()}",
        retry_is_safe=True,
        hint="end the processes of Roadworthy on this machine: what does not run does nothing",
    )
