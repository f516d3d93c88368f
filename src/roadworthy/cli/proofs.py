"""Proofs: a threshold from a file of scores, two files of values compared, the judge, and spot checks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import Home, Json, UseCase, csv_rows
from roadworthy.cli.output import NO, OK, Output
from roadworthy.errors import InputProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from roadworthy.trust.reports import Row

VERDICTS = {"better": "green", "not worse": "green", "worse": "bold red", "cannot tell yet": "yellow"}
_LOW_TO_HIGH = ("worse", "cannot tell yet", "not worse", "better")


def add_to(group: typer.Typer) -> None:
    """Add the commands of this module to the group `evaluate`."""
    group.command("certify")(certify)
    group.command("compare")(compare)
    group.command("spot-checks")(spot_checks)
    group.command("plant")(plant)


def certify(
    *,
    scores: Annotated[Path, typer.Option(help="CSV of labelled cases: columns `score` and `wrong`.")],
    alpha: Annotated[float, typer.Option(help="At most this part of what leaves alone may be wrong.")],
    delta: Annotated[float, typer.Option(help="Risk that the proof is mistaken.")] = 0.05,
    traffic: Annotated[
        Path | None, typer.Option(help="CSV of recent traffic nobody labelled: column `score`.")
    ] = None,
    as_json: Json = False,
) -> int:
    """The lowest score from which cases may be automatic, with its proof. Exit code 3: there is none yet."""
    from roadworthy.trust.reports import certify_rows

    out = Output(as_json=as_json)
    found = certify_rows(
        cells(scores, ["score", "wrong"]),
        cells(traffic, ["score"]) if traffic else None,
        alpha=alpha,
        delta=delta,
        places=(str(scores), str(traffic or "traffic")),
    )
    if as_json:
        out.data(found)
    if found["threshold"] is not None:
        out.say(f"threshold {found['threshold']:.6g}: {found['coverage']:.1%} may be automatic", "green")
        out.say(
            f"  {found['wrong']} wrong of {found['accepted']} labelled cases there; at most {found['bound']:.1%} "
            f"wrong, with certainty {1 - delta:.0%}, on traffic like this"
        )
        return OK
    out.say(f"no threshold is proven for at most {alpha:.1%} wrong", "bold red")
    out.say(f"  {found['wrong']} wrong of {found['accepted']} labelled cases at the starting threshold")
    needed = found["labels_needed"]
    more = (
        f"about {needed} more labelled cases"
        if needed
        else "more labels will not help: it errs too often even where it is surest; a better model will"
    )
    out.say(f"  next: {more}", "cyan")
    return NO


def compare(
    a: Annotated[
        Path, typer.Argument(help="CSV with columns `case`, `value` and, if you have it, `cluster`.")
    ],
    b: Annotated[Path, typer.Argument(help="What it is compared with: the same cases, the same columns.")],
    *,
    margin: Annotated[float, typer.Option(help="How much worse still counts as not worse.")] = 0.05,
    confidence: Annotated[float, typer.Option(help="Of the interval.")] = 0.95,
    lower_is_better: Annotated[
        bool, typer.Option("--lower-is-better", help="Values are losses, costs or seconds.")
    ] = False,
    common: Annotated[
        bool, typer.Option("--common", help="Leave out cases that only one of the files has.")
    ] = False,
    require: Annotated[
        str, typer.Option(help="`better` or `not worse`: exit code 3 unless that is proven.")
    ] = "",
    as_json: Json = False,
) -> int:
    """Is A better than B on the same cases? Better, not worse, worse, or cannot tell yet and how many more."""
    from roadworthy.trust.reports import compare_report

    if require and require not in {"better", "not worse"}:
        raise InputProblem("RW-CLI-034", f"`{require}` cannot be required", hint="`better` or `not worse`")
    out = Output(as_json=as_json)
    found: Mapping[str, Any] = compare_report(
        cells(a, ["case", "value"]),
        cells(b, ["case", "value"]),
        margin,
        confidence=confidence,
        higher_is_better=not lower_is_better,
        common_only=common,
        places=(str(a), str(b)),
    )
    if as_json:
        out.data(found)
    span = found["interval"]
    between = f", {confidence:.0%} interval {span[0]:+.4g} to {span[1]:+.4g}" if span else ", no interval"
    out.say(f"{found['verdict']}: {a.name} against {b.name}", VERDICTS[found["verdict"]])
    out.say(
        f"  difference {found['difference']:+.4g}{between} ({found['n']} cases, {found['clusters']} clusters)"
    )
    out.say(f"  {found['method']}")
    if found["verdict"] == "cannot tell yet":
        needed = found["cases_needed"]
        more = (
            f"about {needed} more cases would tell" if needed else "no number of cases in reach would tell"
        )
        out.say(f"  next: {more}", "cyan")
    met = not require or _LOW_TO_HIGH.index(found["verdict"]) >= _LOW_TO_HIGH.index(require)
    return OK if met else NO


def spot_checks(use_case: UseCase, *, as_json: Json = False, home: Home = None) -> None:
    """What people found among the cases that left without one, and how far their own word can be trusted."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.spotchecks.status import spot_check_status
    from roadworthy.operate.spotchecks.telling import status_json
    from roadworthy.principal import require

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        require(principal, "gate.read", use_case=use_case)
        status = status_json(spot_check_status(deployment, use_case))
        with deployment.store.read() as tx:
            releases = deployment.store.releases.rollout(tx, use_case).releases
    names = {one.digest: one.name for one in releases}
    if as_json:
        out.data(status)
        return
    for kind in status["kinds"]:
        name = f"{kind['kind']} of {names.get(kind['release'], kind['release'])}"
        out.say(f"{name}: {kind['sentence']}", "bold red" if kind["alarm"] else "")
        least, most = kind["probability"]
        out.say(
            f"  {kind['judged']} judged of {kind['drawn']} drawn of {kind['cases']} automatic cases, "
            f"each drawn with a probability of {least:.1%} to {most:.1%}"
        )
    if not status["kinds"]:
        out.say(f"no case of {use_case} left without a person yet")
    share = f"about {status['share']:.1%} of new cases are drawn; " if status["share"] is not None else ""
    out.say(
        f"{share}{status['asked']} asked for in seven days, {status['fit_into_the_hours']} fit into the hours"
    )
    if status["overdue"]:
        out.say(f"{status['overdue']} checks wait for more than twice their time", "red")
    out.table(
        ["reviewer", "checked by", "checks", "wrong", "95 % interval"],
        [
            (
                one["reviewer"],
                how,
                one["checks"],
                one["wrong"],
                f"{one['interval'][0]:.1%} to {one['interval'][1]:.1%}",
            )
            for how, listed in (
                ("a known answer", "known_answers"),
                ("a second person", "looked_at_by_two"),
            )
            for one in status["reviewers"][listed]
        ],
        empty="nothing is known of the reviewers' own errors yet: plant cases, or let two look",
    )


def plant(
    use_case: UseCase,
    key: Annotated[str, typer.Argument(help="Key of a case that left without a person.")],
    *,
    truth: Annotated[
        str, typer.Option(help="Its right answer, if no two sources on record agree on it.")
    ] = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Put a case whose right answer is known before a reviewer, as if it had been drawn."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.spotchecks.planting import plant as put

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, _):
        review = put(deployment, principal, use_case, key, truth=truth)
    if as_json:
        out.data({"review": review.id, "case": review.case})
    out.say(f"{key} waits in the inbox like any other spot check", "green")


def cells(path: Path, columns: list[str]) -> list[Row]:
    """Rows with whatever stands in them: what is missing or too much is told by who reads them."""
    return list(csv_rows(path, columns))  # type: ignore[arg-type]
