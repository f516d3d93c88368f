"""Figures of cases by day, counted from the ledger: pages read them, and no page counts cases.

The ledger is read on from a stored place, and place and figures move in one transaction: every event counts once,
whoever counts and however often. What a case was at an event is told from the ledger where it began again on another
release since, so that counting late, or all over again, gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from roadworthy.casework.effect import TrueOutcome
from roadworthy.casework.review import Review
from roadworthy.ledger import decode
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.watching.feed import Batch, Reader, Told, closes
from roadworthy.principal import Principal, require
from roadworthy.stage import Stage
from roadworthy.telemetry import CaseFacts
from roadworthy.telemetry.rollup import (
    WRONG,
    Cell,
    Count,
    Grain,
    Name,
    Rolled,
    bucket_label,
    code_in,
    days_between,
    hours_before,
    reason_of_review,
    slots_at,
    spans_of,
)

FEED: Final = "rollup"
HOURS_KEPT: Final = 48
BY_SLOT: Final = (Name.ACCEPTED, Name.REJECTED, Name.CLOSED, Name.OUTCOME, Name.REVIEW_S, Name.COST)
"""What is told by slot where nobody asks for anything else."""
EXAMPLES_FROM: Final = 7
"""Newest slots whose examples of errors are told, beside the newest of the whole period."""
_LOOKED_AGAIN: Final = timedelta(seconds=60)
_CAUSES: Final = {"effect.lost": "effect_unknown", "effect.failed": "effect_dead"}
_LONGEST: Final = 100

Added = dict[Cell, tuple[int, str]]


def roll_round(deployment: Deployment) -> int:
    """Count all that is new. Returns how many batches. Twice at once: one of both counts."""
    reader = Reader(deployment, edges=False)
    batches = 0
    while _batch(deployment, reader):
        batches += 1
    return batches


def roll_step(deployment: Deployment, reader: Reader) -> bool:
    """One batch of it, for who follows the ledger beside others."""
    return _batch(deployment, reader)


def rebuild(deployment: Deployment, principal: Principal) -> int:
    """Forget all figures and count the ledger from its first entry. Returns how many entries were read.

    Until it is done pages show what has been counted so far. Interrupted: a worker counts on.
    """
    require(principal, "ledger.verify")
    observed = deployment.store.observed
    with deployment.store.write() as tx:
        position = observed.position(tx, FEED)
        observed.move(tx, FEED, before=position[0] if position else None, to=0, at=deployment.now())
        deployment.store.rollups.clear(tx)
    roll_round(deployment)
    with deployment.store.read() as tx:
        position = observed.position(tx, FEED)
    return position[0] if position else 0


def days(
    deployment: Deployment,
    use_cases: Collection[str],
    *,
    first: date,
    last: date,
    release: str = "",
    by_slot: Sequence[str] = BY_SLOT,
    together: bool = False,
) -> Rolled:
    """Figures of the days (UTC) from the first to the last. Whoever asks may ask about these use cases.

    ``release`` is a digest; empty means all of them. ``together``: what is told by slot is of all use cases, and of what
    is live only, which is read faster. Costs the same after a million cases.
    """
    slots = days_between(first, last)
    spans = spans_of(first, last)
    return _read(deployment, use_cases, Grain.DAY, slots, spans, release, by_slot, together=together)


def hours(
    deployment: Deployment,
    use_cases: Collection[str],
    *,
    hours: int = 24,
    release: str = "",
    by_slot: Sequence[str] = BY_SLOT,
    together: bool = False,
) -> Rolled:
    """The same of the hour that runs and those before it; ``HOURS_KEPT`` of them are kept."""
    slots = hours_before(deployment.now(), min(max(hours, 1), HOURS_KEPT))
    spans = ((Grain.HOUR, slots[0], slots[-1]),)
    return _read(deployment, use_cases, Grain.HOUR, slots, spans, release, by_slot, together=together)


def behind(deployment: Deployment) -> int:
    """Entries of the ledger that are not counted yet."""
    with deployment.store.read() as tx:
        position = deployment.store.observed.position(tx, FEED)
        return max(0, deployment.store.observed.newest(tx) - (position[0] if position else 0))


def _read(
    deployment: Deployment,
    use_cases: Collection[str],
    grain: Grain,
    slots: tuple[str, ...],
    spans: Sequence[tuple[Grain, str, str]],
    release: str,
    by_slot: Sequence[str],
    *,
    together: bool,
) -> Rolled:
    if not slots:
        return Rolled(())
    rollups = deployment.store.rollups
    with deployment.store.read() as tx:
        parts = [rollups.sums(tx, use_cases, *span) for span in spans]
        # What is asked of one release is told apart by release.
        joined = together and not release
        slotted = rollups.slotted(tx, use_cases, grain, slots[0], slots[-1], names=by_slot, together=joined)
        recent = rollups.slotted(
            tx, use_cases, grain, slots[-EXAMPLES_FROM:][0], slots[-1], names=(Name.ERROR,)
        )
    rows = _summed(parts)
    if release:
        rows, slotted, recent = (
            tuple(one for one in some if one.release == release) for some in (rows, slotted, recent)
        )
    return Rolled(rows, slots, slotted, recent)


def _summed(parts: Sequence[Sequence[Count]]) -> tuple[Count, ...]:
    """Sums of periods that lie beside each other, as one."""
    if len(parts) == 1:
        return tuple(parts[0])
    found: dict[tuple[str, ...], Count] = {}
    for part in parts:
        for one in part:
            alike = one[1:6]
            known = found.get(alike)
            found[alike] = (
                one
                if known is None
                else one._replace(value=one.value + known.value, example=max(one.example, known.example))
            )
    return tuple(found[alike] for alike in sorted(found))


def _batch(deployment: Deployment, reader: Reader) -> bool:
    """Count one batch; whether there may be more."""
    observed, now = deployment.store.observed, deployment.now()
    with deployment.store.read() as tx:
        position = observed.position(tx, FEED)
        newest = observed.newest(tx)
    start = position[0] if position else 0
    if position and start >= newest:
        # What is up to date is told from what stands still by when it was looked at last.
        if now - position[1] > _LOOKED_AGAIN:
            with deployment.store.write() as tx:
                observed.move(tx, FEED, before=start, to=start, at=now)
        return False
    batch = reader.batch(start)
    added = _Adding(deployment, reader, batch).all()
    kept_from = (now - timedelta(hours=HOURS_KEPT)).isoformat()[:13]
    with deployment.store.write() as tx:
        if not observed.move(tx, FEED, before=start if position else None, to=batch.end, at=now):
            return False
        use_cases = {cell.use_case for cell in added}
        deployment.store.rollups.add(
            tx, {c: v for c, v in added.items() if c.grain is not Grain.HOUR or c.slot >= kept_from}
        )
        deployment.store.rollups.drop(tx, use_cases, Grain.HOUR, before=kept_from)
    return batch.end > batch.start


class _Adding:
    """What the events of one batch add."""

    def __init__(self, deployment: Deployment, reader: Reader, batch: Batch) -> None:
        self._deployment = deployment
        self._batch = batch
        self._added: Added = {}
        wanted = dict.fromkeys(
            event.about["case"]
            for event in batch.events
            if "case" in event.about and (event.kind in _OF_CASES or closes(event))
        )
        self._facts: dict[str, CaseFacts] = {
            str(facts.case.id): facts for facts in reader.facts(list(wanted))
        }

    def all(self) -> Added:
        for event in self._batch.events:
            if event.kind == "case.accepted":
                self._add(event, Name.ACCEPTED, "", self._accepted(event))
            elif event.kind == "case.rejected":
                self._add(event, Name.REJECTED, "", ("", ""))
            elif closes(event):
                self._closed(event)
            elif event.kind in _OF_CASES:
                _OF_CASES[event.kind](self, event)
        return self._added

    def _add(
        self, event: Told, name: Name, label: str, where: tuple[str, str], value: int = 1, at: str = ""
    ) -> None:
        use_case, case = event.about.get("use_case", ""), event.about.get("case", "")
        for grain, slot in slots_at(_moment(at or event.at)):
            cell = Cell(use_case, grain, slot, name, label[:_LONGEST], *where)
            before, example = self._added.get(cell, (0, ""))
            self._added[cell] = (before + value, (case if value > 0 else "") or example)

    def _accepted(self, event: Told) -> tuple[str, str]:
        return str(event.data.get("release", "")), str(event.data.get("stage", ""))

    def _where(self, event: Told) -> tuple[str, str] | None:
        """Release and stage that the case had at the event; None where the case is not stored."""
        facts = self._facts.get(event.about.get("case", ""))
        if facts is None:
            return None
        if facts.case.run == 1:
            return facts.case.release, facts.case.stage.value
        found = ("", "")
        with self._deployment.store.read() as tx:
            entries = self._deployment.store.ledger.about(tx, facts.case.id, limit=1_000)
        for entry in entries:
            if entry.seq > event.seq:
                break
            told = decode(entry.event)
            if told.kind == "case.accepted":
                found = str(told.data.get("release", "")), str(told.data.get("stage", ""))
            elif told.kind == "case.requeued":
                to = str(told.data.get("to", ""))
                found = to, (Stage.PRODUCTION if to else Stage.DRAFT).value
        return found

    def _closed(self, event: Told) -> None:
        where, facts = self._where(event), self._facts.get(event.about["case"])
        if where is None or facts is None:
            return
        handled_by = str(event.data.get("handled_by") or "nobody")
        self._add(event, Name.CLOSED, handled_by, where)
        seconds = (_moment(event.at) - facts.case.created_at).total_seconds()
        self._add(event, Name.SECONDS, bucket_label(seconds), where)
        nano = str(event.data.get("cost_nano", "0"))
        if nano.isdecimal() and int(nano):
            self._add(event, Name.COST, facts.case.cost.currency, where, int(nano))
        code = code_in(str(event.data.get("reason", "")))
        if handled_by == "nobody" and code:
            self._add(event, Name.ERROR, code, where)

    def _review_opened(self, event: Told) -> None:
        if (where := self._where(event)) is not None:
            told = event.data.get("reasons")
            reasons = [str(reason) for reason in told] if isinstance(told, list) else []
            self._add(event, Name.REVIEW, reason_of_review(str(event.data.get("kind")), reasons), where)

    def _review_decided(self, event: Told) -> None:
        where, facts = self._where(event), self._facts.get(event.about["case"])
        review = _review(facts, event.about.get("review", ""))
        if where is None or review is None:
            return
        kind = review.kind.value
        self._add(event, Name.ANSWERED, f"{kind}/{event.data.get('verdict', '')}", where)
        with self._deployment.store.read() as tx:
            look = self._deployment.store.inbox.look(tx, review.id, review.decided_by)
        if look is not None and look.active_ms >= 500:
            self._add(event, Name.REVIEW_S, kind, where, round(look.active_ms / 1_000))

    def _outcome(self, event: Told) -> None:
        """A case counts once, by the first word on it: a second one may say otherwise, and is on record."""
        if (where := self._where(event)) is None:
            return
        with self._deployment.store.read() as tx:
            known = self._deployment.store.cases.outcomes(tx, event.about["case"])
        first = min(known, key=lambda one: (one.at, one.id), default=None)
        if first is None or first.source != event.data.get("source"):
            return
        self._add(event, Name.OUTCOME, "", where)
        if first.judgement is TrueOutcome.WRONG:
            self._add(event, Name.OUTCOME, WRONG, where)

    def _rated(self, event: Told) -> None:
        if (where := self._where(event)) is None:
            return
        self._add(event, Name.RATING, str(event.data.get("stars", "")), where)
        was = event.data.get("was")
        if isinstance(was, Mapping):
            # Whoever rates again changed their mind: what they said before no longer counts on its day.
            self._add(event, Name.RATING, str(was.get("stars", "")), where, -1, at=str(was.get("at", "")))

    def _went_wrong(self, event: Told) -> None:
        if (where := self._where(event)) is None:
            return
        cause = _CAUSES.get(event.kind, "")
        if event.kind == "case.handed_over":
            cause = code_in(str(event.data.get("code", ""))) or "handed over"
        elif event.kind == "case.parked":
            cause = code_in(str(event.data.get("reason", ""))) or "parked"
        self._add(event, Name.ERROR, cause, where)


_OF_CASES: Final[Mapping[str, Callable[[_Adding, Told], None]]] = {
    "review.opened": _Adding._review_opened,
    "review.decided": _Adding._review_decided,
    "outcome.recorded": _Adding._outcome,
    "case.rated": _Adding._rated,
    "case.handed_over": _Adding._went_wrong,
    "case.parked": _Adding._went_wrong,
    "effect.lost": _Adding._went_wrong,
    "effect.failed": _Adding._went_wrong,
}


def _review(facts: CaseFacts | None, id_: str) -> Review | None:
    reviews: Iterable[Review] = facts.reviews if facts is not None else ()
    return next((review for review in reviews if review.id == id_), None)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
