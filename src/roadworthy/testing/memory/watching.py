"""Lineage, figures and alerts in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from roadworthy.alerting import Alert, AlertState, Mute
from roadworthy.casework.case import State
from roadworthy.casework.effect import SETTLED
from roadworthy.casework.review import ReviewState
from roadworthy.ports import Page, Transaction
from roadworthy.ports.watching import Notice, Tally, Waiting
from roadworthy.telemetry import CaseFacts, Edge
from roadworthy.testing.memory.page import page
from roadworthy.testing.memory.transaction import opened
from roadworthy.usage import Call

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class _Row:
    """An edge under the id that orders it."""

    id: str
    edge: Edge


class MemoryLineage:
    """The port ``LineageStore``."""

    def add(self, tx: Transaction, edges: Sequence[Edge]) -> None:
        kept = opened(tx).change("lineage")
        for edge in edges:
            kept.setdefault((edge.case, edge.run, edge.ordinal, edge.place), edge)

    def of_case(self, tx: Transaction, case: str) -> tuple[Edge, ...]:
        kept = opened(tx).table("lineage")
        return tuple(kept[place] for place in sorted(kept) if place[0] == case)

    def uses(
        self, tx: Transaction, *, source: str = "", digest: str = "", after: str = "", limit: int = 50
    ) -> Page[Edge]:
        rows = [
            _Row(f"{case}/{run:09}/{ordinal:09}/{place:09}", edge)
            for (case, run, ordinal, place), edge in opened(tx).table("lineage").items()
            if (not source or edge.source == source) and (not digest or edge.digest == digest)
        ]
        found = page(rows, after=after, limit=limit, newest_first=True)
        return Page(tuple(row.edge for row in found.rows), found.after)

    def forget(self, tx: Transaction, *, subject: str = "", sources: Sequence[str] = ()) -> int:
        cases, kept = opened(tx).table("case"), opened(tx).change("lineage")
        gone = [
            place
            for place, edge in kept.items()
            if edge.source in sources
            or (subject and edge.case in cases and cases[edge.case].subject == subject)
        ]
        for place in gone:
            del kept[place]
        return len(gone)


class MemoryObservations:
    """The port ``Observations``."""

    def position(self, tx: Transaction, feed: str) -> tuple[int, datetime] | None:
        return opened(tx).table("feed").get(feed)

    def newest(self, tx: Transaction) -> int:
        return len(opened(tx).table("entry"))

    def entry(self, tx: Transaction, seq: int) -> bytes | None:
        found = opened(tx).table("entry").get(seq)
        return None if found is None else found.event

    def move(self, tx: Transaction, feed: str, *, before: int | None, to: int, at: datetime) -> bool:
        now = self.position(tx, feed)
        if (None if now is None else now[0]) != before:
            return False
        opened(tx).change("feed")[feed] = (to, at)
        return True

    def facts(
        self, tx: Transaction, cases: Sequence[str], *, edges: bool = True
    ) -> Mapping[str, CaseFacts]:
        memory = opened(tx)
        used = memory.table("lineage") if edges else {}
        return {
            id_: CaseFacts(
                memory.table("case")[id_],
                steps=tuple(step for _, step in sorted(memory.table("step").get(id_, {}).items())),
                effects=tuple(_of(memory.table("effect"), id_)),
                reviews=tuple(_of(memory.table("review"), id_)),
                edges=tuple(used[place] for place in sorted(used) if place[0] == id_),
            )
            for id_ in cases
            if id_ in memory.table("case")
        }

    def calls(
        self, tx: Transaction, use_case: str, references: Sequence[str]
    ) -> Mapping[str, tuple[Call, ...]]:
        found: dict[str, list[Call]] = defaultdict(list)
        for call in sorted(opened(tx).table("model_call").values(), key=lambda call: (call.at, call.id)):
            if call.use_case == use_case and call.case in references:
                found[call.case].append(call)
        return {reference: tuple(rows) for reference, rows in found.items()}

    def spent(self, tx: Transaction, month: date) -> Mapping[str, int]:
        return {
            use_case: nano
            for (use_case, tool, day), nano in opened(tx).table("spend").items()
            if (tool, day) == ("usage", month)
        }

    def count(self, tx: Transaction, tallies: Mapping[Tally, int]) -> None:
        kept = opened(tx).change("tally")
        for name, value in tallies.items():
            kept[name] = kept.get(name, 0) + value

    def tallies(self, tx: Transaction) -> Mapping[Tally, int]:
        return dict(opened(tx).table("tally"))

    def cases(self, tx: Transaction) -> Sequence[Waiting]:
        rows = [case for case in opened(tx).table("case").values() if case.state is not State.CLOSED]
        return _waiting(
            rows,
            lambda case: (case.use_case, case.release, case.stage.value, case.state.value),
            since=lambda case: case.created_at,
            about=lambda case: case.id,
        )

    def reviews(self, tx: Transaction, *, due_before: datetime | None = None) -> Sequence[Waiting]:
        rows = [
            review
            for review in opened(tx).table("review").values()
            if review.state is ReviewState.OPEN and (due_before is None or review.due_at < due_before)
        ]
        return _waiting(
            rows,
            lambda review: (review.use_case,),
            since=lambda review: review.created_at if due_before is None else review.due_at,
            about=lambda review: review.case,
        )

    def effects(self, tx: Transaction) -> Sequence[Waiting]:
        rows = [effect for effect in opened(tx).table("effect").values() if effect.state not in SETTLED]
        return _waiting(
            rows,
            lambda effect: (effect.use_case, effect.state.value),
            since=lambda effect: effect.created_at,
            about=lambda effect: effect.case,
        )


class MemoryAlerts:
    """The port ``Alerts``."""

    def add(self, tx: Transaction, alert: Alert) -> bool:
        if any(one.key == alert.key for one in self.firing(tx)):
            return False
        opened(tx).change("alert")[alert.id] = alert
        return True

    def save(self, tx: Transaction, alert: Alert) -> None:
        opened(tx).change("alert")[alert.id] = alert

    def get(self, tx: Transaction, alert: str) -> Alert | None:
        return opened(tx).table("alert").get(alert)

    def firing(self, tx: Transaction) -> tuple[Alert, ...]:
        rows = opened(tx).table("alert").values()
        return tuple(
            sorted((one for one in rows if one.state is AlertState.FIRING), key=lambda one: one.id)
        )

    def list(self, tx: Transaction, *, use_case: str = "", after: str = "", limit: int = 50) -> Page[Alert]:
        rows = opened(tx).table("alert").values()
        of_it = [one for one in rows if not use_case or one.use_case == use_case]
        return page(of_it, after=after, limit=limit, newest_first=True)

    def between(
        self, tx: Transaction, start: datetime, end: datetime, *, limit: int = 500
    ) -> tuple[Alert, ...]:
        found = [
            one
            for one in opened(tx).table("alert").values()
            if one.since < end and (one.resolved_at is None or one.resolved_at >= start)
        ]
        return tuple(sorted(found, key=lambda one: one.since)[:limit])

    def tell(self, tx: Transaction, notice: Notice) -> bool:
        kept = opened(tx).change("notice")
        about = (notice.alert, notice.channel, notice.state)
        for known in kept.values():
            if (known.alert, known.channel, known.state) == about:
                if known.sent_at is None:
                    return False
                kept[known.id] = replace(known, due_at=notice.due_at, sent_at=None, attempts=0)
                return True
        kept[notice.id] = replace(notice, attempts=0, sent_at=None, problem="")
        return True

    def due(self, tx: Transaction, now: datetime, *, limit: int = 50) -> tuple[Notice, ...]:
        rows = opened(tx).table("notice").values()
        found = [one for one in rows if one.sent_at is None and one.due_at <= now]
        return tuple(sorted(found, key=lambda one: (one.due_at, one.id))[:limit])

    def claim(self, tx: Transaction, notice: Notice, *, until: datetime) -> bool:
        known = opened(tx).table("notice").get(notice.id)
        if known is None or known.sent_at is not None or known.due_at != notice.due_at:
            return False
        self._change(tx, notice.id, due_at=until, attempts=known.attempts + 1)
        return True

    def sent(self, tx: Transaction, notice: str, *, at: datetime) -> None:
        self._change(tx, notice, sent_at=at, problem="")

    def failed(self, tx: Transaction, notice: str, *, problem: str, again_at: datetime) -> None:
        self._change(tx, notice, due_at=again_at, problem=problem)

    def mute(self, tx: Transaction, mute: Mute) -> None:
        opened(tx).change("alert_mute")[mute.key] = mute

    def unmute(self, tx: Transaction, key: str) -> bool:
        return opened(tx).change("alert_mute").pop(key, None) is not None

    def mutes(self, tx: Transaction, now: datetime) -> Mapping[str, Mute]:
        kept = opened(tx).table("alert_mute")
        return {key: kept[key] for key in sorted(kept) if kept[key].until > now}

    def notices(self, tx: Transaction, *alerts: str) -> tuple[Notice, ...]:
        kept = opened(tx).table("notice")
        return tuple(kept[id_] for id_ in sorted(kept) if kept[id_].alert in alerts)

    def _change(self, tx: Transaction, notice: str, **values: Any) -> None:
        kept = opened(tx).change("notice")
        kept[notice] = replace(kept[notice], **values)


def _of(rows: Mapping[str, Any], case: str) -> Iterable[Any]:
    return sorted((row for row in rows.values() if row.case == case), key=lambda row: row.id)


def _waiting(
    rows: Iterable[Any],
    alike: Callable[[Any], tuple[str, ...]],
    *,
    since: Callable[[Any], datetime],
    about: Callable[[Any], str],
) -> tuple[Waiting, ...]:
    groups = defaultdict(list)
    for row in sorted(rows, key=since):
        groups[alike(row)].append(row)
    return tuple(
        Waiting(
            labels,
            len(group),
            since(group[0]),
            tuple(dict.fromkeys(about(row) for row in group))[:_EXAMPLES],
        )
        for labels, group in sorted(groups.items())
    )
