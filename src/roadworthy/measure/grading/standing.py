"""Whether a judge has shown that it agrees with people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roadworthy.quantities import Digest, digest_of


@dataclass(frozen=True, slots=True)
class Standing:
    """An ``advisory`` judge may be read, and cannot make a gate pass. ``sentence`` says why.

    It is part of a judge's digest: grades that were kept from before it was calibrated, or from before it
    lost its standing, are not taken for what they no longer are.
    """

    advisory: bool
    sentence: str

    def detail(self) -> dict[str, object]:
        """What every grade of the judge carries."""
        return {"advisory": self.advisory, "standing": self.sentence}


NOT_CALIBRATED = Standing(True, "the judge was never compared with people")


def asked(kind: str, question: Mapping[str, object] | str) -> Digest:
    """Names what a judge is asked: another rubric, or another sentence, is another question.

    A judge that agrees with people on one question has shown nothing about the next.
    """
    return digest_of(["asked", kind, question if isinstance(question, str) else dict(question)])
