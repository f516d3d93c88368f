"""What a table consists of once it was read: where the engine finds it, its columns, how it is spelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from roadworthy.adapters.duckdb import csvfiles, jsonfiles, kinds, sheets
from roadworthy.adapters.duckdb.csvfiles import Asked, Taken
from roadworthy.adapters.duckdb.delimited import AT, ROW, SURPLUS
from roadworthy.adapters.duckdb.engine import Engine, listed
from roadworthy.adapters.duckdb.kinds import Typed
from roadworthy.adapters.duckdb.places import Found, Place, format_of
from roadworthy.adapters.duckdb.spelling import literal, quoted, selection
from roadworthy.adapters.duckdb.staging import Segment, Stage, offsets
from roadworthy.adapters.duckdb.unpacking import Limits, head, reachable
from roadworthy.data import Column, ColumnType, Finding, Guess, Reading
from roadworthy.errors import InputProblem, Problem, Unavailable

_NATIVE = {
    "BOOLEAN": ColumnType.BOOLEAN, "TINYINT": ColumnType.INTEGER, "SMALLINT": ColumnType.INTEGER,
    "INTEGER": ColumnType.INTEGER, "BIGINT": ColumnType.INTEGER, "HUGEINT": ColumnType.INTEGER,
    "UTINYINT": ColumnType.INTEGER, "USMALLINT": ColumnType.INTEGER, "UINTEGER": ColumnType.INTEGER,
    "UBIGINT": ColumnType.INTEGER, "UHUGEINT": ColumnType.INTEGER, "FLOAT": ColumnType.NUMBER,
    "DOUBLE": ColumnType.NUMBER, "VARCHAR": ColumnType.TEXT, "UUID": ColumnType.TEXT, "DATE": ColumnType.DATE,
    "TIME": ColumnType.TIME, "TIMESTAMP": ColumnType.TIMESTAMP, "BLOB": ColumnType.BINARY,
    "JSON": ColumnType.OBJECT, "INTERVAL": ColumnType.TEXT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """``scan`` has the raw columns and ``__source_row``; ``typed`` says how values and spellings come from them."""

    scan: str
    typed: tuple[Typed, ...]
    reading: Reading
    rows: int
    addresses: tuple[str, ...]
    """Files of the window that the scan reads."""
    temporary: tuple[Path, ...] = ()
    """Files that go with the table."""

    @property
    def is_spelled(self) -> bool:
        """Whether values are made out of texts each time they are asked for."""
        return any(one.value != one.spelled for one in self.typed if one.column.native == "text")

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(one.column for one in self.typed)

    def select(self, names: Sequence[str], *, numbered: bool = False, spelled: bool = False) -> str:
        """The columns of these names as values, or as they are spelled."""
        by_name = {one.column.name: one for one in self.typed}
        parts = [f"{AT} as {ROW}"] if numbered else []
        for name in names:
            one = by_name[name]
            parts.append(f"{one.spelled if spelled else one.value} as {quoted(name)}")
        return selection(parts, self.scan)


def logical(native: str) -> ColumnType:
    """The type of a column by the engine's name of it."""
    if native.endswith("]"):
        return ColumnType.ARRAY
    if native.startswith(("STRUCT", "MAP", "UNION", "VARIANT")):
        return ColumnType.OBJECT
    if native.startswith("DECIMAL"):
        return ColumnType.INTEGER if native.endswith(",0)") else ColumnType.NUMBER
    if native.startswith("TIMESTAMP"):
        return ColumnType.TIMESTAMP
    if native.startswith("ENUM"):
        return ColumnType.TEXT
    if native.startswith("TIME"):
        return ColumnType.TIME
    return _NATIVE.get(native, ColumnType.UNKNOWN)


def understand(
    engine: Engine,
    place: Place,
    asked: Asked,
    *,
    sheet: str,
    declared: Mapping[str, ColumnType],
    limits: Limits,
) -> Form:
    """Read what must be read to know a table's form: of Parquet the footers, of text all of it.

    Errors: ``InputProblem`` RW-DATA-151 to 153; ``Unavailable`` RW-DATA-157, 160 and 161.
    """
    kind = place.format or _kind(place.files[0])
    if kind == "parquet":
        return _parquet(engine, place, declared)
    stage = Stage(engine.scratch)
    taken: list[tuple[Found, Taken]] = []
    try:
        for one in place.files:
            like = taken[0][1].names if taken and taken[0][1].guess.header else ()
            told = replace(asked, format=kind, like=like)
            taken.append(_take(one, told, sheet, stage, engine, limits))
        stage.finish()
        return staged(engine, place, stage, taken, declared)
    except BaseException:
        stage.discard()
        raise


