"""A dry run: what changed policies would have said of the effects of the last days."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord, EffectState
from roadworthy.charter import Charter
from roadworthy.disposition import Kind
from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.mirroring import rehearsed
from roadworthy.operate.policies.situations import Situation, on_record, request_for
from roadworthy.policy import Answer, Outcome
from roadworthy.ports import LoadedRelease, Policies, Transaction
from roadworthy.principal import Principal, require
from roadworthy.stage import SIMULATED

PAGE: Final = 200
MOST_BEFORE: Final = 10_000
EXAMPLES: Final = 5
_TOLD_EVERY: Final = 1_000
_WITHOUT_POLICY: Final = ("the stop switch is on", "a release in ")

_BEYOND: Final = "what was spent that day before it lies beyond the limit"

BLOCKS, ALLOWS, ASKS, OTHERWISE = "blocks", "allows", "asks", "asks otherwise"


@dataclass(frozen=True, slots=True)
class Example:
    """One effect that would have been judged otherwise. No content: ids, and ids of rules."""

    case: str
    key: str
    effect: str
    tool: str
    before: Outcome
    after: Outcome
    because: tuple[str, ...]


@dataclass(slots=True)
class Change:
    """Effects that would have been judged otherwise in one way: how many, why, and a few of them."""

    effects: int = 0
    because: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would have changed.

    ``changes``: by *blocks* (denied from now on), *allows* (no longer denied or asked about), *asks* (a
    person is asked where none was) and *asks otherwise* (another person, or more of them). ``unknown``:
    effects whose request could not be made again, by reason; they stand in no other figure.
    """

    use_case: str
    since: datetime
    until: datetime
    cases: int
    effects: int
    same: int
    changes: Mapping[str, Change]
    unknown: Mapping[str, int]
    complete: bool = True
    """False where the limit was reached: then only the newest ``cases`` of the period were asked about."""

    @property
    def sentence(self) -> str:
        """The result in one line."""
        counts = {name: change.effects for name, change in self.changes.items()}
        said = (
            f"would block {counts[BLOCKS]}, allow {counts[ALLOWS]} new, ask about {counts[ASKS]} more "
            f"and otherwise about {counts[OTHERWISE]}; {self.same} of {self.effects} effects as before"
        )
        left = sum(self.unknown.values())
        said = f"{said}, {left} not comparable" if left else said
        return said if self.complete else f"{said}; only the newest {self.cases} cases were asked about"

    def as_json(self) -> dict[str, object]:
        """The result as plain JSON values."""
        return {
            "use_case": self.use_case,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "cases": self.cases,
            "effects": self.effects,
            "same": self.same,
            "unknown": dict(self.unknown),
            "complete": self.complete,
            "sentence": self.sentence,
            "changes": {
                name: {
                    "effects": change.effects,
                    "because": dict(change.because.most_common()),
                    "examples": [
                        {
                            "case": one.case,
                            "key": one.key,
                            "effect": one.effect,
                            "tool": one.tool,
                            "before": one.before.value,
                            "after": one.after.value,
                            "because": list(one.because),
                        }
                        for one in change.examples
                    ],
                }
                for name, change in self.changes.items()
            },
        }


