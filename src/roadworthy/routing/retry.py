"""How often a failed request is sent again, and how long that waits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Retries:
    """``attempts`` requests in all, over every model of a route; waits double from ``first_s`` to ``longest_s``.

    Nobody waits longer than ``patience_s`` for a single attempt: a server that asks for more is not asked again.
    """

    attempts: int = 3
    first_s: float = 0.25
    longest_s: float = 8.0
    patience_s: float = 60.0

    def wait_s(
        self, failed: int, *, chance: float, asked_s: float = 0.0, left_s: float = math.inf
    ) -> float | None:
        """Seconds to wait after so many failed requests; None: give up.

        ``chance`` lies in [0, 1): waits are drawn from half to all of the doubled time, so that clients
        that failed together do not come back together. ``asked_s`` is what the server asks for, and is
        never undercut. ``left_s`` is how long whoever asks still waits for an answer.
        """
        if failed >= self.attempts:
            return None
        grown: float = min(self.longest_s, self.first_s * 2.0 ** min(max(failed, 1) - 1, 60))
        # Those who were told to wait for the same time do not come back together either.
        wait = max(asked_s + self.first_s * chance if asked_s else 0.0, grown * (0.5 + chance / 2))
        # Written so that what is no number is no time to wait either.
        return wait if wait <= self.patience_s and wait < left_s else None


def retry_after(header: str | None, now: datetime) -> float:
    """Seconds that ``Retry-After`` asks for (RFC 9110 §10.2.3: a number or a date); 0 where it says nothing."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0.0
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
