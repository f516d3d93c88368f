"""Two processes build the same index at once, with real databases: no document twice, none lost, no error."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.knowledge.conftest import KINDS, pgvector_server

from roadworthy.knowledge import KEEPER
from roadworthy.testing.conformance.documents import ask
from roadworthy.wiring.knowledge_index import open_index

__all__ = ["pgvector_server"]
DOCUMENTS = 70

_BUILDER = """
import json, sys
from pathlib import Path
import numpy as np
from roadworthy.knowledge import KEEPER, Access
from roadworthy.operate.knowledge import building
from roadworthy.policy.marking import NEUTRAL
from roadworthy.ports.knowledge import KnowledgeSource
from roadworthy.quantities import digest_of
from roadworthy.wiring.knowledge_index import open_index
from roadworthy.wiring.knowledge_sources import open_folder

class Model:
    name, dimensions, digest = "small", 8, digest_of("small")
    def embed(self, texts):
        return np.stack([np.random.default_rng(len(text)).normal(size=8) for text in texts]).astype(np.float32)

building.MOST_DOCUMENTS, building.EMBEDDED_AT_ONCE = 20, 16
index = open_index(sys.argv[1], use_case="desk", source="help", version="1")
source = open_folder(Path(sys.argv[2]), access=Access(NEUTRAL), pseudonym=str)
base = KnowledgeSource("help", source, index, (Model(),), 200, KEEPER)
for line in sys.stdin:
    print(json.dumps(building.build(base).as_json()), flush=True)
index.close()
"""


class Builder:
    """A process that builds whenever it is told to."""

    def __init__(self, address: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BUILDER, address, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("build\n")
        self._process.stdin.flush()

    def built(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        told: dict[str, Any] = json.loads(self._process.stdout.readline() or "{}")
        return told

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture
def address(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'knowledge.sqlite'}"
        return
    server = request.getfixturevalue("pgvector_server")
    made = server.create()
    yield made
    server.drop(made)


@pytest.mark.parametrize("kind", KINDS)
def test_two_builds_at_once_leave_what_one_would(address: str, tmp_path: Path) -> None:
    folder = tmp_path / "help"
    folder.mkdir()
    for number in range(DOCUMENTS):
        (folder / f"{number:03}.md").write_text(
            f"# Page {number}\n\nApples of kind {number}.\n\n{'x' * 150}\n"
        )
    both = [Builder(address, folder) for _ in range(2)]
    for builder in both:
        builder.start()
    first = [builder.built() for builder in both]
    assert [one.get("trouble") for one in first] == [None, None]
    assert all(one["added"] == DOCUMENTS or one["added"] + one["unchanged"] == DOCUMENTS for one in first)
    with closing(open_index(address, use_case="desk", source="help", version="1")) as index:
        stamps = list(index.stamps())
        state = index.state()
        assert len(stamps) == state.documents == DOCUMENTS
        assert state.chunks == max(one["chunks"] for one in first)
        assert list(state.embedded.values()) == [state.chunks]
        found = {
            hit.chunk.document
            for hit in index.search(ask("apples", reader=KEEPER, top_k=1_000, candidates=1_000))
        }
        assert found == {f"{number:03}.md" for number in range(DOCUMENTS)}
        # Again, with changes: some rewritten, some gone.
        for number in range(0, DOCUMENTS, 2):
            (folder / f"{number:03}.md").write_text(f"# Page {number}\n\nPears now.\n")
        for number in range(1, 60, 2):
            (folder / f"{number:03}.md").unlink()
        for builder in both:
            builder.start()
        second = [builder.built() for builder in both]
        assert [one.get("trouble") for one in second] == [None, None]
        assert max(one["changed"] for one in second) == DOCUMENTS // 2
        assert len(list(index.stamps())) == DOCUMENTS - 30
        state = index.state()
        assert list(state.embedded.values()) == [state.chunks]
        pears = index.search(ask("pears", reader=KEEPER, top_k=1_000, candidates=1_000))
        assert len(pears) == DOCUMENTS // 2
        assert (
            len(index.search(ask("apples", reader=KEEPER, top_k=1_000, candidates=1_000)))
            == DOCUMENTS // 2 - 30
        )
    for builder in both:
        builder.start()
    assert [builder.built()["unchanged"] for builder in both] == [DOCUMENTS - 30] * 2
    for builder in both:
        builder.close()
