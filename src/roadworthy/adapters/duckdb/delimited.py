"""How a delimited file is written: its delimiter, quotes, what stands above the header, whether there is one."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from roadworthy.data import Finding
from roadworthy.errors import InputProblem, Problem

ROW = "__row"
AT = "__source_row"
"""Where a row stands in its source, as the engine knows it; shown as ``__row`` to who asks."""
SURPLUS = "__surplus"
"""The column that keeps what a row has beyond the others, present only where a row does."""

# In order of preference where two explain a file equally well: commas stand in texts and numbers, too.
_DELIMITERS = ("\t", ";", "|", ",")
_RARE = ("^", "~", ":", "\x1f", "\x01", "§", "¦")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_RECORDS = 1000
_PREAMBLE = 30
_VALUE = re.compile(
    r"\s*(?:[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?%?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ][\d:.+Z-]+)?"
    r"|\d{1,2}:\d{2}(?::\d{2})?|true|false)\s*",
    re.IGNORECASE,
)
# Not the end of a path (`"C:\\data\\",`): there a delimiter follows the quote.
_BACKSLASHED = re.compile(r'(?:^|[,;|\t])"[^"\n]*\\"[^"\r\n,;|\t]', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How rows are cut into cells. ``skip`` counts the lines above the header, or above the first row."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    header: bool = True
    skip: int = 0
    certain: bool = True

    def reader(self, lines: object, *, strict: bool = False) -> csv.Reader:  # type: ignore[name-defined]
        """The standard library's reader of this dialect."""
        return csv.reader(
            lines,  # type: ignore[arg-type]
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            doublequote=not self.escape,
            escapechar=self.escape or None,
            strict=strict,
        )


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A dialect, the cells of the header (or of the first row), and how many cells rows mostly have."""

    dialect: Dialect
    first: tuple[str, ...]
    width: int


def sign(text: str, what: str, *, empty: bool = False) -> str:
    """One character that somebody chose. Errors: ``InputProblem`` RW-DATA-151."""
    if (len(text) != 1 or text in "\r\n") and not (empty and text == ""):
        raise InputProblem("RW-DATA-151", Problem(f"the {what} is one character, not `{text[:20]}`"))
    return text


def sniff(
    head: str,
    *,
    whole: bool,
    delimiter: str | None = None,
    quote: str | None = None,
    header: bool | None = None,
    skip: int | None = None,
    tabbed: bool = False,
) -> Sniffed:
    """The most probable dialect of a text by its first lines; what is given is taken as it is.

    ``whole`` says that the head is all there is; otherwise its last line may be cut and is left out.
    """
    if not whole and "\n" in head:
        head = head[: head.rindex("\n") + 1]
    given, start = skip is not None, skip or 0
    if given:
        head = "".join(head.splitlines(keepends=True)[start:])
    elif match := _SEPARATOR_LINE.match(head):
        delimiter, start = delimiter or match[1], 1
        head = head[match.end() :]
    quote = _quote(head) if quote is None else quote
    escape = "\\" if quote and _BACKSLASHED.search(head) else ""
    best, certain = _delimiter(head, quote, escape, delimiter, tabbed)
    dialect = Dialect(best, quote, escape, certain=certain)
    lines, records = _records(head, dialect)
    width = _width(records)
    above = 0 if given else lines_above(records, width)
    start += lines[above] if above < len(lines) else 0
    records = [record for record in records[above:] if record]
    if not records:
        return Sniffed(replace(dialect, header=header is not False, skip=start), (), 0)
    headed, sure = (header, True) if header is not None else has_header(records)
    dialect = replace(dialect, header=headed, skip=start, certain=certain and sure)
    return Sniffed(dialect, tuple(records[0]), max(width, len(records[0])))


def _quote(head: str) -> str:
    if '"' in head or "'" not in head:
        return '"'
    cells = re.findall(r"(?:^|[,;|\t])'[^'\n]*'(?=[,;|\t\r\n]|$)", head, re.MULTILINE)
    return "'" if len(cells) >= 2 and len(cells) * 4 >= head.count("'") else '"'


def _delimiter(head: str, quote: str, escape: str, given: str | None, tabbed: bool) -> tuple[str, bool]:
    if given is not None:
        return given, True
    scores: list[tuple[float, int, str]] = []
    for candidate in (*_DELIMITERS, *_RARE):
        if candidate not in head:
            continue
        _, records = _records(head, Dialect(candidate, quote, escape))
        width = _width(records)
        if width < 2:
            continue
        rows = [record for record in records if record]
        agreeing = sum(len(record) == width for record in rows) / len(rows)
        # The header belongs to the table: a sign that it lacks cuts the cells, not the table.
        starts = any(len(record) == width for record in rows[:1]) or lines_above(records, width) > 0
        rare = 0.3 if candidate in _RARE else 0.0
        preferred = 0.2 if tabbed and candidate == "\t" else 0.0
        scores.append((agreeing + 0.25 * starts - rare + preferred, -len(scores), candidate))
    if not scores:
        return ("\t" if tabbed else ","), True
    scores.sort(reverse=True)
    best = scores[0]
    if best[0] < 0.5:
        # Nothing cuts the lines into a table: one column of text.
        return ("\t" if tabbed else ","), False
    return best[2], len(scores) < 2 or best[0] - scores[1][0] > 0.05


def _records(head: str, dialect: Dialect) -> tuple[list[int], list[list[str]]]:
    """The first records, blank ones too, and in which line (from 0) each of them begins."""
    reader = dialect.reader(io.StringIO(head, newline=""))
    lines, records, line = [], [], 0
    try:
        for record in reader:
            lines.append(line)
            records.append(record)
            line = reader.line_num
            if len(records) >= _RECORDS:
                break
    except csv.Error:
        pass
    return lines, records


def _width(records: Sequence[Sequence[str]]) -> int:
    counts = Counter(len(record) for record in records if record)
    return max(counts, key=lambda width: (counts[width], width)) if counts else 0


def lines_above(records: Sequence[Sequence[str]], width: int) -> int:
    """How many records stand above the table: titles and remarks, one filled cell where rows have several."""
    if width < 2:
        return 0
    for place, record in enumerate(records[:_PREAMBLE]):  # noqa: B007 - told afterwards
        if sum(1 for cell in record if cell.strip()) >= 2:
            break
    else:
        return 0
    titles = [[cell for cell in record if cell.strip()] for record in records[:place]]
    if not any(titles) or any(_VALUE.fullmatch(title[0]) for title in titles if title):
        return 0
    if any(titles and len(record) >= width for record in records[:place]):
        # A spreadsheet fills up the line of a title; a sparse first row of a table looks the same, so
        # it counts as a title only where a row of names follows.
        return place if all(cell.strip() and not _VALUE.fullmatch(cell) for cell in records[place]) else 0
    return place


def has_header(records: Sequence[Sequence[str]]) -> tuple[bool, bool]:
    """Whether the first record names the columns, and whether another answer would be a surprise."""
    first, rest = records[0], records[1:]
    if not rest:
        return not any(_VALUE.fullmatch(cell) for cell in first), len(first) > 1
    for_it = against = 0
    for place, cell in enumerate(first):
        below = [record[place] for record in rest if place < len(record) and record[place].strip()]
        if not below:
            continue
        values = sum(1 for one in below if _VALUE.fullmatch(one)) / len(below)
        if values > 0.9:
            if _VALUE.fullmatch(cell):
                against += 1
            elif cell.strip():
                for_it += 1
        elif cell in below[:200]:
            against += 1
    if for_it != against:
        return for_it > against, abs(for_it - against) > 0 and min(for_it, against) == 0
    named = [cell.strip().casefold() for cell in first]
    likely = len(set(named)) == len(named) and not any(_VALUE.fullmatch(cell) for cell in first)
    return likely, False


def named(first: Sequence[str], width: int, *, header: bool, place: str) -> tuple[list[str], list[Finding]]:
    """A name for each column: the header's, made unique; numbered ones where there is none."""
    if not header:
        return [f"column_{number}" for number in range(1, width + 1)], []
    raw = [cell.strip().lstrip("\ufeff").replace("\0", "") for cell in first]
    raw += [""] * (width - len(raw))
    taken = {name.casefold() for name in raw if name} | {ROW, SURPLUS, AT}
    names: list[str] = []
    seen: set[str] = {ROW, SURPLUS, AT}
    empty, again = [], []
    for number, name in enumerate(raw, 1):
        final = name or f"column_{number}"
        if not name:
            empty.append(number)
        if final.casefold() in seen or (not name and final.casefold() in taken):
            count = 2
            while f"{final}_{count}".casefold() in seen | taken:
                count += 1
            if name:
                again.append(name)
            final = f"{final}_{count}"
        seen.add(final.casefold())
        names.append(final)
    findings = []
    if again:
        message = "names of the header that stand there before or are reserved were given a number: "
        message += ", ".join(f"`{name}`" for name in again[:8])
        findings.append(
            Finding(
                "RW-DATA-105", message, place=place, hint="give each column its own name", rows=len(again)
            )
        )
    if empty:
        message = "columns without a name were numbered: " + ", ".join(str(one) for one in empty[:8])
        findings.append(
            Finding("RW-DATA-106", message, place=place, hint="name each column", rows=len(empty))
        )
    return names, findings
