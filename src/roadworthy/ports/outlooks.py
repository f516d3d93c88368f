"""What takes too long to be worked out for a page: the newest of each, with the time it was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from roadworthy.ports.state import Transaction


@dataclass(frozen=True, slots=True)
class Outlook:
    """What was found of a use case. ``body`` is plain JSON values, without content."""

    use_case: str
    subject: str
    at: datetime
    body: Mapping[str, Any]


class Outlooks(Protocol):
    """One for each use case and subject; a newer one takes the place of the older."""

    def keep(self, tx: Transaction, outlook: Outlook) -> None:
        """Two at once: the later one stays."""

    def get(self, tx: Transaction, use_case: str, subject: str) -> Outlook | None: ...
