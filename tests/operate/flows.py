"""Workflows that the tests run."""

from __future__ import annotations

from dataclasses import dataclass

import roadworthy as rw


@dataclass(frozen=True)
class Reply:
    text: str


async def reply(case: rw.Case, run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    account = await run.call("books.look", about=intent.label)
    written = await run.generate("reply", Reply, about=intent.label, balance=account["balance"])
    return rw.Decision(
        written,
        confidence=intent.confidence,
        because=[intent],
        effects=[rw.effect("mail.reply", to=case.data.sender, body=written.text)],
    )


async def pay(case: rw.Case, run: rw.Run) -> rw.Decision:
    """Text: label and confidence; the amount comes with the case."""
    intent = await run.predict("intent", case.data.text)
    account = await run.call("books.look")
    return rw.Decision(
        "paid",
        confidence=intent.confidence,
        because=[intent],
        effects=[rw.effect("bank.pay", account=account["account"], amount=case.data.amount)],
    )


async def pay_whom_the_text_names(case: rw.Case, run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    return rw.Decision(
        "paid",
        confidence=1.0,
        because=[intent],
        effects=[rw.effect("bank.pay", account=intent.label, amount=case.data.amount)],
    )


async def ask(case: rw.Case, run: rw.Run) -> rw.Decision:
    await run.call("books.look")
    colour = await run.ask("which colour?", choices=["red", "blue"])
    return rw.Decision(
        colour, confidence=1.0, effects=[rw.effect("mail.reply", to=case.data.sender, body=colour)]
    )


async def act_then_reply(case: rw.Case, run: rw.Run) -> rw.Decision:
    done = await run.act(
        rw.effect("mail.reply", slot="first", to=case.data.sender, body="one"), confidence=0.9
    )
    return rw.Decision(
        "done",
        confidence=0.9,
        effects=[rw.effect("mail.reply", slot="second", to=case.data.sender, body=done.state)],
    )


async def act_unsure(case: rw.Case, run: rw.Run) -> rw.Decision:
    done = await run.act(rw.effect("mail.reply", to=case.data.sender, body="one"))
    return rw.Decision(done.state, confidence=1.0)


async def fax(case: rw.Case, run: rw.Run) -> rw.Decision:
    return rw.Decision("sent", confidence=0.9, effects=[rw.effect("fax.send", body="x")])


async def post(case: rw.Case, run: rw.Run) -> rw.Decision:
    return rw.Decision("sent", confidence=0.9, effects=[rw.effect("post.send", body="x")])


async def nothing(case: rw.Case, run: rw.Run) -> rw.Decision:
    intent = await run.predict("intent", case.data.text)
    return rw.Decision("not ours", confidence=intent.confidence, because=[intent])


async def broken(case: rw.Case, run: rw.Run) -> rw.Decision:
    await run.call("books.look")
    raise ZeroDivisionError("the secret is 42")


async def undeclared(case: rw.Case, run: rw.Run) -> rw.Decision:
    return rw.Decision("x", confidence=1.0, effects=[rw.effect("moon.fly")])


async def no_decision(case: rw.Case, run: rw.Run) -> rw.Decision:
    return None  # type: ignore[return-value]
