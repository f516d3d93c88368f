"""Measured facts about a use case, and which of them hold now.

Evidence does not know the charter: it knows what was measured, on what, when, and for how long
that may be believed. Only the gate joins the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from roadworthy.quantities import Digest, Id, Interval


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured fact: ``kind`` of ``subject`` is ``value`` ``unit``.

    Units:   ``unit`` is a word (share, cases, seconds, EUR, yes); yes is 1.0 and no is 0.0.
    Edge:    an empty ``release`` means that the fact does not depend on one (a data source).
    """

    id: Id
    use_case: str
    kind: str
    subject: str
    value: float
    unit: str
    n: int
    method: str
    inputs: Digest
    at: datetime
    valid_for: timedelta
    interval: Interval | None = None
    release: str = ""
    simulated: tuple[str, ...] = ()
    detail: Mapping[str, object] = field(default_factory=dict)

    @property
    def valid_until(self) -> datetime:
        return self.at + self.valid_for

    def holds(self, *, now: datetime, release: str) -> bool:
        """Still believed: not expired, not from the future, not measured on another release."""
        return self.at <= now < self.valid_until and (not self.release or self.release == release)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Per kind and subject the newest measurement: believed now (``newest``) or no longer (``expired``)."""

    newest: Mapping[tuple[str, str], Measurement]
    expired: Mapping[tuple[str, str], Measurement]

    @classmethod
    def gather(cls, measurements: Iterable[Measurement], *, now: datetime, release: str) -> Evidence:
        """The newest of each kind and subject speaks alone, in whatever order they come.

        Edge: once a newer measurement of this release was made, an older one never comes back,
        not even when the newer one expires first. Those from the future and of other releases
        are only remembered where nothing else is known.
        """
        own: dict[tuple[str, str], Measurement] = {}
        foreign: dict[tuple[str, str], Measurement] = {}
        for measurement in sorted(measurements, key=lambda each: (each.at, each.id)):
            ours = measurement.at <= now and measurement.release in ("", release)
            (own if ours else foreign)[measurement.kind, measurement.subject] = measurement
        newest = {key: kept for key, kept in own.items() if kept.holds(now=now, release=release)}
        known = {**foreign, **own}
        return cls(newest, {key: kept for key, kept in known.items() if key not in newest})

    def find(self, kind: str, subject: str = "") -> Measurement | None:
        """The measurement that is believed now, if there is one."""
        return self.newest.get((kind, subject))

    def outlived(self, kind: str, subject: str = "") -> Measurement | None:
        """The newest measurement that no longer holds, to tell "expired" from "never measured"."""
        return self.expired.get((kind, subject))

    def of_kind(self, kind: str) -> Iterator[Measurement]:
        """All measurements of a kind that are believed now."""
        return (measurement for (name, _), measurement in self.newest.items() if name == kind)
