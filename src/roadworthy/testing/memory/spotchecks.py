"""Draws for spot checks, and what was found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from roadworthy.errors import Conflict, Problem
from roadworthy.ports import Page, Transaction
from roadworthy.ports.spotchecks import (
    ERASED,
    CheckCount,
    CheckState,
    Looked,
    Part,
    SpotAnswer,
    SpotCheck,
)
from roadworthy.quantities import Id
from roadworthy.testing.memory.page import page, taken
from roadworthy.testing.memory.transaction import opened


@dataclass(frozen=True, slots=True)
class _Row:
    """What is paged, under the id that orders it."""

    id: str
    check: SpotCheck | None = None
    answer: SpotAnswer | None = None


class MemorySpotChecks:
    """The port ``SpotChecks``."""

    def add(self, tx: Transaction, check: SpotCheck) -> bool:
        if check.case in opened(tx).table("spot_check"):
            return False
        opened(tx).change("spot_check")[check.case] = check
        return True

    def get(self, tx: Transaction, case: str) -> SpotCheck | None:
        return opened(tx).table("spot_check").get(case)

    def save(self, tx: Transaction, check: SpotCheck, *, expected: int) -> None:
        """Errors: ``Conflict`` RW-STORE-001 if the version is another one."""
        now = self.get(tx, check.case)
        if now is None or now.version != expected:
            found = "is not stored" if now is None else f"was changed meanwhile: it is {now.state}"
            raise Conflict(
                "RW-STORE-001",
                Problem(
                    f"this spot check {found}, expected version {expected}",
                    hint="look at it again, then decide",
                ),
            )
        opened(tx).change("spot_check")[check.case] = check

    def list(
        self,
        tx: Transaction,
        use_case: str,
        *,
        states: Sequence[CheckState] = (),
        after: str = "",
        limit: int = 50,
    ) -> Page[SpotCheck]:
        rows = [
            _Row(check.case, check=check)
            for check in self._of(tx, use_case)
            if (check.state in states if states else check.drawn)
        ]
        found = page(rows, after=after, limit=limit, newest_first=True)
        return Page(tuple(row.check for row in found.rows if row.check), found.after)

    def counts(self, tx: Transaction, use_case: str) -> tuple[CheckCount, ...]:
        alike = defaultdict(list)
        for check in self._of(tx, use_case):
            judgement = check.judgement.value if check.judgement else ""
            erased = check.why == ERASED
            alike[check.release, check.kinds, check.state, judgement, erased].append(check)
        return tuple(
            CheckCount(
                release=rows[0].release,
                kinds=rows[0].kinds,
                state=rows[0].state,
                judgement=rows[0].judgement,
                erased=rows[0].why == ERASED,
                cases=len(rows),
                q_sum=sum(row.q for row in rows),
                q_least=min(row.q for row in rows),
                q_most=max(row.q for row in rows),
            )
            for _, rows in sorted(alike.items())
        )

    def closed_between(self, tx: Transaction, use_case: str, start: datetime, end: datetime) -> int:
        return sum(start <= check.closed_at < end for check in self._of(tx, use_case))

    def ask(self, tx: Transaction, asked: SpotAnswer) -> None:
        if asked.review in opened(tx).table("spot_answer"):
            raise taken()
        opened(tx).change("spot_answer")[asked.review] = asked

    def asked(self, tx: Transaction, review: str) -> SpotAnswer | None:
        return opened(tx).table("spot_answer").get(review)

    def keep(self, tx: Transaction, answer: SpotAnswer) -> None:
        if answer.review in opened(tx).table("spot_answer"):
            opened(tx).change("spot_answer")[answer.review] = answer

    def answers(self, tx: Transaction, case: str) -> tuple[SpotAnswer, ...]:
        known = opened(tx).table("spot_answer")
        return tuple(known[id_] for id_ in sorted(known) if known[id_].case == case)

    def answers_of(
        self, tx: Transaction, use_case: str, *, after: str = "", limit: int = 500
    ) -> Page[SpotAnswer]:
        known = opened(tx).table("spot_answer").values()
        rows = [_Row(one.review, answer=one) for one in known if one.use_case == use_case]
        found = page(rows, after=after, limit=limit, newest_first=True)
        return Page(tuple(row.answer for row in found.rows if row.answer), found.after)

    def looked(self, tx: Transaction, use_case: str, *, limit: int = 2_000) -> tuple[Looked, ...]:
        cases = opened(tx).table("case")
        known = opened(tx).table("spot_answer").values()
        given = [one for one in known if one.use_case == use_case and one.answered_by and one.case in cases]
        given = sorted(given, key=lambda one: str(one.review), reverse=True)[:limit]
        looks = Counter(one.case for one in given if one.part is not Part.PLANTED)
        return tuple(
            Looked(one.case, cases[one.case].answer, one.part, one.known, one.answer, one.answered_by)
            for one in given
            if one.part is Part.PLANTED or looks[one.case] > 1
        )

    def overdue(self, tx: Transaction, use_case: str, asked_before: datetime) -> int:
        owed = {CheckState.PENDING, CheckState.CONTRADICTED}
        late = {
            one.case
            for one in opened(tx).table("spot_answer").values()
            if one.use_case == use_case
            and not one.answered_by
            and not one.void
            and one.asked_at < asked_before
        }
        found = (self.get(tx, case) for case in late)
        return sum(check is not None and check.state in owed for check in found)

    def asked_since(self, tx: Transaction, use_case: str, since: datetime, *, most: int) -> int:
        known = opened(tx).table("spot_answer").values()
        asked: int = sum(one.use_case == use_case and one.asked_at >= since for one in known)
        return min(most, asked)

    def known(self, tx: Transaction, use_case: str, *, limit: int = 20) -> tuple[tuple[Id, str], ...]:
        told = {
            case: [one for one in outcomes if not one.source.lower().startswith("spot-check")]
            for case, outcomes in opened(tx).table("outcome").items()
        }
        asked = {one.case for one in opened(tx).table("spot_answer").values()}
        found = [
            (check.case, told[check.case][0].truth)
            for check in self._of(tx, use_case)
            if not check.drawn
            and check.case not in asked
            and len({one.source for one in told.get(check.case, ())}) >= 2
            and len({one.principal for one in told[check.case]}) >= 2
            and len({one.truth for one in told[check.case]}) == 1
        ]
        return tuple(sorted(found, reverse=True)[: max(1, limit)])

    def share(self, tx: Transaction, use_case: str, since: datetime) -> float | None:
        return opened(tx).table("spot_share").get((use_case, since))

    def set_share(self, tx: Transaction, use_case: str, since: datetime, share: float) -> None:
        shares = opened(tx).change("spot_share")
        shares[use_case, since] = min(share, shares.get((use_case, since), share))

    def _of(self, tx: Transaction, use_case: str) -> tuple[SpotCheck, ...]:
        known = opened(tx).table("spot_check").values()
        return tuple(check for check in known if check.use_case == use_case)
