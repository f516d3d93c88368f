"""How often a failed request is sent again, and how long that waits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retries:
    """``attempts`` requests in all, over every model of a route; waits double from ``first_s`` to ``longest_s``."""

    attempts: int = 3
    first_s: float = 0.25
    longest_s: float = 8.0

    def wait_s(self, failed: int, *, chance: float, asked_s: float = 0.0) -> float | None:
        """Seconds to wait after so many failed requests; None: give up.

        ``chance`` lies in [0, 1): waits are drawn from half to all of the doubled time, so that clients
        that failed together do not come back together. ``asked_s`` is what the server asks for, and is
        never undercut.
        """
        if failed >= self.attempts:
            return None
        grown: float = min(self.longest_s, self.first_s * 2.0 ** (failed - 1))
        return max(asked_s, grown * (0.5 + chance / 2))
