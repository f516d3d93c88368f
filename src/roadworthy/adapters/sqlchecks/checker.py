"""Holds a table against its contract: few statements where it lies, the workbench where that has no words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from roadworthy.adapters.sqlchecks.asking import ROWS, Figure, Part, Questions, Unanswered, ask, why
from roadworthy.adapters.sqlchecks.compiler import Columns, Compiled, compiled
from roadworthy.adapters.sqlchecks.conditions import is_zoned
from roadworthy.adapters.sqlchecks.quoting import Inexpressible
from roadworthy.adapters.sqlchecks.referring import Meeting, meet, partner
from roadworthy.adapters.sqlchecks.repeating import bitmap, count_in_passes, ends, repeats
from roadworthy.adapters.sqlchecks.sampling import Rows, row_keys
from roadworthy.adapters.sqlchecks.verdicts import answered, shown, verdict
from roadworthy.data.check import (
    Asks,
    Check,
    CheckResult,
    History,
    Sample,
    Verdict,
    shape,
    unevaluated,
)
from roadworthy.data.contract import ContractTable
from roadworthy.data.declared import checks_of
from roadworthy.data.table import Column
from roadworthy.errors import InputProblem, Problem, Unavailable

if TYPE_CHECKING:
    from roadworthy.ports.checking import CheckCache
    from roadworthy.ports.tables import Dataset, Progress, Workbench

SAMPLED = 5
LARGE_ROWS = 4_000_000
"""Keys of larger tables are looked at one after the other."""
_OF_ROWS = (Asks.FLAWS, Asks.REPEATS, Asks.ORPHANS)
_TROUBLE = (InputProblem, Unavailable)


class SqlChecker:
    """The port ``Checker`` by push-down SQL in four dialects."""

    def check(
        self,
        dataset: Dataset,
        table: ContractTable,
        *,
        now: datetime,
        others: Mapping[str, Dataset] | None = None,
        workbench: Workbench | None = None,
        history: History | None = None,
        cache: CheckCache | None = None,
        mask: Callable[[str], str] | None = None,
        progress: Progress | None = None,
    ) -> tuple[CheckResult, ...]:
        run = _Run(
            dataset, table, others or {}, workbench, history or History(), cache, mask or shape,
            progress or _silent, now,
        )  # fmt: skip
        checks = checks_of(table)
        results = run.results(checks)
        return tuple(results[check.id] for check in checks)

    def failing_rows(
        self,
        dataset: Dataset,
        check: Check,
        table: ContractTable,
        *,
        limit: int = 1000,
        others: Mapping[str, Dataset] | None = None,
        workbench: Workbench | None = None,
        mask: Callable[[str], str] | None = None,
    ) -> tuple[Sample, ...]:
        if check.asks not in _OF_ROWS:
            return ()
        run = _Run(
            dataset, table, others or {}, workbench, History(), None, mask or shape, _silent,
            datetime.min.replace(tzinfo=UTC),
        )  # fmt: skip
        try:
            return run.failing(check, limit)
        except Inexpressible as problem:
            raise InputProblem(
                "RW-DATA-204", Problem(f"`{check.id}`: {problem}", place=table.name)
            ) from None


def _silent(part: float | None, doing: str) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class _Run:
    """One table's checks from beginning to end."""

    dataset: Dataset
    table: ContractTable
    others: Mapping[str, Dataset]
    workbench: Workbench | None
    history: History
    cache: CheckCache | None
    mask: Callable[[str], str]
    progress: Progress
    now: datetime

    def results(self, checks: Sequence[Check]) -> dict[str, CheckResult]:
        """One result per check, by id."""
        try:
            plan = compiled(checks, self.table, self.dataset)
        except _TROUBLE as problem:
            # A table is read when its columns are first asked for, and may turn out to be none.
            return {check.id: unevaluated(check, check.reason or why(problem)) for check in checks}
        results = dict(plan.known)
        questions = self._questions()
        self.progress(0.0, f"counting rows of {self.table.name}")
        parts = [part for _, part in plan.cheap]
        figures = questions.figures(
            [ROWS, *parts, *plan.ends], heard=lambda part: self.progress(0.4 * part, "counting rows")
        )
        rows = figures[ROWS]
        self.progress(0.4, f"matching patterns in {self.table.name}")
        figures |= questions.figures(
            [part for _, part in plan.patterns],
            heard=lambda part: self.progress(0.4 + 0.3 * part, "matching patterns"),
        )
        for check, part in [*plan.cheap, *plan.patterns]:
            figure = figures[part]
            sql = shown(part, self.dataset.relation)
            if self._is_beyond(check, figure):
                assert isinstance(figure, Unanswered)
                plan.beyond.append((check, figure.reason))
                continue
            results[check.id] = self._judged(check, figure, rows, sql)
        self.progress(0.7, f"looking for repeated keys in {self.table.name}")
        results |= self._repeats(plan, questions, figures)
        for check in plan.others:
            results[check.id] = self._other(check, questions, rows)
        results |= self._beyond(plan)
        self.progress(0.9, f"looking at failing rows of {self.table.name}")
        for check in checks:
            results[check.id] = self._sampled(check, results[check.id])
        self.progress(1.0, f"{self.table.name} is checked")
        return results

    def failing(self, check: Check, limit: int, *, rows: int | None = None) -> tuple[Sample, ...]:
        """Rows that fail a check. Errors: ``Inexpressible``; those of the source."""
        if check.asks is Asks.ORPHANS:
            return self._orphans(check, limit)
        if rows is None and check.asks is Asks.REPEATS and self.dataset.dialect == "duckdb":
            counted = ask(self.dataset, [ROWS.sql], source=self.dataset.relation)[0]
            rows = int(counted) if isinstance(counted, int | float) else 0
        if missing := [
            name for name in check.columns if Columns(self.table, self.dataset).find(name) is None
        ]:
            raise Inexpressible(f"the column `{missing[0]}` is missing")
        try:
            return Rows(self.dataset, self.table, self.mask).of(check, limit=limit, rows=rows or 0)
        except Inexpressible:
            if self.workbench is None:
                raise
        landed = self._landed([check])
        try:
            return Rows(landed, self.table, self.mask).of(check, limit=limit, rows=rows or 0)
        finally:
            landed.close()

    def _questions(self) -> Questions:
        try:
            return Questions(self.dataset, self.cache)
        except _TROUBLE:
            # Whatever hinders it hinders the questions too, and there it gets its reason.
            return Questions(self.dataset, None)

    def _judged(self, check: Check, figure: Figure, rows: Figure, sql: str) -> CheckResult:
        column = Columns(self.table, self.dataset).find(check.columns[0]) if check.columns else None
        return verdict(
            check, figure, rows, sql=sql, history=self.history, now=self.now, table=self.table,
            zoned=column is not None and is_zoned(column),
        )  # fmt: skip

    def _is_beyond(self, check: Check, figure: Figure) -> bool:
        """Whether the workbench may know what the source did not understand."""
        other = self.workbench is not None and self.dataset.dialect != "duckdb"
        return (
            other
            and isinstance(figure, Unanswered)
            and figure.wrong
            and check.asks in (Asks.FLAWS, Asks.TYPE)
        )

    def _repeats(
        self, plan: Compiled, questions: Questions, figures: Mapping[Part, Figure]
    ) -> dict[str, CheckResult]:
        if not plan.repeats:
            return {}
        relation, rows = self.dataset.relation, figures[ROWS]
        keys = [key for _, key in plan.repeats]
        asked = []
        for key in keys:
            known = [figures.get(part) for part in ends(key[0])] if len(key) == 1 else []
            asked.append((bitmap(key[0], relation, known) if known else "") or repeats(key, relation))

        def compute(numbers: list[int]) -> list[Figure]:
            if not isinstance(rows, int | float) or rows < LARGE_ROWS:
                return ask(self.dataset, [asked[number] for number in numbers], source="")
            # One at a time: the memory of each is given back before the next.
            return [self._alone(asked[number], keys[number], int(rows)) for number in numbers]

        found = questions.wholes([f"repeats {', '.join(key)}" for key in keys], compute)
        return {
            check.id: self._judged(check, figure, rows, f"select {sql}")
            for (check, _), sql, figure in zip(plan.repeats, asked, found, strict=True)
        }

    def _alone(self, sql: str, key: tuple[str, ...], rows: int) -> Figure:
        if "bitstring_agg" in sql:
            figure = ask(self.dataset, [sql], source="")[0]
            if not isinstance(figure, Unanswered):
                return figure
        return count_in_passes(self.dataset, key, rows)

    def _other(self, check: Check, questions: Questions, rows: Figure) -> CheckResult:
        try:
            if check.asks is Asks.ANSWER:
                return self._answer(check)
            return self._unpartnered(check, questions, rows)
        except Inexpressible as problem:
            return unevaluated(check, str(problem))
        except _TROUBLE as problem:
            return unevaluated(check, why(problem, asked=check.query))

    def _answer(self, check: Check) -> CheckResult:
        # A parser of SQL is loaded for contracts that have some.
        from roadworthy.adapters.sqlchecks.queries import readable

        column = Columns(self.table, self.dataset).find(check.columns[0]) if check.columns else None
        sql = readable(check.query, self.table, column.name if column else "", self.dataset)
        return answered(check, self.dataset.rows(sql, limit=2), sql=sql, mask=self.mask)

    def _unpartnered(self, check: Check, questions: Questions, rows: Figure) -> CheckResult:
        other = partner(check, self.table, self.dataset, self.others)
        asked: list[str] = []

        def compute(numbers: list[int]) -> list[Figure]:
            meeting = self._meeting(check, other)
            try:
                asked.append(meeting.source)
                return [ask(meeting.child, [ROWS.sql], source=meeting.source)[0] for _ in numbers]
            finally:
                meeting.close()

        snapshot = other.snapshot() if self.cache is not None else None
        if snapshot is not None and not snapshot.tellable:
            figure = compute([0])[0]
        else:
            beside = [other.name, snapshot.digest] if snapshot is not None else []
            figure = questions.wholes([f"orphans {check.id} {check.relation}"], compute, beside=beside)[0]
        sql = shown(ROWS, asked[0]) if asked else ""
        return self._judged(check, figure, rows, sql)

    def _meeting(
        self, check: Check, other: Dataset, *, beside: tuple[Column, ...] = (), numbered: bool = False
    ) -> Meeting:
        found = [Columns(self.table, self.dataset).find(name) for name in check.columns]
        here = tuple(one for one in found if one is not None)
        if len(here) != len(found):
            raise Inexpressible(f"the column `{check.column}` is missing")
        return meet(check, here, self.dataset, other, self.workbench, beside=beside, numbered=numbered)

    def _orphans(self, check: Check, limit: int) -> tuple[Sample, ...]:
        other = partner(check, self.table, self.dataset, self.others)
        keys = row_keys(self.table, self.dataset)
        meeting = self._meeting(check, other, beside=keys, numbered=not keys)
        try:
            columns = Columns(self.table, meeting.child)
            values = [one for one in map(columns.find, check.columns) if one is not None]
            return Rows(meeting.child, self.table, self.mask).asked(
                values, meeting.source, limit, number=meeting.number
            )
        finally:
            meeting.close()

    def _beyond(self, plan: Compiled) -> dict[str, CheckResult]:
        """What the source has no words for, asked of its rows in the workbench."""
        results = {check.id: unevaluated(check, reason) for check, reason in plan.beyond}
        # What a column's type or its newest moment is, only the source itself can say.
        asked = [check for check, _ in plan.beyond if check.asks in (Asks.FLAWS, Asks.REPEATS)]
        if not asked or self.workbench is None or self.dataset.dialect == "duckdb":
            return results
        try:
            landed = self._landed(asked)
        except _TROUBLE as problem:
            return results | {check.id: unevaluated(check, why(problem)) for check in asked}
        try:
            run = replace(self, dataset=landed, workbench=None, cache=None, progress=_silent)
            return results | run.results(asked)
        finally:
            landed.close()

    def _landed(self, checks: Sequence[Check]) -> Dataset:
        assert self.workbench is not None
        columns = Columns(self.table, self.dataset)
        wanted = [columns.find(name) for check in checks for name in check.columns]
        wanted += row_keys(self.table, self.dataset)
        names = dict.fromkeys(one.name for one in wanted if one is not None)
        self.progress(None, f"reading {self.table.name} into the workbench")
        return self.workbench.land(self.table.name, self.dataset.stream(list(names)))

    def _sampled(self, check: Check, result: CheckResult) -> CheckResult:
        if (
            result.verdict is not Verdict.FAIL
            or check.asks not in _OF_ROWS
            or result.sample
            or not result.failing
        ):
            return result
        try:
            return replace(result, sample=self.failing(check, SAMPLED, rows=result.rows))
        except (Inexpressible, *_TROUBLE):
            return result  # the verdict stands without an example
