"""A file that an effect lays down: whole, once, and where it was meant to lie."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.adapters.drops import FileDrop, build
from roadworthy.adapters.drops.writing import cell_of
from roadworthy.charter import Argument, Tool
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.ports import Connector
from roadworthy.testing.conformance.connectors import WritesConformance

ARGUMENTS = {
    "id": Argument(max_length=40),
    "note": Argument(required=False),
    "rows": Argument(type="list", required=False),
}


def drop(root: Path, *, arguments: Any = ARGUMENTS, **options: Any) -> FileDrop:
    declared = Tool(
        use="file.drop", sink="write", idempotency="native", arguments=arguments,
        options={"folder": "out/orders", "name": "order-{id}", **options},
    )  # fmt: skip
    return build("shop.file", declared, root)


def lying(root: Path) -> list[str]:
    folder = root / "out" / "orders"
    return sorted(path.name for path in folder.glob("*") if path.is_file()) if folder.exists() else []


class TestConformance(WritesConformance):
    @pytest.fixture
    def writes(self, tmp_path: Path) -> Connector:
        return drop(tmp_path)

    @pytest.fixture
    def felt(self, tmp_path: Path) -> Callable[[], int]:
        return lambda: len(lying(tmp_path))

    @pytest.fixture
    def refuses(self, tmp_path: Path) -> Connector:
        return drop(tmp_path)


def test_a_key_that_is_sent_again_lays_nothing_down_also_after_the_receiver_took_the_file(
    tmp_path: Path,
) -> None:
    sending = drop(tmp_path)
    first = sending.send("k", {"id": "a1"})
    (name,) = lying(tmp_path)
    assert first == {"file": f"out/orders/{name}"}
    assert json.loads((tmp_path / "out/orders" / name).read_text()) == {"id": "a1"}
    (tmp_path / "out/orders" / name).unlink()
    assert sending.send("k", {"id": "a1"}) == first
    assert lying(tmp_path) == []


def test_a_crash_before_the_note_leaves_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sending = drop(tmp_path)
    real = os.link

    def dies(*args: Any, **more: Any) -> None:
        real(*args, **more)
        raise SystemExit

    monkeypatch.setattr(os, "link", dies)
    with pytest.raises(SystemExit):
        sending.send("k", {"id": "a1"})
    monkeypatch.setattr(os, "link", real)
    sending.send("k", {"id": "a1"})
    assert len(lying(tmp_path)) == 1


@pytest.mark.parametrize(
    "id_", ["../../etc/passwd", "a/b", "..", ".hidden", "a b", "a\x00", "a.json", "é", ""]
)
def test_an_argument_in_a_name_leads_nowhere_else(tmp_path: Path, id_: str) -> None:
    with pytest.raises(InputProblem):
        drop(tmp_path).send("k", {"id": id_})
    assert lying(tmp_path) == []


@pytest.mark.parametrize("link", ["out", "out/orders", "out/orders/.roadworthy"])
def test_a_link_in_the_way_is_not_followed(tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "root" / link).parent.mkdir(parents=True)
    (tmp_path / "root" / link).symlink_to(elsewhere)
    with pytest.raises(Unavailable) as told:
        drop(tmp_path / "root").send("k", {"id": "a1"})
    assert told.value.code == "RW-FILE-011"
    assert list(elsewhere.iterdir()) == []


def test_a_csv_file_has_its_columns_and_no_formulas(tmp_path: Path) -> None:
    sending = drop(tmp_path, format="csv", columns=["name", "cents"], rows="rows")
    rows = [{"name": '=HYPERLINK("http://x")', "cents": -5}, {"name": "two\r\nlines"}, {"name": " @x"}]
    sending.send("k", {"id": "a1", "rows": rows})
    (name,) = lying(tmp_path)
    with (tmp_path / "out/orders" / name).open(newline="") as file:
        found = list(csv.reader(file))
    assert found == [
        ["name", "cents"], ['\'=HYPERLINK("http://x")', "-5"], ["two\r\nlines", ""], ["' @x", ""],
    ]  # fmt: skip


@given(st.text(max_size=20))
def test_nocell_of_begins_like_a_formula(text: str) -> None:
    assert (
        not cell_of(text)
        .lstrip(" \u00a0")
        .startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    )
    assert cell_of(text).removeprefix("'") == text.removeprefix("'")


def test_rows_and_sizes_are_bounded(tmp_path: Path) -> None:
    sending = drop(tmp_path, format="csv", columns=["name"], rows="rows", max_bytes=100)
    for wrong in ([{"other": 1}], ["row"], [{"name": "x" * 200}]):
        with pytest.raises(InputProblem) as told:
            sending.send("k", {"id": "a1", "rows": wrong})
        assert told.value.code == "RW-FILE-001"
    assert lying(tmp_path) == []


def test_a_declaration_that_does_not_fit_is_told_at_once(tmp_path: Path) -> None:
    options = {
        "folder": "../x",
        "format": "xml",
        "name": "{nobody}",
        "columns": "a",
        "rows": "b",
        "max_bytes": 0,
        "y": 1,
    }
    with pytest.raises(InputProblem) as told:
        build("shop.file", Tool(use="file.drop", options=options), tmp_path)
    assert len(told.value.problems) == 9
