"""What a contract's checks are and what came of them: flaws of rows, figures, verdicts."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from roadworthy.data.bound import Bound
from roadworthy.data.contract import Relation
from roadworthy.data.table import ColumnType

SCHEMA_VERSION = 1
FEWEST_RUNS = 5
"""Earlier figures from which a usual range can be told."""


class Verdict(StrEnum):
    """``NOT_EVALUATED`` is no success: nothing was shown, and the reason says why."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NOT_EVALUATED = "not_evaluated"


@dataclass(frozen=True, slots=True)
class Missing:
    """No value, or one of those that stand for none."""

    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A value that is not in the list."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A text in which the regular expression (RE2, found anywhere) does not occur.

    ``spelling`` is for values that have one only in a text: a real date has no format to break.
    """

    pattern: str
    spelling: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    """A text of fewer or more characters, a list of fewer or more items. None is no limit."""

    fewest: int | None = None
    most: int | None = None
    items: bool = False


@dataclass(frozen=True, slots=True)
class Repeating:
    """A list that holds a value twice."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A value below or above: a number, or an ISO date or time as text. Not a number (NaN) is above all."""

    limit: float | str
    above: bool
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Uneven:
    """A number that is no multiple, to a billionth of the step."""

    step: float


@dataclass(frozen=True, slots=True)
class Untyped:
    """A value that cannot be read as one of the type."""

    type: ColumnType


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of several flaws."""

    flaws: tuple[Flaw, ...]


Flaw = Missing | Unlisted | Unmatched | Length | Repeating | Outside | Uneven | Untyped | AnyOf
"""What makes a row fail. A row without a value has none of them but ``Missing``."""


class Asks(StrEnum):
    """What has to be found out for a check."""

    FLAWS = "rows with a flaw"
    REPEATS = "rows that repeat the key of an earlier row"
    ROWS = "rows"
    ANSWER = "answer of a query"
    ORPHANS = "rows without a partner"
    NEWEST = "newest value"
    OLDEST = "oldest value"
    USUAL = "rows beside earlier runs"
    COLUMN = "column present"
    TYPE = "type of the column"
    ZONE = "time zone of the column"
    UNDECLARED = "columns that nobody declared"
    NOTHING = "nothing that a program can find out"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a contract promises, ready to be asked. ``id`` is the same in every run."""

    id: str
    table: str
    columns: tuple[str, ...]
    kind: str
    asks: Asks
    dimension: str
    severity: str
    bound: Bound | None = None
    flaw: Flaw | None = None
    query: str = ""
    relation: Relation | None = None
    within: timedelta | None = None
    runs: int = 0
    width: float = 0.0
    type: str = ""
    reason: str = ""
    """Why it cannot be evaluated, where that is known from the contract alone."""

    @property
    def column(self) -> str:
        return ", ".join(self.columns)

    @property
    def promise(self) -> str:
        """What was promised, in words."""
        if self.within is not None:
            return f"within {self.within}"
        if self.type:
            return self.type
        return str(self.bound) if self.bound is not None else ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A failing row: its key or its number (from 0), and the masked value."""

    row: str
    value: str

    def as_json(self) -> dict[str, str]:
        """The row as every door shows it."""
        return {"row": self.row, "value": self.value}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one check. ``value`` is the figure that ``bound`` speaks of; None where there is none."""

    id: str
    table: str
    column: str
    kind: str
    dimension: str
    severity: str
    verdict: Verdict
    value: float | int | str | None = None
    bound: str = ""
    rows: int | None = None
    failing: int | None = None
    sql: str = ""
    reason: str = ""
    sample: tuple[Sample, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The result as every door shows it; ``schema_version`` says by which rules."""
        return {
            "schema_version": SCHEMA_VERSION,
            "id": self.id,
            "table": self.table,
            "column": self.column,
            "kind": self.kind,
            "dimension": self.dimension,
            "severity": self.severity,
            "verdict": self.verdict.value,
            "value": self.value,
            "bound": self.bound,
            "rows": self.rows,
            "failing": self.failing,
            "sql": self.sql,
            "reason": self.reason,
            "sample": [one.as_json() for one in self.sample],
        }


@dataclass(frozen=True, slots=True)
class History:
    """Figures of earlier runs by id of the check, oldest first."""

    figures: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def of(self, check: Check) -> tuple[float, ...]:
        """The last figures that count for a check."""
        return tuple(self.figures.get(check.id, ()))[-check.runs :] if check.runs else ()


def result_of(
    check: Check,
    verdict: Verdict,
    *,
    value: float | str | None = None,
    rows: int | None = None,
    failing: int | None = None,
    sql: str = "",
    reason: str = "",
    bound: str = "",
) -> CheckResult:
    """A result that repeats what the check says of itself."""
    return CheckResult(
        check.id, check.table, check.column, check.kind, check.dimension, check.severity, verdict,
        value, bound or check.promise, rows, failing, sql, reason,
    )  # fmt: skip


def unevaluated(check: Check, reason: str, *, sql: str = "", rows: int | None = None) -> CheckResult:
    """No verdict could be found, and why."""
    assert reason, "what is not evaluated says why"
    return result_of(check, Verdict.NOT_EVALUATED, sql=sql, reason=reason, rows=rows)


def judge(check: Check, failing: int, *, rows: int, sql: str = "") -> CheckResult:
    """Compare failing rows, or their percentage, with what was promised.

    Edge: a percentage of no rows at all is nobody's figure, so that the check is not evaluated.
    """
    bound = check.bound
    if bound is None:
        return unevaluated(check, "the rule names no bound that a program could compare with", sql=sql)
    if bound.percent and not rows:
        return unevaluated(check, "the table has no rows, so that there is no percentage", sql=sql, rows=0)
    value: float = 100 * failing / rows if bound.percent else failing
    verdict = Verdict.PASS if bound.holds(value) else Verdict.FAIL
    return result_of(check, verdict, value=value, rows=rows, failing=failing, sql=sql)


def judge_figure(check: Check, figure: Any, *, rows: int | None = None, sql: str = "") -> CheckResult:
    """Compare a figure that does not count failing rows: a number of rows, the answer of a query."""
    if check.bound is None:
        return unevaluated(check, "the rule names no bound that a program could compare with", sql=sql)
    if check.bound.percent and check.asks is Asks.ROWS:
        return unevaluated(check, "a number of rows has no percentage", sql=sql)
    verdict = Verdict.PASS if check.bound.holds(figure) else Verdict.FAIL
    return result_of(check, verdict, value=figure, rows=rows, sql=sql)


def usual(earlier: Sequence[float], *, width: float) -> tuple[float, float]:
    """Range in which the next figure is expected: the median and ``width`` robust deviations to both sides.

    Edge:    figures that hardly vary get a deviation of 1 % of their median, at least half a row.
    Errors:  ``ValueError`` for fewer than FEWEST_RUNS figures.
    Source:  median absolute deviation times 1.4826, which is the standard deviation of a normal sample.
    """
    if len(earlier) < FEWEST_RUNS:
        raise ValueError(f"{len(earlier)} earlier figures, expected {FEWEST_RUNS}")
    middle = statistics.median(earlier)
    spread = 1.4826 * statistics.median(abs(one - middle) for one in earlier)
    spread = max(spread, 0.01 * abs(middle), 0.5)
    return max(0.0, middle - width * spread), middle + width * spread


def judge_volume(check: Check, rows: int, earlier: Sequence[float], *, sql: str = "") -> CheckResult:
    """Compare a number of rows with those of earlier runs. Too few of them prove nothing."""
    if len(earlier) < FEWEST_RUNS:
        told = f"{len(earlier)} earlier runs are known, a usual number of rows takes {FEWEST_RUNS}"
        return result_of(
            check, Verdict.NOT_EVALUATED, value=rows, rows=rows, sql=sql, reason=told, bound="as usual"
        )
    low, high = usual(earlier, width=check.width)
    verdict = Verdict.PASS if low <= rows <= high else Verdict.FAIL
    bound = f"{math.ceil(low)} to {math.floor(high)}, as usual"
    return result_of(check, verdict, value=rows, rows=rows, sql=sql, bound=bound)


_RUNS = (re.compile(r"[0-9]+"), "9"), (re.compile(r"[A-Z]+"), "A"), (re.compile(r"[a-z]+"), "a")
_SHOWN = 60


def shape(text: str) -> str:
    """A value that shows its form and not its content: ``9`` for digits, ``A`` and ``a`` for letters.

    Edge: letters and digits beyond ASCII become ``a``; at most 60 characters are left.
    """
    plain = "".join(one if one.isascii() or not one.isalnum() else "a" for one in text[:1000])
    for run, letter in _RUNS:
        # `A` stands for itself when the small letters are done.
        plain = run.sub(letter, plain)
    shown = plain if len(plain) <= _SHOWN else plain[: _SHOWN - 1] + "…"
    return "".join(one if one.isprintable() else "�" for one in shown)
