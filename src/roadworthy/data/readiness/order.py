"""In which order repairs are best done, and what passes after each."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from roadworthy.data.readiness.facts import Effort, SourceFacts, Step
from roadworthy.data.readiness.obstacles import Key, Obstacle, Repair, laid_out
from roadworthy.errors import InputProblem, Problem

_NO_COMMANDS: Mapping[str, str] = MappingProxyType({})


def steps(
    sources: Sequence[SourceFacts],
    *,
    effort: Effort | None = None,
    commands: Mapping[str, str] = _NO_COMMANDS,
) -> tuple[Step, ...]:
    """What to do with the data, in order: what makes most requirements pass per minute of work comes first.

    A requirement passes when everything that fails for it is cleared, so that steps are weighed in
    bundles: the fewest that clear one requirement, with whatever else they clear on the way. A row that
    several steps mend counts once. When no requirement can be bought any more, what brings one nearer
    comes next, then what clears a check nobody requires, then the rest.

    ``commands`` says per kind of step what to type, with ``{source}`` and ``{column}`` in it.

    Holds:   what a step says it buys passes by the facts given, if every step before it was done and
             every proposal accepted. Failing rows that are not known by number are never taken as
             mended, and a check that was not evaluated is never taken as passed.
    Edge:    the fewest are found greedily: a bundle has no step too many, but a smaller one may exist.
    Errors:  ``InputProblem`` RW-DATA-601 for two sources, two checks of a source, or two groups of suspects of one name.
    """
    _distinct(sources)
    obstacles, repairs = laid_out(sources, effort=effort or Effort(), commands=commands)
    return _Work(obstacles, repairs).done()


def _distinct(sources: Sequence[SourceFacts]) -> None:
    problems = []
    named = Counter(facts.name for facts in sources)
    problems += [Problem("two sources have this name", place=name) for name in _twice(named)]
    for facts in sources:
        ids = Counter([*(one.id for one in facts.checks), *(one.id for one in facts.unevaluated)])
        problems += [Problem(f"two checks are called `{one}`", place=facts.name) for one in _twice(ids)]
        groups = Counter(f"{one.column}` by `{one.rule}" for one in facts.suspects)
        problems += [
            Problem(f"two groups of suspects in `{one}`", place=facts.name) for one in _twice(groups)
        ]
    if problems:
        raise InputProblem("RW-DATA-601", sorted(problems, key=str), hint="give each its own name")


def _twice(counts: Counter[str]) -> list[str]:
    return sorted(name for name, times in counts.items() if times > 1)


@dataclass(slots=True)
class _Left:
    """How much of an obstacle is cleared so far."""

    rows: set[int] = field(default_factory=set)
    others: int = 0


class _Work:
    """The order of the repairs, worked out one bundle after another. Repairs are named by their place."""

    def __init__(self, obstacles: Sequence[Obstacle], repairs: Sequence[Repair]) -> None:
        self._obstacles = {one.key: one for one in obstacles}
        self._repairs = repairs
        self._minutes = [one.step.minutes for one in repairs]
        # Pieces of what does not fail (pairs of a source with few enough duplicates) clear nothing.
        self._clears = [
            {key: what for key, what in one.clears.items() if key in self._obstacles} for one in repairs
        ]
        self._by_obstacle: dict[Key, list[int]] = defaultdict(list)
        for place, clears in enumerate(self._clears):
            for key in clears:
                self._by_obstacle[key].append(place)
        self._needs: dict[str, list[Key]] = defaultdict(list)
        for one in obstacles:
            for target in one.targets:
                self._needs[target].append(one.key)
        self._required = {one.requirement for one in obstacles if one.requirement}
        self._left: dict[Key, _Left] = {key: _Left() for key in self._obstacles}
        self._open = {target: len(keys) for target, keys in self._needs.items()}
        self._taken: set[int] = set()
        self._steps: list[Step] = []

    def done(self) -> tuple[Step, ...]:
        """Every step, in order."""
        self._buy_requirements()
        rest = [place for place in range(len(self._repairs)) if place not in self._taken]
        for place in sorted(rest, key=self._worth_alone):
            self._take(place)
        return tuple(self._steps)

    def _buy_requirements(self) -> None:
        """Bundle after bundle, the one first that passes most requirements per minute."""
        version: Counter[str] = Counter()
        heap: list[tuple[float, int, int, str, int, tuple[int, ...]]] = []

        def weigh(targets: Iterable[str]) -> None:
            for target in targets:
                version[target] += 1
                if bundle := self._bundle(target):
                    minutes = sum(self._minutes[place] for place in bundle)
                    rows = sum(self._repairs[place].step.rows for place in bundle)
                    bought = len(self._passing(bundle) & self._required)
                    entry = (minutes / bought, minutes, -rows, target, version[target], bundle)
                    heapq.heappush(heap, entry)

        weigh(sorted(self._required))
        while heap:
            *_, target, made, bundle = heapq.heappop(heap)
            if made == version[target]:
                self._take_bundle(bundle)
                weigh(sorted(self._neighbours(bundle)))

    def _bundle(self, target: str) -> tuple[int, ...]:
        """Repairs that clear everything in the way of a target; none where that cannot be done, or is done."""
        if not self._open[target]:
            return ()
        chosen: set[int] = set()
        for key in self._needs[target]:
            rows, others = self._cleared(key, chosen)
            while not self._is_clear(key, len(rows) + others):
                options = [
                    (-gain / self._minutes[place], place)
                    for place in self._by_obstacle[key]
                    if place not in self._taken
                    and place not in chosen
                    # Rows another repair mends already are no gain.
                    and (gain := len(self._clears[place][key][0] - rows) + self._clears[place][key][1])
                ]
                if not options:
                    return ()
                chosen.add(min(options)[1])
                rows, others = self._cleared(key, chosen)
        needed = set(self._needs[target])
        for place in sorted(chosen, key=lambda one: (-self._minutes[one], one)):
            without = chosen - {place}
            if all(self._clear_after(key, without) for key in self._clears[place] if key in needed):
                chosen = without
        return tuple(sorted(chosen))

    def _cleared(self, key: Key, places: Collection[int]) -> tuple[set[int], int]:
        """Pieces of an obstacle that are cleared once these repairs are done too."""
        rows, others = set(self._left[key].rows), self._left[key].others
        for place in self._by_obstacle[key]:
            if place in places:
                rows |= self._clears[place][key][0]
                others += self._clears[place][key][1]
        return rows, others

    def _is_clear(self, key: Key, cleared: int) -> bool:
        one = self._obstacles[key]
        return one.answerable and one.pieces - cleared <= one.allowed

    def _clear_after(self, key: Key, places: Collection[int]) -> bool:
        rows, others = self._cleared(key, places)
        return self._is_clear(key, len(rows) + others)

    def _touched(self, places: Iterable[int]) -> set[str]:
        return {
            target
            for place in places
            for key in self._clears[place]
            for target in self._obstacles[key].targets
        }

    def _neighbours(self, places: Iterable[int]) -> set[str]:
        """Requirements whose best bundle, or its worth, may have changed."""
        sharing = {
            place
            for target in self._touched(places)
            for key in self._needs[target]
            for place in self._by_obstacle[key]
        }
        return self._touched(sharing) & self._required

    def _passing(self, places: Collection[int]) -> set[str]:
        """Targets that pass once these repairs, none of them done yet, are done."""
        newly: Counter[str] = Counter()
        for key in {key for place in places for key in self._clears[place]}:
            if not self._clear_after(key, ()) and self._clear_after(key, places):
                newly.update(self._obstacles[key].targets)
        return {target for target, cleared in newly.items() if cleared == self._open[target]}

    def _take_bundle(self, bundle: Sequence[int]) -> None:
        """The steps of a bundle, so that what passes with few of them passes first."""
        parts = []
        for target in self._passing(bundle) & self._required:
            needed = {place for key in self._needs[target] for place in self._by_obstacle[key]}
            part = sorted(needed.intersection(bundle), key=self._worth_within)
            parts.append((sum(self._minutes[place] for place in part), target, part))
        for place in dict.fromkeys(place for *_, part in sorted(parts) for place in part):
            self._take(place)

    def _worth_within(self, place: int) -> tuple[float, int, int]:
        minutes = self._minutes[place]
        return (-len(self._passing([place])) / minutes, minutes, place)

    def _worth_alone(self, place: int) -> tuple[float, float, float, int]:
        """For what is left: nearer to a requirement, then to a check, then by rows and name."""
        minutes = self._minutes[place]
        near = [target for target in self._touched([place]) if self._open[target]]
        required = sum(target in self._required for target in near)
        return (-required / minutes, -len(self._passing([place])) / minutes, -len(near) / minutes, place)

    def _take(self, place: int) -> None:
        """Do one: note what passes now, and what came nearer."""
        self._taken.add(place)
        moved: set[str] = set()
        for key, (rows, others) in sorted(self._clears[place].items()):
            one, left = self._obstacles[key], self._left[key]
            was_clear = self._clear_after(key, ())
            if not was_clear and (others or rows - left.rows or not one.answerable):
                moved.update(one.targets)
            left.rows |= rows
            left.others += others
            if not was_clear and self._clear_after(key, ()):
                for target in one.targets:
                    self._open[target] -= 1
        buys = tuple(sorted(target for target in moved if not self._open[target]))
        nearer = tuple(sorted(target for target in moved if self._open[target]))
        self._steps.append(_worded(self._repairs[place], buys, nearer))


def _worded(repair: Repair, buys: tuple[str, ...], nearer: tuple[str, ...]) -> Step:
    parts = [words for check, words in sorted(repair.shares.items()) if check in {*buys, *nearer}]
    why = repair.step.why
    if parts:
        more = f" and of {len(parts) - 3:,} checks more" if len(parts) > 3 else ""
        mends = f"mends {', '.join(parts[:3])}{more}"
        why = mends if repair.step.kind == "repair-cells" else f"{why}; {mends}"
    return replace(repair.step, why=why, buys=buys, nearer=nearer)
