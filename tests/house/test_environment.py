"""The environment is read in one place, so that what a process depends on can be read there."""

import ast

from tests.house.tree import PACKAGE, nodes, shown, sources, tree

READERS = {"environ", "environb", "getenv", "getenvb"}
ONLY = PACKAGE / "wiring" / "place.py"


def test_only_wiring_reads_the_environment() -> None:
    found = [
        f"{shown(path)}:{node.lineno}"
        for path in sources()
        if path != ONLY
        for node in nodes(path)
        if (isinstance(node, ast.Attribute) and node.attr in READERS)
        or (isinstance(node, ast.alias) and node.name in READERS)
    ]
    assert found == []


def test_every_variable_that_is_read_stands_in_the_docstring_of_wiring() -> None:
    module = tree(ONLY)
    told = ast.get_docstring(module) or ""
    read = {
        node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("ROADWORTHY_")
    }
    assert read
    assert [name for name in sorted(read) if name not in told] == []
