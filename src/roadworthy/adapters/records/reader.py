"""CSV, TSV and Excel sheets as documents. Whoever asks data for figures asks a source; this is for tables to be read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from roadworthy.adapters.records.expanse import too_wide
from roadworthy.knowledge import Block, Finding, FindingKind
from roadworthy.knowledge.draft import Draft, quoted
from roadworthy.knowledge.packed import too_packed
from roadworthy.operate.knowledge.packages import needed
from roadworthy.ports.knowledge import Decoder

MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 500
_LONGEST_CELL = 20_000
_SEPARATORS = (";", "\t", "|", ",")
_EXCEL = (".xlsx", ".xlsm")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
MOST_CHARACTERS: Final = 20_000_000
"""Of all cells together, with the names of their columns: a short text may stand in many cells."""


class TableReader:
    """Each row is one block, with its columns by name. The first row names them."""

    def __init__(self, decode: Decoder) -> None:
        self._decode = decode

    @property
    def kinds(self) -> Mapping[str, int]:
        return {".csv": 20_000_000, ".tsv": 20_000_000, **dict.fromkeys(_EXCEL, 20_000_000)}

    def read(self, name: str, data: bytes) -> Draft | tuple[Finding, ...]:
        if name.lower().endswith(_EXCEL):
            return _book(name, data)
        decoded = self._decode(data)
        if isinstance(decoded, str):
            return (Finding("broken", name, decoded),)
        findings = [Finding("encoding", name, decoded.doubt)] if decoded.doubt else []
        first = decoded.text.partition("\n")[0][:10_000]
        by = "\t" if name.lower().endswith(".tsv") else max(_SEPARATORS, key=first.count)
        try:
            rows = csv.reader(
                io.StringIO(decoded.text.replace("\0", ""), newline=""), delimiter=by, strict=False
            )
            blocks = _records(rows, name, findings)
        except csv.Error as fault:
            return (Finding("broken", name, f"cannot be read as a table: {quoted(str(fault))}"),)
        return Draft(blocks, findings=findings)


def _book(name: str, data: bytes) -> Draft | tuple[Finding, ...]:
    calamine = needed("python_calamine", what="Excel sheets", extra="data")
    if not data.startswith(b"PK"):
        return (_no_workbook(name, data),)
    if why := too_packed(data) or too_wide(data):
        kind: FindingKind = (
            "broken" if why.startswith("is no") else "encrypted" if why == "is encrypted" else "too-large"
        )
        return (Finding(kind, name, why),)
    findings: list[Finding] = []
    blocks: list[Block] = []
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        for sheet in book.sheets_metadata:
            if sheet.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            if sheet.visible != calamine.SheetVisibleEnum.Visible:
                findings.append(
                    Finding("hidden", name, f"left out, the sheet `{quoted(sheet.name)}` is hidden")
                )
                continue
            rows = (
                [_cell(value) for value in row] for row in book.get_sheet_by_name(sheet.name).iter_rows()
            )
            found = _records(rows, name, findings)
            if found:
                blocks += [Block("heading", sheet.name, level=1), *found]
    except calamine.PasswordError:
        return (Finding("encrypted", name, "it is encrypted; save a copy without a password"),)
    except (calamine.CalamineError, OSError, ValueError) as fault:
        return (Finding("broken", name, f"cannot be read as a workbook: {quoted(str(fault))}"),)
    return Draft(blocks, findings=findings)


def _no_workbook(name: str, data: bytes) -> Finding:
    """Other formats that the library would read have bounds of their own, or none."""
    if _ENCRYPTED in data:
        return Finding("encrypted", name, "it is encrypted; save a copy without a password")
    return Finding("broken", name, "cannot be read as a workbook: it is of another format; save it as XLSX")


def _records(rows: Iterable[Sequence[str]], name: str, findings: list[Finding]) -> list[Block]:
    """Rows with content; the first names the columns. A list of `column: value` is cut between values alone."""
    filled = iter(row for row in rows if any(cell.strip() for cell in row))
    columns = [
        " ".join(cell.split())[:200] or f"column {number}"
        for number, cell in enumerate(next(filled, ())[:MOST_COLUMNS], start=1)
    ]
    blocks: list[Block] = []
    size = 0
    for row in islice(filled, MOST_ROWS):
        text = "\n".join(_values(columns, row))
        size += len(text)
        if size > MOST_CHARACTERS:
            findings.append(
                Finding(
                    "too-large",
                    name,
                    f"read the first {len(blocks)} rows: more than {MOST_CHARACTERS} characters",
                )
            )
            return blocks
        blocks.append(Block("list", text))
    if next(filled, None) is not None:
        findings.append(Finding("too-large", name, f"read the first {MOST_ROWS} rows"))
    if columns and not blocks:
        blocks = [Block("paragraph", ", ".join(columns))]
    return blocks


def _values(columns: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    for number, cell in enumerate(row[:MOST_COLUMNS]):
        value = " ".join(cell[:_LONGEST_CELL].split())
        if value:
            yield f"{columns[number] if number < len(columns) else f'column {number + 1}'}: {value}"


def _cell(value: Any) -> str:
    """As people read it: whole numbers without decimals."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)
