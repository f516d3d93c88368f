"""From figures to verdicts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from roadworthy.adapters.sqlchecks.asking import Figure, Part, Unanswered, statement
from roadworthy.data.check import (
    Asks,
    Check,
    CheckResult,
    History,
    Verdict,
    judge,
    judge_figure,
    judge_volume,
    result_of,
    unevaluated,
)
from roadworthy.data.contract import ContractTable

_AHEAD = timedelta(hours=1)
"""Clocks differ. What is newer than this tells nothing of how fresh the rest is."""


def verdict(
    check: Check,
    figure: Figure,
    rows: Figure,
    *,
    sql: str,
    history: History,
    now: datetime,
    table: ContractTable,
    zoned: bool = False,
) -> CheckResult:
    """What a figure means for its check. What has no answer is never a success."""
    if isinstance(figure, Unanswered):
        return unevaluated(check, figure.reason, sql=sql)
    if isinstance(rows, Unanswered):
        return unevaluated(check, rows.reason, sql=sql)
    if rows is None or (figure is None and check.asks not in (Asks.NEWEST, Asks.OLDEST)):
        return unevaluated(check, "the source answered with nothing where a number was expected", sql=sql)
    count = int(rows)
    if check.asks in (Asks.NEWEST, Asks.OLDEST):
        return _age(check, figure, count, sql=sql, now=now, table=table, zoned=zoned)
    assert figure is not None
    if check.asks is Asks.USUAL:
        return judge_volume(check, count, history.of(check), sql=sql)
    if check.asks is Asks.ROWS:
        return judge_figure(check, count, rows=count, sql=sql)
    return judge(check, int(figure), rows=count, sql=sql)


def shown(part: Part, source: str) -> str:
    """The statement that asks one check alone, for people to run again."""
    return statement([part.sql], source)


def zone_of(table: ContractTable, check: Check) -> str:
    """The zone of moments that name none."""
    column = table.column(check.columns[0])
    stated = column.options.get("defaultTimezone") if column is not None else None
    return stated if isinstance(stated, str) and stated else "Etc/UTC"


def _age(
    check: Check,
    figure: float | None,
    rows: int,
    *,
    sql: str,
    now: datetime,
    table: ContractTable,
    zoned: bool,
) -> CheckResult:
    assert check.within is not None
    if figure is None:
        return unevaluated(check, "the column holds no moment to tell an age by", sql=sql, rows=rows)
    try:
        moment = datetime.fromtimestamp(float(figure), UTC)
        if not zoned:
            moment = moment.replace(tzinfo=ZoneInfo(zone_of(table, check)))
    except (ValueError, OverflowError, OSError, KeyError):
        told = f"the moment cannot be placed in the zone `{zone_of(table, check)[:60]}`"
        return unevaluated(check, told, sql=sql, rows=rows)
    age = now - moment
    seconds = round(age.total_seconds())
    newest = check.asks is Asks.NEWEST
    if newest and age < -_AHEAD:
        told = "the newest value lies in the future, so that it does not tell how fresh the others are"
        return result_of(check, Verdict.NOT_EVALUATED, value=seconds, rows=rows, sql=sql, reason=told)
    told = f"the {'newest' if newest else 'oldest'} value is {max(timedelta(), age)} old"
    kept = Verdict.PASS if age <= check.within else Verdict.FAIL
    return result_of(check, kept, value=seconds, rows=rows, sql=sql, reason=told)


def answered(
    check: Check, rows: list[dict[str, Any]], *, sql: str, mask: Callable[[str], str]
) -> CheckResult:
    """What the answer of a contract's own query means: one row with one value."""
    if len(rows) != 1 or len(rows[0]) != 1:
        told = f"the query answered with {len(rows) or 'no'} row{'s' if len(rows) > 1 else ''}"
        wide = f" of {len(rows[0])} columns" if rows else ""
        return unevaluated(check, f"{told}{wide}, expected one row with one value", sql=sql)
    value = next(iter(rows[0].values()))
    if value is None:
        return unevaluated(check, "the query answered with nothing", sql=sql)
    if isinstance(value, bool):
        value = int(value)
    if not isinstance(value, int | float | str):
        try:
            value = int(value) if value == int(value) else float(value)
        except (TypeError, ValueError, OverflowError):
            value = str(value)
    result = judge_figure(check, value, sql=sql)
    if not isinstance(value, str):
        return result
    return result_of(check, result.verdict, value=mask(value), sql=sql)
