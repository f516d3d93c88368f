from pathlib import Path

from roadworthy.adapters.files import FileFigures


def test_figures_come_back_under_their_key(tmp_path: Path) -> None:
    kept = FileFigures(tmp_path / "cache")
    kept.put("a|b", {"rows": 3, "flaws": {"x": 1}})
    assert kept.get("a|b") == {"rows": 3, "flaws": {"x": 1}}
    assert FileFigures(tmp_path / "cache").get("a|b") == {"rows": 3, "flaws": {"x": 1}}
    assert kept.get("a|c") is None


def test_a_broken_or_foreign_file_counts_as_none(tmp_path: Path) -> None:
    kept = FileFigures(tmp_path)
    kept.put("a", {"rows": 3})
    (file,) = tmp_path.iterdir()
    for content in (b"", b"{", b"[]", b'{"key": "other", "figures": {}}'):
        file.write_bytes(content)
        assert kept.get("a") is None


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    kept = FileFigures(tmp_path / "file" / "cache")
    kept.put("a", {"rows": 3})
    assert kept.get("a") is None
