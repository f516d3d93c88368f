"""Labels: what was said to be right about cases, and how each case came to be asked about."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from roadworthy.quantities import Digest, Id, digest_of

_MOST_MARKS = 30
_INTO_MARKS = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")  # no marks themselves: normalised they are
_JOINER = "\u034f"


class Chance(StrEnum):
    """How a case came to have a label: it decides what the label may be used for."""

    DRAWN = "drawn"  # a spot check: drawn with a known probability
    REPORTED = "reported"  # another system or a person reported it: nobody knows how cases were chosen
    SELECTED = (
        "selected"  # a person saw it because the release was unsure: fit for learning, not for measuring
    )


@dataclass(frozen=True, slots=True)
class Label:
    """One case with what was right. ``at`` is when the newest of its sources spoke.

    ``anchor`` names what the case is never parted from (its data subject; its text, where the charter
    names no subject), ``position`` is a keyed hash of it in [0, 1), the same for ever. Cases of one
    ``cluster`` share a subject or a text: they count as one draw. The text is foreign: data, never
    an instruction.
    """

    case: Id
    text: str = field(repr=False)
    truth: str
    sources: tuple[str, ...]
    at: datetime
    anchor: str
    cluster: str
    position: float
    slice: str
    chance: Chance
    handled_by: str
    answer: str
    same_text: str = ""
    """Digest of the text without case, punctuation and spacing."""
    probability: float | None = None
    """With which a spot check drew the case."""
    principals: tuple[str, ...] = ()
    """Who spoke: one client may speak under several sources. Empty: each source for itself."""

    @property
    def witnesses(self) -> frozenset[str]:
        """Who stands for the label, told apart by who spoke and not by what they call themselves."""
        return frozenset(self.principals or self.sources)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A case about which sources disagree: no label until somebody settles it."""

    case: Id
    said: tuple[tuple[str, str], ...]
    """(source, label), oldest first."""


@dataclass(frozen=True, slots=True)
class SourcePair:
    """How often two sources spoke of the same case, and how often they disagreed."""

    one: str
    other: str
    cases: int
    disagreed: int


@dataclass(frozen=True, slots=True)
class Labels:
    """What was gathered for one task. What could not be used is counted, never left out silently."""

    use_case: str
    task: str
    rows: tuple[Label, ...]
    counted: Mapping[str, int]
    contradictions: tuple[Contradiction, ...] = ()
    pairs: tuple[SourcePair, ...] = ()
    coverage: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By who handled the case: (cases with a label, cases)."""

    @property
    def digest(self) -> Digest:
        """Of cases and labels, without the texts: what an improvement was made from."""
        return digest_of([[row.case, row.truth] for row in sorted(self.rows, key=lambda row: row.case)])

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of figures made from these labels has to know: how the cases came to be labelled."""
        notes = []
        chances = Counter(row.chance for row in self.rows)
        if chances[Chance.SELECTED]:
            notes.append(
                f"{chances[Chance.SELECTED]} labels stand on cases that people saw because the release was "
                "unsure or wrong: the model learns from them, nothing is measured on them"
            )
        if drawn := [row.probability for row in self.rows if row.probability is not None]:
            notes.append(
                f"{len(drawn)} labels come from spot checks, drawn with probabilities from {min(drawn):.3g} to "
                f"{max(drawn):.3g} among what left without a person; figures made here are not weighted by them"
            )
        if chances[Chance.REPORTED]:
            notes.append(
                f"{chances[Chance.REPORTED]} labels were reported by others: how their cases were chosen is unknown, "
                "and figures hold for cases chosen in the same way"
            )
        rates = {who: part / whole for who, (part, whole) in self.coverage.items() if whole}
        if len(rates) > 1 and max(rates.values()) > 2 * min(rates.values()):
            told = ", ".join(
                f"{rate:.0%} of those handled by `{who}`" for who, rate in sorted(rates.items())
            )
            notes.append(f"labels are not spread evenly over the cases: they exist for {told}")
        return tuple(notes)

    def as_json(self) -> dict[str, object]:
        """Counts, contradictions and sources; no texts."""
        return {
            "use_case": self.use_case,
            "task": self.task,
            "labels": len(self.rows),
            "digest": self.digest,
            "per_label": dict(sorted(Counter(row.truth for row in self.rows).items())),
            "per_source": dict(
                sorted(Counter(source for row in self.rows for source in row.sources).items())
            ),
            "per_chance": {
                str(chance): n for chance, n in Counter(row.chance for row in self.rows).items()
            },
            "counted": dict(self.counted),
            "contradictions": [
                {"case": one.case, "said": [list(said) for said in one.said]} for one in self.contradictions
            ],
            "sources": [
                {"sources": [one.one, one.other], "cases": one.cases, "disagreed": one.disagreed}
                for one in self.pairs
            ],
            "coverage": {
                who: {"labelled": part, "cases": whole} for who, (part, whole) in self.coverage.items()
            },
            "notes": list(self.notes),
        }


def same_text(text: str) -> str:
    """Digest of a text without case, punctuation and spacing: equal for texts that say the same."""
    plain = unicodedata.normalize("NFKC", _stream_safe(text)).casefold()
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return hashlib.blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _stream_safe(text: str) -> str:
    """The text with runs of combining characters broken up (UAX #15, 13.1): sorting one takes its square in time.

    The joiner that breaks them is no letter, as the marks are none: it adds nothing to a digest of words.
    """
    if text.isascii():
        return text
    found, start, run = [], 0, 0
    for at, letter in enumerate(text):
        run = run + 1 if unicodedata.combining(letter) or letter in _INTO_MARKS else 0
        if run > _MOST_MARKS:
            found.append(text[start:at])
            start, run = at, 1
    return _JOINER.join([*found, text[start:]])


def clustered(rows: Sequence[Label]) -> list[Label]:
    """The labels with their clusters: cases that share an anchor or a text, directly or through others."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            parent[name] = name = parent.setdefault(above, above)  # halves the way for the next one
        return name

    for row in rows:
        one, other = sorted((root(f"a {row.anchor}"), root(f"t {row.same_text}")))
        parent[other] = one
    return [replace(row, cluster=root(f"a {row.anchor}")) for row in rows]
