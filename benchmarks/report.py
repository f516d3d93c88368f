"""What every benchmark shares: its options, and the last line that states figures against bars.

A benchmark is an executable ``benchmarks/<claim>/run``. What it prints on the way is for people; the
last line is one JSON object. It exits with 0 where every bar holds and with 3 where one falls short.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

HOLDS, FALLS_SHORT = 0, 3


def _in_the_environment_that_has_roadworthy() -> None:
    """Start again with the checkout's own Python where this one lacks Roadworthy."""
    own = Path(__file__).resolve().parents[1] / ".venv" / "bin" / "python"
    if find_spec("roadworthy") is None and own.exists() and Path(sys.executable) != own:
        os.execv(own, [str(own), *sys.argv])


_in_the_environment_that_has_roadworthy()


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure beside what was promised. A figure that could not be measured (None) never holds."""

    name: str
    figure: float | None
    bar: float
    holds: bool


def at_most(name: str, figure: float | None, bar: float) -> Bar:
    return Bar(name, figure, bar, figure is not None and figure <= bar)


def at_least(name: str, figure: float | None, bar: float) -> Bar:
    return Bar(name, figure, bar, figure is not None and figure >= bar)


def arguments(description: str) -> argparse.ArgumentParser:
    """The common options; a benchmark may add its own before it parses.

    ``--quick`` measures less and says less surely, ``--json`` prints the last line only.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, for a first look")
    parser.add_argument("--json", action="store_true", help="print nothing but the last line")
    return parser


def report(
    claim: str,
    figures: Mapping[str, object],
    bars: Sequence[Bar],
    *,
    packages: Sequence[str] = (),
) -> int:
    """Print the last line and return the exit code.

    ``packages`` names the distributions whose versions matter, Roadworthy's own is always among them.
    No bars at all is a claim that nothing was measured for: it does not hold.
    """
    holds = bool(bars) and all(bar.holds for bar in bars)
    line = {
        "claim": claim,
        "figures": dict(figures),
        "bars": [asdict(bar) for bar in bars],
        "holds": holds,
        "versions": {name: _version(name) for name in ("roadworthy", *packages)},
        "machine": {"cores": _cores(), "python": platform.python_version()},
    }
    print(json.dumps(line, allow_nan=False), flush=True)
    return HOLDS if holds else FALLS_SHORT


def not_measured(claim: str, missing: str) -> int:
    """The last line of a benchmark that lacks what it needs: nothing was measured, so nothing holds."""
    return report(claim, {missing: "missing"}, [Bar("measured at all", None, 1, False)])


def show(figures: Mapping[str, object], *, width: int = 56) -> None:
    """Print figures for people, one a line."""
    for name, figure in figures.items():
        print(f"{name:{width}} {figure}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cores() -> int:
    """Cores this process may use, which containers make fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
