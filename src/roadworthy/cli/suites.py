"""Suite files, and evaluations as people read them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.cli.output import Output
from roadworthy.errors import InputProblem, NotFound, Problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from roadworthy.evaluation import Evaluation, Figure, Suite
    from roadworthy.operate.deployment import Deployment
    from roadworthy.principal import Principal
    from roadworthy.wiring import Workspace

WORST = 10
_QUESTIONS = "knowledge-"
"""How the suite of a knowledge source's labelled questions begins, where the charter gives it no name."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)
SIGNS = {"passed": "✓", "failed": "✗", "error": "!", "ungraded": "?"}
STYLES = {"passed": "green", "failed": "red", "error": "bold red", "ungraded": "yellow"}


def suite_file(place: Workspace, use_case: str, name: str) -> Path:
    """Where a suite of the use case lies. Errors: ``InputProblem`` RW-CLI-040 for a name that is none."""
    if not _NAME.fullmatch(name):
        raise InputProblem(
            "RW-CLI-040",
            Problem(f"`{name}` is no name of a suite", hint="letters, digits, `-` and `_`, 63 at most"),
        )
    return place.data / use_case / "evals" / f"{name}.jsonl"


def read_suite(place: Workspace, use_case: str, name: str, *, known: Collection[str] = ()) -> Suite:
    """A suite from a file, or by its name from `evals` in the use case's data folder.

    ``known`` names suites that recorded cases were added to: such a suite needs no file. Its cases are graded by
    their labels; those of labelled questions, ``knowledge-SOURCE``, by the documents that were found.

    Errors: ``NotFound`` RW-CLI-030 where there is none, ``InputProblem`` RW-CLI-040; as ``parse_suite``.
    """
    from roadworthy.evaluation import Grader, Suite

    file = Path(name) if name.endswith(".jsonl") else suite_file(place, use_case, name)
    if file.is_file():
        return read_suite_file(file)
    if name in known:
        found = Grader("retrieval", "retrieval", {"expected_field": "documents"})
        by = found if name.startswith(_QUESTIONS) else Grader("label", "label")
        return Suite.of(name, [], (by,))
    folder = place.data / use_case / "evals"
    here = sorted({*(one.stem for one in folder.glob("*.jsonl") if folder.is_dir()), *known})
    raise NotFound(
        "RW-CLI-030",
        f"no suite at `{file}`",
        hint=f"suites here: {', '.join(here)}"
        if here
        else 'write one test a line, such as {"input": {"text": "…"}, "expected": "…"}',
    )


def read_suite_file(file: Path) -> Suite:
    """A suite with the settings beside it, if there are any. Errors: as ``parse_suite``."""
    from roadworthy.evaluation import parse_suite

    settings = file.with_suffix(".yaml")
    return parse_suite(
        file.stem,
        text_of(file),
        text_of(settings) if settings.is_file() else None,
        place=str(file),
    )


def figures(found: Evaluation, out: Output) -> None:
    """What an evaluation found, for people."""
    summary = found.summary
    overall = summary.overall
    if overall.passed is None:
        out.say(f"{found.suite} on {found.target}: nothing was graded", "bold red")
    else:
        span = overall.passed.interval
        out.say(
            f"{found.suite} on {found.target}: {overall.passed.value:.1%} of {overall.tests} tests pass "
            f"(95 % interval {span.low:.1%} to {span.high:.1%})",
            "bold",
        )
    out.table(
        ["", "tests", "passed", "95 % interval", "wrong", "errors", "ungraded"],
        [
            *(_row(one.grader, one) for one in summary.graders),
            *([("all of them, by slice", "", "", "", "", "", "")] if summary.slices else []),
            *(_row(f"  {part.key} {part.value}", part.overall) for part in summary.slices),
        ],
        empty="",
    )
    apart = [
        f"{count} {words}"
        for count, words in (
            (overall.errors, "could not be answered (they count as not passed)"),
            (overall.ungraded, "could not be graded"),
            (overall.missing, "are missing"),
        )
        if count
    ]
    if apart:
        out.say(f"of the attempts {', '.join(apart)}", "yellow")
    if summary.erased:
        out.say(f"{summary.erased} tests dropped out: their data subjects were erased", "yellow")


def tell(deployment: Deployment, principal: Principal, found: Evaluation, out: Output) -> None:
    """Figures, and the worst tests with their reasons where they may be shown."""
    from roadworthy.measure.suites.recording import show_results
    from roadworthy.principal import allows

    if out.as_json:
        return
    figures(found, out)
    with deployment.store.read() as tx:
        page = deployment.store.evaluations.results(tx, found.id, limit=WORST)
    bad = [one for one in page.rows if one.came != "passed"]
    if bad and allows(principal, "case.read_content", use_case=found.use_case):
        for one in show_results(deployment, principal, found.use_case, bad):
            why = "its data subject was erased"
            if one.result is not None:
                why = one.result.transcript.error or "; ".join(
                    f"{grade.grader}: {short_of(grade.reason)}"
                    for grade in one.result.grades
                    if grade.passed is not True
                )
            out.say(f"{SIGNS[one.record.came]} {one.record.test}  {why}", STYLES[one.record.came])
    out.say(f"  every test: roadworthy evaluate show {found.id}", "cyan")


def _row(name: str, figure: Figure) -> tuple[object, ...]:
    passed = figure.passed
    return (
        name,
        figure.tests,
        f"{passed.value:.1%}" if passed else "nothing graded",
        f"{passed.interval.low:.1%} to {passed.interval.high:.1%}" if passed else "",
        figure.wrong,
        figure.errors,
        figure.ungraded,
    )


def text_of(file: Path) -> str:
    """Errors: ``InputProblem`` RW-CLI-010 for a file that cannot be read as UTF-8."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputProblem("RW-CLI-010", Problem("no such file", place=str(file))) from None
    except (OSError, UnicodeDecodeError) as fault:
        raise InputProblem(
            "RW-CLI-010", Problem(f"cannot be read ({type(fault).__name__})", place=str(file))
        ) from None


def short_of(value: object) -> str:
    """One line of at most 160 characters."""
    text = value if isinstance(value, str) else str(value)
    line = " ".join(text.split())
    return line if len(line) <= 160 else line[:159] + "…"
