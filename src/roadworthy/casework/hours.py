"""Business hours: when people work, and when time for them has passed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MOST_DAYS = 4_000
"""Days that are looked through for working time: a calendar with none left in eleven years has none."""
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """Working time by weekday (0 Monday to 6 Sunday) in the local time of a zone, without holidays.

    Each entry is (from, until) of one day, in order and without overlap; ``until`` at midnight means the
    end of that day. Lengths are real time: the hour that a change of clocks skips was never worked, the
    hour that it repeats is worked twice if it lies inside.
    """

    zone: tzinfo
    days: Mapping[int, tuple[tuple[time, time], ...]]
    holidays: frozenset[date] = frozenset()

    def after(self, start: datetime, length: timedelta) -> datetime:
        """The moment at which so much working time has passed since ``start``; aware, in UTC.

        Edge: no length → the first working moment from ``start`` on. A calendar without working time in
        the next eleven years → as if people always worked: a deadline that never comes is none.
        """
        left = length
        for opens, closes in self._spans(start.astimezone(UTC)):
            begins = max(opens, start.astimezone(UTC))
            if closes - begins > left or (closes - begins == left and left > _NOTHING):
                return begins + left
            left -= closes - begins
        return start.astimezone(UTC) + length

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time from ``start`` to ``end``; nothing where ``end`` comes first."""
        first, last = start.astimezone(UTC), end.astimezone(UTC)
        total = _NOTHING
        for opens, closes in self._spans(first):
            if opens >= last:
                break
            total += max(_NOTHING, min(closes, last) - max(opens, first))
        return total

    def _spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Working spans that end after ``start``, in UTC, in order, without overlap."""
        day = start.astimezone(self.zone).date() - timedelta(days=1)
        before = start
        for _ in range(MOST_DAYS):
            if day not in self.holidays:
                for opens, closes in self.days.get(day.weekday(), ()):
                    ends_on = day + timedelta(days=1) if closes == time(0) else day
                    begin = max(self._utc(day, opens), before)
                    end = self._utc(ends_on, closes, last=True)
                    if end > begin:
                        yield begin, end
                        before = end
            day += timedelta(days=1)

    def _utc(self, day: date, at: time, *, last: bool = False) -> datetime:
        # Of a time that comes twice, opening is the first and closing the last.
        local = datetime.combine(day, at, self.zone).replace(fold=int(last))
        return local.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class AlwaysOpen:
    """Where a charter names no calendar: every hour counts."""

    def after(self, start: datetime, length: timedelta) -> datetime:
        """So much later."""
        return start.astimezone(UTC) + length

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Time from ``start`` to ``end``; nothing where ``end`` comes first."""
        return max(_NOTHING, end - start)


Hours = BusinessHours | AlwaysOpen
