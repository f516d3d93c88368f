"""Which rows of some tables are one thing, and what is true of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from roadworthy.data import Finding, Texts
from roadworthy.data.contract import SURVIVORSHIP, ContractTable
from roadworthy.data.matching import (
    Clustering,
    Decision,
    Fragmentation,
    Golden,
    MatchPlan,
    Mode,
    Pair,
    Question,
    Row,
    Rule,
    Survives,
    Survivorship,
    cluster,
    fragmentation_of,
    golden_records,
    grey,
    of_texts,
    propose,
)
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Dataset, Instruments, Progress


@dataclass(frozen=True, slots=True)
class Matched:
    """What came of matching: the plan it followed, the pairs above its lower bound, and what they join."""

    plan: MatchPlan
    tables: tuple[tuple[str, Texts], ...]
    pairs: tuple[Pair, ...]
    clustering: Clustering
    questions: tuple[Question, ...]
    """Pairs that a person has to decide, the most telling first."""
    findings: tuple[Finding, ...]
    threshold: float
    """Probability from which rows were joined."""

    @property
    def fragmentation(self) -> Fragmentation:
        """How things are spread over tables, and where the tables disagree."""
        return fragmentation_of(self.clustering.clusters, self.tables, self.plan)

    @property
    def several(self) -> tuple[tuple[Row, ...], ...]:
        """Rows of every thing that has more than one."""
        return tuple(one.rows for one in self.clustering.clusters if len(one.rows) > 1)

    @property
    def surplus(self) -> tuple[Row, ...]:
        """Rows that merging would remove: all but the first of each thing."""
        return tuple(row for rows in self.several for row in rows[1:])


def match(
    instruments: Instruments,
    datasets: Sequence[Dataset],
    *,
    plan: MatchPlan | None = None,
    mode: Mode | None = None,
    decisions: Sequence[Decision] = (),
    threshold: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Matched:
    """Match tables by a plan, or by the one that they propose themselves.

    ``threshold`` is the probability from which rows are joined (None: the plan's). The same tables, plan,
    decisions and seed give the same answer.
    """
    say = progress or (lambda part, doing: None)
    say(None, "reading")
    tables = tuple((dataset.name, dataset.texts()) for dataset in datasets)
    if plan is None:
        plan = propose([of_texts(name, texts) for name, texts in tables], mode=mode)
    plan.check([list(texts) for _, texts in tables])
    matcher = instruments.matcher()
    pairs = tuple(matcher.pairs(tables, plan, seed=seed, progress=progress))
    say(None, "joining")
    rows = [
        Row(number, row)
        for number, (_, texts) in enumerate(tables)
        for row in range(len(next(iter(texts.values()), ())))
    ]
    clustering = cluster(
        pairs, plan, decisions=decisions, hard=_hard(plan, tables), singles=rows, threshold=threshold
    )
    questions = tuple(grey(pairs, plan, decisions=decisions))
    return Matched(
        plan,
        tables,
        pairs,
        clustering,
        questions,
        (*matcher.findings, *clustering.findings),
        _from(plan, threshold),
    )


def _from(plan: MatchPlan, threshold: float | None) -> float:
    return plan.automatic_from if threshold is None else threshold


def survivorship_of(
    tables: Sequence[ContractTable], *, of_record: Mapping[str, str] | None = None
) -> Survivorship:
    """Which value survives where rows are merged, as the contract says under ``roadworthy.survivorship``.

    A column's entry is a rule (`source priority`, `most recent`, `most frequent`, `longest`, `first non-empty`),
    or a mapping with ``rules`` in their order, ``sources`` and ``datedBy``.
    Errors: ``InputProblem`` RW-DATA-217 with every entry that is neither.
    """
    columns: dict[str, Survives] = {}
    problems: list[Problem] = []
    for table in tables:
        for column in table.columns:
            said = column.own.get(SURVIVORSHIP)
            if said is None:
                continue
            entry = said if isinstance(said, Mapping) else {"rules": [said]}
            words = entry.get("rules")
            known = {rule.value: rule for rule in Rule}
            if not isinstance(words, list) or not all(word in known for word in words) or not words:
                problems.append(
                    Problem(
                        "expected a list of rules",
                        place=f"{table.name}.{column.name}: {SURVIVORSHIP}",
                        hint=f"rules: {', '.join(known)}",
                    )
                )
                continue
            columns[column.name] = Survives(
                tuple(known[word] for word in words),
                tuple(str(one) for one in entry.get("sources") or ()),
                str(entry.get("datedBy") or ""),
            )
    if problems:
        raise InputProblem("RW-DATA-217", problems)
    return Survivorship(columns=columns, of_record=dict(of_record or {}))


def golden(matched: Matched, survivorship: Survivorship) -> Iterator[Golden]:
    """The golden record of every thing, in the order of its first row, with every column any table has."""
    names = [list(texts) for _, texts in matched.tables]
    columns: dict[str, list[str | None]] = {}
    for planned in matched.plan.columns:
        columns[planned.name] = list(planned.sources)
    taken = {(number, name) for sources in columns.values() for number, name in enumerate(sources) if name}
    for number, found in enumerate(names):
        for name in found:
            if (number, name) not in taken:
                place = columns.setdefault(name, [None] * len(names))
                place[number] = name
    return golden_records(matched.clustering.clusters, matched.tables, columns, survivorship)


def _hard(plan: MatchPlan, tables: Sequence[tuple[str, Texts]]) -> dict[Row, dict[str, str]]:
    """By row the values of identifiers that prove a difference."""
    found: dict[Row, dict[str, str]] = {}
    for column in plan.hard:
        for number, (_, texts) in enumerate(tables):
            source = column.sources[number]
            for row, value in enumerate(texts[source] if source else ()):
                if value and value.strip():
                    found.setdefault(Row(number, row), {})[column.name] = " ".join(value.split()).casefold()
    return found
