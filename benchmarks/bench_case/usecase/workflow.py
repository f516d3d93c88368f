from dataclasses import dataclass

import roadworthy as rw


@dataclass(frozen=True)
class Input:
    text: str


@rw.workflow("plain")
async def handle(case: rw.Case[Input], run: rw.Run) -> rw.Decision:
    for step in range(3):
        await run.call("probe.look", case=case.key, step=step)
    return rw.Decision("done", confidence=1.0, effects=[rw.effect("target.write", case=case.key)])
