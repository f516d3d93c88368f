"""Suites and evaluations to and from elsewhere: JSON Lines, and the logs of Inspect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.errors import Conflict, InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.evaluation import Evaluation, Suite
    from roadworthy.operate.deployment import Deployment
    from roadworthy.principal import Principal
    from roadworthy.wiring import Workspace

_FORMS = (".jsonl", ".eval", ".json")


def written(
    deployment: Deployment, principal: Principal, place: Workspace, evaluation: str, file: Path
) -> bytes:
    """An evaluation as bytes, in the form that the file's name asks for. Erased answers are left out.

    Errors: ``InputProblem`` RW-CLI-031 for another form, ``Conflict`` RW-CLI-032 for a log whose suite has
    changed since: JSON Lines do not need it.
    """
    from roadworthy.evaluation.formats import results_to_jsonl, write_inspect
    from roadworthy.measure.suites.recording import every_shown, read_evaluation

    _known_form(file)
    with deployment.store.read() as tx:
        found = read_evaluation(deployment, tx, evaluation)
    results = list(every_shown(deployment, principal, found))
    if file.suffix == ".jsonl":
        return results_to_jsonl(results)
    suite = _suite_of(deployment, place, found)
    return write_inspect(
        suite,
        results,
        target=found.target,
        created=found.started_at,
        form="eval" if file.suffix == ".eval" else "json",
    )


def taken_in(
    deployment: Deployment,
    principal: Principal,
    place: Workspace,
    use_case: str,
    file: Path,
    name: str,
) -> tuple[Evaluation, tuple[str, ...]]:
    """Keep what others evaluated; from an Inspect log the suite is written beside the others first.

    Errors: ``InputProblem`` RW-CLI-031 for another form, ``Conflict`` RW-CLI-033 where a suite of this name
    holds something else; as ``read_inspect`` and ``results_from_jsonl``.
    """
    from roadworthy.cli.suites import read_suite
    from roadworthy.evaluation.formats import read_inspect, results_from_jsonl
    from roadworthy.measure.suites.importing import import_evaluation
    from roadworthy.principal import require

    require(principal, "measure", use_case=use_case)
    _known_form(file)
    try:
        content = file.read_bytes()
    except OSError as fault:
        raise InputProblem(
            "RW-CLI-010", Problem(f"cannot be read ({type(fault).__name__})", place=str(file))
        ) from None
    if file.suffix == ".jsonl":
        results = results_from_jsonl(content, place=str(file))
        suite = read_suite(place, use_case, name)
        return import_evaluation(deployment, principal, use_case, suite, results, target=file.name), ()
    log = read_inspect(content, place=str(file))
    _write_suite(place, use_case, name, log.suite)
    suite = log.suite.of(
        name, log.suite.tests, log.suite.graders, repeats=log.suite.repeats, seed=log.suite.seed
    )
    target = f"{log.model} ({file.name})"
    kept = import_evaluation(deployment, principal, use_case, suite, log.results, target=target)
    unfinished = () if log.status == "success" else (f"the log is not of a whole evaluation: {log.status}",)
    return kept, (*unfinished, *log.findings)


def _known_form(file: Path) -> None:
    if file.suffix not in _FORMS:
        raise InputProblem(
            "RW-CLI-031",
            Problem(f"`{file.suffix or 'no ending'}` is no form that is known here", place=str(file)),
            hint="`.jsonl`, or `.eval` and `.json` of Inspect",
        )


def _suite_of(deployment: Deployment, place: Workspace, found: Evaluation) -> Suite:
    """The suite as it was asked: the file it came from, with the cases that became its tests."""
    from roadworthy.cli.suites import read_suite
    from roadworthy.operate.testcases import resolve

    suite = read_suite(place, found.use_case, found.suite)
    with deployment.store.read() as tx:
        asked = resolve(deployment, tx, suite, use_case=found.use_case).suite
    if found.suite_digest not in {suite.digest, asked.digest}:
        raise Conflict(
            "RW-CLI-032",
            Problem(f"the suite `{found.suite}` has changed since, and a log holds its tests"),
            hint="export as `.jsonl`, or evaluate the suite as it is now",
        )
    return asked if found.suite_digest == asked.digest else suite


def _gradable(suite: Suite) -> Suite:
    """The suite with the graders that can grade anew; grades that were only recorded stand in its evaluation."""
    from roadworthy.evaluation import KINDS

    known = tuple(one for one in suite.graders if one.kind in KINDS)
    names = {one.name for one in known}
    tests = [
        replace(test, graders=tuple(name for name in test.graders if name in names)) for test in suite.tests
    ]
    return suite.of(suite.name, tests, known, repeats=suite.repeats, seed=suite.seed)


def _write_suite(place: Workspace, use_case: str, name: str, suite: Suite) -> None:
    import yaml

    from roadworthy.cli.suites import suite_file
    from roadworthy.evaluation import suite_as_jsonl

    file, again = suite_file(place, use_case, name), _gradable(suite)
    content = suite_as_jsonl(again.tests)
    if file.exists() and file.read_text(encoding="utf-8") != content:
        raise Conflict(
            "RW-CLI-033",
            Problem(f"a suite `{name}` lies there already", place=str(file)),
            hint="choose another name",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    if again.graders:
        graders = {
            one.name: {"kind": one.kind, "passes_at": one.passes_at, **one.options} for one in again.graders
        }
        file.with_suffix(".yaml").write_text(
            yaml.safe_dump({"graders": graders}, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
