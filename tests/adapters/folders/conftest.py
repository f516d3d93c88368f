"""Small releases, and a loader that says what it was given."""

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, cast

import pytest

from roadworthy.adapters.folders import FolderLoader
from roadworthy.casework.vocabulary import Workflow
from roadworthy.charter import Charter
from roadworthy.errors import NotFound
from roadworthy.ports import LoadedRelease
from roadworthy.release import Archive

CHARTER = (resources.files("roadworthy") / "example" / "support" / "charter.yaml").read_bytes()
WORKFLOW = b"""import roadworthy as rw

@rw.workflow("support")
async def handle(case, run):
    return rw.Decision("first")
"""


def release(workflow: bytes | str = WORKFLOW, /, **files: bytes) -> Archive:
    """An archive; a keyword `a__b_py` is the file `a/b.py`."""
    named = {name.replace("__", "/").replace("_py", ".py"): content for name, content in files.items()}
    code = workflow.encode() if isinstance(workflow, str) else workflow
    return Archive({"charter.yaml": CHARTER, "workflow.py": code, **named})


class Shelf:
    """Archives by digest, and how often each was fetched and each release assembled."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.archives: dict[str, Archive] = {}
        self.fetched: list[str] = []
        self.assembled: list[str] = []

    def put(self, archive: Archive) -> str:
        self.archives[archive.digest] = archive
        return archive.digest

    def fetch(self, digest: str) -> Archive:
        self.fetched.append(digest)
        if digest not in self.archives:
            raise NotFound("RW-TEST-001", "no such release")
        return self.archives[digest]

    def assemble(self, digest: str, charter: Charter, workflow: Workflow, folder: Path) -> LoadedRelease:
        self.assembled.append(digest)
        nothing: Mapping[str, Any] = {}
        rest = dict.fromkeys(("models", "retrievers", "bases", "tools", "sources"), nothing)
        return LoadedRelease(
            digest=cast("Any", digest),
            charter=charter,
            workflow=workflow,
            policies=cast("Any", folder),
            writer=cast("Any", None),
            **cast("Any", rest),
        )

    def loader(self, **options: int) -> FolderLoader:
        return FolderLoader(self.fetch, self.root, self.assemble, **options)

    def folder(self, digest: str) -> Path:
        return self.root / digest.removeprefix("sha256:")[:16]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "releases")


@pytest.fixture
def make() -> Callable[..., Archive]:
    return release
