"""Importing a release's code under a package name of its own, so that several live side by side.

Modules are compiled from the archive's verified bytes, never from a file or a cached ``.pyc`` that
somebody may have changed since.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Digest

MODULE = "workflow"
_PREFIX = "roadworthy_release_"


@dataclass(frozen=True, slots=True)
class Source:
    """The code of one release, and the folder in which its files lie."""

    digest: Digest
    folder: Path
    files: Mapping[str, bytes]

    @property
    def package(self) -> str:
        return f"{_PREFIX}{self.folder.name}"


class _ReleaseFinder(MetaPathFinder):
    """Finds the modules of the releases it was told about, and lets nobody else find them."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, *parts = fullname.split(".")
        source = self.sources.get(package)
        if source is None:
            return None
        stem = "/".join(parts)
        inner = f"{stem}/" if stem else ""
        for name in (f"{inner}__init__.py", f"{stem}.py"):
            if name in source.files:
                return _spec(fullname, source, name, is_package=name == f"{inner}__init__.py")
        if any(name.startswith(inner) for name in source.files):
            return _spec(fullname, source, inner, is_package=True)
        # Invariant: what is not in the archive does not exist, even if such a file lies in the folder.
        raise ModuleNotFoundError(f"no module named {fullname!r}", name=fullname)


def _spec(fullname: str, source: Source, name: str, *, is_package: bool) -> ModuleSpec:
    """How to load a file of the archive, or a folder without code of its own (its name ends in a slash)."""
    file = str(source.folder / name)
    loader = _SourceLoader(source.files[name], file) if name in source.files else None
    spec = ModuleSpec(fullname, loader, origin=file, is_package=is_package)
    spec.has_location = loader is not None
    if is_package:
        spec.submodule_search_locations = [str(Path(file).parent) if loader else file]
    return spec


class _SourceLoader(InspectLoader):
    """Compiles what it was given; never looks at the file, whose name is for tracebacks."""

    def __init__(self, content: bytes, file: str) -> None:
        self._content = content
        self._file = file

    def is_package(self, fullname: str) -> bool:
        return Path(self._file).name == "__init__.py"

    def get_source(self, fullname: str) -> str:
        return importlib.util.decode_source(self._content)

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._content, self._file)


_finder = _ReleaseFinder()
_lock = threading.RLock()


def import_workflow(source: Source) -> ModuleType:
    """The module ``workflow.py`` of a release. Again: the same module, also in another thread.

    It stays imported: work that is still under way may import from its release at any moment.
    Errors: ``InputProblem`` RW-LOADER-003 without such a file, RW-LOADER-004 if it cannot be imported.
    """
    if f"{MODULE}.py" not in source.files:
        raise InputProblem(
            "RW-LOADER-003",
            Problem(
                f"there is no {MODULE}.py in the release",
                hint='put it beside charter.yaml, with a function under @rw.workflow("…")',
            ),
        )
    with _lock:
        if _finder not in sys.meta_path:
            sys.meta_path.insert(0, _finder)  # before the finder that would look into the folder
        known = _finder.sources.get(source.package)
        if known is None or (known.digest, known.folder) != (source.digest, source.folder):
            _forget(source.package)
            _finder.sources[source.package] = source
        try:
            return importlib.import_module(f"{source.package}.{MODULE}")
        except (Exception, SystemExit) as fault:  # noqa: BLE001 - a builder's code may raise anything
            _forget(source.package)
            raise InputProblem("RW-LOADER-004", _where(fault, source.folder)) from None


def _forget(package: str) -> None:
    _finder.sources.pop(package, None)
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]


def _where(fault: BaseException, folder: Path) -> Problem:
    """The line of the release that failed, and the kind of failure; no traceback, no values."""
    kind = type(fault).__name__
    hint = "correct it and build the release again"
    if isinstance(fault, SyntaxError) and fault.filename:
        message = f"cannot be imported: {kind}: {fault.msg}"
        return Problem(message, _inside(fault.filename, folder), fault.lineno or 1, fault.offset or 1, hint)
    if isinstance(fault, ModuleNotFoundError):
        kind = f"{kind}: there is no module `{fault.name}`"
        hint = "add the file to the folder, or install the package where workers run"
    frames = [
        frame
        for frame in traceback.extract_tb(fault.__traceback__)
        if Path(frame.filename).is_relative_to(folder)
    ]
    if not frames:
        return Problem(f"cannot be imported: {kind}", f"{MODULE}.py", 1, 1, hint)
    place = _inside(frames[-1].filename, folder)
    return Problem(f"cannot be imported: {kind}", place, frames[-1].lineno or 1, 1, hint)


def _inside(file: str, folder: Path) -> str:
    path = Path(file)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def import_beside(workflow_module: str, name: str) -> ModuleType:
    """Another module of the release whose workflow was imported as ``workflow_module``: its tools.

    Errors: ``InputProblem`` RW-LOADER-011 where that release has no such module, or it cannot be imported.
    """
    package = workflow_module.partition(".")[0]
    source = _finder.sources.get(package)
    if source is None:
        raise InputProblem(
            "RW-LOADER-011",
            Problem(f"there is no `{name}.py`, because this release has no code", place=f"{name}.py"),
        )
    with _lock:
        try:
            return importlib.import_module(f"{package}.{name}")
        except (Exception, SystemExit) as fault:  # noqa: BLE001 - a builder's code may raise anything
            raise InputProblem("RW-LOADER-011", _where(fault, source.folder)) from None
