"""The packages of the extra ``knowledge``, imported only when a document of their kind is read."""

from __future__ import annotations

import importlib
from typing import Any

from roadworthy.errors import InputProblem


def needed(module: str, *, what: str, extra: str = "knowledge") -> Any:
    """The module, imported now. ``what`` is read with it, such as `PDF files`.

    Errors: ``InputProblem`` RW-KNOWLEDGE-011 where its package is missing.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputProblem(
            "RW-KNOWLEDGE-011",
            f"reading {what} needs `{module.partition('.')[0]}`, which is not installed",
            hint=f"pip install 'roadworthy[{extra}]'",
        ) from None
