"""Evaluations: put a suite to a release, a function or recorded answers, look at what came, move it in and out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress as Bar

from roadworthy.cli import improving, proofs
from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import NO, OK, Output
from roadworthy.cli.suites import SIGNS, STYLES, figures, read_suite, short_of, suite_file, tell, text_of
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.charter import Charter
    from roadworthy.evaluation import Evaluation, Suite
    from roadworthy.measure.suites.running import Progress
    from roadworthy.operate.deployment import Deployment
    from roadworthy.ports import Target
    from roadworthy.principal import Principal
    from roadworthy.release import Release
    from roadworthy.wiring import Workspace

Named = Annotated[
    str,
    typer.Option(
        "--release", help="r2, or the first digits of its digest; default: the newest that has not ended."
    ),
]
EvaluationId = Annotated[str, typer.Argument(help="The id of an evaluation.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(help="Suites of tests, and proofs about answers.", no_args_is_help=True)
    group.command("run")(run)
    group.command("list")(list_evaluations)
    group.command("show")(show)
    group.command("export")(export)
    group.command("import")(import_log)
    group.command("add")(add)
    group.command("judge")(judge)
    proofs.add_to(group)
    improving.add_to(group, app)
    app.add_typer(group, name="evaluate")


def run(
    use_case: UseCase,
    suite: Annotated[
        str, typer.Argument(help="A suite of the use case, or a file NAME.jsonl; default: all it promises.")
    ] = "",
    *,
    release: Named = "",
    outputs: Annotated[
        Path | None,
        typer.Option(help="Recorded answers instead of a release: JSON Lines of `id`, `output`."),
    ] = None,
    function: Annotated[
        str, typer.Option(help="A Python function instead of a release: `file.py:name`. Its code is run.")
    ] = "",
    version: Annotated[str, typer.Option(help="What tells one state of the function from another.")] = "",
    repeats: Annotated[int | None, typer.Option(min=1, max=100, help="Ask every test so often.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of repeats and models.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Answers under way at once.")] = 8,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask again what was answered before.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Put a suite to a release, a function or recorded answers. Exit code 3 where a promise is not kept.

    Stopped or killed, it goes on where it was when it is run again.
    """
    from roadworthy.cli.releases import going_release
    from roadworthy.cli.session import opened

    out = Output(as_json=as_json)
    if outputs and function:
        raise InputProblem("RW-CLI-035", "name recorded answers or a function, not both")
    with opened(home) as (deployment, principal, place):
        chosen = None if outputs or function else going_release(deployment, use_case, release)
        charter = deployment.loader.charter(chosen.digest) if chosen else None
        names = [suite] if suite else list(charter.suites) if charter else []
        if not names:
            raise InputProblem(
                "RW-CLI-036",
                Problem("no suite is named", hint="name one, or promise one under `suites` in the charter"),
            )
        with deployment.store.read() as tx:
            known = {one.suite for one in deployment.store.evaluations.references(tx, use_case)}
        done = []
        for name in names:
            asked = read_suite(place, use_case, name, known=known)
            with Bar(console=out.err, disable=not sys.stderr.isatty(), transient=True) as bar:
                task = bar.add_task(f"suite {asked.name}", total=None)

                def told(now: Progress, bar: Bar = bar, task: Any = task) -> None:
                    bar.update(task, completed=now.done, total=now.of)

                done.append(
                    _evaluated(
                        deployment, principal, use_case, asked, chosen, charter,
                        outputs=outputs, function=function, version=version, repeats=repeats, seed=seed,
                        concurrency=concurrency, fresh=fresh, own=not name.endswith(".jsonl"), told=told,
                        place=place,
                    )
                )  # fmt: skip
        if as_json:
            out.data({"evaluations": [one.as_json() for one in done]})
        for name, one in zip(names, done, strict=True):
            tell(deployment, principal, one, out)
            if chosen and name.endswith(".jsonl"):
                out.say(f"  {name} is no suite of {use_case}: the gate does not count it", "yellow")
    return OK if all(_kept(one, charter) for one in done) else NO


