"""Excel sheets as documents: what people see in their cells is what is indexed."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Sequence

import pytest

from roadworthy.adapters.charsetnormalizer import decode
from roadworthy.adapters.records import TableReader
from roadworthy.knowledge import Access, Document
from roadworthy.knowledge.chunking import chunks
from roadworthy.knowledge.draft import Draft
from roadworthy.policy.marking import NEUTRAL

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PARTS = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_TYPES = (
    f'<Types xmlns="{PARTS}/content-types"><Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_ROOT = (
    f'<Relationships xmlns="{PARTS}/relationships"><Relationship Id="r1" Target="xl/workbook.xml"'
    f' Type="{OFFICE}/officeDocument"/></Relationships>'
)
# Cell formats: 0 general, 1 a day.
_STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def a_book(sheets: dict[str, Sequence[Sequence[str]]], *, hidden: Sequence[str] = ()) -> bytes:
    """A workbook of cells in XML, such as `<v>3</v>`; texts stand in the table that sheets share, as Excel writes them."""
    shared: list[str] = []

    def cell(place: str, content: str) -> str:
        if not content or content.startswith("<"):
            return f'<c r="{place}">{content}</c>'
        if content.startswith((" s=", " t=")):
            return f'<c r="{place}"{content}</c>'
        shared.append(content)
        return f'<c r="{place}" t="s"><v>{len(shared) - 1}</v></c>'

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        told, related = "", ""
        for number, (name, rows) in enumerate(sheets.items(), start=1):
            lines = "".join(
                f'<row r="{at}">'
                + "".join(cell(f"{chr(64 + column)}{at}", content) for column, content in enumerate(row, 1))
                + "</row>"
                for at, row in enumerate(rows, 1)
            )
            sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>'
            book.writestr(f"xl/worksheets/sheet{number}.xml", sheet)
            state = ' state="hidden"' if name in hidden else ""
            told += f'<sheet name="{name}" sheetId="{number}"{state} r:id="s{number}"/>'
            related += f'<Relationship Id="s{number}" Target="worksheets/sheet{number}.xml" Type="{OFFICE}/worksheet"/>'
        related += f'<Relationship Id="t" Target="sharedStrings.xml" Type="{OFFICE}/sharedStrings"/>'
        related += f'<Relationship Id="f" Target="styles.xml" Type="{OFFICE}/styles"/>'
        book.writestr("[Content_Types].xml", _TYPES)
        book.writestr("_rels/.rels", _ROOT)
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{told}</sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PARTS}/relationships">{related}</Relationships>',
        )
        book.writestr("xl/styles.xml", _STYLES)
        texts = "".join(f'<si><t xml:space="preserve">{text}</t></si>' for text in shared)
        book.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{texts}</sst>')
    return packed.getvalue()


FEES = [
    ["Service", "Fee in EUR", "Valid from", "Free"],
    ["Transfer abroad", "<v>12.5</v>", ' s="1"><v>46082</v>', ' t="b"><v>1</v>'],
    ["Cash &amp; coins, “Münzen”", "<v>3</v>", "", ' t="b"><v>0</v>'],
    ["", "", "", ""],
    ["All together", "<f>SUM(B2:B3)</f><v>15.5</v>", "", ' t="e"><v>#DIV/0!</v>'],
]


def a_draft(data: bytes, name: str = "fees.xlsx") -> Draft:
    found = TableReader(decode).read(name, data)
    assert isinstance(found, Draft)
    return found


@pytest.fixture
def fees() -> Draft:
    book = a_book({"Fees 2026": [*FEES], "Notes": [["Remark"], ["Ask the desk"]]})
    return a_draft(book)


def test_every_row_names_its_columns_below_the_name_of_its_sheet(fees: Draft) -> None:
    told = [(block.kind, block.text) for block in fees.blocks]
    assert told[0] == ("heading", "Fees 2026")
    assert told[1] == (
        "list",
        "Service: Transfer abroad\nFee in EUR: 12.5\nValid from: 2026-03-01\nFree: True",
    )
    assert told[2] == ("list", "Service: Cash & coins, “Münzen”\nFee in EUR: 3\nFree: False")
    assert told[-2:] == [("heading", "Notes"), ("list", "Remark: Ask the desk")]


def test_a_formula_is_read_as_the_value_it_had_when_saved(fees: Draft) -> None:
    assert fees.blocks[3].text.startswith("Service: All together\nFee in EUR: 15.5")
    assert "SUM" not in "".join(block.text for block in fees.blocks)


def test_hidden_sheets_are_left_out_and_told() -> None:
    book = a_book({"Open": [["a"], ["seen"]], "Secret": [["a"], ["salary"]]}, hidden=["Secret"])
    draft = a_draft(book)
    assert "salary" not in "".join(block.text for block in draft.blocks)
    assert [(one.kind, "Secret" in one.detail) for one in draft.findings] == [("hidden", True)]


def test_rows_become_passages_that_lead_with_their_sheet(fees: Draft) -> None:
    document = Document("fees.xlsx", "fees", tuple(fees.blocks), Access(NEUTRAL))
    (first, *_) = chunks(document, size=120)
    assert first.headings[-1] == "Fees 2026"
    assert "Fee in EUR: 12.5" in first.text


def test_a_book_cut_off_in_the_middle_is_told_as_broken() -> None:
    data = a_book({"Fees": [*FEES]})
    found = TableReader(decode).read("fees.xlsx", data[: len(data) // 2])
    assert isinstance(found, tuple)
    assert [one.kind for one in found] == ["broken"]


def test_a_long_text_in_thousands_of_cells_is_refused_before_it_is_laid_out() -> None:
    started = time.process_time()
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(a_book({"S": [["key"], ["x"]]}))) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book,
    ):
        for name in old.namelist():
            content = old.read(name).decode()
            if name.endswith("sharedStrings.xml"):
                content = content.replace(">x<", f">{'a ' * 500_000}<")
            if name.endswith("sheet1.xml"):
                rows = "".join(
                    f'<row r="{at}"><c r="A{at}" t="s"><v>1</v></c></row>' for at in range(3, 20_000)
                )
                content = content.replace("</sheetData>", rows + "</sheetData>")
            book.writestr(name, content)
    found = TableReader(decode).read("a.xlsx", packed.getvalue())
    assert isinstance(found, tuple)
    assert [each.kind for each in found] == ["too-large"]
    assert time.process_time() - started < 3
