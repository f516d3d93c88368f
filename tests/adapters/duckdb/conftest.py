"""A workbench and ways to write tables down."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from roadworthy.adapters.duckdb import DuckWorkbench
from roadworthy.adapters.duckdb.dataset import DuckDataset

Open = Callable[..., DuckDataset]


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckWorkbench]:
    found = DuckWorkbench(tmp_path_factory.mktemp("bench"), memory_limit="500MB", question_s=20)
    yield found
    found.close()


@pytest.fixture
def opened(bench: DuckWorkbench, tmp_path: Path) -> Iterator[Open]:
    """Writes bytes or a text into a file and opens it: ``opened("a,b\\n1,2\\n", name="x.csv", header=True)``."""
    datasets: list[DuckDataset] = []

    def make(content: str | bytes | Path, *, name: str = "table.csv", **reading: object) -> DuckDataset:
        path = content if isinstance(content, Path) else tmp_path / name
        if not isinstance(content, Path):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        datasets.append(bench.open(str(path), **reading))
        return datasets[-1]

    yield make
    for one in datasets:
        one.close()
