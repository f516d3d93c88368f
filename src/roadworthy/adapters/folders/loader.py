"""Loading releases: from the archive to something that runs in this process."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Generic, TypeVar

from roadworthy.adapters.folders.importing import MODULE, Source, import_workflow
from roadworthy.adapters.folders.unpacking import found, unpack
from roadworthy.casework.vocabulary import Decision, Workflow
from roadworthy.charter import Charter
from roadworthy.charter import read as read_charter
from roadworthy.errors import InputProblem, NotFound, Problem, Unavailable
from roadworthy.ports import LoadedRelease
from roadworthy.quantities import Digest
from roadworthy.release import Archive, short

CHARTER = "charter.yaml"
NAME_LENGTH = 16
"""Hexadecimal digits of the digest that name folder and package; all 64 are compared."""

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_LOCKS = 16
_ROUNDS = 3

K = TypeVar("K")


class FolderLoader:
    """Keeps the releases that were loaded last; one load of a release at a time, others go on meanwhile.

    ``releases`` gives the archive of a digest, ``assemble`` joins what a release names with what
    carries it out; ``check`` raises where a release that lies unpacked here may not run. A release that is pushed out of the memory goes on where it is in use.
    """

    def __init__(
        self,
        releases: Callable[[str], Archive],
        root: Path,
        assemble: Callable[[str, Charter, Workflow, Path], LoadedRelease],
        *,
        keep: int = 16,
        keep_charters: int = 256,
        check: Callable[[str], object] = lambda _digest: None,
    ) -> None:
        self._releases = releases
        self._root = root.absolute()
        self._assemble = assemble
        self._check = check
        self._loaded = _Last[LoadedRelease](keep)
        self._charters = _Last[Charter](keep_charters)
        self._loading = tuple(threading.Lock() for _ in range(_LOCKS))

    def charter(self, digest: str) -> Charter:
        """What the release promises: read from its verified archive, without unpacking or importing anything.

        Errors: ``NotFound`` RW-LOADER-001 for an unknown digest; ``Corrupt`` RW-RELEASE-005 for an
        archive that was altered; ``InputProblem`` RW-LOADER-003 or what its charter is refused for.
        """
        known = self._charters.get(digest)
        if known is None:
            _require_digest(digest)
            archive = self._releases(digest)
            archive.verify(Digest(digest))
            known = self._charter_in(archive, digest)
        return known

    def load(self, digest: str) -> LoadedRelease:
        """The release, ready to run.

        Errors: ``NotFound`` for an unknown digest; ``Corrupt`` RW-RELEASE-005 for an archive that was
        altered; ``InputProblem`` RW-LOADER-001 to 007 for what the release lacks, and what its
        charter, policies, templates or tools are refused for; ``Unavailable`` RW-LOADER-009.
        """
        known = self._loaded.get(digest)
        if known is not None:
            return known
        name = _require_digest(digest)
        with self._loading[int(name[:2], 16) % _LOCKS]:
            known = self._loaded.get(digest)
            if known is None:
                known = self._load(Digest(digest), self._root / name[:NAME_LENGTH])
                self._loaded.put(digest, known)
            return known

    def _load(self, digest: Digest, folder: Path) -> LoadedRelease:
        for _ in range(_ROUNDS):
            archive = found(folder, digest)
            if archive is None:
                archive = self._releases(digest)
                archive.verify(digest)
                unpack(archive, folder)
            else:
                self._check(digest)
            loaded = self._assembled(digest, archive, folder)
            # Policies and templates were read from the folder: it must have been whole all the while.
            if found(folder, digest) is not None:
                return loaded
        raise Unavailable(
            "RW-LOADER-009",
            f"the release in `{folder}` is altered again and again",
            retry_is_safe=True,
            hint="find out which program writes there; nothing but Roadworthy may",
        )

    def _assembled(self, digest: Digest, archive: Archive, folder: Path) -> LoadedRelease:
        charter = self._charter_in(archive, digest)
        code = {name: content for name, content in archive.files.items() if name.endswith(".py")}
        if not code and charter.models:
            return self._assemble(digest, charter, elsewhere(charter.use_case), folder)
        module = import_workflow(Source(digest, folder, code))
        return self._assemble(digest, charter, the_workflow(module, charter.use_case), folder)

    def _charter_in(self, archive: Archive, digest: str) -> Charter:
        known = self._charters.get(digest)
        if known is None:
            if CHARTER not in archive.files:
                raise InputProblem("RW-LOADER-003", Problem(f"there is no {CHARTER} in the release"))
            known = read_charter(archive.files[CHARTER], file=CHARTER)
            self._charters.put(digest, known)
        return known


class _Last(Generic[K]):
    """What was asked for last, by digest; what is pushed out is made again when it is asked for."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._kept: OrderedDict[str, K] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: str) -> K | None:
        with self._lock:
            known = self._kept.get(digest)
            if known is not None:
                self._kept.move_to_end(digest)
            return known

    def put(self, digest: str, value: K) -> None:
        with self._lock:
            self._kept[digest] = value
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)


def _require_digest(digest: str) -> str:
    """Its 64 hexadecimal digits. Errors: ``NotFound`` RW-LOADER-001 for anything else."""
    match = _DIGEST.fullmatch(digest)
    if match is None:
        raise NotFound("RW-LOADER-001", Problem(f"`{short(digest)}` names no release"))
    return match[1]


def elsewhere(use_case: str) -> Workflow:
    """The workflow of a use case that brings its own program, which calls models through the gateway and tools
    through `roadworthy mcp`.

    A case that is handed in waits for that program where the charter declares tools; else it goes to people, with
    RW-LOADER-010.
    """

    async def hand_over(_case: object, _run: object) -> Decision:
        raise InputProblem(
            "RW-LOADER-010",
            Problem(
                "the program of this use case runs elsewhere and takes no cases here",
                hint=f"add {MODULE}.py to the folder, or hand the case to that program",
            ),
        )

    return Workflow(use_case, hand_over, elsewhere=True)


def the_workflow(module: ModuleType, use_case: str) -> Workflow:
    """The one workflow that a module declares.

    Errors: ``InputProblem`` RW-LOADER-005 for none, RW-LOADER-006 for several, RW-LOADER-007 for one
    of another use case.
    """
    declared = {id(value): value for value in vars(module).values() if isinstance(value, Workflow)}
    place = f"{MODULE}.py"
    hint = f'put @rw.workflow("{use_case}") before the one function that handles a case'
    if not declared:
        raise InputProblem("RW-LOADER-005", Problem("this declares no workflow", place, hint=hint))
    if len(declared) > 1:
        names = ", ".join(sorted(workflow.use_case for workflow in declared.values()))
        raise InputProblem(
            "RW-LOADER-006",
            Problem(f"this declares {len(declared)} workflows ({names}), expected one", place, hint=hint),
        )
    workflow = next(iter(declared.values()))
    if workflow.use_case != use_case:
        message = f"this is a workflow for `{workflow.use_case}`, the charter is of `{use_case}`"
        raise InputProblem("RW-LOADER-007", Problem(message, place, hint=hint))
    return workflow
