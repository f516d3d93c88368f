"""Releases: content-addressed archives of a use-case folder, and the stages they go through.

The rollout of a use case is a value; every command on it is a pure transition. Abort always wins:
it is allowed from every stage, needs no version, and nothing but a new release leads out of
``halted`` or ``retired``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from roadworthy.errors import Corrupt, InputProblem, Problem, Refused
from roadworthy.quantities import Digest, Share, digest, digest_of
from roadworthy.stage import ENDED, ROAD, Stage

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_FILES = 2_000


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of a release by POSIX path. The digest covers paths and bytes, not dates or modes."""

    files: Mapping[str, bytes]

    def __post_init__(self) -> None:
        problems = []
        for name, content in self.files.items():
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts:
                problems.append(Problem("a path in a release stays inside it", place=name))
            if len(content) > MAX_FILE_BYTES:
                problems.append(
                    Problem(
                        f"found {len(content)} bytes, at most {MAX_FILE_BYTES} belong into a release",
                        place=name,
                        hint="keep data out of the folder and declare it as a source",
                    )
                )
        if len(self.files) > MAX_FILES:
            problems.append(Problem(f"found {len(self.files)} files, at most {MAX_FILES} make a release"))
        if problems:
            raise InputProblem("RW-RELEASE-001", problems)

    @property
    def manifest(self) -> dict[str, str]:
        return {name: digest(self.files[name]) for name in sorted(self.files)}

    @property
    def digest(self) -> Digest:
        return digest_of(self.manifest)

    def verify(self, expected: Digest) -> None:
        """Errors: ``Corrupt`` if the content is not what the digest promised."""
        if self.digest != expected:
            raise Corrupt(
                "RW-RELEASE-005",
                f"release {short(expected)} does not have the content its digest promises",
                broken=[f"archive {short(expected)}, found {short(self.digest)}"],
                intact="other releases are addressed by their own digests",
                hint="restore the archive from a backup; the release does not run until then",
            )


def short(release: str) -> str:
    """First twelve hexadecimal digits, for people."""
    return release.removeprefix("sha256:")[:12]


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

    @property
    def name(self) -> str:
        return f"r{self.number}"


@dataclass(frozen=True, slots=True)
class Rollout:
    """All releases of one use case. Invariant: at most one each in shadow, canary and production."""

    releases: tuple[Release, ...] = ()

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


def promote(rollout: Rollout, digest_: str, to: Stage, *, share: Share, now: datetime) -> Change:
    """Move a release one stage along the road (or widen its canary).

    The release that held the stage before is retired when its successor reaches production.
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
    if release.stage is to and (to is not Stage.CANARY or release.share == share):
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
        )
        moved.append((retired, holder.stage))
        rollout = rollout._put(retired)
    shares = {Stage.CANARY: share, Stage.PRODUCTION: Share(1.0)}
    changed = replace(release, stage=to, stage_since=now, share=shares.get(to, Share(0.0)), reason="")
    moved.append((changed, release.stage))
    return Change(rollout._put(changed), tuple(moved))


def abort(rollout: Rollout, digest_: str, *, reason: str, now: datetime) -> Change:
    """Halt a release, from any stage, at once. Aborting an ended one changes nothing."""
    release = rollout.find(digest_)
    if release.stage in ENDED:
        return Change(rollout, ())
    halted = replace(release, stage=Stage.HALTED, stage_since=now, share=Share(0.0), reason=reason)
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
