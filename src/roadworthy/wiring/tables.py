"""The engines that look at data, and the tables behind an address."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roadworthy.errors import InputProblem, Problem
from roadworthy.wiring.place import Workspace, resolved

if TYPE_CHECKING:
    from roadworthy.data import Profile
    from roadworthy.data.contract import Contract
    from roadworthy.ports import ArrowStream, Dataset, Instruments, Matcher, SourceReader, Workbench

_DATABASE = re.compile(r"(sqlite|postgres|postgresql|mysql|mariadb)(\+\w+)?://")
_FILE_DATABASE = frozenset({".sqlite", ".sqlite3", ".db"})
QUESTION_S = 300.0


def now() -> datetime:
    """The time, for commands that need no installation."""
    from roadworthy.adapters.files import SystemClock

    return SystemClock().now()


def read_contract(file: Path, *, shown: str = "") -> Contract:
    """The data contract in a file. Errors: ``InputProblem`` RW-DATA-20x with every problem of it."""
    _need("open_data_contract_standard")
    from roadworthy.adapters.odcs import read

    place = shown or str(file)
    try:
        return read(file.read_bytes(), file=place)
    except OSError as fault:
        said = os.strerror(fault.errno or 0).lower()
        raise InputProblem("RW-DATA-213", Problem(f"cannot be read: {said}", place=place)) from None


def write_contract(contract: Contract) -> str:
    """The contract as the text of a file; nothing that stood in it is lost."""
    from roadworthy.adapters.odcs import write

    return write(contract)


def source_reader(place: Workspace) -> Callable[[str, Path], SourceReader]:
    """Reads the address of a data source; the second argument is the data folder of its use case."""

    def read(url: str, data: Path) -> SourceReader:
        from roadworthy.adapters.sqltools import SqlSource

        if is_database(location_of(url, data)) and not url.startswith(("mysql", "mariadb")):
            return SqlSource(url, data=data)
        return TableReader(place, location_of(url, data))

    return read


@contextmanager
def instruments(place: Workspace) -> Iterator[Instruments]:
    """What data are looked at with; closed, with all temporary files, afterwards.

    Errors: ``InputProblem`` RW-DATA-215 where the packages of the extra ``data`` are missing.
    """
    engines = Engines(place)
    try:
        yield engines.instruments()
    finally:
        engines.close()


class Engines:
    """Starts each engine when it is first needed, one of each."""

    def __init__(self, place: Workspace) -> None:
        self._place = place
        self._workbench: Workbench | None = None

    def instruments(self) -> Instruments:
        """The instruments that these engines make."""
        from roadworthy.adapters.files import FileFigures
        from roadworthy.ports import Instruments

        _need("sqlglot", "duckdb", "pyarrow")
        from roadworthy.adapters.sqlchecks import SqlChecker

        return Instruments(
            open=self.open,
            tables=self.tables,
            workbench=self.workbench,
            checker=SqlChecker(),
            matcher=self.matcher,
            cache=FileFigures(self._place.cache / "figures"),
        )

    def open(self, location: str, *, table: str = "", **reading: object) -> Dataset:
        address, is_database = self._address(location)
        if not is_database:
            return self.workbench().open(address, **reading)
        from roadworthy.adapters.databases import open_table

        return open_table(
            address, table or self._only_table(address, location), timeout_s=QUESTION_S, place=location
        )

    def tables(self, location: str) -> tuple[str, ...]:
        """Names of the tables at a database's address, or of the one that a file is."""
        address, is_database = self._address(location)
        if is_database:
            from roadworthy.adapters.databases import tables

            return tables(address, place=location)
        return (re.split(r"[./\\]", Path(address).name)[0],)

    def workbench(self) -> Workbench:
        """The one workbench, started when something is first asked of it."""
        return _Later(self._started)

    def _started(self) -> Workbench:
        if self._workbench is None:
            from roadworthy.adapters.duckdb import DuckWorkbench
            from roadworthy.adapters.files import make_private_folder

            folder = self._place.cache / "workbench"
            make_private_folder(folder)
            self._workbench = DuckWorkbench(folder, question_s=QUESTION_S)
        return self._workbench

    def matcher(self) -> Matcher:
        """A matcher with temporary files of its own."""
        _need("splink")
        from roadworthy.adapters.files import make_private_folder
        from roadworthy.adapters.splink import SplinkMatcher

        folder = self._place.cache / "matching"
        make_private_folder(folder)
        return SplinkMatcher(folder=folder)

    def close(self) -> None:
        if self._workbench is not None:
            self._workbench.close()
            self._workbench = None

    def _address(self, location: str) -> tuple[str, bool]:
        address = resolved(location)
        if is_database(address) and "://" not in address:
            return f"sqlite:///{Path(address).absolute()}", True
        return address, is_database(address)

    def _only_table(self, address: str, location: str) -> str:
        from roadworthy.adapters.databases import tables

        names = tables(address, place=location)
        if len(names) != 1:
            raise InputProblem(
                "RW-DATA-216",
                Problem(
                    f"found {len(names)} tables, expected the name of one",
                    hint=f"--table: {', '.join(names[:20]) or 'none'}",
                ),
            )
        return names[0]


class _Later:
    """The port ``Workbench``, whose engine starts when something is first asked of it: it weighs 100 MB."""

    def __init__(self, start: Callable[[], Workbench]) -> None:
        self._start = start

    def open(self, location: str, **reading: object) -> Dataset:
        return self._start().open(location, **reading)

    def land(self, name: str, stream: ArrowStream) -> Dataset:
        return self._start().land(name, stream)

    def profile(self, dataset: Dataset, *, sample: int | None = None) -> Profile:
        return self._start().profile(dataset, sample=sample)

    def close(self) -> None:
        """Closed with the instruments."""


class TableReader:
    """The port ``SourceReader`` on what no tool reads: a file as one table, a MySQL or MariaDB database."""

    def __init__(self, place: Workspace, location: str) -> None:
        self._place = place
        self._location = location

    def rows(self, sql: str, *, limit: int = 100_000) -> Sequence[Mapping[str, Any]]:
        """The answer to one read-only question, at most ``limit`` rows. A file is a table named like it."""
        with instruments(self._place) as made:
            dataset = made.open(self._location, table=made.tables(self._location)[0])
            try:
                return dataset.rows(sql, limit=limit)
            finally:
                dataset.close()


def is_database(address: str) -> bool:
    """Whether tables are asked for by SQL where they lie; else it is a file, or several."""
    if _DATABASE.match(address):
        return True
    return "://" not in address and Path(address).suffix.casefold() in _FILE_DATABASE


def location_of(url: str, data: Path) -> str:
    """A source of a charter as an address that can be opened: what is written relative lies in the data folder.

    Errors: ``InputProblem`` RW-SQL-009 for a relative address that leads out of it.
    """
    if ("{data}" in url or "://" not in url) and ".." in Path(url.partition("://")[2] or url).parts:
        raise InputProblem(
            "RW-SQL-009",
            Problem(
                "this address leads out of the data folder", place=url, hint="write where it really lies"
            ),
        )
    address = url.replace("{data}", str(data))
    if address.startswith("sqlite:///"):
        return f"sqlite:///{data / address.removeprefix('sqlite:///')}"
    return address if "://" in address else str(data / address)


def _need(*packages: str) -> None:
    """Errors: ``InputProblem`` RW-DATA-215 with everything that is missing."""
    from importlib.util import find_spec

    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise InputProblem(
            "RW-DATA-215",
            f"looking at data needs {', '.join(missing)}, not installed",
            hint="pip install 'roadworthy[data]'",
        )
