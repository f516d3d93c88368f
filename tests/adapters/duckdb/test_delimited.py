"""Delimited files as companies have them: every row is accounted for, whatever is wrong with it."""

import codecs
import csv
import io
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.adapters.duckdb.conftest import Open

from roadworthy.adapters.duckdb import DuckWorkbench
from roadworthy.adapters.duckdb.delimited import Dialect
from roadworthy.adapters.duckdb.records import Troubles, records
from roadworthy.adapters.duckdb.survey import Survey
from roadworthy.data import ColumnType
from roadworthy.errors import InputProblem
from roadworthy.testing.conformance.datasets import batches


def codes(dataset) -> dict[str, int]:
    return {finding.code: finding.rows for finding in dataset.reading.findings}


def kinds(dataset) -> dict[str, ColumnType]:
    return {column.name: column.type for column in dataset.columns}


# Against the standard library's reader

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    [
        "",
        " ",
        "1",
        "007",
        "1.50",
        "a,b",
        'say "hi"',
        "two\nlines",
        "cr\rcell",
        "crlf\r\ncell",
        "=1+1",
        "ü",
        "'",
        '"',
        ";",
        "\t",
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], str, str]:
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=12))
    return rows, draw(st.sampled_from(",;\t|")), draw(st.sampled_from(["\n", "\r\n"]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_what_the_standard_library_writes_is_read_back_cell_by_cell(
    opened: Open, written: tuple[list[list[str]], str, str]
) -> None:
    rows, delimiter, end = written
    out = io.StringIO(newline="")
    width = len(rows[0]) if rows else 1
    names = [f"name{number}" for number in range(width)]
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows([names, *rows])
    # The writer leaves a lone `\r` without quotes: what its reader makes of it is what counts.
    rows = [row for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter) if row][
        1:
    ]
    assume(all(len(row) == width for row in rows))
    table = opened(out.getvalue(), name="t.csv", header=True, skip=0, delimiter=delimiter, quote='"')
    texts = table.texts()
    assert [list(row) for row in zip(*texts.values(), strict=True)] == rows
    numbered = batches(table.stream([names[0]], numbered=True))
    assert [row["__row"] for row in numbered] == list(range(len(rows)))
    table.close()


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('ab,"\n\r '), max_size=40), st.integers(1, 7))
def test_a_plain_file_has_as_many_rows_as_the_survey_counts(text: str, piece: int) -> None:
    survey = Survey(",", '"')
    data = text.encode()
    for start in range(0, len(data), piece):
        survey.take(data[start : start + piece])
    survey.finish()
    lines = list(csv.reader(io.StringIO(text, newline="")))
    if survey.is_plain:
        assert survey.rows == sum(1 for line in lines if line)
        assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == lines


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('ab,"\n'), max_size=60), st.integers(1, 40))
def test_no_sign_of_a_broken_file_is_lost(text: str, piece: int) -> None:
    troubles = Troubles()
    lines = io.StringIO(text, newline="")
    rows = [
        row for group in records(lambda: lines.readlines(piece), Dialect(), 2, troubles) for row in group
    ]
    kept = "".join(cell for _, row in rows for cell in row)
    for sign in "ab":
        assert kept.count(sign) == text.count(sign)
    assert [line for line, _ in rows] == sorted(line for line, _ in rows)


@pytest.mark.parametrize("rows", [1, 2, 3000])
def test_the_last_line_needs_no_end(opened: Open, rows: int) -> None:
    table = opened("a,b\n" + "\n".join(f"{n},x" for n in range(rows)))
    assert table.texts()["a"] == [str(n) for n in range(rows)]
    assert codes(table) == {}


# Ragged rows, quotes, blank lines


def test_a_ragged_row_is_found_with_its_line_and_kept(opened: Open) -> None:
    table = opened("a,b,c\n1,2,3\n4,5\n6,7,8,9,x\n10,11,12\n")
    assert codes(table) == {"RW-DATA-103": 1, "RW-DATA-104": 1}
    short, long = table.reading.findings[:2]
    assert "line 3" in short.message
    assert "line 4" in long.message
    assert table.texts() == {
        "a": ["1", "4", "6", "10"], "b": ["2", "5", "7", "11"], "c": ["3", None, "8", "12"],
        "__surplus": [None, None, '["9", "x"]', None],
    }  # fmt: skip
    assert kinds(table)["a"] is ColumnType.INTEGER


def test_cells_of_a_row_that_is_too_long_do_not_decide_about_a_type(opened: Open) -> None:
    table = opened("name,age\n" + "x,1\n" * 50 + "Miller, Ann,30\n")
    assert kinds(table)["age"] is ColumnType.INTEGER
    assert codes(table) == {"RW-DATA-104": 1, "RW-DATA-113": 1}
    assert table.rows(f"select age from {table.relation}")[-1] == {"age": None}
    assert table.texts(["age"])["age"][-1] == " Ann"


