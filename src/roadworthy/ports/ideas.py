"""Where the assessments of ideas lie: texts by name, the same files that people edit by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class IdeaText:
    """The text of one assessment. ``version`` tells whether it is still the text that somebody saw."""

    name: str
    text: bytes
    version: str


class Ideas(Protocol):
    """Assessments by the name of their idea."""

    def names(self) -> tuple[str, ...]:
        """All names, in order."""

    def get(self, name: str) -> IdeaText | None:
        """The text of an idea; None where there is none of this name, or the name cannot be one.

        Errors: ``Unavailable`` RW-FILES-002 for one that is there and cannot be read.
        """

    def put(self, name: str, text: str, *, seen: str) -> IdeaText | None:
        """Write a text whole, or nothing; None where what stands there is not what was seen.

        ``seen`` is the version of what was seen, empty where nothing was there.
        Errors: ``Unavailable`` RW-FILES-002 where it cannot be written.
        """
