"""Models: what a charter names, what it costs, which one would be asked, and how good each is at a task."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress as Bar

from roadworthy.cli.options import Home, Json, UseCase
from roadworthy.cli.output import NO, OK, Output

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from roadworthy.measure.routing import Known, Measured
    from roadworthy.measure.suites.running import Progress
    from roadworthy.operate.deployment import Deployment
    from roadworthy.release import Release
    from roadworthy.routing import Quality
    from roadworthy.usage import Price

TaskName = Annotated[str, typer.Argument(help="A task of the charter that names `models`.")]
Named = Annotated[
    str, typer.Option("--release", help="r2, or the first digits of its digest; default: the newest.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(
        help="Models: prices, how long they are served, how good they are.", no_args_is_help=True
    )
    group.command("list")(list_models)
    group.command("route")(route)
    group.command("measure")(measure)
    group.command("prices")(prices)
    app.add_typer(group, name="models")


def list_models(
    use_case: Annotated[str, typer.Argument(help="The use case; default: all of them.")] = "",
    *,
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Every model that a charter names: its price and where it was read, how long it is served, how good it is."""
    from roadworthy.cli.session import opened
    from roadworthy.operate.modelcalls.qualities import qualities
    from roadworthy.principal import allows, require
    from roadworthy.wiring.prices import known_models

    out = Output(as_json=as_json)
    rows: list[dict[str, Any]] = []
    with opened(home) as (deployment, principal, place):
        if use_case:
            require(principal, "gate.read", use_case=use_case)
        today = deployment.now().date()
        for chosen in _releases(deployment, use_case, release):
            if not allows(principal, "gate.read", use_case=chosen.use_case):
                continue
            charter = deployment.loader.charter(chosen.digest)
            with deployment.store.read() as tx:
                seen = qualities(deployment, tx, chosen.use_case, chosen.digest)
            for name, one in known_models(place, charter, today).items():
                rows.append(
                    {"use_case": chosen.use_case, "release": chosen.name, **_row(name, one, seen, today)}
                )
    if as_json:
        out.data({"models": rows})
        return
    out.table(
        ["use case", "model", "asked as", "read", "written", "region", "context", "served", "quality"],
        [_line(row) for row in rows],
        empty="no charter names a model: `models` in charter.yaml",
    )
    for row in rows:
        told = row["price"]
        if told is None and row["bound"] is None:
            out.say(f"! {row['model']} of {row['use_case']}: nobody knows its price", "red")
        elif told is not None:
            out.say(f"  {row['model']}: {told['source']} ({row['snapshot']})", "dim")
        for remark in row["remarks"]:
            out.say(f"  {row['model']}: {remark}", "yellow")


