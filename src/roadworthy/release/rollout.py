"""The rollout of a use case: its releases, the stages they go through, and who gets which.

It is a value; every command on it is a pure transition. Abort always wins: it is allowed from every
stage, needs no version, and nothing but a new release leads out of ``halted``. Out of ``retired`` leads
one way, back to production while the release is still fit, and only by ``go_back``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from roadworthy.errors import InputProblem, Refused
from roadworthy.quantities import Digest, Share
from roadworthy.release.archive import short
from roadworthy.stage import ENDED, ROAD, Stage


@dataclass(frozen=True, slots=True)
class Release:
    """One release and how far it is. ``share`` is its part of live cases while in canary."""

    digest: Digest
    use_case: str
    number: int
    author: str
    note: str
    stage: Stage
    share: Share
    created_at: datetime
    stage_since: datetime
    reason: str = ""
    step: int = 0
    """The step of its canary it is in, from 1; 0 before there."""
    step_since: datetime | None = None
    fit_until: datetime | None = None
    """Retired by a successor: until then one command brings it back."""
    signature: str = ""
    key: str = ""
    """Which key signed it, as ``name+id+key``; both empty where it was built before releases were signed."""

    @property
    def name(self) -> str:
        return f"r{self.number}"


@dataclass(frozen=True, slots=True)
class Rollout:
    """All releases of one use case. Invariant: at most one each in shadow, canary and production."""

    releases: tuple[Release, ...] = ()

    def previous(self, now: datetime) -> Release | None:
        """The release that ran before and is still fit to come back, the newest first."""
        fit = [
            release
            for release in self.releases
            if release.stage is Stage.RETIRED and release.fit_until is not None and now < release.fit_until
        ]
        return max(fit, key=lambda release: (release.stage_since, release.number), default=None)

    def find(self, digest_: str) -> Release:
        """By digest. Errors: ``InputProblem`` RW-RELEASE-002 if it is none of this use case."""
        for release in self.releases:
            if release.digest == digest_:
                return release
        raise InputProblem("RW-RELEASE-002", f"no release `{short(digest_)}` of this use case")

    def named(self, name: str) -> Release:
        """By ``r2``, by digest, or by the first digits of one. Errors: unknown or ambiguous name."""
        found = [
            release
            for release in self.releases
            if name == release.name or (len(name) >= 6 and short(release.digest).startswith(short(name)))
        ]
        if len(found) != 1:
            known = ", ".join(release.name for release in self.releases) or "none yet"
            raise InputProblem("RW-RELEASE-002", f"no single release `{name}`; known: {known}")
        return found[0]

    def at(self, stage: Stage) -> Release | None:
        """The release in a stage, if there is one."""
        return next((release for release in self.releases if release.stage is stage), None)

    def add(self, release: Release) -> Rollout:
        """A release added twice is added once (same digest, whatever its stage)."""
        if any(known.digest == release.digest for known in self.releases):
            return self
        return Rollout((*self.releases, release))

    def _put(self, changed: Release) -> Rollout:
        return Rollout(
            tuple(changed if known.digest == changed.digest else known for known in self.releases)
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What a command did: the rollout after it, and every release whose stage it moved."""

    rollout: Rollout
    moved: tuple[tuple[Release, Stage], ...]


