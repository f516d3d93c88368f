"""Drills of what lies outside: providers and tools that go away, inputs that change, receivers of alerts."""

from __future__ import annotations

from typing import Annotated

import typer

from roadworthy.cli.drilling import Asked, Dry, ReleaseName, Seed, Workers, run_drill
from roadworthy.cli.options import Home, Json, UseCase


def drill_outage(
    use_case: UseCase,
    *,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=600, help="How long each part is away in each of three ways.")
    ] = 4.0,
    rate: Annotated[float, typer.Option(min=0, help="Cases a second meanwhile; 0: 60 cases in all.")] = 0.0,
    workers: Workers = 2,
    release: ReleaseName = "",
    seed: Seed = 7,
    dry: Dry = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Take away models and tools while cases arrive; see who goes on with them, how soon, and what is lost."""
    from roadworthy.measure.drills.outage import Outage, outage_drill

    asked = Outage(seconds=seconds, rate=rate, workers=workers, seed=seed)
    asked.check()
    return run_drill(
        "outage",
        lambda at: outage_drill(at.mirror, at.release, asked, progress=at.progress),
        Asked(use_case, release, dry=dry, as_json=as_json, home=home),
        may_go_away=True,
    )


def drill_drift(
    use_case: UseCase,
    *,
    added: Annotated[
        float,
        typer.Option(help="Part of all cases that is strange beside what is anyway: 0.15 for 5 to 20 %."),
    ] = 0.15,
    usual: Annotated[int, typer.Option(min=100, max=5000, help="Clean cases to learn from.")] = 400,
    clean: Annotated[int, typer.Option(min=0, max=5000, help="Clean cases that have to stay quiet.")] = 200,
    most: Annotated[int, typer.Option(min=25, max=20000, help="Give up after so many cases.")] = 1000,
    workers: Workers = 2,
    release: ReleaseName = "",
    seed: Seed = 7,
    dry: Dry = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Let strange cases arrive more often; see after how many the watch raises its alarm and stops trusting."""
    from roadworthy.measure.drills.drift import Drift, drift_drill

    asked = Drift(added=added, usual=usual, clean=clean, most=most, workers=workers, seed=seed)
    asked.check()
    return run_drill(
        "drift",
        lambda at: drift_drill(at.mirror, at.release, asked, progress=at.progress),
        Asked(use_case, release, dry=dry, as_json=as_json, home=home),
    )


def drill_alert(
    use_case: UseCase,
    *,
    down: Annotated[float, typer.Option(min=0, max=600, help="Seconds that receivers refuse.")] = 10.0,
    failing: Annotated[
        float, typer.Option(min=0, max=600, help="Seconds after that in which they fail.")
    ] = 10.0,
    every: Annotated[
        float, typer.Option(min=0.1, max=600, help="Seconds from one round of sending to the next.")
    ] = 15.0,
    release: ReleaseName = "",
    dry: Dry = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Follow an alert to every receiver of `alerts.yaml`, each a stand-in on this machine that is away at first."""
    from roadworthy.measure.drills.alert import AlertDrill, alert_drill
    from roadworthy.wiring import workspace
    from roadworthy.wiring.standing_in import receivers_standing_in

    asked = AlertDrill(down_s=down, failing_s=failing, every_s=every)
    asked.check()
    with receivers_standing_in(workspace(home)) as (channels, stand_ins):
        return run_drill(
            "alert",
            lambda at: alert_drill(at.mirror, channels, stand_ins, asked, progress=at.progress),
            Asked(use_case, release, dry=dry, as_json=as_json, home=home),
        )
