"""Figures of partitions that were read before, one small file each. Losing them costs a reading, no more."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from roadworthy.adapters.files.private import make_private_folder
from roadworthy.errors import Unavailable


class FileFigures:
    """The port ``CheckCache`` on a folder. A file that cannot be read, or is not ours, counts as none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Mapping[str, Any] | None:
        try:
            kept = json.loads(self._path(key).read_bytes())
        except (OSError, ValueError):
            return None
        return kept["figures"] if isinstance(kept, dict) and kept.get("key") == key else None

    def put(self, key: str, figures: Mapping[str, Any]) -> None:
        """Kept if it can be: a full disk is no reason to stop measuring."""
        content = json.dumps({"key": key, "figures": figures}).encode()
        try:
            make_private_folder(self._folder)
            number, name = tempfile.mkstemp(prefix=".new-", dir=self._folder)
            with os.fdopen(number, "wb") as stream:
                stream.write(content)
            Path(name).replace(self._path(key))
        except (OSError, Unavailable):
            return

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
