"""Tools of real MCP servers: as a child of this process, and over HTTP on this machine."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from roadworthy.charter import Charter, Tool
from roadworthy.operate.tools.lock import FILE, written
from roadworthy.ports import Connector
from roadworthy.testing.memory import MemoryStore
from roadworthy.wiring.place import Workspace
from roadworthy.wiring.tools import Toolmaker

SERVER = Path(__file__).parent / "desk_server.py"
ROUGH = Path(__file__).parent / "rough_server.py"
Make = Callable[..., Connector]


@pytest.fixture(scope="session")
def http_desk() -> Iterator[str]:
    """`127.0.0.1:PORT` of a desk that speaks HTTP."""
    process = subprocess.Popen([sys.executable, str(SERVER), "http"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield f"127.0.0.1:{int(process.stdout.readline())}"
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def maker(home: Path, store: MemoryStore) -> Iterator[Toolmaker]:
    """One for all tests of a module: a child takes a second to begin."""
    maker = Toolmaker(Workspace(home, ""), store)
    yield maker
    maker.close()


@pytest.fixture
def folder(home: Path) -> Path:
    made = home / "release"
    made.mkdir(exist_ok=True)
    (made / FILE).unlink(missing_ok=True)
    return made


def charter_of(**tools: Tool) -> Charter:
    """A charter of which only the tools matter here."""
    named = {f"desk.{name}": tool for name, tool in tools.items()}
    return Charter.model_construct(use_case="desk", tools=named, data={})


@pytest.fixture
def declare() -> Callable[..., Tool]:
    """A tool of the desk: ``declare("find_order", at=http_desk, sink="write")``; a child where no place is named,
    with ``rough`` one that behaves badly."""

    def tool(
        name: str,
        *,
        at: str = "",
        rough: bool = False,
        options: dict[str, Any] | None = None,
        **declared: Any,
    ) -> Tool:
        where: dict[str, Any] = {"command": ["{python}", *(["-S", str(ROUGH)] if rough else [str(SERVER)])]}
        if at:
            where = {"url": f"http://{at}/mcp"}
            declared.setdefault("hosts", [at])
        return Tool(use="mcp", options={**where, "tool": name, **(options or {})}, **declared)

    return tool


@pytest.fixture
def make(maker: Toolmaker, folder: Path, declare: Callable[..., Tool]) -> Make:
    """An approved tool, ready to be called."""

    def connector(name: str, **declared: Any) -> Connector:
        charter = charter_of(**{name: declare(name, **declared)})
        lock = dict(maker.definitions(charter, folder))
        (folder / FILE).write_text(written(lock))
        return maker.connectors("sha256:1", charter, "", folder, folder)[f"desk.{name}"]

    return connector
