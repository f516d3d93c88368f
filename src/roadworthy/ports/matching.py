"""What is asked of an engine that finds rows which are the same real thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from roadworthy.data.matching import MatchPlan, Pair
from roadworthy.data.table import Finding, Texts
from roadworthy.ports.tables import ArrowStream, Progress

MatchTable = tuple[str, ArrowStream | Texts]
"""A table's name and its rows. Columns are found by name; rows count from 0 in the order they come."""


class Matcher(Protocol):
    """Carries a plan out. Learns from the rows alone; nobody has labelled anything."""

    def pairs(
        self,
        tables: Sequence[MatchTable],
        plan: MatchPlan,
        *,
        seed: int = 0,
        threshold: float | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Pair]:
        """Pairs of rows at ``threshold`` (None: the plan's ``review_from``) and above, by their rows.

        Holds:   the same rows, plan and seed give the same pairs. Memory is bounded; what does not fit lies in
                 temporary files, which are gone when the iterator is closed.
        Errors:  ``InputProblem`` RW-DATA-401 for a plan that does not fit the tables; what the engine itself
                 cannot do is ``Unavailable``.
        """

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed during the last ``pairs``: what could not be learnt, what was too frequent to look at."""
