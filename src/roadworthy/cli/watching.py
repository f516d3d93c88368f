"""Watching: two releases side by side, and a stream against what was usual."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import NO, OK, Output
from roadworthy.errors import InputProblem, NotFound, Problem

if TYPE_CHECKING:
    from roadworthy.measure.watching.releases import StreamLook
    from roadworthy.ports.knowledge import Embedder
    from roadworthy.quantities import Share

STANDARD_INPUT = "-"

Stream = Annotated[
    str, typer.Option("--stream", help="A CSV file; - reads standard input line by line as it arrives.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    watching = typer.Typer(help="Whether what arrives is still what was usual.", no_args_is_help=True)
    watching.command("watch")(watch_drift)
    app.add_typer(watching, name="drift")


def watch_release(
    use_case: Annotated[
        str, typer.Argument(help="The use case whose canary is shown, without --stream.")
    ] = "",
    *,
    stream: Stream = "",
    margin: Annotated[
        float, typer.Option(help="Worse means worse by more than this; in the unit of the value.")
    ] = 0.0,
    tolerance: Annotated[
        float | None, typer.Option(help="Not worse means worse by less than this; default: the margin.")
    ] = None,
    alpha: Annotated[float, typer.Option(help="Risk of a false verdict, however often one looks.")] = 0.05,
    every: Annotated[
        int | None,
        typer.Option(help="Rows from look to look; default: each row, later ever rarer.", min=1),
    ] = None,
    new: Annotated[str, typer.Option(help="The new release; default: the second to appear.")] = "",
    kind: Annotated[
        str, typer.Option(help="What a value is: error (1 = wrong), share (1 = yes), mean, above.")
    ] = "error",
    low: Annotated[float, typer.Option(help="Lower end of a mean.")] = 0.0,
    high: Annotated[
        float, typer.Option(help="Upper end of a mean; what is beyond counts as the end.")
    ] = 1.0,
    limit: Annotated[
        float | None, typer.Option(help="With --kind above: what a value should not exceed.")
    ] = None,
    higher_is_better: Annotated[bool, typer.Option(help="A larger value is the better one.")] = False,
    least: Annotated[int, typer.Option(help="Rows of each release before one is called fit.", min=1)] = 1,
    horizon: Annotated[
        int | None, typer.Option(help="Rows of both after which nothing is waited for.", min=1)
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Is the new release better, not worse, worse, or is it too early to say? Exit code 3: it is worse.

    With --stream from a CSV file with the columns release and value, in order of arrival: one line for
    each look. Without, the running canary of a use case, from what is on record.
    """
    out = Output(as_json=as_json)
    if not stream:
        return _live(use_case, out, home)
    from roadworthy.measure.watching.releases import metric_of, watch_releases

    metric = metric_of(
        kind,
        margin=margin,
        tolerance=tolerance,
        higher_is_better=higher_is_better,
        low=low,
        high=high,
        limit=limit,
    )
    state = ""
    with _opened(stream) as source:
        for look in watch_releases(
            source,
            place=_place(stream),
            live=stream == STANDARD_INPUT,
            metric=metric,
            alpha=_share("--alpha", alpha),
            least=least,
            horizon=horizon,
            every=every,
            new=new,
        ):
            if as_json:
                _line(_look_fields(look))
            elif look.look.state != state:
                out.say(_look_words(look), "bold red" if look.look.state == "worse" else "")
            state = look.look.state
            last = look
    if not as_json:
        out.say(_look_words(last))
    return NO if state == "worse" else OK


def watch_drift(
    *,
    reference: Annotated[
        Path, typer.Option(help="A CSV file of what was usual: clean history, oldest first.")
    ],
    stream: Stream,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Watch this column; may stand several times; default: all that fit."),
    ] = None,
    window: Annotated[
        int, typer.Option(help="Rows that are held against the reference at a time.", min=20)
    ] = 300,
    false_alarms_per: Annotated[
        int, typer.Option(help="Rows of clean stream in which one false alarm is borne.", min=1)
    ] = 100_000,
    text: Annotated[
        list[str] | None,
        typer.Option(help="A column of texts, watched by how alike they are to those of the reference."),
    ] = None,
    time: Annotated[str, typer.Option(help="Column with the time of arrival: gaps are an alarm too.")] = "",
    until: Annotated[
        str, typer.Option(help="With --time: now, so that a stream that fell silent is noticed.")
    ] = "",
    confidence: Annotated[
        str, typer.Option(help="Column with the model's confidence, for an estimate without labels.")
    ] = "",
    correct: Annotated[
        str, typer.Option(help="With --confidence: the reference's column with 1 = right, 0 = wrong.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Same seed, same thresholds.")] = 1,
    as_json: Json = False,
) -> int:
    """Does a stream still look like the reference? One line for each alarm, then a summary. Exit code 3: an alarm.

    Thresholds come from replaying the reference, so that a clean stream raises one false alarm in as many
    rows as was said, over all columns and looks together.
    """
    from roadworthy.measure.watching.streams import Watched, watch_stream

    out = Output(as_json=as_json)
    asked = Watched(
        columns=tuple(column or ()),
        texts=tuple(text or ()),
        time=time,
        until=until,
        confidence=confidence,
        correct=correct,
        window=window,
        rows_per_false_alarm=false_alarms_per,
        seed=seed,
    )
    alarms = 0
    with _opened(str(reference)) as usual, _opened(stream) as source:
        for said in watch_stream(
            usual,
            source,
            asked,
            places=(str(reference), _place(stream)),
            live=stream == STANDARD_INPUT,
            embedder=_embedder,
        ):
            alarms += said.is_alarm
            if as_json:
                _line(said.fields)
            else:
                out.say(said.sentence, "bold red" if said.is_alarm else "")
    return NO if alarms else OK


