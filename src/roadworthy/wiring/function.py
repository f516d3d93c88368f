"""A function of the user's own file, by address."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from roadworthy.errors import InputProblem, Problem


def function_of(address: str) -> Callable[..., Any]:
    """The function that ``file.py:name`` names. The file's code runs: name only files of your own.

    Its folder is searched for what it imports. Errors: ``InputProblem`` RW-CLI-039 where there is no such file or
    function, or the file cannot be run.
    """
    file, _, name = address.rpartition(":")
    path = Path(file)
    if not name or path.suffix != ".py" or not path.is_file():
        raise InputProblem(
            "RW-CLI-039", Problem(f"`{address}` is no function", hint="such as `pilot/answer.py:answer`")
        )
    spec = importlib.util.spec_from_file_location(f"roadworthy_target_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputProblem("RW-CLI-039", Problem("cannot be read as Python", place=str(path)))
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.absolute()))
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as fault:  # noqa: BLE001 - whatever a file of the user raises is told as such
        raise InputProblem(
            "RW-CLI-039", Problem(f"cannot be run: {type(fault).__name__}: {fault}", place=str(path))
        ) from None
    found = getattr(module, name, None)
    if not callable(found):
        raise InputProblem("RW-CLI-039", Problem(f"has no function `{name}`", place=str(path)))
    return found  # type: ignore[no-any-return]
