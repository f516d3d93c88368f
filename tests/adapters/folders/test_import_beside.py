"""Tools that are functions of a release: imported beside its workflow, from the same verified bytes."""

from pathlib import Path

import pytest

from roadworthy.adapters.folders import import_beside
from roadworthy.adapters.folders.importing import Source, import_workflow
from roadworthy.errors import InputProblem
from roadworthy.quantities import digest

FILES = {
    "workflow.py": b"from .tools import RATE\n",
    "tools.py": b"from .inner import prices\nRATE = 2\ndef double(n: int) -> int:\n    return n * RATE * prices.ONE\n",
    "inner/prices.py": b"ONE = 1\n",
    "broken.py": b"import nowhere_at_all\n",
}


@pytest.fixture
def module(tmp_path: Path) -> str:
    found = digest(str(tmp_path).encode())
    folder = tmp_path / found.removeprefix("sha256:")[:16]
    return import_workflow(Source(found, folder, FILES)).__name__


def test_a_module_of_the_release_is_found_and_is_the_one_its_workflow_uses(module: str) -> None:
    tools = import_beside(module, "tools")
    assert tools.double(4) == 8
    assert import_beside(module, "tools") is tools
    assert tools.__name__ == module.replace(".workflow", ".tools")


@pytest.mark.parametrize("name", ["os", "broken", "nowhere"])
def test_a_module_that_the_release_lacks_or_that_fails_is_told(module: str, name: str) -> None:
    with pytest.raises(InputProblem) as refused:
        import_beside(module, name)
    assert refused.value.code == "RW-LOADER-011"
    assert import_beside(module, "tools").RATE == 2


def test_a_release_without_code_has_no_tools_of_its_own() -> None:
    with pytest.raises(InputProblem, match="has no code"):
        import_beside("roadworthy.adapters.folders.loader", "tools")
