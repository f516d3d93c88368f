"""How much of what answers rest on has changed since something was proven on it.

Articles come and go while a release stays what it is, so a proof ages by its content: a small sketch
of it is kept beside the certificate and compared with what is there later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from roadworthy.errors import Corrupt

_KEPT = 256
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class ContentSketch:
    """A set of documents by its size and its ``_KEPT`` smallest hashes: whole sets up to that size.

    Two sketches tell how alike their sets are (bottom-k sketch: Broder 1997; Thorup 2013), to about
    three points where the sets are larger than a sketch, exactly where they are not.
    """

    size: int
    least: tuple[str, ...]

    @classmethod
    def of(cls, documents: Iterable[str]) -> ContentSketch:
        """From one text a document that changes when the document does: its name and its digest.

        Edge: a document named twice counts once.
        """
        hashed = {hashlib.sha256(one.encode()).hexdigest()[:_DIGITS] for one in documents}
        return cls(len(hashed), tuple(sorted(hashed)[:_KEPT]))

    def changed_since(self, before: ContentSketch) -> float:
        """Part of the documents that changed, came or went, 0 to 1, of the larger of the two sets.

        Edge: nothing then and nothing now is no change.
        """
        larger = max(self.size, before.size)
        if not larger:
            return 0.0
        mine, theirs = set(self.least), set(before.least)
        if self.size <= _KEPT and before.size <= _KEPT:
            same = float(len(mine & theirs))
        else:
            least = sorted(mine | theirs)[:_KEPT]
            alike = sum(one in mine and one in theirs for one in least) / len(least)
            same = alike / (1 + alike) * (self.size + before.size)
        return min(1.0, max(0.0, 1 - same / larger))

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values."""
        return {"size": self.size, "least": list(self.least)}

    @classmethod
    def from_json(cls, stored: object) -> ContentSketch:
        """Read what ``as_json`` wrote. Errors: ``Corrupt`` RW-TRUST-009 when it is anything else."""
        if isinstance(stored, Mapping):
            size, least = stored.get("size"), stored.get("least")
            if (
                isinstance(size, int)
                and isinstance(least, list)
                and all(isinstance(one, str) for one in least)
                and len(least) == min(size, _KEPT)
            ):
                return cls(size, tuple(least))
        raise Corrupt(
            "RW-TRUST-009",
            "what was kept of the content of a certificate cannot be read",
            broken=["the sketch of its content"],
            intact="the certificate itself; without its content it is taken for aged",
        )