def _take(
    file: Found, asked: Asked, sheet: str, stage: Stage, engine: Engine, limits: Limits
) -> tuple[Found, Taken]:
    before = file.partition()
    stage.finish()
    stage.constants = {}
    stage.constants = {stage.column(key): value for key, value in file.keys}
    if asked.format == "excel":
        taken = sheets.take(file, asked, sheet, stage, engine.scratch, limits)
    elif asked.format in ("json", "jsonl"):
        taken = jsonfiles.take(file, asked, stage, engine.scratch, limits)
    else:
        taken = csvfiles.take(file, asked, stage, engine.scratch, limits)
    if file.partition() != before:
        raise Unavailable(
            "RW-DATA-160",
            f"`{file.name}` changed while it was read",
            retry_is_safe=True,
            hint="open it again when nobody writes to it",
        )
    return file, taken


def _kind(file: Found) -> str:
    """The format by the content, for files whose name does not tell."""
    known = format_of(file.name)
    if known:
        return known
    start = head(file)
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"SQLite format 3\0"):
        format_of("x.sqlite")
    if start.startswith(b"\xd0\xcf\x11\xe0") or (
        start.startswith(b"PK") and (b"xl/" in start or b"[Content_Types]" in start)
    ):
        return "excel"
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith((b"{", b"[")):
        return "json"
    return "csv"


def staged(
    engine: Engine,
    place: Place,
    stage: Stage,
    taken: Sequence[tuple[Found, Taken]],
    declared: Mapping[str, ColumnType],
) -> Form:
    """The form of rows that lie on a stage."""
    if not stage.names:
        stage.column("column_1")
    addresses = [engine.show(segment.path) for segment in stage.segments]
    # A column that no row has yet is there all the same.
    cells = [
        f"c{one}" if one in stage.written else f"null::varchar as c{one}" for one in range(len(stage.names))
    ]
    scan = _scan(addresses, stage.segments, cells)
    surplus = next((f"c{n}" for n, name in enumerate(stage.names) if name == SURPLUS), "")
    typed, findings = kinds.settle(
        stage.names,
        scan,
        lambda sql: engine.answer(sql, unlimited=True),
        kinds=stage.kinds,
        declared=declared,
        surplus=surplus,
        place=place.name,
    )
    # What the folders tell comes after what the files hold, what no column was for comes last.
    told = {key.casefold() for file in place.files for key, _ in file.keys}
    typed.sort(key=lambda one: (one.column.name == SURPLUS, one.column.name.casefold() in told))
    every = [*place.findings, *(finding for _, one in taken for finding in one.findings)]
    every += [*_differing(place, taken), *findings, *_formulas(engine, scan, typed, place.name)]
    guess = taken[0][1].guess if taken else Guess(format=place.format)
    return Form(
        scan,
        tuple(typed),
        Reading(guess, tuple(every)),
        stage.rows,
        tuple(addresses),
        tuple(one.path for one in stage.segments),
    )


def _scan(addresses: list[str], segments: Sequence[Segment], cells: Sequence[str]) -> str:
    number, source, rest = f"file_row_number as {AT}", f"read_parquet({listed(addresses)})", ""
    if not addresses:
        number, source, rest = f"null::bigint as {AT}", "(select 1)", "where false"
    elif len(addresses) > 1:
        before = offsets([segment.rows for segment in segments])
        number = f"{before}[(file_index + 1)::bigint] + {number}"
        source = f"read_parquet({listed(addresses)}, union_by_name = true)"
    return "(" + selection((number, *cells), source, rest) + ")"


def _differing(place: Place, taken: Sequence[tuple[Found, Taken]]) -> list[Finding]:
    """Partitions of delimited files whose columns are others than those of the first."""
    named = [
        (file.name, one) for file, one in taken if one.names and one.guess.format not in ("json", "jsonl")
    ]
    if len(named) < 2:
        return []
    first = {name.casefold() for name in named[0][1].names}
    other = [name for name, one in named[1:] if {column.casefold() for column in one.names} != first]
    if not other:
        return []
    shown = ", ".join(f"`{name}`" for name in other[:5]) + (" and others" if len(other) > 5 else "")
    message = f"partitions with other columns than `{named[0][0]}`: {shown}; what one lacks is empty"
    hint = "see that all partitions are made in the same way, and all have a header"
    return [Finding("RW-DATA-115", message, place.name, hint, len(other))]


def _formulas(engine: Engine, scan: str, typed: Sequence[Typed], place: str) -> list[Finding]:
    """Cells that a spreadsheet would run instead of showing them."""
    texts = [one for one in typed if one.column.type is ColumnType.TEXT]
    if not texts:
        return []
    shape = literal(r"\s*(=[^=].*|[@+\-][A-Za-z]\w*[(|!].*|[+\-]\d.*\|.*!.*)")
    # Looking at the first sign is cheap, the pattern is not.
    signs = ("=", "@", "+", "-", " ", "\t")
    parts = []
    for number, one in enumerate(texts):
        begins = " or ".join(f"{one.spelled} like {literal(sign + '%')}" for sign in signs)
        run = f"({begins}) and regexp_full_match({one.spelled}, {shape}, 's')"
        parts.append(f"count(*) filter (where {run}) as n{number}")
    found = engine.answer(selection(parts, scan), unlimited=True)[0]
    findings = []
    for number, one in enumerate(texts):
        if count := found[f"n{number}"]:
            message = (
                f"cells of `{one.column.name}` that a spreadsheet would run as formulas; here they are text"
            )
            hint = "see who wrote them before anybody opens this table in a spreadsheet"
            findings.append(Finding("RW-DATA-111", message, place, hint, count))
    return findings


