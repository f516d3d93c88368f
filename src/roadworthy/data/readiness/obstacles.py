"""What stands in the way, and which repair clears how much of it: facts in the form that can be counted."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from roadworthy.data.readiness.facts import (
    Effort,
    FailedCheck,
    Gap,
    SourceFacts,
    Step,
    SuspectCells,
    Unevaluated,
)

Key = tuple[str, ...]
NOTHING: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that fails, in pieces (rows, columns, pairs): cleared once at most ``allowed`` are left.

    ``answerable`` is False where nobody knows yet what will come out.
    """

    key: Key
    pieces: int
    allowed: int
    check: str = ""
    requirement: str = ""
    answerable: bool = True

    @property
    def targets(self) -> tuple[str, ...]:
        """What cannot pass before this is cleared."""
        return tuple(dict.fromkeys(one for one in (self.check, self.requirement) if one))


@dataclass(frozen=True, slots=True)
class Repair:
    """A step that could be taken, and the pieces it clears: rows by number, others by count.

    Pieces by number may be cleared by several repairs and count once; those by count are its own.
    """

    step: Step
    clears: Mapping[Key, tuple[frozenset[int], int]] = field(default_factory=dict)
    shares: Mapping[str, str] = field(default_factory=dict)
    """Per check how much of it, in words."""

    @property
    def order(self) -> tuple[int, str, str, str, str, str]:
        """More rows first, then by name."""
        step = self.step
        return (-step.rows, step.source, step.kind, step.column, step.what, step.why)


def laid_out(
    sources: Sequence[SourceFacts], *, effort: Effort, commands: Mapping[str, str]
) -> tuple[list[Obstacle], list[Repair]]:
    """Every obstacle and every repair of these sources, whatever the order they come in."""
    obstacles: list[Obstacle] = []
    repairs: list[Repair] = []
    for facts in sources:
        obstacles += _obstacles(facts)
        repairs += _of_checks(facts, effort)
        repairs += _of_gaps(facts, effort)
        repairs += _of_findings(facts, effort)
    return (
        sorted(obstacles, key=lambda one: one.key),
        sorted((_with_command(one, commands) for one in repairs), key=lambda one: one.order),
    )


