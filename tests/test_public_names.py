"""What `import roadworthy` offers, and what it costs."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import roadworthy


def in_a_new_process(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_every_public_name_can_be_imported_and_stands_once_in_order() -> None:
    assert sorted(set(roadworthy.__all__)) == roadworthy.__all__
    for name in roadworthy.__all__:
        assert getattr(roadworthy, name) is not None


def test_a_star_brings_the_public_names_and_no_others() -> None:
    brought = in_a_new_process(
        "before = set(globals())\nfrom roadworthy import *\nprint(*sorted(set(globals()) - before - {'before'}))"
    )
    assert brought.split() == roadworthy.__all__


def test_names_that_are_not_offered_are_named_as_such() -> None:
    with pytest.raises(AttributeError, match="module `roadworthy` has no `Manager`; it offers Act, Case"):
        _ = roadworthy.Manager  # type: ignore[attr-defined]


def test_every_public_name_is_the_one_of_its_home() -> None:
    for name, home in roadworthy._HOMES.items():
        assert getattr(roadworthy, name) is getattr(import_module(home), name)
    assert sorted(roadworthy._HOMES) == roadworthy.__all__


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(inspect.getfile(roadworthy)).read_text())
    seen = {
        alias.name: node.module
        for guard in tree.body
        if isinstance(guard, ast.If)
        for node in ast.walk(guard)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == roadworthy._HOMES


def test_importing_the_package_imports_nothing_heavy() -> None:
    loaded = set(in_a_new_process("import sys\nimport roadworthy\nprint(*sorted(sys.modules))").split())
    heavy = {
        "pydantic",
        "numpy",
        "scipy",
        "sqlalchemy",
        "dbos",
        "yaml",
        "starlette",
        "typer",
        "cedarpy",
        "onnxruntime",
        "rich",
    }
    assert heavy & {name.partition(".")[0] for name in loaded} == set()
    assert {name for name in loaded if name.startswith("roadworthy")} == {"roadworthy"}


def test_the_words_of_a_workflow_import_nothing_heavy_either() -> None:
    code = "import sys\nimport roadworthy\nroadworthy.workflow, roadworthy.effect, roadworthy.Decision\nprint(*sorted(sys.modules))"
    loaded = {name.partition(".")[0] for name in in_a_new_process(code).split()}
    assert loaded & {"pydantic", "numpy", "sqlalchemy", "dbos", "yaml"} == set()


def test_a_command_that_opens_an_installation_needs_no_numerics() -> None:
    code = (
        "import sys\nimport roadworthy.cli.app, roadworthy.cli.session, roadworthy.adapters.sql, roadworthy.adapters.dbos"
        "\nprint(*sorted(sys.modules))"
    )
    loaded = {name.partition(".")[0] for name in in_a_new_process(code).split()}
    assert loaded & {"numpy", "scipy", "dbos"} == set()


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert roadworthy.__version__ == version("roadworthy")


def test_the_command_says_its_version_without_loading_the_program() -> None:
    code = "import sys\nsys.argv = ['roadworthy', '--version']\nfrom roadworthy.cli import main\nmain()\nassert 'typer' not in sys.modules"
    assert in_a_new_process(code) == f"roadworthy {roadworthy.__version__}\n"
