"""The repository speaks of the product only, and nothing in it is dangerous by habit."""

import ast
import hashlib
import re
from pathlib import Path

import pytest
from tests.house.tree import ROOT, allowed, files, nodes, shown, sources

SHARED = ROOT.parent / "shared" / "data"
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def spelt(*pieces: str) -> str:
    """A pattern that this file may hold without matching it itself."""
    return "".join(pieces)


MACHINE = re.compile(
    "|".join([spelt(r"(?<![\w.])/wo", r"rk/"), spelt(r"(?<![\w.])/ro", r"ot/"), spelt(r"/tm", r"p/w\b"),
              spelt(r"(?<![\w.])/ho", r"me/[a-z]+/"), spelt(r"(?<![\w.])/Us", r"ers/[A-Za-z]+/")])
)  # fmt: skip
INDEXES = re.compile(
    "|".join(re.escape(name) for name in [spelt("pypi.org", "/simple"), spelt("files.python", "hosted.org"),
                                          spelt("registry.npm", "js.org"), spelt("deb.deb", "ian.org"), spelt("index", "-url ")])
)  # fmt: skip
DANGEROUS_CALLS = {"eval", "exec", "compile", "__import__"}
DANGEROUS_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in files():
        try:
            found.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{shown(path)}:{number}: {line.strip()[:120]}"
        for path, text in texts()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_place_on_somebody_s_machine() -> None:
    assert lines_with(MACHINE) == []


def test_no_file_names_a_package_index() -> None:
    assert [line for line in lines_with(INDEXES) if not line.startswith("Makefile:")] == []


def test_the_recipes_of_the_locks_leave_the_index_out() -> None:
    recipes = (ROOT / "Makefile").read_text(encoding="utf-8")
    compiling = [line for line in recipes.splitlines() if "pip compile" in line]
    assert compiling
    assert all("--no-emit-index-url" in line and "--generate-hashes" in line for line in compiling)


@pytest.mark.parametrize("lock", LOCKS, ids=shown)
def test_every_locked_requirement_is_pinned_and_has_hashes(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())
    assert entries
    loose = [
        entry.splitlines()[0]
        for entry in entries
        if "==" not in entry.splitlines()[0] or not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)
    ]
    assert loose == []


def test_no_file_is_a_copy_of_shared_data() -> None:
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared/data is not beside this clone")
    sizes: dict[int, list[Path]] = {}
    for path in SHARED.rglob("*"):
        if path.is_file() and path.stat().st_size:
            sizes.setdefault(path.stat().st_size, []).append(path)
    copies = [
        f"{shown(path)} = {other.relative_to(SHARED)}"
        for path in files()
        for other in sizes.get(path.stat().st_size, [])
        if hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest()
    ]
    assert copies == []


def dangerous(path: Path) -> list[str]:
    """Calls that run text, modules that load code from data, loaders of YAML that build objects, shells."""
    found = []
    for node in nodes(path):
        what = ""
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in DANGEROUS_CALLS
        ):
            what = node.func.id
        elif isinstance(node, ast.Import):
            what = next(
                (each.name for each in node.names if each.name.partition(".")[0] in DANGEROUS_MODULES), ""
            )
        elif (
            isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in DANGEROUS_MODULES
        ):
            what = node.module or ""
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            whole = f"{node.value.id}.{node.attr}"
            what = (
                whole
                if whole in {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system", "os.popen"}
                else ""
            )
        elif isinstance(node, ast.keyword) and node.arg in {"shell", "allow_pickle"}:
            what = (
                f"{node.arg}=True"
                if not (isinstance(node.value, ast.Constant) and node.value.value is False)
                else ""
            )
        if what:
            found.append(f"{shown(path)}: {what}")
    return found


def test_nothing_runs_text_or_loads_code_from_data() -> None:
    reasons = allowed("dangerous.toml")["reasons"]
    found = {name for path in sources() for name in dangerous(path)}
    assert sorted(found - set(reasons)) == []
    assert sorted(set(reasons) - found) == [], "gone by now: take these out of dangerous.toml"
    assert all(len(reason) > 20 for reason in reasons.values())