def route(
    use_case: UseCase,
    task: TaskName,
    *,
    read: Annotated[int, typer.Option(help="Tokens that the request reads at most.", min=0)] = 2_000,
    written: Annotated[
        int | None,
        typer.Option(help="Tokens of the answer at most; default: what the charter says.", min=1),
    ] = None,
    able: Annotated[
        list[str] | None, typer.Option(help="What the request needs beside chat: tools, images …")
    ] = None,
    release: Named = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Which model would answer now, in which order the others follow, and why not the rest. Exit code 3: none.

    Models that are left alone because they failed are known to the running gateway alone.
    """
    from roadworthy.cli.releases import chosen_release
    from roadworthy.cli.session import opened
    from roadworthy.measure.routing import routed_task
    from roadworthy.operate.modelcalls.qualities import qualities
    from roadworthy.principal import require
    from roadworthy.routing import Need, choose
    from roadworthy.wiring.prices import known_models

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, place):
        require(principal, "gate.read", use_case=use_case)
        chosen = chosen_release(deployment, use_case, release)
        charter = deployment.loader.charter(chosen.digest)
        promise = routed_task(charter, task)
        today = deployment.now().date()
        known = known_models(place, charter, today)
        with deployment.store.read() as tx:
            seen = qualities(deployment, tx, use_case, chosen.digest).get(task, {})
    need = Need(
        frozenset({"chat", *(able or ())}),
        read,
        charter.gateway.most_written if written is None else written,
        charter.region,
    )
    floor = promise.floor if promise.suite else None
    found = choose(
        [known[name].candidate for name in promise.models],
        need=need,
        today=today,
        floor=floor,
        quality=seen,
    )
    told = {
        "use_case": use_case,
        "release": chosen.name,
        "task": task,
        "chosen": found.order[0].name if found.order else None,
        "reason": found.reason,
        "order": [
            {"model": one.name, "asked_as": one.model, "most": _euro(one.most(need.read, need.written))}
            for one in found.order
        ],
        "dropped": dict(found.dropped),
        "floor": floor,
        "escalate_below": promise.escalate_below,
    }
    if as_json:
        out.data(told)
    else:
        _tell_route(told, out)
        if promise.suite and any(name not in seen for name in promise.models):
            out.say(f"  next: roadworthy models measure {use_case} {task}", "cyan")
    return OK if found.order else NO


def _tell_route(told: Mapping[str, Any], out: Output) -> None:
    if told["order"]:
        out.say(f"{told['chosen']} answers {told['task']}: {told['reason']}", "bold green")
    else:
        out.say(f"nobody answers {told['task']}: {told['reason']}", "bold red")
    for number, row in enumerate(told["order"], start=1):
        out.say(f"  {number}. {row['model']} ({row['asked_as']}): at most {row['most']} EUR")
    for name, why in told["dropped"].items():
        out.say(f"  not {name}: {why}", "yellow")


def measure(
    use_case: UseCase,
    task: TaskName,
    *,
    model: Annotated[str, typer.Option(help="Only this model of the task.")] = "",
    release: Named = "",
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Answers under way at once.")] = 4,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask again what was answered before.")] = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Put every model of a task to the task's suite, asked directly. Exit code 3: none reaches the floor.

    It costs what the models cost. Stopped or killed, it goes on where it was when it is run again.
    """
    from functools import partial

    from roadworthy.cli.releases import chosen_release
    from roadworthy.cli.session import opened
    from roadworthy.cli.suites import read_suite
    from roadworthy.errors import NotFound, Problem
    from roadworthy.measure.routing import measure_models, routed_task
    from roadworthy.measure.suites.judged import standings_of
    from roadworthy.wiring import gradings
    from roadworthy.wiring.language import language_model
    from roadworthy.wiring.prices import known_models

    out = Output(as_json=as_json)
    with opened(home) as (deployment, principal, place):
        chosen = chosen_release(deployment, use_case, release)
        charter = deployment.loader.charter(chosen.digest)
        promise = routed_task(charter, task)
        if not promise.suite:
            raise NotFound(
                "RW-ROUTE-006",
                Problem(f"the task `{task}` names no suite", hint=f"name one in `tasks.{task}.suite`"),
            )
        with deployment.store.read() as tx:
            references = {one.suite for one in deployment.store.evaluations.references(tx, use_case)}
        suite = read_suite(place, use_case, promise.suite, known=references)
        kinds = {grader.kind for grader in suite.graders}
        standings = standings_of(deployment, charter, suite.graders)
        with Bar(console=out.err, disable=not sys.stderr.isatty(), transient=True) as bar:
            bars: dict[str, Any] = {}

            def told(name: str, now: Progress) -> None:
                if name not in bars:
                    bars[name] = bar.add_task(name, total=now.of)
                bar.update(bars[name], completed=now.done, total=now.of)

            done = measure_models(
                deployment, principal, chosen, task, suite,
                model=partial(language_model, charter, place=place),
                known=known_models(place, charter, deployment.now().date()),
                gradings=gradings(charter, kinds, standings=standings, place=place),
                only=model, concurrency=concurrency, reuse=not fresh, progress=told,
            )  # fmt: skip
    rows = [_measured(one, promise.floor) for one in done]
    if as_json:
        out.data(
            {
                "use_case": use_case,
                "task": task,
                "suite": suite.name,
                "floor": promise.floor,
                "models": rows,
            }
        )
    for row in rows:
        word = "reaches" if row["reaches"] else "does not reach"
        out.say(
            f"{row['model']}: {row['value']:.1%} of {row['tests']} tests, at least {row['low']:.1%}; it {word} "
            f"{promise.floor:.1%}; the answers cost {', '.join(row['cost']) or 'nothing'}",
            "green" if row["reaches"] else "red",
        )
        out.say(f"  every test: roadworthy evaluate show {row['evaluation']}", "cyan")
    return OK if any(row["reaches"] for row in rows) else NO


def _measured(one: Measured, floor: float) -> dict[str, Any]:
    summary, interval = one.evaluation.summary, one.measurement.interval
    low = interval.low if interval is not None else 0.0
    return {
        "model": one.model,
        "evaluation": one.evaluation.id,
        "value": one.measurement.value,
        "low": low,
        "tests": one.measurement.n,
        "errors": summary.overall.errors,
        "cost": [str(cost) for cost in summary.answers_cost],
        "reaches": low >= floor,
    }


def prices(
    *,
    provider: Annotated[str, typer.Option(help="Only models of this provider.")] = "",
    search: Annotated[str, typer.Option(help="Only models with this in their name.")] = "",
    limit: Annotated[int, typer.Option(help="Models on one page.", min=1, max=10_000)] = 40,
    after: Annotated[int, typer.Option(help="Go on after so many models.", min=0)] = 0,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """The shipped list of prices, in euro for a million tokens. It is part of the program: nothing is fetched.

    Where the list has several prices for a model (long texts, hours of the day), the dearest one is shown.
    """
    from roadworthy.wiring import now, workspace
    from roadworthy.wiring.prices import shipped_prices

    out = Output(as_json=as_json)
    source, rate, found = shipped_prices(
        workspace(home), today=now().date(), provider=provider, search=search
    )
    shown = found[after : after + limit]
    further = after + limit if after + limit < len(found) else None
    rows = [
        {
            "listed_as": f"{one.provider}/{one.model}",
            "name": one.name,
            "price": _price_json(one.listed.price),
            "context": one.listed.context or None,
            "deprecated": one.listed.deprecated,
            "remarks": list(one.listed.notes),
        }
        for one in shown
    ]
    if as_json:
        out.data(
            {"source": source, "rate": rate.words, "models": rows, "of": len(found), "next_after": further}
        )
        return
    out.table(
        ["listed as", "read", "written", "cached", "context", ""],
        [
            (
                row["listed_as"],
                *_cells(one.listed.price),
                f"{one.listed.context:,}" if one.listed.context else "",
                "; ".join(one.listed.notes),
            )
            for row, one in zip(rows, shown, strict=True)
        ],
        empty="no model of the list has that in its name",
    )
    out.note(f"{source}; EUR for a million tokens, {rate.words}")
    if further:
        out.note(f"{len(found) - further} more models: --after {further}")


def _releases(deployment: Deployment, use_case: str, named: str) -> list[Release]:
    """The release that is named, else the newest of the use case, or of every one."""
    from roadworthy.cli.releases import chosen_release

    if use_case:
        return [chosen_release(deployment, use_case, named)]
    with deployment.store.read() as tx:
        known = deployment.store.releases.use_cases(tx)
    return [chosen_release(deployment, one, "") for one in known]


def _row(name: str, one: Known, seen: Mapping[str, Mapping[str, Quality]], today: date) -> dict[str, Any]:
    from roadworthy.routing import retiring, snapshot

    it = one.candidate
    return {
        "model": name,
        "asked_as": it.model,
        "price": _price_json(it.price),
        "bound": _euro(it.bound),
        "snapshot": snapshot(it.price, bound=it.bound),
        "region": it.region,
        "able": sorted(it.able),
        "context": it.context or None,
        "most_written": it.most_written or None,
        "retires": it.retires.isoformat() if it.retires else None,
        "days_left": retiring(it.retires, today),
        "deprecated": one.deprecated,
        "quality": {
            task: {"value": models[name].value, "low": models[name].low, "tests": models[name].n}
            for task, models in sorted(seen.items())
            if name in models
        },
        "remarks": list(one.remarks),
    }


def _line(row: dict[str, Any]) -> tuple[object, ...]:
    told = row["price"]
    left = row["days_left"]
    served = "advised against" if row["deprecated"] else ""
    if left is not None:
        served = f"{left} days more" if left >= 0 else f"ended {row['retires']}"
    bound = f"a call at most {row['bound']}" if row["bound"] is not None else "unknown"
    return (
        row["use_case"],
        row["model"],
        row["asked_as"],
        told["read"] if told else bound,
        told["written"] if told else "",
        row["region"],
        f"{row['context']:,}" if row["context"] else "",
        served,
        ", ".join(f"{task} {seen['low']:.1%}+" for task, seen in row["quality"].items()),
    )


def _price_json(price: Price | None) -> dict[str, Any] | None:
    """Euro as texts: for a million tokens, and for a request."""
    if price is None:
        return None
    return {
        "read": _euro(price.read),
        "written": _euro(price.written),
        "cached": _euro(price.cached if price.cached >= 0 else price.read),
        "stored": _euro(price.stored if price.stored >= 0 else price.read),
        "request": _euro(price.request),
        "currency": price.currency,
        "source": price.source,
    }


def _cells(price: Price | None) -> tuple[str, str, str]:
    told = _price_json(price)
    return (told["read"], told["written"], told["cached"]) if told else ("unknown", "", "")


def _euro(nano: int | None) -> str | None:
    """Nano-EUR as a plain decimal number of euro."""
    return None if nano is None else f"{(Decimal(nano) / 1_000_000_000).normalize():f}"
