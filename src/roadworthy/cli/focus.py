"""Cost files in the FOCUS form: one month, on demand or kept up to date in a folder while `up` runs."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from roadworthy.cli.output import replace_file
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.measure.costs import Books
    from roadworthy.operate.deployment import Deployment
    from roadworthy.operate.work import Duty
    from roadworthy.principal import Principal
    from roadworthy.wiring import Workspace

ACCOUNT: Final = "roadworthy"
EVERY_S: Final = 600.0
FRESH: Final = timedelta(days=1)
"""How old the file of a running month may be."""


def write_month(
    deployment: Deployment,
    principal: Principal,
    use_cases: Sequence[str],
    *,
    month: date,
    account: str,
    output: Path,
    place: Workspace | None = None,
) -> tuple[int, Books]:
    """Write the file of a month, the first day of which is given; rows written, and the books behind them.

    Prices are those of that day by the price file of ``place``, by default of the workspace that the
    environment names.

    Errors: ``InputProblem`` RW-COST-006 for a file that cannot be written; those of the books.
    """
    from roadworthy.measure.costs import books, focus
    from roadworthy.wiring import workspace
    from roadworthy.wiring.costs import cost_books, known_price

    price = known_price(place or workspace(), month)
    found = books(
        deployment,
        principal,
        use_cases,
        costs=cost_books(),
        first=month,
        last=_last_day(month),
        price=price,
    )
    text = focus(found, month=month, account=account)
    try:
        replace_file(output, text, private=True)
    except OSError as fault:
        raise unwritable(output, fault) from None
    return text.count("\n") - 1, found


def kept_in(folder: Path, principal: Principal, *, place: Workspace | None = None) -> Duty:
    """Keep ``focus-2026-11.csv`` of this month and of the last one in a folder.

    The file of a running month is a day old at most; that of a month that is over is written once more,
    and then left alone: whoever deletes it gets it again. Several workers write the same.
    """
    from roadworthy.operate.work import Duty

    def keep(deployment: Deployment) -> None:
        now = deployment.now()
        this = now.date().replace(day=1)
        for month in ((this - timedelta(days=1)).replace(day=1), this):
            file = folder / f"focus-{month:%Y-%m}.csv"
            if _is_due(file, month, now):
                write_month(
                    deployment, principal, (), month=month, account=ACCOUNT, output=file, place=place
                )

    return Duty("costs", EVERY_S, keep)


def _is_due(file: Path, month: date, now: datetime) -> bool:
    try:
        written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return True
    over = datetime.combine(_last_day(month), datetime.min.time(), UTC) + timedelta(days=1)
    return written < over if now >= over else now - written > FRESH


def _last_day(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def unwritable(file: Path, fault: OSError) -> InputProblem:
    """Why a file of costs was not written."""
    return InputProblem(
        "RW-COST-006",
        Problem(f"cannot be written: {fault.strerror}", place=str(file), hint="name another file"),
    )
