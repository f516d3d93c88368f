"""Finds rows that are the same real thing, with Splink on DuckDB in temporary files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
from splink.internals.exceptions import SplinkException

from roadworthy.adapters.splink.blocking import candidates
from roadworthy.adapters.splink.equals import all_equal, no_pairs, pair_equals
from roadworthy.adapters.splink.levels import counts as levels_of
from roadworthy.adapters.splink.levels import settings
from roadworthy.adapters.splink.loading import load, weigh_words
from roadworthy.adapters.splink.scoring import decide, kinds_of, read, score
from roadworthy.adapters.splink.spark import SparkScales, need_spark
from roadworthy.adapters.splink.sql import MACRO, Backend
from roadworthy.adapters.splink.training import first_prior, train
from roadworthy.adapters.splink.weighing import DuckDBScales, Scales
from roadworthy.data.matching import MatchPlan, Pair, possible_pairs
from roadworthy.data.table import Finding
from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.ports.matching import MatchTable
from roadworthy.ports.tables import Progress


class SplinkMatcher:
    """Carries out a plan. One at a time; every call works in a folder of its own, which goes when it ends.

    ``backend`` says where pairs are weighed: in DuckDB, or in the Spark ``session`` that comes along. Either way
    ``memory_mb`` and ``threads`` bound what DuckDB takes; what does not fit lies in ``folder``.
    """

    def __init__(
        self,
        *,
        memory_mb: int = 2_000,
        threads: int = 2,
        folder: Path | None = None,
        backend: Backend = "duckdb",
        session: Any = None,
    ) -> None:
        """Errors: ``InputProblem`` RW-DATA-404 for Spark without pyspark, or without a session of it."""
        if backend == "spark":
            need_spark()
            if session is None:
                raise InputProblem(
                    "RW-DATA-404", "Spark is asked for without a session", hint="pass `session`"
                )
        self._backend = backend
        self._session = session
        self._memory_mb = memory_mb
        self._threads = threads
        self._folder = folder
        self._findings: list[Finding] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._findings)

    def pairs(
        self,
        tables: Sequence[MatchTable],
        plan: MatchPlan,
        *,
        seed: int = 0,
        threshold: float | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Pair]:
        plan.check()
        if len(tables) != len(plan.tables):
            raise InputProblem(
                "RW-DATA-401",
                Problem(f"{len(plan.tables)} tables are planned, {len(tables)} given", place="tables"),
            )
        self._findings = []
        return self._run(tables, plan, seed, plan.review_from if threshold is None else threshold, progress)

    def _run(
        self,
        tables: Sequence[MatchTable],
        plan: MatchPlan,
        seed: int,
        threshold: float,
        progress: Progress | None,
    ) -> Iterator[Pair]:
        tell: Progress = progress or (lambda part, doing: None)
        with tempfile.TemporaryDirectory(prefix="roadworthy-match-", dir=self._folder) as folder:
            connection = duckdb.connect(
                str(Path(folder) / "work.duckdb"),
                config={
                    "memory_limit": f"{self._memory_mb}MB",
                    "threads": self._threads,
                    "temp_directory": str(Path(folder) / "spill"),
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                },
            )
            try:
                connection.execute("set enable_progress_bar = false")
                firsts = self._match(connection, tables, plan, seed, threshold, tell)
                yield from read(connection, plan, firsts)
            except (duckdb.OutOfMemoryException, duckdb.IOException, SplinkException) as trouble:
                raise Unavailable(
                    "RW-DATA-420",
                    f"the matching engine cannot go on: {_first_line(trouble)}",
                    retry_is_safe=True,
                    hint="give it more memory or disk, or lower `most_pairs` in the plan",
                ) from trouble
            finally:
                connection.close()

    def _scales(self, connection: duckdb.DuckDBPyConnection, plan: MatchPlan) -> Scales:
        if self._backend == "spark":
            return SparkScales(connection, plan, levels_of(plan), self._session)
        return DuckDBScales(connection, plan, levels_of(plan))

    def _match(
        self,
        connection: duckdb.DuckDBPyConnection,
        tables: Sequence[MatchTable],
        plan: MatchPlan,
        seed: int,
        threshold: float,
        tell: Progress,
    ) -> list[int]:
        connection.execute(MACRO)
        counts = load(connection, tables, plan, lambda rows: tell(None, f"reading: {rows:,} rows"))
        firsts = [sum(counts[:at]) for at in range(len(counts))]
        possible = possible_pairs(counts, plan.mode)
        tell(0.1, "finding rows that may be the same")
        weigh_words(connection, plan)
        met = candidates(connection, plan)
        self._findings += met.findings
        if possible == 0 or met.pairs == 0:
            no_pairs(connection, plan)
            return firsts
        if all_equal(connection, plan):
            self._findings += pair_equals(connection, plan)
            return firsts
        tell(0.25, "learning what agreement says")
        prior = first_prior(connection, plan, possible)
        scales = self._scales(connection, plan)
        scales.set(settings(plan, None, backend=scales.backend))
        model = train(
            connection,
            scales,
            plan,
            counts,
            prior=prior,
            seed=seed,
            told=lambda part, doing: tell(0.25 + 0.25 * part, doing),
        )
        self._findings += model.findings
        scales.set(settings(plan, model, backend=scales.backend))
        score(
            connection,
            scales,
            plan,
            met.pairs,
            prior=prior,
            told=lambda part, doing: tell(0.5 + 0.45 * part, doing),
        )
        found = kinds_of(connection, plan, prior, possible, taught=model.taught)
        tell(0.95, "deciding")
        self._findings += decide(connection, plan, found, threshold).findings
        tell(1.0, "done")
        return firsts


def _first_line(trouble: Exception) -> str:
    text = str(trouble)
    last = text.rsplit("Error was:", 1)[-1].strip()
    return last.splitlines()[0][:200] if last else type(trouble).__name__
