"""What data are looked at with, put together once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from roadworthy.ports.checking import CheckCache, Checker
from roadworthy.ports.matching import Matcher
from roadworthy.ports.tables import Dataset, Workbench


class Opener(Protocol):
    """Opens a table wherever it lies."""

    def __call__(self, location: str, *, table: str = "", **reading: object) -> Dataset:
        """A file, a folder or glob of files, an object store's address, or a table of a database.

        ``reading`` overrides what would be guessed of a file: format, encoding, delimiter, header, sheet.
        """


@dataclass(frozen=True, slots=True)
class Instruments:
    """The engines of one installation. ``workbench`` starts its engine when first asked for."""

    open: Opener
    tables: Callable[[str], tuple[str, ...]]
    """Names of the tables at a database's address, or of the one that a file is."""
    workbench: Callable[[], Workbench]
    checker: Checker
    matcher: Callable[[], Matcher]
    cache: CheckCache
