"""Two sets of values for the same cases, brought together case by case or refused with every reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.errors import InputProblem, Problem

# A file may hold a million broken rows; the first hundred say what is wrong.
MOST_PROBLEMS = 100
_EXAMPLES = 5
_LONGEST = 80


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Scored:
    """One value per case, as one release got them: its grade, its error, its cost, its time.

    ``clusters`` names what each case belongs to (a conversation, a customer, a document); without it
    every case stands alone.

    Shape:   all three (n,). Copied.
    Errors:  ``InputProblem`` RW-TRUST-010 for other lengths, cases that come twice, names that are
             empty and values that are not finite numbers: all of them at once.
    """

    cases: tuple[str, ...]
    clusters: tuple[str, ...]
    values: NDArray[np.float64]

    def __init__(
        self, cases: Sequence[str], values: ArrayLike, *, clusters: Sequence[str] | None = None
    ) -> None:
        names, numbers = tuple(cases), np.array(values, dtype=np.float64)
        belongs = names if clusters is None else tuple(clusters)
        problems = []
        if numbers.shape != (len(names),) or len(belongs) != len(names):
            problems.append(
                Problem(
                    f"{len(names)} cases, {numbers.size} values and {len(belongs)} clusters, "
                    "expected one of each per case"
                )
            )
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            problems.append(
                Problem(
                    f"{len(twice)} cases come more than once: {examples(twice)}",
                    place="case",
                    hint="average the repeats of a case, or leave all but one out",
                )
            )
        if unnamed := sum(not name for name in (*names, *belongs)):
            problems.append(Problem(f"{unnamed} cases or clusters have no name", place="case"))
        if bad := int((~np.isfinite(numbers)).sum()):
            problems.append(
                Problem(
                    f"{bad} of {numbers.size} values are not finite numbers",
                    place="value",
                    hint="a case that was not graded is left out on both sides, never counted as 0",
                )
            )
        if problems:
            raise InputProblem("RW-TRUST-010", problems)
        object.__setattr__(self, "cases", names)
        object.__setattr__(self, "clusters", belongs)
        object.__setattr__(self, "values", numbers)

    def __len__(self) -> int:
        return len(self.cases)


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """The values of two releases for the same cases.

    Shape:   ``cases`` and ``clusters`` text (n,), ``a`` and ``b`` floats (n,). ``left_out`` counts the
             cases that only one of the two had.
    """

    cases: tuple[str, ...]
    clusters: tuple[str, ...]
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.cases)

    @property
    def binary(self) -> bool:
        """Every value is 0 or 1."""
        return bool(np.isin(self.a, (0, 1)).all() and np.isin(self.b, (0, 1)).all())

    def cluster_numbers(self) -> tuple[NDArray[np.int64], int]:
        """The cluster of each case as a number from 0 up, and how many there are."""
        numbers: dict[str, int] = {}
        found = [numbers.setdefault(name, len(numbers)) for name in self.clusters]
        return np.array(found, dtype=np.int64), len(numbers)

    def only(self, cases: Sequence[str]) -> Paired:
        """The pairs of these cases; those it has not are no part of the answer."""
        wanted = set(cases)
        kept = [place for place, name in enumerate(self.cases) if name in wanted]
        return Paired(
            tuple(self.cases[place] for place in kept),
            tuple(self.clusters[place] for place in kept),
            self.a[kept],
            self.b[kept],
        )


def pair(a: Scored, b: Scored, *, common_only: bool = False) -> Paired:
    """Bring the values together by case, in the order of ``a``.

    ``common_only`` goes on with the cases both have, and counts the others. That is safe only where
    they are missing for a reason that has nothing to do with how they would have come out.

    Errors:  ``InputProblem`` RW-TRUST-011 for cases in one of them only, clusters that disagree, and
             where nothing is left to compare.
    """
    place = {name: at for at, name in enumerate(b.cases)}
    common = [name for name in a.cases if name in place]
    shared = set(common)
    problems = []
    for label, ones in (("a", a), ("b", b)):
        lone = [name for name in ones.cases if name not in shared]
        if lone and not common_only:
            problems.append(
                Problem(
                    f"{len(lone)} of {len(ones)} cases are in `{label}` only: {examples(lone)}",
                    place="case",
                    hint="measure them on both sides, or ask for the common cases only",
                )
            )
    at_a = {name: at for at, name in enumerate(a.cases)}
    differ = [name for name in common if a.clusters[at_a[name]] != b.clusters[place[name]]]
    if differ:
        problems.append(
            Problem(
                f"{len(differ)} cases belong to other clusters in `b` than in `a`: {examples(differ)}",
                place="cluster",
                hint="name the cluster of a case alike on both sides",
            )
        )
    if not common:
        problems.append(Problem("no case is in both, nothing can be compared", place="case"))
    if problems:
        raise InputProblem("RW-TRUST-011", problems)
    return Paired(
        tuple(common),
        tuple(a.clusters[at_a[name]] for name in common),
        a.values[[at_a[name] for name in common]],
        b.values[[place[name] for name in common]],
        left_out=len(a) + len(b) - 2 * len(common),
    )


def examples(names: Sequence[str]) -> str:
    """The first few names, each cut to a length that fits on a line."""
    shown = ", ".join(f"`{name[:_LONGEST]}`" for name in names[:_EXAMPLES])
    return shown if len(names) <= _EXAMPLES else f"{shown} and {len(names) - _EXAMPLES} more"
