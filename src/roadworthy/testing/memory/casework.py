"""Cases, effects and reviews in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import OWED, EffectRecord, EffectState, Outcome, Refusal, TrueOutcome
from roadworthy.casework.journal import Opening, Step
from roadworthy.casework.pace import Pace
from roadworthy.casework.rating import Rating
from roadworthy.casework.review import Review, ReviewState
from roadworthy.errors import Conflict, Problem
from roadworthy.ports import Page, Reject, Transaction
from roadworthy.quantities import Cost
from roadworthy.stage import Stage
from roadworthy.testing.memory.page import page, replace_version, taken
from roadworthy.testing.memory.transaction import MemoryTransaction, opened


class _Placed(NamedTuple):
    """A place in a list that is not in the order of ids."""

    id: str


class MemoryCases:
    """The port ``Cases``. A step's attempts wait in ``opening`` until it is recorded."""

    def add(self, tx: Transaction, case: CaseRecord) -> bool:
        memory = opened(tx)
        key = (case.use_case, case.key, case.twin)
        if key in memory.table("case_key"):
            return False
        if case.id in memory.table("case"):
            raise taken()
        memory.change("case_key")[key] = case.id
        memory.change("case")[case.id] = case
        return True

    def get(self, tx: Transaction, case: str) -> CaseRecord | None:
        return opened(tx).table("case").get(case)

    def by_key(self, tx: Transaction, use_case: str, key: str, *, twin: str = "") -> CaseRecord | None:
        return self.get(tx, opened(tx).table("case_key").get((use_case, key, twin), ""))

    def by_keys(self, tx: Transaction, use_case: str, keys: Collection[str]) -> dict[str, CaseRecord]:
        found = {key: self.by_key(tx, use_case, key) for key in keys}
        return {key: case for key, case in found.items() if case is not None}

    def save(self, tx: Transaction, case: CaseRecord, *, expected: int) -> None:
        replace_version(opened(tx), "case", case, what="case", expected=expected)

    def list(
        self,
        tx: Transaction,
        use_case: str,
        *,
        state: State | None = None,
        stage: Stage | None = None,
        release: str = "",
        twin: str | None = None,
        key_starts: str = "",
        flagged: bool = False,
        after: str = "",
        limit: int = 50,
    ) -> Page[CaseRecord]:
        rows = (
            case
            for case in opened(tx).table("case").values()
            if (not use_case or case.use_case == use_case)
            and (state is None or case.state is state)
            and (stage is None or case.stage is stage)
            and (not release or case.release == release)
            and (twin is None or case.twin == twin)
            and case.key.startswith(key_starts)
            and (not flagged or case.id in opened(tx).table("flag"))
        )
        return page(rows, after=after, limit=limit, newest_first=True)

    def beside(
        self,
        tx: Transaction,
        case: str,
        use_case: str,
        *,
        state: State | None = None,
        stage: Stage | None = None,
        release: str = "",
        flagged: bool = False,
    ) -> tuple[str, str]:
        rows = [
            one.id
            for one in opened(tx).table("case").values()
            if (not use_case or one.use_case == use_case)
            and (state is None or one.state is state)
            and (stage is None or one.stage is stage)
            and (not release or one.release == release)
            and (not flagged or one.id in opened(tx).table("flag"))
        ]
        newer, older = [id_ for id_ in rows if id_ > case], [id_ for id_ in rows if id_ < case]
        return min(newer, default=""), max(older, default="")

    def twins(self, tx: Transaction, use_case: str, key: str, *, limit: int = 50) -> tuple[CaseRecord, ...]:
        rows = [
            one for one in opened(tx).table("case").values() if (one.use_case, one.key) == (use_case, key)
        ]
        return tuple(sorted(rows, key=lambda one: one.twin)[:limit])

    def counts(
        self, tx: Transaction, use_case: str, *, release: str = ""
    ) -> Mapping[tuple[str, str, str], int]:
        return Counter(
            (case.stage.value, case.state.value, case.handled_by)
            for case in opened(tx).table("case").values()
            if (not use_case or case.use_case == use_case) and (not release or case.release == release)
        )

    def reject(self, tx: Transaction, reject: Reject) -> None:
        _add(opened(tx), "reject", reject)

    def rejects(self, tx: Transaction, use_case: str, *, after: str = "", limit: int = 50) -> Page[Reject]:
        rows = opened(tx).table("reject").values()
        of_use_case = (reject for reject in rows if not use_case or reject.use_case == use_case)
        return page(of_use_case, after=after, limit=limit, newest_first=True)

    def steps(self, tx: Transaction, case: str, *, run: int) -> tuple[Step, ...]:
        steps = opened(tx).table("step").get(case, {})
        return tuple(steps[place] for place in sorted(steps) if place[0] == run)

    def open_step(self, tx: Transaction, opening: Opening) -> None:
        """Errors: ``Conflict`` RW-STORE-001 if a result stands there already."""
        memory = opened(tx)
        place = (opening.run, opening.ordinal)
        self._refuse_recorded(memory, opening.case, place)
        attempts = memory.table("opening").get(opening.case, {})
        before = attempts.get(place, ())
        # Currencies that differ cannot be billed together; adding up says so now.
        sum(before, start=opening.reserved)
        memory.change("opening")[opening.case] = {**attempts, place: (*before, opening.reserved)}
        memory.change("began")[opening.case, place] = opening.opened_at

    def bill_attempt(self, tx: Transaction, opening: Opening) -> None:
        memory = opened(tx)
        place = (opening.run, opening.ordinal)
        self._refuse_recorded(memory, opening.case, place)
        attempts = memory.table("opening").get(opening.case, {})
        if place not in attempts:
            raise Conflict("RW-STORE-001", f"step {opening.ordinal} was never opened")
        before = attempts[place][:-1]
        sum(before, start=opening.reserved)
        memory.change("opening")[opening.case] = {**attempts, place: (*before, opening.reserved)}

    def record_step(self, tx: Transaction, step: Step) -> None:
        memory = opened(tx)
        place = (step.run, step.ordinal)
        self._refuse_recorded(memory, step.case, place)
        attempts = dict(memory.table("opening").get(step.case, {}))
        interrupted = attempts.pop(place, ())[:-1]
        recorded = replace(
            step,
            began_at=memory.table("began").get((step.case, place)),
            attempts=step.attempts + len(interrupted),
            cost=sum(interrupted, start=step.cost),
        )
        memory.change("opening")[step.case] = attempts
        memory.change("step")[step.case] = {**memory.table("step").get(step.case, {}), place: recorded}

    def spent(self, tx: Transaction, case: str) -> Cost:
        attempts = opened(tx).table("opening").get(case, {})
        costs: list[Cost] = [reserved for reserves in attempts.values() for reserved in reserves]
        costs += [step.cost for step in opened(tx).table("step").get(case, {}).values()]
        if costs:
            return sum(costs[1:], start=costs[0])
        stored = self.get(tx, case)
        return Cost(0, stored.cost.currency) if stored else Cost(0)

    def add_outcome(self, tx: Transaction, outcome: Outcome) -> bool:
        memory = opened(tx)
        known = memory.table("outcome").get(outcome.case, ())
        if any(one.source == outcome.source for one in known):
            return False
        memory.change("outcome")[outcome.case] = (*known, outcome)
        return True

    def outcomes(self, tx: Transaction, case: str) -> tuple[Outcome, ...]:
        """Oldest first."""
        return tuple(sorted(opened(tx).table("outcome").get(case, ()), key=_by_id))

    def rate(self, tx: Transaction, rating: Rating) -> None:
        opened(tx).change("rating")[(rating.case, rating.principal)] = rating

    def ratings(self, tx: Transaction, cases: Sequence[str]) -> tuple[Rating, ...]:
        kept = opened(tx).table("rating")
        return tuple(kept[key] for key in sorted(kept) if key[0] in cases)

    def judged(self, tx: Transaction, use_case: str, *, release: str) -> Mapping[str, tuple[int, int]]:
        """A case counts once, and as wrong if any source says so."""
        found: dict[str, tuple[int, int]] = {}
        for id_, outcomes in opened(tx).table("outcome").items():
            case = self.get(tx, id_)
            if case is None or (case.use_case, case.release, case.handled_by) != (
                use_case,
                release,
                "automatic",
            ):
                continue
            wrong = any(outcome.judgement is TrueOutcome.WRONG for outcome in outcomes)
            count, before = found.get(case.stage.value, (0, 0))
            found[case.stage.value] = (count + 1, before + wrong)
        return found

    def _refuse_recorded(self, memory: MemoryTransaction, case: str, place: tuple[int, int]) -> None:
        recorded = memory.table("step").get(case, {}).get(place)
        if recorded is not None:
            raise Conflict(
                "RW-STORE-001",
                Problem(
                    f"step {place[1]} was recorded meanwhile as `{recorded.name}`",
                    hint="read the journal again",
                ),
            )


