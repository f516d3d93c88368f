"""Questions that auditors ask again and again, each as an address with filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

ME: Final = "{me}"
"""Stands for whoever asks."""
ALONE: Final = "alone"
"""The question about money that no index of entries answers: it is asked of the effects themselves."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question in words, and the filters of the audit page that answer it."""

    words: str
    filters: tuple[tuple[str, str], ...]

    def address(self, me: str) -> str:
        """Where it is answered for this principal."""
        return f"/audit?{urlencode([(name, me if value == ME else value) for name, value in self.filters])}"


QUESTIONS: Final = (
    Question("What moved money without a person?", (("question", ALONE), ("above", "0"))),
    Question("What was stopped, and who lifted it?", (("kind", "stop."),)),
    Question("Which waivers were asked for, granted, declined?", (("kind", "waiver."),)),
    Question("Which releases were built, approved, moved?", (("kind", "release."),)),
    Question("What did people decide?", (("kind", "review.decided"),)),
    Question(
        "What did I say yes to?", (("kind", "release.approved,waiver.granted,review.decided"), ("by", ME))
    ),
    Question("What was sent, and nobody knows whether it was felt?", (("kind", "effect.lost"),)),
    Question("What was taken back?", (("kind", "effect.undone"),)),
    Question("Which cases did people flag?", (("kind", "case.flagged,case.unflagged"),)),
    Question("Who was erased?", (("kind", "subject.erased"),)),
    Question("Which certificates were issued or suspended?", (("kind", "certificate."),)),
    Question("Who got or lost an account or a key?", (("kind", "account.,key."),)),
    Question("When was the ledger verified?", (("kind", "ledger.verified"),)),
)
