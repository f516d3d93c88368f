"""What a client may ask for: watching. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from roadworthy_client.sending import Sender
from roadworthy_client.shapes.watching import (
    AlertList,
    AlertSeen,
    IncidentTold,
    StopLifted,
    StopList,
    StopNow,
    StopThrown,
    ToldAlert,
)


class Watching(Sender):
    """What the API offers on watching."""

    def list_stops(self, *, after: str | None = None, limit: int | None = None) -> StopList:
        """What is stopped now."""
        return self._send(StopList, "GET", "/api/v1/stop", {}, query={"after": after, "limit": limit})

    def iter_stops(self, *, limit: int | None = None) -> Iterator[StopNow]:
        """What is stopped now. Page after page, until the end."""
        return self._pages(lambda after: self.list_stops(limit=limit, after=after), "stops")

    def stop(self, *, scope: str, reason: str, idempotency_key: str = "") -> StopThrown:
        """Throw the stop switch for a scope."""
        return self._send(
            StopThrown, "POST", "/api/v1/stop", {}, body={"scope": scope, "reason": reason},
            idempotency_key=idempotency_key,
        )

    def resume(self, id: str, *, reason: str | None = None, idempotency_key: str = "") -> StopLifted:
        """Lift a stop; needs a second person."""
        return self._send(
            StopLifted, "POST", "/api/v1/stop/{id}/resume", {"id": id}, body={"reason": reason},
            idempotency_key=idempotency_key,
        )

    def list_alerts(
        self, *, use_case: str | None = None, after: str | None = None, limit: int | None = None,
    ) -> AlertList:
        """Alerts, newest first, and who was told."""
        return self._send(
            AlertList, "GET", "/api/v1/alerts", {},
            query={"use_case": use_case, "after": after, "limit": limit},
        )

    def iter_alerts(self, *, use_case: str | None = None, limit: int | None = None) -> Iterator[ToldAlert]:
        """Alerts, newest first, and who was told. Page after page, until the end."""
        return self._pages(
            lambda after: self.list_alerts(use_case=use_case, limit=limit, after=after), "alerts",
        )

    def show_alert(self, id: str) -> AlertSeen:
        """One alert."""
        return self._send(AlertSeen, "GET", "/api/v1/alerts/{id}", {"id": id})

    def acknowledge_alert(
        self, id: str, *, reason: str | None = None, idempotency_key: str = "",
    ) -> AlertSeen:
        """Say that somebody looks at it; it fires on until it is over."""
        return self._send(
            AlertSeen, "POST", "/api/v1/alerts/{id}/acknowledge", {"id": id}, body={"reason": reason},
            idempotency_key=idempotency_key,
        )

    def show_incident(
        self, *, from_: str, to: str | None = None, use_case: str | None = None,
    ) -> IncidentTold:
        """Releases, alerts, stops and actions of a period, and the cases they touched."""
        return self._send(
            IncidentTold, "GET", "/api/v1/incident", {},
            query={"from": from_, "to": to, "use_case": use_case},
        )
