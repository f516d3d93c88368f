"""How data are held against what is promised about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from roadworthy.data.check import Check, CheckResult, History, Sample
from roadworthy.data.contract import ContractTable
from roadworthy.ports.tables import Dataset, Progress, Workbench


class CheckCache(Protocol):
    """Figures of partitions that did not change since, as JSON objects. Losing one costs a reading, no more."""

    def get(self, key: str) -> Mapping[str, Any] | None: ...

    def put(self, key: str, figures: Mapping[str, Any]) -> None: ...


class Checker(Protocol):
    """Finds a verdict for everything a contract declares about a table."""

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
        """Exactly one result per declared check, in the order of the contract.

        ``others`` are the tables that relationships lead to, by name in the contract. What the source
        cannot answer itself is looked at in ``workbench``. ``mask`` turns a failing value into what may
        be shown of it. A source that does not answer makes NOT_EVALUATED with the reason, never an
        error of the whole: one bad check spoils no other. Run twice over the same data, the figures
        are the same.
        """

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
        """Rows that fail a check, by key or number; none for a check that speaks of no rows.

        Errors: ``InputProblem`` RW-DATA-204 where rows of this check cannot be told; those of the source.
        """
