"""Every error code is documented, means one thing, and is of one kind."""

import ast
import re
from collections import Counter, defaultdict
from functools import cache

import pytest
from tests.house.tree import PACKAGE, ROOT, files, nodes, shown, sources

from roadworthy import errors
from roadworthy.cli.output import EXIT_CODES
from roadworthy.server.problems import NARROWER, STATUS

PAGE = ROOT / "docs" / "reference" / "errors.md"
CODE = re.compile(r"\bRW-[A-Z]+-\d{3}\b")
ROW = re.compile(r"^\| (RW-[A-Z]+-\d{3}) \| ([a-z-]+) \| (.+?) \| (.+?) \|$", re.MULTILINE)
KINDS = {
    name: kind.kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.RoadworthyError)
}


@cache
def listed() -> list[tuple[str, str, str, str]]:
    return ROW.findall(PAGE.read_text(encoding="utf-8"))


@cache
def mentioned() -> frozenset[str]:
    """Codes in any text of the package: code, docstrings, pages."""
    texts = [
        path
        for path in files()
        if path.is_relative_to(PACKAGE) and path.suffix in {".py", ".html", ".js", ".cedar", ".yaml"}
    ]
    return frozenset(code for path in texts for code in CODE.findall(path.read_text(encoding="utf-8")))


@cache
def used() -> frozenset[str]:
    """Codes that stand in the code itself."""
    return frozenset(
        node.value
        for path in sources()
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    )


@cache
def raised() -> dict[str, dict[str, list[str]]]:
    """Per code the kinds it is raised as, and where."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sources():
        for call in [node for node in nodes(path) if isinstance(node, ast.Call) and node.args]:
            name, first = getattr(call.func, "id", getattr(call.func, "attr", "")), call.args[0]
            if name in KINDS and isinstance(first, ast.Constant) and CODE.fullmatch(str(first.value)):
                found[str(first.value)][KINDS[name]].append(f"{shown(path)}:{call.lineno}")
    return found


def test_every_code_of_the_package_is_documented() -> None:
    assert sorted(mentioned() - {row[0] for row in listed()}) == []


def test_no_code_is_documented_that_is_not_used() -> None:
    assert sorted({row[0] for row in listed()} - used()) == []


def test_no_code_is_documented_twice() -> None:
    assert [code for code, times in Counter(row[0] for row in listed()).items() if times > 1] == []


def test_no_two_codes_mean_the_same() -> None:
    meanings = Counter(row[2] for row in listed())
    assert [
        meaning
        for meaning, times in meanings.items()
        if times > 1 and "locked" not in meaning and "no such use case" not in meaning
    ] == []


def test_a_code_is_of_one_kind_wherever_it_is_raised() -> None:
    assert {code: dict(kinds) for code, kinds in raised().items() if len(kinds) > 1} == {}


def test_the_documented_kind_is_the_one_that_is_raised() -> None:
    wrong = {
        code: (kind, dict(raised()[code]))
        for code, kind, _, _ in listed()
        if code in raised() and kind not in raised()[code]
    }
    assert wrong == {}
    # A finding is noticed, not raised: it stops nothing.
    assert {row[1] for row in listed()} <= {*KINDS.values(), "finding"}


def test_every_row_says_what_it_means_and_what_to_do() -> None:
    for code, _, meaning, step in listed():
        assert meaning.endswith("."), code
        assert len(step) > 5, code


def test_both_doors_translate_every_kind_as_documented() -> None:
    table = {
        kind: (int(exit_code), int(status))
        for kind, exit_code, status in re.findall(
            r"^\| ([a-z-]+) \|.*\| (\d) \| (\d{3}) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert table == {kind: (EXIT_CODES[kind], STATUS[kind]) for kind in set(KINDS.values())}


@pytest.mark.parametrize("code", sorted(NARROWER))
def test_a_narrower_status_is_documented(code: str) -> None:
    told = PAGE.read_text(encoding="utf-8").partition("## Access")[0]
    assert re.search(rf"\b{NARROWER[code]}\b[^;.]*{code}", told)
