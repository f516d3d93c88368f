"""Loading: several releases side by side, each exactly what its digest promises."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roadworthy.errors import Corrupt, InputProblem, NotFound, Unavailable
from roadworthy.ports import LoadedRelease
from roadworthy.release import Archive

Make = Callable[..., Archive]


def answer(release: LoadedRelease) -> object:
    case: Any = None
    return asyncio.run(release.workflow.handler(case, None)).answer  # type: ignore[arg-type]


def workflow(body: str, head: str = "") -> str:
    return f'import roadworthy as rw\n{head}\n@rw.workflow("support")\nasync def handle(case, run):\n    {body}\n'


def test_a_release_runs_its_own_code_with_its_charter_and_folder(shelf: Any, make: Make) -> None:
    digest = shelf.put(make())
    loaded = shelf.loader().load(digest)
    assert answer(loaded) == "first"
    assert loaded.charter.use_case == "support"
    assert loaded.policies == shelf.folder(digest)
    assert (shelf.folder(digest) / "workflow.py").stat().st_mode & 0o777 == 0o444


def test_two_releases_live_at_once_with_modules_of_the_same_name(shelf: Any, make: Make) -> None:
    code = workflow("return rw.Decision(words.ANSWER)", "from . import words\nfrom .deep.er import DEPTH")
    one, other = (
        shelf.put(make(code, words_py=f"ANSWER = {text!r}".encode(), deep__er_py=b"DEPTH = 2"))
        for text in ("one", "other")
    )
    loader = shelf.loader()
    first, second = loader.load(one), loader.load(other)
    assert (answer(first), answer(second), answer(first)) == ("one", "other", "one")
    names = {first.workflow.handler.__module__, second.workflow.handler.__module__}
    assert names == {f"roadworthy_release_{digest[7:23]}.workflow" for digest in (one, other)}


def test_a_late_import_inside_the_workflow_finds_its_own_release(shelf: Any, make: Make) -> None:
    code = workflow("from .words import ANSWER; return rw.Decision(ANSWER)")
    digests = [shelf.put(make(code, words_py=f"ANSWER = {n}".encode())) for n in range(3)]
    loader = shelf.loader(keep=1)
    loaded = [loader.load(digest) for digest in digests]
    assert [answer(release) for release in loaded] == [0, 1, 2]


def test_a_package_of_a_release_may_have_code_of_its_own(shelf: Any, make: Make) -> None:
    code = workflow("return rw.Decision((PLACE, inner.X))", "from .pack import PLACE, inner")
    files = {
        **make(code).files,
        "pack/__init__.py": b"from pathlib import Path\nPLACE = Path(__file__).parent.name",
        "pack/inner.py": b"X = __package__.split('.')[-1]",
        "__init__.py": b"",
    }
    assert answer(shelf.loader().load(shelf.put(Archive(files)))) == ("pack", "pack")


def test_a_release_is_loaded_once_however_many_ask_at_once(shelf: Any, make: Make) -> None:
    digest = shelf.put(make())
    loader = shelf.loader()
    found: list[LoadedRelease] = []
    threads = [threading.Thread(target=lambda: found.append(loader.load(digest))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(release) for release in found}) == 1
    assert shelf.assembled == [digest]


def test_only_the_last_releases_are_kept(shelf: Any, make: Make) -> None:
    one, two, three = (shelf.put(make(note=str(n).encode())) for n in range(3))
    loader = shelf.loader(keep=2)
    for digest in (one, two, one, three, one, two):
        loader.load(digest)
    assert shelf.assembled == [one, two, three, two]
    assert len(shelf.fetched) == 3


def test_a_folder_that_is_sound_is_used_again_without_the_archive(shelf: Any, make: Make) -> None:
    digest = shelf.put(make())
    shelf.loader().load(digest)
    shelf.loader().load(digest)
    assert shelf.fetched == [digest]


@pytest.mark.parametrize("change", ["edit", "add", "remove", "cache", "link", "replace"])
def test_a_folder_that_was_altered_is_unpacked_anew(shelf: Any, make: Make, change: str) -> None:
    digest = shelf.put(make())
    folder = shelf.folder(digest)
    shelf.loader().load(digest)
    file = folder / "workflow.py"
    if change == "edit":
        file.chmod(0o644)
        file.write_bytes(file.read_bytes().replace(b"first", b"wrong"))
    elif change == "add":
        (folder / "policies").mkdir()
        (folder / "policies" / "all.cedar").write_text("permit (principal, action, resource);")
    elif change == "remove":
        file.unlink()
    elif change == "cache":
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "workflow.pyc").write_bytes(b"x")
    elif change == "link":
        content = file.read_bytes()
        file.unlink()
        (folder.parent / "elsewhere.py").write_bytes(content)
        file.symlink_to(folder.parent / "elsewhere.py")
    else:
        folder.rename(folder.with_name("gone"))
        folder.write_text("a file")
    assert answer(shelf.loader().load(digest)) == "first"
    assert shelf.fetched == [digest, digest]
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    assert found == {"charter.yaml", "workflow.py"}
    assert not [path for path in shelf.root.iterdir() if path.name.startswith(".")]


def test_a_folder_that_changes_while_it_is_read_is_read_again(shelf: Any, make: Make) -> None:
    digest = shelf.put(make())
    assemble, wounds = shelf.assemble, [1, 1]

    def disturbed(*arguments: Any) -> LoadedRelease:
        if wounds:
            (shelf.folder(digest) / f"new{wounds.pop()}").touch()
        return assemble(*arguments)  # type: ignore[no-any-return]

    shelf.assemble = disturbed
    assert shelf.loader().load(digest).digest == digest
    assert shelf.assembled == [digest] * 3
    other, wounds = shelf.put(make(note=b"other")), [1] * 9
    shelf.assemble = lambda *arguments: (shelf.folder(other) / "x").touch() or assemble(*arguments)
    with pytest.raises(Unavailable, match="altered again and again"):
        shelf.loader().load(other)


def test_what_runs_is_what_was_verified_and_leaves_no_bytecode(shelf: Any, make: Make) -> None:
    digest = shelf.put(
        make(workflow("from . import late; return rw.Decision(late.X)"), late_py=b"X = 'right'")
    )
    loaded = shelf.loader().load(digest)
    late = shelf.folder(digest) / "late.py"
    late.chmod(0o644)
    late.write_bytes(b"X = 'wrong'")
    (shelf.folder(digest) / "stranger.py").write_bytes(b"")
    assert answer(loaded) == "right"
    with pytest.raises(ModuleNotFoundError):
        __import__(f"{loaded.workflow.handler.__module__.rpartition('.')[0]}.stranger")
    assert not list(shelf.root.rglob("__pycache__"))


def test_an_archive_that_is_not_what_its_digest_promised_does_not_run(shelf: Any, make: Make) -> None:
    digest = make().digest
    shelf.archives[digest] = make(note=b"altered")
    with pytest.raises(Corrupt) as caught:
        shelf.loader().load(digest)
    assert caught.value.code == "RW-RELEASE-005"
    assert not shelf.folder(digest).exists()


@pytest.mark.parametrize(
    "digest", ["", "r2", "sha256:../../etc", "sha256:" + "0" * 63, "sha256:" + "G" * 64]
)
def test_what_is_no_digest_names_no_release(shelf: Any, digest: str) -> None:
    with pytest.raises(NotFound) as caught:
        shelf.loader().load(digest)
    assert caught.value.code == "RW-LOADER-001"
    assert shelf.fetched == []


def test_an_unknown_release_is_the_stores_answer_and_is_not_remembered(shelf: Any, make: Make) -> None:
    archive = make()
    loader = shelf.loader()
    with pytest.raises(NotFound, match="no such release"):
        loader.load(archive.digest)
    assert loader.load(shelf.put(archive)).digest == archive.digest


@pytest.mark.parametrize(
    ("code", "error", "found"),
    [
        ("x = 1", "RW-LOADER-005", "workflow.py: this declares no workflow; put @rw.workflow(\"support\")"),
        (
            workflow("...") + workflow("...").replace("handle", "other").replace("support", "triage"),
            "RW-LOADER-006",
            "this declares 2 workflows (support, triage), expected one",
        ),
        (
            workflow("...").replace("support", "triage"),
            "RW-LOADER-007",
            "this is a workflow for `triage`, the charter is of `support`",
        ),
        ("import roadworthy\n\n1 / 0", "RW-LOADER-004", "workflow.py:3:1: cannot be imported: ZeroDivisionError"),
        ("def f(:\n", "RW-LOADER-004", "workflow.py:1:7: cannot be imported: SyntaxError: invalid syntax"),
        ("\nimport nowhere_at_all", "RW-LOADER-004", "workflow.py:2:1: cannot be imported: ModuleNotFoundError: there is no module `nowhere_at_all`"),
        ("from . import nothing", "RW-LOADER-004", "workflow.py:1:1: cannot be imported: ImportError"),
        ("from .nothing import x", "RW-LOADER-004", "ModuleNotFoundError: there is no module"),
        ("raise SystemExit('secret')", "RW-LOADER-004", "workflow.py:1:1: cannot be imported: SystemExit"),
        ("x = '\0'", "RW-LOADER-004", "cannot be imported: "),
        ("from .broken import x", "RW-LOADER-004", "broken.py:2:1: cannot be imported: KeyError"),
    ],
)  # fmt: skip
def test_what_a_release_lacks_is_told_with_its_line(
    shelf: Any, make: Make, code: str, error: str, found: str
) -> None:
    loader = shelf.loader()
    digest = shelf.put(make(code, broken_py=b"\n{}['secret']"))
    for _ in range(2):
        with pytest.raises(InputProblem) as caught:
            loader.load(digest)
        assert caught.value.code == error
        assert found in caught.value.message
        assert "secret" not in caught.value.message
        assert "Traceback" not in caught.value.message
    assert shelf.assembled == []


@pytest.mark.parametrize("missing", ["workflow.py", "charter.yaml"])
def test_a_missing_file_is_named(shelf: Any, make: Make, missing: str) -> None:
    files = {name: content for name, content in make().files.items() if name != missing}
    with pytest.raises(InputProblem, match=f"there is no {missing} in the release") as caught:
        shelf.loader().load(shelf.put(Archive(files)))
    assert caught.value.code == "RW-LOADER-003"


def test_a_wrong_charter_is_told_line_by_line(shelf: Any, make: Make) -> None:
    files = {**make().files, "charter.yaml": b"use_case: support\ncolour: red\n"}
    with pytest.raises(InputProblem) as caught:
        shelf.loader().load(shelf.put(Archive(files)))
    assert caught.value.code == "RW-CHARTER-002"


def test_the_same_workflow_under_two_names_is_one(shelf: Any, make: Make) -> None:
    digest = shelf.put(make(workflow("return rw.Decision(1)") + "alias = handle\n"))
    assert answer(shelf.loader().load(digest)) == 1


@pytest.mark.parametrize("names", [["a//b.py"], ["./a.py"], ["a", "a/b.py"], ["a\0.py"], ["a/"]])
def test_paths_that_no_folder_can_hold_are_refused(shelf: Any, make: Make, names: list[str]) -> None:
    archive = Archive({**make().files, **dict.fromkeys(names, b"")})
    with pytest.raises(InputProblem, match="no path of a file in plain form") as caught:
        shelf.loader().load(shelf.put(archive))
    assert caught.value.code == "RW-LOADER-002"


def test_a_place_that_cannot_be_written_is_an_outage(shelf: Any, make: Make) -> None:
    shelf.root.write_text("a file where the folder should be")
    with pytest.raises(Unavailable, match="cannot be unpacked") as caught:
        shelf.loader().load(shelf.put(make()))
    assert (caught.value.code, caught.value.retry_is_safe) == ("RW-LOADER-009", True)


def test_processes_that_unpack_at_once_all_find_the_whole(shelf: Any, make: Make, tmp_path: Path) -> None:
    archive = make(**{f"data_{n}": bytes([n]) * 10_000 for n in range(30)})
    folder = shelf.folder(archive.digest)
    (folder / "old").mkdir(parents=True)  # all of them meet an altered folder
    packed = tmp_path / "archive"
    packed.write_text(repr(dict(archive.files)))
    code = (
        "import sys, ast; from pathlib import Path; from roadworthy.release import Archive;"
        "from roadworthy.adapters.folders.unpacking import unpack, found;"
        "archive = Archive(ast.literal_eval(Path(sys.argv[1]).read_text())); folder = Path(sys.argv[2]);"
        "[unpack(archive, folder) for _ in range(5)]; assert found(folder, archive.digest)"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(packed), str(folder)]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert [path.name for path in shelf.root.iterdir()] == [folder.name]


def test_a_charter_is_read_without_unpacking_or_importing(shelf: Any, make: Make) -> None:
    digest = shelf.put(make("raise SystemExit('imported')"))
    loader = shelf.loader()
    assert loader.charter(digest).use_case == "support"
    assert not shelf.root.exists()
    assert shelf.assembled == []


def test_a_charter_is_parsed_once_and_shared_with_the_loaded_release(shelf: Any, make: Make) -> None:
    digest = shelf.put(make())
    loader = shelf.loader()
    first = loader.charter(digest)
    assert loader.charter(digest) is first
    assert shelf.fetched == [digest]
    assert loader.load(digest).charter is first


def test_charters_kept_are_bounded(shelf: Any, make: Make) -> None:
    loader = shelf.loader(keep_charters=1)
    digests = [shelf.put(make(data=str(number).encode())) for number in range(2)]
    for digest in (*digests, digests[0]):
        loader.charter(digest)
    assert shelf.fetched == [*digests, digests[0]]


def test_a_charter_of_an_altered_archive_is_not_read(shelf: Any, make: Make) -> None:
    digest = shelf.put(make())
    shelf.archives[digest] = make(data=b"altered")
    with pytest.raises(Corrupt) as caught:
        shelf.loader().charter(digest)
    assert caught.value.code == "RW-RELEASE-005"


@pytest.mark.parametrize("digest", ["", "sha256:xyz", "../../etc/passwd"])
def test_a_charter_of_no_release_is_not_found(shelf: Any, digest: str) -> None:
    with pytest.raises(NotFound) as caught:
        shelf.loader().charter(digest)
    assert caught.value.code == "RW-LOADER-001"


def test_a_release_without_a_charter_says_so(shelf: Any) -> None:
    with pytest.raises(InputProblem) as caught:
        shelf.loader().charter(shelf.put(Archive({"workflow.py": b""})))
    assert caught.value.code == "RW-LOADER-003"
