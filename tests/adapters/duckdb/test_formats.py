"""JSON, Excel, Parquet, folders, packed files and other places: the same promises for each."""

import gzip
import json
import zipfile
from datetime import date
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.duckdb.conftest import Open
from tests.adapters.duckdb.workbooks import sheet, write_workbook

from roadworthy.adapters.duckdb import DuckWorkbench, Limits
from roadworthy.data import ColumnType
from roadworthy.errors import InputProblem, NotFound, Unavailable
from roadworthy.testing.conformance.datasets import batches


def codes(dataset) -> dict[str, int]:
    return {finding.code: finding.rows for finding in dataset.reading.findings}


def kinds(dataset) -> dict[str, ColumnType]:
    return {column.name: column.type for column in dataset.columns}


# JSON


def test_numbers_keep_their_spelling_and_nulls_are_nulls(opened: Open) -> None:
    text = '{"n": 1.50, "t": "007", "o": {"a": [1]}, "b": true}\n{"n": null, "t": "", "o": null}\n{"n": 1e3, "x": [1, 2]}\n'
    table = opened(text, name="t.jsonl")
    assert table.texts() == {
        "n": ["1.50", None, "1e3"], "t": ["007", "", None], "o": ['{"a": [1]}', None, None],
        "b": ["true", None, None], "x": [None, None, "[1, 2]"],
    }  # fmt: skip
    assert kinds(table) == {
        "n": ColumnType.NUMBER, "t": ColumnType.TEXT, "o": ColumnType.OBJECT, "b": ColumnType.BOOLEAN,
        "x": ColumnType.ARRAY,
    }  # fmt: skip
    assert table.rows(f"select sum(n) as n, bool_or(b) as b from {table.relation}") == [
        {"n": 1001.5, "b": True}
    ]


def test_a_line_that_is_no_object_is_kept_and_told(opened: Open) -> None:
    table = opened('{"a": 1}\n{"a": 2\n\n[1]\n{"a": 3, "a": 4}\n', name="t.jsonl")
    assert table.texts() == {"a": ["1", None, None, "4"], "__surplus": [None, '{"a": 2', "[1]", None]}
    assert codes(table) == {"RW-DATA-117": 2, "RW-DATA-119": 1}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b", "c"]),
            st.none()
            | st.booleans()
            | st.integers(-(10**12), 10**12)
            | st.text(max_size=5)
            | st.lists(st.integers(0, 3), max_size=2),
        ),
        min_size=1,
        max_size=8,
    ),
    st.booleans(),
    st.sampled_from([None, 1]),
)
def test_any_objects_are_read_back(
    opened: Open, objects: list[dict[str, object]], listed: bool, indent: int | None
) -> None:
    text = json.dumps(objects, indent=indent) if listed else "\n".join(json.dumps(one) for one in objects)
    table = opened(text, name="t.json")
    texts = table.texts()
    for place, one in enumerate(objects):
        for key in ("a", "b", "c"):
            value = one.get(key)
            wanted = value if isinstance(value, str | None) else json.dumps(value)
            assert texts.get(key, [None] * len(objects))[place] == wanted
    assert table.rows(f"select count(*) as n from {table.relation}") == [{"n": len(objects)}]
    table.close()


def test_a_list_is_read_in_pieces_of_any_size(opened: Open) -> None:
    objects = [{"n": n, "text": "x" * (n % 500), "list": [[n]]} for n in range(10_000)]
    table = opened(json.dumps(objects), name="t.json")
    assert table.texts(["n"])["n"] == [str(n) for n in range(10_000)]


@pytest.mark.parametrize(
    "text", ['[{"a": 1}, {"a": 2}', '[{"a": 1} {"a": 2}]', '[{"a": 1}] x', '[{"a": tru}]', '{\n"a": 1,\n']
)
def test_json_that_breaks_off_is_no_table(opened: Open, text: str) -> None:
    with pytest.raises(InputProblem) as caught:
        opened(text, name="t.json").columns  # noqa: B018
    assert caught.value.code == "RW-DATA-152"


