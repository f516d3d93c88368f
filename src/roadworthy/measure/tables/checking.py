"""Holding a source against its contract: one verdict for everything that it declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from roadworthy.data.check import CheckResult, History, Verdict, shape
from roadworthy.data.contract import Contract, ContractTable
from roadworthy.errors import InputProblem, Problem, RoadworthyError
from roadworthy.ports import Dataset, Instruments, Progress

MINOR = frozenset({"info", "information", "warning", "warn", "low", "minor"})
"""Severities in the standard's free field that a verdict does not hang on."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of all checks of a contract, and which tables could not be opened, with the reason."""

    results: tuple[CheckResult, ...]
    closed: Mapping[str, str]

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Broken checks that a verdict hangs on."""
        return tuple(
            one
            for one in self.results
            if one.verdict is Verdict.FAIL and one.severity.casefold() not in MINOR
        )

    @property
    def unevaluated(self) -> tuple[CheckResult, ...]:
        """Nothing was shown for these: as bad as broken."""
        return tuple(one for one in self.results if one.verdict is Verdict.NOT_EVALUATED)

    @property
    def holds(self) -> bool:
        """Everything declared was looked at, and everything that counts is as promised."""
        return bool(self.results) and not (self.failed or self.unevaluated or self.closed)


def check_contract(
    instruments: Instruments,
    contract: Contract,
    opened: Callable[[ContractTable], Dataset],
    *,
    now: datetime,
    tables: Sequence[str] = (),
    history: History | None = None,
    cached: bool = True,
    progress: Progress | None = None,
) -> Checked:
    """Every declared check of the contract, table by table.

    ``tables`` names some of them, none means all. A table that cannot be opened spoils no other: what
    was declared about it counts as not evaluated, with the reason.
    Errors: ``InputProblem`` RW-DATA-210 for a contract without the tables named, or without any.
    """
    wanted = _wanted(contract, tables)
    datasets: dict[str, Dataset] = {}
    closed: dict[str, str] = {}
    results: list[CheckResult] = []
    try:
        for table in contract.tables:
            try:
                datasets[table.name] = opened(table)
            except RoadworthyError as problem:
                closed[table.name] = problem.message
        for number, table in enumerate(wanted):
            if progress:
                progress(number / len(wanted), f"checking {table.name}")
            if table.name in datasets:
                results += instruments.checker.check(
                    datasets[table.name],
                    table,
                    now=now,
                    others={name: one for name, one in datasets.items() if name != table.name},
                    workbench=instruments.workbench(),
                    history=history,
                    cache=instruments.cache if cached else None,
                    mask=shape,
                    progress=progress,
                )
    finally:
        for dataset in datasets.values():
            dataset.close()
    return Checked(
        tuple(results), {name: closed[name] for name in closed if name in {t.name for t in wanted}}
    )


def _wanted(contract: Contract, tables: Sequence[str]) -> list[ContractTable]:
    unknown = [name for name in tables if contract.table(name) is None]
    if unknown or not contract.tables:
        known = ", ".join(one.name for one in contract.tables) or "none"
        raise InputProblem(
            "RW-DATA-210",
            [Problem(f"the contract has no table `{name}`", hint=f"tables: {known}") for name in unknown]
            or Problem(
                "the contract declares no table", hint="`roadworthy data contract draft` writes one"
            ),
        )
    return [table for table in contract.tables if not tables or {table.name, table.source} & set(tables)]


def summary(checked: Checked) -> dict[str, int]:
    """How many checks came out how."""
    counted = {verdict.value: 0 for verdict in Verdict}
    for one in checked.results:
        counted[one.verdict.value] += 1
    return counted
