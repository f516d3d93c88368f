"""Alerts for Prometheus' Alertmanager, by version 2 of its API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from roadworthy.alerting import Alert
from roadworthy.alerting.messages import HOLDS_FOR, alertmanager
from roadworthy.errors import Unavailable
from roadworthy.ports.posting import Post
from roadworthy.ports.watching import Notice

TIMEOUT_S = 10.0


class Alertmanager:
    """The port ``Channel``. ``url`` is where Alertmanager is reached; its labels tell one alert from another.

    It forgets what it is not told again, so that an installation that died does not fire for ever.
    """

    refresh_s = HOLDS_FOR.total_seconds() / 3

    def __init__(self, name: str, post: Post, url: str, *, headers: Mapping[str, str]) -> None:
        self.name = name
        self._post = post
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        self._headers = {**headers, "content-type": "application/json"}

    def send(self, notice: Notice, alert: Alert, *, at: datetime) -> None:
        body = json.dumps([alertmanager(alert, at=at)]).encode()
        answer = self._post(self._url, body, self._headers, timeout_s=TIMEOUT_S)
        if answer.status != 200:
            raise Unavailable("RW-ALERT-010", f"Alertmanager answers {answer.status}", retry_is_safe=True)