def test_one_object_over_several_lines_is_a_row(opened: Open) -> None:
    table = opened('{\n  "a": 1,\n  "b": {"c": 2}\n}\n', name="t.json")
    assert table.texts() == {"a": ["1"], "b": ['{"c": 2}']}


def test_values_of_several_kinds_in_a_column_are_text_and_told(opened: Open) -> None:
    table = opened('{"a": 1}\n{"a": "x"}\n', name="t.jsonl")
    assert kinds(table) == {"a": ColumnType.TEXT}
    assert codes(table) == {"RW-DATA-118": 0}


def test_keys_that_differ_in_case_alone_are_two_columns(opened: Open) -> None:
    table = opened('{"a": 1, "A": 2, "": 3}\n', name="t.jsonl")
    assert table.texts() == {"a": ["1"], "A_2": ["2"], "column": ["3"]}
    assert codes(table) == {"RW-DATA-105": 2}


def test_a_key_that_comes_late_is_a_column_from_the_first_row_on(opened: Open) -> None:
    lines = [json.dumps({"a": n}) for n in range(25_000)] + [json.dumps({"a": 1, "late": "x"})]
    table = opened("\n".join(lines), name="t.jsonl")
    assert table.rows(f"select count(*) as n, count(late) as late from {table.relation}") == [
        {"n": 25_001, "late": 1}
    ]
    assert [row["__row"] for row in batches(table.stream(["a"], numbered=True))] == list(range(25_001))


# Excel


def test_a_sheet_is_read_with_its_types(tmp_path: Path, opened: Open) -> None:
    rows = [
        ["id", "price", "day", "ok", "code"],
        [1, 2.5, date(2024, 2, 29), True, "007"],
        [2, 3, None, False, None],
    ]
    write_workbook(tmp_path / "b.xlsx", {"Data": rows})
    table = opened(tmp_path / "b.xlsx")
    assert kinds(table) == {
        "id": ColumnType.INTEGER, "price": ColumnType.NUMBER, "day": ColumnType.DATE, "ok": ColumnType.BOOLEAN,
        "code": ColumnType.TEXT,
    }  # fmt: skip
    assert table.texts() == {
        "id": ["1", "2"], "price": ["2.5", "3"], "day": ["2024-02-29", None], "ok": ["true", "false"],
        "code": ["007", None],
    }  # fmt: skip
    assert table.reading.guess.sheet == "Data"


def test_the_first_visible_sheet_with_cells_is_read_and_the_others_are_named(
    tmp_path: Path, opened: Open
) -> None:
    sheets = {"Secret": [["x"], [1]], "Empty": [], "Data": [["a"], [1]], "More": [["b"], [2]]}
    write_workbook(tmp_path / "b.xlsx", sheets, hidden=["Secret"])
    table = opened(tmp_path / "b.xlsx")
    assert table.texts() == {"a": ["1"]}
    assert codes(table) == {"RW-DATA-120": 3}
    assert opened(tmp_path / "b.xlsx", sheet="More").texts() == {"b": ["2"]}
    with pytest.raises(NotFound, match="did you mean `More`"):
        opened(tmp_path / "b.xlsx", sheet="Mor").columns  # noqa: B018


def test_titles_errors_and_blank_lines_of_a_sheet_are_told(tmp_path: Path, opened: Open) -> None:
    rows = [
        ["Report 2026", None, None],
        [None, None, None],
        ["id", "n", "name"],
        [1, "#REF!", "a"],
        [None, None, None],
        [2, 5, "b"],
    ]
    write_workbook(tmp_path / "b.xlsx", {"Data": rows})
    table = opened(tmp_path / "b.xlsx")
    assert table.texts(["id", "name"]) == {"id": ["1", "2"], "name": ["a", "b"]}
    assert codes(table).keys() >= {"RW-DATA-110", "RW-DATA-109"}