def _parquet(engine: Engine, place: Place, declared: Mapping[str, ColumnType]) -> Form:
    if declared:
        problem = Problem(
            "columns of Parquet have their types", place=place.name, hint="leave `columns` out"
        )
        raise InputProblem("RW-DATA-151", problem)
    counts, schemas = [], []
    for file in place.files:
        count, schema = _footer(file)
        counts.append(count)
        schemas.append(schema)
    addresses = [engine.window.show(file.fs, file.path) for file in place.files]
    scan, keys = _parquet_scan(engine, place, addresses, counts)
    described = engine.answer(selection("column_name, column_type", f"(describe {selection('*', scan)})"))
    typed = []
    for row in described:
        name, native = str(row["column_name"]), str(row["column_type"])
        if name == AT:
            continue
        kind = logical(native)
        typed.append(
            Typed(Column(name, kind, native.lower()), quoted(name), spelled(quoted(name), kind, native))
        )
    findings = list(place.findings)
    other = [file.name for file, one in zip(place.files, schemas, strict=True) if one != schemas[0]]
    if other:
        message = f"partitions with other columns than `{place.files[0].name}`: " + ", ".join(
            f"`{one}`" for one in other[:5]
        )
        hint = "what one lacks is empty; see that all partitions are made in the same way"
        findings.append(Finding("RW-DATA-115", message, place.name, hint, len(other)))
    if keys & {name.casefold() for name in schemas[0].names}:
        raise InputProblem(
            "RW-DATA-152", Problem("a folder and a column have the same name", place=place.name)
        )
    reading = Reading(Guess(format="parquet"), tuple(findings))
    return Form(scan, tuple(typed), reading, sum(counts), tuple(addresses))


def _footer(file: Found) -> tuple[int, pa.Schema]:
    with reachable(file.name), file.fs.open(file.path, "rb") as stream:
        try:
            found = pq.ParquetFile(stream)
            return found.metadata.num_rows, found.schema_arrow
        except (pa.ArrowException, pa.ArrowInvalid) as fault:
            problem = Problem(f"`{file.name}` is no sound Parquet file", hint="have it written anew")
            raise InputProblem("RW-DATA-152", problem) from fault


def _parquet_scan(
    engine: Engine, place: Place, addresses: list[str], counts: list[int]
) -> tuple[str, set[str]]:
    keys = sorted({key for file in place.files for key, _ in file.keys})
    parts = [f"{offsets(counts)}[(file_index + 1)::bigint] + file_row_number as {AT}", "*"]
    for key in keys:
        values = [dict(file.keys).get(key) for file in place.files]
        whole = all(value is not None and value.isdigit() and str(int(value)) == value for value in values)
        spelled_values = ", ".join(literal(int(value) if whole and value else value) for value in values)
        parts.append(f"[{spelled_values}][(file_index + 1)::bigint] as {quoted(key)}")
    source = f"read_parquet({listed(addresses)}, union_by_name = true)"
    return "(" + selection(parts, source) + ")", {key.casefold() for key in keys}


def spelled(cell: str, kind: ColumnType, native: str) -> str:
    """SQL for a typed value as text."""
    if kind is ColumnType.TEXT and native == "VARCHAR":
        return cell
    if kind in (ColumnType.OBJECT, ColumnType.ARRAY) and native != "JSON":
        return f"cast(to_json({cell}) as varchar)"
    if kind is ColumnType.BINARY:
        return f"hex({cell})"
    return f"cast({cell} as varchar)"


def landed(engine: Engine, name: str, path: Segment) -> Form:
    """The form of rows that were taken in from elsewhere, typed as they came."""
    address = engine.show(path.path)
    scan = "(" + selection(f"file_row_number as {AT}, *", f"read_parquet({listed([address])})") + ")"
    described = engine.answer(selection("column_name, column_type", f"(describe {selection('*', scan)})"))
    typed = []
    for row in described:
        column, native = str(row["column_name"]), str(row["column_type"])
        if column != AT:
            kind = logical(native)
            typed.append(
                Typed(
                    Column(column, kind, native.lower()),
                    quoted(column),
                    spelled(quoted(column), kind, native),
                )
            )
    reading = Reading(Guess(format="arrow"))
    return Form(scan, tuple(typed), reading, path.rows, (address,), (path.path,))
