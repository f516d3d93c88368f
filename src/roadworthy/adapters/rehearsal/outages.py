"""Which parts of a mirrored environment are away: one file that all its processes read."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from roadworthy.adapters.rehearsal.provider import ModelStandIn
from roadworthy.ports.rehearsing import Gone

_FILE = "outages.json"


class FileOutages:
    """The port ``Outages``. The process that holds the stand-ins of models tells them too."""

    def __init__(self, folder: Path, models: Mapping[str, ModelStandIn] | None = None) -> None:
        self._path = folder / _FILE
        self._models = dict(models or {})

    @staticmethod
    def lie_in(folder: Path) -> bool:
        """Whether parts may go away in this mirrored environment."""
        return (folder / _FILE).is_file()

    def addresses(self) -> Mapping[str, str]:
        """Where each model is asked in this drill."""
        found: Mapping[str, str] = json.loads(self._path.read_text(encoding="utf-8"))["models"]
        return found

    def how(self, part: str) -> Gone | None:
        """In which way it is away now."""
        told = json.loads(self._path.read_text(encoding="utf-8"))
        return Gone(told["how"]) if part in told["away"] else None

    def begin(self, parts: Collection[str], how: Gone) -> None:
        """These parts are away from now on."""
        self._write(sorted(parts), how)
        for name, model in self._models.items():
            model.away(how if f"model:{name}" in parts else None)

    def end(self) -> None:
        """All of them are back."""
        for model in self._models.values():
            model.away(None)
        self._write([], Gone.REFUSING)

    def _write(self, away: list[str], how: Gone) -> None:
        models = {name: one.address for name, one in self._models.items()}
        whole = json.dumps({"away": away, "how": how.value, "models": models})
        # Put in place at once: nobody reads half of it.
        beside = self._path.with_suffix(".new")
        beside.write_text(whole, encoding="utf-8")
        beside.replace(self._path)
