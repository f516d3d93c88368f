"""The plain facts about sources that steps are made of, the steps themselves, and what work is taken to cost.

Rows are numbered from 0 in the order of the source, the same way in checks, suspects and duplicates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from roadworthy.data.table import Finding


class Gap(StrEnum):
    """What of a source, besides its checks, a requirement may ask about."""

    CONTRACT = "contract"
    UNDECLARED = "undeclared"
    PERSONAL = "personal"
    DUPLICATES = "duplicates"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A declared check that does not hold.

    ``rows`` fail in all, ``sample`` names those of them that are known by number; the check holds again
    once at most ``allowed`` fail. ``columns`` are those it is about; none: rows as a whole.
    ``of_duplicates``: a row stops failing when it is merged into another.
    """

    id: str
    rows: int
    asks: str = ""
    columns: tuple[str, ...] = ()
    sample: tuple[int, ...] = ()
    allowed: int = 0
    requirement: str = ""
    of_duplicates: bool = False


@dataclass(frozen=True, slots=True)
class Unevaluated:
    """A declared check that nobody could put to the data."""

    id: str
    reason: str
    requirement: str = ""


@dataclass(frozen=True, slots=True)
class SuspectCells:
    """Cells of one column that look wrong for one reason, each with a proposed repair.

    ``cells`` of them in all, ``rows`` those known by number; ``confidence`` is the mean over them.
    """

    column: str
    rule: str
    cells: int
    rows: tuple[int, ...] = ()
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Duplicates:
    """``rows`` of ``among`` are surely another row's duplicates (one of each group is not counted).

    ``allowed`` is the share a requirement tolerates. ``unclear_pairs`` may be duplicates too, and a
    person has to say; ``sample`` names the rows that merging would remove.
    """

    rows: int
    among: int
    allowed: float = 0.0
    unclear_pairs: int = 0
    sample: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Age:
    """How old the newest row is, and how old it may be, in seconds."""

    seconds: float
    promised: float


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What is known about one source.

    ``personal`` pairs a column with the class of personal data found and not declared. ``requirements``
    says which requirement asks about which ``Gap``; checks carry their own. A requirement that stands
    in several places passes once all of them are mended.
    """

    name: str
    contract: bool = True
    checks: tuple[FailedCheck, ...] = ()
    unevaluated: tuple[Unevaluated, ...] = ()
    suspects: tuple[SuspectCells, ...] = ()
    duplicates: Duplicates | None = None
    undeclared: tuple[str, ...] = ()
    personal: tuple[tuple[str, str], ...] = ()
    age: Age | None = None
    findings: tuple[Finding, ...] = ()
    requirements: Mapping[Gap, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work, worded for the person who does it.

    ``kind`` is repair-cells, merge-duplicates, decide-pairs, declare-columns, classify, refresh, contract
    or look. ``buys`` are the requirements and checks that pass once this and every step before it is
    done, ``nearer`` those that come closer and still fail. ``command`` is what to type, if there is
    something to type.
    """

    what: str
    why: str
    kind: str
    source: str
    column: str = ""
    rows: int = 0
    minutes: int = 0
    buys: tuple[str, ...] = ()
    nearer: tuple[str, ...] = ()
    command: str = ""

    def as_json(self) -> dict[str, object]:
        """The step as every door shows it."""
        return {
            "what": self.what,
            "why": self.why,
            "kind": self.kind,
            "source": self.source,
            "column": self.column,
            "rows": self.rows,
            "minutes": self.minutes,
            "buys": list(self.buys),
            "nearer": list(self.nearer),
            "command": self.command,
        }


@dataclass(frozen=True, slots=True)
class Effort:
    """What work is taken to cost: planning figures, not measurements. A company that timed itself puts its own.

    Proposals are looked over in bulk: ``sure_cell_s`` seconds for one the proposer is certain of,
    ``unsure_cell_s`` for one it is not, in between by confidence. Nobody reads more than
    ``rows_looked_at`` failing rows one by one: beyond that the cause is sought where the data are made.
    """

    begin_min: float = 2
    sure_cell_s: float = 2
    unsure_cell_s: float = 25
    merged_row_s: float = 1
    pair_s: float = 15
    row_s: float = 40
    rows_looked_at: int = 100
    column_min: float = 3
    class_min: float = 1
    contract_min: float = 20
    refresh_min: float = 30
    unevaluated_min: float = 10

    def cells(self, count: int, confidence: float) -> int:
        """Minutes for looking over proposed repairs. A confidence that is no number counts as none."""
        sure = min(1.0, max(0.0, confidence)) if math.isfinite(confidence) else 0.0
        return self._minutes(
            count * (self.sure_cell_s + (1 - sure) * (self.unsure_cell_s - self.sure_cell_s)) / 60
        )

    def merging(self, rows: int) -> int:
        """Minutes for merging rows that are surely duplicates."""
        return self._minutes(rows * self.merged_row_s / 60)

    def pairs(self, count: int) -> int:
        """Minutes for saying of each unclear pair whether it is one thing."""
        return self._minutes(count * self.pair_s / 60)

    def looking(self, rows: int) -> int:
        """Minutes for finding out what is wrong with rows that nothing proposes a repair for."""
        return self._minutes(min(rows, self.rows_looked_at) * self.row_s / 60)

    def declaring(self, columns: int) -> int:
        """Minutes for saying in the contract what columns are."""
        return self._minutes(columns * self.column_min)

    def classifying(self, columns: int) -> int:
        """Minutes for confirming classes of personal data that were found."""
        return self._minutes(columns * self.class_min)

    def drafting(self) -> int:
        """Minutes for making a contract of the draft that the profile proposes."""
        return self._minutes(self.contract_min)

    def refreshing(self) -> int:
        """Minutes for getting a load to run again."""
        return self._minutes(self.refresh_min)

    def evaluating(self) -> int:
        """Minutes for making checks answerable that share one obstacle."""
        return self._minutes(self.unevaluated_min)

    def _minutes(self, work: float) -> int:
        return max(1, math.ceil(self.begin_min + work))