@pytest.mark.parametrize("line", ['5" pipe,7', '"5" pipe",7', '"5 pipe,7', '"a"b,7'])
def test_a_stray_quote_costs_no_other_row(opened: Open, line: str) -> None:
    table = opened(f'name,n\nfirst,1\n{line}\n"good, one",3\nlast,4\n', header=True)
    texts = table.texts()
    assert texts["n"] == ["1", "7", "3", "4"]
    assert texts["name"][2] == "good, one"
    assert "5" in texts["name"][1] or texts["name"][1] == '"a"b'


def test_a_quote_that_is_never_closed_costs_one_row(opened: Open) -> None:
    rows = "".join(f"{n},text\n" for n in range(5000))
    table = opened('n,t\n0,"open\n' + rows)
    assert len(table.texts()["n"]) == 5001
    assert codes(table)["RW-DATA-107"] == 1


def test_quoted_line_breaks_stay_in_their_cell(opened: Open) -> None:
    table = opened('a,b\r\n1,"x\r\ny"\r\n2,"""z"""\r\n')
    assert table.texts()["b"] == ["x\r\ny", '"z"']
    assert codes(table) == {}


@pytest.mark.parametrize(
    "text", ["a,b\n\n1,2\n\n\n3,4\n\n", "a,b\r\n\r\n1,2\r\n\r\n\r\n3,4\r\n\r\n", "\na,b\n1,2\n\n\n3,4\n"]
)
def test_blank_lines_are_counted_and_are_no_rows(opened: Open, text: str) -> None:
    table = opened(text)
    assert table.texts() == {"a": ["1", "3"], "b": ["2", "4"]}
    assert codes(table) == {"RW-DATA-109": text.count("\n") - 3}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(opened: Open, end: str) -> None:
    table = opened(end.join(["a,b", "1,2", "3,4"]) + end)
    assert table.texts() == {"a": ["1", "3"], "b": ["2", "4"]}


def test_a_nul_is_kept_and_told(opened: Open) -> None:
    table = opened(b"a,b\n1,x\0y\n2,z\n")
    assert table.texts()["b"] == ["x\0y", "z"]
    assert codes(table) == {"RW-DATA-108": 1}


def test_a_cell_larger_than_a_block_is_read(opened: Open) -> None:
    table = opened("a,b\n1," + "x" * 300_000 + '\n2,"' + "y\n" * 100_000 + '"\n')
    assert [len(text or "") for text in table.texts()["b"]] == [300_000, 200_000]


# Headers


def test_names_that_repeat_or_are_missing_are_told(opened: Open) -> None:
    table = opened("id,name,Name,,id,__row\n1,a,b,c,2,x\n2,c,d,e,4,y\n")
    assert [column.name for column in table.columns] == [
        "id",
        "name",
        "Name_2",
        "column_4",
        "id_2",
        "__row_2",
    ]
    assert codes(table) == {"RW-DATA-105": 3, "RW-DATA-106": 1}


def test_a_header_alone_is_a_table_without_rows(opened: Open) -> None:
    table = opened("a,b\n")
    assert [column.name for column in table.columns] == ["a", "b"]
    assert table.texts() == {"a": [], "b": []}
    assert codes(table) == {"RW-DATA-114": 0}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_told(opened: Open, content: bytes) -> None:
    table = opened(content)
    assert "RW-DATA-114" in codes(table)
    assert table.rows(f"select count(*) as n from {table.relation}") == [{"n": 0}]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("id,name\n1,a\n2,b\n", True),
        ("1,a\n2,b\n3,c\n", False),
        ("name,city\nAda,Rome\nBo,Oslo\n", True),
        ("Ada,2024-01-01\nBo,2024-01-02\n", False),
    ],
)
def test_a_header_is_told_from_a_row(opened: Open, text: str, header: bool) -> None:
    table = opened(text)
    assert table.reading.guess.header is header
    assert table.columns[0].name == (text.split(",")[0] if header else "column_1")


def test_titles_above_the_header_are_no_rows_and_told(opened: Open) -> None:
    table = opened("Sales report\nmade on 2026-01-01\n\nid,amount\n1,2.5\n2,3.5\n")
    assert table.texts() == {"id": ["1", "2"], "amount": ["2.5", "3.5"]}
    assert codes(table) == {"RW-DATA-110": 3}


def test_excels_separator_line_is_obeyed(opened: Open) -> None:
    table = opened("sep=;\r\na;b\r\n1;2\r\n")
    assert table.texts() == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_though_others_stand_in_cells(opened: Open, delimiter: str) -> None:
    rows = [["id", "text", "price"]] + [[str(n), f"a text, with; signs {n}", f"{n},50"] for n in range(20)]
    text = "\n".join(
        delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in row) for row in rows
    )
    table = opened(text)
    assert table.reading.guess.delimiter == delimiter
    assert table.texts()["price"][3] == "3,50"


