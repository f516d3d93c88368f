"""Everything public says what it is for.

Left out is what is told elsewhere: a method that carries out a port (the port says what it does),
one that overrides a documented method of the package, a property (its name reads like a field),
and tests.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.house.tree import PACKAGE, Function, allowed, classes, nodes, shown, sources, tree

CARRIERS = (PACKAGE / "adapters", PACKAGE / "testing", PACKAGE / "wiring")


def is_public(name: str) -> bool:
    return not name.startswith(("_", "test_"))


def base_names(node: ast.ClassDef) -> set[str]:
    found = set()
    for base in node.bases:
        bare = base.value if isinstance(base, ast.Subscript) else base
        found.add(bare.attr if isinstance(bare, ast.Attribute) else getattr(bare, "id", ""))
    return found


def methods(node: ast.ClassDef) -> Iterator[Function]:
    return (child for child in node.body if isinstance(child, Function))


@cache
def port_methods() -> frozenset[str]:
    """Names of everything that a port can be asked."""
    ports = [node for page in sorted((PACKAGE / "ports").glob("*.py")) for node in nodes(page)]
    return frozenset(
        method.name
        for node in ports
        if isinstance(node, ast.ClassDef) and "Protocol" in base_names(node)
        for method in methods(node)
    )


@cache
def documented_methods() -> frozenset[tuple[str, str]]:
    """(class, method) for every documented method of the package."""
    return frozenset(
        (node.name, method.name)
        for path in sources()
        for node in classes(path)
        for method in methods(node)
        if ast.get_docstring(method)
    )


def is_told_elsewhere(method: Function, owner: ast.ClassDef, path: Path) -> bool:
    if "Protocol" in base_names(owner):
        return True
    if any(
        getattr(mark, "id", getattr(mark, "attr", "")) in {"property", "setter", "overload"}
        for mark in method.decorator_list
    ):
        return True
    if method.name in port_methods() and any(path.is_relative_to(carrier) for carrier in CARRIERS):
        return True
    return any((base, method.name) in documented_methods() for base in base_names(owner))


def silent(path: Path) -> Iterator[str]:
    """What of a file is public and says nothing."""
    module = tree(path)
    # An empty __init__.py only makes a folder a package.
    if module.body and not ast.get_docstring(module):
        yield shown(path)
    yield from _silent(module.body, "", None, path)


def _silent(body: list[ast.stmt], prefix: str, owner: ast.ClassDef | None, path: Path) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef) and is_public(node.name):
            if not ast.get_docstring(node):
                yield f"{shown(path)}:{prefix}{node.name}"
            yield from _silent(node.body, f"{prefix}{node.name}.", node, path)
        elif (
            isinstance(node, Function)
            and is_public(node.name)
            and not ast.get_docstring(node)
            and not (owner is not None and is_told_elsewhere(node, owner, path))
        ):
            yield f"{shown(path)}:{prefix}{node.name}"


def test_everything_public_says_what_it_is_for() -> None:
    found = {name for path in sources() for name in silent(path)}
    frozen = set(allowed("undocumented.toml")["names"])
    assert sorted(found - frozen) == []
    assert sorted(frozen - found) == [], "documented by now: take these out of undocumented.toml"
