"""How much a workbook becomes when it is laid out, counted before anything lays it out."""

from __future__ import annotations

import io
import re
import zipfile
from array import array
from collections.abc import Iterator
from functools import cache
from typing import Final

MOST_CELLS: Final = 20_000_000
MOST_SHARED: Final = 100_000_000
"""Bytes of shared texts, each counted as often as cells refer to it: the library copies it into every one."""
_PIECE = 1 << 20
_OVERLAP = 400
_CELL = re.compile(rb"\br\s{0,9}=\s{0,9}[\"']([A-Za-z]{1,3})(\d{1,7})[\"']")
_SHARED = re.compile(rb"\bt\s{0,9}=\s{0,9}[\"']s[\"']")
_REFERENCE = re.compile(rb"\bt=\"s\"[^<>]{0,200}>\s{0,9}<v>(\d{1,9})</v>")
_ITEM = re.compile(rb"<(?:\w{1,20}:)?si[\s/>]")


def too_wide(data: bytes) -> str:
    """Why a workbook is not opened; empty where it may be.

    The reader lays out a grid up to the last cell, however lonely that one is, and copies shared texts into every
    cell that refers to them. Cells that refer in an unusual way count as if they referred to the longest text.
    Time: linear in the unpacked size.
    """
    references: list[bytes] = []
    mentions = 0
    lengths = array("q")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if packed.namelist().count("content.xml") or any(
                name.lower().endswith(".bin") and "worksheets/" in name.lower()
                for name in packed.namelist()
            ):
                return "is a workbook of another format; save it as XLSX"
            for file in packed.infolist():
                if not file.filename.lower().endswith((".xml", ".rels")):
                    continue
                rows = columns = 0
                for piece, fresh in _pieces(packed, file):
                    for letters, row in _CELL.findall(piece):
                        columns = max(columns, _column(letters.upper()))
                        rows = max(rows, int(row))
                    mentions += sum(hit.end() > fresh for hit in _SHARED.finditer(piece))
                    references += [hit[1] for hit in _REFERENCE.finditer(piece) if hit.end() > fresh]
                if rows * columns > MOST_CELLS:
                    return f"has a sheet of {rows} rows and {columns} columns"
                if file.filename.lower().endswith("sharedstrings.xml"):
                    lengths.extend(_lengths(packed, file))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        return ""
    longest = max(lengths, default=0)
    if longest * mentions <= MOST_SHARED:
        return ""
    told = sum(lengths[int(number)] for number in references if int(number) < len(lengths))
    if told + longest * max(mentions - len(references), 0) > MOST_SHARED:
        return f"repeats texts in its cells to more than {MOST_SHARED} bytes"
    return ""


def _pieces(packed: zipfile.ZipFile, file: zipfile.ZipInfo) -> Iterator[tuple[bytes, int]]:
    """The content in overlapping pieces, each with how much of it was in the piece before."""
    tail = b""
    with packed.open(file) as stream:
        while piece := stream.read(_PIECE):
            yield tail + piece, len(tail)
            tail = (tail + piece)[-_OVERLAP:]


def _lengths(packed: zipfile.ZipFile, file: zipfile.ZipInfo) -> Iterator[int]:
    """How long each shared text is at most, in their order."""
    at = last = 0
    for piece, fresh in _pieces(packed, file):
        start = at - fresh
        for hit in _ITEM.finditer(piece):
            if hit.end() > fresh:
                if last:
                    yield start + hit.start() - last
                last = start + hit.start() or 1
        at += len(piece) - fresh
    if last:
        yield at - last


@cache
def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
