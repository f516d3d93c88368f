"""Whether a packed file may be unpacked: small files can stand for endless ones."""

from __future__ import annotations

import io
import zipfile
from typing import Final

MOST_BYTES: Final = 200_000_000
MOST_FILES: Final = 10_000
_MOST_TIMES: Final = 200
"""Real documents shrink to a tenth or so. XML of nothing but blanks shrinks to a thousandth."""
_SMALL: Final = 20_000_000


def too_packed(data: bytes) -> str:
    """Why a ZIP file is not unpacked; empty where it may be. Reads its table of contents only.

    The sizes may be lies: Python's reader never gives out more of a file than it claims.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            files = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as fault:
        return f"is no ZIP file: {fault}"
    if len(files) > MOST_FILES:
        return f"holds {len(files)} files, at most {MOST_FILES} are unpacked"
    size = sum(file.file_size for file in files)
    if size > MOST_BYTES:
        return f"unpacks to {size} bytes, at most {MOST_BYTES} are"
    if size > _SMALL and size > _MOST_TIMES * len(data):
        return f"unpacks to {size // max(len(data), 1)} times its size"
    if any(file.flag_bits & 1 for file in files):
        return "is encrypted"
    return ""
