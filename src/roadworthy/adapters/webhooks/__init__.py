"""Signed webhooks, in the form of Standard Webhooks 1.0: alerts, and what effects send."""

from __future__ import annotations

import json
from datetime import datetime

from roadworthy.adapters.webhooks.tool import WebhookTool, build
from roadworthy.alerting import Alert
from roadworthy.alerting.messages import webhook
from roadworthy.errors import Unavailable
from roadworthy.ports.posting import Post
from roadworthy.ports.watching import Notice
from roadworthy.webhooks import signed

__all__ = ["Webhook", "WebhookTool", "build"]

TIMEOUT_S = 10.0


class Webhook:
    """The port ``Channel``. Any answer from 200 to 299 is taken for heard."""

    refresh_s = 0.0

    def __init__(self, name: str, post: Post, url: str, *, secret: bytes) -> None:
        self.name = name
        self._post = post
        self._url = url
        self._secret = secret

    def send(self, notice: Notice, alert: Alert, *, at: datetime) -> None:
        body = json.dumps(webhook(alert, at=at), separators=(",", ":")).encode()
        headers = {"content-type": "application/json", **signed((self._secret,), notice.id, at, body)}
        answer = self._post(self._url, body, headers, timeout_s=TIMEOUT_S)
        if not 200 <= answer.status < 300:
            raise Unavailable("RW-ALERT-010", f"the receiver answers {answer.status}", retry_is_safe=True)