def _live(use_case: str, out: Output, home: Path | None) -> int:
    """The canary of a use case as outcomes on record have it."""
    from roadworthy.cli.session import opened
    from roadworthy.measure.watching.live import standing, standing_fields
    from roadworthy.operate.outcomes import canary_watch
    from roadworthy.stage import Stage

    if not use_case:
        raise InputProblem(
            "RW-WATCH-011",
            Problem("nothing to watch", hint="name a use case, or a file with --stream"),
        )
    with opened(home) as (deployment, _, _folder):
        with deployment.store.read() as tx:
            rollout = deployment.store.releases.rollout(tx, use_case)
            known = ", ".join(deployment.store.releases.use_cases(tx))
        if not rollout.releases:
            raise NotFound(
                "RW-CASE-022", f"no use case `{use_case}` here", hint=f"known: {known or 'none yet'}"
            )
        canary = rollout.at(Stage.CANARY)
        watch = canary_watch(deployment, use_case, canary) if canary else None
    found = None if watch is None else standing(watch)
    if found is None:
        pause = "no canary is running" if canary is None else "no outcome yet"
    else:
        pause = found.pause
    state = found.state if found else "inconclusive"
    if out.as_json:
        fields = standing_fields(found)
        _line({"use_case": use_case, "new": canary.name if canary else "", **fields, "pause": pause})
    elif found is None:
        out.say(f"inconclusive: {pause} of {use_case}")
    else:
        out.say(
            f"{canary.name if canary else ''} is {state}: {found.difference:+.4g} against the cases beside it "
            f"({found.interval.low:+.4g} to {found.interval.high:+.4g}), {found.cases[0]} and {found.cases[1]} cases"
            f"{'; ' if pause else ''}{pause}",
            "bold red" if state == "worse" else "",
        )
    return NO if state == "worse" else OK


def _embedder() -> Embedder:
    from roadworthy.wiring.similarity import sentence_embedder

    return sentence_embedder()


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """A file, or standard input. Errors: ``InputProblem`` RW-WATCH-012 where it cannot be opened."""
    if name == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below, where reading begins
    except OSError as problem:
        why = {FileNotFoundError: "no such file", IsADirectoryError: "is a folder, expected a CSV file"}
        raise InputProblem(
            "RW-WATCH-012",
            Problem(why.get(type(problem), problem.strerror or "cannot be read"), place=name),
        ) from None
    with file:
        yield file


def _place(name: str) -> str:
    return "standard input" if name == STANDARD_INPUT else name


def _share(option: str, value: float) -> Share:
    from roadworthy.quantities import Share

    if not 0 < value < 1:
        raise InputProblem("RW-CLI-003", f"{option} lies between 0 and 1, found {value}")
    return Share(value)


def _line(document: object) -> None:
    """One JSON document a line, there as soon as it is known."""
    print(json.dumps(document, ensure_ascii=False, allow_nan=False), flush=True)


def _look_fields(look: StreamLook) -> dict[str, object]:
    from roadworthy.trust.releases import metric_fields

    fields = metric_fields(look.look.metrics[0])
    return {"row": look.row, "new": look.new, "old": look.old, **fields, "pause": look.look.pause}


def _look_words(look: StreamLook) -> str:
    metric = look.look.metrics[0]
    if metric.difference is None:
        return f"row {look.row}: inconclusive, one release so far"
    new, old = metric.cases
    pause = f"; {look.look.pause}" if look.look.pause else ""
    return (
        f"row {look.row}: {look.new} is {metric.state}: {metric.difference:+.4g} against {look.old} "
        f"({metric.interval.low:+.4g} to {metric.interval.high:+.4g}), {new} and {old} rows{pause}"
    )
