"""An office whose post has a rate, an order and a receiver that can be told what to do."""

from __future__ import annotations

from tests.operate.office import CHARTER

import roadworthy as rw
from roadworthy.errors import Unavailable

PACED = CHARTER.replace(
    "control: [to], error: intent, idempotency: lookup}",
    "control: [to], error: intent, idempotency: lookup, rate: 10/m}",
)
ORDERED = CHARTER.replace(
    "mail.reply: {use: sql.insert, source: books, sink: message, control: [to],",
    "mail.reply: {use: sql.insert, source: books, sink: message, control: [to], ordered_by: to,",
)


async def post(case: rw.Case, run: rw.Run) -> rw.Decision:
    return rw.Decision(
        "sent", confidence=0.9, effects=[rw.effect("post.send", to=case.data.sender, body="x")]
    )


async def mail(case: rw.Case, run: rw.Run) -> rw.Decision:
    return rw.Decision(
        "sent", confidence=0.9, effects=[rw.effect("mail.reply", to=case.data.sender, body="x")]
    )


def away(*, safe: bool = True, asked_s: float | None = None):
    def fail() -> None:
        raise Unavailable("RW-X-001", "away", retry_is_safe=safe, asked_s=asked_s)

    return fail


def nothing() -> None:
    """As it should be."""