class MemoryEffects:
    """The port ``Effects``."""

    def add(self, tx: Transaction, effect: EffectRecord) -> bool:
        memory = opened(tx)
        if effect.key in memory.table("effect_key"):
            return False
        _add(memory, "effect", effect)
        memory.change("effect_key")[effect.key] = effect.id
        return True

    def get(self, tx: Transaction, effect: str) -> EffectRecord | None:
        return opened(tx).table("effect").get(effect)

    def save(self, tx: Transaction, effect: EffectRecord, *, expected: int) -> None:
        replace_version(opened(tx), "effect", effect, what="effect", expected=expected)

    def of_case(self, tx: Transaction, case: str) -> tuple[EffectRecord, ...]:
        """Oldest first."""
        return _of_case(opened(tx), "effect", case)

    def of_cases(self, tx: Transaction, cases: Sequence[str]) -> tuple[EffectRecord, ...]:
        """Newest first."""
        found = [row for case in set(cases) for row in _of_case(opened(tx), "effect", case)]
        return tuple(sorted(found, key=lambda row: row.id, reverse=True))

    def in_state(
        self,
        tx: Transaction,
        state: EffectState,
        *,
        use_case: str = "",
        release: str = "",
        limit: int = 500,
    ) -> tuple[EffectRecord, ...]:
        rows = (
            effect
            for effect in opened(tx).table("effect").values()
            if effect.state is state
            and (not use_case or effect.use_case == use_case)
            and (not release or effect.release == release)
        )
        return page(rows, after="", limit=limit, newest_first=False).rows

    def reserve_spend(self, tx: Transaction, use_case: str, tool: str, day: date, minor: int) -> int:
        counters = opened(tx).change("spend")
        before: int = counters.get((use_case, tool, day), 0)
        counters[use_case, tool, day] = before + minor
        return before

    def list(
        self,
        tx: Transaction,
        use_case: str = "",
        *,
        states: Collection[EffectState] = (),
        tool: str = "",
        after: str = "",
        limit: int = 50,
    ) -> Page[EffectRecord]:
        rows = (
            effect
            for effect in opened(tx).table("effect").values()
            if (not use_case or effect.use_case == use_case)
            and (not states or effect.state in states)
            and (not tool or effect.tool == tool)
        )
        return page(rows, after=after, limit=limit, newest_first=True)

    def refusals(
        self, tx: Transaction, use_cases: Collection[str], *, limit: int = 200
    ) -> tuple[Refusal, ...]:
        found = self.list(tx, states=(EffectState.REFUSED,), limit=limit).rows
        mine = (one for one in found if not one.undoes and one.use_case in use_cases)
        return tuple(Refusal(one.id, one.reasons, one.untrusted) for one in mine)

    def alone(self, tx: Transaction, above: int, *, after: str = "", limit: int = 50) -> Page[EffectRecord]:
        rows = {
            f"{one.amount:019}{one.id}": one
            for one in opened(tx).table("effect").values()
            if one.amount > above and one.disposition == "execute" and not one.approved_by
            and one.state is not EffectState.SIMULATED
        }  # fmt: skip
        placed = page((_Placed(place) for place in rows), after=after, limit=limit, newest_first=True)
        return Page(tuple(rows[one.id] for one in placed.rows), placed.after)

    def in_front(self, tx: Transaction, effect: EffectRecord) -> EffectRecord | None:
        place = (effect.case, effect.id)
        before = [one for one in _owed_in_lane(tx, effect) if (one.case, one.id) < place and not one.passed]
        return min(before, key=_place, default=None)

    def behind(self, tx: Transaction, effect: EffectRecord) -> EffectRecord | None:
        place = (effect.case, effect.id)
        after = [one for one in _owed_in_lane(tx, effect) if (one.case, one.id) > place]
        return min(after, key=_place, default=None)

    def waiting(
        self, tx: Transaction, use_case: str, tool: str, *, limit: int = 100
    ) -> tuple[EffectRecord, ...]:
        found = [
            one
            for one in opened(tx).table("effect").values()
            if (one.use_case, one.tool) == (use_case, tool)
            and one.held in {"rate", "circuit"}
            and one.held_since is not None
            and one.state in {EffectState.READY, EffectState.SENDING}
        ]
        found.sort(key=lambda one: (one.held_since, one.case, one.id))
        return tuple(found[: max(1, min(limit, 1_000))])

    def overdue(
        self, tx: Transaction, before: datetime, *, after: str = "", limit: int = 100
    ) -> Page[EffectRecord]:
        rows = (
            one
            for one in opened(tx).table("effect").values()
            if one.state in OWED
            and any(moment is not None and moment < before for moment in (one.due_at, one.held_since))
        )
        return page(rows, after=after, limit=limit, newest_first=False)

    def pace(self, tx: Transaction, use_case: str, tool: str, *, lock: bool = False) -> Pace:
        known: Pace | None = opened(tx).table("pace").get((use_case, tool))
        return known or Pace(use_case, tool)

    def save_pace(self, tx: Transaction, pace: Pace) -> None:
        opened(tx).change("pace")[pace.use_case, pace.tool] = pace

    def paces(self, tx: Transaction, *, limit: int = 500) -> tuple[Pace, ...]:
        known = opened(tx).table("pace")
        return tuple(known[name] for name in sorted(known))[:limit]


