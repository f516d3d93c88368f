"""The record of one evaluation: what was asked of whom, and what came of it, for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from roadworthy.errors import Problem
from roadworthy.evaluation.strict import Fields, fit, refuse
from roadworthy.evaluation.summary import Summary
from roadworthy.quantities import Digest, digest_of


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One finished evaluation, without content. ``results`` is the digest of all results.

    ``graders`` is the digest of all graders with their instruments; ``release`` is empty where the target
    is none. Times are aware.
    """

    id: str
    use_case: str
    suite: str
    suite_digest: Digest
    target: str
    target_digest: Digest
    graders: Digest
    repeats: int
    seed: int
    principal: str
    started_at: datetime
    finished_at: datetime
    summary: Summary
    results: Digest
    release: str = ""

    @property
    def digest(self) -> Digest:
        """Of the record: what the ledger keeps."""
        return digest_of(self.as_json())

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values."""
        return {
            **{name: getattr(self, name) for name in (*_TEXTS, *_DIGESTS)},
            "release": self.release,
            "repeats": self.repeats,
            "seed": self.seed,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat(),
            "summary": self.summary.as_json(),
        }

    @classmethod
    def from_json(cls, stored: object, *, place: str = "evaluation") -> Evaluation:
        """Read what ``as_json`` wrote. Errors: ``InputProblem`` RW-EVAL-020 with everything that is wrong."""
        problems: list[Problem] = []
        fields = Fields(stored, place, problems)
        texts = {name: fields.text(name) for name in _TEXTS}
        suite_digest, target_digest, graders, results = (_digest(fields, name) for name in _DIGESTS)
        release, repeats = fields.text("release", ""), fields.whole("repeats", least=1)
        seed = fields.whole("seed")
        times = [_time(fields, name) for name in ("started_at", "finished_at")]
        summary = Summary.read(fields.any("summary"), f"{place}.summary", problems)
        fields.done()
        started_at, finished_at = times
        if problems or started_at is None or finished_at is None:
            raise refuse("RW-EVAL-020", problems)
        return cls(
            **texts,
            suite_digest=suite_digest,
            target_digest=target_digest,
            graders=graders,
            results=results,
            release=release,
            repeats=repeats,
            seed=seed,
            started_at=started_at,
            finished_at=finished_at,
            summary=summary,
        )


_TEXTS = ("id", "use_case", "suite", "target", "principal")
_DIGESTS = ("suite_digest", "target_digest", "graders", "results")


def _digest(fields: Fields, name: str) -> Digest:
    text = fields.text(name)
    if text and not (len(text) == 71 and text.startswith("sha256:")):
        fields.say(f"`{name}`: expected a digest, found `{fit(text, 60)}`")
    return Digest(text)


def _time(fields: Fields, name: str) -> datetime | None:
    text = fields.text(name)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fields.say(f"`{name}`: expected a time such as 2026-11-21T15:00:00+00:00, found `{fit(text, 60)}`")
        return None
    if found.tzinfo is None:
        fields.say(f"`{name}`: the time has no offset from UTC")
        return None
    return found
