"""LiteLLM in an environment of its own: how its proxy is started, and its SDK's budget under a burst.

Without arguments: one JSON object with the command of the proxy, without its configuration. ``burst URL CALLS
PRICE``: so many calls at once against a budget of 1, each after asking `BudgetManager` as its manual shows it.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path


def command() -> None:
    print(
        json.dumps({"command": [str(Path(sys.prefix) / "bin" / "litellm")], "version": version("litellm")})
    )


def burst(url: str, calls: str, price: str) -> None:
    import asyncio
    import os
    import tempfile

    os.chdir(tempfile.mkdtemp(prefix="litellm-"))  # its books are a file where it runs
    sys.path.pop(0)  # this file has the name of the package
    import litellm

    litellm.suppress_debug_info = True
    litellm.register_model(
        {
            "openai/small": {
                "litellm_provider": "openai",
                "mode": "chat",
                "input_cost_per_token": 0.0,
                "output_cost_per_token": float(price),
            }
        }
    )
    budget = litellm.BudgetManager(project_name="benchmark")
    budget.create_budget(total_budget=1.0, user="key")
    admitted = 0

    async def one() -> None:
        nonlocal admitted
        if budget.get_current_cost(user="key") <= budget.get_total_budget("key"):
            admitted += 1
            answer = await litellm.acompletion(
                model="openai/small",
                api_base=url,
                api_key="sk-upstream",
                max_tokens=40,
                messages=[{"role": "user", "content": "good day"}],
            )
            budget.update_cost(completion_obj=answer, user="key")

    async def every() -> None:
        await asyncio.gather(*(one() for _ in range(int(calls))))

    asyncio.run(every())
    print(json.dumps({"admitted": admitted, "spent": budget.get_current_cost(user="key")}))


if sys.argv[1:2] == ["burst"]:
    burst(*sys.argv[2:])
else:
    command()