class MemoryReviews:
    """The port ``Reviews``."""

    def add(self, tx: Transaction, review: Review) -> None:
        _add(opened(tx), "review", review)

    def get(self, tx: Transaction, review: str) -> Review | None:
        return opened(tx).table("review").get(review)

    def save(self, tx: Transaction, review: Review, *, expected: int) -> None:
        """Errors: ``Conflict`` RW-STORE-001 if the version is another one."""
        replace_version(opened(tx), "review", review, what="review", expected=expected)

    def of_case(self, tx: Transaction, case: str) -> tuple[Review, ...]:
        """Oldest first."""
        return _of_case(opened(tx), "review", case)

    def open(
        self, tx: Transaction, use_case: str = "", *, after: str = "", limit: int = 50
    ) -> Page[Review]:
        return page(self._open(tx, use_case), after=after, limit=limit, newest_first=False)

    def count_open(self, tx: Transaction, use_case: str = "") -> int:
        return len(self._open(tx, use_case))

    def _open(self, tx: Transaction, use_case: str) -> tuple[Review, ...]:
        return tuple(
            review
            for review in opened(tx).table("review").values()
            if review.state is ReviewState.OPEN and (not use_case or review.use_case == use_case)
        )


def _add(memory: MemoryTransaction, table: str, row: Any) -> None:
    """Errors: ``Conflict`` RW-STORE-003 if the id is taken."""
    if row.id in memory.table(table):
        raise taken()
    memory.change(table)[row.id] = row
    if hasattr(row, "case"):
        known = memory.table(f"{table}_of_case").get(row.case, ())
        memory.change(f"{table}_of_case")[row.case] = (*known, row.id)


def _of_case(memory: MemoryTransaction, table: str, case: str) -> tuple[Any, ...]:
    rows = memory.table(table)
    return tuple(rows[id_] for id_ in sorted(memory.table(f"{table}_of_case").get(case, ())))


def _owed_in_lane(tx: Transaction, effect: EffectRecord) -> list[EffectRecord]:
    known = opened(tx).table("effect").values()
    return [one for one in known if effect.lane and one.lane == effect.lane and one.state in OWED]


def _place(effect: EffectRecord) -> tuple[str, str]:
    return (effect.case, effect.id)


def _by_id(row: Any) -> str:
    return str(row.id)
