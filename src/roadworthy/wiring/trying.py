"""One small question to a model's server, to see that address, key and model are right."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Final

from roadworthy.errors import InputProblem, RoadworthyError
from roadworthy.operate.trying import Tried
from roadworthy.ports.upstream import Broken, Outgoing
from roadworthy.wiring.place import resolved, secret
from roadworthy.wiring.upstream import upstream_for

if TYPE_CHECKING:
    from roadworthy.charter import LanguageModelPlan

TIMEOUT_S: Final = 10.0
MOST_WRITTEN: Final = 8
"""Tokens of the answer at most."""
MOST_BYTES: Final = 64 * 1024
_WORDS: Final = {
    400: "it was reached, and does not take this question",
    401: "it refused the key",
    402: "it was reached, and the account behind the key has no money left",
    403: "it refused the key",
    404: "it knows no such model, or the address is wrong",
    422: "it was reached, and does not take this question",
    429: "it was reached, and is busy or asked too often",
}


def ask_once(plan: LanguageModelPlan) -> Tried:
    """One request, no retry, at most 10 s and 8 tokens. Nothing raises: what went wrong is said in the answer.

    The words of the server are not repeated: they are foreign text, and may hold what was sent.
    """
    began = time.monotonic()
    try:
        answered, said = asyncio.run(_ask(plan))
    except InputProblem as problem:
        answered, said = False, "; ".join(one.message for one in problem.problems)
    except RoadworthyError as problem:
        answered, said = False, problem.message
    return Tried(answered, said, round((time.monotonic() - began) * 1000))


async def _ask(plan: LanguageModelPlan) -> tuple[bool, str]:
    whole = plan.model_copy(update={"url": resolved(plan.url)})
    endpoint = upstream_for(whole, key=secret(plan.secret), alone=True)
    able = {"chat", "tools", "json_schema"} & set(plan.able)
    path, asked = ("/chat/completions", _CHAT) if able else ("/embeddings", _EMBED)
    body = json.dumps({"model": plan.model, **asked}).encode()
    request = Outgoing(f"{endpoint.base}{path}", endpoint.headers, body, TIMEOUT_S)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answer = await endpoint.upstream.post(request, most=MOST_BYTES)
    except TimeoutError:
        return False, f"no answer within {TIMEOUT_S:.0f} s"
    except Broken as broken:
        return (
            False,
            f"no answer within {TIMEOUT_S:.0f} s" if broken.late else "it was not reached, or broke off",
        )
    finally:
        await endpoint.upstream.close()
    if answer.status == 200:
        return True, "it answered"
    told = _WORDS.get(answer.status) or (
        "it is in trouble itself" if answer.status >= 500 else "it answered something else"
    )
    return False, f"{told} (HTTP {answer.status})"


_CHAT: Final = {"messages": [{"role": "user", "content": "Say ok."}], "max_tokens": MOST_WRITTEN}
_EMBED: Final = {"input": "ok"}