def counted(number: int, word: str) -> str:
    """`1 row`, `1,200 rows`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _obstacles(facts: SourceFacts) -> Iterator[Obstacle]:
    for check in facts.checks:
        yield Obstacle(
            ("check", facts.name, check.id), _pieces(check), check.allowed, check.id, check.requirement
        )
    for one in facts.unevaluated:
        yield Obstacle(("check", facts.name, one.id), 1, 0, one.id, one.requirement, answerable=False)
    if not facts.contract:
        yield _gap(facts, Gap.CONTRACT, 1)
    if facts.undeclared:
        yield _gap(facts, Gap.UNDECLARED, len(facts.undeclared))
    if facts.personal:
        yield _gap(facts, Gap.PERSONAL, len({column for column, _ in facts.personal}))
    if facts.age and not facts.age.seconds <= facts.age.promised:
        yield _gap(facts, Gap.AGE, 1)
    found = facts.duplicates
    if found and found.rows > (allowed := int(found.allowed * found.among + 1e-9)):
        # Each unclear pair may turn out to be a duplicate more: what is not decided is not bought.
        yield _gap(facts, Gap.DUPLICATES, found.rows + found.unclear_pairs, allowed)


def _gap(facts: SourceFacts, gap: Gap, pieces: int, allowed: int = 0) -> Obstacle:
    return Obstacle((gap, facts.name), pieces, allowed, requirement=facts.requirements.get(gap, ""))


def _pieces(check: FailedCheck) -> int:
    """Failing rows; a check that failed is never taken as holding, whatever its figures say."""
    return max(check.rows, len(set(check.sample)), check.allowed + 1)


def _of_checks(facts: SourceFacts, effort: Effort) -> Iterator[Repair]:
    """Repairs of cells, and looking at the rows that no repair is proposed for."""
    mended: dict[str, set[int]] = defaultdict(set)
    for check in facts.checks:
        mended[check.id] |= _merged(facts, check)
    by_column: dict[str, list[tuple[FailedCheck, frozenset[int]]]] = defaultdict(list)
    for check in facts.checks:
        known = frozenset(check.sample)
        for column in dict.fromkeys(check.columns):
            by_column[column].append((check, known))
    for group in facts.suspects:
        clears: dict[Key, tuple[frozenset[int], int]] = {}
        shares: dict[str, str] = {}
        for check, known in by_column[group.column]:
            if rows := known.intersection(group.rows):
                clears["check", facts.name, check.id] = (rows, 0)
                shares[check.id] = _part(len(rows), check)
                mended[check.id] |= rows
        yield Repair(_cells(facts, group, effort), clears, shares)
    for check in facts.checks:
        left = _pieces(check) - len(mended[check.id])
        if left > check.allowed:
            yield _look(facts, check, frozenset(check.sample) - mended[check.id], left, effort)
    by_reason: dict[str, list[Unevaluated]] = defaultdict(list)
    for one in facts.unevaluated:
        by_reason[one.reason].append(one)
    for reason, checks in by_reason.items():
        yield _evaluate(facts, reason, checks, effort)


def _part(rows: int, check: FailedCheck) -> str:
    if rows >= check.rows:
        return (
            f"all {counted(rows, 'row')} that fail `{check.id}`"
            if rows > 1
            else f"the row that fails `{check.id}`"
        )
    return f"{rows:,} of the {counted(check.rows, 'row')} that fail `{check.id}`"


def _cells(facts: SourceFacts, group: SuspectCells, effort: Effort) -> Step:
    return Step(
        what=f"Look over {counted(group.cells, 'proposed repair')} in `{group.column}` ({group.rule})",
        why="no failing check rests on these cells alone",
        kind="repair-cells",
        source=facts.name,
        column=group.column,
        rows=group.cells,
        minutes=effort.cells(group.cells, group.confidence),
    )


def _look(
    facts: SourceFacts, check: FailedCheck, rows: frozenset[int], left: int, effort: Effort
) -> Repair:
    which = "" if left >= check.rows else " that no repair is proposed for"
    failing = f"{counted(left, 'row')}{which} fail{'s' if left == 1 else ''} `{check.id}`"
    step = Step(
        what=f"Find out why {failing if check.rows else f'`{check.id}` fails'}, and mend the source",
        why=f"asked: {check.asks}" if check.asks else "nothing proposes a repair",
        kind="look",
        source=facts.name,
        column=check.columns[0] if len(check.columns) == 1 else "",
        rows=left if check.rows else 0,
        minutes=effort.looking(left),
    )
    return Repair(step, {("check", facts.name, check.id): (rows, left - len(rows))})


def _evaluate(facts: SourceFacts, reason: str, checks: Sequence[Unevaluated], effort: Effort) -> Repair:
    step = Step(
        what=f"Make {counted(len(checks), 'check')} answerable: {reason}",
        why="what nobody could check holds nothing; its answer is open until then",
        kind="look",
        source=facts.name,
        minutes=effort.evaluating(),
    )
    return Repair(step, {("check", facts.name, one.id): (NOTHING, 0) for one in checks})


def _of_gaps(facts: SourceFacts, effort: Effort) -> Iterator[Repair]:
    columns = sorted(set(facts.undeclared))
    if not facts.contract:
        clears: dict[Key, tuple[frozenset[int], int]] = {(Gap.CONTRACT, facts.name): (NOTHING, 1)}
        if columns:
            clears[Gap.UNDECLARED, facts.name] = (NOTHING, len(facts.undeclared))
        yield Repair(
            Step(
                f"Write down what is promised about {facts.name}, from the draft its profile proposes",
                "without a contract there is nothing to hold the data to",
                "contract",
                facts.name,
                minutes=effort.drafting(),
            ),
            clears,
        )
    elif columns:
        yield Repair(
            Step(
                f"Declare {counted(len(columns), 'column')}: {_listed(columns)}",
                "nobody promised anything about them",
                "declare-columns",
                facts.name,
                columns[0] if len(columns) == 1 else "",
                minutes=effort.declaring(len(columns)),
            ),
            {(Gap.UNDECLARED, facts.name): (NOTHING, len(facts.undeclared))},
        )
    if facts.personal:
        found = sorted({column for column, _ in facts.personal})
        kinds = ", ".join(sorted({kind for _, kind in facts.personal}))
        yield Repair(
            Step(
                f"Say of {counted(len(found), 'column')} whether they hold personal data ({kinds}): {_listed(found)}",
                "personal data were found and nobody declared them",
                "classify",
                facts.name,
                found[0] if len(found) == 1 else "",
                minutes=effort.classifying(len(found)),
            ),
            {(Gap.PERSONAL, facts.name): (NOTHING, len(found))},
        )
    if facts.age and not facts.age.seconds <= facts.age.promised:
        yield Repair(
            Step(
                f"Load {facts.name} anew",
                "it is older than promised; what is mended before the load may come back with it",
                "refresh",
                facts.name,
                minutes=effort.refreshing(),
            ),
            {(Gap.AGE, facts.name): (NOTHING, 1)},
        )
    yield from _of_duplicates(facts, effort)


def _of_duplicates(facts: SourceFacts, effort: Effort) -> Iterator[Repair]:
    found = facts.duplicates
    if found is None:
        return
    asked = (Gap.DUPLICATES, facts.name)
    if found.rows:
        clears: dict[Key, tuple[frozenset[int], int]] = {asked: (NOTHING, found.rows)}
        shares: dict[str, str] = {}
        for check in facts.checks:
            if rows := _merged(facts, check):
                clears["check", facts.name, check.id] = (rows, 0)
                shares[check.id] = _part(len(rows), check)
        share = 100 * found.rows / found.among if found.among else 0.0
        why = f"{share:.1f} % of the rows are another row's duplicate, {100 * found.allowed:.1f} % are allowed"
        yield Repair(
            Step(
                f"Merge {counted(found.rows, 'duplicate row')}",
                why,
                "merge-duplicates",
                facts.name,
                rows=found.rows,
                minutes=effort.merging(found.rows),
            ),
            clears,
            shares,
        )
    if found.unclear_pairs:
        yield Repair(
            Step(
                f"Decide {counted(found.unclear_pairs, 'unclear pair')}",
                "each may be one thing twice, and only a person can say",
                "decide-pairs",
                facts.name,
                rows=found.unclear_pairs,
                minutes=effort.pairs(found.unclear_pairs),
            ),
            {asked: (NOTHING, found.unclear_pairs)},
        )


def _merged(facts: SourceFacts, check: FailedCheck) -> frozenset[int]:
    """Failing rows that merging the duplicates takes away."""
    found = facts.duplicates
    if not check.of_duplicates or found is None or not found.rows:
        return NOTHING
    return frozenset(check.sample).intersection(found.sample)


def _of_findings(facts: SourceFacts, effort: Effort) -> Iterator[Repair]:
    for one in facts.findings:
        where = f" ({one.place})" if one.place else ""
        yield Repair(
            Step(
                f"Look at what reading noticed: {one.message}{where}",
                one.hint or "nobody has said yet whether that is meant",
                "look",
                facts.name,
                rows=one.rows,
                minutes=effort.looking(one.rows),
            )
        )


def _listed(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def _with_command(repair: Repair, commands: Mapping[str, str]) -> Repair:
    """The command of the step, names in it quoted for a shell."""
    template = commands.get(repair.step.kind, "")
    if not template:
        return repair
    step = repair.step
    command = template.format(source=shlex.quote(step.source), column=shlex.quote(step.column))
    return replace(repair, step=replace(step, command=command))
