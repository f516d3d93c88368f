"""Rows that fail, for the person who mends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from roadworthy.data.contract import Contract, ContractTable
from roadworthy.data.declared import checks_of
from roadworthy.errors import InputProblem
from roadworthy.measure.tables.checking import Checked
from roadworthy.ports import Dataset, Instruments

COLUMNS = ("check", "table", "column", "row", "value")
MOST = 10_000
"""Rows told of one check: more of them have one cause, which is sought where the data are made."""


def failing(
    instruments: Instruments,
    contract: Contract,
    opened: Callable[[ContractTable], Dataset],
    checked: Checked,
) -> Iterator[tuple[str, ...]]:
    """Rows of failed checks with their values as they stand in the source; see COLUMNS.

    Edge: nothing for a check whose rows cannot be told, such as a number of rows.
    """
    failed = {(one.table, one.id) for one in checked.results if one.verdict == "fail"}
    for table in contract.tables:
        wanted = [check for check in checks_of(table) if (table.name, check.id) in failed]
        if not wanted:
            continue
        dataset = opened(table)
        try:
            for check in wanted:
                try:
                    rows = instruments.checker.failing_rows(
                        dataset, check, table, limit=MOST, workbench=instruments.workbench(), mask=str
                    )
                except InputProblem:
                    continue
                for row in rows:
                    yield check.id, table.name, check.column, row.row, row.value
        finally:
            dataset.close()