def test_a_backslash_before_a_quote_is_an_escape_only_inside_a_cell(opened: Open) -> None:
    escaped = opened('a,b\n"say \\"hi\\" now",1\n"x",2\n', name="escaped.csv")
    assert escaped.texts() == {"a": ['say "hi" now', "x"], "b": ["1", "2"]}
    path = opened('a,b\n"C:\\data\\",1\n"D:\\",2\n', name="path.csv")
    assert path.texts() == {"a": ["C:\\data\\", "D:\\"], "b": ["1", "2"]}


def test_a_part_that_repeats_the_header_of_the_first_has_one(bench: DuckWorkbench, tmp_path: Path) -> None:
    for part, rows in (("1", "a,b\nc,d\n"), ("2", "")):
        (tmp_path / f"{part}.csv").write_text(f"name,city\n{rows}")
    with closing(bench.open(str(tmp_path), header=None)) as table:
        assert table.texts() == {"name": ["a", "c"], "city": ["b", "d"]}
        assert [column.name for column in table.columns] == ["name", "city"]


@pytest.mark.parametrize(
    ("option", "value"),
    [("delimiter", "ab"), ("delimiter", ""), ("quote", "xx"), ("encoding", "utf-99"), ("header", "yes"), ("skip", -1),
     ("format", "word"), ("columns", ["a"]), ("columns", {"a": "integr"}), ("columns", {"nme": "string"}), ("nonsense", 1)],
)  # fmt: skip
def test_an_option_that_makes_no_sense_is_told(opened: Open, option: str, value: object) -> None:
    with pytest.raises(InputProblem) as caught:
        opened("name,b\n1,2\n", **{option: value}).columns  # noqa: B018
    assert caught.value.code == "RW-DATA-151"


# Encodings

TEXT = "name,city\nMüller,Köln\nGonzález,Málaga\nGößmann,Düsseldorf – Süd\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"]
)
def test_the_encoding_is_found(opened: Open, encoding: str) -> None:
    table = opened(TEXT.encode(encoding))
    assert table.texts()["name"] == ["Müller", "González", "Gößmann"]
    assert [column.name for column in table.columns] == ["name", "city"]
    assert codes(table) == {}


def test_an_encoding_that_is_guessed_says_so(opened: Open) -> None:
    russian = "имя,город\n" + "Иван Петров,Москва\nАнна Иванова,Санкт-Петербург\n" * 20
    table = opened(russian.encode("cp1251"))
    assert table.texts()["город"][0] == "Москва"
    assert not table.reading.guess.certain
    assert "RW-DATA-101" in codes(table)
    told = opened(russian.encode("cp1251"), name="told.csv", encoding="cp1251")
    assert codes(told) == {}


def test_bytes_that_are_broken_in_the_middle_are_found_with_their_line(opened: Open) -> None:
    good = "".join(f"{n},Müller\n" for n in range(20_000)).encode()
    table = opened(b"n,name\n" + good + b"20000,M\xfcller\n" + b"20001,ok\n")
    assert table.reading.guess.encoding == "utf-8"
    finding = next(one for one in table.reading.findings if one.code == "RW-DATA-102")
    assert "line 20002" in finding.message
    assert finding.rows == 1
    assert table.texts()["name"][20_000:] == ["M\ufffdller", "ok"]


def test_a_file_that_turns_out_to_be_latin_far_down_is_read_as_such(opened: Open) -> None:
    rows = "".join(f"{n},Meier\n" for n in range(50_000)).encode()
    table = opened(b"n,name\n" + rows + "50000,Müller\n50001,Gößmann\n".encode("cp1252"))
    assert table.reading.guess.encoding == "cp1252"
    assert table.texts()["name"][-2:] == ["Müller", "Gößmann"]


def test_a_cut_character_at_the_end_is_found(opened: Open) -> None:
    table = opened("a,b\nü,ö\n1,".encode() + codecs.encode("ü", "utf-8")[:1])
    assert codes(table)["RW-DATA-102"] == 1
    assert table.texts()["b"] == ["ö", "\ufffd"]