def list_evaluations(
    use_case: UseCase,
    *,
    suite: Annotated[str, typer.Option(help="Only of this suite.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=500)] = 25,
    after: Annotated[str, typer.Option(help="Go on after this cursor.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Newest evaluations first, those that are not finished among them."""
    from roadworthy.cli.session import opened
    from roadworthy.evaluation import Evaluation
    from roadworthy.principal import require

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        require(principal, "gate.read", use_case=use_case)
        with deployment.store.read() as tx:
            page = deployment.store.evaluations.list(tx, use_case, suite=suite, after=after, limit=limit)
    rows: list[dict[str, Any]] = []
    for one in page.rows:
        overall = Evaluation.from_json(one.body).summary.overall if one.finished_at else None
        rows.append(
            {
                "id": one.id,
                "suite": one.suite,
                "target": one.target,
                "started_at": one.started_at.isoformat(timespec="seconds"),
                "finished_at": one.finished_at.isoformat(timespec="seconds") if one.finished_at else None,
                "tests": overall.tests if overall else None,
                "passed": overall.passed.value if overall and overall.passed else None,
            }
        )
    if as_json:
        out.data({"use_case": use_case, "evaluations": rows, "after": page.after})
        return
    out.table(
        ["id", "suite", "target", "started", "tests", "passed"],
        [
            (r["id"], r["suite"], r["target"], r["started_at"], r["tests"] if r["finished_at"] else "not finished",
             f"{r['passed']:.1%}" if r["passed"] is not None else "")
            for r in rows
        ],
        empty=f"no evaluation of {use_case} yet: `roadworthy evaluate run {use_case} SUITE`",
    )  # fmt: skip
    if page.after:
        out.note(f"more: --after {page.after}")


def show(
    evaluation: EvaluationId,
    *,
    came: Annotated[str, typer.Option(help="Only failed, error, ungraded or passed ones.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many tests.", min=1, max=500)] = 25,
    after: Annotated[str, typer.Option(help="Go on after this cursor.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """One evaluation: its figures, then test by test what was answered and how it was graded, worst first."""
    from roadworthy.cli.session import opened
    from roadworthy.measure.suites.recording import read_evaluation, show_results

    if came and came not in SIGNS:
        raise InputProblem("RW-CLI-037", f"`{came}` is nothing a test can be", hint=", ".join(SIGNS))
    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        with deployment.store.read() as tx:
            found = read_evaluation(deployment, tx, evaluation)
            page = deployment.store.evaluations.results(
                tx, found.id, came=came or None, after=after, limit=limit  # type: ignore[arg-type]
            )  # fmt: skip
        shown = show_results(deployment, principal, found.use_case, page.rows)
        if as_json:
            out.data(
                {
                    "evaluation": found.as_json(),
                    "results": [
                        one.result.as_json()
                        if one.result
                        else {"test": one.record.test, "attempt": one.record.attempt, "erased": True}
                        for one in shown
                    ],
                    "after": page.after,
                }
            )
            return
        figures(found, out)
        for one in shown:
            out.say(
                f"{SIGNS[one.record.came]} {one.record.test}"
                + (f" (attempt {one.record.attempt})" if found.repeats > 1 else ""),
                STYLES[one.record.came],
            )
            if one.result is None:
                out.say("    its data subject was erased")
                continue
            if one.result.transcript.error:
                out.say(f"    {one.result.transcript.error}")
            else:
                out.say(f"    answered: {short_of(one.result.transcript.output)}")
            for grade in one.result.grades:
                sign = {True: "✓", False: "✗", None: "?"}[grade.passed]
                out.say(f"    {sign} {grade.grader}: {short_of(grade.reason)}")
        if page.after:
            out.note(f"more: --after {page.after}")


def export(
    evaluation: EvaluationId,
    file: Annotated[Path, typer.Argument(help="`.jsonl`, or an Inspect log: `.eval` or `.json`.")],
    *,
    home: Home = None,
) -> None:
    """Write an evaluation with its answers as JSON Lines, or as a log that Inspect reads."""
    from roadworthy.cli.movement import written
    from roadworthy.cli.session import opened

    with opened(home) as (deployment, principal, place):
        content = written(deployment, principal, place, evaluation, file)
    file.write_bytes(content)
    Output(as_json=False).say(f"{file}: {len(content):,} bytes", "green")


def import_log(
    use_case: UseCase,
    file: Annotated[
        Path, typer.Argument(help="An Inspect log (`.eval`, `.json`), or exported JSON Lines.")
    ],
    suite: Annotated[str, typer.Argument(help="Name of the suite that its samples become.")],
    *,
    home: Home = None,
) -> None:
    """Keep what others evaluated: the suite, their answers, and their grades where ours cannot be given."""
    from roadworthy.cli.movement import taken_in
    from roadworthy.cli.session import opened

    out = Output(as_json=False)
    with opened(home) as (deployment, principal, place):
        found, findings = taken_in(deployment, principal, place, use_case, file, suite)
    for one in findings:
        out.say(one, "yellow")
    figures(found, out)
    out.say(f"  every test: roadworthy evaluate show {found.id}", "cyan")


def add(
    use_case: UseCase,
    key: Annotated[str, typer.Argument(help="Key of a recorded case.")],
    suite: Annotated[str, typer.Argument(help="The suite it becomes a test of.")],
    *,
    expected: Annotated[
        str, typer.Option(help="What would be right; default: the true answer on record.")
    ] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Make a recorded case a test. Its content stays where it is: erased there, it drops out here."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.testcases import case_to_test

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, place):
        file = suite_file(place, use_case, suite)
        added = case_to_test(deployment, principal, use_case, key, suite, expected=expected or None)
    if as_json:
        out.data({"suite": suite, "test": added.reference.test, "again": added.again})
    out.say(f"{key} is a test of {suite}" + (" already" if added.again else ""), "green")
    if not file.is_file():
        out.say("  the suite has no file of its own: it holds recorded cases, graded by their labels")


def judge(
    use_case: UseCase,
    evaluation: EvaluationId,
    labels: Annotated[Path, typer.Argument(help="CSV: `answer` (id of the test), `person`, `verdict`.")],
    *,
    grader: Annotated[str, typer.Option(help="The judged grader; default: the only one.")] = "",
    statement: Annotated[str, typer.Option(help="The conduct statement that people looked at.")] = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Compare the judge with people, and correct its figures by theirs. Exit code 3: it may only advise."""
    from roadworthy.cli.session import opened
    from roadworthy.measure.judging import read_labels
    from roadworthy.measure.suites.judged import calibrate_judge

    out = Output(as_json=as_json)
    people = read_labels(text_of(labels), place=str(labels))
    with opened(home) as (deployment, principal, _):
        found = calibrate_judge(
            deployment, principal, use_case, evaluation, people, grader=grader, statement=statement
        )
    standing, kappa = found.calibrated.standing, found.calibrated.certificate.kappa
    if as_json:
        out.data(
            {
                "evaluation": evaluation,
                "advisory": standing.advisory,
                "sentence": standing.sentence,
                "kappa": kappa.value,
                "n": kappa.n,
                "contradicted": list(found.calibrated.people.contradicted),
                "unjudged": list(found.calibrated.unjudged),
                "notes": list(found.notes),
            }
        )
    out.say(standing.sentence, "yellow" if standing.advisory else "green")
    for note in found.notes:
        out.say(f"  {note}")
    return NO if standing.advisory else OK


def _evaluated(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    suite: Suite,
    release: Release | None,
    charter: Charter | None,
    *,
    outputs: Path | None,
    function: str,
    version: str,
    repeats: int | None,
    seed: int | None,
    concurrency: int,
    fresh: bool,
    own: bool,
    told: Any,
    place: Workspace,
) -> Evaluation:
    from roadworthy.cli.waiting import worker_of
    from roadworthy.measure.suites.judged import standings_of
    from roadworthy.measure.suites.releases import evaluate_release
    from roadworthy.measure.suites.running import run_suite
    from roadworthy.wiring import gradings

    kinds = {grader.kind for grader in suite.graders}
    standings = standings_of(deployment, charter, suite.graders) if charter else {}
    instruments = gradings(charter, kinds, standings=standings, place=place)
    if release is not None:
        with worker_of(deployment):
            return evaluate_release(
                deployment, principal, release, suite, gradings=instruments, concurrency=concurrency,
                repeats=repeats, seed=seed, reuse=not fresh, as_evidence=own, progress=told,
            ).evaluation  # fmt: skip
    target = _target(outputs, function, version)
    return run_suite(
        deployment, principal, use_case, suite, target, gradings=instruments, concurrency=concurrency,
        repeats=repeats, seed=seed, reuse=not fresh, progress=told,
    )  # fmt: skip


def _target(outputs: Path | None, function: str, version: str) -> Target:
    from roadworthy.measure.suites.targets import FunctionTarget, RecordedAnswers
    from roadworthy.wiring import function_of

    if outputs is not None:
        return RecordedAnswers.read(text_of(outputs), place=str(outputs))
    return FunctionTarget(function_of(function), name=function, version=version)


def _kept(found: Evaluation, charter: Charter | None) -> bool:
    """Whether the charter's promise about the suite is kept; without one, whether every test passed."""
    overall = found.summary.overall
    promise = charter.suites.get(found.suite) if charter else None
    if overall.passed is None:
        return False
    if promise is None:
        return overall.passed.value >= 1 and not overall.ungraded
    return overall.tests >= promise.min_tests and overall.passed.interval.low >= promise.floor