def test_a_lonely_cell_far_out_is_no_reason_to_fill_the_memory(tmp_path: Path, opened: Open) -> None:
    body = sheet([["a"], [1]]).replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    write_workbook(tmp_path / "b.xlsx", {"Data": body})
    with pytest.raises(InputProblem) as caught:
        opened(tmp_path / "b.xlsx").columns  # noqa: B018
    assert caught.value.code == "RW-DATA-153"


def test_what_is_no_workbook_is_told(opened: Open) -> None:
    for name, content in (
        ("b.xlsx", b"no zip at all"),
        ("b.xlsx", b"PK\x03\x04broken"),
        ("b.xls", b"\xd0\xcf\x11\xe0broken"),
    ):
        with pytest.raises(InputProblem) as caught:
            opened(content, name=name).columns  # noqa: B018
        assert caught.value.code == "RW-DATA-152"


# Parquet


def test_types_and_nested_values_of_parquet_come_as_they_are(tmp_path: Path, opened: Open) -> None:
    table = pa.table({
        "d": pa.array([None, "1.50"]).cast(pa.decimal128(10, 2)), "l": pa.array([[1, 2], None]), "s": pa.array([{"a": 1}, None]),
        "b": pa.array([b"\x00\xff", None]), "i": pa.array([1, None], pa.uint64()), "t": pa.array([0, None], pa.timestamp("us", "UTC")),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")
    found = opened(tmp_path / "t.parquet")
    assert kinds(found) == {
        "d": ColumnType.NUMBER, "l": ColumnType.ARRAY, "s": ColumnType.OBJECT, "b": ColumnType.BINARY,
        "i": ColumnType.INTEGER, "t": ColumnType.TIMESTAMP,
    }  # fmt: skip
    texts = found.texts()
    assert (texts["d"], texts["l"], texts["s"], texts["b"]) == (
        [None, "1.50"],
        ["[1,2]", None],
        ['{"a":1}', None],
        ["00FF", None],
    )
    assert batches(found.stream())[1] == {
        **dict.fromkeys("lsbit"),
        "d": found.rows(f"select d from {found.relation}")[1]["d"],
    }


def test_what_is_no_parquet_is_told(opened: Open) -> None:
    for content in (b"", b"PAR1", b"PAR1" + b"x" * 100 + b"PAR1"):
        with pytest.raises(InputProblem) as caught:
            opened(content, name="t.parquet").columns  # noqa: B018
        assert caught.value.code == "RW-DATA-152"


# Folders and patterns


def write_parts(folder: Path) -> None:
    for year, rows in ((2024, 3), (2025, 2), (2026, 1)):
        part = folder / f"year={year}"
        part.mkdir(parents=True)
        (part / "part.csv").write_text("id,name\n" + "".join(f"{n},n{year}\n" for n in range(rows)))
    (folder / "_SUCCESS").write_text("")
    (folder / "readme.md").write_text("about")


def test_folders_tell_a_column_and_rows_are_numbered_over_partitions_in_name_order(
    tmp_path: Path, opened: Open
) -> None:
    write_parts(tmp_path / "sales")
    table = opened(tmp_path / "sales")
    assert kinds(table) == {"id": ColumnType.INTEGER, "name": ColumnType.TEXT, "year": ColumnType.INTEGER}
    rows = batches(table.stream(numbered=True))
    assert [(row["__row"], row["year"], row["id"]) for row in rows] == [
        (0, 2024, 0), (1, 2024, 1), (2, 2024, 2), (3, 2025, 0), (4, 2025, 1), (5, 2026, 0),
    ]  # fmt: skip
    assert [one.name for one in table.snapshot().partitions] == [
        f"year={year}/part.csv" for year in (2024, 2025, 2026)
    ]
    assert codes(table) == {"RW-DATA-116": 1}
    assert table.only(["year=2025/part.csv"]).texts(["year"]) == {"year": ["2025", "2025"]}
    with pytest.raises(NotFound, match="did you mean `year=2025/part.csv`"):
        table.only(["year=2025/part.csw"])
    assert opened(
        str(tmp_path / "sales/*/part.csv") and Path(str(tmp_path / "sales/year=202[45]/*.csv"))
    ).texts(["year"]) == {"year": ["2024"] * 3 + ["2025"] * 2}


def test_partitions_of_parquet_are_one_table(tmp_path: Path, opened: Open) -> None:
    for year in (2024, 2025):
        (tmp_path / f"d/year={year}").mkdir(parents=True)
        columns = {"id": [1, 2], **({"new": ["x", "y"]} if year == 2025 else {})}
        pq.write_table(pa.table(columns), tmp_path / f"d/year={year}/p.parquet")
    table = opened(tmp_path / "d")
    assert table.texts() == {
        "id": ["1", "2", "1", "2"],
        "new": [None, None, "x", "y"],
        "year": ["2024", "2024", "2025", "2025"],
    }
    assert [row["__row"] for row in batches(table.stream(["id"], numbered=True))] == [0, 1, 2, 3]
    assert codes(table) == {"RW-DATA-115": 1}


def test_partitions_with_other_columns_are_told_and_filled_up(tmp_path: Path, opened: Open) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/1.csv").write_text("id,name\n1,a\n")
    (tmp_path / "d/2.csv").write_text("name,id,more\nb,2,x\n")
    table = opened(tmp_path / "d")
    assert table.texts() == {"id": ["1", "2"], "name": ["a", "b"], "more": [None, "x"]}
    assert codes(table) == {"RW-DATA-115": 1}


def test_the_mark_of_a_file_changes_with_it(opened: Open, tmp_path: Path) -> None:
    table = opened("a\n1\n", name="m.csv")
    before = table.snapshot()
    assert before.tellable
    (tmp_path / "m.csv").write_text("a\n2\n3\n")
    assert table.snapshot().digest != before.digest
    (tmp_path / "m.csv").unlink()
    with pytest.raises(Unavailable) as caught:
        table.snapshot()
    assert caught.value.code == "RW-DATA-161"


@pytest.mark.parametrize(
    ("location", "code"),
    [("nowhere.csv", "RW-DATA-150"), ("x.sqlite", "RW-DATA-151"), ("x.ods", "RW-DATA-151")],
)
def test_what_is_not_there_or_for_others_is_told(
    bench: DuckWorkbench, tmp_path: Path, location: str, code: str
) -> None:
    if code == "RW-DATA-151":
        (tmp_path / location).write_text("x")
    with pytest.raises(InputProblem) as caught:
        bench.open(str(tmp_path / location))
    assert caught.value.code == code


def test_a_format_is_told_from_the_content_where_the_name_does_not(opened: Open, tmp_path: Path) -> None:
    assert opened("a,b\n1,2\n", name="export").texts() == {"a": ["1"], "b": ["2"]}
    assert opened('{"a": 1}\n', name="dump.dat").texts() == {"a": ["1"]}
    pq.write_table(pa.table({"p": [1]}), tmp_path / "blob")
    assert opened(tmp_path / "blob").texts() == {"p": ["1"]}
    write_workbook(tmp_path / "book", {"S": [["e"], [1]]})
    assert opened(tmp_path / "book").texts() == {"e": ["1"]}
    with pytest.raises(InputProblem, match="is a database"):
        opened(b"SQLite format 3\0" + b"\0" * 100, name="thing").columns  # noqa: B018


# Packed files and other places


def test_packed_texts_are_read(opened: Open) -> None:
    text = b"a,b\n1,2\n"
    assert opened(gzip.compress(text) + gzip.compress(b"3,4\n"), name="t.csv.gz").texts()["a"] == ["1", "3"]
    assert opened(pa.compress(text, codec="zstd", asbytes=True), name="t.csv.zst").texts() == {
        "a": ["1"],
        "b": ["2"],
    }
    assert opened(gzip.compress(b'{"a": 1}\n'), name="t.jsonl.gz").texts() == {"a": ["1"]}


def test_a_file_in_an_archive_is_named_where_there_are_several(opened: Open, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("x/one.csv", "a\n1\n")
        archive.writestr("two.csv", "b\n2\n")
    with pytest.raises(InputProblem, match="2 files"):
        opened(tmp_path / "t.zip").columns  # noqa: B018
    assert opened(tmp_path / "t.zip", table="two.csv").texts() == {"b": ["2"]}


@pytest.mark.parametrize(
    ("name", "content"),
    [("t.csv.gz", gzip.compress(b"a\n" * 1000, mtime=0)[:-9]), ("t.csv.gz", b"\x1f\x8bnothing"), ("t.csv.zst", b"\x28\xb5\x2f\xfdxx"), ("t.zip", b"PK\x03\x04xx")],
)  # fmt: skip
def test_a_damaged_packing_is_told(opened: Open, name: str, content: bytes) -> None:
    with pytest.raises(InputProblem) as caught:
        opened(content, name=name).columns  # noqa: B018
    assert caught.value.code == "RW-DATA-152"


@pytest.mark.parametrize("packing", ["gz", "zst", "zip"])
def test_what_expands_without_measure_is_refused_and_leaves_nothing(tmp_path: Path, packing: str) -> None:
    text = b"0" * 3_000_000
    if packing == "zip":
        with zipfile.ZipFile(tmp_path / "t.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("t.csv", text)
    else:
        packed = gzip.compress(text) if packing == "gz" else pa.compress(text, codec="zstd", asbytes=True)
        (tmp_path / f"t.csv.{packing}").write_bytes(packed)
    for limits in (Limits(expanded=1_000_000), Limits(ratio=100, ratio_from=1_000_000)):
        bench = DuckWorkbench(tmp_path / "bench", limits=limits)
        with pytest.raises(InputProblem) as caught:
            bench.open(str(tmp_path / f"t.csv.{packing}")).columns  # noqa: B018
        assert caught.value.code == "RW-DATA-153"
        assert not list((tmp_path / "bench").rglob("*.part"))
        bench.close()


def test_an_object_store_is_read_as_files_are(opened: Open, bench: DuckWorkbench, tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/orders/1.csv", b"id\n1\n")
    memory.pipe("/bucket/orders/2.csv", b"id\n2\n3\n")
    pq.write_table(pa.table({"p": list(range(1000))}), tmp_path / "p.parquet", row_group_size=100)
    memory.pipe("/bucket/p.parquet", (tmp_path / "p.parquet").read_bytes())
    try:
        table = bench.open("memory://bucket/orders")
        assert table.texts() == {"id": ["1", "2", "3"]}
        assert table.snapshot().tellable
        table.close()
        parquet = bench.open("memory://bucket/p.parquet")
        assert parquet.rows(f"select sum(p) as s from {parquet.relation}") == [{"s": 499_500}]
        parquet.close()
        with pytest.raises(NotFound):
            bench.open("memory://bucket/nothing.csv")
    finally:
        memory.rm("/bucket", recursive=True)


@pytest.mark.parametrize(
    ("address", "code", "says"),
    [
        ("s3://key:geheim@bucket/a.csv", "RW-DATA-158", "s3fs"),
        ("abfs://container/a.csv", "RW-DATA-158", "adlfs"),
        ("github://x/y", "RW-DATA-151", "known"),
        ("filecache::s3://b/k", "RW-DATA-150", ""),
    ],
)
def test_an_address_that_cannot_be_opened_says_what_is_missing(
    bench: DuckWorkbench, address: str, code: str, says: str
) -> None:
    with pytest.raises(InputProblem) as caught:
        bench.open(address)
    assert caught.value.code == code
    assert says in str(caught.value)
    assert "geheim" not in str(caught.value)
