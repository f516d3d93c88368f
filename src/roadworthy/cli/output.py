"""How results and errors leave the command line: stdout is data, stderr is talk."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from roadworthy.errors import RoadworthyError

OK, FAILURE, USAGE, NO, NOT_ALLOWED, UNREACHABLE = 0, 1, 2, 3, 4, 5

EXIT_CODES: Mapping[str, int] = {
    "input": USAGE,
    "not-found": FAILURE,
    "conflict": FAILURE,
    "refused": NOT_ALLOWED,
    "unavailable": UNREACHABLE,
    "corrupt": FAILURE,
    "error": FAILURE,
}
"""Kind of error to exit code: the one table of this door."""

_COMPLETED_WITH_NO = frozenset({"RW-GATE-010", "RW-RELEASE-011"})

MARKS = {"pass": "✓", "waived": "~", "hold": "✗", "fail": "✗", "not evaluated": "?"}
STYLES = {"pass": "green", "waived": "yellow", "hold": "red", "fail": "bold red", "not evaluated": "yellow"}


def exit_code(problem: RoadworthyError) -> int:
    """3 where the question was answered with no, else by the kind of the error."""
    return NO if problem.code in _COMPLETED_WITH_NO else EXIT_CODES.get(problem.kind, FAILURE)


class Output:
    """Where a command writes. With ``as_json`` stdout carries one JSON document and nothing else."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        # Into a file or a pipe, lines are as long as they are; a terminal has its own width.
        self.out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 240)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    def data(self, document: object) -> None:
        """The machine's answer."""
        sys.stdout.write(_as_utf8(json.dumps(document, indent=2, ensure_ascii=False, default=str)) + "\n")

    def say(self, text: str, style: str = "") -> None:
        """A line for people; silent with ``--json``."""
        if not self.as_json:
            self.out.print(Text(text, style=style))

    def note(self, text: str) -> None:
        """Progress and advice, on stderr."""
        self.err.print(Text(text, style="dim"))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
        """Rows for people, or a sentence that says what to do where there are none."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(str(cell)) for cell in row))
        if table.row_count:
            self.out.print(table)
        else:
            self.say(empty)

    def problem(self, problem: RoadworthyError) -> None:
        """An error on stderr, in words or as the shared JSON shape."""
        if self.as_json:
            sys.stderr.write(_as_utf8(json.dumps(problem.as_json(), indent=2, ensure_ascii=False)) + "\n")
            return
        self.err.print(Text.assemble((f"{problem.code} ", "bold red"), problem.message))
        for reason in getattr(problem, "reasons", ()):
            self.err.print(Text(f"  - {reason}"))
        for broken in getattr(problem, "broken", ()):
            self.err.print(Text(f"  broken: {broken}"))
        if getattr(problem, "intact", ""):
            self.err.print(Text(f"  intact: {problem.intact}"))  # type: ignore[attr-defined]
        if problem.hint:
            self.err.print(Text(f"  next: {problem.hint}", style="cyan"))

    def verdict(self, verdict: Any) -> None:
        """A verdict as people read it: the sentence, then every requirement, open ones first."""
        colour = "bold green" if verdict.passes else "bold red"
        self.say(f"{verdict.word.upper():5} {verdict.sentence}", colour)
        for finding in [*verdict.open, *(f for f in verdict.findings if f not in verdict.open)]:
            subject = (
                f" [{finding.subject}]" if finding.subject and finding.subject not in finding.asks else ""
            )
            self.say(
                f"  {MARKS[finding.mark]} {finding.requirement:26} {finding.asks}{subject}: {finding.reason}",
                STYLES[finding.mark],
            )
            if finding.mark not in {"pass", "waived"} and finding.next_step:
                self.say(f"      → {finding.next_step}", "cyan")
        for note in verdict.notes:
            self.say(f"  ! {note}", "yellow")


def _as_utf8(text: str) -> str:
    """The text with half characters as U+FFFD: an argument whose bytes are no UTF-8 holds them, and strict readers
    take neither such bytes nor their escapes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def replace_file(file: Path, text: str, *, private: bool = False) -> None:
    """Write beside and move into place: a reader never sees half of it. ``private``: for this user alone.

    Errors: ``OSError``; what stood there stays.
    """
    beside = file.with_name(f".{file.name}.part")
    if private:
        beside.touch(mode=0o600, exist_ok=True)
    beside.write_text(text, encoding="utf-8", newline="")
    beside.replace(file)