def promote(
    rollout: Rollout,
    digest_: str,
    to: Stage,
    *,
    share: Share,
    now: datetime,
    step: int = 1,
    window: timedelta = timedelta(0),
) -> Change:
    """Move a release one stage along the road, or its canary to another ``step`` or share.

    The release that held the stage before is retired when its successor reaches production, and stays fit
    to come back for ``window``. Whether a step is passed is not asked here.
    Errors: ``Refused`` from an ended stage, for a skipped stage, or while another release holds
    shadow or canary. Promoting to the stage it already has (same share) changes nothing.
    """
    release = rollout.find(digest_)
    if release.stage in ENDED:
        raise Refused(
            "RW-RELEASE-003",
            f"{release.name} is {release.stage} and stays so: {release.reason or 'it ended'}",
            hint="build a new release",
        )
    if to not in ROAD:
        raise InputProblem("RW-RELEASE-004", f"`{to}` is not a stage one promotes to")
    if to is Stage.CANARY and not 0 < share.value < 1:
        raise InputProblem("RW-RELEASE-004", f"a canary takes a share between 0 and 1, found {share}")
    if step < 1:
        raise InputProblem("RW-RELEASE-004", f"steps of a canary count from 1, found {step}")
    same = release.share == share and release.step == step
    if release.stage is to and (to is not Stage.CANARY or same):
        return Change(rollout, ())
    if ROAD.index(to) - ROAD.index(release.stage) not in (0, 1):
        following = ROAD[ROAD.index(release.stage) + 1] if release.stage is not Stage.PRODUCTION else None
        raise Refused(
            "RW-RELEASE-003",
            f"{release.name} is in {release.stage}; the road leads to {following or 'no further stage'}",
            hint="stages are passed one by one",
        )
    moved: list[tuple[Release, Stage]] = []
    holder = rollout.at(to)
    if holder is not None and holder.digest != release.digest:
        if to is not Stage.PRODUCTION:
            raise Refused(
                "RW-RELEASE-003",
                f"{holder.name} is in {to} already",
                hint=f"abort or promote {holder.name} first",
            )
        retired = replace(
            holder,
            stage=Stage.RETIRED,
            stage_since=now,
            share=Share(0.0),
            reason=f"succeeded by {release.name}",
            fit_until=now + window,
        )
        moved.append((retired, holder.stage))
        rollout = rollout._put(retired)
    shares = {Stage.CANARY: share, Stage.PRODUCTION: Share(1.0)}
    changed = replace(
        release,
        stage=to,
        stage_since=release.stage_since if release.stage is to else now,
        share=shares.get(to, Share(0.0)),
        step=step if to is Stage.CANARY else release.step,
        step_since=now if to is Stage.CANARY else release.step_since,
        reason="",
    )
    moved.append((changed, release.stage))
    return Change(rollout._put(changed), tuple(moved))


def abort(rollout: Rollout, digest_: str, *, reason: str, now: datetime) -> Change:
    """Halt a release, from any stage, at once. Aborting an ended one changes nothing, but one that is
    retired and still fit to come back is halted: it comes back no more."""
    release = rollout.find(digest_)
    still_fit = release.fit_until is not None and now < release.fit_until
    if release.stage is Stage.HALTED or (release.stage is Stage.RETIRED and not still_fit):
        return Change(rollout, ())
    return _halt(rollout, release, reason, now)


def go_back(rollout: Rollout, *, reason: str, now: datetime) -> Change:
    """Halt what is in production and bring back the release that ran before it.

    Where production is empty, because it was aborted, the one before still comes back. A canary goes on.
    Errors: ``Refused`` RW-RELEASE-012 where none is fit to come back.
    """
    previous = rollout.previous(now)
    if previous is None:
        raise Refused(
            "RW-RELEASE-012",
            "there is no release to go back to: none ran before, it was halted, or its time is over",
            hint="`roadworthy release abort` halts the running one; people do the cases then",
        )
    running = rollout.at(Stage.PRODUCTION)
    moved: tuple[tuple[Release, Stage], ...] = ()
    if running is not None:
        halted = _halt(rollout, running, reason, now)
        rollout, moved = halted.rollout, halted.moved
    again = replace(
        previous,
        stage=Stage.PRODUCTION,
        stage_since=now,
        share=Share(1.0),
        reason=f"came back: {reason}",
        fit_until=None,
    )
    return Change(rollout._put(again), (*moved, (again, previous.stage)))


def _halt(rollout: Rollout, release: Release, reason: str, now: datetime) -> Change:
    halted = replace(
        release, stage=Stage.HALTED, stage_since=now, share=Share(0.0), reason=reason, fit_until=None
    )
    return Change(rollout._put(halted), ((halted, release.stage),))


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who does the work of a live case, and which release watches it in shadow."""

    worker: Release | None
    """None: people do the work."""
    shadow: Release | None
    probability: float
    """Known probability with which the worker was assigned; sequential tests weight by it."""


def assign(rollout: Rollout, case_key: str) -> Assignment:
    """Sticky: the same key gets the same answer as long as shares do not shrink below it.

    The position of a key is a hash with the canary's digest as salt, so that two canaries do not
    try themselves on the same customers.
    """
    canary, production, shadow = (
        rollout.at(stage) for stage in (Stage.CANARY, Stage.PRODUCTION, Stage.SHADOW)
    )
    if canary is None:
        return Assignment(production, shadow, 1.0)
    if position(case_key, canary.digest) < canary.share.value:
        return Assignment(canary, shadow, canary.share.value)
    return Assignment(production, shadow, 1.0 - canary.share.value)


def position(case_key: str, salt: str) -> float:
    """Where a key lies in [0, 1), the same for ever."""
    raw = hashlib.sha256(f"{salt}\n{case_key}".encode()).digest()
    return int.from_bytes(raw[:7]) / 2**56