def dry_run(
    deployment: Deployment,
    principal: Principal,
    charter: Charter,
    policies: Policies,
    *,
    days: int,
    most: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> DryRun:
    """What these policies (with their charter) would have said of every effect of the last whole days.

    Each effect is asked about twice on what is on record of it, by the policies of its own release and by
    these; where the former no longer say what was recorded, the effect is not compared. Spend caps see what
    the effects before it had reserved that day. Memory holds one page of cases, and sixteen bytes for each
    payment. Reads leave no effect and are not replayed. Nothing is written.

    ``most``: only so many cases, the newest; 0 for all. What was spent before them on the day of the oldest one
    is still added up, unless that takes more than ``MOST_BEFORE`` cases: then payments of that day are not compared.

    Errors: ``Refused`` for whom ``measure`` is not allowed.
    """
    require(principal, "measure", use_case=charter.use_case)
    until = deployment.now()
    since = datetime.combine((until - timedelta(days=days)).date(), datetime.min.time(), until.tzinfo)
    spent = _Spent()
    begun, oldest, known = 0, until, True
    for _, case, effects in _pages(deployment, charter.use_case, since):
        begun += 1
        if not 0 < most < begun:
            oldest = case.created_at
        elif case.created_at.date() < oldest.date():
            break
        elif begun > most + MOST_BEFORE:
            known = False
            break
        for effect in effects:
            spent.add(effect)
    spent.seal()
    complete = not 0 < most < begun
    changes = {name: Change() for name in (BLOCKS, ALLOWS, ASKS, OTHERWISE)}
    unknown: Counter[str] = Counter()
    cases = seen = same = 0
    for tx, case, effects in _pages(deployment, charter.use_case, since):
        if cases == most > 0:
            break
        cases += 1
        if cases % _TOLD_EVERY == 0:
            progress(f"{cases} cases, {seen} effects")
        for effect in effects:
            seen += 1
            if not known and effect.amount and effect.created_at.date() <= oldest.date():
                unknown[_BEYOND] += 1
                continue
            asked = _Asked(deployment, tx, case, effect, spent.before(effect))
            compared = asked.compare(charter, policies)
            if isinstance(compared, str):
                unknown[compared] += 1
                continue
            before, after = compared
            if kind := _kind(before, after):
                _note(changes[kind], case, effect, before, after)
            else:
                same += 1
    return DryRun(charter.use_case, since, until, cases, seen, same, changes, dict(unknown), complete)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One effect, and what its request is made again from."""

    deployment: Deployment
    tx: Transaction
    case: CaseRecord
    effect: EffectRecord
    spent: int

    def compare(self, charter: Charter, policies: Policies) -> tuple[Answer, Answer] | str:
        """What was said and what would be said, or why that cannot be compared."""
        try:
            release = self.deployment.loader.load(self.case.release)
        except RoadworthyError:
            return "its release no longer loads"
        try:
            arguments = self._arguments(release, charter)
        except RoadworthyError:
            return "its arguments were erased"
        before = release.policies.decide(request_for(release.charter, self._situation(release, arguments)))
        if not _as_recorded(before, self.effect):
            return "what is on record does not give the recorded answer"
        if self.effect.tool not in charter.tools:
            return before, _gone(policies)
        return before, policies.decide(request_for(charter, self._situation(release, arguments)))

    def _arguments(self, release: LoadedRelease, charter: Charter) -> Mapping[str, object]:
        tool = self.effect.tool
        declared = [one.tools[tool].arguments for one in (release.charter, charter) if tool in one.tools]
        if not any(declared):
            return {}
        opened: Mapping[str, object] = self.deployment.vault.open(self.tx, self.effect.arguments)
        return opened

    def _situation(self, release: LoadedRelease, arguments: Mapping[str, object]) -> Situation:
        return on_record(release.charter, self.case, self.effect, arguments, spent_today=self.spent)


class _Spent:
    """What had been reserved on a day before an effect of it, from the effects on record."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, date], array[float]] = defaultdict(lambda: array("d"))
        self._sum: dict[tuple[str, date], array[int]] = defaultdict(lambda: array("q"))

    def add(self, effect: EffectRecord) -> None:
        """Note an effect, in any order."""
        if not effect.amount or effect.stage in SIMULATED or effect.state is EffectState.REFUSED:
            return
        key = effect.tool, effect.created_at.date()
        self._at[key].append(effect.created_at.timestamp())
        self._sum[key].append(effect.amount)

    def seal(self) -> None:
        """Turn amounts into sums, oldest first; after this nothing is added."""
        for key, times in self._at.items():
            order = sorted(range(len(times)), key=times.__getitem__)
            amounts = self._sum[key]
            running, sums = 0, array("q")
            for index in order:
                running += amounts[index]
                sums.append(running)
            self._at[key], self._sum[key] = array("d", (times[index] for index in order)), sums

    def before(self, effect: EffectRecord) -> int:
        """Minor units reserved that day for its tool before it."""
        key = effect.tool, effect.created_at.date()
        if not effect.amount or key not in self._at:
            return 0
        count = bisect_left(self._at[key], effect.created_at.timestamp())
        return self._sum[key][count - 1] if count else 0


def _pages(
    deployment: Deployment, use_case: str, since: datetime
) -> Iterator[tuple[Transaction, CaseRecord, tuple[EffectRecord, ...]]]:
    """Cases since a moment with their effects, newest first; rehearsed ones and those of people are left out."""
    after = ""
    while True:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(tx, use_case, after=after, limit=PAGE)
            wanted = [case.id for case in page.rows if case.release and not rehearsed(case)]
            of_case: dict[str, list[EffectRecord]] = {id_: [] for id_ in wanted}
            for effect in reversed(deployment.store.effects.of_cases(tx, wanted)):
                of_case[effect.case].append(effect)
            for case in page.rows:
                if case.created_at < since:
                    return
                if case.id in of_case:
                    yield tx, case, tuple(of_case[case.id])
        after = page.after
        if not after:
            return


def _as_recorded(answer: Answer, effect: EffectRecord) -> bool:
    """Whether this answer can have led to what is on record."""
    if answer.outcome is Outcome.DENY or effect.disposition == Kind.REFUSE:
        # The switch and the stage refuse without a policy.
        elsewhere = any(reason.startswith(_WITHOUT_POLICY) for reason in effect.reasons)
        return effect.disposition == Kind.REFUSE and (answer.outcome is Outcome.DENY or elsewhere)
    if answer.outcome is Outcome.REVIEW:
        return effect.disposition != Kind.EXECUTE and set(answer.sentences) <= set(effect.reasons)
    return True


def _gone(policies: Policies) -> Answer:
    said = "the charter has no such tool any more"
    return Answer(Outcome.DENY, ("engine.unknown-tool",), (said,), (), policies.digest)  # type: ignore[arg-type]


def _kind(before: Answer, after: Answer) -> str:
    if after.outcome is before.outcome:
        other = after.outcome is Outcome.REVIEW and set(after.obligations) != set(before.obligations)
        return OTHERWISE if other else ""
    return {Outcome.DENY: BLOCKS, Outcome.ALLOW: ALLOWS, Outcome.REVIEW: ASKS}[after.outcome]


def _note(change: Change, case: CaseRecord, effect: EffectRecord, before: Answer, after: Answer) -> None:
    change.effects += 1
    change.because.update(after.reasons)
    if len(change.examples) < EXAMPLES:
        change.examples.append(
            Example(case.id, case.key, effect.id, effect.tool, before.outcome, after.outcome, after.reasons)
        )
