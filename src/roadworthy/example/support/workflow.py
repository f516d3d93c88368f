"""How Tidebank's support desk answers a message. The same code in pilot, shadow, canary and production."""

from dataclasses import dataclass

import roadworthy as rw

OUT_OF_SCOPE = "out_of_scope"
FEE_REFUND = "fee_refund_request"


@dataclass(frozen=True)
class Message:
    text: str
    sender: str
    language: str = "en"


@dataclass(frozen=True)
class Reply:
    text: str


@rw.workflow("support")
async def handle(case: rw.Case[Message], run: rw.Run) -> rw.Decision:
    message = case.data
    intent = await run.predict("intent", message.text)
    if intent.label == OUT_OF_SCOPE:
        return rw.Decision("a person answers", confidence=intent.confidence, because=[intent])
    articles = await run.retrieve("help-centre", message.text, top_k=4)
    customer = await run.call("crm.find_customer", email=message.sender)
    reply = await run.generate(
        "reply",
        Reply,
        intent=intent.label,
        language=message.language,
        name=customer.get("name", ""),
        article=articles[0].title if articles else "",
    )
    effects = [rw.effect("helpdesk.reply", ticket=case.key, to=message.sender, body=reply.text)]
    if intent.label == FEE_REFUND and customer:
        fee = await run.call("refunds.find_fee", customer=customer["id"])
        if fee:
            effects.append(
                rw.effect(
                    "refunds.issue", fee=fee["id"], customer=customer["id"], amount=fee["amount_minor"]
                )
            )
    return rw.Decision(reply, confidence=intent.confidence, because=[intent, *articles], effects=effects)
