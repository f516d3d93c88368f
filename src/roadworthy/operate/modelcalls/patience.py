"""How a thread goes on while the store is away: it rests, for longer each time, and says why."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from roadworthy.errors import RoadworthyError, Unavailable
from roadworthy.ports.metering import GONE

SHORTEST_S: Final = 0.1
LONGEST_S: Final = 5.0
_log = logging.getLogger("roadworthy.gateway")


class Patience:
    """Attempts of one thread; ``problem`` is why the last one failed, None once one succeeds."""

    def __init__(self) -> None:
        self.problem: RoadworthyError | None = None
        self.until = 0.0
        """Moment of the monotonic clock before which nothing is tried."""
        self.pause_s = 0.0

    def attempt(self, step: Callable[[], None]) -> RoadworthyError | None:
        """Do it; what went wrong, if anything. That an owner is gone is an answer, and no reason to rest."""
        try:
            step()
        except RoadworthyError as problem:
            if problem.code != GONE:
                self._rest(problem)
            return problem
        except Exception:  # noqa: BLE001  # a thread that ended here would leave calls unsettled
            _log.exception("budgets could not be kept, which is tried again")
            broken = away("an unexpected fault, details are in the log")
            self._rest(broken)
            return broken
        self.pause_s, self.problem, self.until = 0.0, None, 0.0
        return None

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.until

    @property
    def why(self) -> RoadworthyError:
        return self.problem or away("this process begins anew")

    def _rest(self, problem: RoadworthyError) -> None:
        if self.problem is None:
            _log.warning("budgets cannot be kept at the moment: %s", problem.message)
        self.problem = problem
        self.pause_s = min(LONGEST_S, max(SHORTEST_S, 2 * self.pause_s))
        self.until = time.monotonic() + self.pause_s


def away(reason: str) -> Unavailable:
    """No budget can be asked for."""
    return Unavailable(
        "RW-BUDGET-012",
        f"no budget can be asked for at the moment: {reason}",
        retry_is_safe=True,
        hint="try again in a moment",
    )


def stopped() -> Unavailable:
    """Nothing is reserved before the start and after the stop."""
    return Unavailable(
        "RW-BUDGET-011",
        "this process does not reserve anything: it stops, or did not begin",
        retry_is_safe=True,
        hint="ask another process, or this one once it runs",
    )


def full(waiting: int, reserved: int) -> Unavailable:
    """As many calls are kept in memory as may be."""
    return Unavailable(
        "RW-BUDGET-010",
        f"{waiting} calls wait to be written and {reserved} are under way; no more are begun",
        retry_is_safe=True,
        hint="see that the database can be written, or run more processes",
    )
