"""The packages of the extra ``local``, imported only when a local model needs them."""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import sys
from pathlib import Path
from types import ModuleType

from roadworthy.errors import InputProblem

_HINT = "pip install 'roadworthy[local]'"


def module(name: str) -> ModuleType:
    """The module, imported now. Errors: ``InputProblem`` RW-MODEL-003 where its package is missing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise _missing(name) from None


def packaged_file(distribution: str, path: str) -> Path:
    """Where an installed distribution keeps a file, found without importing any of its code.

    Errors: ``InputProblem`` RW-MODEL-003 where the distribution or the file is missing.
    """
    try:
        file = Path(str(importlib.metadata.distribution(distribution).locate_file(path)))
    except importlib.metadata.PackageNotFoundError:
        raise _missing(distribution) from None
    if not file.is_file():
        raise _missing(f"{distribution}: {path}")
    return file


def _missing(what: str) -> InputProblem:
    return InputProblem("RW-MODEL-003", f"local models need `{what}`, which is not installed", hint=_HINT)


def give_back_memory() -> None:
    """Hand freed memory back to the system: glibc keeps what loading a model or a fit needed otherwise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
