"""Puts a message into the queue of people who can answer it. Works with any labelled texts."""

from dataclasses import dataclass

import roadworthy as rw


@dataclass(frozen=True)
class Message:
    text: str
    sender: str


@rw.workflow("triage")
async def handle(case: rw.Case[Message], run: rw.Run) -> rw.Decision:
    queue = await run.predict("queue", case.data.text)
    customer = await run.call("crm.find_customer", email=case.data.sender)
    known = "known customer" if customer else "unknown sender"
    return rw.Decision(
        queue.label,
        confidence=queue.confidence,
        because=[queue, known],
        effects=[rw.effect("helpdesk.route", ticket=case.key, queue=queue.label)],
    )
