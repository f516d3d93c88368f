"""To which part the lot gave each live case: to a release, or to people.

A case counts for the part that it drew, whatever became of it afterwards: one that a release handed over
to people is still the release's. Otherwise the hard cases would leave one part for the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.casework.case import CaseRecord
from roadworthy.errors import RoadworthyError
from roadworthy.ledger import decode
from roadworthy.measure.value.asking import live_cases
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import held_out


@dataclass(frozen=True, slots=True)
class Drawn:
    """One case that could have gone either way. ``share`` is how likely it was to stay with people."""

    case: str
    key: str
    released: bool
    share: float


@dataclass(frozen=True, slots=True)
class Arms:
    """Every case that a lot was drawn for. ``unknown``: its lot stands on no record that can be read yet."""

    drawn: tuple[Drawn, ...]
    unknown: int = 0

    @property
    def released(self) -> int:
        """Cases that the lot gave to a release."""
        return sum(one.released for one in self.drawn)

    @property
    def stayed(self) -> int:
        """Cases that the lot kept with people."""
        return len(self.drawn) - self.released


def arms_of(deployment: Deployment, use_case: str) -> Arms:
    """The parts of the hold-out, from the cases and the charters of the releases they were given to."""
    shares: dict[str, float | None] = {}
    with deployment.store.read() as tx:
        releases = deployment.store.releases.rollout(tx, use_case).releases
    for release in releases:
        try:
            shares[release.digest] = deployment.loader.charter(release.digest).kpi.holdout
        except RoadworthyError:
            # A release that cannot be read any more gave no case that can be placed; those count as unknown.
            shares[release.digest] = None
    beginnings = [release.created_at for release in releases if shares[release.digest] != 0]
    if not beginnings:
        return Arms(())
    first = min(beginnings)
    drawn: list[Drawn] = []
    begun_anew: list[CaseRecord] = []
    unknown = 0
    for case in live_cases(deployment, use_case):
        if case.created_at < first:
            break
        if held_out(case):
            drawn.append(Drawn(case.id, case.key, False, case.probability))
        elif case.run > 1:
            # It may have begun on another release: only the ledger still knows with which lot.
            begun_anew.append(case)
        elif case.release:
            share = shares.get(case.release)
            unknown += share is None
            if share:
                drawn.append(Drawn(case.id, case.key, True, share))
    if begun_anew:
        sequence_all(deployment)
    for case in begun_anew:
        share = _on_the_ledger(deployment, case)
        if share is None:
            unknown += 1
        elif share:
            drawn.append(Drawn(case.id, case.key, True, share))
    return Arms(tuple(drawn), unknown)


def _on_the_ledger(deployment: Deployment, case: CaseRecord) -> float | None:
    """The share that the lot had at intake, 0 where none was drawn; None while the ledger does not say."""
    with deployment.store.read() as tx:
        entries = deployment.store.ledger.about(tx, case.id, limit=5)
    for entry in entries:
        event = decode(entry.event)
        if event.kind == "case.accepted":
            return float(str(event.data.get("holdout", "0")))
    return None
