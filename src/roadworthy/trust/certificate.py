"""Which confidence is high enough to act without a person, and the proof of it.

The promise: among the cases handled automatically at most a share ``alpha`` is wrong, and the
procedure that says so errs in at most a share ``delta`` of the samples it could have been given.
It speaks of traffic like the calibration sample and of no other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from roadworthy.errors import Corrupt
from roadworthy.quantities import Digest, Id, Share

if TYPE_CHECKING:
    from roadworthy.trust.threshold import Threshold


@dataclass(frozen=True, slots=True)
class Certificate:
    """A confidence threshold with its proven bound, for one kind of error of one release.

    ``n`` counts the labelled cases, ``accepted`` those of them at or above the threshold, ``wrong``
    the errors among these; ``upper`` is the bound proven by the two. ``automation`` is the share of
    traffic at or above the threshold, ``mix`` the share of each slice in the calibration sample.

    ``grader`` is what says that an answer was wrong. ``effects`` names the tools whose errors this kind
    of error stands for: no other effect is covered, and without any none is. ``slice`` is the one it was
    proven for, empty for all traffic.

    Errors:  ``ValueError`` for figures that contradict each other, for times without a zone and for
             names that are empty.
    """

    id: Id
    use_case: str
    release: Digest
    error_kind: str
    alpha: Share
    delta: Share
    threshold: float
    n: int
    accepted: int
    wrong: int
    upper: float
    automation: float
    data_digest: Digest
    certified_at: datetime
    expires_at: datetime
    mix: Mapping[str, Share] = field(default_factory=dict, hash=False)
    grader: str = "label"
    effects: tuple[str, ...] = ()
    slice: str = ""
    suspended_at: datetime | None = None
    suspended_because: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.threshold):
            raise ValueError(f"a threshold is a number, found {self.threshold}")
        if not 0 <= self.wrong <= self.accepted <= self.n:
            raise ValueError(f"{self.wrong} wrong of {self.accepted} accepted of {self.n} cannot be")
        times = (self.certified_at, self.expires_at, self.suspended_at)
        if any(time is not None and time.utcoffset() is None for time in times):
            raise ValueError("the times of a certificate carry their zone")
        if self.expires_at <= self.certified_at:
            raise ValueError("a certificate expires after it was given")
        if not self.grader or not all(self.effects):
            raise ValueError("the grader and the effects of a certificate have names")

    @classmethod
    def issue(
        cls,
        threshold: Threshold,
        *,
        id: Id,
        use_case: str,
        release: Digest,
        error_kind: str,
        data_digest: Digest,
        certified_at: datetime,
        expires_at: datetime,
        mix: Mapping[str, Share],
        grader: str,
        effects: Collection[str],
        slice: str = "",
    ) -> Certificate:
        """Bind a proven threshold to the release, the kind of error and the effects it was proven for."""
        return cls(
            id=id,
            use_case=use_case,
            release=release,
            error_kind=error_kind,
            alpha=threshold.alpha,
            delta=threshold.delta,
            threshold=threshold.value,
            n=threshold.n,
            accepted=threshold.accepted,
            wrong=threshold.wrong,
            upper=threshold.upper,
            automation=float(threshold.automation),
            data_digest=data_digest,
            certified_at=certified_at,
            expires_at=expires_at,
            mix=dict(mix),
            grader=grader,
            effects=tuple(sorted(set(effects))),
            slice=slice,
        )

    def covers(
        self, *, error_kind: str, effect: str, slice: str, release: Digest, score: float, now: datetime
    ) -> bool:
        """An effect wrong in this way at worst, decided so surely, may leave without a person."""
        return not self.why_not(
            error_kind=error_kind, effect=effect, slice=slice, release=release, score=score, now=now
        )

    def why_not(
        self, *, error_kind: str, effect: str, slice: str, release: Digest, score: float, now: datetime
    ) -> str:
        """The first reason why it does not cover the case, as a sentence; empty when it does.

        ``effect`` is the tool that would be called, ``slice`` the one the case belongs to.

        Edge:    a score that is not a finite number is never covered; a score equal to the threshold is.
                 A suspended certificate covers nothing, also before the moment of its suspension.
        """
        return self._of_another_kind(error_kind, effect, slice) or self._does_not_stand(release, score, now)

    def _of_another_kind(self, error_kind: str, effect: str, slice: str) -> str:
        if error_kind != self.error_kind:
            return f"no certificate for errors of kind `{error_kind}`, this one covers `{self.error_kind}`"
        if not self.effects:
            return (
                "the certificate covers no effect: it was given before certificates named their effects; "
                "certify again"
            )
        if effect not in self.effects:
            named = ", ".join(f"`{one}`" for one in self.effects)
            return f"the certificate does not cover the effect `{effect}`, only {named}"
        if self.slice and slice != self.slice:
            return f"the certificate covers cases of the slice `{self.slice}` and not of `{slice}`"
        return ""

    def _does_not_stand(self, release: Digest, score: float, now: datetime) -> str:
        if release != self.release:
            return f"certified for another release, {_short(self.release)} and not {_short(release)}"
        if self.suspended_at is not None:
            because = f": {self.suspended_because}" if self.suspended_because else ""
            return f"the certificate is suspended since {self.suspended_at:%Y-%m-%d %H:%M}{because}"
        if now >= self.expires_at:
            return f"the certificate expired on {self.expires_at:%Y-%m-%d}"
        if now < self.certified_at:
            return f"the certificate is valid from {self.certified_at:%Y-%m-%d %H:%M} on"
        if not math.isfinite(score):
            return "the case has no confidence to compare with the certificate"
        if score < self.threshold:
            return f"confidence {score:.6g} is below the certified {self.threshold:.6g}"
        return ""

    def suspend(self, *, at: datetime, because: str) -> Certificate:
        """The same certificate, covering nothing. Suspended twice, it keeps the first reason."""
        if self.suspended_at is not None:
            return self
        return replace(self, suspended_at=at, suspended_because=because)

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values."""
        return {
            "id": self.id,
            "use_case": self.use_case,
            "release": self.release,
            "error_kind": self.error_kind,
            "alpha": self.alpha.value,
            "delta": self.delta.value,
            "threshold": self.threshold,
            "n": self.n,
            "accepted": self.accepted,
            "wrong": self.wrong,
            "upper": self.upper,
            "automation": self.automation,
            "data_digest": self.data_digest,
            "certified_at": self.certified_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "mix": {name: share.value for name, share in self.mix.items()},
            "grader": self.grader,
            "effects": list(self.effects),
            "slice": self.slice,
            "suspended_at": self.suspended_at.isoformat() if self.suspended_at else None,
            "suspended_because": self.suspended_because,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Certificate:
        """Read what ``as_json`` wrote. One that was stored before effects were named covers nothing.

        Errors: ``Corrupt`` RW-TRUST-006 when it is anything else.
        """
        try:
            values = {"grader": "label", "effects": [], "slice": "", **stored}
            for name, read in _READERS.items():
                values[name] = read(values[name])
            return cls(**values)  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise Corrupt(
                "RW-TRUST-006",
                "a stored certificate cannot be read",
                broken=[str(stored.get("id", "")), f"{problem}"],
                intact="without a certificate every effect goes to a person",
            ) from None


def _short(release: str) -> str:
    return f"`{release.removeprefix('sha256:')[:12]}`"


def _share(value: object) -> Share:
    if not isinstance(value, int | float):
        raise TypeError(f"a share is a number, found `{value}`")
    return Share(value)


def _time(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def _time_or_none(value: object) -> datetime | None:
    return None if value is None else _time(value)


def _mix(value: object) -> Mapping[str, Share]:
    if not isinstance(value, Mapping):
        raise TypeError(f"a mix names slices and their shares, found `{value}`")
    return {str(name): _share(part) for name, part in value.items()}


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a name expected, found `{value}`")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"a list of names expected, found `{value}`")
    return tuple(_name(one) for one in value)


_READERS: Mapping[str, Callable[[object], object]] = {
    "alpha": _share,
    "delta": _share,
    "certified_at": _time,
    "expires_at": _time,
    "suspended_at": _time_or_none,
    "mix": _mix,
    "grader": _name,
    "effects": _names,
    "slice": _name,
}
