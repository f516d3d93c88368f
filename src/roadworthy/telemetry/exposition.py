"""Figures as text for Prometheus (text format 0.0.4), and the histograms behind them.

Labels hold names that a deployment declares: use cases, releases, stages, models, tools, steps. Never a case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
MOST_SERIES: Final = 5_000
"""Of one family. Beyond it the family tells how many series it left out, so that nobody takes it for whole."""

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
LONG_SECONDS: Final = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0, 604_800.0)


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name without suffix for buckets, and what its labels are called."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


@dataclass(slots=True)
class Histogram:
    """Counts by bucket, not cumulative; the last one is for what no bound holds."""

    counts: list[int] = field(default_factory=list)
    sum: float = 0.0


@dataclass(slots=True)
class Series:
    """The values of one family, by their label values in the order of its labels."""

    family: Family
    values: Mapping[tuple[str, ...], float | Histogram]


def bucket_of(value: float, bounds: Sequence[float]) -> int:
    """The place of the first bound that is not below the value; one past the last where none is."""
    return next((place for place, bound in enumerate(bounds) if value <= bound), len(bounds))


def exposed(series: Iterable[Series]) -> str:
    """The whole page, families in the order given."""
    lines: list[str] = []
    for one in series:
        family = one.family
        lines.append(f"# HELP {family.name} {_escaped(family.help, quoted=False)}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        shown = sorted(one.values.items())
        for labels, value in shown[:MOST_SERIES]:
            if isinstance(value, Histogram):
                lines.extend(_histogram(family, labels, value))
            else:
                lines.append(f"{family.name}{_labels(family.labels, labels)} {_number(value)}")
        if len(shown) > MOST_SERIES:
            lines.append(f"# {len(shown) - MOST_SERIES} series of {family.name} are left out")
    return "\n".join(lines) + "\n"


def _histogram(family: Family, labels: tuple[str, ...], value: Histogram) -> Iterable[str]:
    names = (*family.labels, "le")
    counts = [*value.counts, *[0] * (len(family.buckets) + 1 - len(value.counts))]
    total = 0
    for bound, count in zip((*family.buckets, float("inf")), counts, strict=True):
        total += count
        le = "+Inf" if bound == float("inf") else _number(bound)
        yield f"{family.name}_bucket{_labels(names, (*labels, le))} {total}"
    yield f"{family.name}_sum{_labels(family.labels, labels)} {_number(value.sum)}"
    yield f"{family.name}_count{_labels(family.labels, labels)} {total}"


def _labels(names: Sequence[str], values: Sequence[str]) -> str:
    if not names:
        return ""
    told = ",".join(
        f'{name}="{_escaped(value, quoted=True)}"' for name, value in zip(names, values, strict=True)
    )
    return "{" + told + "}"


def _escaped(text: str, *, quoted: bool) -> str:
    told = text.encode("utf-8", "replace").decode().replace("\\", "\\\\").replace("\n", "\\n")
    return told.replace('"', '\\"') if quoted else told


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))
