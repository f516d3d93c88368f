"""What the road is travelled with, and the scenes it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from roadworthy.evaluation import Suite
from roadworthy.measure.labelled import Labelled
from roadworthy.principal import Principal


@dataclass(frozen=True, slots=True)
class Scene:
    """Something that came to pass: a title, lines in words, and the figures behind them."""

    name: str
    title: str
    lines: tuple[str, ...] = ()
    figures: Mapping[str, object] = field(default_factory=dict)
    good: bool = True


@dataclass(frozen=True, slots=True)
class People:
    """The demo accounts, by what they do."""

    owner: Principal
    builder: Principal
    risk: Principal
    reviewer: Principal
    client: Principal


@dataclass(frozen=True, slots=True)
class LiveCase:
    """A message that arrives, and the truth that the company files later."""

    key: str
    data: Mapping[str, object]
    truth: str


@dataclass(frozen=True, slots=True)
class Material:
    """What the road is travelled with: the folder's files, labelled messages and live traffic."""

    use_case: str
    files: Mapping[str, bytes]
    repaired_files: Mapping[str, bytes]
    train: Sequence[tuple[str, str]]
    certify: Sequence[Labelled]
    traffic: Iterator[LiveCase]
    suites: Sequence[Suite]
    """What is asked of every release, whatever it was trained on."""
    repair: Callable[[], Sequence[str]]
    """Applies the repairs that the gate asked for and says what was done."""


def wrong_export(labels: Sequence[str], *, seed: int) -> dict[str, str]:
    """A fifth of the labels, each renamed to the next of them: what a renumbered export does."""
    names = sorted(set(labels))
    count = max(2, len(names) // 5)
    start = seed % len(names)
    chosen = [names[(start + number * len(names) // count) % len(names)] for number in range(count)]
    return {name: chosen[(place + 1) % count] for place, name in enumerate(chosen)}


def relabelled(suite: Suite, labels: Mapping[str, str]) -> Suite:
    """The suite as it is after somebody renamed what its tests expect."""
    tests = [
        replace(test, expected=labels.get(test.expected, test.expected))
        if isinstance(test.expected, str)
        else test
        for test in suite.tests
    ]
    return Suite.of(
        suite.name, tests, suite.graders, repeats=suite.repeats, seed=suite.seed, note=suite.note
    )
