"""Trained models as files named by their content."""

from __future__ import annotations

import os
import re
from pathlib import Path

from roadworthy.adapters.files.private import write_whole
from roadworthy.errors import Corrupt, Unavailable
from roadworthy.quantities import Digest
from roadworthy.quantities import digest as content_digest

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_HINT = "build the release again from its folder and labelled texts, or restore the model from a backup"


class FileModels:
    """A folder with one file a model. A model is put once, whoever puts it how often."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, blob: bytes) -> Digest:
        """Store it, safely on disk when this returns; only this user may read it.

        A file that was altered is replaced. Errors: ``Unavailable`` RW-MODEL-010, also on a full disk.
        """
        name = content_digest(blob)
        path = self._path(name)
        try:
            if not path.exists() or content_digest(path.read_bytes()) != name:
                write_whole(path, blob)
        except OSError as fault:
            raise self._unusable("the model cannot be stored", fault) from fault
        return name

    def get(self, digest: str) -> bytes:
        """The model's bytes, compared with the digest.

        Errors: ``Corrupt`` RW-MODEL-001 if it is not here, RW-MODEL-002 if it was altered;
        ``Unavailable`` RW-MODEL-010 if it cannot be read.
        """
        path = self._path(digest)
        try:
            blob = path.read_bytes()
        except FileNotFoundError:
            raise _missing(digest) from None
        except OSError as fault:
            raise self._unusable("the model cannot be read", fault) from fault
        if content_digest(blob) != digest:
            raise Corrupt(
                "RW-MODEL-002",
                "a stored model does not have the content that its name promises",
                broken=[str(path)],
                intact="other models are named by their own content",
                hint=_HINT,
            )
        return blob

    def _path(self, name: str) -> Path:
        match = _DIGEST.fullmatch(name)
        if match is None:
            raise _missing(name)
        return self._folder / match[1]

    def _unusable(self, message: str, fault: OSError) -> Unavailable:
        return Unavailable(
            "RW-MODEL-010",
            f"{message} in `{self._folder}`: {os.strerror(fault.errno or 0).lower()}",
            retry_is_safe=True,
            hint="make room on the disk, or let this user use the folder",
        )


def _missing(name: str) -> Corrupt:
    return Corrupt(
        "RW-MODEL-001",
        f"the model `{name[:19]}` that a release names is not in the store",
        broken=[name[:71]],
        intact="releases that name other models",
        hint=_HINT,
    )
