"""Sightings in one file that all processes append to, and keys as files that only one of them can make."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

from roadworthy.ports.rehearsing import Sighting


class FileWitness:
    """Lies in a folder; every process opens its own. A line is one write, so that none is torn by another."""

    def __init__(self, folder: Path) -> None:
        self._keys = folder / "keys"
        self._keys.mkdir(parents=True, exist_ok=True)
        self._path = folder / "sightings.jsonl"
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, word: str, *, about: str, what: str, digest: str = "") -> None:
        """Write down a sighting."""
        line = json.dumps([word, time.time(), os.getpid(), about, what, digest])
        os.write(self._file, f"{line}\n".encode())

    def first(self, key: str) -> bool:
        """True the first time that anybody names this key."""
        try:
            os.close(os.open(self._keys / _name(key), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        return True

    def sightings(self) -> tuple[Sighting, ...]:
        """Everything so far, in the order of time."""
        whole = self._path.read_bytes().rpartition(b"\n")[0]
        seen = [Sighting(*json.loads(line)) for line in whole.splitlines()]
        return tuple(sorted(seen, key=lambda one: one.at))

    def close(self) -> None:
        """Nothing is noted any more."""
        os.close(self._file)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
