"""Files that others lay down become cases; each goes where its fate is told."""

import os
from pathlib import Path

import pytest
from tests.operate.flows import reply
from tests.operate.office import CHARTER, Office

from roadworthy.adapters.drops import FolderWatch
from roadworthy.charter import Charter
from roadworthy.charter.incoming import IncomingFiles
from roadworthy.operate.incoming import folders
from roadworthy.operate.incoming.folders import look_into_folders

FILES = """
intake:
  files:
    table: {folder: in/table, format: csv, key: id, fields: {text: the text, amount: cents}}
    orders: {folder: in/orders, format: json, fields: {text: order.text, amount: order.cents}}
"""


@pytest.fixture
def root(office: Office, tmp_path: Path) -> Path:
    office.release(reply, charter=CHARTER + FILES)
    for name in ("table", "orders"):
        (tmp_path / "data" / "in" / name).mkdir(parents=True)
    return tmp_path / "data"


def look(office: Office, root: Path) -> int:
    def opened(_charter: Charter, plan: IncomingFiles) -> FolderWatch:
        return FolderWatch(
            root,
            plan.folder,
            form=plan.format,
            most_bytes=plan.max_bytes,
            most_rows=plan.max_rows,
            settles_s=0.0,
        )

    return look_into_folders(office.deployment, opened)


def lay(root: Path, name: str, content: str) -> None:
    path = root / "in" / name
    path.write_text(content)
    os.utime(path, (1_000, 1_000))


def lying(root: Path, folder: str) -> list[str]:
    place = root / "in" / folder
    return (
        sorted(one.name.split("-", 1)[-1] for one in place.iterdir() if one.is_file())
        if place.exists()
        else []
    )


def contents(office: Office) -> dict[str, object]:
    with office.store.read() as tx:
        return {
            case.key: office.deployment.vault.open(tx, case.input)
            for case in office.store.cases.list(tx, "desk").rows
        }


def test_rows_and_files_become_cases_and_the_same_again_is_one(office: Office, root: Path) -> None:
    for _ in range(2):
        lay(root, "table/a.csv", "id,the text,cents\nK-1,refund 0.9,500\nK-2,other 0.9,\n")
        lay(root, "orders/b.json", '{"order": {"text": "refund 0.9", "cents": 7}}')
        assert look(office, root) == 2
    found = contents(office)
    assert found["K-1"] == {"text": "refund 0.9", "amount": 500}
    assert found["K-2"] == {"text": "other 0.9"}
    assert list(found.values()).count({"text": "refund 0.9", "amount": 7}) == 1
    assert len(found) == 3
    assert (lying(root, "table"), lying(root, "table/done")) == ([], ["a.csv"])


def test_a_row_that_is_no_case_is_told_beside_the_file_and_the_others_are_cases(
    office: Office, root: Path
) -> None:
    lay(root, "table/a.csv", "id,the text,cents\nK-1,refund 0.9,many\nK-2,fine 0.9,1\n,nobody 0.9,1\nK-3\n")
    look(office, root)
    assert list(contents(office)) == ["K-2"]
    assert lying(root, "table/rejected") == ["a.csv", "a.csv.reason.txt"]
    (reason,) = (root / "in/table/rejected").glob("*.reason.txt")
    assert reason.read_text().splitlines() == [
        "1 of 4 became cases; these did not:",
        "row 1: amount: expected a whole number",
        "row 3: there is no key in `id`",
        "row 4: has 1 cells, expected 3",
    ]


def test_a_file_that_cannot_be_read_becomes_nothing(office: Office, root: Path) -> None:
    lay(root, "orders/a.json", "{")
    look(office, root)
    assert contents(office) == {}
    assert lying(root, "orders/rejected") == ["a.json", "a.json.reason.txt"]


def test_a_crash_half_way_leaves_the_file_and_doubles_nothing(
    office: Office, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(root, "table/a.csv", "id,the text,cents\nK-1,refund 0.9,1\nK-2,refund 0.9,1\n")
    real, brought = folders.bring, []

    def dies(*args: object) -> object:
        brought.append(args)
        if len(brought) == 2:
            raise SystemExit
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(folders, "bring", dies)
    with pytest.raises(SystemExit):
        look(office, root)
    assert lying(root, "table") == ["a.csv"]
    look(office, root)
    assert sorted(contents(office)) == ["K-1", "K-2"]
    assert lying(root, "table/done") == ["a.csv"]
