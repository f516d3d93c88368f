from dataclasses import dataclass

import roadworthy as rw

KINDS = ("native", "lookup", "none")
EACH = 10


@dataclass(frozen=True)
class Input:
    text: str


@rw.workflow("hostile")
async def handle(case: rw.Case[Input], run: rw.Run) -> rw.Decision:
    effects = [
        rw.effect(f"target.{KINDS[number % 3]}", slot=f"e{number}", case=case.key) for number in range(EACH)
    ]
    return rw.Decision("done", confidence=1.0, effects=effects)
