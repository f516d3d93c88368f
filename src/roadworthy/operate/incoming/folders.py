"""Files that were laid into a folder become cases: a file of JSON is one, a CSV file one per row."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from roadworthy.charter import Charter
from roadworthy.charter.incoming import IncomingFiles
from roadworthy.errors import InputProblem, RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.incoming.standing import bring, doorkeeper, fitted, open_charters, value_at
from roadworthy.ports.incoming import DroppedFile, Record, WatchedFolder
from roadworthy.principal import Principal

EVERY_S: Final = 10.0
MOST: Final = 100
"""Files of one folder in one round."""
_MOST_TOLD: Final = 100
_log = logging.getLogger("roadworthy.files")
OpenFolder = Callable[[Charter, IncomingFiles], WatchedFolder]


def look_into_folders(deployment: Deployment, open_folder: OpenFolder) -> int:
    """A duty: one round over all watched folders; returns how many files found a place.

    Twice at once: each file is held by one of both. A file is moved only after all its cases are written down; one
    that was half done before a crash is done again, and each case is found to be there.
    """
    moved = 0
    for charter in list(open_charters(deployment)):
        for name, plan in charter.intake.files.items():
            try:
                for held in open_folder(charter, plan).files(most=MOST):
                    with held as file:
                        if file is not None:
                            _take(
                                deployment, charter, doorkeeper("files", name, charter.use_case), plan, file
                            )
                            moved += 1
            except RoadworthyError as problem:
                _log.warning(
                    "the folder `%s` of %s waits: %s", name, charter.use_case, problem.code,
                    extra={"code": problem.code},
                )  # fmt: skip
    return moved


def _take(
    deployment: Deployment, charter: Charter, by: Principal, plan: IncomingFiles, file: DroppedFile
) -> None:
    """Take one file. Errors: those of the store; the file then stays where it is."""
    try:
        records = list(file.records())
    except InputProblem as problem:
        file.reject(problem.message)
        return
    wrong: list[str] = []
    for record in records:
        why = record.problem or _bring(deployment, charter, by, plan, file, record)
        if why:
            wrong.append(f"{'row ' if plan.format == 'csv' else 'file, case '}{record.number}: {why}")
    if not wrong:
        file.done()
        return
    more = f"\nand {len(wrong) - _MOST_TOLD} more" if len(wrong) > _MOST_TOLD else ""
    taken = f"{len(records) - len(wrong)} of {len(records)} became cases; these did not:\n"
    file.reject(taken + "\n".join(wrong[:_MOST_TOLD]) + more)


def _bring(
    deployment: Deployment, charter: Charter, by: Principal,
    plan: IncomingFiles, file: DroppedFile, record: Record,
) -> str:  # fmt: skip
    """Why a record became no case; empty where it did."""
    csv = plan.format == "csv"

    def found(at: str) -> object:
        value = record.values.get(at) if csv else value_at(record.values, at)
        return None if value == "" else value

    data = {
        field: fitted(charter.input.get(field), value)
        for field, at in plan.fields.items()
        if (value := found(at)) is not None
    }
    key = found(plan.key) if plan.key else f"{file.digest[:24]}-{record.number}"
    if not isinstance(key, str | int) or isinstance(key, bool):
        return f"there is no key in `{plan.key}`"
    _, problems = bring(deployment, by, str(key), data)
    return "; ".join(str(problem) for problem in problems[:5])