# Types


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "+3", ""], ColumnType.INTEGER),
        (["007", "1"], ColumnType.TEXT),
        (["12345678901234567890"], ColumnType.TEXT),
        (["1.50", "2", "1e5", ".5"], ColumnType.NUMBER),
        (["1234567890123456.5"], ColumnType.TEXT),
        (["true", "FALSE"], ColumnType.BOOLEAN),
        (["2024-02-29", "2023-01-01"], ColumnType.DATE),
        (["2024-02-30"], ColumnType.TEXT),
        (["31.12.2024", "1.1.2025"], ColumnType.DATE),
        (["13/01/2024", "02/01/2024"], ColumnType.DATE),
        (["01/02/2024", "03/04/2024"], ColumnType.TEXT),
        (["2024-01-01 10:00:00", "2024-01-01T10:00:00.5"], ColumnType.TIMESTAMP),
        (["2024-01-01T10:00:00Z", "2024-01-01T10:00:00+02:00"], ColumnType.TIMESTAMP),
        (["10:30", "23:59:59"], ColumnType.TIME),
        (["nan", "inf"], ColumnType.TEXT),
        (["1_000"], ColumnType.TEXT),
        (["0x1F"], ColumnType.TEXT),
        (["", ""], ColumnType.TEXT),
        (["yes", "no"], ColumnType.TEXT),
    ],
)
def test_a_type_is_what_all_cells_are(opened: Open, cells: list[str], kind: ColumnType) -> None:
    table = opened("x;y\n" + "".join(f"{cell};z\n" for cell in cells), header=True, delimiter=";", skip=0)
    assert kinds(table)["x"] is kind
    assert table.texts()["x"] == cells


def test_values_are_those_that_stand_there(opened: Open) -> None:
    table = opened(
        "i;d;german;day;moment;flag\n 1 ;1.50;1.234,5;31.12.2024;2024-01-01T12:00:00+02:00;TRUE\n;;;;;\n",
        header=True,
    )
    first, second = table.rows(f"select * from {table.relation}")
    assert first["i"] == 1
    assert (first["d"], first["german"], first["day"], first["flag"]) == (
        1.5,
        1234.5,
        date(2024, 12, 31),
        True,
    )
    assert first["moment"].astimezone(tz=None) == datetime.fromisoformat("2024-01-01T10:00:00+00:00")
    assert set(second.values()) == {None}


def test_what_may_be_read_in_two_ways_is_left_alone_and_told(opened: Open) -> None:
    table = opened("d;n\n01/02/2024;1,234\n03/04/2024;5,678\n")
    assert codes(table) == {"RW-DATA-123": 0}
    assert [column.type for column in table.columns] == [ColumnType.TEXT] * 2


def test_a_row_far_down_decides_between_two_ways(opened: Open) -> None:
    table = opened("d,n\n" + "01/02/2024,1\n" * 3000 + "31/01/2024,2\n")
    assert kinds(table)["d"] is ColumnType.DATE
    assert table.rows(f"select max(d) as d from {table.relation}") == [{"d": date(2024, 2, 1)}]


def test_a_value_far_down_that_does_not_fit_makes_the_column_text_and_is_told(opened: Open) -> None:
    table = opened("id,n\n" + "".join(f"{n},{n}\n" for n in range(9_000)) + "9000,n/a\n9001,7\n")
    assert kinds(table) == {"id": ColumnType.INTEGER, "n": ColumnType.TEXT}
    finding = table.reading.findings[0]
    assert (finding.code, finding.rows) == ("RW-DATA-112", 1)
    assert "row 9001" in finding.message
    assert table.rows(f"select n from {table.relation} where id = 9000") == [{"n": "n/a"}]


def test_whole_numbers_become_numbers_where_one_has_decimals_far_down(opened: Open) -> None:
    table = opened("id,n\n" + "1,1\n" * 5_000 + "1,1.5\n")
    assert kinds(table)["n"] is ColumnType.NUMBER
    assert table.rows(f"select sum(n) as s from {table.relation}") == [{"s": 5001.5}]


def test_a_column_that_begins_empty_has_the_type_of_its_first_cells(opened: Open) -> None:
    table = opened("id,n\n" + "1,\n" * 5_000 + "2,2024-01-01\n")
    assert kinds(table)["n"] is ColumnType.DATE


def test_a_declared_type_counts_the_cells_that_are_none(opened: Open) -> None:
    table = opened(
        "id,n\n" + "".join(f"{n},x{n}\n" for n in range(90)) + "90,7\n",
        columns={"n": "integer", "id": ColumnType.TEXT},
    )
    assert kinds(table) == {"id": ColumnType.TEXT, "n": ColumnType.INTEGER}
    assert codes(table) == {"RW-DATA-113": 90}
    assert table.rows(f"select count(n) as n from {table.relation}") == [{"n": 1}]


def test_formulas_are_text_and_told(opened: Open) -> None:
    table = opened(
        "name,n\n=cmd|'/c calc'!A0,1\n\"@SUM(A1)\",2\n+49 30 123,3\n-5,4\n=== title,5\n @handle,6\n"
    )
    finding = table.reading.findings[0]
    assert (finding.code, finding.rows) == ("RW-DATA-111", 2)
    assert table.texts()["name"][0] == "=cmd|'/c calc'!A0"
