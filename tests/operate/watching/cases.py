"""Workflows whose cases are watched, and a word that stands in their content."""

from __future__ import annotations

from typing import Any

import roadworthy as rw

SECRET = "zanzibar-4242"


async def answer(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
    """Looks something up and proposes an answer."""
    intent = await run.predict("intent", case.data.text)
    account = await run.call("books.look", sender=case.data.sender)
    text = await run.generate("reply", dict, about=f"{case.data.text} {account['account']}")
    return rw.Decision(
        "answered",
        confidence=intent.confidence,
        because=[intent],
        effects=[rw.effect("mail.reply", to=case.data.sender, body=text["text"])],
    )


async def troubled_answer(case: rw.Case[Any], run: rw.Run) -> rw.Decision:
    """Has a mistake."""
    await run.predict("intent", case.data.text)
    raise ValueError(f"cannot {case.data.text}")
