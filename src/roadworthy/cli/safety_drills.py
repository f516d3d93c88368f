"""Drills of safety: what an attacker reaches who has taken over the agent."""

from __future__ import annotations

from typing import Annotated

import typer

from roadworthy.cli.drilling import Asked, Dry, ReleaseName, Seed, run_drill
from roadworthy.cli.options import Home, Json, UseCase


def drill_injection(
    use_case: UseCase,
    *,
    cases: Annotated[int, typer.Option(min=1, max=500, help="Recorded cases that give good calls.")] = 20,
    scenes: Annotated[
        int, typer.Option(min=1, max=20, help="Good calls of each write tool that are attacked.")
    ] = 1,
    release: ReleaseName = "",
    seed: Seed = 7,
    dry: Dry = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Let an attacker speak every word of the model; see what leaves, and with which reviewer."""
    from roadworthy.measure.drills.injection import Injection, injection_drill

    asked = Injection(cases=cases, scenes=scenes, seed=seed)
    asked.check()
    return run_drill(
        "injection",
        lambda at: injection_drill(at.mirror, at.release, asked, progress=at.progress),
        Asked(use_case, release, dry=dry, as_json=as_json, home=home),
    )
