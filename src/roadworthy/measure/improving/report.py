"""What a look for improvements found, as a value, as words and as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.casework.label import Labels
from roadworthy.measure.improving.automation import Automation
from roadworthy.measure.improving.comparing import Compared
from roadworthy.measure.improving.parts import Parts
from roadworthy.measure.improving.sources import Noticed
from roadworthy.quantities import Interval


@dataclass(frozen=True, slots=True)
class Expected:
    """One promise of the charter, before and after; ``gain`` is the range of the difference in automation."""

    before: Automation
    after: Automation
    gain: Interval

    @property
    def sentence(self) -> str:
        """What could be done without a person, before and after, and at which confidence."""
        old, new = self.before, self.after
        told = (
            f"`{new.kind}` without a person: {old.share:.0%} → {new.share:.0%} expected "
            f"(difference {self.gain.low * 100:+.0f} to {self.gain.high * 100:+.0f} points), "
            f"threshold {_number(old.threshold)} → {_number(new.threshold)}, {new.n} cases"
        )
        if new.threshold is None:
            more = new.labels_needed
            told += f"; about {more} more labels would prove it" if more else f"; {new.reason}"
        elif new.more > new.share:
            more = new.more_labels
            told += f"; for {new.more:.0%} "
            told += (
                f"about {more} more labels"
                if more is not None
                else "no number of labels in reach is enough"
            )
        return told

    def as_json(self) -> dict[str, object]:
        """Both sides as plain JSON values."""
        return {
            "kind": self.after.kind,
            "before": self.before.as_json(),
            "after": self.after.as_json(),
            "gain": [self.gain.low, self.gain.high],
        }


@dataclass(frozen=True, slots=True)
class Improvement:
    """What came of a look for improvements.

    ``release`` names the draft that is offered, empty where nothing is; ``again`` says that the same
    labels had led to it before. ``why_not`` says why nothing is offered. A draft is never promoted by this.
    """

    use_case: str
    task: str
    running: str
    running_digest: str
    labels: Labels
    parts: Parts
    noticed: tuple[Noticed, ...]
    compared: tuple[Compared, ...]
    winner: str
    expected: tuple[Expected, ...]
    words: tuple[str, ...]
    notes: tuple[str, ...]
    release: str = ""
    digest: str = ""
    again: bool = False
    why_not: str = ""

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        if self.release:
            known = "was offered before and still is" if self.again else "is offered"
            return f"{self.release} {known}: {self.winner}, as a draft"
        return f"nothing is offered: {self.why_not}"

    def as_json(self) -> dict[str, object]:
        """All of it as plain JSON values; no text of any case."""
        return {
            "use_case": self.use_case,
            "task": self.task,
            "running": {"name": self.running, "digest": self.running_digest},
            "sentence": self.sentence,
            "offered": {"name": self.release, "digest": self.digest, "again": self.again}
            if self.release
            else None,
            "why_not": self.why_not,
            "winner": self.winner,
            "changes": list(self.words),
            "proposals": [one.as_json() for one in self.compared],
            "expected": [one.as_json() for one in self.expected],
            "labels": self.labels.as_json(),
            "parts": self.parts.as_json(),
            "sources_noticed": [one.as_json() for one in self.noticed],
            "notes": list(self.notes),
        }


def _number(threshold: float | None) -> str:
    return "none" if threshold is None else f"{threshold:.3f}"
